/* SPDX-License-Identifier: ISC
 *
 * test_api_list.c - listings show every key once, in order, whatever the pages and the writes
 * between.
 *
 * Proves it by following the links of pages of every size and comparing with the set that was
 * written; folding, bounds and foreign bytes have cases of their own.
 */
#include "host_service.h"
#include "json_read.h"

static struct host_service host;
static struct bough_arena arena;

static int begin(void **state)
{
    (void)state;
    bough_arena_init(&arena, host_env()->heap, 1u << 24);
    host_service_begin(&host, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bough_arena_release(&arena);
    host_service_end(&host);
    return 0;
}

static const char *ask(const char *method, const char *target, const char *fields, const char *body)
{
    return host_service_ask(&host, method, target, fields, body);
}

static void put_keys(const char *const *keys, size_t count)
{
    char target[256];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(target, sizeof(target), "/v1/b/main/k/%s", keys[i]);
        assert_int_equal(host_service_status(ask("PUT", target, "", keys[i])), 201);
    }
}

static const struct json *read_body(const char *response)
{
    const struct json *value = NULL;

    assert_int_equal(
        json_read(bough_arena_copy(&arena, bough_bytes_text(host_service_body(response))), &arena,
                  &value, NULL),
        BOUGH_OK);
    return value;
}

static void copy_text(const struct json *value, char *into, size_t max)
{
    assert_non_null(value);
    assert_true(value->text.len < max);
    memcpy(into, value->text.at, value->text.len);
    into[value->text.len] = '\0';
}

/* All keys and prefixes of all pages, each followed by a blank; prefixes in brackets. */
static const char *follow(const char *target)
{
    static char all[8192];
    char url[4096];
    int pages = 0;

    all[0] = '\0';
    (void)snprintf(url, sizeof(url), "%s", target);
    while (url[0] != '\0') {
        const char *got = ask("GET", url, "", NULL);
        const struct json *page = read_body(got);
        const struct json *next = json_read_member(page, "next");
        char one[300];

        assert_int_equal(host_service_status(got), 200);
        for (const struct json *i = json_read_member(page, "keys")->first; i; i = i->next) {
            copy_text(json_read_member(i, json_read_member(i, "key") ? "key" : "key_encoded"), one,
                      sizeof(one));
            strcat(strcat(all, one), " ");
        }
        for (const struct json *i = json_read_member(page, "prefixes")->first; i; i = i->next) {
            copy_text(json_read_member(i, "prefix"), one, sizeof(one));
            strcat(strcat(strcat(all, "["), one), "] ");
        }
        url[0] = '\0';
        if (next->kind == JSON_STRING) {
            copy_text(next, url, sizeof(url));
            assert_non_null(strstr(host_service_field(got, "Link"), url));
        }
        assert_true(++pages < 100);
    }
    return all;
}

static const char *const keys[] = {"a",   "b/1",   "b/2/x", "b/2/y", "b/3",
                                   "b-c", "b.c/q", "c",     "d/e/f", "zz"};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))
#define ALL       "a b-c b.c/q b/1 b/2/x b/2/y b/3 c d/e/f zz "

static void test_api_list__pages_of_any_size_show_every_key_once_in_order(void **state)
{
    (void)state;
    put_keys(keys, KEY_COUNT);
    for (unsigned limit = 1; limit <= KEY_COUNT + 1; limit++) {
        char target[64];

        (void)snprintf(target, sizeof(target), "/v1/b/main/keys?limit=%u", limit);
        assert_string_equal(follow(target), ALL);
    }
}

static void test_api_list__pages_fit_together_while_others_write(void **state)
{
    const struct json *page;
    char url[4096];

    (void)state;
    put_keys(keys, KEY_COUNT);
    page = read_body(ask("GET", "/v1/b/main/keys?limit=3", "", NULL));
    copy_text(json_read_member(page, "next"), url, sizeof(url));
    assert_int_equal(host_service_status(ask("PUT", "/v1/b/main/k/b/0", "", "new")), 201);
    assert_int_equal(host_service_status(ask("DELETE", "/v1/b/main/k/c", "", NULL)), 204);
    assert_string_equal(follow(url), "b/1 b/2/x b/2/y b/3 c d/e/f zz ");
}

