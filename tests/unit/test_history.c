/* SPDX-License-Identifier: ISC
 *
 * test_history.c - collection keeps history in less room, and all of it.
 *
 * How: a seeded run of commits on two branches of a small device, which now and then go back to an
 * old commit, so that history is shown again; with collections, restarts, and at last policies that
 * drop history from between.  A model says what every commit holds.  After each round every commit
 * that a branch leads to is compared with it, and fsck reads all there is.
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "bough/retention.h"
#include "store_setup.h"
#include "test_seed.h"
#include <stdio.h>

#define BLOCK_SIZE  4096u
#define BLOCKS      1536u               /* segments of 64 KiB */
#define CACHE_BYTES ((size_t)256 << 10) /* a part of the nodes */
#define CACHE_LARGE ((size_t)16 << 20)  /* all of them, as they were when they were put */
#define KEYS        300u
#define COMMITS_MAX 3000u
#define EDITS_MAX   60u

/* What commit n holds: for each key the number of the commit that wrote it, 0 = nothing. */
static uint16_t contents[COMMITS_MAX][KEYS];

struct world {
    struct bough_block *ram;
    struct block_borrow borrow;
    struct bough_backend *backend;
    struct bough_store *store;
    uint64_t seed;
    unsigned commit_count;
    unsigned settled_count; /* over all restarts */
    bool large;             /* the cache */
};

static const char *const branches[] = {"heads/main", "heads/side"};

static void start(struct world *world)
{
    assert_int_equal(
        bough_journal_open(host_env(), block_borrow(&world->borrow, world->ram), &world->backend),
        BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), world->backend,
                                      world->large ? CACHE_LARGE : CACHE_BYTES, &world->store),
                     BOUGH_OK);
    assert_false(world->backend->read_only);
}

static void restart(struct world *world)
{
    assert_int_equal(bough_store_sync(world->store), BOUGH_OK);
    bough_store_close(world->store);
    start(world);
}

static void end(struct world *world)
{
    bough_store_close(world->store);
    bough_block_close(world->ram);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* A value that says who wrote it, of some length. */
static struct bough_bytes value_of(unsigned number, char text[128])
{
    int len = snprintf(text, 128, "%u ", number);

    memset(text + len, 'a' + (int)(number % 26), number * 7 % 90);
    return bough_bytes_of(text, (size_t)len + number * 7 % 90);
}

static void path_of(unsigned key, char path[40])
{
    snprintf(path, 40, "folder%u/a-key-with-a-long-name-%u", key % 2, key);
}

/* Which commit a branch shows; 0 = none. */
static unsigned head_of(struct world *world, const char *branch, struct bough_link *link)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_commit commit = {0};
    struct bough_ref ref;

    if (bough_ref_get(world->store, bough_bytes_text(branch), &ref) != BOUGH_OK)
        return 0;
    assert_int_equal(bough_commit_get(world->store, &ref.link, &arena, &commit), BOUGH_OK);
    bough_arena_release(&arena);
    *link = ref.link;
    return (unsigned)commit.author.time_s;
}

static void write_commit(struct world *world, const char *branch, unsigned edits_max)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_edit edits[EDITS_MAX];
    struct bough_txn txn = {
        .branch = bough_bytes_text(branch),
        .edits = edits,
        .author = {.name = bough_bytes_text("A"), .email = bough_bytes_text("a")},
        .message = bough_bytes_text("m\n"),
        .keep_empty = true};
    struct bough_txn_result result;
    struct bough_link link;
    unsigned n = ++world->commit_count;
    unsigned before = head_of(world, branch, &link);
    char paths[EDITS_MAX][40];
    char texts[EDITS_MAX][128];

    assert_true(n < COMMITS_MAX);
    memcpy(contents[n], contents[before], sizeof(contents[n]));
    txn.author.time_s = n;
    assert_true(edits_max <= EDITS_MAX);
    txn.edit_count = 1 + test_below(&world->seed, edits_max);
    for (size_t i = 0; i < txn.edit_count; i++) {
        unsigned key = (unsigned)(test_below(&world->seed, KEYS / edits_max) * edits_max + i);
        struct bough_bytes value = value_of(n, texts[i]);

        path_of(key, paths[i]);
        edits[i] = (struct bough_edit){
            .path = bough_bytes_text(paths[i]),
            .remove = contents[before][key] != 0 && test_below(&world->seed, 6) == 0,
            .entry = {.mode = BOUGH_MODE_FILE, .value = {.size_bytes = value.len, .data = value}}};
        contents[n][key] = edits[i].remove ? 0 : (uint16_t)n;
    }
    assert_int_equal(bough_txn_commit(world->store, &txn, &arena, &result), BOUGH_OK);
    bough_arena_release(&arena);
}

