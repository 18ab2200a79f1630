/* SPDX-License-Identifier: ISC
 *
 * test_api_key.c - one key over HTTP: values, conditions, ranges, names.
 *
 * Proves it by asking a service over a network in memory, and reading back by another way than it
 * wrote: by revision, by branch, by range.
 */
#include "api_setup.h"
#include "laws_block.h"

static const char *ask(const char *method, const char *target, const char *fields, const char *body)
{
    return host_service_ask(&host, method, target, fields, body);
}

static int status_of(const char *method, const char *target, const char *fields, const char *body)
{
    return host_service_status(ask(method, target, fields, body));
}

#define KEY "/v1/b/main/k/dir/key"

static void test_api_key__a_value_comes_back_as_it_was_put(void **state)
{
    char etag[128];
    char commit[128];
    char target[256];
    const char *got = ask("PUT", KEY, "", "hello");

    (void)state;
    assert_int_equal(host_service_status(got), 201);
    host_service_keep(etag, sizeof(etag), got, "ETag");
    host_service_keep(commit, sizeof(commit), got, "Bough-Commit");
    assert_int_equal(strlen(etag), 66);
    assert_int_equal(strlen(commit), 64);
    (void)snprintf(target, sizeof(target), "/v1/at/%s/k/dir/key", commit);
    assert_string_equal(host_service_field(got, "Location"), target);
    got = ask("GET", KEY, "", NULL);
    assert_string_equal(host_service_body(got), "hello");
    assert_string_equal(host_service_field(got, "ETag"), etag);
    assert_string_equal(host_service_field(got, "Bough-Commit"), commit);
    assert_string_equal(host_service_field(got, "Content-Type"), "application/octet-stream");
    assert_string_equal(host_service_field(got, "Accept-Ranges"), "bytes");
    assert_string_equal(host_service_field(got, "Cache-Control"), "no-cache");
    assert_int_equal(status_of("PUT", KEY, "", "second"), 200);
    got = ask("GET", target, "", NULL);
    assert_string_equal(host_service_body(got), "hello");
    assert_non_null(strstr(host_service_field(got, "Cache-Control"), "immutable"));
    assert_string_equal(host_service_body(ask("GET", "/v1/at/main~1/k/dir/key", "", NULL)),
                        "hello");
    assert_string_equal(host_service_body(ask("GET", "/v1/at/main/k/dir/key", "", NULL)), "second");
    assert_int_equal(status_of("GET", "/v1/at/main~2/k/dir/key", "", NULL), 404);
}

static void test_api_key__head_has_length_and_tag_without_the_body(void **state)
{
    const char *got;

    (void)state;
    assert_int_equal(status_of("PUT", KEY, "", "hello"), 201);
    got = ask("HEAD", KEY, "", NULL);
    assert_string_equal(host_service_field(got, "Content-Length"), "5");
    assert_string_equal(host_service_body(got), "");
    assert_int_equal(strlen(host_service_field(got, "ETag")), 66);
}

static void test_api_key__equal_bytes_have_equal_tags_on_every_branch(void **state)
{
    char etag[128];

    (void)state;
    host_service_keep(etag, sizeof(etag), ask("PUT", KEY, "", "same"), "ETag");
    assert_int_equal(status_of("PUT", "/v1/branches/dev", "", "{\"from\":\"main\"}"), 201);
    assert_string_equal(host_service_field(ask("PUT", "/v1/b/dev/k/elsewhere", "", "same"), "ETag"),
                        etag);
}

static void test_api_key__an_unchanged_value_makes_no_commit(void **state)
{
    char commit[128];
    const char *got;

    (void)state;
    host_service_keep(commit, sizeof(commit), ask("PUT", KEY, "", "x"), "Bough-Commit");
    got = ask("PUT", KEY, "", "x");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(host_service_field(got, "Bough-Unchanged"), "1");
    assert_string_equal(host_service_field(got, "Bough-Commit"), commit);
    assert_non_null(strstr(got, "\"unchanged\":true"));
}

