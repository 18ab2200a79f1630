/* SPDX-License-Identifier: ISC
 *
 * test_mirror.c - two devices as one: what is acknowledged is on both, or on the one that counts.
 *
 * Proves it on media in memory that outlive the mirror: each test looks at what the copies hold by
 * themselves, opens each without the other, or compares with what was written.  Power cuts stand in
 * test_mirror_power.c.
 */
#include "laws_block.h"
#include "mend.h"
#include "mirror_label.h"
#include "mirror_pair.h"

static void test_mirror__it_keeps_the_laws_settled_behind_and_alone(void **state)
{
    struct bough_block *dev = open_both();

    (void)state;
    assert_int_equal(dev->block_count, COUNT);
    assert_int_equal(bough_mirror_report(dev).copies[1].state, BOUGH_MIRROR_BEHIND);
    laws_block_all(dev, 1);
    mirror_settle(dev);
    laws_block_all(dev, 2);
    bough_block_close(dev);
    assert_int_equal(mirror_open(&media[1].base, NULL, &dev), BOUGH_OK);
    laws_block_all(dev, 3);
    assert_true(bough_mirror_report(dev).degraded);
    bough_block_close(dev);
}

static void test_mirror__a_read_error_on_one_copy_heals_it(void **state)
{
    struct bough_block *dev = open_settled();
    struct bough_mirror_report report;

    (void)state;
    for (int i = 0; i < 8; i++)
        put(dev, (uint64_t)i, 0x10 + i);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    media[0].bad[0] = LABEL + 3;
    media[0].bad_count = 1;
    expect(dev, 3, 0x13);
    assert_int_equal(media[0].bad_count, 0); /* it was written anew */
    expect_on(0, 3, 0x13);
    report = bough_mirror_report(dev);
    assert_int_equal(report.copies[0].healed_count, 1);
    assert_int_equal(report.copies[0].fault_count, 1);
    assert_false(report.degraded);
    bough_block_close(dev);
}

static void test_mirror__different_bad_blocks_on_both_copies_are_read_around(void **state)
{
    struct bough_block *dev = open_settled();
    static uint8_t run[8 * BLOCK];

    (void)state;
    for (int i = 0; i < 8; i++)
        put(dev, (uint64_t)i, 0x20 + i);
    media[0].bad[0] = LABEL + 2;
    media[1].bad[0] = LABEL + 5;
    media[0].bad_count = media[1].bad_count = 1;
    assert_int_equal(bough_block_read(dev, 0, 8, run), BOUGH_OK);
    for (size_t i = 0; i < sizeof(run); i++)
        assert_int_equal(run[i], 0x20 + i / BLOCK);
    media[0].bad[0] = media[1].bad[0] = LABEL + 6;
    media[0].bad_count = media[1].bad_count = 1;
    assert_int_equal(bough_block_read(dev, 0, 8, run), BOUGH_IO); /* nobody has it */
    bough_block_close(dev);
}

static void fail_one_copy(unsigned bad, bool on_flush)
{
    struct bough_block *dev = open_settled();
    unsigned good = 1 - bad;

    put(dev, 7, 1);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    media[bad].fails_writes = !on_flush;
    media[bad].fails_flushes = on_flush;
    put(dev, 7, 2);
    put(dev, 400, 3);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    assert_int_equal(bough_mirror_report(dev).copies[bad].state, BOUGH_MIRROR_DROPPED);
    assert_int_equal(bough_mirror_report(dev).copies[good].state, BOUGH_MIRROR_IN);
    media[bad].fails_writes = media[bad].fails_flushes = false;
    put(dev, 7, 4); /* dropped for good: it is not written to any more */
    if (!on_flush)
        expect_on(bad, 7, 1);
    expect(dev, 7, 4);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    bough_block_close(dev);

    dev = open_both();
    assert_int_equal(bough_mirror_report(dev).copies[bad].state, BOUGH_MIRROR_BEHIND);
    expect(dev, 7, 4); /* never the old copy */
    mirror_settle(dev);
    bough_block_close(dev);
    expect_on(bad, 7, 4);
    expect_on(bad, 400, 3);
}

