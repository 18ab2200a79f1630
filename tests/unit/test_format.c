/* SPDX-License-Identifier: ISC
 *
 * test_format.c - golden bytes: what docs/format.md says stays as it is.
 *
 * How: a small history is written with a fixed identity and fixed times to a device in memory;
 * names and the device's bytes must be those that were written down when version 1 was made.  A
 * change here is a change of the format and needs a new version.
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/journal.h"
#include "hash.h"
#include "store_setup.h"
#include <stdio.h>

#define GOLDEN_COMMIT "c801aa105add8304a822b31d4982784fbe138f1d19d35047697f43b1419b950a"
#define GOLDEN_TREE   "b34f31e559c3efa6f0709aee0c80a8e84b6872164a7b050f083f750abae5e969"
#define GOLDEN_DEVICE "10ec47c2d8b047fd96168db4da669050ae4dc3ae75c9cfef359536264bf575b7"

static const struct bough_identity identity = {
    .uuid = "golden uuid....",
    .salt = "golden salt....",
    .leaf_window_bytes = 512,
    .inner_window_bytes = 512,
};

static enum bough_err fill_fixed(struct bough_entropy *entropy, void *into, size_t len)
{
    (void)entropy;
    memset(into, 0x5a, len);
    return BOUGH_OK;
}

static const struct bough_entropy_ops fixed = {.fill = fill_fixed};

static void name_is(const struct bough_hash *name, const char *expected)
{
    char hex[2 * BOUGH_HASH_BYTES + 1];

    hash_hex(name, hex);
    assert_string_equal(hex, expected);
}

static void test_format__names_and_devices_are_as_written_down(void **unused)
{
    static uint8_t image[1100 * 4096];
    static char text[100000];
    struct bough_arena arena = store_setup_arena();
    struct block_borrow borrow;
    struct bough_block *dev;
    struct bough_backend *backend;
    struct bough_store *store;
    struct bough_txn_result result;
    struct bough_commit commit;
    struct bough_hash all;
    struct bough_env env = *host_env();
    struct bough_entropy entropy = {.ops = &fixed};

    (void)unused;
    env.entropy = &entropy; /* groups carry random numbers */
    assert_int_equal(bough_ram_open(host_env(), 4096, 1100, &dev), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), dev, &identity), BOUGH_OK);
    assert_int_equal(bough_journal_open(&env, block_borrow(&borrow, dev), &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(&env, backend, 0, &store), BOUGH_OK);
    for (int i = 0; i < 100; i++) {
        char path[32];

        snprintf(path, sizeof(path), "dir%d/key%d", i % 3, i);
        assert_int_equal(store_setup_write(store, "heads/main", path, "short", &result), BOUGH_OK);
    }
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = (char)('a' + i * i % 23);
    text[600] = '\0';
    assert_int_equal(store_setup_write(store, "heads/main", "long", text, &result), BOUGH_OK);
    text[600] = 'x';
    assert_int_equal(store_setup_write(store, "heads/main", "chunks", text, &result), BOUGH_OK);
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
    name_is(&result.commit.name, GOLDEN_COMMIT);
    assert_int_equal(bough_commit_get(store, &result.commit, &arena, &commit), BOUGH_OK);
    name_is(&commit.tree.root.name, GOLDEN_TREE);
    assert_int_equal(bough_collect_run(store), BOUGH_OK); /* and with it a checkpoint */
    bough_store_close(store);
    assert_int_equal(bough_block_read(dev, 0, 1100, image), BOUGH_OK);
    hash_of(64, bough_bytes_of(image, sizeof(image)), &all);
    name_is(&all, GOLDEN_DEVICE);
    bough_block_close(dev);
    bough_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format__names_and_devices_are_as_written_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
