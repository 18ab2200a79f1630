/* SPDX-License-Identifier: ISC
 *
 * test_ram.c - the block device in memory keeps the laws of all block devices.
 *
 * Proves it by running tests/laws_block.h over each block size, and by the heap's account.
 */
#include "bough/blockdev.h"
#include "host_env.h"
#include "laws_block.h"

static void test_ram__keeps_the_laws_at_every_block_size(void **state)
{
    size_t before = host_env()->heap->taken_bytes;

    (void)state;
    for (uint32_t size = 512; size <= 32768; size *= 2) {
        struct bough_block *dev = NULL;

        assert_int_equal(bough_ram_open(host_env(), size, 70, &dev), BOUGH_OK);
        laws_block_all(dev, size);
        bough_block_close(dev);
    }
    assert_int_equal(host_env()->heap->taken_bytes, before);
}

static void test_ram__a_new_device_is_all_zeros(void **state)
{
    static uint8_t block[512];
    static const uint8_t zeros[512];
    struct bough_block *dev = NULL;

    (void)state;
    assert_int_equal(bough_ram_open(host_env(), 512, 9, &dev), BOUGH_OK);
    for (uint64_t i = 0; i < 9; i++) {
        assert_int_equal(bough_block_read(dev, i, 1, block), BOUGH_OK);
        assert_memory_equal(block, zeros, sizeof(zeros));
    }
    bough_block_close(dev);
}

static void test_ram__impossible_devices_are_refused(void **state)
{
    struct bough_block *dev = NULL;

    (void)state;
    assert_int_equal(bough_ram_open(host_env(), 256, 8, &dev), BOUGH_INVALID);
    assert_int_equal(bough_ram_open(host_env(), 65536, 8, &dev), BOUGH_INVALID);
    assert_int_equal(bough_ram_open(host_env(), 1000, 8, &dev), BOUGH_INVALID);
    assert_int_equal(bough_ram_open(host_env(), 512, 0, &dev), BOUGH_INVALID);
    assert_int_equal(bough_ram_open(host_env(), 4096, UINT64_MAX, &dev), BOUGH_NO_MEMORY);
    assert_int_equal(bough_ram_open(host_env(), 4096, 1u << 20, &dev), BOUGH_NO_MEMORY);
    assert_null(dev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ram__keeps_the_laws_at_every_block_size),
        cmocka_unit_test(test_ram__a_new_device_is_all_zeros),
        cmocka_unit_test(test_ram__impossible_devices_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
