/* SPDX-License-Identifier: ISC
 *
 * test_api_merge.c - merges over HTTP: done, refused, in progress, continued, given up.
 *
 * Proves it by writing on two branches, merging, and reading every key that was written; a merge
 * that was refused leaves the branch's head as it was.  A merge in progress is looked at again by a
 * second service over the same store.
 */
#include "api_setup.h"
#include "bough/ref.h"
#include "hash.h"

/* One commit on a branch with the operations in `ops`. */
static void txn(const char *branch, const char *ops)
{
    char target[64];
    char body[4096];

    (void)snprintf(target, sizeof(target), "/v1/b/%s/txn", branch);
    (void)snprintf(body, sizeof(body), "{\"ops\":[%s]}", ops);
    assert_int_equal(api_status("POST", target, body), 200);
}

#define PUT(key, value) "{\"op\":\"put\",\"key\":\"" key "\",\"value\":\"" value "\"}"
#define DEL(key)        "{\"op\":\"delete\",\"key\":\"" key "\"}"

/* Two branches that have gone their own ways from one commit. */
static void fork(const char *base, const char *ours, const char *theirs)
{
    txn("main", base);
    assert_int_equal(api_status("PUT", "/v1/branches/dev", NULL), 201);
    txn("main", ours);
    txn("dev", theirs);
}

static const char *value(const char *key)
{
    char target[256];
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

static const char *merge(const char *body)
{
    return api_ask("POST", "/v1/b/main/merge", body);
}

static void expect_problem(const char *got, int status, const char *code)
{
    char member[64];

    (void)snprintf(member, sizeof(member), "\"code\":\"%s\"", code);
    if (host_service_status(got) != status || strstr(got, member) == NULL)
        fail_msg("not %d %s: %s", status, code, got);
}

static void test_api_merge__what_each_side_changed_is_there(void **state)
{
    char ours[80];
    char theirs[80];
    char now[80];
    const char *got;

    (void)state;
    fork(PUT("a", "1") "," PUT("b", "1") "," PUT("c", "1"), PUT("a", "2") "," DEL("c"),
         PUT("b", "3") "," PUT("d/e", "4"));
    head("main", ours);
    head("dev", theirs);
    got = merge("{\"from\":\"dev\",\"message\":\"both\",\"author\":\"A <a@b>\"}");
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"outcome\":\"merged\""));
    assert_non_null(strstr(got, "\"ahead\":1,\"behind\":1"));
    assert_string_equal(value("a"), "2");
    assert_string_equal(value("b"), "3");
    assert_string_equal(value("c"), "(none)");
    assert_string_equal(value("d/e"), "4");
    head("main", now);
    assert_string_not_equal(now, ours);
    got = api_ask("GET", "/v1/commits/main", NULL);
    assert_non_null(strstr(got, "\"message\":\"both\\n\""));
    assert_non_null(strstr(got, ours));
    assert_non_null(strstr(got, theirs));
    got = merge("{\"from\":\"dev\"}");
    assert_non_null(strstr(got, "\"outcome\":\"up-to-date\""));
    assert_string_equal(host_service_field(got, "Bough-Unchanged"), "1");
    assert_string_equal(host_service_field(got, "Bough-Commit"), now);
}

static void test_api_merge__a_fast_forward_makes_no_commit_unless_asked(void **state)
{
    char theirs[80];
    const char *got;

    (void)state;
    txn("main", PUT("a", "1"));
    assert_int_equal(api_status("PUT", "/v1/branches/dev", NULL), 201);
    assert_int_equal(api_status("PUT", "/v1/branches/old", NULL), 201);
    txn("dev", PUT("b", "1"));
    head("dev", theirs);
    got = merge("{\"from\":\"dev\",\"dry_run\":true}");
    assert_non_null(strstr(got, "{\"commit\":null,\"outcome\":\"fast-forward\""));
    assert_string_equal(value("b"), "(none)");
    got = merge("{\"from\":\"dev\"}");
    assert_non_null(strstr(got, "\"outcome\":\"fast-forward\""));
    assert_string_equal(host_service_field(got, "Bough-Commit"), theirs);
    got = api_ask("POST", "/v1/b/old/merge", "{\"from\":\"dev\",\"no_ff\":true}");
    assert_string_not_equal(host_service_field(got, "Bough-Commit"), theirs);
    got = api_ask("GET", "/v1/commits/old~1", NULL);
    assert_null(strstr(got, theirs));
}

