/* SPDX-License-Identifier: ISC
 *
 * test_hash_block.c - BLAKE2b as libb2 computes it.
 *
 * Proves it by hashing messages of every length around the ends of blocks with both, whole and in
 * pieces that are cut at random (the seed is printed).
 */
#include "hash.h"
#include "test_seed.h"
#include <blake2.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LEN_MAX 1300u

static uint8_t message[LEN_MAX];

static void peer(uint32_t tag, size_t len, struct bough_hash *hash)
{
    blake2b_param param = {.digest_length = BOUGH_HASH_BYTES, .fanout = 1, .depth = 1};
    blake2b_state state;

    memcpy(param.personal, "bough", 5);
    for (unsigned i = 0; i < 4; i++)
        param.personal[12 + i] = (uint8_t)(tag >> (24 - 8 * i));
    assert_int_equal(blake2b_init_param(&state, &param), 0);
    assert_int_equal(blake2b_update(&state, message, len), 0);
    assert_int_equal(blake2b_final(&state, hash->at, BOUGH_HASH_BYTES), 0);
}

static void test_hash_block__names_are_those_of_another_implementation(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < LEN_MAX; i++)
        message[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t len = 0; len <= LEN_MAX; len++) {
        struct bough_hash own;
        struct bough_hash other;

        hash_of((uint32_t)(len * 0x01234567u), bough_bytes_of(message, len), &own);
        peer((uint32_t)(len * 0x01234567u), len, &other);
        assert_memory_equal(&own, &other, sizeof(own));
    }
}

static void test_hash_block__pieces_make_the_same_name(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    for (size_t i = 0; i < LEN_MAX; i++)
        message[i] = (uint8_t)test_random(&seed);
    for (unsigned round = 0; round < 2000; round++) {
        size_t len = test_below(&seed, LEN_MAX + 1);
        struct hash_state state;
        struct bough_hash own;
        struct bough_hash other;

        hash_begin(&state, round);
        for (size_t at = 0; at < len;) {
            size_t some = 1 + test_below(&seed, round % 2 == 0 ? 300 : 130);

            some = some < len - at ? some : len - at;
            hash_add(&state, bough_bytes_of(message + at, some));
            hash_add(&state, (struct bough_bytes){0});
            at += some;
        }
        hash_end(&state, &own);
        peer(round, len, &other);
        assert_memory_equal(&own, &other, sizeof(own));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_block__names_are_those_of_another_implementation),
        cmocka_unit_test(test_hash_block__pieces_make_the_same_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