static void test_api_key__prefer_minimal_leaves_the_body_out(void **state)
{
    const char *got;

    (void)state;
    got = ask("PUT", KEY, "Prefer: return=minimal\r\n", "a");
    assert_int_equal(host_service_status(got), 201);
    assert_string_equal(host_service_body(got), "");
    got = ask("PUT", KEY, "Prefer: wait=1, return=minimal\r\n", "b");
    assert_int_equal(host_service_status(got), 204);
    assert_int_equal(strlen(host_service_field(got, "ETag")), 66);
    assert_string_equal(host_service_field(got, "Content-Length"), "");
}

static void test_api_key__delete_removes_and_misses(void **state)
{
    (void)state;
    assert_int_equal(status_of("DELETE", KEY, "", NULL), 404);
    assert_int_equal(status_of("PUT", KEY, "", "x"), 201);
    assert_int_equal(status_of("DELETE", "/v1/b/main/k/dir", "", NULL), 404);
    assert_int_equal(status_of("DELETE", KEY, "", NULL), 204);
    assert_int_equal(status_of("GET", KEY, "", NULL), 404);
    assert_int_equal(status_of("DELETE", KEY, "", NULL), 404);
    assert_int_equal(status_of("GET", "/v1/at/main~1/k/dir/key", "", NULL), 200);
}

static void test_api_key__conditions_decide(void **state)
{
    char match[160];
    char none_match[160];
    char etag[80];
    const char *got;

    (void)state;
    assert_int_equal(status_of("PUT", KEY, "If-Match: *\r\n", "x"), 412);
    got = ask("PUT", KEY, "If-None-Match: *\r\n", "x");
    assert_int_equal(host_service_status(got), 201);
    host_service_keep(etag, sizeof(etag), got, "ETag");
    (void)snprintf(match, sizeof(match), "If-Match: \"zz\", %s\r\n", etag);
    (void)snprintf(none_match, sizeof(none_match), "If-None-Match: W/%s\r\n", etag);
    got = ask("PUT", KEY, "If-None-Match: *\r\n", "y");
    assert_int_equal(host_service_status(got), 412);
    assert_string_equal(host_service_field(got, "ETag"), etag);
    assert_int_equal(status_of("PUT", KEY, none_match, "y"), 412);
    assert_int_equal(status_of("PUT", KEY, "If-Match: \"zz\"\r\n", "y"), 412);
    assert_int_equal(status_of("DELETE", KEY, "If-Match: \"zz\"\r\n", NULL), 412);
    got = ask("GET", KEY, none_match, NULL);
    assert_int_equal(host_service_status(got), 304);
    assert_string_equal(host_service_field(got, "ETag"), etag);
    assert_string_equal(host_service_body(got), "");
    assert_int_equal(status_of("GET", KEY, "If-None-Match: \"zz\"\r\n", NULL), 200);
    assert_int_equal(status_of("GET", KEY, "If-Match: \"zz\"\r\n", NULL), 412);
    assert_int_equal(status_of("PUT", KEY, "If-None-Match: unquoted\r\n", "y"), 400);
    assert_int_equal(status_of("PUT", KEY, "If-Match:\r\n", "y"), 400);
    assert_string_equal(host_service_body(ask("GET", KEY, "", NULL)), "x");
    assert_int_equal(status_of("PUT", KEY, match, "y"), 200);
    assert_int_equal(status_of("PUT", KEY, match, "z"), 412);
    assert_int_equal(status_of("DELETE", KEY, "If-Match: *\r\n", NULL), 204);
    (void)snprintf(match, sizeof(match), "If-Match: W/%s\r\n", etag);
    assert_int_equal(status_of("PUT", KEY, "", "x"), 201);
    assert_int_equal(status_of("PUT", KEY, match, "y"), 412);
}