static void test_api_merge__conflicts_are_listed_with_all_three_sides(void **state)
{
    char before[80];
    char after[80];
    const char *got;

    (void)state;
    fork(PUT("e", "0") "," PUT("gone", "0") "," PUT("kept", "0") "," PUT("v", "0"),
         PUT("e", "1") "," PUT("new", "1") "," PUT("gone", "1") "," DEL("kept") "," DEL(
             "v") "," PUT("v/x", "1"),
         PUT("e", "2") "," PUT("new", "2") "," DEL("gone") "," PUT("kept", "2") "," PUT(
             "v", "2") "," PUT("free", "2"));
    head("main", before);
    got = merge("{\"from\":\"dev\"}");
    expect_problem(got, 409, "merge-conflict");
    assert_string_equal(host_service_field(got, "Content-Type"), "application/problem+json");
    assert_non_null(strstr(got, "\"conflict_count\":5"));
    assert_non_null(strstr(got, "{\"key\":\"e\",\"kind\":\"edit/edit\",\"base\":{\"etag\":\""));
    assert_non_null(strstr(got, "\"size\":1,\"mode\":\"100644\",\"inline\":\"2\""));
    assert_non_null(strstr(got, "{\"key\":\"gone\",\"kind\":\"edit/delete\""));
    assert_non_null(strstr(got, "{\"key\":\"kept\",\"kind\":\"delete/edit\""));
    assert_non_null(strstr(got, "{\"key\":\"new\",\"kind\":\"add/add\",\"base\":null"));
    assert_non_null(strstr(got, "{\"key\":\"v\",\"kind\":\"tree/value\""));
    assert_non_null(strstr(got, "\"ours\":{\"keys\":1}"));
    assert_non_null(strstr(got, "\"truncated\":false"));
    head("main", after);
    assert_string_equal(before, after);
    assert_string_equal(value("free"), "(none)");
}

static void test_api_merge__resolutions_complete_it_in_one_request(void **state)
{
    const char *got;

    (void)state;
    fork(PUT("a", "0") "," PUT("b", "0") "," PUT("c", "0") "," PUT("d", "0") "," PUT("v", "0"),
         PUT("a", "1") "," PUT("b", "1") "," PUT("c", "1") "," PUT("d", "1") "," DEL("v") "," PUT(
             "v/x", "1"),
         PUT("a", "2") "," PUT("b", "2") "," PUT("c", "2") "," PUT("d", "2") "," PUT("v", "2"));
    got = merge("{\"from\":\"dev\",\"resolutions\":[{\"key\":\"d\",\"delete\":true},"
                "{\"key\":\"a\",\"take\":\"theirs\"},{\"key\":\"b\",\"take\":\"base\"},"
                "{\"key\":\"c\",\"value\":\"3\",\"mode\":\"100755\"},"
                "{\"key\":\"v\",\"take\":\"theirs\"}]}");
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"outcome\":\"merged\""));
    assert_string_equal(value("a"), "2");
    assert_string_equal(value("b"), "0");
    assert_string_equal(value("c"), "3");
    assert_string_equal(value("d"), "(none)");
    assert_string_equal(value("v"), "2");
    got = api_ask("GET", "/v1/b/main/k/c", NULL);
    assert_string_equal(host_service_field(got, "Bough-Mode"), "100755");
    expect_problem(api_ask("GET", "/v1/b/main/merge", NULL), 404, "no-such-merge");
}

static void test_api_merge__it_is_continued_step_by_step_by_another_service(void **state)
{
    struct loop loop;
    const char *got;

    (void)state;
    fork(PUT("a", "0") "," PUT("b", "0") "," PUT("c", "0"),
         PUT("a", "1") "," PUT("b", "1") "," PUT("c", "1"),
         PUT("a", "2") "," PUT("b", "2") "," PUT("c", "2") "," PUT("free", "2"));
    expect_problem(merge("{\"from\":\"dev\",\"message\":\"kept words\"}"), 409, "merge-conflict");
    got = merge("{\"from\":\"dev\",\"resolutions\":[{\"key\":\"a\",\"value\":\"3\"}]}");
    expect_problem(got, 409, "merge-conflict");
    assert_non_null(strstr(got, "\"conflict_count\":2"));
    loop_close(&host.loop); /* whatever the service knew is gone: only the store stays */
    loop_init(&loop, &host.service, &host.net.base);
    host.loop = loop;
    got = api_ask("GET", "/v1/b/main/merge?limit=1", NULL);
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"conflict_count\":2"));
    assert_non_null(strstr(got, "\"conflicts\":[{\"key\":\"b\""));
    assert_null(strstr(got, "{\"key\":\"c\""));
    assert_non_null(strstr(got, "\"truncated\":true"));
    got = api_ask("GET", "/v1/b/main/merge?limit=1&after=b", NULL);
    assert_non_null(strstr(got, "\"conflicts\":[{\"key\":\"c\""));
    assert_non_null(strstr(got, "\"truncated\":false"));
    got = merge("{\"resolutions\":[{\"key\":\"b\",\"take\":\"ours\"},"
                "{\"key\":\"free\",\"take\":\"theirs\"}]}"); /* which nobody disputes */
    expect_problem(got, 422, "unprocessable");
    got = merge("{\"from\":\"dev\",\"resolutions\":[{\"key\":\"b\",\"take\":\"ours\"},"
                "{\"key\":\"a\",\"value\":\"4\"}]}"); /* "a" was settled otherwise */
    expect_problem(got, 409, "merge-conflict");
    assert_non_null(strstr(got, "\"conflicts\":[{\"key\":\"c\""));
    got = merge("{\"resolutions\":[{\"key\":\"c\",\"delete\":true}]}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(value("a"), "4");
    assert_string_equal(value("b"), "1");
    assert_string_equal(value("c"), "(none)");
    assert_string_equal(value("free"), "2");
    got = api_ask("GET", "/v1/commits/main", NULL);
    assert_non_null(strstr(got, "\"message\":\"kept words\\n\""));
    expect_problem(api_ask("GET", "/v1/b/main/merge", NULL), 404, "no-such-merge");
}

