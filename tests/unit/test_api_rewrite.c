/* SPDX-License-Identifier: ISC
 *
 * test_api_rewrite.c - changes picked, taken back, squashed and rebased over HTTP, and branches
 * reset.
 *
 * Proves it by the values and by how many commits there are then; what is refused leaves the head
 * as it was.
 */
#include "api_setup.h"
#include "hash.h"

static void put(const char *branch, const char *key, const char *text)
{
    char target[128];
    int status;

    (void)snprintf(target, sizeof(target), "/v1/b/%s/k/%s", branch, key);
    status = host_service_status(api_ask("PUT", target, text));
    assert_true(status == 200 || status == 201);
}

static const char *value(const char *key)
{
    char target[128];
    const char *got;

    (void)snprintf(target, sizeof(target), "/v1/b/main/k/%s", key);
    got = api_ask("GET", target, NULL);
    return host_service_status(got) == 200 ? host_service_body(got) : "(none)";
}

static void head(const char *branch, char hex[80])
{
    char target[128];

    (void)snprintf(target, sizeof(target), "/v1/branches/%s", branch);
    host_service_keep(hex, 80, api_ask("GET", target, NULL), "Bough-Commit");
}

static unsigned commits(const char *branch)
{
    char target[128];
    unsigned count = 0;

    (void)snprintf(target, sizeof(target), "/v1/commits?limit=1000&from=%s", branch);
    for (const char *at = api_ask("GET", target, NULL); (at = strstr(at, "{\"commit\"")) != NULL;
         at++)
        count++;
    return count;
}

static const char *rewrite(const char *verb, const char *body)
{
    char target[128];

    (void)snprintf(target, sizeof(target), "/v1/b/main/%s", verb);
    return api_ask("POST", target, body);
}

/* main has a and m, dev has a, d and e, each in a commit of its own. */
static void fork(void)
{
    put("main", "a", "0");
    assert_int_equal(host_service_status(api_ask("PUT", "/v1/branches/dev", NULL)), 201);
    put("main", "m", "1");
    put("dev", "d", "1");
    put("dev", "e", "1");
}

static void test_api_rewrite__a_picked_change_comes_alone_with_its_words(void **state)
{
    const char *got;

    (void)state;
    fork();
    got = rewrite("cherry-pick", "{\"commit\":\"dev\",\"author\":\"P <p@q>\"}");
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"outcome\":\"made\",\"commits\":1"));
    assert_string_equal(value("e"), "1");
    assert_string_equal(value("d"), "(none)");
    got = api_ask("GET", "/v1/commits/main", NULL);
    assert_non_null(strstr(got, "\"author\":{\"name\":\"anonymous\""));
    assert_non_null(strstr(got, "\"committer\":{\"name\":\"P\""));
    got = rewrite("cherry-pick", "{\"commit\":\"dev\"}");
    assert_non_null(strstr(got, "\"outcome\":\"up-to-date\""));
    assert_string_equal(host_service_field(got, "Bough-Unchanged"), "1");
}

