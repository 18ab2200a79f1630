/* SPDX-License-Identifier: ISC
 *
 * test_journal_open.c - what opening finds out before the first write: a device that has grown, and
 * checkpoints that cannot be trusted.
 *
 * How: stores on devices in memory, whose size or bytes are changed between two openings.
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/journal.h"
#include "journal_format.h"
#include "store_setup.h"
#include "test_seed.h"
#include <stdio.h>

#define BLOCK_SIZE 4096u

static struct bough_store *open_on(struct bough_block *dev)
{
    struct bough_backend *backend;
    struct bough_store *store;

    assert_int_equal(bough_journal_open(host_env(), dev, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 0, &store), BOUGH_OK);
    return store;
}

/* The start of the value under a key of main, `len` bytes of it. */
static void read_start(struct bough_store *store, const char *path, void *into, size_t len)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_ref head;
    struct bough_commit commit;
    struct bough_entry entry;
    size_t got;

    assert_int_equal(bough_ref_get(store, bough_bytes_text("heads/main"), &head), BOUGH_OK);
    assert_int_equal(bough_commit_get(store, &head.link, &arena, &commit), BOUGH_OK);
    assert_int_equal(bough_tree_find(store, &commit.tree, bough_bytes_text(path), &arena, &entry),
                     BOUGH_OK);
    assert_int_equal(bough_value_read(store, &entry.value, 0, into, len, &got), BOUGH_OK);
    assert_int_equal(got, len);
    bough_arena_release(&arena);
}

/* Writes keys of some KiB until one is refused, and answers how many were taken. */
static unsigned fill_up(struct bough_store *store, unsigned from)
{
    static char text[3001];
    struct bough_txn_result result;
    unsigned n = from;

    memset(text, 'x', sizeof(text) - 1);
    for (;; n++) {
        char path[32];
        enum bough_err err;

        snprintf(path, sizeof(path), "key%u", n);
        memcpy(text, path, strlen(path));
        err = store_setup_write(store, "heads/main", path, text, &result);
        if (err == BOUGH_FULL)
            return n;
        assert_int_equal(err, BOUGH_OK);
        if (n % 7 == 0)
            assert_int_equal(bough_store_sync(store), BOUGH_OK);
    }
}

