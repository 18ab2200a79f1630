/* SPDX-License-Identifier: ISC
 *
 * test_api_branch.c - branches, tags and the log over HTTP.
 *
 * Proves it by moving names about and reading through them; histories with merges are made with the
 * library, because HTTP cannot make one here, and every page size must give the same order.
 */
#include "api_setup.h"
#include "bough/txn.h"
#include "hash.h"

/* Puts a value and gives the commit. */
static void put(const char *branch, const char *value, char hex[80])
{
    char target[128];

    (void)snprintf(target, sizeof(target), "/v1/b/%s/k/k", branch);
    host_service_keep(hex, 80, api_ask("PUT", target, value), "Bough-Commit");
}

static void test_api_branch__a_branch_is_made_from_a_revision_and_goes_its_own_way(void **state)
{
    char one[80];
    char two[80];
    const char *got;

    (void)state;
    put("main", "1", one);
    put("main", "2", two);
    got = api_ask("PUT", "/v1/branches/dev", "{\"from\":\"main~1\"}");
    assert_int_equal(host_service_status(got), 201);
    assert_string_equal(host_service_field(got, "Bough-Commit"), one);
    assert_int_equal(api_status("PUT", "/v1/branches/topic%2Fx", NULL), 201);
    assert_int_equal(api_status("PUT", "/v1/branches/dev", "{}"), 409);
    assert_int_equal(api_status("PUT", "/v1/branches/dev%2Fbelow", "{}"), 409);
    assert_int_equal(api_status("PUT", "/v1/branches/new", "{\"from\":\"none\"}"), 404);
    assert_int_equal(api_status("PUT", "/v1/branches/a..b", "{}"), 400);
    assert_int_equal(api_status("PUT", "/v1/branches/new", "{\"from\":1}"), 422);
    assert_int_equal(api_status("PUT", "/v1/branches/new", "{\"form\":\"main\"}"), 422);
    assert_int_equal(api_status("PUT", "/v1/b/dev/k/own", "x"), 201);
    assert_int_equal(api_status("GET", "/v1/b/main/k/own", NULL), 404);
    assert_string_equal(host_service_body(api_ask("GET", "/v1/b/topic%2Fx/k/k", NULL)), "2");
    got = api_ask("GET", "/v1/branches", NULL);
    assert_non_null(strstr(got, "{\"default\":\"main\",\"branches\":[{\"name\":\"dev\","));
    assert_non_null(strstr(got, "{\"name\":\"topic/x\",\"commit\":\""));
    got = api_ask("GET", "/v1/branches?limit=1&after=dev", NULL);
    assert_non_null(strstr(got, "\"branches\":[{\"name\":\"main\","));
    assert_non_null(strstr(got, "\"more\":true"));
}

