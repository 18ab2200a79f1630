/* SPDX-License-Identifier: ISC
 *
 * test_value.c - values of every length come back, whole and by range, and are named by their
 * bytes.
 *
 * How: seeded random bytes are written in pieces of random sizes and compared with what is read.
 */
#include "bough/limits.h"
#include "encode.h"
#include "store_setup.h"
#include "test_seed.h"
#include "value_chunk.h"
#include <stdlib.h>

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

static void test_value__what_is_appended_gives_what_writing_it_all_gives(void **unused)
{
    static const size_t lens[] = {0, 1, 512, 513, 65536, 65537, 100000, 262144, 300000, 9000000};
    uint64_t seed = test_seed();
    struct bough_store *store = store_setup();

    (void)unused;
    fill(&seed);
    memset(bytes + 3000000, 0, 2000000); /* where chunks are as long as they may be */
    for (int i = 0; i < 25; i++) {
        struct bough_arena arena = store_setup_arena();
        size_t len = i < 10 ? lens[i] : test_below(&seed, BYTES_MAX);
        struct bough_value value;
        struct bough_value whole;

        assert_int_equal(bough_value_put(store, bough_bytes_of(bytes, len), &arena, &value),
                         BOUGH_OK);
        for (int k = 0; k < 4; k++) {
            size_t more = test_below(&seed, k == 0 ? 10 : k == 1 ? 70000 : 2000000);
            struct bough_store_info before;
            struct bough_store_info after;

            more = more < BYTES_MAX - len ? more : BYTES_MAX - len;
            bough_store_info(store, &before);
            assert_int_equal(bough_value_append(store, &value, bough_bytes_of(bytes + len, more),
                                                &arena, &value),
                             BOUGH_OK);
            bough_store_info(store, &after);
            assert_true(after.used_bytes - before.used_bytes < more + 2 * VALUE_CHUNK_BYTES_MAX);
            len += more;
            assert_int_equal(bough_value_put(store, bough_bytes_of(bytes, len), &arena, &whole),
                             BOUGH_OK);
            assert_int_equal(value.size_bytes, len);
            assert_true(bough_hash_equal(&value.link.name, &whole.link.name));
            assert_true(bough_bytes_equal(value.data, whole.data));
        }
        bough_arena_release(&arena);
    }
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* A list of `count` times the same item. */
static struct value_chunk repeat(struct bough_store *store, uint8_t level, uint32_t count,
                                 const struct value_chunk *item)
{
    static uint8_t list[VALUE_CHUNK_LIST_MAX * 42 + 1];
    uint64_t addresses[VALUE_CHUNK_LIST_MAX];
    struct encode out = encode_into(list, sizeof(list));
    struct value_chunk made = {.size_bytes = count * item->size_bytes};

    encode_u8(&out, level);
    for (uint32_t i = 0; i < count; i++) {
        encode_varint(&out, item->size_bytes);
        encode_hash(&out, &item->link.name);
        addresses[i] = item->link.address;
    }
    assert_false(out.overflow);
    assert_int_equal(object_put(store, BOUGH_KIND_CHUNKS, bough_bytes_of(list, out.len), addresses,
                                count, &made.link),
                     BOUGH_OK);
    return made;
}

static void test_value__past_the_limit_is_refused(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct value_chunk item = {.size_bytes = VALUE_CHUNK_BYTES_MAX};
    struct bough_value_writer *writer;
    struct bough_value value;
    struct bough_value same;
    size_t got;

    (void)unused;
    /* A tebibyte of zeros, made of five objects. */
    memset(bytes, 0, VALUE_CHUNK_BYTES_MAX);
    assert_int_equal(object_put(store, BOUGH_KIND_VALUE,
                                bough_bytes_of(bytes, VALUE_CHUNK_BYTES_MAX), NULL, 0, &item.link),
                     BOUGH_OK);
    for (uint8_t level = 0; level < 3; level++)
        item = repeat(store, level, VALUE_CHUNK_LIST_MAX, &item);
    item = repeat(store, 3, 2, &item);
    value = (struct bough_value){.size_bytes = item.size_bytes, .link = item.link};
    assert_int_equal(value.size_bytes, BOUGH_VALUE_BYTES_MAX);
    memset(found, 1, 1000);
    assert_int_equal(bough_value_read(store, &value, value.size_bytes - 1000, found, 2000, &got),
                     BOUGH_OK);
    assert_int_equal(got, 1000);
    assert_memory_equal(found, bytes, 1000);

    /* At the limit it is what a writer of all of it would make; one more byte is too much. */
    assert_int_equal(bough_value_append(store, &value, bough_bytes_of(bytes, 0), &arena, &same),
                     BOUGH_OK);
    assert_true(bough_hash_equal(&same.link.name, &value.link.name));
    assert_int_equal(bough_value_resume(store, &value, &writer), BOUGH_OK);
    assert_int_equal(bough_value_add(writer, bough_bytes_of(bytes, 1)), BOUGH_TOO_BIG);
    bough_value_abandon(writer);
    value.size_bytes++;
    assert_int_equal(bough_value_resume(store, &value, &writer), BOUGH_TOO_BIG);
    value.size_bytes -= 2; /* not what the lists say */
    assert_int_equal(bough_value_resume(store, &value, &writer), BOUGH_CORRUPT);
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* What repeats is stored once, so a value that is far larger than memory fits into it. */
static void test_value__a_long_stream_takes_fixed_memory(void **unused)
{
    const char *longer = getenv("BOUGH_LONG");
    uint64_t mebibytes = longer != NULL && longer[0] == '1' ? 10 * 1024 : 80;
    uint64_t seed = test_seed();
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_value_writer *writer;
    struct bough_value value;
    size_t got;

    (void)unused;
    fill(&seed);
    assert_int_equal(bough_value_begin(store, &writer), BOUGH_OK);
    for (uint64_t i = 0; i < mebibytes; i++) {
        assert_int_equal(bough_value_add(writer, bough_bytes_of(bytes, 1 << 20)), BOUGH_OK);
        assert_true(host_env()->heap->taken_bytes < (size_t)16 << 20);
    }
    assert_int_equal(bough_value_finish(writer, &arena, &value), BOUGH_OK);
    assert_int_equal(value.size_bytes, mebibytes << 20);
    for (int i = 0; i < 200; i++) {
        uint64_t at = test_below(&seed, value.size_bytes);

        assert_int_equal(bough_value_read(store, &value, at, found, 1, &got), BOUGH_OK);
        assert_int_equal(got, 1);
        assert_int_equal(found[0], bytes[at & ((1 << 20) - 1)]);
    }
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
        cmocka_unit_test(test_value__what_is_appended_gives_what_writing_it_all_gives),
        cmocka_unit_test(test_value__a_long_stream_takes_fixed_memory),
        cmocka_unit_test(test_value__past_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