static void test_api_key__a_condition_that_fails_is_told_before_the_body(void **state)
{
    struct fake_client *client = fake_connect(&host.net);
    const char *got;

    (void)state;
    assert_int_equal(status_of("PUT", KEY, "", "x"), 201);
    got = host_service_say(&host, client,
                           "PUT " KEY " HTTP/1.1\r\nHost: t\r\nIf-None-Match: *\r\n"
                           "Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(host_service_status(got), 412);
}

static void test_api_key__a_condition_is_judged_again_when_the_body_is_there(void **state)
{
    struct fake_client *slow = fake_connect(&host.net);
    const char *got;

    (void)state;
    (void)host_service_say(&host, slow,
                           "PUT " KEY " HTTP/1.1\r\nHost: t\r\nIf-None-Match: *\r\n"
                           "Content-Length: 4\r\n\r\nsl");
    assert_int_equal(status_of("PUT", KEY, "", "quick"), 201);
    got = host_service_say(&host, slow, "ow");
    assert_int_equal(host_service_status(got), 412);
    assert_string_equal(host_service_body(ask("GET", KEY, "", NULL)), "quick");
}

static void test_api_key__ranges_give_the_part_that_was_asked_for(void **state)
{
    static const struct {
        const char *range;
        int status;
        const char *body;
        const char *content_range;
    } rows[] = {
        {"bytes=0-0", 206, "0", "bytes 0-0/10"},
        {"bytes=2-4", 206, "234", "bytes 2-4/10"},
        {"bytes=7-", 206, "789", "bytes 7-9/10"},
        {"bytes=7-100", 206, "789", "bytes 7-9/10"},
        {"bytes=-3", 206, "789", "bytes 7-9/10"},
        {"bytes=-100", 206, "0123456789", "bytes 0-9/10"},
        {"Bytes=9-9", 206, "9", "bytes 9-9/10"},
        {"bytes=10-", 416, NULL, "bytes */10"},
        {"bytes=-0", 416, NULL, "bytes */10"},
        {"bytes=1-2,4-5", 200, "0123456789", ""},
        {"bytes=5-2", 200, "0123456789", ""},
        {"bytes=", 200, "0123456789", ""},
        {"bytes=-", 200, "0123456789", ""},
        {"bytes=a-b", 200, "0123456789", ""},
        {"lines=1-2", 200, "0123456789", ""},
        {"bytes=99999999999999999999-", 200, "0123456789", ""},
    };
    char etag[80];
    char fields[256];

    (void)state;
    host_service_keep(etag, sizeof(etag), ask("PUT", KEY, "", "0123456789"), "ETag");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got;

        (void)snprintf(fields, sizeof(fields), "Range: %s\r\n", rows[i].range);
        got = ask("GET", KEY, fields, NULL);
        assert_int_equal(host_service_status(got), rows[i].status);
        assert_string_equal(host_service_field(got, "Content-Range"), rows[i].content_range);
        if (rows[i].body != NULL)
            assert_string_equal(host_service_body(got), rows[i].body);
    }
    (void)snprintf(fields, sizeof(fields), "Range: bytes=1-2\r\nIf-Range: %s\r\n", etag);
    assert_int_equal(status_of("GET", KEY, fields, NULL), 206);
    (void)snprintf(fields, sizeof(fields), "Range: bytes=1-2\r\nIf-Range: W/%s\r\n", etag);
    assert_int_equal(status_of("GET", KEY, fields, NULL), 200);
    assert_int_equal(status_of("GET", KEY, "Range: bytes=1-2\r\nIf-Range: \"old\"\r\n", NULL), 200);
    assert_int_equal(status_of("PUT", KEY, "Content-Range: bytes 0-1/10\r\n", "ab"), 400);
}

static void test_api_key__large_values_stream_both_ways(void **state)
{
    size_t len = 3 * 1000 * 1000 + 17;
    struct fake_client *client = fake_connect(&host.net);
    uint8_t *bytes = malloc(len);
    uint64_t seed = 5;
    const char *body;
    char head[200];
    int head_len = snprintf(head, sizeof(head),
                            "PUT " KEY " HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n", len);

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    laws_fill(bytes, len, &seed);
    fake_send(client, head, (size_t)head_len);
    for (size_t at = 0; at < len; at += 100000) {
        fake_send(client, bytes + at, len - at < 100000 ? len - at : 100000);
        host_service_turn(&host);
    }
    assert_int_equal(host_service_status(client->got), 201);
    fake_forget(client);
    client->window_bytes = 0;
    (void)host_service_say(&host, client, "GET " KEY " HTTP/1.1\r\nHost: t\r\n\r\n");
    while (client->got_len < len) {
        size_t taken = host_env()->heap->taken_bytes;

        client->window_bytes += 99991;
        fake_refresh(client);
        host_service_turn(&host);
        /* What is under way stays small: reading costs buffers, not values. */
        assert_true(host_env()->heap->taken_bytes < taken + 1500000);
    }
    body = host_service_body(client->got);
    assert_int_equal(client->got_len - (size_t)(body - client->got), len);
    assert_memory_equal(body, bytes, len);
    free(bytes);
}