static void test_api_list__prefix_bounds_and_delimiter_choose(void **state)
{
    static const struct {
        const char *query;
        const char *keys;
    } rows[] = {
        {"prefix=b/", "b/1 b/2/x b/2/y b/3 "},
        {"prefix=b", "b-c b.c/q b/1 b/2/x b/2/y b/3 "},
        {"prefix=b%2F2", "b/2/x b/2/y "},
        {"prefix=nope", ""},
        {"after=b/2/x", "b/2/y b/3 c d/e/f zz "},
        {"after=b/2", "b/2/x b/2/y b/3 c d/e/f zz "},
        {"start=b/2/x", "b/2/x b/2/y b/3 c d/e/f zz "},
        {"start=b/2", "b/2/x b/2/y b/3 c d/e/f zz "},
        {"start=c", "c d/e/f zz "},
        {"start=b/4", "c d/e/f zz "},
        {"start=", ALL},
        {"end=b/2/x", "a b-c b.c/q b/1 "},
        {"start=b/2/x&end=c", "b/2/x b/2/y b/3 "},
        {"prefix=b/&after=b/2/x&end=b/3", "b/2/y "},
        {"delimiter=/", "a b-c c zz [b.c/] [b/] [d/] "},
        {"prefix=b/&delimiter=/", "b/1 b/3 [b/2/] "},
        {"prefix=b&delimiter=/", "b-c [b.c/] [b/] "},
        {"delimiter=/e/", "a b-c b.c/q b/1 b/2/x b/2/y b/3 c zz [d/e/] "},
        {"prefix=d/e/f", "d/e/f "},
    };

    (void)state;
    put_keys(keys, KEY_COUNT);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char target[128];

        (void)snprintf(target, sizeof(target), "/v1/b/main/keys?%s", rows[i].query);
        if (strcmp(follow(target), rows[i].keys) != 0)
            fail_msg("%s: \"%s\"", rows[i].query, follow(target));
    }
}

static void test_api_list__folded_prefixes_are_shown_once_on_pages_of_any_size(void **state)
{
    (void)state;
    put_keys(keys, KEY_COUNT);
    for (unsigned limit = 1; limit <= 8; limit++) {
        char target[64];
        const char *all;

        (void)snprintf(target, sizeof(target), "/v1/b/main/keys?delimiter=/&limit=%u", limit);
        all = follow(target);
        assert_int_equal(strlen(all), strlen("a b-c c zz [b.c/] [b/] [d/] "));
        assert_non_null(strstr(all, "[b/] "));
        assert_null(strstr(strstr(all, "[b/] ") + 1, "[b/] "));
        assert_non_null(strstr(all, "zz "));
    }
}

static void test_api_list__backwards_is_the_same_the_other_way_round(void **state)
{
    static const struct {
        const char *query;
        const char *keys;
    } rows[] = {
        {"", "zz d/e/f c b/3 b/2/y b/2/x b/1 b.c/q b-c a "},
        {"&prefix=b/", "b/3 b/2/y b/2/x b/1 "},
        {"&start=b/2/x&end=c", "b/3 b/2/y b/2/x "},
        {"&start=b/2&end=c&prefix=b/2", "b/2/y b/2/x "},
        {"&after=b/2/y", "b/2/x b/1 b.c/q b-c a "},
        {"&after=b/2/y&start=b/1", "b/2/x b/1 "},
        {"&end=a", ""},
        {"&prefix=nothing", ""},
    };

    (void)state;
    put_keys(keys, KEY_COUNT);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (unsigned limit = 1; limit <= KEY_COUNT + 1; limit++) {
            char target[128];

            (void)snprintf(target, sizeof(target), "/v1/b/main/keys?reverse=1&limit=%u%s", limit,
                           rows[i].query);
            assert_string_equal(follow(target), rows[i].keys);
        }
    assert_string_equal(follow("/v1/b/main/keys?reverse=1&delimiter=/"),
                        "zz c b-c a [d/] [b/] [b.c/] ");
    assert_string_equal(follow("/v1/b/main/keys?reverse=1&delimiter=/&limit=1"),
                        "zz [d/] c [b/] [b.c/] b-c a ");
}

