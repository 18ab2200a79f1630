/* SPDX-License-Identifier: ISC
 *
 * test_journal_mend.c - rot on one copy of a mirror is noticed by nobody, and is gone after a
 * scrub.
 *
 * How: a real store on a real mirror of two devices in memory.  Every 37th byte of one copy is
 * flipped, or of each copy in every other segment, so that no record of the copy is whole; all must
 * read as before, and what the log holds must be equal on both copies after a scrub.
 */
#include "backup_setup.h"
#include "bough/collect.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "bough/scrub.h"
#include "journal_address.h"
#include "journal_read.h"
#include "mirror_setup.h"

#define BLOCK  4096u
#define BLOCKS 3000u
#define LABEL  (BOUGH_MIRROR_LABEL_BYTES / BLOCK)
#define STRIDE 37u

static struct bough_block *rams[2];
static struct mirror_medium media[2];
static uint8_t image[2][BLOCKS * BLOCK];

struct machine {
    struct bough_block *dev;
    struct bough_backend *backend;
    struct bough_store *store;
};

static struct machine start(void)
{
    struct machine machine;

    assert_int_equal(mirror_open(mirror_medium(&media[0], rams[0]),
                                 mirror_medium(&media[1], rams[1]), &machine.dev),
                     BOUGH_OK);
    mirror_settle(machine.dev);
    assert_int_equal(bough_journal_open(host_env(), machine.dev, &machine.backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), machine.backend, 0, &machine.store), BOUGH_OK);
    return machine;
}

static int begin(void **state)
{
    struct bough_block *dev;

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(bough_ram_open(host_env(), BLOCK, BLOCKS, &rams[i]), BOUGH_OK);
    assert_int_equal(
        mirror_open(mirror_medium(&media[0], rams[0]), mirror_medium(&media[1], rams[1]), &dev),
        BOUGH_OK);
    mirror_settle(dev);
    assert_int_equal(bough_journal_format(host_env(), dev, NULL), BOUGH_OK);
    bough_block_close(dev);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        bough_block_close(rams[i]);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
    return 0;
}

static void fill(struct bough_store *store, uint64_t *seed, unsigned commits)
{
    for (unsigned i = 0; i < commits; i++) {
        backup_write(store, "heads/main", seed, 66000);
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
    }
}

/* Flips bytes of one copy of the mirror's bytes from..end. */
static void spoil(unsigned copy, uint64_t from, uint64_t until)
{
    assert_int_equal(bough_block_read(rams[copy], 0, BLOCKS, image[copy]), BOUGH_OK);
    for (uint64_t at = from; at < until; at += STRIDE)
        image[copy][LABEL * BLOCK + at] ^= 0x41;
    assert_int_equal(bough_block_write(rams[copy], 0, BLOCKS, image[copy]), BOUGH_OK);
}

static void expect_sound(struct bough_store *store)
{
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;

    assert_int_equal(bough_fsck(store, &options, &report), BOUGH_OK);
    assert_int_equal(report.fault_count, 0);
    assert_true(report.commit_count > 20 &&
                report.value_count > 1); /* most are inline, or deletions */
}

/* Both copies hold the same superblocks and the same log. */
static void expect_equal(const struct journal *journal)
{
    const struct journal_super *super = &journal->super;
    uint64_t places[3];
    uint64_t compared = 0;

    for (int i = 0; i < 2; i++)
        assert_int_equal(bough_block_read(rams[i], LABEL, BLOCKS - LABEL, image[i]), BOUGH_OK);
    journal_format_places(journal->dev, places);
    for (int i = 0; i < 3; i++)
        assert_memory_equal(image[0] + places[i], image[1] + places[i], super->unit_bytes);
    for (uint32_t i = 0; i < super->segment_count; i++) {
        uint64_t at = journal_format_segment_at(super, i);
        uint64_t until =
            i == journal->segments.current ? journal->log.base : at + super->segment_bytes;
        struct journal_record record = {0};

        if (journal->segments.at[i].state != JOURNAL_SEGMENT_USED)
            continue;
        while (at < until && record.kind != JOURNAL_KIND_NEXT) {
            uint64_t len;

            journal_format_record_get(image[0] + at, &record);
            len = journal_format_record_bytes(&record);
            if (record.kind == JOURNAL_KIND_ROOT)
                len =
                    (at + len + super->unit_bytes - 1) / super->unit_bytes * super->unit_bytes - at;
            assert_true(at + len <= until);
            assert_memory_equal(image[0] + at, image[1] + at, len);
            at += len;
            compared += len;
        }
    }
    assert_true(compared > 100000);
}

static struct bough_scrub_report scrub(struct bough_store *store)
{
    struct bough_scrub_report report;

    do {
        assert_int_equal(bough_scrub_step(store, 100000, &report), BOUGH_OK);
        assert_true(report.checked_bytes <= report.total_bytes);
    } while (!report.done);
    return report;
}