static void test_api_merge__it_is_continued_by_the_request_that_began_it(void **state)
{
    static const char *const other[] = {"\"message\":\"mine\"",       "\"message\":\"our\"",
                                        "\"author\":\"A <b@b>\"",     "\"author\":\"B <a@b>\"",
                                        "\"strategy\":\"three-way\"", "\"favor\":\"none\""};
    char body[256];

    (void)state;
    fork(PUT("a", "0"), PUT("a", "1"), PUT("a", "2"));
    for (unsigned i = 0; i < 2; i++)
        expect_problem(merge("{\"from\":\"dev\",\"message\":\"ours\",\"author\":\"A <a@b>\","
                             "\"no_ff\":true,\"allow_unrelated\":false}"),
                       409, "merge-conflict");
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        (void)snprintf(body, sizeof(body), "{%s}", other[i]);
        expect_problem(merge(body), 409, "merge-in-progress");
    }
    assert_int_equal(
        host_service_status(merge("{\"author\":\"A <a@b>\",\"message\":\"ours\\n\","
                                  "\"resolutions\":[{\"key\":\"a\",\"take\":\"theirs\"}]}")),
        200);
    assert_string_equal(value("a"), "2");
}

static void test_api_merge__a_resolution_must_be_for_a_path_in_conflict(void **state)
{
    static const char *const bad[] = {
        "{\"key\":\"free\",\"take\":\"ours\"}",
        "{\"key\":\"none\",\"delete\":true}",
        "{\"key\":\"new\",\"take\":\"base\"}",
        "{\"key\":\"a\",\"take\":\"ours\"},{\"key\":\"a\",\"take\":\"theirs\"}",
        "{\"key\":\"a\",\"take\":\"mine\"}",
        "{\"key\":\"a\"}",
        "{\"key\":\"a\",\"delete\":false}",
        "{\"key\":\"a\",\"take\":\"ours\",\"value\":\"1\"}",
        "{\"key\":\"a/../b\",\"take\":\"ours\"}",
        "{\"take\":\"ours\"}",
        "{\"key\":\"a\",\"value_base64\":\"!\"}",
        "{\"key\":\"a\",\"value\":\"1\",\"mode\":\"040000\"}",
        "1",
    };
    char before[80];
    char after[80];
    char body[256];

    (void)state;
    fork(PUT("a", "0"), PUT("a", "1") "," PUT("new", "1"),
         PUT("a", "2") "," PUT("new", "2") "," PUT("free", "2"));
    head("main", before);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(body, sizeof(body), "{\"from\":\"dev\",\"resolutions\":[%s]}", bad[i]);
        expect_problem(merge(body), 422, "unprocessable");
    }
    expect_problem(merge("{\"from\":\"dev\",\"resolutions\":{}}"), 422, "unprocessable");
    expect_problem(api_ask("GET", "/v1/b/main/merge", NULL), 404, "no-such-merge");
    txn("main", PUT("clean", "1"));
    assert_int_equal(api_status("PUT", "/v1/branches/clean", "{\"from\":\"main\"}"), 201);
    txn("clean", PUT("more", "1"));
    head("main", before);
    expect_problem(
        merge("{\"from\":\"clean\",\"resolutions\":[{\"key\":\"a\",\"take\":\"ours\"}]}"), 422,
        "unprocessable");
    head("main", after);
    assert_string_equal(before, after);
}

static void test_api_merge__a_resolution_may_be_as_long_as_a_value(void **state)
{
    (void)state;
    fork(PUT("a", "0"), PUT("a", "1"), PUT("a", "2"));
    host.service.config.value_bytes = 4;
    expect_problem(merge("{\"from\":\"dev\"}"), 409, "merge-conflict");
    expect_problem(merge("{\"resolutions\":[{\"key\":\"a\",\"value\":\"12345\"}]}"), 413,
                   "too-big");
    assert_int_equal(api_status("GET", "/v1/b/main/merge", NULL), 200); /* as it was */
    assert_string_equal(value("a"), "1");
    assert_int_equal(
        host_service_status(merge("{\"resolutions\":[{\"key\":\"a\",\"value\":\"1234\"}]}")), 200);
    assert_string_equal(value("a"), "1234");
}

