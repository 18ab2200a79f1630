/* SPDX-License-Identifier: ISC
 *
 * test_journal_replace.c - a store on a device is mended from another one, and stays so.
 *
 * How: records of a real store are spoiled on a device in memory, a copy of the device from before
 * gives the objects back, and then everything is read after the repair, after a reopening, and
 * while collections move what lives and give up the segments in which the spoiled records stood.
 */
#include "backup_setup.h"
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "bough/repair.h"
#include "bough/scrub.h"
#include "journal_read.h"

#define BLOCK  4096u
#define BLOCKS 3000u

static uint8_t image[BLOCKS * BLOCK];

struct machine {
    struct bough_block *ram;
    struct block_borrow borrow;
    struct bough_backend *backend;
    struct bough_store *store;
};

static void start(struct machine *machine)
{
    struct bough_block *dev = block_borrow(&machine->borrow, machine->ram);

    assert_int_equal(bough_journal_open(host_env(), dev, &machine->backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), machine->backend, 0, &machine->store), BOUGH_OK);
}

/* A device with a history and, behind it, a checkpoint; and another with the same bytes. */
static void make_pair(struct machine *machine, struct machine *copy, uint64_t *seed,
                      unsigned commits)
{
    assert_int_equal(bough_ram_open(host_env(), BLOCK, BLOCKS, &machine->ram), BOUGH_OK);
    assert_int_equal(bough_ram_open(host_env(), BLOCK, BLOCKS, &copy->ram), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), machine->ram, NULL), BOUGH_OK);
    start(machine);
    backup_fill(machine->store, commits, seed, 3000);
    assert_int_equal(bough_store_sync(machine->store), BOUGH_OK);
    assert_int_equal(bough_collect_run(machine->store), BOUGH_OK);
    bough_store_close(machine->store);
    assert_int_equal(bough_block_read(machine->ram, 0, BLOCKS, image), BOUGH_OK);
    assert_int_equal(bough_block_write(copy->ram, 0, BLOCKS, image), BOUGH_OK);
    start(copy);
    start(machine);
}

static void stop(struct machine *machine)
{
    bough_store_close(machine->store);
    bough_block_close(machine->ram);
}

static bool is_object(const struct journal_record *record)
{
    enum bough_kind kind;

    return journal_format_is_object(record->kind, &kind);
}

/* Flips a byte somewhere in `percent` of the records that hold objects; how many. */
static unsigned spoil(struct machine *machine, uint64_t *seed, unsigned percent)
{
    struct journal *journal = (struct journal *)machine->backend;
    struct bough_arena arena = store_setup_arena();
    unsigned count = 0;

    assert_int_equal(bough_block_read(machine->ram, 0, BLOCKS, image), BOUGH_OK);
    for (uint32_t i = 0; i < journal->super.segment_count; i++) {
        uint64_t at = journal_format_segment_at(&journal->super, i);
        uint64_t until =
            i == journal->segments.current ? journal->log.base : journal_read_end(journal, i);
        struct journal_record record = {0};
        struct bough_bytes payload;

        if (journal->segments.at[i].state != JOURNAL_SEGMENT_USED)
            continue;
        for (; at < until && record.kind != JOURNAL_KIND_NEXT; bough_arena_release(&arena)) {
            if (journal_read_at(journal, at, &arena, &record, &payload) != BOUGH_OK) {
                assert_int_equal(journal_read_next(journal, at, &at), BOUGH_OK);
                continue;
            }
            if (is_object(&record) && test_below(seed, 100) < percent) {
                image[at + test_below(seed, JOURNAL_RECORD_HEADER + record.payload_len)] ^= 0x10;
                count++;
            }
            at += journal_format_record_bytes(&record);
            if (record.kind == JOURNAL_KIND_ROOT)
                at = (at + BLOCK - 1) / BLOCK * BLOCK;
        }
    }
    assert_int_equal(bough_block_write(machine->ram, 0, BLOCKS, image), BOUGH_OK);
    return count;
}