static void test_mirror__a_copy_that_fails_a_write_is_dropped_and_comes_back_behind(void **state)
{
    (void)state;
    fail_one_copy(0, false);
    fail_one_copy(1, false);
}

static void test_mirror__a_copy_that_fails_a_flush_is_dropped_and_comes_back_behind(void **state)
{
    (void)state;
    fail_one_copy(0, true);
    fail_one_copy(1, true);
}

static void test_mirror__when_both_fail_nothing_is_acknowledged_any_more(void **state)
{
    struct bough_block *dev = open_settled();

    (void)state;
    put(dev, 1, 1);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    media[0].fails_flushes = media[1].fails_flushes = true;
    put(dev, 1, 2);
    assert_int_equal(bough_block_flush(dev), BOUGH_IO);
    media[0].fails_flushes = media[1].fails_flushes = false;
    assert_int_equal(bough_block_flush(dev), BOUGH_IO);
    assert_int_equal(bough_block_write(dev, 1, 1, block), BOUGH_IO);
    bough_block_close(dev);
    dev = open_both(); /* both are still in: neither has anything the other was promised to have */
    assert_false(bough_mirror_report(dev).degraded);
    bough_block_close(dev);
}

static void test_mirror__an_unwritable_label_acknowledges_nothing(void **state)
{
    struct bough_block *dev = open_settled();

    (void)state;
    put(dev, 1, 1);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    media[0].fails_writes = true;  /* is dropped; */
    media[1].fails_flushes = true; /* the write went well, but the label does not */
    assert_int_equal(bough_block_write(dev, 1, 1, block), BOUGH_IO);
    assert_int_equal(bough_block_flush(dev), BOUGH_IO);
    bough_block_close(dev);
}

static void test_mirror__a_copy_that_was_away_is_behind_until_it_is_resynced(void **state)
{
    struct bough_block *dev = open_settled();
    struct bough_mirror_report report;
    uint64_t seen = 0;
    bool done = false;

    (void)state;
    put(dev, 9, 1);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    bough_block_close(dev);
    assert_int_equal(mirror_open(&media[1].base, NULL, &dev), BOUGH_OK);
    put(dev, 9, 2);
    put(dev, 550, 3);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    bough_block_close(dev);
    assert_int_equal(mirror_open(&media[0].base, &media[1].base, &dev), BOUGH_OK);
    expect(dev, 9, 2);
    while (!done) {
        assert_int_equal(bough_mirror_resync(dev, 100000, &done), BOUGH_OK);
        report = bough_mirror_report(dev);
        assert_true(done || report.resync_done_count > seen); /* progress, in bounded steps */
        assert_true(done || report.resync_done_count <= seen + 2 * 65536 / BLOCK);
        seen = report.resync_done_count;
        put(dev, 20, 7); /* meanwhile it is written to */
        expect(dev, 9, 2);
    }
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    bough_block_close(dev);
    assert_int_equal(mirror_open(&media[0].base, NULL, &dev), BOUGH_OK);
    expect(dev, 9, 2);
    expect(dev, 550, 3);
    expect(dev, 20, 7);
    bough_block_close(dev);
}

static void test_mirror__a_resync_cut_short_begins_again(void **state)
{
    struct bough_block *dev = open_settled();
    bool done;

    (void)state;
    bough_block_close(dev);
    assert_int_equal(mirror_open(&media[0].base, NULL, &dev), BOUGH_OK);
    put(dev, 567, 5);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    bough_block_close(dev);
    dev = open_both();
    assert_int_equal(bough_mirror_resync(dev, 1, &done), BOUGH_OK);
    assert_false(done);
    bough_block_close(dev);
    assert_int_equal(mirror_open(&media[1].base, NULL, &dev), BOUGH_STALE);
    dev = open_settled();
    bough_block_close(dev);
    expect_on(1, 567, 5);
}

