/* SPDX-License-Identifier: ISC
 *
 * test_long_read.c - who walks over a long history keeps nobody waiting, and loses nothing by it.
 *
 * How: lines of thousands of commits are put into the store of a service, and asked for.  Turns of
 * the loop are made one by one, and counted; between them other clients ask, branches go,
 * collections run, policies drop commits, the device fails.
 */
#include "api_setup.h"
#include "bough/collect.h"
#include "bough/limits.h"
#include "bough/retention.h"
#include "bough/tree.h"

#define LINE        5000u
#define STEP_OF     (BOUGH_HISTORY_STEP_MAX / 2) /* commits of a line in one step */
#define HISTORY     "/v1/b/main/history/k"
#define GET(target) "GET " target " HTTP/1.1\r\nHost: t\r\n\r\n"

/* Adds `count` commits to a branch; only the first one of a branch changes something: "k". */
static void grow(const char *branch, unsigned count)
{
    struct bough_store *store = host.service.store;
    struct bough_ref_move move = {.name = bough_bytes_text(branch),
                                  .next = {.kind = BOUGH_KIND_COMMIT}};
    struct bough_edit edit = {.path = bough_bytes_text("k"),
                              .entry = {.mode = BOUGH_MODE_FILE,
                                        .value = {.size_bytes = 1, .data = bough_bytes_text("1")}}};
    struct bough_commit commit = {0};
    struct bough_arena arena;
    struct bough_ref ref;
    bool there = bough_ref_get(store, move.name, &ref) == BOUGH_OK;

    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    assert_int_equal(bough_tree_edit(store, &commit.tree, &edit, 1, &arena, NULL, &commit.tree),
                     BOUGH_OK);
    for (unsigned i = 0; i < count; i++) {
        struct bough_link parent = i == 0 ? ref.link : move.next.link;

        commit.parents = &parent;
        commit.parent_count = there || i > 0;
        assert_int_equal(bough_commit_put(store, &commit, &arena, &move.next.link), BOUGH_OK);
    }
    assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
    bough_arena_release(&arena);
}

static void turn(void)
{
    assert_int_equal(loop_turn(&host.loop, UINT64_MAX), BOUGH_OK);
}

static struct fake_client *ask(const char *text)
{
    struct fake_client *client = fake_connect(&host.net);

    fake_send(client, text, strlen(text));
    return client;
}

/* How many turns it takes until a client has its answer; in each of them another one gets his. */
static unsigned turns_until(const struct fake_client *slow, struct fake_client *quick)
{
    unsigned turns = 0;

    while (slow->got_len == 0) {
        fake_forget(quick);
        fake_send(quick, GET("/v1/b/main/k/k"), strlen(GET("/v1/b/main/k/k")));
        turn();
        assert_int_equal(host_service_status(quick->got), 200);
        assert_true(++turns < 10 * LINE);
    }
    return turns;
}

/* The number of commits that a response lists. */
static unsigned shown(const char *got)
{
    unsigned count = 0;

    assert_int_equal(host_service_status(got), 200);
    for (const char *at = got; (at = strstr(at, "{\"commit\":\"")) != NULL; at++)
        count++;
    return count;
}

static void test_long_read__others_are_answered_in_every_turn(void **state)
{
    static const struct {
        const char *text;
        unsigned steps;
    } cases[] = {
        {GET(HISTORY), LINE / STEP_OF},
        {GET("/v1/b/main/blame"), LINE / STEP_OF},
        {GET("/v1/merge-base?a=main&b=old"), LINE / BOUGH_HISTORY_STEP_MAX},
        {GET("/v1/commits?from=old&until=main"), LINE / BOUGH_HISTORY_STEP_MAX},
    };
    struct fake_client *quick = fake_connect(&host.net);

    (void)state;
    grow("heads/main", 1);
    assert_int_equal(api_status("PUT", "/v1/branches/old", "{}"), 201);
    grow("heads/main", LINE - 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fake_client *slow = ask(cases[i].text);

        /* Two steps in the first turn: that of the handler, and that of the turn. */
        assert_int_equal(turns_until(slow, quick), cases[i].steps);
        assert_int_equal(host_service_status(slow->got), 200);
    }
    assert_int_equal(shown(api_ask("GET", HISTORY, NULL)), 1);
}