static void test_api_branch__moving_back_or_sideways_needs_force(void **state)
{
    char one[80];
    char two[80];
    char three[80];
    char body[256];
    const char *got;

    (void)state;
    put("main", "1", one);
    assert_int_equal(api_status("PUT", "/v1/branches/dev", "{}"), 201);
    put("main", "2", two);
    put("main", "3", three);
    got = api_ask("PATCH", "/v1/branches/dev", "{\"to\":\"main\"}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(host_service_field(got, "Bough-Commit"), three);
    assert_int_equal(api_status("PATCH", "/v1/branches/dev", "{\"to\":\"dev\"}"), 200);
    got = api_ask("PATCH", "/v1/branches/dev", "{\"to\":\"main~1\"}");
    assert_int_equal(host_service_status(got), 409);
    assert_non_null(strstr(got, "\"code\":\"not-fast-forward\""));
    (void)snprintf(body, sizeof(body), "{\"to\":\"main~1\",\"force\":true,\"expect\":\"%s\"}", one);
    assert_int_equal(api_status("PATCH", "/v1/branches/dev", body), 409);
    (void)snprintf(body, sizeof(body), "{\"to\":\"main~1\",\"force\":true,\"expect\":\"%s\"}",
                   three);
    got = api_ask("PATCH", "/v1/branches/dev", body);
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(host_service_field(got, "Bough-Commit"), two);
    assert_int_equal(api_status("PUT", "/v1/b/dev/k/side", "x"), 201);
    assert_int_equal(api_status("PATCH", "/v1/branches/dev", "{\"to\":\"main\"}"), 409);
    assert_int_equal(api_status("PATCH", "/v1/branches/none", "{\"to\":\"main\"}"), 404);
    assert_int_equal(api_status("PATCH", "/v1/branches/dev", "{}"), 422);
    assert_int_equal(api_status("PATCH", "/v1/branches/dev", "{\"to\":\"main\",\"force\":1}"), 422);
    assert_int_equal(api_status("PATCH", "/v1/branches/dev", "{\"to\":\"main\",\"expect\":\"x\"}"),
                     422);
}

static void test_api_branch__if_match_compares_the_head(void **state)
{
    char etag[80];
    char fields[128];
    char hex[80];
    const char *got;

    (void)state;
    put("main", "1", hex);
    host_service_keep(etag, sizeof(etag), api_ask("PUT", "/v1/branches/dev", "{}"), "ETag");
    (void)snprintf(fields, sizeof(fields), "If-Match: %s\r\n", etag);
    put("dev", "2", hex);
    got = host_service_ask(&host, "DELETE", "/v1/branches/dev", fields, NULL);
    assert_int_equal(host_service_status(got), 412);
    (void)snprintf(fields, sizeof(fields), "If-Match: \"%s\"\r\n", hex);
    got = host_service_ask(&host, "DELETE", "/v1/branches/dev", fields, NULL);
    assert_int_equal(host_service_status(got), 204);
    assert_int_equal(api_status("DELETE", "/v1/branches/dev", NULL), 404);
    assert_int_equal(api_status("DELETE", "/v1/branches/main", NULL), 403);
    (void)snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", etag);
    got = host_service_ask(&host, "GET", "/v1/branches/main", fields, NULL);
    assert_int_equal(host_service_status(got), 304);
}

static void test_api_tag__a_tag_names_one_commit_and_does_not_move(void **state)
{
    char one[80];
    char two[80];
    const char *got;

    (void)state;
    put("main", "1", one);
    assert_int_equal(api_status("PUT", "/v1/tags/v1", "{\"target\":\"main\"}"), 201);
    put("main", "2", two);
    assert_int_equal(api_status("PUT", "/v1/tags/v1", "{\"target\":\"main\"}"), 409);
    assert_int_equal(api_status("PUT", "/v1/tags/v2", "{}"), 422);
    assert_int_equal(api_status("PUT", "/v1/tags/v2", "{\"target\":\"none\"}"), 404);
    got = api_ask("GET", "/v1/tags/v1", NULL);
    assert_non_null(strstr(got, one));
    assert_non_null(strstr(got, "\"annotated\":false"));
    assert_string_equal(host_service_body(api_ask("GET", "/v1/at/v1/k/k", NULL)), "1");
    assert_non_null(
        strstr(api_ask("GET", "/v1/tags", NULL), "{\"tags\":[{\"name\":\"v1\",\"commit\":\""));
    assert_int_equal(api_status("DELETE", "/v1/tags/v1", NULL), 204);
    assert_int_equal(api_status("GET", "/v1/tags/v1", NULL), 404);
    assert_int_equal(api_status("DELETE", "/v1/tags/v1", NULL), 404);
}

static void test_api_branch__a_branch_of_another_repository_is_a_revision(void **state)
{
    struct bough_ref_move move = {.name = bough_bytes_text("remotes/origin/main")};
    char one[80];
    char two[80];

    (void)state;
    put("main", "1", one);
    put("main", "2", two);
    assert_int_equal(bough_ref_get(host.service.store, bough_bytes_text("heads/main"), &move.next),
                     BOUGH_OK);
    assert_int_equal(bough_ref_move(host.service.store, &move, 1, NULL), BOUGH_OK);
    put("main", "3", one);
    assert_string_equal(
        host_service_body(api_ask("GET", "/v1/at/remotes%2Forigin%2Fmain/k/k", NULL)), "2");
    assert_string_equal(
        host_service_body(api_ask("GET", "/v1/at/remotes%2Forigin%2Fmain~1/k/k", NULL)), "1");
    assert_int_equal(api_status("GET", "/v1/diff?from=remotes/origin/main&to=main", NULL), 200);
    assert_int_equal(api_status("GET", "/v1/at/remotes%2Forigin%2Fdev/k/k", NULL), 404);
    assert_int_equal(api_status("GET", "/v1/at/remotes%2F/k/k", NULL), 400);
    /* Only these: other refs are named as branches and tags, or not at all. */
    move.name = bough_bytes_text("notes/main");
    assert_int_equal(bough_ref_move(host.service.store, &move, 1, NULL), BOUGH_OK);
    assert_int_equal(api_status("GET", "/v1/at/notes%2Fmain/k/k", NULL), 404);
    assert_int_equal(api_status("GET", "/v1/b/remotes%2Forigin%2Fmain/k/k", NULL), 404);
    /* A branch of that name comes first. */
    assert_int_equal(
        api_status("PUT", "/v1/branches/remotes%2Forigin%2Fmain", "{\"from\":\"main\"}"), 201);
    assert_string_equal(
        host_service_body(api_ask("GET", "/v1/at/remotes%2Forigin%2Fmain/k/k", NULL)), "3");
}

static void test_api_branch__another_branch_is_made_the_default(void **state)
{
    char hex[80];
    const char *got;

    (void)state;
    put("main", "1", hex);
    assert_int_equal(api_status("PATCH", "/v1/branches/dev", "{\"default\":true}"), 404);
    assert_int_equal(api_status("PUT", "/v1/branches/dev", "{}"), 201);
    assert_int_equal(api_status("PATCH", "/v1/branches/dev", "{\"default\":false}"), 422);
    assert_int_equal(api_status("PATCH", "/v1/branches/dev", "{\"default\":true,\"to\":\"main\"}"),
                     422);
    got = api_ask("PATCH", "/v1/branches/dev", "{\"default\":true}");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(host_service_field(got, "Bough-Commit"), hex);
    got = api_ask("GET", "/v1/branches", NULL);
    assert_non_null(strstr(got, "{\"default\":\"dev\","));
    assert_int_equal(api_status("DELETE", "/v1/branches/dev", NULL), 403);
    assert_int_equal(api_status("DELETE", "/v1/branches/main", NULL), 204);
}

/* ---- a history with merges ---- */

/* A commit on parents[0..count-1], whose message is its number. */
static struct bough_link commit_on(struct bough_arena *arena, const struct bough_link *parents,
                                   uint32_t count, int number)
{
    char text[16];
    struct bough_commit commit = {
        .parents = parents,
        .parent_count = count,
        .author = {.name = bough_bytes_text("A"),
                   .email = bough_bytes_text("a@b"),
                   .time_s = number},
    };
    struct bough_link link;

    (void)snprintf(text, sizeof(text), "c%02d", number);
    commit.committer = commit.author;
    commit.message = bough_bytes_text(text);
    assert_int_equal(bough_commit_put(host.service.store, &commit, arena, &link), BOUGH_OK);
    return link;
}

/* Six rungs of a ladder: each has two commits, each on both of the rung before. */
static void make_ladder(void)
{
    struct bough_arena arena;
    struct bough_link pair[2];
    struct bough_ref_move move = {.name = bough_bytes_text("heads/main"),
                                  .next = {.kind = BOUGH_KIND_COMMIT}};

    bough_arena_init(&arena, host_env()->heap, 1 << 22);
    pair[0] = commit_on(&arena, NULL, 0, 1);
    pair[1] = commit_on(&arena, NULL, 0, 2);
    for (int i = 3; i < 13; i += 2) {
        struct bough_link a = commit_on(&arena, pair, 2, i);

        pair[1] = commit_on(&arena, pair, 2, i + 1);
        pair[0] = a;
    }
    move.next.link = commit_on(&arena, pair, 2, 13);
    assert_int_equal(bough_ref_move(host.service.store, &move, 1, NULL), BOUGH_OK);
    bough_arena_release(&arena);
}

/* The messages of all pages, without blanks. */
static const char *follow(const char *first)
{
    static char all[256];
    char url[8192];

    all[0] = '\0';
    (void)snprintf(url, sizeof(url), "%s", first);
    while (url[0] != '\0') {
        const char *got = api_ask("GET", url, NULL);
        const char *next;

        assert_int_equal(host_service_status(got), 200);
        for (const char *at = strstr(got, "\"message\":\""); at;
             at = strstr(at + 1, "\"message\":\""))
            strncat(all, at + 11, 3);
        next = strstr(got, "\"next\":\"");
        url[0] = '\0';
        if (next != NULL)
            (void)snprintf(url, sizeof(url), "%.*s", (int)strcspn(next + 8, "\""), next + 8);
        assert_true(strlen(all) < sizeof(all) - 40);
    }
    return all;
}

static void test_api_log__children_come_before_parents_and_each_commit_once(void **state)
{
    char whole[256];

    (void)state;
    make_ladder();
    (void)snprintf(whole, sizeof(whole), "%s", follow("/v1/commits"));
    assert_int_equal(strlen(whole), 13 * 3);
    assert_memory_equal(whole, "c13", 3);
    for (int i = 1; i <= 13; i++) {
        char one[16];
        const char *at;

        (void)snprintf(one, sizeof(one), "c%02d", i);
        at = strstr(whole, one);
        assert_non_null(at);
        assert_null(strstr(at + 1, one));
        /* Rung by rung, the two of a rung in either order. */
        assert_int_equal((13 - (at - whole) / 3 + 1) / 2, (i + 1) / 2);
    }
    for (int limit = 1; limit <= 14; limit++) {
        char url[64];

        (void)snprintf(url, sizeof(url), "/v1/commits?limit=%d", limit);
        assert_string_equal(follow(url), whole);
    }
}

static void test_api_log__until_hides_a_commit_and_all_before_it(void **state)
{
    char hex[80];
    char url[200];
    const char *got;

    (void)state;
    make_ladder();
    assert_int_equal(strlen(follow("/v1/commits?until=main")), 0);
    got = follow("/v1/commits?until=main~1&limit=1");
    assert_memory_equal(got, "c13", 3);
    assert_int_equal(strlen(got), 2 * 3); /* the tip and the other rung of the first step */
    assert_int_equal(strlen(follow("/v1/commits?from=main~6,main~3")), 7 * 3);
    assert_int_equal(api_status("GET", "/v1/commits?from=none", NULL), 404);
    assert_int_equal(api_status("GET", "/v1/commits?limit=1001", NULL), 400);
    host_service_keep(hex, sizeof(hex), api_ask("GET", "/v1/commits/main~1", NULL), "Bough-Commit");
    (void)snprintf(url, sizeof(url), "/v1/commits/%s", hex);
    got = api_ask("GET", url, NULL);
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(host_service_field(got, "Cache-Control"), "immutable"));
    assert_non_null(strstr(got, "\"generation\":6"));
}