static void test_api_merge__a_branch_that_moved_or_went_is_said_clearly(void **state)
{
    const char *got;

    (void)state;
    fork(PUT("a", "0") "," PUT("b", "0"), PUT("a", "1") "," PUT("b", "1"),
         PUT("a", "2") "," PUT("b", "2"));
    assert_int_equal(api_status("PUT", "/v1/branches/topic%2Fx", NULL), 201);
    got = api_ask("POST", "/v1/b/topic%2Fx/merge",
                  "{\"from\":\"dev\",\"resolutions\":[{\"key\":\"a\",\"take\":\"ours\"}]}");
    expect_problem(got, 409, "merge-conflict");
    expect_problem(merge("{\"from\":\"dev\"}"), 409, "merge-conflict"); /* two at once */
    txn("topic%2Fx", PUT("moved", "1"));
    got = api_ask("POST", "/v1/b/topic%2Fx/merge", "{\"resolutions\":[]}");
    expect_problem(got, 409, "head-moved");
    got = api_ask("POST", "/v1/b/topic%2Fx/merge", "{\"from\":\"dev\"}");
    expect_problem(got, 409, "head-moved");
    got = api_ask("POST", "/v1/b/topic%2Fx/merge", "{\"from\":\"dev~1\"}");
    expect_problem(got, 409, "merge-in-progress");
    got = api_ask("POST", "/v1/b/topic%2Fx/merge", "{\"strategy\":\"ours\"}");
    expect_problem(got, 409, "merge-in-progress");
    assert_non_null(strstr(api_ask("GET", "/v1/b/topic%2Fx/merge", NULL), "\"moved\":true"));
    assert_int_equal(api_status("DELETE", "/v1/branches/topic%2Fx", NULL), 204);
    expect_problem(api_ask("GET", "/v1/b/topic%2Fx/merge", NULL), 404, "no-such-branch");
    expect_problem(api_ask("POST", "/v1/b/topic%2Fx/merge", "{}"), 404, "no-such-branch");
    got = api_ask("GET", "/v1/merges", NULL);
    assert_non_null(strstr(got, "{\"merges\":[{\"branch\":\"main\",\"draft\":\""));
    assert_non_null(strstr(got, "{\"branch\":\"topic/x\",\"draft\":\""));
    got = api_ask("GET", "/v1/merges?limit=1&after=main", NULL);
    assert_non_null(strstr(got, "{\"merges\":[{\"branch\":\"topic/x\""));
    assert_int_equal(api_status("GET", "/v1/merges?after=a..b", NULL), 400);
    assert_int_equal(api_status("DELETE", "/v1/b/topic%2Fx/merge", NULL), 204);
    expect_problem(api_ask("DELETE", "/v1/b/topic%2Fx/merge", NULL), 404, "no-such-merge");
    assert_int_equal(host_service_status(merge("{\"from\":\"dev\",\"dry_run\":true,"
                                               "\"favor\":\"ours\"}")),
                     200);
    assert_non_null(strstr(api_ask("GET", "/v1/b/main/merge", NULL), "\"moved\":false"));
}

