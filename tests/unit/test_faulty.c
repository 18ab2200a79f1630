/* SPDX-License-Identifier: ISC
 *
 * test_faulty.c - a device that misbehaves does so exactly as it was told, and in nothing else.
 *
 * Proves it by running the laws of tests/laws_block.h while no fault is due, then counting
 * operations up to each fault; power cuts are judged by what stands on the device below.
 */
#include "bough/blockdev.h"
#include "host_env.h"
#include "laws_block.h"

#define BLOCK 4096u

static uint8_t bytes[16 * BLOCK];

static struct bough_block *open_over_ram(const struct bough_faulty_options *options)
{
    struct bough_block *ram = NULL;
    struct bough_block *dev = NULL;

    assert_int_equal(bough_ram_open(host_env(), BLOCK, 64, &ram), BOUGH_OK);
    ram->atomic_bytes = 512;
    assert_int_equal(bough_faulty_open(host_env(), ram, options, &dev), BOUGH_OK);
    return dev;
}

static void test_faulty__without_options_it_keeps_the_laws(void **state)
{
    const struct bough_faulty_options none = {0};
    const struct bough_faulty_options lossy = {.lossy = true};
    size_t before = host_env()->heap->taken_bytes;
    struct bough_block *dev = open_over_ram(&none);

    (void)state;
    laws_block_all(dev, 3);
    bough_block_close(dev);
    dev = open_over_ram(&lossy);
    laws_block_all(dev, 4);
    bough_block_close(dev);
    assert_int_equal(host_env()->heap->taken_bytes, before);
}

static void test_faulty__the_chosen_operation_fails_once_or_forever(void **state)
{
    struct bough_faulty_options options = {.fail_ops = BOUGH_FAULTY_WRITE, .fail_at = 3};
    struct bough_block *dev = open_over_ram(&options);

    (void)state;
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(bough_block_write(dev, 0, 1, bytes), i == 3 ? BOUGH_IO : BOUGH_OK);
        assert_int_equal(bough_block_read(dev, 0, 1, bytes), BOUGH_OK);
    }
    options.fail_forever = true;
    options.fail_ops = BOUGH_FAULTY_FLUSH | BOUGH_FAULTY_READ;
    bough_faulty_set(dev, &options);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    assert_int_equal(bough_block_read(dev, 0, 1, bytes), BOUGH_OK);
    assert_int_equal(bough_block_flush(dev), BOUGH_IO);
    assert_int_equal(bough_block_read(dev, 0, 1, bytes), BOUGH_IO);
    assert_int_equal(bough_block_write(dev, 0, 1, bytes), BOUGH_OK);
    assert_int_equal(bough_faulty_report(dev).fault_count, 3);
    bough_block_close(dev);
}

static void test_faulty__full_after_so_many_blocks(void **state)
{
    const struct bough_faulty_options options = {.full_after = 5};
    struct bough_block *dev = open_over_ram(&options);

    (void)state;
    assert_int_equal(bough_block_write(dev, 0, 3, bytes), BOUGH_OK);
    assert_int_equal(bough_block_write(dev, 3, 3, bytes), BOUGH_FULL);
    assert_int_equal(bough_block_write(dev, 3, 2, bytes), BOUGH_OK);
    assert_int_equal(bough_block_write(dev, 0, 1, bytes), BOUGH_FULL);
    assert_int_equal(bough_block_read(dev, 0, 5, bytes), BOUGH_OK);
    bough_block_close(dev);
}

static void test_faulty__blocks_beyond_the_real_end_fail(void **state)
{
    const struct bough_faulty_options options = {.short_blocks = 40};
    struct bough_block *dev = open_over_ram(&options);

    (void)state;
    assert_int_equal(dev->block_count, 64);
    assert_int_equal(bough_block_write(dev, 39, 1, bytes), BOUGH_OK);
    assert_int_equal(bough_block_write(dev, 39, 2, bytes), BOUGH_IO);
    assert_int_equal(bough_block_read(dev, 63, 1, bytes), BOUGH_IO);
    bough_block_close(dev);
}

/* Writes old, flushes, writes new over it, cuts; counts the sectors that are new below. */
static unsigned cut_once(uint64_t seed, bool flush_new, bool lying)
{
    const struct bough_faulty_options options = {.seed = seed, .lossy = true, .lying_flush = lying};
    struct bough_block *dev = open_over_ram(&options);
    unsigned fresh = 0;

    memset(bytes, 1, sizeof(bytes));
    assert_int_equal(bough_block_write(dev, 0, 16, bytes), BOUGH_OK);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    memset(bytes, 2, sizeof(bytes));
    assert_int_equal(bough_block_write(dev, 0, 16, bytes), BOUGH_OK);
    if (flush_new)
        assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    assert_int_equal(bough_faulty_cut(dev), BOUGH_OK);
    assert_int_equal(bough_block_read(dev, 0, 16, bytes), BOUGH_IO);
    assert_int_equal(bough_block_write(dev, 0, 16, bytes), BOUGH_IO);
    assert_int_equal(bough_block_flush(dev), BOUGH_IO);
    dev = bough_faulty_detach(dev);
    assert_int_equal(bough_block_read(dev, 0, 16, bytes), BOUGH_OK);
    for (size_t at = 0; at < sizeof(bytes); at += 512) {
        if (!lying)
            assert_true(bytes[at] == 1 || bytes[at] == 2);
        for (size_t i = 1; i < 512; i++)
            assert_int_equal(bytes[at + i], bytes[at]);
        fresh += bytes[at] == 2;
    }
    bough_block_close(dev);
    return fresh;
}

static void test_faulty__a_power_cut_drops_keeps_and_tears_unflushed_writes(void **state)
{
    unsigned none = 0;
    unsigned all = 0;
    unsigned torn = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        unsigned fresh = cut_once(seed, false, false);

        none += fresh == 0;
        all += fresh == 128;
        torn += fresh > 0 && fresh < 128;
    }
    assert_true(none > 0 && all > 0 && torn > 0);
}

static void test_faulty__a_power_cut_keeps_flushed_writes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        assert_int_equal(cut_once(seed, true, false), 128);
}

static void test_faulty__the_same_seed_gives_the_same_cut(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        assert_int_equal(cut_once(seed, false, false), cut_once(seed, false, false));
}

static void test_faulty__a_lying_flush_can_lose_what_it_promised(void **state)
{
    unsigned lost = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        lost += cut_once(seed, true, true) < 128;
    assert_true(lost > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faulty__without_options_it_keeps_the_laws),
        cmocka_unit_test(test_faulty__the_chosen_operation_fails_once_or_forever),
        cmocka_unit_test(test_faulty__full_after_so_many_blocks),
        cmocka_unit_test(test_faulty__blocks_beyond_the_real_end_fail),
        cmocka_unit_test(test_faulty__a_power_cut_drops_keeps_and_tears_unflushed_writes),
        cmocka_unit_test(test_faulty__a_power_cut_keeps_flushed_writes),
        cmocka_unit_test(test_faulty__the_same_seed_gives_the_same_cut),
        cmocka_unit_test(test_faulty__a_lying_flush_can_lose_what_it_promised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
