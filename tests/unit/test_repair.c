/* SPDX-License-Identifier: ISC
 *
 * test_repair.c - what has rotted is taken from another store, and nothing else changes.
 *
 * Proves it with a store in memory behind a backend in which chosen objects cannot be read, and
 * that can replace objects: each object in turn, then many at once, then all.
 */
#include "backend_through.h"
#include "backup_setup.h"
#include "bough/fsck.h"
#include "bough/repair.h"

#define OBJECTS_MAX 20000u

struct rotten {
    struct backend_through through; /* first */
    bool bad[OBJECTS_MAX];          /* by address below */
    unsigned fresh_count;           /* replaced: good again, wherever links lead */
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
    if (rotten->bad[link->address] && object->bytes.len > 0)
        ((uint8_t *)object->bytes.at)[object->bytes.len / 2] ^= 0x10;
    return BOUGH_OK;
}

/* The bytes below are good: to replace an object is to stop spoiling it. */
static enum bough_err rotten_replace(struct bough_backend *backend,
                                     const struct bough_link *damaged,
                                     const struct bough_object *object, struct bough_place *place)
{
    struct rotten *rotten = rotten_of(backend);

    BOUGH_TRY(bough_backend_put(rotten->through.below, &damaged->name, object, place));
    assert_int_equal(place->address, damaged->address);
    assert_true(rotten->bad[place->address]);
    rotten->bad[place->address] = false;
    rotten->fresh_count++;
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
    .replace = rotten_replace,
};

/* A store behind `rotten`, and another one with the same contents. */
static void make_pair(struct rotten *rotten, uint64_t *seed, unsigned commits,
                      struct bough_store **store, struct bough_store **other)
{
    struct bough_store *made = store_setup();
    struct backup_stream stream = {0};

    backup_fill(made, commits, seed, 3000);
    assert_int_equal(backup_dump(made, NULL, 0, &stream), BOUGH_OK);
    memset(rotten, 0, sizeof(*rotten));
    rotten->through.base.ops = &ops;
    assert_int_equal(
        bough_memory_open(host_env(), &made->backend->identity, &rotten->through.below), BOUGH_OK);
    rotten->through.base.identity = rotten->through.below->identity;
    assert_int_equal(bough_store_open(host_env(), &rotten->through.base, 0, store), BOUGH_OK);
    assert_int_equal(backup_load(*store, stream.at, stream.len, false, 0, NULL), BOUGH_OK);
    assert_true(rotten->through.base.object_count < OBJECTS_MAX);
    *other = made;
    free(stream.at);
}

static void expect_state(struct bough_store *store, const struct bough_hash *name)
{
    struct bough_root root = backup_root(store);

    assert_true(bough_hash_equal(&root.state.name, name));
}

static uint64_t faults(struct bough_store *store)
{
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;

    assert_int_equal(bough_fsck(store, &options, &report), BOUGH_OK);
    return report.fault_count;
}

/* The objects of the state tree stand last; they are not in the other store's reach. */
static uint64_t repairable(const struct rotten *rotten)
{
    return rotten->through.base.object_count - 8;
}

