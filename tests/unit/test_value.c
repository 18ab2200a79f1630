/* SPDX-License-Identifier: ISC
 *
 * test_value.c - values of every length come back, whole and by range, and are named by their
 * bytes.
 *
 * How: seeded random bytes are written in pieces of random sizes and compared with what is read.
 */
#include "bough/limits.h"
#include "store_setup.h"
#include "test_seed.h"
#include "value_chunk.h"

#define BYTES_MAX (20u << 20) /* three lists of chunks */

static uint8_t bytes[BYTES_MAX];
static uint8_t found[BYTES_MAX];

static void fill(uint64_t *seed)
{
    for (size_t i = 0; i < BYTES_MAX; i += 8) {
        uint64_t word = test_random(seed);

        memcpy(bytes + i, &word, 8);
    }
}

static struct bough_value write_pieces(struct bough_store *store, size_t len, uint64_t *seed,
                                       struct bough_arena *arena)
{
    struct bough_value_writer *writer;
    struct bough_value value;
    size_t at = 0;

    assert_int_equal(bough_value_begin(store, &writer), BOUGH_OK);
    while (at < len) {
        size_t some = 1 + test_below(seed, 100000);

        some = some < len - at ? some : len - at;
        assert_int_equal(bough_value_add(writer, bough_bytes_of(bytes + at, some)), BOUGH_OK);
        at += some;
    }
    assert_int_equal(bough_value_finish(writer, arena, &value), BOUGH_OK);
    assert_int_equal(value.size_bytes, len);
    return value;
}

static void test_value__every_length_reads_back_by_range(void **unused)
{
    static const size_t lens[] = {0,     1,     511,    512,    513,     16384,   65535,
                                  65536, 65537, 262144, 262145, 1000000, 3000000, BYTES_MAX};
    uint64_t seed = test_seed();
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();

    (void)unused;
    fill(&seed);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        struct bough_value value = write_pieces(store, lens[i], &seed, &arena);
        size_t got;

        assert_true((value.size_bytes <= 512) == bough_hash_is_none(&value.link.name));
        assert_int_equal(bough_value_read(store, &value, 0, found, BYTES_MAX, &got), BOUGH_OK);
        assert_int_equal(got, lens[i]);
        assert_memory_equal(found, bytes, lens[i]);
        for (int k = 0; k < 50 && lens[i] > 0; k++) {
            size_t at = test_below(&seed, lens[i]);
            size_t len = test_below(&seed, 200000);

            assert_int_equal(bough_value_read(store, &value, at, found, len, &got), BOUGH_OK);
            assert_int_equal(got, len < lens[i] - at ? len : lens[i] - at);
            assert_memory_equal(found, bytes + at, got);
        }
        assert_int_equal(bough_value_read(store, &value, lens[i], found, 1, &got), BOUGH_OK);
        assert_int_equal(got, 0);
    }
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_value__the_name_follows_from_the_bytes_alone(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();

    (void)unused;
    fill(&seed);
    for (int i = 0; i < 8; i++) {
        size_t len = 1 + test_below(&seed, BYTES_MAX);
        struct bough_value pieces = write_pieces(store, len, &seed, &arena);
        struct bough_value whole;
        struct bough_hash one;
        struct bough_hash other;

        assert_int_equal(bough_value_put(store, bough_bytes_of(bytes, len), &arena, &whole),
                         BOUGH_OK);
        bough_value_name(&pieces, &one);
        bough_value_name(&whole, &other);
        assert_true(bough_hash_equal(&one, &other));
        bytes[test_below(&seed, len)] ^= 1;
        assert_int_equal(bough_value_put(store, bough_bytes_of(bytes, len), &arena, &whole),
                         BOUGH_OK);
        bough_value_name(&whole, &other);
        assert_false(bough_hash_equal(&one, &other));
    }
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_value__an_insertion_keeps_the_other_chunks(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_store_info before;
    struct bough_store_info after;
    struct bough_value value;

    (void)unused;
    fill(&seed);
    assert_int_equal(bough_value_put(store, bough_bytes_of(bytes, BYTES_MAX - 1), &arena, &value),
                     BOUGH_OK);
    bough_store_info(store, &before);
    memmove(bytes + 1000001, bytes + 1000000, BYTES_MAX - 1000001);
    assert_int_equal(bough_value_put(store, bough_bytes_of(bytes, BYTES_MAX), &arena, &value),
                     BOUGH_OK);
    bough_store_info(store, &after);
    assert_true(after.used_bytes - before.used_bytes < 3 * VALUE_CHUNK_BYTES_MAX);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_value__past_the_limit_is_refused(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_value_writer *writer;
    struct bough_arena arena = store_setup_arena();
    struct bough_value value;

    (void)unused;
    assert_int_equal(bough_value_begin(store, &writer), BOUGH_OK);
    memset(bytes, 7, sizeof(bytes));
    for (size_t at = 0; at < BOUGH_VALUE_BYTES_MAX; at += 1 << 20)
        assert_int_equal(bough_value_add(writer, bough_bytes_of(bytes, 1 << 20)), BOUGH_OK);
    assert_int_equal(bough_value_add(writer, bough_bytes_of(bytes, 1)), BOUGH_TOO_BIG);
    bough_value_abandon(writer);

    assert_int_equal(bough_value_begin(store, &writer), BOUGH_OK);
    for (size_t at = 0; at < BOUGH_VALUE_BYTES_MAX; at += 1 << 20)
        assert_int_equal(bough_value_add(writer, bough_bytes_of(bytes, 1 << 20)), BOUGH_OK);
    assert_int_equal(bough_value_finish(writer, &arena, &value), BOUGH_OK);
    assert_int_equal(value.size_bytes, BOUGH_VALUE_BYTES_MAX);
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value__every_length_reads_back_by_range),
        cmocka_unit_test(test_value__the_name_follows_from_the_bytes_alone),
        cmocka_unit_test(test_value__an_insertion_keeps_the_other_chunks),
        cmocka_unit_test(test_value__past_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