static void test_journal_mend__a_spoiled_copy_is_read_past_and_healed(void **state)
{
    uint64_t seed = test_seed();

    (void)state;
    for (unsigned copy = 0; copy < 2; copy++) {
        struct machine machine = start();
        struct journal *journal = (struct journal *)machine.backend;
        struct bough_scrub_report report;

        fill(machine.store, &seed, 40);
        spoil(copy, copy, machine.dev->block_count * BLOCK);
        expect_sound(machine.store);
        assert_int_equal(journal->mended_records > 100, copy == 0); /* the one that is read */
        fill(machine.store, &seed, 3);
        report = scrub(machine.store); /* before a collection gives up what is spoiled */
        assert_int_equal(report.bad_count, 0);
        assert_true(report.healed_count > 0);
        assert_int_equal(bough_collect_run(machine.store), BOUGH_OK);
        expect_equal(journal);
        assert_int_equal(scrub(machine.store).healed_count, 0);
        assert_false(machine.backend->damaged);
        bough_store_close(machine.store);
    }
}

static void test_journal_mend__a_store_opens_from_the_pieces_of_two_copies(void **state)
{
    uint64_t seed = test_seed();
    struct machine machine;
    struct journal_super super;
    struct bough_root root;
    struct bough_root again;
    struct bough_scrub_report report;

    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        machine = start();
        fill(machine.store, &seed, 40);
        root = backup_root(machine.store);
        super = ((struct journal *)machine.backend)->super;
        bough_store_close(machine.store); /* the label says that the copies are equal */
        spoil(round % 2, 0, journal_format_segment_at(&super, 0));
        for (uint32_t i = 0; i < super.segment_count; i++)
            spoil((i + round) % 2, journal_format_segment_at(&super, i),
                  journal_format_segment_at(&super, i) + super.segment_bytes);
        machine = start();
        again = backup_root(machine.store);
        assert_int_equal(again.generation, root.generation);
        assert_true(bough_hash_equal(&again.state.name, &root.state.name));
        assert_false(machine.backend->read_only);
        assert_false(machine.backend->damaged);
        expect_sound(machine.store);
        report = scrub(machine.store);
        assert_int_equal(report.bad_count, 0);
        expect_equal((struct journal *)machine.backend);
        bough_store_close(machine.store);
    }
}

/* A record of a group that is not ended stands on the device in part only. */
static void test_journal_mend__an_open_group_is_no_damage(void **state)
{
    static char text[600001];
    uint64_t seed = test_seed();
    struct machine machine = start();
    struct journal *journal = (struct journal *)machine.backend;
    struct bough_arena arena = store_setup_arena();
    struct bough_value value;

    (void)state;
    fill(machine.store, &seed, 10);
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < sizeof(text) - 1; i++)
            text[i] = (char)('a' + test_random(&seed) % 26);
        assert_int_equal(bough_value_put(machine.store, bough_bytes_text(text), &arena, &value),
                         BOUGH_OK);
        assert_true(journal->group_open);
        assert_int_equal(scrub(machine.store).bad_count, 0);
    }
    assert_false(machine.backend->damaged);
    bough_arena_release(&arena);
    bough_store_close(machine.store);
}

/* What neither copy holds is an error, is counted, and stops nothing else. */
static void test_journal_mend__rot_on_both_copies_is_counted(void **state)
{
    uint64_t seed = test_seed();
    struct machine machine = start();
    struct journal *journal = (struct journal *)machine.backend;
    struct bough_arena arena = store_setup_arena();
    struct bough_scrub_report report;
    struct bough_commit commit;
    struct bough_link link;
    unsigned spoiled = 0;

    (void)state;
    fill(machine.store, &seed, 40);
    link = backup_head(machine.store, "heads/main");
    for (unsigned i = 0; i < 18; i++) {
        uint64_t offset;
        uint32_t segment;

        assert_int_equal(bough_commit_get(machine.store, &link, &arena, &commit), BOUGH_OK);
        if (i % 5 == 4) {
            assert_true(journal_segment_find(
                &journal->segments, journal_address_position(link.address), &segment, &offset));
            for (unsigned copy = 0; copy < 2; copy++)
                spoil(copy, offset + 4 * spoiled, offset + 4 * spoiled + 1); /* crc, length, kind */
            spoiled++;
        }
        link = commit.parents[0];
    }
    report = scrub(machine.store);
    assert_int_equal(spoiled, 3);
    assert_int_equal(report.bad_count, spoiled);
    assert_int_equal(scrub(machine.store).bad_count, spoiled);
    assert_true(machine.backend->damaged);
    assert_int_equal(bough_scrub_step(machine.store, 1000, &report), BOUGH_OK);
    assert_false(report.done);
    bough_scrub_cancel(machine.store);
    assert_int_equal(bough_scrub_step(machine.store, UINT64_MAX, &report), BOUGH_OK);
    assert_true(report.done);
    bough_arena_release(&arena);
    bough_store_close(machine.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_journal_mend__a_spoiled_copy_is_read_past_and_healed,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            test_journal_mend__a_store_opens_from_the_pieces_of_two_copies, begin, end),
        cmocka_unit_test_setup_teardown(test_journal_mend__an_open_group_is_no_damage, begin, end),
        cmocka_unit_test_setup_teardown(test_journal_mend__rot_on_both_copies_is_counted, begin,
                                        end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