static void test_repair__each_object_comes_back(void **unused)
{
    static struct rotten rotten;
    uint64_t seed = test_seed();
    struct bough_repair_report report;
    struct bough_store *store;
    struct bough_store *other;
    struct bough_root before;
    unsigned mended = 0;

    (void)unused;
    make_pair(&rotten, &seed, 40, &store, &other);
    for (uint64_t address = 1; address <= repairable(&rotten); address++) {
        before = backup_root(store);
        rotten.bad[address] = true;
        assert_int_equal(bough_repair(store, other, &report), BOUGH_OK);
        assert_int_equal(report.damaged_count, report.mended_count);
        assert_int_equal(backup_root(store).generation,
                         before.generation + (report.mended_count > 0));
        expect_state(store, &before.state.name);
        assert_int_equal(faults(store), 0);
        mended += report.mended_count > 0;
    }
    assert_true(mended > 100);
    bough_store_close(store);
    bough_store_close(other);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_repair__many_at_once_and_all(void **unused)
{
    static struct rotten rotten;
    uint64_t seed = test_seed();
    struct bough_repair_report report;
    struct bough_store *store;
    struct bough_store *other;

    (void)unused;
    make_pair(&rotten, &seed, 40, &store, &other);
    for (uint64_t percent = 5; percent <= 100; percent += 19) {
        for (uint64_t address = 1; address <= repairable(&rotten); address++)
            rotten.bad[address] = test_below(&seed, 100) < percent;
        assert_int_equal(bough_repair(store, other, &report), BOUGH_OK);
        assert_true(report.damaged_count > 0);
        assert_int_equal(report.damaged_count, report.mended_count);
        assert_int_equal(faults(store), 0);
    }
    bough_store_close(store);
    bough_store_close(other);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_repair__what_the_other_has_not_stays_damaged_and_is_counted(void **unused)
{
    static struct rotten rotten;
    uint64_t seed = 4;
    struct bough_repair_report report;
    struct bough_store *store;
    struct bough_store *other;
    struct bough_store *empty = store_setup();

    (void)unused;
    make_pair(&rotten, &seed, 10, &store, &other);
    for (uint64_t address = 1; address <= 10; address++)
        rotten.bad[address] = true;
    assert_int_equal(bough_repair(store, empty, &report), BOUGH_OK);
    assert_true(report.damaged_count > 0);
    assert_int_equal(report.mended_count, 0);
    assert_true(faults(store) > 0);
    assert_int_equal(bough_repair(store, other, &report), BOUGH_OK);
    assert_int_equal(faults(store), 0);
    assert_int_equal(bough_repair(other, store, &report), BOUGH_UNSUPPORTED); /* no replace there */
    bough_store_close(store);
    bough_store_close(other);
    bough_store_close(empty);
}

/* Reads of the other store. */
static uint64_t read_count;

static enum bough_err counting_get(struct bough_backend *backend, const struct bough_link *link,
                                   struct bough_arena *arena, struct bough_object *object)
{
    read_count++;
    return bough_backend_get(backend_through_below(backend), link, arena, object);
}

/* Another store with the same contents, whose reads are counted. */
static struct bough_store *make_counting(struct backend_through *through, struct bough_store *made)
{
    static const struct bough_backend_ops counting = {
        .put = backend_through_put,
        .get = counting_get,
        .find = backend_through_find,
        .root_get = backend_through_root_get,
        .root_move = backend_through_root_move,
        .sync = backend_through_sync,
        .close = backend_through_close,
    };
    struct backup_stream stream = {0};
    struct bough_store *store;

    assert_int_equal(backup_dump(made, NULL, 0, &stream), BOUGH_OK);
    *through = (struct backend_through){.base = {.ops = &counting}};
    assert_int_equal(bough_memory_open(host_env(), &made->backend->identity, &through->below),
                     BOUGH_OK);
    through->base.identity = through->below->identity;
    assert_int_equal(bough_store_open(host_env(), &through->base, 0, &store), BOUGH_OK);
    assert_int_equal(backup_load(store, stream.at, stream.len, false, 0, NULL), BOUGH_OK);
    free(stream.at);
    return store;
}

/* Of more than a thousand: the way down a tree or some, and commits on the way to it. */
#define READS_MAX 400

static void test_repair__little_is_read_of_the_other_store(void **unused)
{
    static struct rotten rotten;
    uint64_t seed = test_seed();
    struct bough_repair_report report;
    struct backend_through through;
    struct bough_store *store;
    struct bough_store *other;
    struct bough_store *counted;
    unsigned mended = 0;

    (void)unused;
    make_pair(&rotten, &seed, 300, &store, &other);
    counted = make_counting(&through, other);
    assert_true(rotten.through.base.object_count > 1000);
    for (int i = 0; i < 40; i++) {
        rotten.bad[1 + test_below(&seed, repairable(&rotten))] = true;
        read_count = 0;
        assert_int_equal(bough_repair(store, counted, &report), BOUGH_OK);
        assert_int_equal(report.damaged_count, report.mended_count);
        if (report.mended_count > 0)
            assert_in_range(read_count, 1, READS_MAX);
        mended += report.mended_count > 0;
    }
    assert_true(mended > 20);
    assert_int_equal(faults(store), 0);
    bough_store_close(store);
    bough_store_close(other);
    bough_store_close(counted);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_repair__what_is_damaged_on_both_sides_does_not_keep_the_rest_from_mending(
    void **unused)
{
    static struct rotten rotten[2];
    uint64_t seed = test_seed();
    struct bough_repair_report report;
    struct bough_store *stores[2];
    struct bough_store *made[2];
    uint64_t first_seed = seed;
    uint64_t left = 0;
    uint64_t mended = 0;

    (void)unused;
    for (int i = 0; i < 2; i++) {
        uint64_t again = first_seed; /* the same contents */

        make_pair(&rotten[i], &again, 60, &stores[i], &made[i]);
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 2; i++)
            for (uint64_t address = 1; address <= repairable(&rotten[i]); address++)
                rotten[i].bad[address] = test_below(&seed, 100) < 4;
        assert_int_equal(bough_repair(stores[0], stores[1], &report), BOUGH_OK);
        mended += report.mended_count;
        left += report.damaged_count - report.mended_count;
        assert_int_equal(report.damaged_count > report.mended_count, faults(stores[0]) > 0);
        assert_int_equal(bough_repair(stores[0], made[0], &report), BOUGH_OK);
        assert_int_equal(faults(stores[0]), 0);
    }
    assert_true(left > 0 && mended > left); /* a head that neither has hides much, but seldom */
    for (int i = 0; i < 2; i++) {
        bough_store_close(stores[i]);
        bough_store_close(made[i]);
    }
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repair__each_object_comes_back),
        cmocka_unit_test(test_repair__many_at_once_and_all),
        cmocka_unit_test(test_repair__little_is_read_of_the_other_store),
        cmocka_unit_test(
            test_repair__what_is_damaged_on_both_sides_does_not_keep_the_rest_from_mending),
        cmocka_unit_test(test_repair__what_the_other_has_not_stays_damaged_and_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
