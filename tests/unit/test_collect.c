/* SPDX-License-Identifier: ISC
 *
 * test_collect.c - collection gives space back and never anything that is still wanted.
 *
 * How: a seeded run of puts and deletes on a small device, many times its size in all, with steps
 * of collection between them; a model says what each key must be.  In other runs the power fails at
 * random operations, within collection and its checkpoints, too; what is found afterwards must be a
 * state of the model that was acknowledged or later, and pass fsck.
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "store_setup.h"
#include "test_seed.h"
#include <stdio.h>

#define BLOCK_SIZE 4096u
#define KEYS       40u
#define VALUE_MAX  300000u
#define STATES_MAX 4000u
#define LARGE      3998u /* the number of a value of the largest size */

/* State n of the model: what each key holds, as the number of the write, 0 = nothing. */
static unsigned states[STATES_MAX][KEYS];
static uint8_t bytes[VALUE_MAX];

static size_t size_of(unsigned number)
{
    static const size_t sizes[] = {10, 400, 600, 5000, 60000, 70000, 150000, 290000};

    return sizes[number * 2654435761u >> 29];
}

static void fill(unsigned number)
{
    uint64_t state = number;

    for (size_t i = 0; i < size_of(number); i += 8) {
        uint64_t word = test_random(&state);

        memcpy(bytes + i, &word, 8);
    }
}

static void path_of(unsigned key, char path[32])
{
    snprintf(path, 32, "d%u/e%u/k%u", key % 3, key % 4, key);
}

/* Makes state n of state n - 1 by one transaction: mostly a put, sometimes a deletion. */
static enum bough_err write_one(struct bough_store *store, unsigned n, uint64_t *seed)
{
    unsigned key = (unsigned)test_below(seed, KEYS);
    bool removes = test_below(seed, 4) == 0;
    char path[32];
    struct bough_arena arena = store_setup_arena();
    struct bough_edit edit = {.remove = removes, .entry = {.mode = BOUGH_MODE_FILE}};
    struct bough_txn txn = {
        .branch = bough_bytes_text("heads/main"),
        .edits = &edit,
        .edit_count = 1,
        .author = {.name = bough_bytes_text("A"), .email = bough_bytes_text("a"), .time_s = n},
        .message = bough_bytes_text("m\n"),
        .keep_empty = true};
    struct bough_txn_result result;
    enum bough_err err = BOUGH_OK;

    path_of(key, path);
    edit.path = bough_bytes_text(path);
    fill(n);
    if (!removes)
        err = bough_value_put(store, bough_bytes_of(bytes, size_of(n)), &arena, &edit.entry.value);
    if (err == BOUGH_OK)
        err = bough_txn_commit(store, &txn, &arena, &result);
    bough_arena_release(&arena);
    if (err == BOUGH_OK && n < STATES_MAX) {
        memcpy(states[n], states[n - 1], sizeof(states[n]));
        states[n][key] = removes ? 0 : n;
    }
    return err;
}

/* What is forgotten is garbage at once. */
static void keep_no_log(struct bough_store *store)
{
    struct bough_ref_log_window none = {0};

    assert_int_equal(bough_ref_log_window_set(store, &none), BOUGH_OK);
}

/* The history of the branch is cut to its head, so that everything older is garbage. */
static enum bough_err forget_history(struct bough_store *store)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_ref head;
    struct bough_commit commit;
    struct bough_link link;
    enum bough_err err = bough_ref_get(store, bough_bytes_text("heads/main"), &head);

    if (err == BOUGH_OK)
        err = bough_commit_get(store, &head.link, &arena, &commit);
    if (err == BOUGH_OK) {
        commit.parent_count = 0;
        err = bough_commit_put(store, &commit, &arena, &link);
    }
    if (err == BOUGH_OK) {
        struct bough_ref_move move = {.name = bough_bytes_text("heads/main"),
                                      .next = {.kind = BOUGH_KIND_COMMIT, .link = link}};

        err = bough_ref_move(store, &move, 1, NULL);
    }
    bough_arena_release(&arena);
    return err;
}