static void test_api_log__an_unborn_branch_has_no_commits(void **state)
{
    (void)state;
    assert_non_null(strstr(api_ask("GET", "/v1/commits", NULL),
                           "{\"commits\":[],\"next\":null,\"truncated\":false}"));
    assert_int_equal(api_status("GET", "/v1/commits/main", NULL), 404);
    assert_int_equal(api_status("GET", "/v1/branches/main", NULL), 404);
    assert_int_equal(api_status("PUT", "/v1/branches/dev", "{}"), 404);
}

static void test_api_branch__a_deleted_branch_is_on_record_and_comes_back(void **state)
{
    char one[80];
    char two[80];
    const char *got;

    (void)state;
    put("main", "1", one);
    put("main", "2", two);
    assert_int_equal(api_status("PUT", "/v1/branches/dev", "{}"), 201);
    assert_int_equal(api_status("PUT", "/v1/branches/dev", "{\"undelete\":true}"), 409);
    assert_int_equal(api_status("PATCH", "/v1/branches/dev", "{\"to\":\"main~1\",\"force\":true}"),
                     200);
    assert_int_equal(
        host_service_status(host_service_ask(&host, "DELETE", "/v1/branches/dev",
                                             "Bough-Author: Ann <ann@example.org>\r\n", NULL)),
        204);
    got = api_ask("GET", "/v1/reflog", NULL);
    assert_non_null(strstr(got, "\"moves\":100,\"days\":90,\"refs\":[{\"ref\":\"heads/dev\","
                                "\"exists\":false}],\"more\":false}"));
    got = api_ask("GET", "/v1/branches/dev/log", NULL);
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"new\":null,"));
    assert_non_null(strstr(got, "\"name\":\"Ann\",\"email\":\"ann@example.org\","
                                "\"why\":\"deleted\"}"));
    assert_non_null(strstr(strstr(got, "\"new\":null,"), two)); /* older: what force lost */
    assert_non_null(strstr(got, "\"why\":\"moved by force\"}],\"more\":false}"));
    assert_non_null(strstr(api_ask("GET", "/v1/branches/dev/log?limit=1", NULL), "\"more\":true}"));
    got = api_ask("PUT", "/v1/branches/dev", "{\"undelete\":true}");
    assert_int_equal(host_service_status(got), 201);
    assert_string_equal(host_service_field(got, "Bough-Commit"), one);
    assert_int_equal(api_status("PUT", "/v1/branches/none", "{\"undelete\":true}"), 404);
    assert_int_equal(api_status("PUT", "/v1/branches/none", "{\"undelete\":false}"), 422);
    assert_int_equal(api_status("GET", "/v1/branches/a%20b/log", NULL), 400);
    assert_int_equal(api_status("PUT", "/v1/reflog", "{\"moves\":10001}"), 422);
    assert_int_equal(api_status("PUT", "/v1/reflog", "{\"moves\":10000,\"days\":7}"), 204);
    assert_non_null(strstr(api_ask("GET", "/v1/reflog", NULL), "\"moves\":10000,\"days\":7,"));
    assert_int_equal(api_status("DELETE", "/v1/reflog", NULL), 204);
    assert_non_null(strstr(api_ask("GET", "/v1/branches/dev/log", NULL), "\"log\":[]"));
}

