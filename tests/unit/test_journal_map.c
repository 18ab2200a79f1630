/* SPDX-License-Identifier: ISC
 *
 * test_journal_map.c - more entries than memory holds: all of them are found, and only they.
 *
 * How: entries are added at random to the maps of a real journal in memory, with runs made and
 * merged in between as a sync would, and compared with a plain array.  The journal's own open and
 * checkpoint bring them back.
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/journal.h"
#include "journal_checkpoint.h"
#include "journal_write.h"
#include "store_setup.h"
#include "test_seed.h"

#define KEYS 20000u

static uint64_t expected[KEYS]; /* address of each key; 0 = none */

static uint64_t key_of(uint32_t number)
{
    return (number + 1) * 0x9e3779b97f4a7c15u;
}

static struct journal *open_on(struct bough_block *dev)
{
    struct bough_backend *backend;

    assert_int_equal(bough_journal_open(host_env(), dev, &backend), BOUGH_OK);
    return (struct journal *)backend;
}

static enum bough_err keep_all(struct journal *journal, struct journal_index_entry *entry,
                               bool *keep)
{
    (void)journal;
    (void)entry;
    *keep = true;
    return BOUGH_OK;
}

static enum bough_err keep_even(struct journal *journal, struct journal_index_entry *entry,
                                bool *keep)
{
    (void)journal;
    *keep = entry->address % 2 == 0;
    return BOUGH_OK;
}

static void check(struct journal *journal, struct journal_map *map)
{
    for (uint32_t i = 0; i < KEYS; i++) {
        uint64_t address;

        assert_int_equal(journal_map_find(journal, map, key_of(i), 0, &address), BOUGH_OK);
        assert_int_equal(address, expected[i]);
    }
}

/* What a sync does for a map. */
static void tend(struct journal *journal, struct journal_map *map, uint64_t *seed)
{
    uint32_t due;

    if (map->fresh.used_count > 300)
        assert_int_equal(journal_map_flush(journal, map, JOURNAL_WRITE_COPY), BOUGH_OK);
    due = journal_map_merge_due(map);
    if (due < map->run_count)
        assert_int_equal(journal_map_merge_begin(map, due), BOUGH_OK);
    if (map->merge.count > 0)
        assert_int_equal(journal_map_merge_step(journal, map, JOURNAL_WRITE_COPY,
                                                (uint32_t)(1 + test_below(seed, 3000)), keep_all),
                         BOUGH_OK);
}

static void test_journal_map__finds_what_was_added(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_block *medium;
    struct block_borrow borrow;
    struct journal *journal;
    uint32_t runs_most = 0;

    (void)unused;
    memset(expected, 0, sizeof(expected));
    assert_int_equal(bough_ram_open(host_env(), 4096, 16384, &medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    journal = open_on(block_borrow(&borrow, medium));
    for (int round = 0; round < 150; round++) {
        for (int i = 0; i < 200; i++) {
            uint32_t number = (uint32_t)test_below(&seed, KEYS);

            expected[number] = 1 + test_below(&seed, UINT64_MAX - 1);
            assert_int_equal(journal_map_add(&journal->moves, key_of(number), expected[number]),
                             BOUGH_OK);
        }
        tend(journal, &journal->moves, &seed);
        if (journal->moves.run_count > runs_most)
            runs_most = journal->moves.run_count;
        if (round % 50 == 49) {
            if (journal->group_open)
                assert_int_equal(journal_write_end(journal), BOUGH_OK);
            assert_int_equal(journal_checkpoint_save(journal), BOUGH_OK);
            check(journal, &journal->moves);
            bough_backend_close(&journal->base);
            journal = open_on(block_borrow(&borrow, medium));
            check(journal, &journal->moves);
        }
    }
    assert_true(runs_most >= 4 && runs_most < 12);
    bough_backend_close(&journal->base);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_journal_map__a_key_may_have_several_addresses(void **unused)
{
    struct bough_block *medium;
    struct block_borrow borrow;
    struct journal *journal;
    struct journal_map *map;

    (void)unused;
    assert_int_equal(bough_ram_open(host_env(), 4096, 4096, &medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    journal = open_on(block_borrow(&borrow, medium));
    map = &journal->names;
    /* More than a part of one key, in several runs and in memory, neighbours on both sides. */
    for (uint64_t i = 1; i <= 1000; i++) {
        assert_int_equal(journal_map_add(map, 41 + i % 3, i), BOUGH_OK);
        assert_int_equal(journal_map_add(map, 41 + i % 3, i), BOUGH_OK); /* no second entry */
        if (i % 300 == 0)
            assert_int_equal(journal_map_flush(journal, map, JOURNAL_WRITE_COPY), BOUGH_OK);
    }
    for (int merged = 0; merged < 2; merged++) {
        for (uint64_t key = 40; key <= 44; key++) {
            bool seen[1001] = {false};
            uint64_t address = 1;
            uint32_t count = 0;

            for (; address != 0; count++) {
                assert_int_equal(journal_map_find(journal, map, key, count, &address), BOUGH_OK);
                assert_true(address <= 1000 && !seen[address]);
                assert_true(address == 0 || 41 + address % 3 == key);
                seen[address] = true;
            }
            assert_int_equal(count - 1, key < 41 || key > 43 ? 0 : key == 42 ? 334 : 333);
        }
        assert_int_equal(journal_map_flush(journal, map, JOURNAL_WRITE_COPY), BOUGH_OK);
        assert_int_equal(journal_map_merge_begin(map, 0), BOUGH_OK);
        while (map->merge.count > 0)
            assert_int_equal(journal_map_merge_step(journal, map, JOURNAL_WRITE_COPY, 7, keep_all),
                             BOUGH_OK);
        assert_int_equal(map->run_count, 1);
    }
    bough_backend_close(&journal->base);
    bough_block_close(medium);
}

static void test_journal_map__a_merge_drops_what_it_is_told_to(void **unused)
{
    struct bough_block *medium;
    struct block_borrow borrow;
    struct journal *journal;
    struct journal_map *map;

    (void)unused;
    assert_int_equal(bough_ram_open(host_env(), 4096, 4096, &medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    journal = open_on(block_borrow(&borrow, medium));
    map = &journal->moves;
    for (uint32_t i = 0; i < 3000; i++)
        assert_int_equal(journal_map_add(map, key_of(i), i + 1), BOUGH_OK);
    assert_int_equal(journal_map_flush(journal, map, JOURNAL_WRITE_COPY), BOUGH_OK);
    assert_int_equal(journal_map_merge_begin(map, 0), BOUGH_OK);
    while (map->merge.count > 0)
        assert_int_equal(journal_map_merge_step(journal, map, JOURNAL_WRITE_COPY, 100, keep_even),
                         BOUGH_OK);
    for (uint32_t i = 0; i < 3000; i++) {
        uint64_t address;

        assert_int_equal(journal_map_find(journal, map, key_of(i), 0, &address), BOUGH_OK);
        assert_int_equal(address, i % 2 == 1 ? i + 1 : 0);
    }
    bough_backend_close(&journal->base);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal_map__finds_what_was_added),
        cmocka_unit_test(test_journal_map__a_key_may_have_several_addresses),
        cmocka_unit_test(test_journal_map__a_merge_drops_what_it_is_told_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
