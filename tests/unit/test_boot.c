/* SPDX-License-Identifier: ISC
 *
 * test_boot.c - what a service starts on, and what it leaves alone.
 *
 * Proves it on devices in memory whose bytes are compared before and after, and with a whole
 * service in this process: files, locks, words, a stop from another thread.
 */
#include "boot.h"
#include "bough/blockdev.h"
#include "bough/service.h"
#include "host_env.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

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

/* A device whose close leaves the bytes, so that they can be looked at afterwards. */
struct kept {
    struct bough_block base;
    struct bough_block *below;
};

static enum bough_err kept_read(struct bough_block *dev, uint64_t first, uint32_t count, void *into)
{
    return bough_block_read(((struct kept *)dev)->below, first, count, into);
}

static enum bough_err kept_write(struct bough_block *dev, uint64_t first, uint32_t count,
                                 const void *from)
{
    return bough_block_write(((struct kept *)dev)->below, first, count, from);
}

static enum bough_err kept_flush(struct bough_block *dev)
{
    return bough_block_flush(((struct kept *)dev)->below);
}

static void kept_close(struct bough_block *dev)
{
    (void)dev;
}

static struct bough_block *keep(struct kept *kept, struct bough_block *below)
{
    static const struct bough_block_ops ops = {
        .read = kept_read, .write = kept_write, .flush = kept_flush, .close = kept_close};

    kept->base = *below;
    kept->base.ops = &ops;
    kept->below = below;
    return &kept->base;
}

static enum bough_err boot_on(struct bough_block *dev, const char *words)
{
    char error[CONFIG_ERROR_BYTES_MAX] = "";
    struct service service;
    struct config config;
    enum bough_err err;

    config_init(&config);
    assert_int_equal(config_line(&config, words, error), BOUGH_OK);
    boot_begin(&service, host_env(), &config);
    err = boot_open(&service, dev, error);
    assert_int_equal(err == BOUGH_OK, error[0] == '\0');
    if (err == BOUGH_OK)
        boot_end(&service);
    assert_null(service.store);
    return err;
}

static void test_boot__a_blank_device_becomes_a_store_and_stays_one(void **state)
{
    struct bough_block *ram = NULL;
    struct kept kept;

    (void)state;
    assert_int_equal(bough_ram_open(host_env(), 4096, 1024, &ram), BOUGH_OK);
    assert_int_equal(boot_on(keep(&kept, ram), ""), BOUGH_OK);
    assert_int_equal(boot_on(keep(&kept, ram), ""), BOUGH_OK);
    bough_block_close(ram);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_boot__a_foreign_device_is_not_touched(void **state)
{
    static uint8_t before[512 * 4096];
    static uint8_t after[512 * 4096];
    struct bough_block *ram = NULL;
    struct kept kept;

    (void)state;
    assert_int_equal(bough_ram_open(host_env(), 4096, 1024, &ram), BOUGH_OK);
    memset(before, 0, sizeof(before));
    memcpy(before + 1080, "\x53\xef", 2); /* where ext4 has its magic number */
    assert_int_equal(bough_block_write(ram, 0, 512, before), BOUGH_OK);
    assert_int_equal(boot_on(keep(&kept, ram), ""), BOUGH_INVALID);
    assert_int_equal(bough_block_read(ram, 0, 512, after), BOUGH_OK);
    assert_memory_equal(before, after, sizeof(before));
    bough_block_close(ram);
}

static void test_boot__less_durability_than_asked_for_is_refused(void **state)
{
    (void)state;
    assert_int_equal(boot_on(NULL, "durability=any"), BOUGH_OK);
    assert_int_equal(boot_on(NULL, "durability=require-host"), BOUGH_UNSUPPORTED);
    assert_int_equal(boot_on(NULL, "durability=require-power"), BOUGH_UNSUPPORTED);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_boot__a_blank_read_only_or_tiny_device_is_refused(void **state)
{
    struct bough_block *ram = NULL;

    (void)state;
    assert_int_equal(bough_ram_open(host_env(), 4096, 1024, &ram), BOUGH_OK);
    ram->read_only = true;
    assert_int_equal(boot_on(ram, ""), BOUGH_READ_ONLY);
    assert_int_equal(bough_ram_open(host_env(), 4096, 2, &ram), BOUGH_OK);
    assert_int_equal(boot_on(ram, ""), BOUGH_TOO_BIG);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* ---- the whole service ---- */

static void *run(void *service)
{
    assert_int_equal(bough_service_run(service), BOUGH_OK);
    return NULL;
}

static void test_service__it_starts_on_a_new_file_and_stops_when_told(void **state)
{
    const struct bough_service_options options = {
        .store = path, .create = true, .size_bytes = 4u << 20};
    char error[BOUGH_SERVICE_ERROR_BYTES];
    struct bough_service *service = NULL;
    struct bough_service *second = NULL;
    pthread_t thread;

    (void)state;
    assert_int_equal(bough_service_open(host_env(), &options, error, &service), BOUGH_OK);
    assert_int_equal(strncmp(bough_service_address(service), "127.0.0.1:", 10), 0);
    assert_int_equal(bough_service_open(host_env(), &options, error, &second), BOUGH_BUSY);
    assert_non_null(strstr(error, path));
    assert_int_equal(pthread_create(&thread, NULL, run, service), 0);
    bough_service_stop(service);
    pthread_join(thread, NULL);
    bough_service_close(service);
    bough_service_close(NULL);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_service__what_is_wrong_is_said_in_a_line(void **state)
{
    static const char *const bad_word[] = {"prot=80"};
    struct bough_service_options options = {.store = "memory:"};
    char error[BOUGH_SERVICE_ERROR_BYTES];
    struct bough_service *service = NULL;

    (void)state;
    options.words = bad_word;
    options.word_count = 1;
    assert_int_equal(bough_service_open(host_env(), &options, error, &service), BOUGH_INVALID);
    assert_non_null(strstr(error, "\"prot=80\""));
    options.word_count = 0;
    options.listen_host = "nowhere";
    assert_int_equal(bough_service_open(host_env(), &options, error, &service), BOUGH_INVALID);
    assert_non_null(strstr(error, "nowhere"));
    options = (struct bough_service_options){.store = "/nonexistent/store"};
    assert_int_equal(bough_service_open(host_env(), &options, error, &service), BOUGH_NOT_FOUND);
    assert_non_null(strstr(error, "/nonexistent/store"));
    options = (struct bough_service_options){.store = "memory:", .tap = "no-such-tap-device-name"};
    assert_int_not_equal(bough_service_open(host_env(), &options, error, &service), BOUGH_OK);
    assert_non_null(strstr(error, "no-such-tap"));
    assert_null(service);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boot__a_blank_device_becomes_a_store_and_stays_one),
        cmocka_unit_test(test_boot__a_foreign_device_is_not_touched),
        cmocka_unit_test(test_boot__less_durability_than_asked_for_is_refused),
        cmocka_unit_test(test_boot__a_blank_read_only_or_tiny_device_is_refused),
        cmocka_unit_test(test_service__it_starts_on_a_new_file_and_stops_when_told),
        cmocka_unit_test(test_service__what_is_wrong_is_said_in_a_line),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
