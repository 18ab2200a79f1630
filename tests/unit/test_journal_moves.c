/* SPDX-License-Identifier: ISC
 *
 * test_journal_moves.c - what is moved again and again is found, and the maps of moves do not grow
 * with it.
 *
 * How: values that nobody touches, among others of which some are replaced in each round, so that
 * collections move everything many times.  After each round there may be a few moves for each
 * living object, however many there were; now and then the store is opened again.  All values are
 * compared with a model, a commit that stays is asked for by its name, and at last fsck reads
 * everything.
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "journal_state.h"
#include "store_setup.h"
#include "test_seed.h"
#include <stdio.h>

#define BLOCK_SIZE  4096u
#define BLOCKS      8192u
#define KEYS        3000u
#define REPLACED    300u /* in each round */
#define ROUNDS      24u
#define VALUE_BYTES 900u
#define MOVES_EACH  3u /* as many at most for each object that lives */

struct world {
    struct bough_block *ram;
    struct block_borrow borrow;
    struct bough_backend *backend;
    struct bough_store *store;
    uint64_t seed;
    unsigned rounds[KEYS];   /* in which the value was written */
    struct bough_hash named; /* the commit that stays */
};

static void start(struct world *world)
{
    assert_int_equal(
        bough_journal_open(host_env(), block_borrow(&world->borrow, world->ram), &world->backend),
        BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), world->backend, 0, &world->store), BOUGH_OK);
}

/* What key number `key` holds, if it was written in that round. */
static struct bough_bytes value_of(unsigned key, unsigned round)
{
    static uint8_t bytes[VALUE_BYTES];
    uint64_t random = ((uint64_t)key << 32 | round) + 1;

    for (size_t i = 0; i < VALUE_BYTES; i++)
        bytes[i] = (uint8_t)test_random(&random);
    return bough_bytes_of(bytes, VALUE_BYTES);
}

/* Writes `count` keys from `first` on, in one commit that forgets all history. */
static void write_keys(struct world *world, unsigned first, unsigned count, unsigned round)
{
    static struct bough_edit edits[KEYS];
    static char paths[KEYS][16];
    const struct bough_ref_log_window no_log = {0};
    struct bough_arena arena = store_setup_arena();
    struct bough_commit commit = {.message = bough_bytes_text("round\n")};
    struct bough_ref_move move = {.name = bough_bytes_text("heads/main"),
                                  .next = {.kind = BOUGH_KIND_COMMIT}};
    struct bough_tree tree = {0};
    struct bough_ref head;
    size_t culprit;

    if (bough_ref_get(world->store, move.name, &head) == BOUGH_OK) {
        assert_int_equal(bough_commit_get(world->store, &head.link, &arena, &commit), BOUGH_OK);
        tree = commit.tree;
        commit.parent_count = 0;
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned key = (first + i) % KEYS;

        snprintf(paths[i], sizeof(paths[i]), "k%05u", key);
        edits[i] = (struct bough_edit){.path = bough_bytes_text(paths[i]),
                                       .entry = {.mode = BOUGH_MODE_FILE}};
        world->rounds[key] = round;
        assert_int_equal(
            bough_value_put(world->store, value_of(key, round), &arena, &edits[i].entry.value),
            BOUGH_OK);
    }
    assert_int_equal(
        bough_tree_edit(world->store, &tree, edits, count, &arena, &culprit, &commit.tree),
        BOUGH_OK);
    assert_int_equal(bough_ref_log_window_set(world->store, &no_log), BOUGH_OK);
    assert_int_equal(bough_commit_put(world->store, &commit, &arena, &move.next.link), BOUGH_OK);
    assert_int_equal(bough_ref_move(world->store, &move, 1, NULL), BOUGH_OK);
    assert_int_equal(bough_store_sync(world->store), BOUGH_OK);
    bough_arena_release(&arena);
}

static void expect_all(struct world *world)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_commit commit;
    struct bough_ref head;

    assert_int_equal(bough_ref_get(world->store, bough_bytes_text("heads/main"), &head), BOUGH_OK);
    assert_int_equal(bough_commit_get(world->store, &head.link, &arena, &commit), BOUGH_OK);
    for (unsigned key = 0; key < KEYS; key++) {
        struct bough_arena_mark mark = bough_arena_now(&arena);
        struct bough_entry entry;
        struct bough_bytes found;
        char path[16];

        snprintf(path, sizeof(path), "k%05u", key);
        assert_int_equal(
            bough_tree_find(world->store, &commit.tree, bough_bytes_text(path), &arena, &entry),
            BOUGH_OK);
        assert_int_equal(bough_value_get(world->store, &entry.value, VALUE_BYTES, &arena, &found),
                         BOUGH_OK);
        assert_true(bough_bytes_equal(found, value_of(key, world->rounds[key])));
        bough_arena_back(&arena, mark);
    }
    bough_arena_release(&arena);
}

/* A branch that stays where it is. */
static void write_named(struct world *world)
{
    struct bough_txn_result result;
    struct bough_ref_move move = {.name = bough_bytes_text("heads/stays"),
                                  .next = {.kind = BOUGH_KIND_COMMIT}};

    assert_int_equal(store_setup_write(world->store, "heads/main", "stays", "it does", &result),
                     BOUGH_OK);
    move.next.link = result.commit;
    assert_int_equal(bough_ref_move(world->store, &move, 1, NULL), BOUGH_OK);
    world->named = result.commit.name;
}

static void expect_named(struct world *world)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link link = {.name = world->named};
    struct bough_commit commit;

    assert_int_equal(bough_backend_find(world->backend, &link.name, &link.address), BOUGH_OK);
    assert_int_equal(bough_commit_get(world->store, &link, &arena, &commit), BOUGH_OK);
    bough_arena_release(&arena);
}

/* Entries in both maps of moves. */
static uint64_t moves_of(const struct world *world)
{
    const struct journal *journal = (const struct journal *)world->backend;

    return (journal_map_bytes(&journal->moves) + journal_map_bytes(&journal->onward)) /
           sizeof(struct journal_index_entry);
}

static void test_journal_moves__do_not_grow_with_collections(void **state)
{
    static struct world world;
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;
    uint64_t most = 0;

    (void)state;
    world.seed = test_seed();
    assert_int_equal(bough_ram_open(host_env(), BLOCK_SIZE, BLOCKS, &world.ram), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), world.ram, NULL), BOUGH_OK);
    start(&world);
    write_named(&world);
    write_keys(&world, 0, KEYS, 0);
    for (unsigned round = 1; round <= ROUNDS; round++) {
        /* Not the first tenth: that stays what it is, and is moved whenever others are. */
        for (unsigned i = 0; i < REPLACED; i++)
            write_keys(&world, KEYS / 10 + (unsigned)test_below(&world.seed, KEYS - KEYS / 10), 1,
                       round);
        assert_int_equal(bough_collect_run(world.store), BOUGH_OK);
        most = moves_of(&world) > most ? moves_of(&world) : most;
        if (round % 5 == 0) {
            bough_store_close(world.store);
            start(&world);
        }
        expect_all(&world);
        expect_named(&world);
    }
    print_message("%llu moves at most\n", (unsigned long long)most);
    assert_true(most <= MOVES_EACH * KEYS);
    assert_true(most >= KEYS); /* or nothing was moved */
    assert_int_equal(bough_fsck(world.store, &options, &report), BOUGH_OK);
    assert_int_equal(report.fault_count, 0);
    bough_store_close(world.store);
    bough_block_close(world.ram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal_moves__do_not_grow_with_collections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