/* Moves a branch to some ancestor of what another one shows, or there. */
static void go_back(struct world *world, const char *branch, const char *to, unsigned steps_max)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_ref_move move = {.name = bough_bytes_text(branch),
                                  .next = {.kind = BOUGH_KIND_COMMIT}};
    uint64_t steps = test_below(&world->seed, steps_max);

    if (head_of(world, to, &move.next.link) == 0)
        return;
    for (; steps > 0; steps--) {
        struct bough_commit commit;

        assert_int_equal(bough_commit_get(world->store, &move.next.link, &arena, &commit),
                         BOUGH_OK);
        if (commit.parent_count == 0 || bough_commit_is_cut(&commit.parents[0]))
            break;
        move.next.link = commit.parents[0];
    }
    assert_int_equal(bough_ref_move(world->store, &move, 1, NULL), BOUGH_OK);
    bough_arena_release(&arena);
}

static void make(struct world *world, bool large)
{
    const struct bough_ref_log_window none = {0};

    *world = (struct world){.seed = test_seed(), .large = large};
    assert_int_equal(bough_ram_open(host_env(), BLOCK_SIZE, BLOCKS, &world->ram), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), world->ram, NULL), BOUGH_OK);
    start(world);
    assert_int_equal(bough_ref_log_window_set(world->store, &none), BOUGH_OK);
    write_commit(world, branches[0], 6);
    go_back(world, branches[1], branches[0], 1);
}

/* Compares `count` keys of a tree, from a random one on. */
static void compare(struct world *world, const struct bough_tree *tree, unsigned n, unsigned count)
{
    unsigned first = (unsigned)test_below(&world->seed, KEYS);
    struct bough_arena arena = store_setup_arena();

    for (unsigned i = 0; i < count; i++) {
        unsigned key = (first + i) % KEYS;
        struct bough_entry entry;
        char path[40];
        char text[128];
        enum bough_err err;

        path_of(key, path);
        err = bough_tree_find(world->store, tree, bough_bytes_text(path), &arena, &entry);
        assert_int_equal(err, contents[n][key] == 0 ? BOUGH_NOT_FOUND : BOUGH_OK);
        if (err == BOUGH_OK)
            assert_true(bough_bytes_equal(entry.value.data, value_of(contents[n][key], text)));
        bough_arena_release(&arena);
    }
}

/* Compares every commit that a branch leads to; answers how many there are. */
static unsigned compare_branch(struct world *world, const char *branch)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link link;
    unsigned count = 0;
    bool more = head_of(world, branch, &link) != 0;

    while (more) {
        struct bough_commit commit;

        assert_int_equal(bough_commit_get(world->store, &link, &arena, &commit), BOUGH_OK);
        compare(world, &commit.tree, (unsigned)commit.author.time_s, count % 16 == 0 ? KEYS : 6);
        count++;
        more = commit.parent_count > 0 && !bough_commit_is_cut(&commit.parents[0]);
        if (more)
            link = commit.parents[0];
        bough_arena_release(&arena);
    }
    return count;
}

static unsigned check(struct world *world)
{
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;
    unsigned count = 0;

    for (size_t i = 0; i < sizeof(branches) / sizeof(branches[0]); i++)
        count += compare_branch(world, branches[i]);
    assert_int_equal(bough_fsck(world->store, &options, &report), BOUGH_OK);
    assert_int_equal(report.fault_count, 0);
    return count;
}

static void collect(struct world *world)
{
    uint64_t before = world->backend->settled_count;

    assert_int_equal(bough_collect_run(world->store), BOUGH_OK);
    world->settled_count += (unsigned)(world->backend->settled_count - before);
}