static void test_api_merge__options_settle_what_they_say(void **state)
{
    const char *got;

    (void)state;
    fork(PUT("a", "1\\n") "," PUT("b", "0"), PUT("a", "1\\n2\\n") "," PUT("b", "1"),
         PUT("a", "1\\n3\\n") "," PUT("b", "2"));
    got = merge("{\"from\":\"dev\",\"dry_run\":true,\"favor\":\"theirs\"}");
    assert_int_equal(host_service_status(got), 200);
    got = merge("{\"from\":\"dev\",\"keep\":false}");
    expect_problem(got, 409, "merge-conflict");
    assert_non_null(strstr(got, "\"draft\":null"));
    expect_problem(api_ask("GET", "/v1/b/main/merge", NULL), 404, "no-such-merge");
    assert_int_equal(api_status("PUT", "/v1/branches/union", NULL), 201);
    got = merge("{\"from\":\"dev\",\"strategy\":\"theirs\"}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(value("b"), "2");
    got = api_ask("POST", "/v1/b/union/merge",
                  "{\"from\":\"dev\",\"strategy\":\"union\",\"favor\":\"ours\"}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(host_service_body(api_ask("GET", "/v1/b/union/k/a", NULL)), "1\n2\n3\n");
}

static void test_api_merge__attributes_of_ours_choose_the_policy(void **state)
{
    (void)state;
    fork(PUT(".gitattributes", "*.n merge=counter\\n") "," PUT(
             "d/.gitattributes",
             "x.n -merge\\n") "," PUT("c.n", "10\\n") "," PUT("d/x.n", "10\\n") "," PUT("d/y.n",
                                                                                        "10\\n"),
         PUT("c.n", "11\\n") "," PUT("d/x.n", "11\\n") "," PUT("d/y.n", "12\\n"),
         PUT("c.n", "15\\n") "," PUT("d/x.n", "15\\n") "," PUT("d/y.n", "9\\n"));
    const char *got = merge("{\"from\":\"dev\",\"strategy\":\"ours\"}");

    expect_problem(got, 409, "merge-conflict"); /* a policy of its own counts, also none */
    assert_non_null(strstr(got, "\"conflicts\":[{\"key\":\"d/x.n\""));
    assert_non_null(strstr(got, "\"conflict_count\":1"));
    got = merge("{\"resolutions\":[{\"key\":\"d/x.n\",\"take\":\"ours\"}]}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(value("c.n"), "16\n");
    assert_string_equal(value("d/y.n"), "11\n");
}

static void test_api_merge__wrong_requests_change_nothing(void **state)
{
    char body[256];
    char dev[80];

    (void)state;
    expect_problem(merge("{\"from\":\"main\"}"), 404, "no-such-branch"); /* no commit yet */
    fork(PUT("a", "0"), PUT("b", "1"), PUT("c", "2"));
    head("dev", dev);
    expect_problem(merge("{}"), 422, "unprocessable");
    expect_problem(merge("{\"from\":1}"), 422, "unprocessable");
    expect_problem(merge("{\"from\":\"none\"}"), 404, "no-such-revision");
    expect_problem(api_ask("POST", "/v1/b/none/merge", "{\"from\":\"dev\"}"), 404,
                   "no-such-branch");
    expect_problem(merge("{\"from\":\"dev\",\"strategy\":\"octopus\"}"), 422, "unprocessable");
    expect_problem(merge("{\"from\":\"dev\",\"favor\":1}"), 422, "unprocessable");
    expect_problem(merge("{\"from\":\"dev\",\"dry_run\":1}"), 422, "unprocessable");
    expect_problem(merge("{\"from\":\"dev\",\"expect\":\"main\"}"), 422, "unprocessable");
    expect_problem(merge("{\"from\":\"dev\",\"form\":1}"), 422, "unprocessable");
    (void)snprintf(body, sizeof(body), "{\"from\":\"dev\",\"expect\":\"%s\"}", dev);
    expect_problem(merge(body), 409, "head-moved");
    assert_string_equal(value("c"), "(none)");
    expect_problem(api_ask("DELETE", "/v1/b/main/merge", NULL), 404, "no-such-merge");
    assert_int_equal(api_status("GET", "/v1/b/main/merge?limit=0", NULL), 404);
}

static void test_api_merge__a_report_is_cut_at_its_limit_and_goes_on_by_pages(void **state)
{
    char ops[3][8192] = {"", "", ""};
    char target[128] = "/v1/b/main/merge?limit=7";
    unsigned met = 0;
    const char *got;

    (void)state;
    for (unsigned i = 0; i < BOUGH_MERGE_REPORT_MAX + 1; i++)
        for (unsigned j = 0; j < 3; j++)
            (void)snprintf(ops[j] + strlen(ops[j]), 70,
                           "%s"
                           "{\"op\":\"put\",\"key\":\"k%03u\","
                           "\"value\":\"%u\"}",
                           i == 0 ? "" : ",", i, j);
    fork(PUT("x", "0"), "", "");
    for (unsigned j = 0; j < 3; j++) {
        char body[sizeof(ops[0]) + 16] = "{\"ops\":[";

        strcat(strcat(body, ops[j]), "]}");
        assert_int_equal(api_status("POST", j == 2 ? "/v1/b/dev/txn" : "/v1/b/main/txn", body),
                         200);
        if (j == 0)
            assert_int_equal(api_status("PATCH", "/v1/branches/dev", "{\"to\":\"main\"}"), 200);
    }
    got = merge("{\"from\":\"dev\"}");
    expect_problem(got, 409, "merge-conflict");
    assert_non_null(strstr(got, "\"conflict_count\":101"));
    assert_non_null(strstr(got, "{\"key\":\"k099\""));
    assert_null(strstr(got, "{\"key\":\"k100\""));
    assert_non_null(strstr(got, "\"truncated\":true"));
    for (bool more = true; more;) {
        unsigned last = 0;

        got = api_ask("GET", target, NULL);
        assert_int_equal(host_service_status(got), 200);
        for (const char *at = got; (at = strstr(at, "{\"key\":\"k")) != NULL; at++) {
            assert_int_equal(sscanf(at, "{\"key\":\"k%u", &last), 1);
            assert_int_equal(last, met++);
        }
        more = strstr(got, "\"truncated\":true") != NULL;
        (void)snprintf(target, sizeof(target), "/v1/b/main/merge?limit=7&after=k%03u", last);
    }
    assert_int_equal(met, 101);
}

static void test_api_merge__keys_that_are_no_text_are_listed_and_settled(void **state)
{
    static const char put[] = "{\"ops\":[{\"op\":\"put\",\"key_encoded\":\"%%FF/a\","
                              "\"value_base64\":\"%s\"}]}";
    char body[256];
    const char *got;

    (void)state;
    txn("main", PUT("x", "0"));
    assert_int_equal(api_status("PUT", "/v1/branches/dev", NULL), 201);
    (void)snprintf(body, sizeof(body), put, "AP8=");
    assert_int_equal(api_status("POST", "/v1/b/main/txn", body), 200);
    (void)snprintf(body, sizeof(body), put, "/wA=");
    assert_int_equal(api_status("POST", "/v1/b/dev/txn", body), 200);
    got = merge("{\"from\":\"dev\"}");
    expect_problem(got, 409, "merge-conflict");
    assert_non_null(strstr(got, "{\"key_encoded\":\"%FF/a\",\"kind\":\"add/add\""));
    assert_non_null(strstr(got, "\"inline_base64\":\"/wA=\""));
    got = merge("{\"resolutions\":[{\"key_encoded\":\"%FF/a\",\"value_base64\":\"AQI=\"}]}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(value("%FF/a"), "\1\2");
}

static void test_api_merge__without_memory_nothing_is_changed(void **state)
{
    uint64_t enough = host.service.config.request_bytes;
    unsigned refused = 0;
    char before[80];
    char after[80];
    int status = 0;

    (void)state;
    fork(PUT("a", "0") "," PUT("d/b", "0") "," PUT("c", "0"),
         PUT("a", "1") "," PUT("d/b", "1") "," PUT("d/own", "1"),
         PUT("a", "2") "," PUT("d/b", "2") "," PUT("d/free", "2"));
    head("main", before);
    for (uint64_t bytes = 16384; status != 200; bytes += 1024) {
        host.service.config.request_bytes = bytes;
        status = host_service_status(
            merge("{\"from\":\"dev\",\"resolutions\":[{\"key\":\"a\",\"take\":\"ours\"},"
                  "{\"key\":\"d/b\",\"value\":\"3\"}]}"));
        host.service.config.request_bytes = enough;
        refused += status == 503;
        head("main", after);
        if (status != 200) {
            assert_int_equal(status, 503);
            assert_string_equal(before, after);
        }
    }
    assert_true(refused > 2);
    assert_string_equal(value("d/b"), "3");
    assert_string_equal(value("d/free"), "2");
}

static void test_api_merge__unrelated_histories_are_merged_only_when_asked(void **state)
{
    struct bough_commit commit = {.message = bough_bytes_text("root\n")};
    struct bough_ref_move move = {.name = bough_bytes_text("heads/other"),
                                  .next = {.kind = BOUGH_KIND_COMMIT}};
    struct bough_arena arena;

    (void)state;
    txn("main", PUT("a", "1"));
    bough_arena_init(&arena, host.env.heap, 1 << 20);
    assert_int_equal(bough_commit_put(host.service.store, &commit, &arena, &move.next.link),
                     BOUGH_OK);
    assert_int_equal(bough_ref_move(host.service.store, &move, 1, NULL), BOUGH_OK);
    bough_arena_release(&arena);
    expect_problem(merge("{\"from\":\"other\"}"), 409, "unrelated-histories");
    assert_int_equal(host_service_status(merge("{\"from\":\"other\",\"allow_unrelated\":true}")),
                     200);
    assert_string_equal(value("a"), "1");
}

static void test_api_merge__what_was_given_up_comes_back(void **state)
{
    static const char undelete[] = "{\"undelete\":true}";
    char draft[2][80];
    const char *got;

    (void)state;
    fork(PUT("a", "0"), PUT("a", "1"), PUT("a", "2"));
    expect_problem(api_ask("PUT", "/v1/b/main/merge", undelete), 404, "no-such-merge");
    expect_problem(merge("{\"from\":\"dev\"}"), 409, "merge-conflict");
    host_service_keep(draft[0], 80, api_ask("GET", "/v1/b/main/merge", NULL), "ETag");
    expect_problem(api_ask("PUT", "/v1/b/main/merge", undelete), 409, "merge-in-progress");
    assert_null(strstr(api_ask("GET", "/v1/reflog", NULL), "merge/main"));
    assert_int_equal(api_status("DELETE", "/v1/b/main/merge", NULL), 204);
    assert_non_null(strstr(api_ask("GET", "/v1/reflog", NULL),
                           "\"refs\":[{\"ref\":\"merge/main\",\"exists\":false}]"));
    expect_problem(api_ask("PUT", "/v1/b/main/merge", "{}"), 422, "unprocessable");
    expect_problem(api_ask("PUT", "/v1/b/main/merge", "{\"undelete\":false}"), 422,
                   "unprocessable");
    got = api_ask("PUT", "/v1/b/main/merge", undelete);
    assert_int_equal(host_service_status(got), 201);
    assert_non_null(strstr(got, "{\"branch\":\"main\",\"draft\":\""));
    host_service_keep(draft[1], 80, got, "ETag");
    assert_string_equal(draft[0], draft[1]);
    assert_int_equal(api_status("DELETE", "/v1/reflog", NULL), 204);
    assert_int_equal(
        host_service_status(merge("{\"resolutions\":[{\"key\":\"a\",\"take\":\"theirs\"}]}")), 200);
    assert_non_null(strstr(api_ask("GET", "/v1/reflog", NULL), "\"refs\":[]"));
    expect_problem(api_ask("PUT", "/v1/b/main/merge", undelete), 404, "no-such-merge");
}

/* Branches a, b and c off main, each with a key of its own and one more. */
static void fork_three(const char *ops_a, const char *ops_b, const char *ops_c)
{
    const char *const names[] = {"a", "b", "c"};
    const char *const ops[] = {ops_a, ops_b, ops_c};
    char target[64];

    txn("main", PUT("base", "0"));
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(target, sizeof(target), "/v1/branches/%s", names[i]);
        assert_int_equal(api_status("PUT", target, NULL), 201);
        txn(names[i], ops[i]);
    }
    txn("main", PUT("own", "1"));
}

static void test_api_merge__several_end_in_one_commit(void **state)
{
    char heads[4][80];
    char member[400];
    const char *got;

    (void)state;
    fork_three(PUT("a", "1"), PUT("b", "1"), PUT("c", "1"));
    head("main", heads[0]);
    head("c", heads[1]);
    head("a", heads[2]);
    head("b", heads[3]);
    got = merge("{\"from\":[\"c\",\"a\",\"b\"],\"dry_run\":true}");
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "{\"commit\":null,\"outcome\":\"merged\""));
    assert_string_equal(value("a"), "(none)");
    got = merge("{\"from\":[\"c\",\"main~1\",\"a\",\"c\",\"b\"]}");
    assert_int_equal(host_service_status(got), 200);
    (void)snprintf(member, sizeof(member), "\"theirs\":null,\"heads\":[\"%s\",\"%s\",\"%s\"]",
                   heads[1], heads[2], heads[3]);
    assert_non_null(strstr(got, member));
    assert_non_null(strstr(got, "\"ahead\":1,\"behind\":3"));
    got = api_ask("GET", "/v1/commits/main", NULL);
    (void)snprintf(member, sizeof(member), "\"parents\":[\"%s\",\"%s\",\"%s\",\"%s\"]", heads[0],
                   heads[1], heads[2], heads[3]);
    assert_non_null(strstr(got, member));
    assert_non_null(strstr(got, "\"message\":\"merge c, a and b\\n\""));
    assert_string_equal(value("a"), "1");
    assert_string_equal(value("b"), "1");
    assert_string_equal(value("c"), "1");
    got = merge("{\"from\":[\"a\",\"b\"]}");
    assert_non_null(strstr(got, "\"outcome\":\"up-to-date\""));
    (void)snprintf(member, sizeof(member), "\"theirs\":\"%s\",\"heads\":[\"%s\"]", heads[2],
                   heads[2]);
    assert_non_null(strstr(got, member));
}

static void test_api_merge__a_conflict_of_several_says_which_and_is_not_kept(void **state)
{
    char before[80];
    char after[80];
    char b[80];
    char member[200];
    const char *got;

    (void)state;
    fork_three(PUT("k", "1"), PUT("k", "2"), PUT("c", "1"));
    head("main", before);
    head("b", b);
    for (unsigned dry = 0; dry < 2; dry++) {
        got = merge(dry == 0 ? "{\"from\":[\"a\",\"c\",\"b\"]}"
                             : "{\"from\":[\"a\",\"b\",\"c\"],\"dry_run\":true}");
        expect_problem(got, 409, "merge-conflict");
        (void)snprintf(member, sizeof(member), "\"theirs\":\"%s\"", b);
        assert_non_null(strstr(got, member));
        assert_non_null(strstr(got, "\"detail\":\"at \\\"b\\\"; nothing is kept"));
        assert_non_null(strstr(got, "\"draft\":null,\"conflict_count\":1"));
        assert_non_null(strstr(got, "{\"key\":\"k\",\"kind\":\"add/add\""));
    }
    expect_problem(api_ask("GET", "/v1/b/main/merge", NULL), 404, "no-such-merge");
    expect_problem(merge("{\"from\":[\"a\",\"b\"],\"resolutions\":[{\"key\":\"k\","
                         "\"take\":\"ours\"}]}"),
                   422, "unprocessable");
    expect_problem(merge("{\"from\":[\"a\",\"none\"]}"), 404, "no-such-revision");
    expect_problem(merge("{\"from\":[\"a\",1]}"), 422, "unprocessable");
    expect_problem(merge("{\"from\":[]}"), 422, "unprocessable");
    head("main", after);
    assert_string_equal(before, after);
    got = merge("{\"from\":[\"a\",\"b\",\"c\"],\"favor\":\"theirs\"}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(value("k"), "2");
}

/* One that is left of a list is merged as if it were named alone: with a merge in progress. */
static void test_api_merge__one_that_is_left_is_kept_and_continued(void **state)
{
    const char *got;

    (void)state;
    fork_three(PUT("k", "1"), PUT("b", "1"), PUT("c", "1"));
    txn("main", PUT("k", "2"));
    expect_problem(merge("{\"from\":[\"main~1\",\"a\"]}"), 409, "merge-conflict");
    assert_non_null(strstr(api_ask("GET", "/v1/b/main/merge", NULL), "\"conflict_count\":1"));
    expect_problem(merge("{\"from\":[\"a\",\"b\"]}"), 409, "merge-in-progress");
    expect_problem(merge("{\"dry_run\":true}"), 409, "merge-conflict");
    got = merge("{\"from\":[\"a\",\"main~1\"],\"resolutions\":[{\"key\":\"k\","
                "\"take\":\"theirs\"}]}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(value("k"), "1");
    assert_non_null(strstr(api_ask("GET", "/v1/commits/main", NULL), "\"message\":\"merge a\\n\""));
}

static void test_api_merge__a_list_has_its_limit(void **state)
{
    char body[2][BOUGH_MERGE_HEADS_MAX * 12 + 64] = {"{\"from\":[\"main\"", "{\"from\":["};

    (void)state;
    fork_three(PUT("a", "1"), PUT("b", "1"), PUT("c", "1"));
    for (unsigned i = 0; i < BOUGH_MERGE_HEADS_MAX; i++)
        for (unsigned k = 0; k < 2; k++)
            (void)snprintf(body[k] + strlen(body[k]), 12, "%s\"%c\"", k == 1 && i == 0 ? "" : ",",
                           'a' + (int)(i % 3));
    expect_problem(merge(strcat(body[0], "]}")), 422, "unprocessable");
    assert_int_equal(host_service_status(merge(strcat(body[1], "]}"))), 200);
    assert_string_equal(value("c"), "1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_begin, api_end)

static void test_api_merge__short_values_are_shown(void **state)
{
    char puts[3][2 * BOUGH_MERGE_INLINE_BYTES_MAX + 200];
    char text[BOUGH_MERGE_INLINE_BYTES_MAX + 2];
    const char *got;

    (void)state;
    for (int side = 0; side < 3; side++) {
        memset(text, 'a' + side, sizeof(text));
        (void)snprintf(puts[side], sizeof(puts[side]), PUT("at", "%.*s") "," PUT("past", "%.*s"),
                       (int)BOUGH_MERGE_INLINE_BYTES_MAX, text,
                       (int)BOUGH_MERGE_INLINE_BYTES_MAX + 1, text);
    }
    fork(puts[0], puts[1], puts[2]);
    got = merge("{\"from\":\"dev\"}");
    expect_problem(got, 409, "merge-conflict");
    got = strstr(got, "\"key\":\"at\"");
    assert_non_null(got);
    assert_non_null(strstr(got, "\"inline\":\"bbb"));
    got = strstr(got, "\"key\":\"past\"");
    assert_non_null(got);
    assert_null(strstr(got, "\"inline"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_api_merge__what_each_side_changed_is_there),
        TEST(test_api_merge__a_fast_forward_makes_no_commit_unless_asked),
        TEST(test_api_merge__conflicts_are_listed_with_all_three_sides),
        TEST(test_api_merge__resolutions_complete_it_in_one_request),
        TEST(test_api_merge__it_is_continued_step_by_step_by_another_service),
        TEST(test_api_merge__it_is_continued_by_the_request_that_began_it),
        TEST(test_api_merge__a_resolution_must_be_for_a_path_in_conflict),
        TEST(test_api_merge__a_resolution_may_be_as_long_as_a_value),
        TEST(test_api_merge__a_branch_that_moved_or_went_is_said_clearly),
        TEST(test_api_merge__options_settle_what_they_say),
        TEST(test_api_merge__attributes_of_ours_choose_the_policy),
        TEST(test_api_merge__wrong_requests_change_nothing),
        TEST(test_api_merge__a_report_is_cut_at_its_limit_and_goes_on_by_pages),
        TEST(test_api_merge__keys_that_are_no_text_are_listed_and_settled),
        TEST(test_api_merge__without_memory_nothing_is_changed),
        TEST(test_api_merge__unrelated_histories_are_merged_only_when_asked),
        TEST(test_api_merge__what_was_given_up_comes_back),
        TEST(test_api_merge__several_end_in_one_commit),
        TEST(test_api_merge__a_conflict_of_several_says_which_and_is_not_kept),
        TEST(test_api_merge__one_that_is_left_is_kept_and_continued),
        TEST(test_api_merge__a_list_has_its_limit),
        cmocka_unit_test_setup_teardown(test_api_merge__short_values_are_shown, api_begin, api_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
