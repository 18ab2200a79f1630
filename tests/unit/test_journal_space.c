/* SPDX-License-Identifier: ISC
 *
 * test_journal_space.c - a collection with room to spare leaves little garbage.
 *
 * How: values of 1 KiB to 1.9 KiB, so that their size classes exceed their records by 4 %
 * on the average.  Of eighteen in turn one is deleted: not enough for those who take the
 * classes for the lengths, enough for who knows better.  That must be known after a restart, too,
 * from the checkpoint and from the log behind it.
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/journal.h"
#include "store_setup.h"
#include "test_seed.h"
#include <stdio.h>

#define BLOCK_SIZE  4096u
#define BLOCKS      32768u
#define BLOCKS_LESS 24576u /* a checkpoint is due after a quarter of them: before the deletion */
#define KEYS        18000u
#define SIZE_MIN    1024u
#define SIZE_SPREAD 900u
#define DELETED     18u /* one of so many */

struct world {
    struct bough_block *ram;
    struct block_borrow borrow;
    struct bough_store *store;
};

static void start(struct world *world)
{
    struct bough_backend *backend;

    assert_int_equal(
        bough_journal_open(host_env(), block_borrow(&world->borrow, world->ram), &backend),
        BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 0, &world->store), BOUGH_OK);
}

static void begin(struct world *world, uint64_t block_count)
{
    *world = (struct world){0};
    assert_int_equal(bough_ram_open(host_env(), BLOCK_SIZE, block_count, &world->ram), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), world->ram, NULL), BOUGH_OK);
    start(world);
}

static void end(struct world *world)
{
    bough_store_close(world->store);
    bough_block_close(world->ram);
}

/* One commit, that puts or removes every `each`th key. */
static void commit(struct world *world, unsigned each, bool remove, uint64_t *seed)
{
    static struct bough_edit edits[KEYS];
    static char paths[KEYS][16];
    static uint8_t bytes[SIZE_MIN + SIZE_SPREAD];
    struct bough_arena arena = store_setup_arena();
    struct bough_txn txn = {.branch = bough_bytes_text("heads/main"), .edits = edits};
    struct bough_txn_result result;

    for (unsigned i = 0; i < KEYS; i += each) {
        struct bough_edit *edit = &edits[txn.edit_count];
        size_t len = SIZE_MIN + test_below(seed, SIZE_SPREAD);

        snprintf(paths[txn.edit_count], sizeof(paths[0]), "k%05u", i);
        *edit = (struct bough_edit){.path = bough_bytes_text(paths[txn.edit_count++]),
                                    .remove = remove,
                                    .entry = {.mode = BOUGH_MODE_FILE}};
        for (size_t at = 0; at < len; at++)
            bytes[at] = (uint8_t)test_random(seed);
        if (!remove)
            assert_int_equal(bough_value_put(world->store, bough_bytes_of(bytes, len), &arena,
                                             &edit->entry.value),
                             BOUGH_OK);
    }
    assert_int_equal(bough_txn_commit(world->store, &txn, &arena, &result), BOUGH_OK);
    bough_arena_release(&arena);
    assert_int_equal(bough_store_sync(world->store), BOUGH_OK);
}

/* Leads the branch to a commit of its present tree that has no parents, and forgets the rest. */
static void forget_history(struct world *world)
{
    const struct bough_ref_log_window no_log = {0};
    struct bough_ref_move move = {.name = bough_bytes_text("heads/main"),
                                  .next = {.kind = BOUGH_KIND_COMMIT}};
    struct bough_arena arena = store_setup_arena();
    struct bough_commit commit;
    struct bough_ref head;

    assert_int_equal(bough_ref_get(world->store, move.name, &head), BOUGH_OK);
    assert_int_equal(bough_commit_get(world->store, &head.link, &arena, &commit), BOUGH_OK);
    commit.parent_count = 0;
    assert_int_equal(bough_ref_log_window_set(world->store, &no_log), BOUGH_OK);
    assert_int_equal(bough_commit_put(world->store, &commit, &arena, &move.next.link), BOUGH_OK);
    assert_int_equal(bough_ref_move(world->store, &move, 1, NULL), BOUGH_OK);
    bough_arena_release(&arena);
    assert_int_equal(bough_store_sync(world->store), BOUGH_OK);
}

static uint64_t used(const struct world *world)
{
    struct bough_store_info info;

    bough_store_info(world->store, &info);
    return info.used_bytes;
}

/* Deletes one key of DELETED, after a restart if `restarted`, and collects. */
static void delete_and_collect(uint64_t block_count, bool restarted)
{
    uint64_t seed = test_seed();
    struct world world;
    uint64_t before;

    begin(&world, block_count);
    commit(&world, 1, false, &seed);
    before = used(&world);
    commit(&world, DELETED, true, &seed);
    if (restarted) {
        bough_store_close(world.store);
        start(&world);
    }
    forget_history(&world);
    assert_int_equal(bough_collect_run(world.store), BOUGH_OK);
    print_message("%llu bytes of %llu\n", (unsigned long long)used(&world),
                  (unsigned long long)before);
    assert_true(used(&world) < before - before / (2 * DELETED));
    end(&world);
}

static void test_journal_space__an_eighteenth_of_garbage_is_collected(void **state)
{
    (void)state;
    delete_and_collect(BLOCKS, false);
}

static void test_journal_space__also_after_a_restart_from_the_log(void **state)
{
    (void)state;
    delete_and_collect(BLOCKS, true);
}

static void test_journal_space__also_after_a_restart_from_a_checkpoint(void **state)
{
    (void)state;
    delete_and_collect(BLOCKS_LESS, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal_space__an_eighteenth_of_garbage_is_collected),
        cmocka_unit_test(test_journal_space__also_after_a_restart_from_the_log),
        cmocka_unit_test(test_journal_space__also_after_a_restart_from_a_checkpoint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