/* Some commits, collections in steps between them, and moves of branches. */
static void work(struct world *world, unsigned commits)
{
    struct bough_collect_progress progress;

    for (unsigned i = 0; i < commits; i++) {
        write_commit(world, branches[test_below(&world->seed, 3) == 0], 6);
        if (test_below(&world->seed, 4) == 0)
            assert_int_equal(bough_store_sync(world->store), BOUGH_OK);
        if (test_below(&world->seed, 40) == 0)
            go_back(world, branches[1], branches[test_below(&world->seed, 2)], 30);
        for (uint64_t k = test_below(&world->seed, 4); k > 0; k--) {
            uint64_t before = world->backend->settled_count;

            assert_int_equal(bough_collect_step(world->store, 100, 32 << 10, &progress), BOUGH_OK);
            world->settled_count += (unsigned)(world->backend->settled_count - before);
        }
    }
}

static void test_history__all_of_it_stays_while_collection_settles_it(void **unused)
{
    struct world world;

    (void)unused;
    make(&world, false);
    for (unsigned round = 0; round < 8; round++) {
        work(&world, 120);
        collect(&world);
        (void)check(&world);
        if (round % 2 == 1)
            restart(&world);
        (void)check(&world);
    }
    printf("%u commits, %u nodes settled\n", world.commit_count, world.settled_count);
    assert_true(world.settled_count > 500);
    end(&world);
}

static void test_history__takes_less_room_and_chains_have_their_limit(void **unused)
{
    struct world world;
    uint64_t before;
    uint64_t after;

    (void)unused;
    make(&world, false);
    for (unsigned i = 1; i < 1500; i++)
        write_commit(&world, branches[0], 6);
    assert_int_equal(bough_store_sync(world.store), BOUGH_OK);
    before = world.backend->used_bytes;
    collect(&world);
    after = world.backend->used_bytes;
    printf("%llu bytes of history became %llu\n", (unsigned long long)before,
           (unsigned long long)after);
    assert_true(after * 10 < before * 7);
    assert_int_equal(check(&world), 1501);
    /* What is settled stays as it is: another collection has nothing to do but the newest. */
    before = world.backend->settled_count;
    collect(&world);
    assert_true(world.backend->settled_count - before < before / 4);
    assert_int_equal(check(&world), 1501);
    end(&world);
}

/* Commits whose oldest ancestors are dropped a few at a time, from under those that lean on them:
 * most of what was settled in one go stays where it is, and loses what it leans on. */
static void drop_from_under(bool large)
{
    const struct bough_retention policy = {.pattern = bough_bytes_text("heads/*"), .commits = 60};
    struct world world;

    make(&world, large);
    assert_int_equal(bough_retention_set(world.store, &policy, 1), BOUGH_OK);
    for (unsigned round = 0; round < 30; round++) {
        for (unsigned i = 0; i < 4; i++)
            write_commit(&world, branches[0], EDITS_MAX);
        collect(&world);
        if (round % 4 == 3)
            assert_true(check(&world) <= policy.commits + 10);
        if (round % 16 == 15)
            restart(&world);
    }
    assert_true(world.settled_count > 1000);
    end(&world);
}

static void test_history__what_is_dropped_from_under_it_takes_nothing_with_it(void **unused)
{
    (void)unused;
    drop_from_under(false);
}

static void test_history__what_is_remembered_of_its_form_may_be_old(void **unused)
{
    (void)unused;
    drop_from_under(true);
}

static void test_history__branches_that_go_back_show_it(void **unused)
{
    struct world world;

    (void)unused;
    make(&world, false);
    for (unsigned round = 0; round < 6; round++) {
        work(&world, 100);
        go_back(&world, branches[1], branches[0], 200);
        go_back(&world, branches[0], branches[round % 2], 60);
        (void)check(&world);
        collect(&world);
        (void)check(&world);
    }
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history__all_of_it_stays_while_collection_settles_it),
        cmocka_unit_test(test_history__takes_less_room_and_chains_have_their_limit),
        cmocka_unit_test(test_history__what_is_dropped_from_under_it_takes_nothing_with_it),
        cmocka_unit_test(test_history__what_is_remembered_of_its_form_may_be_old),
        cmocka_unit_test(test_history__branches_that_go_back_show_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