static void test_api_list__values_come_along_when_asked_for(void **state)
{
    const char *got;

    (void)state;
    assert_int_equal(host_service_status(ask("PUT", "/v1/b/main/k/t", "", "text\n")), 201);
    assert_int_equal(host_service_status(ask("PUT", "/v1/b/main/k/u", "", "\xff\xfe")), 201);
    got = ask("GET", "/v1/b/main/keys?values=1", "", NULL);
    assert_non_null(strstr(got, "\"key\":\"t\",\"size\":5,\"mode\":\"100644\",\"etag\":\""));
    assert_non_null(strstr(got, "\"value\":\"text\\n\""));
    assert_non_null(strstr(got, "\"value_base64\":\"//4=\""));
    assert_null(strstr(ask("GET", "/v1/b/main/keys", "", NULL), "\"value"));
}

static void test_api_list__keys_that_are_no_utf8_are_given_encoded(void **state)
{
    const char *got;

    (void)state;
    assert_int_equal(host_service_status(ask("PUT", "/v1/b/main/k/%FF/a%20b%25", "", "x")), 201);
    got = ask("GET", "/v1/b/main/keys", "", NULL);
    assert_non_null(strstr(got, "{\"key_encoded\":\"%FF/a%20b%25\","));
    assert_string_equal(host_service_body(ask("GET", "/v1/b/main/k/%FF/a%20b%25", "", NULL)), "x");
    assert_string_equal(follow("/v1/b/main/keys?prefix=%FF/&limit=1"), "%FF/a%20b%25 ");
}

static void test_api_list__lines_when_the_client_accepts_them(void **state)
{
    const char *got;

    (void)state;
    put_keys(keys, 3);
    got = ask("GET", "/v1/b/main/keys?limit=2", "Accept: application/x-ndjson\r\n", NULL);
    assert_string_equal(host_service_field(got, "Content-Type"), "application/x-ndjson");
    assert_int_equal(strncmp(host_service_body(got), "{\"key\":\"a\",", 11), 0);
    assert_non_null(strstr(got, "\n{\"key\":\"b/1\","));
    assert_non_null(strstr(host_service_field(got, "Link"), "; rel=\"next\""));
}

static void test_api_list__an_unborn_branch_is_empty_and_a_missing_one_is_not_there(void **state)
{
    (void)state;
    assert_non_null(strstr(ask("GET", "/v1/b/main/keys", "", NULL),
                           "{\"commit\":null,\"keys\":[],\"prefixes\":[],\"next\":null}"));
    assert_int_equal(host_service_status(ask("GET", "/v1/b/nope/keys", "", NULL)), 404);
    assert_int_equal(host_service_status(ask("GET", "/v1/at/nope/keys", "", NULL)), 404);
}

static void test_api_list__parameters_that_make_no_sense_are_refused(void **state)
{
    static const char *const bad[] = {"limit=0",  "limit=1001",      "limit=x",
                                      "limt=1",   "limit=1&limit=2", "prefix=%",
                                      "limit=-1", "limit=",          "start=a&after=b"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char target[128];

        (void)snprintf(target, sizeof(target), "/v1/b/main/keys?%s", bad[i]);
        if (host_service_status(ask("GET", target, "", NULL)) != 400)
            fail_msg("%s", bad[i]);
    }
    assert_int_equal(host_service_status(ask("GET", "/v1/b/main/keys?limit=1000", "", NULL)), 200);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_api_list__pages_of_any_size_show_every_key_once_in_order),
        T(test_api_list__pages_fit_together_while_others_write),
        T(test_api_list__prefix_bounds_and_delimiter_choose),
        T(test_api_list__folded_prefixes_are_shown_once_on_pages_of_any_size),
        T(test_api_list__backwards_is_the_same_the_other_way_round),
        T(test_api_list__values_come_along_when_asked_for),
        T(test_api_list__keys_that_are_no_utf8_are_given_encoded),
        T(test_api_list__lines_when_the_client_accepts_them),
        T(test_api_list__an_unborn_branch_is_empty_and_a_missing_one_is_not_there),
        T(test_api_list__parameters_that_make_no_sense_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
