/* SPDX-License-Identifier: ISC
 *
 * test_memory.c - the memory backend keeps the laws of backends, and its bounds.
 *
 * Proves the latter with heaps of a few MiB, through which many times as much is written while
 * collection goes on step by step.
 */
#include "laws_backend.h"

#include "bough/collect.h"
#include "bough/fsck.h"
#include "store_setup.h"
#include "test_seed.h"
#include <stdio.h>

static struct bough_backend *laws_backend_open(void)
{
    struct bough_backend *backend;

    assert_int_equal(bough_memory_open(host_env(), NULL, &backend), BOUGH_OK);
    return backend;
}

static void test_memory__windows_out_of_range_are_refused(void **unused)
{
    struct bough_identity identity = {.leaf_window_bytes = 63, .inner_window_bytes = 64};
    struct bough_backend *backend;

    (void)unused;
    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_INVALID);
    identity.leaf_window_bytes = 8193;
    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_INVALID);
    identity.leaf_window_bytes = 8192;
    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_OK);
    bough_backend_close(backend);
}

#define KEYS      64u
#define SMALL_MIB 8u

/* An environment like the host's with a heap of its own. */
static struct bough_env *small_env(struct env_unix *env)
{
    env_unix_open(env, (size_t)SMALL_MIB << 20);
    env->log.base.ops = host_env()->log->ops;
    return &env->base;
}

static struct bough_store *small_store(struct bough_env *env)
{
    struct bough_backend *backend;
    struct bough_store *store;

    assert_int_equal(bough_memory_open(env, NULL, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(env, backend, 256 << 10, &store), BOUGH_OK);
    return store;
}

/* One transaction: key `key` gets `len` bytes that follow from `number`, or goes (number 0). */
static enum bough_err write_key(struct bough_store *store, unsigned key, unsigned number,
                                size_t len)
{
    static uint8_t bytes[200000];
    struct bough_arena arena = store_setup_arena();
    char path[24];
    struct bough_edit edit = {.remove = number == 0, .entry = {.mode = BOUGH_MODE_FILE}};
    struct bough_txn txn = {
        .branch = bough_bytes_text("heads/main"),
        .edits = &edit,
        .edit_count = 1,
        .author = {.name = bough_bytes_text("A"), .email = bough_bytes_text("a"), .time_s = 1},
        .message = bough_bytes_text("m\n"),
        .keep_empty = true};
    struct bough_txn_result result;
    enum bough_err err = BOUGH_OK;

    snprintf(path, sizeof(path), "d%u/k%u", key % 5, key);
    edit.path = bough_bytes_text(path);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(number * 31 + i * (number % 7 + 1) + (i >> 8));
    if (number != 0)
        err = bough_value_put(store, bough_bytes_of(bytes, len), &arena, &edit.entry.value);
    if (err == BOUGH_OK)
        err = bough_txn_commit(store, &txn, &arena, &result);
    bough_arena_release(&arena);
    return err;
}

/* Drops the history: the newest tree becomes that of a commit without parents. */
static void forget_history(struct bough_store *store)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_ref_move move = {.name = bough_bytes_text("heads/main")};
    struct bough_commit commit;
    struct bough_ref ref;

    assert_int_equal(bough_ref_get(store, move.name, &ref), BOUGH_OK);
    assert_int_equal(bough_commit_get(store, &ref.link, &arena, &commit), BOUGH_OK);
    commit.parent_count = 0;
    move.next.kind = BOUGH_KIND_COMMIT;
    assert_int_equal(bough_commit_put(store, &commit, &arena, &move.next.link), BOUGH_OK);
    assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
    bough_arena_release(&arena);
}

static void check_store(struct bough_store *store, uint64_t faults)
{
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;

    assert_int_equal(bough_fsck(store, &options, &report), BOUGH_OK);
    assert_int_equal(report.fault_count, faults);
}

static void test_memory__much_more_than_the_heap_can_be_written(void **unused)
{
    struct env_unix env;
    struct bough_store *store = small_store(small_env(&env));
    uint64_t seed = test_seed();
    struct bough_collect_progress progress;
    uint64_t written = 0;
    unsigned sweeps = 0;

    (void)unused;
    for (unsigned n = 1; n <= 3000; n++) {
        unsigned key = (unsigned)test_below(&seed, KEYS);
        size_t len = 1 + test_below(&seed, 30000);

        if (test_below(&seed, 5) == 0) {
            assert_int_equal(write_key(store, key, 0, 0), BOUGH_OK);
        } else {
            assert_int_equal(write_key(store, key, n, len), BOUGH_OK);
            written += len;
        }
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        if (n % 8 == 0)
            forget_history(store);
        for (int steps = 0; steps < 6 && bough_collect_is_wanted(store); steps++) {
            assert_int_equal(bough_collect_step(store, 100, 64 << 10, &progress), BOUGH_OK);
            sweeps += progress.swept;
        }
        if (n % 500 == 0)
            check_store(store, 0);
    }
    assert_true(written > 4 * (SMALL_MIB << 20) && sweeps > 3);
    bough_store_close(store);
    assert_int_equal(env.base.heap->taken_bytes, 0);
}