/* A mirror with a copy that is behind, and equal as far as block 15. */
static struct bough_block *open_behind(unsigned good)
{
    struct bough_block *dev = open_settled();
    bool done;

    put(dev, 5, 1);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    bough_block_close(dev);
    assert_int_equal(mirror_open(&media[good].base, NULL, &dev), BOUGH_OK);
    bough_block_close(dev);
    dev = open_both();
    assert_int_equal(bough_mirror_resync(dev, 1, &done), BOUGH_OK);
    assert_false(done);
    assert_int_equal(bough_mirror_report(dev).resync_done_count, 16);
    return dev;
}

/* Either copy, once both are in, holds the version that was acknowledged. */
static void expect_old_on_both(struct bough_block *dev)
{
    mirror_settle(dev);
    assert_false(bough_mirror_report(dev).degraded);
    bough_block_close(dev);
    expect_on(0, 5, 1);
    expect_on(1, 5, 1);
}

static void test_mirror__a_write_that_the_good_copy_refused_does_not_stay_on_the_other(void **state)
{
    (void)state;
    for (unsigned good = 0; good < 2; good++) {
        struct bough_block *dev = open_behind(good);

        media[good].fails_writes = true;
        memset(block, 2, sizeof(block));
        assert_int_equal(bough_block_write(dev, 5, 1, block), BOUGH_IO);
        media[good].fails_writes = false;
        expect(dev, 5, 1);
        expect_old_on_both(dev);
    }
}

/* After a flush that the good copy did not do. */
static void expect_broken(struct bough_block *dev)
{
    bool done;

    assert_int_equal(bough_block_flush(dev), BOUGH_IO);
    assert_int_equal(bough_block_write(dev, 6, 1, block), BOUGH_IO);
    assert_int_equal(bough_mirror_resync(dev, 1 << 20, &done), BOUGH_IO);
    assert_false(done);
    bough_block_close(dev);
}

static void test_mirror__what_a_failed_flush_lost_does_not_stay_on_the_other(void **state)
{
    (void)state;
    for (unsigned good = 0; good < 2; good++) {
        struct bough_block *dev = open_behind(good);

        put(dev, 5, 2);
        media[good].fails_flushes = true;
        assert_int_equal(bough_block_flush(dev), BOUGH_IO);
        put(rams[good], LABEL + 5, 1); /* the disk has lost it */
        media[good].fails_flushes = false;
        expect(dev, 5, 1);
        media[good].bad[0] = LABEL + 5;
        media[good].bad_count = 1;
        assert_int_equal(bough_block_read(dev, 5, 1, back), BOUGH_IO); /* not from the other */
        media[good].bad_count = 0;
        expect_broken(dev);
        expect_old_on_both(open_both());
    }
}

static void test_mirror__a_flush_that_failed_while_resyncing_is_not_forgotten(void **state)
{
    (void)state;
    for (unsigned good = 0; good < 2; good++) {
        struct bough_block *dev = open_behind(good);
        enum bough_err err = BOUGH_OK;
        bool done = false;

        put(dev, 5, 2);
        media[good].fails_flushes = true; /* the one before the other is let in */
        while (err == BOUGH_OK && !done)
            err = bough_mirror_resync(dev, 1 << 20, &done);
        assert_int_equal(err, BOUGH_IO);
        put(rams[good], LABEL + 5, 1); /* the disk has lost it: to say otherwise would be a lie */
        media[good].fails_flushes = false;
        expect_broken(dev);
        expect_old_on_both(open_both());
    }
}

static void test_mirror__a_copy_behind_that_fails_with_the_good_one_is_dropped(void **state)
{
    (void)state;
    for (unsigned good = 0; good < 2; good++) {
        struct bough_block *dev = open_behind(good);

        memset(block, 2, sizeof(block));
        media[0].fails_writes = media[1].fails_writes = true;
        assert_int_equal(bough_block_write(dev, 5, 1, block), BOUGH_IO);
        media[0].fails_writes = media[1].fails_writes = false;
        assert_int_equal(bough_mirror_report(dev).copies[good].state, BOUGH_MIRROR_IN);
        assert_int_equal(bough_mirror_report(dev).copies[good].fault_count, 1);
        assert_int_equal(bough_mirror_report(dev).copies[1 - good].state, BOUGH_MIRROR_DROPPED);
        put(dev, 6, 1); /* the good one goes on */
        assert_int_equal(bough_block_flush(dev), BOUGH_OK);
        bough_block_close(dev);
        expect_old_on_both(open_both());
    }
}