static void test_api_rewrite__a_change_is_taken_back(void **state)
{
    const char *got;

    (void)state;
    fork();
    put("main", "a", "2");
    got = rewrite("revert", "{\"commit\":\"main~1\"}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(value("m"), "(none)");
    assert_string_equal(value("a"), "2");
    assert_non_null(strstr(api_ask("GET", "/v1/commits/main", NULL), "This reverts commit "));
    got = rewrite("revert", "{\"commit\":\"main~3\"}"); /* which put "a", changed since */
    assert_int_equal(host_service_status(got), 409);
    assert_non_null(strstr(got, "\"code\":\"merge-conflict\""));
    assert_non_null(strstr(got, "\"conflicts\":[{\"key\":\"a\",\"kind\":\"edit/delete\""));
    assert_non_null(strstr(got, "\"stopped_at\":\""));
    assert_string_equal(value("a"), "2");
    assert_non_null(strstr(api_ask("GET", "/v1/b/main/merge", NULL), "\"task\":\"revert\""));
    assert_int_equal(host_service_status(rewrite("revert", "{\"commit\":\"main~2\"}")), 409);
    assert_int_equal(host_service_status(api_ask("DELETE", "/v1/b/main/merge", NULL)), 204);
    got = rewrite("revert", "{\"commit\":\"main~3\",\"keep\":false}");
    assert_int_equal(host_service_status(got), 409);
    assert_non_null(strstr(got, "\"draft\":null"));
    assert_int_equal(host_service_status(api_ask("GET", "/v1/b/main/merge", NULL)), 404);
}

/* Both branches have put "a" and "m" otherwise; dev's head is a commit of both. */
static void disagree(void)
{
    fork();
    assert_int_equal(
        host_service_status(api_ask("POST", "/v1/b/dev/txn",
                                    "{\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"2\"},"
                                    "{\"op\":\"put\",\"key\":\"m\",\"value\":\"2\"},"
                                    "{\"op\":\"put\",\"key\":\"free\",\"value\":\"2\"}],"
                                    "\"author\":\"D <d@e>\",\"message\":\"words of dev\"}")),
        200);
    put("main", "a", "1");
}

static void test_api_rewrite__a_pick_goes_on_like_a_merge(void **state)
{
    const char *got;
    char member[200];
    char old[80];

    (void)state;
    disagree();
    head("main", old);
    got = rewrite("cherry-pick", "{\"commit\":\"dev\",\"author\":\"P <p@q>\"}");
    assert_int_equal(host_service_status(got), 409);
    assert_non_null(strstr(got, "\"conflict_count\":2"));
    assert_null(strstr(got, "\"draft\":null"));
    got = api_ask("GET", "/v1/b/main/merge", NULL);
    assert_non_null(strstr(got, "{\"task\":\"cherry-pick\",\"base\":null,\"bases\":[],"));
    assert_non_null(strstr(got, "\"message\":\"words of dev\\n\""));
    assert_non_null(strstr(api_ask("GET", "/v1/merges", NULL), "\"branch\":\"main\""));
    got = rewrite("cherry-pick", "{\"commit\":\"dev\"}");
    assert_int_equal(host_service_status(got), 409);
    assert_non_null(strstr(got, "\"code\":\"merge-in-progress\""));
    got = rewrite("merge", "{\"from\":\"dev\"}");
    assert_non_null(strstr(got, "\"code\":\"merge-in-progress\""));
    assert_int_equal(host_service_status(rewrite("merge", "{\"dry_run\":true}")), 422);
    got = rewrite("merge", "{\"resolutions\":[{\"key\":\"a\",\"take\":\"theirs\"}]}");
    assert_int_equal(host_service_status(got), 409);
    assert_non_null(strstr(got, "\"task\":\"cherry-pick\""));
    assert_non_null(strstr(got, "\"conflict_count\":1"));
    assert_non_null(strstr(got, "\"kind\":\"add/add\",\"base\":null"));
    got = rewrite("merge", "{\"author\":\"P <p@q>\",\"resolutions\":[{\"key\":\"m\","
                           "\"value\":\"3\"}]}");
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"outcome\":\"made\",\"task\":\"cherry-pick\""));
    assert_string_equal(value("a"), "2");
    assert_string_equal(value("m"), "3");
    assert_string_equal(value("free"), "2");
    assert_string_equal(value("d"), "(none)");
    got = api_ask("GET", "/v1/commits/main", NULL);
    assert_non_null(strstr(got, "\"author\":{\"name\":\"D\""));
    assert_non_null(strstr(got, "\"committer\":{\"name\":\"P\""));
    assert_non_null(strstr(got, "\"message\":\"words of dev\\n\""));
    (void)snprintf(member, sizeof(member), "\"parents\":[\"%s\"]", old);
    assert_non_null(strstr(got, member));
}