static void test_memory__a_full_store_reads_deletes_and_collects_its_way_out(void **unused)
{
    struct env_unix env;
    struct bough_store *store = small_store(small_env(&env));
    enum bough_err err = BOUGH_OK;
    struct bough_store_info info;
    unsigned key = 0;

    (void)unused;
    for (; err == BOUGH_OK && key < 1000; key++)
        err = write_key(store, key, key + 1, 60000);
    assert_int_equal(err, BOUGH_FULL);
    bough_store_info(store, &info);
    assert_true(info.used_bytes <= info.capacity_bytes);
    assert_false(info.read_only);
    check_store(store, 0);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(write_key(store, i, 0, 0), BOUGH_OK);
    forget_history(store);
    assert_true(bough_collect_is_wanted(store));
    assert_int_equal(bough_collect_run(store), BOUGH_OK);
    for (unsigned i = 0; i < 15; i++)
        assert_int_equal(write_key(store, i, 5000 + i, 60000), BOUGH_OK);
    check_store(store, 0);
    bough_store_close(store);
    assert_int_equal(env.base.heap->taken_bytes, 0);
}

static void test_memory__what_is_put_during_a_hold_is_kept_and_the_rest_goes(void **unused)
{
    struct bough_backend *backend = laws_backend_open();
    struct bough_link before = laws_put(backend, BOUGH_KIND_VALUE, bough_bytes_text("b"), NULL, 0);
    struct bough_link held;
    struct bough_link marked;
    struct bough_link after;
    uint64_t address;
    bool fresh;
    bool done = false;

    (void)unused;
    marked = laws_put(backend, BOUGH_KIND_COMMIT, bough_bytes_text("m"), NULL, 0);
    bough_backend_hold(backend, true);
    held = laws_put(backend, BOUGH_KIND_VALUE, bough_bytes_text("h"), NULL, 0);
    backend->ops->collect_begin(backend);
    assert_int_equal(backend->ops->collect_mark(backend, &marked, &fresh), BOUGH_OK);
    assert_true(fresh);
    assert_int_equal(backend->ops->collect_mark(backend, &marked, &fresh), BOUGH_OK);
    assert_false(fresh);
    assert_int_equal(backend->ops->collect_sweep(backend), BOUGH_OK);
    assert_int_equal(bough_backend_find(backend, &before.name, &address), BOUGH_NOT_FOUND);
    assert_int_equal(bough_backend_find(backend, &marked.name, &address), BOUGH_OK);
    while (!done)
        assert_int_equal(backend->ops->collect_clean(backend, 1, &done), BOUGH_OK);
    bough_backend_hold(backend, false);
    laws_check(backend, &held, BOUGH_KIND_VALUE, bough_bytes_text("h"), NULL, 0);
    laws_check(backend, &marked, BOUGH_KIND_COMMIT, bough_bytes_text("m"), NULL, 0);
    after = laws_put(backend, BOUGH_KIND_VALUE, bough_bytes_text("b2"), NULL, 0);
    assert_int_equal(after.address, before.address + (UINT64_C(1) << 32)); /* its place, anew */
    bough_backend_close(backend);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_memory__a_dead_object_that_is_put_again_leads_to_living_ones(void **unused)
{
    struct bough_backend *backend = laws_backend_open();
    struct bough_link other = laws_put(backend, BOUGH_KIND_TAG, bough_bytes_text("o"), NULL, 0);
    struct bough_link child = laws_put(backend, BOUGH_KIND_VALUE, bough_bytes_text("c"), NULL, 0);
    struct bough_link parent;
    struct bough_arena arena;
    struct bough_object object;
    uint64_t first;
    bool done;

    (void)unused;
    parent = laws_put(backend, BOUGH_KIND_NODE, bough_bytes_text("p"), &child.address, 1);
    backend->ops->collect_begin(backend);
    assert_int_equal(backend->ops->collect_sweep(backend), BOUGH_OK);
    assert_int_equal(backend->ops->collect_clean(backend, 1 << 10, &done), BOUGH_OK);
    assert_false(done); /* two places were looked at: the child is gone, the parent still there */
    first = parent.address;
    child = laws_put(backend, BOUGH_KIND_VALUE, bough_bytes_text("c"), NULL, 0);
    parent = laws_put(backend, BOUGH_KIND_NODE, bough_bytes_text("p"), &child.address, 1);
    assert_int_not_equal(parent.address, first); /* a cache may still know the old one */
    while (!done)
        assert_int_equal(backend->ops->collect_clean(backend, 1, &done), BOUGH_OK);
    laws_check(backend, &parent, BOUGH_KIND_NODE, bough_bytes_text("p"), &child.address, 1);
    laws_check(backend, &child, BOUGH_KIND_VALUE, bough_bytes_text("c"), NULL, 0);
    bough_arena_init(&arena, host_env()->heap, 4096);
    assert_int_equal(bough_backend_get(backend, &other, &arena, &object), BOUGH_CORRUPT);
    bough_arena_release(&arena);
    bough_backend_close(backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAWS_BACKEND_TESTS,
        cmocka_unit_test(test_memory__windows_out_of_range_are_refused),
        cmocka_unit_test(test_memory__much_more_than_the_heap_can_be_written),
        cmocka_unit_test(test_memory__a_full_store_reads_deletes_and_collects_its_way_out),
        cmocka_unit_test(test_memory__what_is_put_during_a_hold_is_kept_and_the_rest_goes),
        cmocka_unit_test(test_memory__a_dead_object_that_is_put_again_leads_to_living_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