static void test_long_read__a_patch_is_made_between_other_requests(void **state)
{
    static char value[100001];
    const unsigned files = 6; /* three of them make a page: 200 KB compared, and as much written */
    struct fake_client *quick = fake_connect(&host.net);
    struct fake_client *slow;
    char target[64];
    unsigned count = 0;

    (void)state;
    grow("heads/main", 1);
    for (unsigned i = 0; i < 2 * files; i++) {
        memset(value, 'a' + (int)(i / files), sizeof(value) - 1);
        (void)snprintf(target, sizeof(target), "/v1/b/main/k/file%u", i % files);
        assert_true(api_status("PUT", target, value) < 300);
        if (i == files - 1)
            assert_int_equal(api_status("PUT", "/v1/branches/old", "{}"), 201);
    }
    slow = ask("GET /v1/diff?from=old&to=main HTTP/1.1\r\nHost: t\r\nAccept: text/x-diff\r\n\r\n");
    /* Each is a step, and two of them are made in the first turn. */
    assert_int_equal(turns_until(slow, quick), 3 - 1);
    host_service_turn(&host); /* all of it does not leave in one */
    for (const char *at = slow->got; (at = strstr(at, "diff --git ")) != NULL; at++)
        count++;
    assert_int_equal(count, 3);
    assert_non_null(strstr(slow->got, "rel=\"next\""));
}

static void test_long_read__many_of_them_make_one_step_in_a_turn(void **state)
{
    struct fake_client *quick = fake_connect(&host.net);
    struct fake_client *slow[5];
    unsigned turns = 0;

    (void)state;
    grow("heads/main", LINE);
    for (unsigned i = 0; i < 5; i++)
        slow[i] = ask(GET(HISTORY));
    for (unsigned i = 0; i < 5; i++) {
        turns += turns_until(slow[i], quick);
        /* They take turns: the first is not done before the others nearly are. */
        assert_in_range(turns, 5 * (LINE / STEP_OF - 1), 5 * (LINE / STEP_OF + 1));
        assert_int_equal(shown(slow[i]->got), 1);
    }
}

static void test_long_read__what_comes_behind_on_a_connection_waits(void **state)
{
    struct fake_client *client;
    const char *second;

    (void)state;
    grow("heads/main", LINE);
    client = ask(GET(HISTORY) GET("/v1/b/main/k/k"));
    turn();
    turn();
    assert_int_equal(client->got_len, 0);
    host_service_turn(&host);
    second = strstr(client->got + 1, "HTTP/1.1 ");
    assert_non_null(second);
    assert_string_equal(host_service_body(second), "1");
    assert_non_null(strstr(client->got, "\"commits\":[{"));
}

static void no_log(void)
{
    const struct bough_ref_log_window none = {0};

    assert_int_equal(bough_ref_log_window_set(host.service.store, &none), BOUGH_OK);
}

static void test_long_read__what_it_reads_is_not_collected(void **state)
{
    static const char *const targets[] = {GET("/v1/b/side/history/k"), GET("/v1/b/side/blame")};

    (void)state;
    no_log();
    grow("heads/main", 1);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct bough_ref_move gone = {.name = bough_bytes_text("heads/side"), .remove = true};
        struct fake_client *slow;
        struct bough_ref ref;

        grow("heads/side", LINE);
        assert_int_equal(bough_ref_get(host.service.store, gone.name, &ref), BOUGH_OK);
        slow = ask(targets[i]);
        turn();
        assert_int_equal(bough_ref_move(host.service.store, &gone, 1, NULL), BOUGH_OK);
        assert_int_equal(bough_collect_run(host.service.store), BOUGH_OK);
        turn();
        assert_int_equal(slow->got_len, 0);
        host_service_turn(&host);
        assert_true(shown(slow->got) + (strstr(slow->got, "\"keys\":[{\"key\":\"k\"") != NULL) > 0);
        assert_int_equal(bough_collect_run(host.service.store), BOUGH_OK);
        assert_int_equal(bough_store_find(host.service.store, &ref.link.name, &ref.link),
                         BOUGH_NOT_FOUND);
    }
}

static void limit_main(void)
{
    const struct bough_retention policy = {.pattern = bough_bytes_text("heads/main"),
                                           .commits = 1000};

    no_log();
    assert_int_equal(bough_retention_set(host.service.store, &policy, 1), BOUGH_OK);
}

/* What a policy drops meanwhile is read to its end; it goes when the reader is done. */
static void test_long_read__what_a_policy_would_drop_is_read_to_its_end(void **state)
{
    struct fake_client *slow;

    (void)state;
    grow("heads/main", LINE);
    limit_main();
    slow = ask(GET(HISTORY));
    while (slow->got_len == 0) {
        turn();
        grow("heads/main", 1);
        assert_int_equal(bough_collect_run(host.service.store), BOUGH_OK);
    }
    assert_int_equal(host_service_status(slow->got), 200);
    assert_int_equal(shown(slow->got), 1);
    assert_non_null(strstr(slow->got, "\"generation\":1,"));
    assert_int_equal(bough_collect_run(host.service.store), BOUGH_OK);
    slow = ask(GET(HISTORY));
    while (slow->got_len == 0)
        turn();
    assert_null(strstr(slow->got, "\"generation\":1,"));
}

