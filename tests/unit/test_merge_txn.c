/* SPDX-License-Identifier: ISC
 *
 * test_merge_txn.c - writers that saw an older head are merged onto the newer one.
 *
 * How: writers that all saw one commit write in turns; what must be there follows from who wrote
 * which keys.
 */
#include "bough/merge.h"
#include "store_setup.h"
#include <stdio.h>

#define MAIN    "heads/main"
#define WRITERS 50u

static struct bough_link head(struct bough_store *store)
{
    struct bough_ref ref;

    assert_int_equal(bough_ref_get(store, bough_bytes_text(MAIN), &ref), BOUGH_OK);
    return ref.link;
}

/* One put by somebody who saw `seen`. */
static enum bough_err write_seeing(struct bough_store *store, const struct bough_hash *seen,
                                   const char *path, const char *text,
                                   enum bough_merge_outcome *outcome)
{
    static const struct bough_merge_options plain;
    struct bough_arena arena = store_setup_arena();
    struct bough_edit edit = {.path = bough_bytes_text(path), .entry.mode = BOUGH_MODE_FILE};
    const struct bough_txn txn = {
        .branch = bough_bytes_text(MAIN),
        .expect = BOUGH_EXPECT_NAME,
        .expected = *seen,
        .edits = &edit,
        .edit_count = 1,
        .author = {.name = bough_bytes_text("Ann"), .email = bough_bytes_text("ann@example.org")},
        .message = bough_bytes_text("m\n")};
    struct bough_link before = head(store);
    struct bough_link after;
    struct bough_merge_result merged;
    struct bough_txn_result written;
    enum bough_err err;

    assert_int_equal(bough_value_put(store, bough_bytes_text(text), &arena, &edit.entry.value),
                     BOUGH_OK);
    err = bough_merge_txn(store, &txn, &plain, &arena, &merged, &written);
    *outcome = merged.outcome;
    after = head(store);
    if (err == BOUGH_OK && merged.outcome == BOUGH_MERGE_CLEAN)
        assert_memory_equal(&written.commit, &after, sizeof(after));
    else
        assert_memory_equal(&before, &after, sizeof(after));
    bough_arena_release(&arena);
    return err;
}

static uint64_t key_count(struct bough_store *store)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link link = head(store);
    struct bough_commit commit;

    assert_int_equal(bough_commit_get(store, &link, &arena, &commit), BOUGH_OK);
    assert_int_equal(commit.parent_count, 1);
    bough_arena_release(&arena);
    return commit.tree.key_count;
}

static void test_merge_txn__writers_of_different_keys_never_meet(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_txn_result first;
    enum bough_merge_outcome outcome;
    char path[20];

    (void)unused;
    assert_int_equal(store_setup_write(store, MAIN, "k", "1", &first), BOUGH_OK);
    assert_int_equal(store_setup_write(store, MAIN, "second", "1", &first), BOUGH_OK);
    for (unsigned i = 0; i < WRITERS; i++) {
        snprintf(path, sizeof(path), "d%u/k%u", i % 3, i);
        assert_int_equal(write_seeing(store, &first.commit.name, path, "1", &outcome), BOUGH_OK);
        assert_int_equal(outcome, BOUGH_MERGE_CLEAN);
        assert_int_equal(key_count(store), 3 + i);
    }
    bough_store_close(store);
}

static void test_merge_txn__writers_of_one_key_are_told(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_txn_result first;
    enum bough_merge_outcome outcome;

    (void)unused;
    assert_int_equal(store_setup_write(store, MAIN, "k", "1", &first), BOUGH_OK);
    assert_int_equal(write_seeing(store, &first.commit.name, "k", "2", &outcome), BOUGH_OK);
    assert_int_equal(outcome, BOUGH_MERGE_CLEAN);
    assert_int_equal(write_seeing(store, &first.commit.name, "k", "3", &outcome), BOUGH_OK);
    assert_int_equal(outcome, BOUGH_MERGE_CONFLICTS);
    assert_int_equal(write_seeing(store, &first.commit.name, "k", "2", &outcome), BOUGH_OK);
    assert_int_equal(outcome, BOUGH_MERGE_UP_TO_DATE); /* both wrote the same */
    bough_store_close(store);
}

static void test_merge_txn__what_is_no_ancestor_of_the_head_is_stale(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_txn_result first;
    struct bough_txn_result second;
    enum bough_merge_outcome outcome;
    struct bough_ref_move back = {.name = bough_bytes_text(MAIN), .next.kind = BOUGH_KIND_COMMIT};
    struct bough_hash unknown = {{1}};

    (void)unused;
    assert_int_equal(store_setup_write(store, MAIN, "k", "1", &first), BOUGH_OK);
    assert_int_equal(store_setup_write(store, MAIN, "k", "2", &second), BOUGH_OK);
    back.next.link = first.commit;
    assert_int_equal(bough_ref_move(store, &back, 1, NULL), BOUGH_OK);
    assert_int_equal(write_seeing(store, &second.commit.name, "n", "1", &outcome), BOUGH_STALE);
    assert_int_equal(write_seeing(store, &unknown, "n", "1", &outcome), BOUGH_STALE);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_txn__writers_of_different_keys_never_meet),
        cmocka_unit_test(test_merge_txn__writers_of_one_key_are_told),
        cmocka_unit_test(test_merge_txn__what_is_no_ancestor_of_the_head_is_stale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