static void test_mirror__the_only_good_copy_stays_though_it_cannot_be_healed(void **state)
{
    (void)state;
    for (unsigned good = 0; good < 2; good++) {
        struct bough_block *dev = open_behind(good);

        media[good].bad[0] = LABEL + 5;
        media[good].bad_count = 1;
        media[good].fails_writes = true;
        expect(dev, 5, 1); /* from the other, which has been brought up to date so far */
        assert_int_equal(bough_mirror_report(dev).copies[good].state, BOUGH_MIRROR_IN);
        expect(dev, 400, 0);
        media[good].fails_writes = false;
        expect(dev, 5, 1);
        assert_int_equal(media[good].bad_count, 0);
        expect_old_on_both(dev);
    }
}

static void test_mirror__an_unreadable_block_keeps_the_other_copy_behind(void **state)
{
    struct bough_block *dev = open_both();
    bool done = false;

    (void)state;
    media[0].bad[0] = LABEL + 100;
    media[0].bad_count = 1;
    assert_int_equal(bough_mirror_resync(dev, UINT64_MAX, &done), BOUGH_IO);
    assert_false(done);
    assert_true(bough_mirror_report(dev).degraded);
    assert_int_equal(bough_mirror_report(dev).resync_done_count, 100);
    put(dev, 100, 1); /* written anew, it can be read */
    mirror_settle(dev);
    assert_false(bough_mirror_report(dev).degraded);
    bough_block_close(dev);
}

static void test_mirror__copies_written_apart_are_refused(void **state)
{
    struct bough_block *dev = open_settled();

    (void)state;
    bough_block_close(dev);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mirror_open(&media[i].base, NULL, &dev), BOUGH_OK);
        put(dev, 5, i);
        assert_int_equal(bough_block_flush(dev), BOUGH_OK);
        bough_block_close(dev);
    }
    assert_int_equal(mirror_open(&media[0].base, &media[1].base, &dev), BOUGH_CONFLICT);
    assert_int_equal(mirror_open(&media[1].base, &media[0].base, &dev), BOUGH_CONFLICT);
    expect_on(0, 5, 0);
    expect_on(1, 5, 1);
}

static void test_mirror__the_order_of_the_devices_does_not_matter(void **state)
{
    struct bough_block *dev = open_settled();

    (void)state;
    put(dev, 5, 1);
    bough_block_close(dev);
    assert_int_equal(mirror_open(&media[1].base, &media[0].base, &dev), BOUGH_OK);
    assert_false(bough_mirror_report(dev).degraded);
    expect(dev, 5, 1);
    bough_block_close(dev);
}

