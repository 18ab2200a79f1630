/* SPDX-License-Identifier: ISC
 *
 * test_fsck.c - fsck passes a good store and finds every damaged object that is reachable.
 *
 * How: a store in memory behind a backend that flips a bit in one chosen object as it is read; each
 * object in turn is chosen, and the check must report it or never have needed it.
 */
#include "backend_through.h"
#include "bough/fsck.h"
#include "store_setup.h"
#include <stdio.h>

struct rotten {
    struct backend_through through; /* first */
    uint64_t address;               /* of the object that has rotted */
    unsigned read_count;
};

static struct rotten *rotten_of(struct bough_backend *backend)
{
    return (struct rotten *)backend;
}

static enum bough_err rotten_get(struct bough_backend *backend, const struct bough_link *link,
                                 struct bough_arena *arena, struct bough_object *object)
{
    struct rotten *rotten = rotten_of(backend);

    BOUGH_TRY(bough_backend_get(rotten->through.below, link, arena, object));
    if (link->address == rotten->address && object->bytes.len > 0) {
        ((uint8_t *)object->bytes.at)[object->bytes.len / 2] ^= 0x10;
        rotten->read_count++;
    }
    return BOUGH_OK;
}

static const struct bough_backend_ops ops = {
    .put = backend_through_put,
    .get = rotten_get,
    .find = backend_through_find,
    .root_get = backend_through_root_get,
    .root_move = backend_through_root_move,
    .sync = backend_through_sync,
    .close = backend_through_close,
};

static void count_fault(void *context, const struct bough_fsck_fault *fault)
{
    assert_int_equal(fault->err, BOUGH_CORRUPT);
    ++*(unsigned *)context;
}

static void test_fsck__every_rotten_object_is_reported(void **unused)
{
    struct rotten rotten = {.through = {.base = {.ops = &ops}}};
    struct bough_fsck_report report;
    struct bough_store *store;
    char path[32];
    static char text[5000];
    unsigned reported = 0;

    (void)unused;
    assert_int_equal(bough_memory_open(host_env(), NULL, &rotten.through.below), BOUGH_OK);
    rotten.through.base.identity = rotten.through.below->identity;
    assert_int_equal(bough_store_open(host_env(), &rotten.through.base, 0, &store), BOUGH_OK);
    for (int i = 0; i < 60; i++) {
        struct bough_txn_result result;

        snprintf(path, sizeof(path), "d%d/e%d/k%d", i % 3, i % 5, i);
        memset(text, 'a' + i % 26, sizeof(text) - 1);
        text[i * 80] = '\0';
        assert_int_equal(store_setup_write(store, "heads/main", path, text, &result), BOUGH_OK);
    }
    for (uint64_t address = 0; address <= rotten.through.base.object_count; address++) {
        unsigned faults = 0;
        struct bough_fsck_options options = {.fault = count_fault, .context = &faults};

        rotten.address = address;
        rotten.read_count = 0;
        assert_int_equal(bough_fsck(store, &options, &report), BOUGH_OK);
        assert_int_equal(report.fault_count, faults);
        assert_int_equal(faults > 0, rotten.read_count > 0);
        reported += faults > 0;
        if (address == 0) {
            assert_int_equal(report.commit_count, 60);
            assert_int_equal(report.ref_count, 1);
        }
    }
    assert_true(reported > 150); /* old state trees are out of reach, all else is in it */
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static enum bough_err enough(void *context, uint64_t object_count)
{
    *(uint64_t *)context = object_count;
    return object_count == 3 ? BOUGH_CLOSED : BOUGH_OK;
}

static void test_fsck__can_be_cancelled(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_txn_result result;
    uint64_t count = 0;
    struct bough_fsck_options options = {.progress = enough, .context = &count};
    struct bough_fsck_report report;

    (void)unused;
    for (int i = 0; i < 10; i++) {
        char path[16];

        snprintf(path, sizeof(path), "d%d/k", i);
        assert_int_equal(store_setup_write(store, "heads/main", path, "v", &result), BOUGH_OK);
    }
    assert_int_equal(bough_fsck(store, &options, &report), BOUGH_CLOSED);
    assert_int_equal(count, 3);
    bough_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fsck__can_be_cancelled),
        cmocka_unit_test(test_fsck__every_rotten_object_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