/* Which state the store is in: its head commit carries it as a time. */
static unsigned state_of(struct bough_store *store)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_ref head;
    struct bough_commit commit;
    unsigned n = 0;

    if (bough_ref_get(store, bough_bytes_text("heads/main"), &head) == BOUGH_OK) {
        assert_int_equal(bough_commit_get(store, &head.link, &arena, &commit), BOUGH_OK);
        n = (unsigned)commit.author.time_s;
    }
    bough_arena_release(&arena);
    return n;
}

/* Every key is as state n has it. */
static void check_state(struct bough_store *store, unsigned n)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_ref head;
    struct bough_commit commit;

    if (n == 0)
        return;
    assert_int_equal(bough_ref_get(store, bough_bytes_text("heads/main"), &head), BOUGH_OK);
    assert_int_equal(bough_commit_get(store, &head.link, &arena, &commit), BOUGH_OK);
    for (unsigned key = 0; key < KEYS; key++) {
        char path[32];
        struct bough_entry entry;
        struct bough_bytes found;
        enum bough_err err;

        path_of(key, path);
        err = bough_tree_find(store, &commit.tree, bough_bytes_text(path), &arena, &entry);
        assert_int_equal(err, states[n][key] == 0 ? BOUGH_NOT_FOUND : BOUGH_OK);
        if (err != BOUGH_OK)
            continue;
        assert_int_equal(bough_value_get(store, &entry.value, VALUE_MAX, &arena, &found), BOUGH_OK);
        fill(states[n][key]);
        assert_int_equal(found.len, size_of(states[n][key]));
        assert_memory_equal(found.at, bytes, found.len);
    }
    bough_arena_release(&arena);
}

static void check_fsck(struct bough_store *store)
{
    struct bough_fsck_options options = {0};
    struct bough_fsck_report report;

    assert_int_equal(bough_fsck(store, &options, &report), BOUGH_OK);
    assert_int_equal(report.fault_count, 0);
}

static struct bough_store *open_on(struct bough_block *dev, size_t cache_bytes)
{
    struct bough_backend *backend;
    struct bough_store *store;

    assert_int_equal(bough_journal_open(host_env(), dev, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, cache_bytes, &store), BOUGH_OK);
    return store;
}