static void test_api_key__keys_are_bytes_decoded_once(void **state)
{
    static const struct {
        const char *target;
        int status;
    } rows[] = {
        {"/v1/b/main/k/a%20b/%C3%A9/%FF", 201},
        {"/v1/b/main/k/a%252Fb", 201},
        {"/v1/b/main/k/.git/config", 201},
        {"/v1/b/main/k/a+b?", 201},
        {"/v1/b/main/k/", 404},
        {"/v1/b/main/k", 404},
        {"/v1/b/main/k/a/", 400},
        {"/v1/b/main/k//a", 400},
        {"/v1/b/main/k/a//b", 400},
        {"/v1/b/main/k/.", 400},
        {"/v1/b/main/k/a/../b", 400},
        {"/v1/b/main/k/a/%2e%2e/b", 400},
        {"/v1/b/main/k/%00", 400},
        {"/v1/b/main/k/a%2", 400},
        {"/v1/b/main/k/a%zz", 400},
    };
    const char *got;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = status_of("PUT", rows[i].target, "", "x");

        if (status != rows[i].status)
            fail_msg("%s: %d", rows[i].target, status);
    }
    got = ask("PUT", "/v1/b/main/k/slash%2Finside", "", "one");
    assert_int_equal(host_service_status(got), 201);
    assert_string_equal(host_service_body(ask("GET", "/v1/b/main/k/slash/inside", "", NULL)),
                        "one");
    assert_int_equal(status_of("GET", "/v1/b/main/k/a%2Fb", "", NULL), 404);
    got = ask("PUT", "/v1/b/main/k/%C3%A9/%00", "", "x");
    assert_int_equal(host_service_status(got), 400);
}

static void test_api_key__keys_have_limits(void **state)
{
    char target[3 * BOUGH_PATH_BYTES_MAX] = "/v1/b/main/k/";
    size_t start = strlen(target);

    (void)state;
    memset(target + start, 'a', BOUGH_STEP_BYTES_MAX);
    assert_int_equal(status_of("PUT", target, "", "x"), 201);
    target[start + BOUGH_STEP_BYTES_MAX] = 'a';
    assert_int_equal(status_of("PUT", target, "", "x"), 414);
    memset(target + start, 0, sizeof(target) - start);
    for (unsigned i = 0; i < BOUGH_PATH_STEPS_MAX; i++)
        memcpy(target + start + 2 * i, i + 1 < BOUGH_PATH_STEPS_MAX ? "s/" : "s", 2);
    assert_int_equal(status_of("PUT", target, "", "x"), 201);
    strcat(target, "/s");
    assert_int_equal(status_of("PUT", target, "", "x"), 414);
}

static void test_api_key__a_value_and_a_directory_do_not_share_a_path(void **state)
{
    const char *got;

    (void)state;
    assert_int_equal(status_of("PUT", "/v1/b/main/k/a/b", "", "x"), 201);
    assert_int_equal(status_of("PUT", "/v1/b/main/k/a", "", "x"), 409);
    got = ask("PUT", "/v1/b/main/k/a/b/c", "", "x");
    assert_int_equal(host_service_status(got), 409);
    assert_string_equal(host_service_field(got, "Content-Type"), "application/problem+json");
    assert_non_null(strstr(got, "\"code\":\"conflict\""));
    got = ask("GET", "/v1/b/main/k/a", "", NULL);
    assert_int_equal(host_service_status(got), 404);
}