static void test_mirror__a_replaced_disk_joins_and_a_foreign_one_does_not(void **state)
{
    struct bough_block *dev = open_settled();
    struct bough_block *fresh = NULL;
    bool is_copy;

    (void)state;
    put(dev, 5, 1);
    assert_int_equal(bough_block_flush(dev), BOUGH_OK);
    bough_block_close(dev);
    assert_int_equal(bough_ram_open(host_env(), BLOCK, BLOCKS + 9, &fresh), BOUGH_OK);
    (void)mirror_medium(&media[0], fresh);
    memset(block, 0, sizeof(block));
    block[1080] = 0x53; /* somebody's */
    assert_int_equal(bough_block_write(fresh, 100, 1, block), BOUGH_OK);
    assert_int_equal(mirror_open(&media[0].base, &media[1].base, &dev), BOUGH_INVALID);
    assert_int_equal(media[0].write_count, 0);
    put(fresh, 100, 0);
    assert_int_equal(bough_mirror_probe(host_env(), fresh, &is_copy), BOUGH_OK);
    assert_false(is_copy);
    dev = open_settled();
    assert_int_equal(dev->block_count, COUNT); /* the smaller size counts */
    bough_block_close(dev);
    assert_int_equal(bough_mirror_probe(host_env(), fresh, &is_copy), BOUGH_OK);
    assert_true(is_copy);
    expect(fresh, LABEL + 5, 1);
    assert_int_equal(mirror_open(&media[0].base, NULL, &dev), BOUGH_OK);
    expect(dev, 5, 1);
    bough_block_close(dev);
    assert_int_equal(mirror_open(&media[1].base, NULL, &dev), BOUGH_OK);
    bough_block_close(dev);
    bough_block_close(fresh);
    assert_int_equal(bough_ram_open(host_env(), BLOCK, BLOCKS - 1, &fresh), BOUGH_OK);
    (void)mirror_medium(&media[0], fresh);
    assert_int_equal(mirror_open(&media[0].base, &media[1].base, &dev), BOUGH_TOO_BIG);
    bough_block_close(fresh);
}

static void test_mirror__a_disk_that_was_replaced_is_old_when_it_comes_back(void **state)
{
    struct bough_block *dev = open_settled();
    struct bough_block *fresh = NULL;
    struct mirror_label label;
    enum mirror_label_found found;

    (void)state;
    put(dev, 5, 1);
    bough_block_close(dev);
    assert_int_equal(bough_ram_open(host_env(), BLOCK, BLOCKS, &fresh), BOUGH_OK);
    (void)mirror_medium(&media[0], fresh);
    dev = open_settled(); /* a new disk takes the place of copy 0 */
    put(dev, 5, 2);
    bough_block_close(dev);
    /* Even if the old one's label counts as many events: it is another disk. */
    assert_int_equal(mirror_label_read(host_env(), rams[1], &found, &label), BOUGH_OK);
    uint64_t event = label.event;
    assert_int_equal(mirror_label_read(host_env(), rams[0], &found, &label), BOUGH_OK);
    assert_int_equal(label.in, 3);
    label.event = event;
    assert_int_equal(mirror_label_write(rams[0], &label, block), BOUGH_OK);
    (void)mirror_medium(&media[0], rams[0]);
    dev = open_both();
    assert_int_equal(bough_mirror_report(dev).copies[0].state, BOUGH_MIRROR_BEHIND);
    expect(dev, 5, 2);
    bough_block_close(dev);
    (void)mirror_medium(&media[0], fresh); /* which in turn is old now, until it is resynced */
    dev = open_both();
    assert_int_equal(bough_mirror_report(dev).copies[0].state, BOUGH_MIRROR_BEHIND);
    bough_block_close(dev);
    bough_block_close(fresh);
}

static void test_mirror__what_is_no_pair_is_refused(void **state)
{
    struct bough_block *odd = NULL;
    struct bough_block *dev = NULL;
    struct bough_block *others[2];
    struct mirror_medium other[2];

    (void)state;
    assert_int_equal(mirror_open(&media[0].base, NULL, &dev), BOUGH_INVALID); /* blank, alone */
    assert_int_equal(bough_ram_open(host_env(), 512, BLOCKS * 8, &odd), BOUGH_OK);
    assert_int_equal(mirror_open(&media[0].base, odd, &dev), BOUGH_INVALID);
    bough_block_close(odd);
    assert_int_equal(bough_ram_open(host_env(), BLOCK, 2 * LABEL, &odd), BOUGH_OK);
    assert_int_equal(mirror_open(&media[0].base, odd, &dev), BOUGH_TOO_BIG);
    bough_block_close(odd);
    bough_block_close(open_settled());
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bough_ram_open(host_env(), BLOCK, BLOCKS, &others[i]), BOUGH_OK);
        (void)mirror_medium(&other[i], others[i]);
    }
    assert_int_equal(mirror_open(&other[0].base, &other[1].base, &dev), BOUGH_OK);
    bough_block_close(dev);
    assert_int_equal(mirror_open(&media[0].base, &other[1].base, &dev), BOUGH_INVALID);
    bough_block_close(others[0]);
    bough_block_close(others[1]);
}