static void test_api_rewrite__what_is_settled_at_once_is_kept_with_the_rest(void **state)
{
    char before[80];
    char after[80];
    const char *got;

    (void)state;
    disagree();
    head("main", before);
    got = rewrite("cherry-pick", "{\"commit\":\"dev\",\"dry_run\":true,\"resolutions\":["
                                 "{\"key\":\"a\",\"take\":\"ours\"}]}");
    assert_non_null(strstr(got, "\"draft\":null,\"conflict_count\":1"));
    got = rewrite("squash", "{\"from\":\"dev\",\"message\":\"all\",\"resolutions\":["
                            "{\"key\":\"a\",\"take\":\"ours\"}]}");
    assert_int_equal(host_service_status(got), 409);
    assert_non_null(strstr(got, "\"conflict_count\":1"));
    got = api_ask("GET", "/v1/b/main/merge", NULL);
    assert_non_null(strstr(got, "\"task\":\"squash\",\"base\":\""));
    assert_non_null(strstr(got, "\"conflicts\":[{\"key\":\"m\""));
    head("main", after);
    assert_string_equal(before, after);
    got = rewrite("merge", "{\"resolutions\":[{\"key\":\"m\",\"take\":\"ours\"}]}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(value("d"), "1");
    assert_string_equal(value("a"), "1");
    assert_int_equal(commits("main"), 4);
}

static void test_api_rewrite__of_which_nothing_is_left_makes_no_commit(void **state)
{
    char before[80];
    const char *got;

    (void)state;
    fork();
    put("dev", "a", "2");
    put("main", "a", "1");
    head("main", before);
    assert_int_equal(host_service_status(rewrite("cherry-pick", "{\"commit\":\"dev\"}")), 409);
    got = rewrite("merge", "{\"resolutions\":[{\"key\":\"a\",\"take\":\"ours\"}]}");
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"outcome\":\"up-to-date\""));
    assert_string_equal(host_service_field(got, "Bough-Unchanged"), "1");
    assert_string_equal(host_service_field(got, "Bough-Commit"), before);
    assert_int_equal(host_service_status(api_ask("GET", "/v1/b/main/merge", NULL)), 404);
}

static void test_api_rewrite__of_a_merge_the_mainline_must_be_said(void **state)
{
    (void)state;
    fork();
    assert_int_equal(host_service_status(rewrite("merge", "{\"from\":\"dev\"}")), 200);
    assert_int_equal(host_service_status(rewrite("revert", "{\"commit\":\"main\"}")), 422);
    assert_int_equal(host_service_status(rewrite("revert", "{\"commit\":\"main\",\"mainline\":3}")),
                     422);
    assert_int_equal(host_service_status(rewrite("revert", "{\"commit\":\"main\",\"mainline\":1}")),
                     200);
    assert_string_equal(value("d"), "(none)");
    assert_string_equal(value("m"), "1");
}

static void test_api_rewrite__a_squash_is_one_commit_with_one_parent(void **state)
{
    const char *got;

    (void)state;
    fork();
    got = rewrite("squash", "{\"from\":\"dev\",\"message\":\"all of dev\"}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(value("d"), "1");
    assert_string_equal(value("e"), "1");
    assert_string_equal(value("m"), "1");
    assert_int_equal(commits("main"), 3);
    assert_non_null(strstr(api_ask("GET", "/v1/commits/main", NULL), "\"all of dev\\n\""));
}

static void test_api_rewrite__a_rebase_puts_a_line_on_another_base(void **state)
{
    char old[80];
    const char *got;

    (void)state;
    fork();
    head("main", old);
    got = rewrite("rebase", "{\"onto\":\"dev\"}");
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"outcome\":\"made\",\"commits\":1"));
    assert_string_equal(value("m"), "1");
    assert_string_equal(value("e"), "1");
    assert_int_equal(commits("main"), 4);
    assert_non_null(strstr(api_ask("GET", "/v1/branches/main/log", NULL), old));
    assert_int_equal(host_service_status(api_ask("PUT", "/v1/branches/third", NULL)), 201);
    put("third", "t", "1");
    put("main", "u", "1");
    assert_int_equal(host_service_status(rewrite("merge", "{\"from\":\"third\"}")), 200);
    put("dev", "x", "1");
    got = rewrite("rebase", "{\"onto\":\"dev\"}");
    assert_int_equal(host_service_status(got), 422);
    assert_string_equal(value("x"), "(none)");
}

static void test_api_rewrite__a_reset_moves_the_branch_and_is_on_record(void **state)
{
    char old[80];
    char body[256];

    (void)state;
    fork();
    head("main", old);
    (void)snprintf(body, sizeof(body), "{\"to\":\"dev~1\",\"expect\":\"%s\"}", old);
    assert_int_equal(host_service_status(rewrite("reset", body)), 200);
    assert_string_equal(value("m"), "(none)");
    assert_string_equal(value("d"), "1");
    assert_int_equal(host_service_status(rewrite("reset", body)), 409);
    assert_non_null(strstr(api_ask("GET", "/v1/branches/main/log", NULL), old));
}