static void test_api_key__branches_and_revisions_that_are_not_there_are_named(void **state)
{
    (void)state;
    assert_non_null(strstr(ask("GET", "/v1/b/nope/k/a", "", NULL), "\"code\":\"no-such-branch\""));
    assert_non_null(strstr(ask("GET", "/v1/b/main/k/a", "", NULL), "\"code\":\"no-such-key\""));
    assert_non_null(strstr(ask("PUT", "/v1/b/nope/k/a", "", "x"), "\"code\":\"no-such-branch\""));
    assert_non_null(
        strstr(ask("GET", "/v1/at/nope/k/a", "", NULL), "\"code\":\"no-such-revision\""));
    assert_int_equal(status_of("GET", "/v1/b/a..b/k/a", "", NULL), 400);
}

static void test_api_key__author_message_and_mode_are_kept(void **state)
{
    const char *got;

    (void)state;
    got = ask("PUT", KEY,
              "Bough-Author: A U Thor <a@example.org>\r\nBough-Message: because\r\n"
              "Bough-Mode: 100755\r\n",
              "#!");
    assert_int_equal(host_service_status(got), 201);
    got = ask("GET", "/v1/commits/main", "", NULL);
    assert_non_null(strstr(got, "\"author\":{\"name\":\"A U Thor\",\"email\":\"a@example.org\","
                                "\"time\":\"1994-11-06T08:49:37Z\",\"time_s\":784111777"));
    assert_non_null(strstr(got, "\"message\":\"because\\n\""));
    assert_string_equal(host_service_field(ask("GET", KEY, "", NULL), "Bough-Mode"), "100755");
    assert_int_equal(status_of("PUT", KEY, "", "#!/"), 200);
    assert_string_equal(host_service_field(ask("GET", KEY, "", NULL), "Bough-Mode"), "100755");
    assert_int_equal(status_of("PUT", KEY, "Bough-Author: nobody\r\n", "x"), 400);
    assert_int_equal(status_of("PUT", KEY, "Bough-Author: <a@b> x\r\n", "x"), 400);
    assert_int_equal(status_of("PUT", KEY, "Bough-Author: a <b<c>\r\n", "x"), 400);
    assert_int_equal(status_of("PUT", KEY, "Bough-Mode: 40000\r\n", "x"), 400);
}

static void test_api_key__a_value_needs_a_length_and_may_be_empty(void **state)
{
    const char *got = ask("PUT", KEY, "", NULL);

    (void)state;
    assert_int_equal(host_service_status(got), 411);
    assert_int_equal(status_of("PUT", KEY, "", ""), 201);
    got = ask("GET", KEY, "", NULL);
    assert_string_equal(host_service_field(got, "Content-Length"), "0");
}

static void test_api_key__the_value_limit_holds_at_its_figure(void **state)
{
    static char text[2002];

    (void)state;
    host.service.config.value_bytes = 2000;
    memset(text, 'v', 2000);
    assert_int_equal(status_of("PUT", KEY, "", text), 201);
    text[2000] = 'v';
    assert_int_equal(status_of("PUT", KEY, "", text), 413);
}

#define T(name) cmocka_unit_test_setup_teardown(name, api_begin, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_api_key__a_value_comes_back_as_it_was_put),
        T(test_api_key__head_has_length_and_tag_without_the_body),
        T(test_api_key__equal_bytes_have_equal_tags_on_every_branch),
        T(test_api_key__an_unchanged_value_makes_no_commit),
        T(test_api_key__prefer_minimal_leaves_the_body_out),
        T(test_api_key__delete_removes_and_misses),
        T(test_api_key__conditions_decide),
        T(test_api_key__a_condition_that_fails_is_told_before_the_body),
        T(test_api_key__a_condition_is_judged_again_when_the_body_is_there),
        T(test_api_key__ranges_give_the_part_that_was_asked_for),
        T(test_api_key__large_values_stream_both_ways),
        T(test_api_key__keys_are_bytes_decoded_once),
        T(test_api_key__keys_have_limits),
        T(test_api_key__a_value_and_a_directory_do_not_share_a_path),
        T(test_api_key__branches_and_revisions_that_are_not_there_are_named),
        T(test_api_key__author_message_and_mode_are_kept),
        T(test_api_key__a_value_needs_a_length_and_may_be_empty),
        T(test_api_key__the_value_limit_holds_at_its_figure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
