/* SPDX-License-Identifier: ISC
 *
 * test_file.c - a file of the host keeps the laws of all block devices, and its lock.
 *
 * Proves it by running tests/laws_block.h over a file in a new folder under the temporary one, by
 * opening twice, and by reading the file behind the device's back.
 */
#include "bough/blockdev.h"
#include "host_env.h"
#include "laws_block.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/bough-test-XXXXXX";
static char path[128];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/store", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static const struct bough_file_options create = {.create = true, .size_bytes = (1u << 20) + 100};

static void test_file__keeps_the_laws(void **state)
{
    struct bough_block *dev = NULL;
    struct stat facts;

    (void)state;
    (void)unlink(path);
    assert_int_equal(bough_file_open(host_env(), path, &create, &dev), BOUGH_OK);
    assert_int_equal(dev->block_count, 256);
    laws_block_all(dev, 1);
    bough_block_close(dev);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_size, 1 << 20);
}

static void test_file__a_second_writer_is_refused_until_the_first_closes(void **state)
{
    const struct bough_file_options plain = {0};
    const struct bough_file_options reader = {.read_only = true};
    struct bough_block *first = NULL;
    struct bough_block *second = NULL;

    (void)state;
    assert_int_equal(bough_file_open(host_env(), path, &create, &first), BOUGH_OK);
    assert_int_equal(bough_file_open(host_env(), path, &plain, &second), BOUGH_BUSY);
    assert_int_equal(bough_file_open(host_env(), path, &reader, &second), BOUGH_BUSY);
    bough_block_close(first);
    assert_int_equal(bough_file_open(host_env(), path, &reader, &first), BOUGH_OK);
    assert_int_equal(bough_file_open(host_env(), path, &reader, &second), BOUGH_OK);
    bough_block_close(first);
    bough_block_close(second);
}

static void test_file__contents_stay_after_close(void **state)
{
    const struct bough_file_options reader = {.read_only = true};
    static uint8_t block[4096];
    static uint8_t back[4096];
    struct bough_block *dev = NULL;

    (void)state;
    memset(block, 'b', sizeof(block));
    assert_int_equal(bough_file_open(host_env(), path, &create, &dev), BOUGH_OK);
    assert_int_equal(bough_block_write(dev, 17, 1, block), BOUGH_OK);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    bough_block_close(dev);
    assert_int_equal(bough_file_open(host_env(), path, &reader, &dev), BOUGH_OK);
    assert_int_equal(bough_block_read(dev, 17, 1, back), BOUGH_OK);
    assert_memory_equal(block, back, sizeof(block));
    assert_int_equal(bough_block_write(dev, 17, 1, block), BOUGH_READ_ONLY);
    bough_block_close(dev);
}

static void test_file__what_is_no_store_file_is_refused(void **state)
{
    const struct bough_file_options plain = {0};
    struct bough_block *dev = NULL;
    int fd;

    (void)state;
    (void)unlink(path);
    assert_int_equal(bough_file_open(host_env(), path, &plain, &dev), BOUGH_NOT_FOUND);
    assert_int_equal(bough_file_open(host_env(), folder, &plain, &dev), BOUGH_INVALID);
    assert_int_equal(bough_file_open(host_env(), "/dev/null", &plain, &dev), BOUGH_INVALID);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "short", 5), 5);
    close(fd);
    assert_int_equal(bough_file_open(host_env(), path, &create, &dev), BOUGH_INVALID);
    assert_null(dev);
    (void)unlink(path);
}

static void test_file__a_file_cut_short_is_an_error(void **state)
{
    static uint8_t block[4096];
    struct bough_block *dev = NULL;

    (void)state;
    assert_int_equal(bough_file_open(host_env(), path, &create, &dev), BOUGH_OK);
    assert_int_equal(truncate(path, 8192), 0);
    assert_int_equal(bough_block_read(dev, 1, 1, block), BOUGH_OK);
    assert_int_equal(bough_block_read(dev, 2, 1, block), BOUGH_IO);
    bough_block_close(dev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file__keeps_the_laws),
        cmocka_unit_test(test_file__a_second_writer_is_refused_until_the_first_closes),
        cmocka_unit_test(test_file__contents_stay_after_close),
        cmocka_unit_test(test_file__what_is_no_store_file_is_refused),
        cmocka_unit_test(test_file__a_file_cut_short_is_an_error),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