static void test_mirror__a_read_only_mirror_writes_nothing(void **state)
{
    struct bough_block *dev = open_settled();

    (void)state;
    put(dev, 5, 1);
    bough_block_close(dev);
    media[0].base.read_only = media[1].base.read_only = true;
    media[0].write_count = media[1].write_count = 0;
    dev = open_both();
    expect(dev, 5, 1);
    assert_int_equal(bough_block_write(dev, 5, 1, block), BOUGH_READ_ONLY);
    bough_block_close(dev);
    assert_int_equal(media[0].write_count + media[1].write_count, 0);
}

/* ---- checksums that a caller knows ---- */

#define RECORD 1000u

static void seal(uint8_t *record, int fill)
{
    memset(record, fill, RECORD - 1);
    record[RECORD - 1] = (uint8_t)(fill + 1);
}

static bool check(void *context, struct bough_bytes bytes)
{
    ++*(unsigned *)context;
    for (size_t i = 1; i + 1 < bytes.len; i++)
        if (bytes.at[i] != bytes.at[0])
            return false;
    return bytes.at[bytes.len - 1] == (uint8_t)(bytes.at[0] + 1);
}

static void rot(unsigned copy, uint64_t first, size_t at)
{
    assert_int_equal(bough_block_read(rams[copy], LABEL + first, 1, back), BOUGH_OK);
    back[at] ^= 4;
    assert_int_equal(bough_block_write(rams[copy], LABEL + first, 1, back), BOUGH_OK);
}

static void test_mirror__rot_is_mended_by_who_knows_the_checksum(void **state)
{
    static uint8_t blocks[2 * BLOCK];
    static uint8_t scratch[2 * BLOCK];
    struct bough_block *dev = open_settled();
    const struct mend_range records[2] = {{.first = 50, .count = 2, .from = 100, .len = RECORD},
                                          {.first = 50, .count = 2, .from = 4000, .len = RECORD}};
    struct mend_result result;
    unsigned calls = 0;

    (void)state;
    seal(blocks + 100, 'a');
    seal(blocks + 4000, 'k'); /* across the two blocks */
    assert_int_equal(bough_block_copies(dev), 2);
    assert_int_equal(bough_block_write(dev, 50, 2, blocks), BOUGH_OK);
    rot(0, 50, 500);  /* the first record, on the left */
    rot(1, 50, 4050); /* the second, on the right, in the same block */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mend_read(dev, &records[i], check, &calls, blocks, scratch, &result),
                         BOUGH_OK);
        assert_true(check(&calls, bough_bytes_of(blocks + records[i].from, RECORD)));
        assert_int_equal(result.mended, i == 0); /* reads go to the left copy */
        assert_int_equal(result.healed_count, i == 0);
    }
    rot(0, 50, 4060); /* now the second is bad on both, in different places */
    assert_int_equal(mend_read(dev, &records[1], check, &calls, blocks, scratch, &result),
                     BOUGH_CORRUPT);
    rot(0, 50, 4060);
    media[0].bad[0] = LABEL + 50; /* cannot be read: only the right copy is asked, and it is bad */
    media[0].bad_count = 1;
    assert_int_equal(mend_read(dev, &records[1], check, &calls, blocks, scratch, &result),
                     BOUGH_CORRUPT);
    bough_block_close(dev);
}