/* A tag with a message is an object of its own; what is wrong with it makes no tag. */
static void test_api_branch__annotated_tags(void **state)
{
    static const char *const bad[] = {
        "{\"target\":\"main\",\"message\":1}",
        "{\"target\":\"main\",\"message\":\"x\",\"author\":1}",
        "{\"target\":\"main\",\"tagger\":\"x\"}",
        "{\"message\":\"x\"}",
    };
    static const char good[] = "{\"target\":\"main\",\"message\":\"One\"}";
    const char *got;

    (void)state;
    assert_int_equal(api_status("PUT", "/v1/b/main/k/a", "1"), 201);
    assert_int_equal(api_status("PUT", "/v1/tags/v1", good), 501); /* where git is not served */
    assert_int_equal(bough_git_open(host.service.store, 0, &host.service.git), BOUGH_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(api_status("PUT", "/v1/tags/v1", bad[i]), 422);
    assert_int_equal(api_status("PUT", "/v1/tags/v1",
                                "{\"target\":\"main\",\"message\":\"x\",\"author\":\"nobody\"}"),
                     400);
    assert_int_equal(api_status("PUT", "/v1/tags/v1", "{\"target\":\"none\",\"message\":\"x\"}"),
                     404);
    assert_int_equal(api_status("GET", "/v1/tags/v1", ""), 404);
    got = api_ask("PUT", "/v1/tags/v1", good);
    assert_int_equal(host_service_status(got), 201);
    assert_non_null(strstr(got, "\"annotated\":true,\"message\":\"One\\n\""));
    assert_null(strstr(api_ask("GET", "/v1/tags", ""), "message"));
    assert_int_equal(api_status("PUT", "/v1/tags/v1", good), 409);
    bough_git_close(host.service.git);
    host.service.git = NULL;
}

#define T(name) cmocka_unit_test_setup_teardown(name, api_begin, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_api_branch__a_branch_is_made_from_a_revision_and_goes_its_own_way),
        T(test_api_branch__moving_back_or_sideways_needs_force),
        T(test_api_branch__if_match_compares_the_head),
        T(test_api_tag__a_tag_names_one_commit_and_does_not_move),
        T(test_api_branch__a_branch_of_another_repository_is_a_revision),
        T(test_api_branch__another_branch_is_made_the_default),
        T(test_api_log__children_come_before_parents_and_each_commit_once),
        T(test_api_log__until_hides_a_commit_and_all_before_it),
        T(test_api_log__an_unborn_branch_has_no_commits),
        T(test_api_branch__a_deleted_branch_is_on_record_and_comes_back),
        T(test_api_branch__annotated_tags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