static void test_long_read__a_failed_device_ends_it(void **state)
{
    struct fake_client *slow;

    (void)state;
    grow("heads/main", LINE);
    slow = ask(GET(HISTORY));
    turn();
    host.service.failed = true;
    turn();
    assert_int_equal(host_service_status(slow->got), 503);
    assert_non_null(strstr(slow->got, "\"code\":\"storage-failed\""));
}

/* Time flies. */
static enum bough_err wait_long(struct bough_net *base, uint64_t until_ns)
{
    ((struct fake_net *)base)->clock.now_ns += 1000000000u;
    return fake_wait(base, until_ns);
}

static void test_long_read__one_that_is_given_up_leaves_nothing(void **state)
{
    static struct bough_net_ops ops;
    struct fake_client *slow;

    (void)state;
    grow("heads/main", LINE);
    slow = ask(GET(HISTORY));
    turn();
    ops = *host.net.base.ops;
    ops.wait = wait_long;
    host.net.base.ops = &ops;
    loop_close(&host.loop); /* a moment is too short for it */
    assert_true(slow->closed);
    assert_int_equal(slow->got_len, 0);
    assert_int_equal(bough_collect_run(host.service.store), BOUGH_OK);
}

/* git's ids of a long history are worked out, and what a clone gets is chosen, in steps. */
static void test_long_read__git_is_answered_between_other_requests(void **state)
{
    static const char refs[] = GET("/bough.git/info/refs?service=git-upload-pack");
    static const char form[] = "POST /bough.git/git-upload-pack HTTP/1.1\r\nHost: t\r\n"
                               "Content-Type: application/x-git-upload-pack-request\r\n"
                               "Git-Protocol: version=2\r\nContent-Length: %zu\r\n\r\n%s";
    static struct bough_net_ops ops;
    struct fake_client *quick = fake_connect(&host.net);
    struct fake_client *slow;
    char body[200];
    char text[600];

    (void)state;
    grow("heads/main", LINE);
    assert_int_equal(bough_git_open(host.service.store, 0, &host.service.git), BOUGH_OK);
    slow = ask(refs);
    /* Each commit is met on the way to the first one, and named on the way back. */
    assert_in_range(turns_until(slow, quick), 2 * LINE / BOUGH_GIT_STEP_COMMITS - 2,
                    2 * LINE / BOUGH_GIT_STEP_COMMITS + 2);
    assert_int_equal(host_service_status(slow->got), 200);
    assert_int_equal(turns_until(ask(refs), quick), 1); /* now they are known */
    (void)snprintf(body, sizeof(body), "0011command=fetch00010031want %.40s0009done\n0000",
                   strstr(slow->got, "# service=git-upload-pack") + 34);
    (void)snprintf(text, sizeof(text), form, strlen(body), body);
    slow = ask(text);
    /* Each is chosen, and then what it brings. */
    assert_in_range(turns_until(slow, quick), 2 * LINE / BOUGH_GIT_STEP_COMMITS - 2,
                    2 * LINE / BOUGH_GIT_STEP_COMMITS + 2);
    assert_non_null(strstr(slow->got, "000dpackfile\n"));
    slow = ask(text); /* given up in the middle */
    turn();
    ops = *host.net.base.ops;
    ops.wait = wait_long;
    host.net.base.ops = &ops;
    loop_close(&host.loop);
    assert_true(slow->closed && slow->got_len == 0);
    bough_git_close(host.service.git);
    host.service.git = NULL;
}

static void test_long_read__a_page_ends_after_so_many_steps(void **state)
{
    unsigned most = BOUGH_HISTORY_PAGE_STEPS * STEP_OF;
    char next[16384];
    const char *got;

    (void)state;
    grow("heads/main", most);
    got = api_ask("GET", HISTORY, NULL);
    assert_int_equal(shown(got), 1);
    assert_non_null(strstr(got, "\"next\":null,\"truncated\":false"));
    grow("heads/main", 1);
    got = api_ask("GET", HISTORY, NULL);
    assert_int_equal(shown(got), 0);
    assert_non_null(strstr(got, "\"truncated\":false"));
    assert_int_equal(sscanf(host_service_field(got, "Link"), "<%16383[^>]>", next), 1);
    got = api_ask("GET", next, NULL);
    assert_int_equal(shown(got), 1);
    assert_non_null(strstr(got, "\"next\":null"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_begin, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_long_read__others_are_answered_in_every_turn),
        TEST(test_long_read__a_patch_is_made_between_other_requests),
        TEST(test_long_read__git_is_answered_between_other_requests),
        TEST(test_long_read__many_of_them_make_one_step_in_a_turn),
        TEST(test_long_read__what_comes_behind_on_a_connection_waits),
        TEST(test_long_read__what_it_reads_is_not_collected),
        TEST(test_long_read__what_a_policy_would_drop_is_read_to_its_end),
        TEST(test_long_read__a_failed_device_ends_it),
        TEST(test_long_read__one_that_is_given_up_leaves_nothing),
        TEST(test_long_read__a_page_ends_after_so_many_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
