/* SPDX-License-Identifier: ISC
 *
 * test_hash_many.c - hashes side by side are the hashes one by one.
 *
 * How: seeded batches of messages, from none to some hundred and of all lengths around whole
 * blocks, by each variant that this processor has, against hash_of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hash_lanes.h"
#include "hash_many.h"
#include "test_seed.h"

#define MESSAGES_MAX 300u
#define BYTES        5000u

static uint8_t bytes[BYTES];
static struct bough_bytes messages[MESSAGES_MAX];
static struct bough_hash hashes[MESSAGES_MAX];

static void check(uint32_t tag, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bough_hash expected;

        hash_of(tag, messages[i], &expected);
        assert_memory_equal(hashes[i].at, expected.at, BOUGH_HASH_BYTES);
    }
    memset(hashes, 0, sizeof(hashes));
}

static size_t draw(uint64_t *seed)
{
    size_t count = (size_t)test_below(seed, test_below(seed, 2) == 0 ? 20 : MESSAGES_MAX);

    for (size_t i = 0; i < count; i++) {
        size_t blocks = (size_t)test_below(seed, 4);
        size_t len = test_below(seed, 2) == 0 ? (size_t)test_below(seed, BYTES / 2)
                                              : blocks * 128 + (size_t)test_below(seed, 3);

        messages[i] = bough_bytes_of(bytes + test_below(seed, BYTES - len), len);
        if (len == 0)
            messages[i].at = NULL;
    }
    return count;
}

static void test_hash_many__gives_what_hash_of_gives(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (uint8_t)test_below(&seed, 256);
    for (int round = 0; round < 300; round++) {
        uint32_t tag = (uint32_t)test_below(&seed, UINT32_MAX);
        size_t count = draw(&seed);

        hash_many(tag, messages, count, hashes);
        check(tag, count);
    }
}

static void test_hash_many__every_variant_that_runs_here_agrees(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    for (int round = 0; round < 300; round++) {
        uint32_t tag = (uint32_t)test_below(&seed, UINT32_MAX);
        size_t count = draw(&seed);

        if (hash_lanes_run(tag, messages, count, hashes))
            check(tag, count);
        if (!__builtin_cpu_supports("avx2"))
            continue;
        hash_lanes4(tag, messages, count, hashes);
        check(tag, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_many__gives_what_hash_of_gives),
        cmocka_unit_test(test_hash_many__every_variant_that_runs_here_agrees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