static void test_collect__many_times_the_device_is_written(void **unused)
{
    uint64_t seed = test_seed();
    struct block_borrow borrow;
    struct bough_block *medium;
    struct bough_store *store;
    struct bough_collect_progress progress;
    uint64_t written = 0;
    unsigned sweeps = 0;

    (void)unused;
    assert_int_equal(bough_ram_open(host_env(), BLOCK_SIZE, 8192, &medium), BOUGH_OK); /* 32 MiB */
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    store = open_on(block_borrow(&borrow, medium), 1 << 20);
    keep_no_log(store);
    memset(states[0], 0, sizeof(states[0]));
    for (unsigned n = 1; n < STATES_MAX; n++) {
        assert_int_equal(write_one(store, n, &seed), BOUGH_OK);
        written += size_of(n);
        if (n % 5 == 0)
            assert_int_equal(forget_history(store), BOUGH_OK);
        if (test_below(&seed, 3) == 0)
            assert_int_equal(bough_store_sync(store), BOUGH_OK);
        if (bough_collect_is_wanted(store)) {
            assert_int_equal(bough_collect_step(store, 40, 1 << 18, &progress), BOUGH_OK);
            sweeps += progress.swept;
        }
        if (n % 500 == 0) {
            check_state(store, n);
            assert_int_equal(bough_store_sync(store), BOUGH_OK);
            bough_store_close(store);
            store = open_on(block_borrow(&borrow, medium), 1 << 20);
            assert_int_equal(state_of(store), n);
            check_state(store, n);
            check_fsck(store);
        }
    }
    printf("%llu MiB of values through 32 MiB, %u sweeps\n", (unsigned long long)(written >> 20),
           sweeps);
    assert_true(written > (uint64_t)5 * (32 << 20));
    assert_true(sweeps > 5);
    bough_store_close(store);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* Writes and collects until the device fails; *acknowledged is the last synced state. */
static void run_until_fault(struct bough_store *store, unsigned from, uint64_t *seed,
                            unsigned *acknowledged, unsigned *last)
{
    struct bough_collect_progress progress;

    *acknowledged = from;
    *last = from;
    for (unsigned n = from + 1; n < STATES_MAX; n++) {
        if (write_one(store, n, seed) != BOUGH_OK)
            return;
        *last = n;
        if (n % 3 == 0 && forget_history(store) != BOUGH_OK)
            return;
        if (test_below(seed, 2) == 0) {
            if (bough_store_sync(store) != BOUGH_OK)
                return;
            *acknowledged = n;
        }
        /* More often than it would be wanted, so that faults meet it. */
        if (test_below(seed, 2) == 0 &&
            bough_collect_step(store, 60, 1 << 19, &progress) != BOUGH_OK)
            return;
    }
}

static void test_collect__a_power_cut_in_it_loses_nothing(void **unused)
{
    uint64_t seed = test_seed();
    unsigned lives = 0;

    (void)unused;
    for (int round = 0; round < 12; round++) {
        struct bough_block *medium;
        unsigned n = 0;

        assert_int_equal(bough_ram_open(host_env(), BLOCK_SIZE, 4096, &medium), BOUGH_OK);
        assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
        memset(states[0], 0, sizeof(states[0]));
        for (int life = 0; life < 12 && n < STATES_MAX - 1000; life++) {
            struct bough_faulty_options options = {.seed = test_random(&seed), .lossy = true};
            struct block_borrow borrow;
            struct bough_block *faulty;
            struct bough_store *store;
            unsigned acknowledged;
            unsigned last;

            assert_int_equal(bough_faulty_open(host_env(), medium, &options, &faulty), BOUGH_OK);
            store = open_on(block_borrow(&borrow, faulty), 1 << 18);
            keep_no_log(store);
            options.fail_ops = BOUGH_FAULTY_WRITE | BOUGH_FAULTY_FLUSH;
            options.fail_at = 1 + test_below(&seed, 400);
            options.fail_forever = true;
            bough_faulty_set(faulty, &options);
            run_until_fault(store, n, &seed, &acknowledged, &last);
            bough_store_close(store);
            assert_int_equal(bough_faulty_cut(faulty), BOUGH_OK);
            assert_ptr_equal(bough_faulty_detach(faulty), medium);

            store = open_on(block_borrow(&borrow, medium), 1 << 18);
            n = state_of(store);
            assert_true(n >= acknowledged && n <= last);
            check_state(store, n);
            check_fsck(store);
            bough_store_close(store);
            lives++;
        }
        bough_block_close(medium);
    }
    printf("%u lives\n", lives);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_collect__a_full_device_can_delete_its_way_out(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_block *medium;
    struct block_borrow borrow;
    struct bough_store *store;
    struct bough_ref_move gone = {.name = bough_bytes_text("heads/main"), .remove = true};
    unsigned n = 0;

    (void)unused;
    assert_int_equal(bough_ram_open(host_env(), BLOCK_SIZE, 1100, &medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    store = open_on(block_borrow(&borrow, medium), 1 << 18);
    for (int round = 0; round < 5; round++) {
        enum bough_err err;

        do {
            err = write_one(store, ++n, &seed);
        } while (err == BOUGH_OK);
        assert_int_equal(err, BOUGH_FULL);
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        assert_int_equal(bough_ref_move(store, &gone, 1, NULL), BOUGH_OK); /* there is room to */
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        assert_true(bough_collect_is_wanted(store));
        assert_int_equal(bough_collect_run(store), BOUGH_OK);
    }
    check_fsck(store);
    bough_store_close(store);
    bough_block_close(medium);
}

static void test_collect__a_value_being_written_is_kept(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_block *medium;
    struct block_borrow borrow;
    struct bough_store *store;
    struct bough_value_writer *writer;
    struct bough_arena arena = store_setup_arena();
    struct bough_value value;
    struct bough_bytes found;
    unsigned n = 0;

    (void)unused;
    assert_int_equal(bough_ram_open(host_env(), BLOCK_SIZE, 4096, &medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    store = open_on(block_borrow(&borrow, medium), 0);
    keep_no_log(store);
    while (n < 30)
        assert_int_equal(write_one(store, ++n, &seed), BOUGH_OK);
    assert_int_equal(bough_value_begin(store, &writer), BOUGH_OK);
    memset(bytes, 'v', sizeof(bytes));
    for (int i = 0; i < 10; i++) {
        bytes[0] = (uint8_t)i;
        assert_int_equal(bough_value_add(writer, bough_bytes_of(bytes, 290000)), BOUGH_OK);
        assert_int_equal(write_one(store, ++n, &seed), BOUGH_OK);
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        assert_int_equal(forget_history(store), BOUGH_OK);
        assert_int_equal(bough_collect_run(store), BOUGH_OK);
        memset(bytes, 'v', sizeof(bytes));
    }
    assert_int_equal(bough_value_finish(writer, &arena, &value), BOUGH_OK);
    assert_int_equal(bough_value_get(store, &value, 2900000, &arena, &found), BOUGH_OK);
    for (size_t i = 0; i < found.len; i++)
        assert_int_equal(found.at[i], i % 290000 == 0 ? i / 290000 : 'v');
    bough_arena_release(&arena);
    bough_store_close(store);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* Bytes that were put before, and are garbage, are put again by a writer that is open while a
 * collection runs; and then everything else is written over. */
static void test_collect__a_value_being_written_leans_on_no_garbage(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_block *medium;
    struct block_borrow borrow;
    struct bough_store *store;
    struct bough_value_writer *writer;
    struct bough_arena arena = store_setup_arena();
    struct bough_value value;
    struct bough_bytes found;
    unsigned n = 0;

    (void)unused;
    assert_int_equal(bough_ram_open(host_env(), BLOCK_SIZE, 4096, &medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    store = open_on(block_borrow(&borrow, medium), 0);
    keep_no_log(store);
    fill(LARGE);
    assert_int_equal(bough_value_put(store, bough_bytes_of(bytes, 290000), &arena, &value),
                     BOUGH_OK);
    while (n < 30)
        assert_int_equal(write_one(store, ++n, &seed), BOUGH_OK);
    fill(LARGE);
    assert_int_equal(bough_value_begin(store, &writer), BOUGH_OK);
    assert_int_equal(bough_value_add(writer, bough_bytes_of(bytes, 290000)), BOUGH_OK);
    assert_int_equal(forget_history(store), BOUGH_OK);
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
    assert_int_equal(bough_collect_run(store), BOUGH_OK);
    while (n < 200) {
        assert_int_equal(write_one(store, ++n, &seed), BOUGH_OK);
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        if (n % 10 == 0) {
            assert_int_equal(forget_history(store), BOUGH_OK);
            assert_int_equal(bough_collect_run(store), BOUGH_OK);
        }
    }
    fill(LARGE);
    assert_int_equal(bough_value_finish(writer, &arena, &value), BOUGH_OK);
    assert_int_equal(bough_value_get(store, &value, 2900000, &arena, &found), BOUGH_OK);
    assert_memory_equal(found.at, bytes, 290000);
    bough_arena_release(&arena);
    bough_store_close(store);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_collect__many_times_the_device_is_written),
        cmocka_unit_test(test_collect__a_power_cut_in_it_loses_nothing),
        cmocka_unit_test(test_collect__a_full_device_can_delete_its_way_out),
        cmocka_unit_test(test_collect__a_value_being_written_is_kept),
        cmocka_unit_test(test_collect__a_value_being_written_leans_on_no_garbage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
