/* SPDX-License-Identifier: ISC
 *
 * test_ref.c - refs move as expected, all at once or not at all.
 */
#include "store_setup.h"
#include <stdio.h>

static struct bough_ref_move move_to(const char *name, const struct bough_link *link)
{
    return (struct bough_ref_move){.name = bough_bytes_text(name),
                                   .next = {.kind = BOUGH_KIND_COMMIT, .link = *link}};
}

static void test_ref__names_follow_git_s_rules(void **unused)
{
    static const char *const good[] = {"heads/main",     "heads/a/b", "tags/v1.0", "heads/a@b",
                                       "heads/\xc3\xa4", "notes/x",   "heads/{"};
    static const char *const bad[] = {"",           "main",       "heads/",      "/heads/x",
                                      "heads//x",   "heads/.x",   "heads/x.",    "heads/x.lock",
                                      "heads/a..b", "heads/a b",  "heads/a~1",   "heads/a^",
                                      "heads/a:b",  "heads/a?",   "heads/a*",    "heads/a[",
                                      "heads/a\\b", "heads/a@{1", "heads/a\x7f", "heads/x.lock/y",
                                      "heads/a\n"};
    char text[300];

    (void)unused;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(bough_ref_name_check(bough_bytes_text(good[i])), BOUGH_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(bough_ref_name_check(bough_bytes_text(bad[i])), BOUGH_INVALID);
    memset(text, 'x', sizeof(text));
    memcpy(text, "heads/", 6);
    assert_int_equal(bough_ref_name_check(bough_bytes_of(text, 250)), BOUGH_OK);
    assert_int_equal(bough_ref_name_check(bough_bytes_of(text, 251)), BOUGH_TOO_BIG);
}

static void test_ref__several_moves_are_one(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_txn_result first;
    struct bough_txn_result second;
    struct bough_ref_move moves[3];
    struct bough_ref ref;
    size_t culprit = 99;

    (void)unused;
    assert_int_equal(store_setup_write(store, "heads/main", "k", "1", &first), BOUGH_OK);
    assert_int_equal(store_setup_write(store, "heads/main", "k", "2", &second), BOUGH_OK);
    moves[0] = move_to("heads/a", &first.commit);
    moves[1] = move_to("tags/t", &second.commit);
    moves[2] = move_to("heads/main", &first.commit);
    moves[2].expect = BOUGH_EXPECT_NAME;
    moves[2].expected = first.commit.name; /* it is at the second */
    assert_int_equal(bough_ref_move(store, moves, 3, &culprit), BOUGH_STALE);
    assert_int_equal(culprit, 2);
    assert_int_equal(bough_ref_get(store, bough_bytes_text("heads/a"), &ref), BOUGH_NOT_FOUND);
    moves[2].expected = second.commit.name;
    assert_int_equal(bough_ref_move(store, moves, 3, &culprit), BOUGH_OK);
    assert_int_equal(bough_ref_get(store, bough_bytes_text("heads/main"), &ref), BOUGH_OK);
    assert_true(bough_hash_equal(&ref.link.name, &first.commit.name));

    moves[0].expect = BOUGH_EXPECT_ABSENT;
    assert_int_equal(bough_ref_move(store, moves, 1, NULL), BOUGH_STALE);
    moves[1] = moves[0];
    moves[0].expect = BOUGH_EXPECT_ANY;
    moves[1].expect = BOUGH_EXPECT_ANY;
    assert_int_equal(bough_ref_move(store, moves, 2, &culprit), BOUGH_INVALID); /* named twice */
    moves[0] = move_to("heads/a/b", &first.commit); /* heads/a is a ref */
    assert_int_equal(bough_ref_move(store, moves, 1, NULL), BOUGH_CONFLICT);
    moves[0] = (struct bough_ref_move){.name = bough_bytes_text("heads/none"), .remove = true};
    assert_int_equal(bough_ref_move(store, moves, 1, NULL), BOUGH_NOT_FOUND);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_ref__they_are_listed_in_order(void **unused)
{
    static const char *const names[] = {"heads/a", "heads/a-b", "heads/b/c", "heads/b0", "tags/a"};
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_txn_result result;
    struct bough_bytes after = {0};
    struct bough_bytes name;
    struct bough_ref ref;

    (void)unused;
    assert_int_equal(store_setup_write(store, "heads/main", "k", "1", &result), BOUGH_OK);
    for (size_t i = 5; i-- > 0;) {
        struct bough_ref_move move = move_to(names[i], &result.commit);

        assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            bough_ref_next(store, bough_bytes_text("heads/"), after, &arena, &name, &ref),
            BOUGH_OK);
        assert_true(bough_bytes_equal(name, bough_bytes_text(names[i])));
        after = name;
    }
    assert_int_equal(bough_ref_next(store, bough_bytes_text("heads/"), after, &arena, &name, &ref),
                     BOUGH_OK);
    assert_true(bough_bytes_equal(name, bough_bytes_text("heads/main")));
    assert_int_equal(bough_ref_next(store, bough_bytes_text("heads/"), name, &arena, &name, &ref),
                     BOUGH_NOT_FOUND);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_ref__the_number_of_moves_has_a_limit(void **unused)
{
    static struct bough_ref_move moves[1025];
    static char names[1025][24];
    struct bough_store *store = store_setup();
    struct bough_txn_result result;

    (void)unused;
    assert_int_equal(store_setup_write(store, "heads/main", "k", "1", &result), BOUGH_OK);
    for (int i = 0; i < 1025; i++) {
        sprintf(names[i], "heads/b%04d", i);
        moves[i] = move_to(names[i], &result.commit);
    }
    assert_int_equal(bough_ref_move(store, moves, 1025, NULL), BOUGH_TOO_BIG);
    assert_int_equal(bough_ref_move(store, moves, 1024, NULL), BOUGH_OK);
    bough_store_close(store);
}

static void test_ref__the_default_branch_is_a_setting(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_txn_result result;
    struct bough_bytes name;

    (void)unused;
    assert_int_equal(bough_ref_head(store, &arena, &name), BOUGH_OK);
    assert_true(bough_bytes_equal(name, bough_bytes_text("heads/main")));
    assert_int_equal(bough_ref_head_set(store, bough_bytes_text("heads/dev")), BOUGH_NOT_FOUND);
    assert_int_equal(store_setup_write(store, "heads/main", "k", "1", &result), BOUGH_OK);
    struct bough_ref_move move = move_to("heads/dev", &result.commit);

    assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
    assert_int_equal(bough_ref_head_set(store, bough_bytes_text("heads/dev")), BOUGH_OK);
    assert_int_equal(bough_ref_head(store, &arena, &name), BOUGH_OK);
    assert_true(bough_bytes_equal(name, bough_bytes_text("heads/dev")));
    bough_arena_release(&arena);
    bough_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ref__names_follow_git_s_rules),
        cmocka_unit_test(test_ref__several_moves_are_one),
        cmocka_unit_test(test_ref__they_are_listed_in_order),
        cmocka_unit_test(test_ref__the_number_of_moves_has_a_limit),
        cmocka_unit_test(test_ref__the_default_branch_is_a_setting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