static void test_api_rewrite__conflicts_are_resolved_in_the_request(void **state)
{
    char before[80];
    char after[80];
    const char *got;

    (void)state;
    fork();
    put("dev", "m", "2");
    put("dev", "a", "2");
    put("main", "a", "1");
    head("main", before);
    got = rewrite("squash", "{\"from\":\"dev\",\"keep\":false,\"resolutions\":[{\"key\":\"a\","
                            "\"take\":\"theirs\"}]}");
    assert_int_equal(host_service_status(got), 409);
    assert_non_null(strstr(got, "\"conflict_count\":1"));
    got = rewrite("cherry-pick", "{\"commit\":\"dev~2\",\"resolutions\":[{\"key\":\"a\","
                                 "\"take\":\"theirs\"}]}"); /* which is clean */
    assert_int_equal(host_service_status(got), 422);
    got = rewrite("cherry-pick", "{\"commit\":\"dev~2\",\"dry_run\":true}");
    assert_non_null(strstr(got, "\"outcome\":\"made\",\"commits\":0,\"dry_run\":true"));
    got = rewrite("rebase", "{\"onto\":\"dev~2\",\"dry_run\":true}");
    assert_int_equal(host_service_status(got), 200);
    head("main", after);
    assert_string_equal(before, after);
    got = rewrite("squash", "{\"from\":\"dev\",\"resolutions\":[{\"key\":\"a\","
                            "\"take\":\"theirs\"},{\"key\":\"m\",\"value\":\"3\"}]}");
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"outcome\":\"made\",\"commits\":1"));
    assert_string_equal(value("a"), "2");
    assert_string_equal(value("m"), "3");
    assert_string_equal(value("e"), "1");
    assert_string_equal(value("d"), "1");
}

static void test_api_rewrite__wrong_requests_change_nothing(void **state)
{
    char before[80];
    char after[80];

    (void)state;
    assert_int_equal(host_service_status(rewrite("revert", "{\"commit\":\"main\"}")), 404);
    fork();
    head("main", before);
    assert_int_equal(host_service_status(rewrite("revert", "{}")), 422);
    assert_int_equal(host_service_status(rewrite("revert", "{\"from\":\"dev\"}")), 422);
    assert_int_equal(host_service_status(rewrite("revert", "{\"commit\":\"none\"}")), 404);
    assert_int_equal(host_service_status(rewrite("squash", "{\"from\":\"dev\",\"mainline\":1}")),
                     422);
    assert_int_equal(host_service_status(rewrite("rebase", "{\"onto\":7}")), 422);
    assert_int_equal(host_service_status(rewrite("rebase", "{\"onto\":\"dev\",\"keep\":true}")),
                     422);
    assert_int_equal(host_service_status(rewrite("reset", "{\"to\":\"none\"}")), 404);
    assert_int_equal(host_service_status(api_ask("POST", "/v1/b/none/reset", "{\"to\":\"dev\"}")),
                     404);
    assert_int_equal(host_service_status(api_ask("GET", "/v1/b/main/revert", NULL)), 405);
    head("main", after);
    assert_string_equal(before, after);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_begin, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_api_rewrite__a_picked_change_comes_alone_with_its_words),
        TEST(test_api_rewrite__a_change_is_taken_back),
        TEST(test_api_rewrite__a_pick_goes_on_like_a_merge),
        TEST(test_api_rewrite__what_is_settled_at_once_is_kept_with_the_rest),
        TEST(test_api_rewrite__of_which_nothing_is_left_makes_no_commit),
        TEST(test_api_rewrite__of_a_merge_the_mainline_must_be_said),
        TEST(test_api_rewrite__a_squash_is_one_commit_with_one_parent),
        TEST(test_api_rewrite__a_rebase_puts_a_line_on_another_base),
        TEST(test_api_rewrite__a_reset_moves_the_branch_and_is_on_record),
        TEST(test_api_rewrite__conflicts_are_resolved_in_the_request),
        TEST(test_api_rewrite__wrong_requests_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