static uint64_t faults(struct bough_store *store)
{
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;

    assert_int_equal(bough_fsck(store, &options, &report), BOUGH_OK);
    return report.fault_count;
}

static void restart(struct machine *machine)
{
    bough_store_close(machine->store);
    start(machine);
    assert_false(machine->backend->read_only);
}

/* Repairs, and looks whether everything is there, at once and after a reopening.  How many objects
 * were written anew: none where all that was spoiled was garbage. */
static uint64_t repair(struct machine *machine, struct machine *copy)
{
    struct bough_root before = backup_root(machine->store);
    struct bough_repair_report report;
    struct bough_root after;

    assert_int_equal(bough_repair(machine->store, copy->store, &report), BOUGH_OK);
    assert_int_equal(report.mended_count, report.damaged_count);
    assert_int_equal(bough_store_sync(machine->store), BOUGH_OK);
    for (int i = 0; i < 2; i++) {
        after = backup_root(machine->store);
        assert_true(bough_hash_equal(&after.state.name, &before.state.name));
        assert_int_equal(faults(machine->store), 0);
        restart(machine);
    }
    return report.mended_count;
}

static void test_journal_replace__what_was_spoiled_comes_back_and_stays(void **state)
{
    static const unsigned percents[] = {1, 5, 30, 100};
    uint64_t seed = test_seed();

    (void)state;
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        struct machine machine;
        struct machine copy;
        struct bough_scrub_report report;
        uint64_t mended_count;

        make_pair(&machine, &copy, &seed, 40);
        assert_true(spoil(&machine, &seed, percents[i]) > 0);
        restart(&machine);
        assert_int_equal(bough_scrub_run(machine.store, &report), BOUGH_OK);
        assert_true(report.bad_count > 0);
        mended_count = repair(&machine, &copy);
        assert_true(mended_count > 0 || percents[i] < 100);
        assert_int_equal(((struct journal *)machine.backend)->mended, mended_count > 0);
        for (int round = 0; round < 12; round++) {
            struct bough_link head = backup_head(machine.store, "heads/main");

            backup_move(machine.store, "heads/other", BOUGH_KIND_COMMIT, &head);
            for (int k = 0; k < 6; k++)
                backup_write(machine.store, "heads/other", &seed, 66000);
            assert_int_equal(bough_store_sync(machine.store), BOUGH_OK);
            backup_move(machine.store, "heads/other", BOUGH_KIND_COMMIT, NULL);
            assert_int_equal(bough_store_sync(machine.store), BOUGH_OK);
            assert_int_equal(bough_collect_run(machine.store), BOUGH_OK);
            assert_int_equal(faults(machine.store), 0);
            if (round % 3 == 2)
                restart(&machine);
        }
        assert_int_equal(bough_scrub_run(machine.store, &report), BOUGH_OK);
        /* Spoiled bytes hold no segment back in which little lives. */
        assert_true(((struct journal *)machine.backend)->super.count > 10);
        stop(&machine);
        stop(&copy);
        assert_int_equal(host_env()->heap->taken_bytes, 0);
    }
}

/* What was mended rots again: the new records, and what is left of the old ones. */
static void test_journal_replace__again_and_again(void **state)
{
    uint64_t seed = test_seed();
    struct machine machine;
    struct machine copy;

    (void)state;
    make_pair(&machine, &copy, &seed, 30);
    for (int round = 0; round < 8; round++) {
        (void)spoil(&machine, &seed, 20);
        repair(&machine, &copy);
        if (round % 2 == 1)
            assert_int_equal(bough_collect_run(machine.store), BOUGH_OK);
        assert_int_equal(faults(machine.store), 0);
    }
    stop(&machine);
    stop(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal_replace__what_was_spoiled_comes_back_and_stays),
        cmocka_unit_test(test_journal_replace__again_and_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