static void test_journal_open__a_grown_device_is_taken_up(void **unused)
{
    struct bough_block *medium;
    struct block_borrow borrow;
    struct bough_store *store;
    struct bough_store_info before = {0};
    struct bough_store_info after;
    unsigned count = 0;

    (void)unused;
    assert_int_equal(bough_ram_open(host_env(), BLOCK_SIZE, 5000, &medium), BOUGH_OK);
    block_borrow(&borrow, medium)->block_count = 1100;
    assert_int_equal(bough_journal_format(host_env(), &borrow.base, NULL), BOUGH_OK);
    for (uint64_t blocks = 1100; blocks < 5000; blocks += 1300) {
        unsigned more;

        block_borrow(&borrow, medium)->block_count = blocks;
        store = open_on(&borrow.base);
        bough_store_info(store, &after);
        more = fill_up(store, count);
        assert_true(more > count + 100);
        assert_true(blocks == 1100 || after.capacity_bytes > before.capacity_bytes + (4 << 20));
        before = after;
        count = more;
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        bough_store_close(store);
    }
    /* A device that shrinks again is refused, before anything is written. */
    block_borrow(&borrow, medium)->block_count = 1100;
    {
        struct bough_backend *backend;

        assert_int_equal(bough_journal_open(host_env(), &borrow.base, &backend), BOUGH_CORRUPT);
    }
    block_borrow(&borrow, medium)->block_count = 5000;
    store = open_on(&borrow.base);
    for (unsigned n = 0; n < count; n++) {
        char path[32];
        char got[32];

        snprintf(path, sizeof(path), "key%u", n);
        read_start(store, path, got, strlen(path));
        assert_memory_equal(got, path, strlen(path));
    }
    bough_store_close(store);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* The superblock at a place of the device. */
static struct journal_super super_at(struct bough_block *dev, uint64_t block)
{
    uint8_t unit[BLOCK_SIZE];
    struct journal_super super;

    assert_int_equal(bough_block_read(dev, block, 1, unit), BOUGH_OK);
    assert_int_equal(journal_format_super_get(unit, &super), BOUGH_OK);
    return super;
}

/* A store on which segments were freed and used anew between its two newest checkpoints. */
static struct bough_block *worn(void)
{
    struct bough_block *medium;
    const struct bough_ref_log_window none = {0};
    struct block_borrow borrow;
    struct bough_store *store;
    struct bough_txn_result result;
    char text[3001] = {0};

    assert_int_equal(bough_ram_open(host_env(), BLOCK_SIZE, 1100, &medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    store = open_on(block_borrow(&borrow, medium));
    assert_int_equal(bough_ref_log_window_set(store, &none),
                     BOUGH_OK); /* what is gone is garbage */
    memset(text, 'x', sizeof(text) - 1);
    for (unsigned n = 1; n < 1240; n++) {
        struct bough_ref_move gone = {.name = bough_bytes_text("heads/main"), .remove = true};

        snprintf(text, 5, "%04u", n);
        text[4] = 'x';
        assert_int_equal(store_setup_write(store, "heads/main", "key", text, &result), BOUGH_OK);
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        if (n % 250 == 0) {
            assert_int_equal(bough_ref_move(store, &gone, 1, NULL), BOUGH_OK);
            assert_int_equal(bough_store_sync(store), BOUGH_OK);
            assert_int_equal(bough_collect_run(store), BOUGH_OK);
        }
    }
    bough_store_close(store);
    return medium;
}

static void test_journal_open__an_older_checkpoint_is_never_written_upon(void **unused)
{
    struct bough_block *medium = worn();
    struct block_borrow borrow;
    struct journal_super newest = super_at(medium, 1099);
    uint8_t block[BLOCK_SIZE];
    struct bough_backend *backend;

    (void)unused;
    assert_true(newest.count > 3);
    assert_int_equal(bough_block_read(medium, newest.checkpoint / BLOCK_SIZE, 1, block), BOUGH_OK);
    block[newest.checkpoint % BLOCK_SIZE + 40] ^= 1;
    assert_int_equal(bough_block_write(medium, newest.checkpoint / BLOCK_SIZE, 1, block), BOUGH_OK);
    /* Two copies name the newest checkpoint, the third an older one. */
    assert_int_equal(bough_journal_open(host_env(), block_borrow(&borrow, medium), &backend),
                     BOUGH_OK);
    assert_true(backend->read_only && backend->damaged);
    bough_backend_close(backend);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_journal_open__a_lost_superblock_rolls_nothing_back(void **unused)
{
    struct bough_block *medium = worn();
    struct block_borrow borrow;
    struct journal_super newest = super_at(medium, 1099);
    uint8_t zeros[BLOCK_SIZE] = {0};
    struct bough_backend *backend;
    struct bough_store *store;

    (void)unused;
    assert_int_equal(bough_block_write(medium, 1099, 1, zeros), BOUGH_OK);
    assert_int_equal(bough_block_write(medium, newest.count % 2, 1, zeros), BOUGH_OK);
    assert_int_equal(bough_journal_open(host_env(), block_borrow(&borrow, medium), &backend),
                     BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 0, &store), BOUGH_OK);
    /* From the older one on the log can be followed to its end; else it would have to say so. */
    if (!backend->read_only) {
        char found[4];

        read_start(store, "key", found, sizeof(found));
        assert_memory_equal(found, "1239", sizeof(found));
    } else {
        assert_true(backend->damaged);
    }
    bough_store_close(store);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal_open__a_grown_device_is_taken_up),
        cmocka_unit_test(test_journal_open__an_older_checkpoint_is_never_written_upon),
        cmocka_unit_test(test_journal_open__a_lost_superblock_rolls_nothing_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