static void test_mirror__mending_a_record_leaves_its_neighbours_alone(void **state)
{
    static uint8_t scratch[BLOCK];
    struct bough_block *dev = open_settled();
    const struct mend_range first = {.first = 9, .count = 1, .from = 0, .len = RECORD};
    const struct mend_range second = {.first = 9, .count = 1, .from = RECORD, .len = RECORD};
    struct mend_result result;
    unsigned calls = 0;

    (void)state;
    memset(block, 0, sizeof(block));
    seal(block, 'a');
    seal(block + RECORD, 'b');
    assert_int_equal(bough_block_write(dev, 9, 1, block), BOUGH_OK);
    rot(0, 9, 10);          /* the first record is good on the right only, */
    rot(1, 9, RECORD + 10); /* the second on the left only */
    assert_int_equal(mend_read(dev, &first, check, &calls, back, scratch, &result), BOUGH_OK);
    assert_int_equal(result.healed_count, 1);
    assert_int_equal(mend_read(dev, &second, check, &calls, back, scratch, &result), BOUGH_OK);
    assert_int_equal(bough_block_read_copy(dev, 0, 9, 1, back), BOUGH_OK);
    assert_true(check(&calls, bough_bytes_of(back, RECORD)));
    assert_true(check(&calls, bough_bytes_of(back + RECORD, RECORD)));
    assert_int_equal(bough_block_read_copy(dev, 1, 9, 1, back), BOUGH_OK);
    assert_true(check(&calls, bough_bytes_of(back, RECORD)));
    assert_false(check(&calls, bough_bytes_of(back + RECORD, RECORD))); /* for the scrub to find */
    bough_block_close(dev);
}

static void test_mirror__an_ordinary_device_has_one_copy_and_nothing_to_heal(void **state)
{
    static uint8_t scratch[BLOCK];
    const struct mend_range range = {.first = 9, .count = 1, .len = RECORD};
    struct mend_result result;
    unsigned calls = 0;

    (void)state;
    assert_int_equal(bough_block_copies(rams[0]), 1);
    assert_int_equal(bough_block_read_copy(rams[0], 0, 9, 1, back), BOUGH_OK);
    assert_int_equal(bough_block_heal(rams[0], 0, 9, 1, back), BOUGH_UNSUPPORTED);
    assert_int_equal(mend_read(rams[0], &range, check, &calls, back, scratch, &result),
                     BOUGH_CORRUPT); /* zeros do not check */
    assert_int_equal(calls, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, make_media, drop_media)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_mirror__it_keeps_the_laws_settled_behind_and_alone),
        T(test_mirror__a_read_error_on_one_copy_heals_it),
        T(test_mirror__different_bad_blocks_on_both_copies_are_read_around),
        T(test_mirror__a_copy_that_fails_a_write_is_dropped_and_comes_back_behind),
        T(test_mirror__a_copy_that_fails_a_flush_is_dropped_and_comes_back_behind),
        T(test_mirror__when_both_fail_nothing_is_acknowledged_any_more),
        T(test_mirror__an_unwritable_label_acknowledges_nothing),
        T(test_mirror__a_copy_that_was_away_is_behind_until_it_is_resynced),
        T(test_mirror__a_resync_cut_short_begins_again),
        T(test_mirror__a_write_that_the_good_copy_refused_does_not_stay_on_the_other),
        T(test_mirror__what_a_failed_flush_lost_does_not_stay_on_the_other),
        T(test_mirror__a_flush_that_failed_while_resyncing_is_not_forgotten),
        T(test_mirror__a_copy_behind_that_fails_with_the_good_one_is_dropped),
        T(test_mirror__the_only_good_copy_stays_though_it_cannot_be_healed),
        T(test_mirror__an_unreadable_block_keeps_the_other_copy_behind),
        T(test_mirror__copies_written_apart_are_refused),
        T(test_mirror__the_order_of_the_devices_does_not_matter),
        T(test_mirror__a_replaced_disk_joins_and_a_foreign_one_does_not),
        T(test_mirror__a_disk_that_was_replaced_is_old_when_it_comes_back),
        T(test_mirror__what_is_no_pair_is_refused),
        T(test_mirror__a_read_only_mirror_writes_nothing),
        T(test_mirror__rot_is_mended_by_who_knows_the_checksum),
        T(test_mirror__mending_a_record_leaves_its_neighbours_alone),
        T(test_mirror__an_ordinary_device_has_one_copy_and_nothing_to_heal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
