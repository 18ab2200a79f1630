/* SPDX-License-Identifier: ISC
 *
 * test_mirror_power.c - whenever the power fails, the mirror holds what was flushed, in one
 * version.
 *
 * Proves it by cutting the power of both copies at every single write and flush of a random run in
 * which copies also fail, go away, come back and are resynced; each copy then keeps its own random
 * part of what was not flushed (faulty.c).  A write that fails may be there in part, a flush that
 * fails loses some of what it was to cover, and blocks cannot be read until they are written.
 * Opened again, every sector must hold what the last good flush covered or something written since;
 * and what is shown once is shown by either copy alone.
 */
#include "laws_block.h"
#include "mirror_setup.h"
#include <stdio.h>

#define BLOCK       4096u
#define SECTORS     8u /* of a block */
#define LABEL       (BOUGH_MIRROR_LABEL_BYTES / BLOCK)
#define SPOTS       24u /* blocks that are written, spread over the device */
#define VERSION_MAX 400u

/* A run's machine and what it has been promised. */
struct run {
    uint64_t seed;
    uint32_t block_count; /* of each medium */
    struct bough_block *rams[2];
    struct mirror_medium media[2];
    struct mirror_plug plug;
    struct bough_block *dev;
    uint16_t flushed[SPOTS]; /* version that a good flush covered */
    uint16_t written[SPOTS]; /* version of the last good write */
    uint16_t newest[SPOTS];  /* version of the last write, good or not: part of it may be there */
    uint16_t version;
    bool alone;  /* opened with one copy */
    bool failed; /* something was refused since it was opened */
    bool calm;   /* only writes and now and then a flush */
};

static uint8_t block[BLOCK];

/* The device's block of a spot: in every corner of it. */
static uint64_t place(const struct run *run, unsigned spot)
{
    uint64_t count = run->block_count - 2 * LABEL;

    return spot == SPOTS - 1 ? count - 1 : spot * (count / SPOTS) + spot % 3;
}

static void fill(uint16_t version, unsigned spot)
{
    for (unsigned i = 0; i < BLOCK; i += 4) {
        block[i] = (uint8_t)version;
        block[i + 1] = (uint8_t)(version >> 8);
        block[i + 2] = (uint8_t)spot;
        block[i + 3] = 0x5a;
    }
}

/* The version that a sector holds; it must be one throughout, and of the right spot. */
static uint16_t version_of(const uint8_t *sector, unsigned spot)
{
    uint16_t version = (uint16_t)(sector[0] | sector[1] << 8);

    assert_int_equal(memcmp(sector + 4, sector, 508), 0); /* each four bytes as the four before */
    if (version != 0) {
        assert_int_equal(sector[2], spot);
        assert_int_equal(sector[3], 0x5a);
    }
    return version;
}

/* Powers the media up: what is below stays, the caches are new. */
static void power_up(struct run *run)
{
    const struct bough_faulty_options options = {.seed = test_random(&run->seed), .lossy = true};
    struct bough_block *lossy = NULL;

    for (int i = 0; i < 2; i++) {
        struct bough_faulty_options own = options;

        own.seed += (uint64_t)i;
        assert_int_equal(bough_faulty_open(host_env(), run->rams[i], &own, &lossy), BOUGH_OK);
        (void)mirror_medium(&run->media[i], lossy);
        run->media[i].plug = &run->plug;
        run->media[i].harms = true;
        run->media[i].seed = own.seed;
    }
}

static void power_down(struct run *run)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bough_faulty_cut(run->media[i].below), BOUGH_OK);
        run->rams[i] = bough_faulty_detach(run->media[i].below);
    }
}

static void begin(struct run *run, uint64_t seed, uint32_t block_count, bool settled)
{
    memset(run, 0, sizeof(*run));
    run->seed = seed;
    run->block_count = block_count;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bough_ram_open(host_env(), BLOCK, block_count, &run->rams[i]), BOUGH_OK);
        run->rams[i]->atomic_bytes = 512;
    }
    run->plug.left = UINT64_MAX;
    power_up(run);
    run->calm = settled;
    if (settled) {
        assert_int_equal(mirror_open(&run->media[0].base, &run->media[1].base, &run->dev),
                         BOUGH_OK);
        mirror_settle(run->dev);
        bough_block_close(run->dev);
        run->plug.used = 0;
    }
}

static void end(struct run *run)
{
    bough_block_close(run->rams[0]);
    bough_block_close(run->rams[1]);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void write_some(struct run *run)
{
    unsigned spot = (unsigned)test_below(&run->seed, SPOTS);

    if (run->version == VERSION_MAX)
        return;
    fill(++run->version, spot);
    run->newest[spot] = run->version;
    if (bough_block_write(run->dev, place(run, spot), 1, block) == BOUGH_OK)
        run->written[spot] = run->version;
    else
        run->failed = true;
}

static void flush(struct run *run)
{
    if (bough_block_flush(run->dev) == BOUGH_OK)
        memcpy(run->flushed, run->written, sizeof(run->flushed));
    else
        run->failed = true;
}

/* The versions of a spot's sectors are right; if not `shown` is NULL they go there. */
static void check_spot(struct run *run, unsigned spot, uint16_t *shown)
{
    for (unsigned i = 0; i < SECTORS; i++) {
        uint16_t version = version_of(block + (size_t)i * 512, spot);

        assert_true(version >= run->flushed[spot] && version <= run->newest[spot]);
        if (shown != NULL)
            shown[i] = version;
    }
}

/* What can be read is right, also while copies fail. */
static void read_some(struct run *run)
{
    unsigned spot = (unsigned)test_below(&run->seed, SPOTS);

    if (bough_block_read(run->dev, place(run, spot), 1, block) == BOUGH_OK)
        check_spot(run, spot, NULL);
}

/* A copy begins or ceases to fail writes or flushes, or has a block that cannot be read. */
static void trouble(struct run *run)
{
    struct mirror_medium *medium = &run->media[test_below(&run->seed, 2)];
    bool fails = test_below(&run->seed, 3) == 0;

    switch (test_below(&run->seed, 3)) {
    case 0:
        medium->fails_writes = fails;
        break;
    case 1:
        medium->fails_flushes = fails;
        break;
    default:
        medium->bad[0] = LABEL + place(run, (unsigned)test_below(&run->seed, SPOTS));
        medium->bad_count = fails;
    }
}

/* Closes and opens again, now and then with one copy only: one that is in, also after the closing,
 * and not the one after the other, which would be two truths.  Opening flushes, and what was
 * refused before may have been a flush: then what it was to cover may be lost. */
static void reopen(struct run *run)
{
    unsigned copy = (unsigned)test_below(&run->seed, 2);
    bool swapped = test_below(&run->seed, 2) == 0;
    bool alone = test_below(&run->seed, 3) == 0 && !run->alone;
    struct bough_block *dev = run->dev;

    alone = alone && bough_mirror_report(dev).copies[copy].state == BOUGH_MIRROR_IN &&
            !run->media[copy].fails_writes && !run->media[copy].fails_flushes;
    bough_block_close(dev);
    run->dev = NULL;
    if (run->failed)
        memcpy(run->written, run->flushed, sizeof(run->written));
    run->failed = false;
    for (int i = 0; i < 2; i++) {
        run->media[i].fails_writes = run->media[i].fails_flushes = false;
        if (test_below(&run->seed, 2) == 0)
            run->media[i].bad_count = 0;
    }
    run->alone = alone;
    if (mirror_open(&run->media[alone ? copy : swapped].base,
                    alone ? NULL : &run->media[!swapped].base, &run->dev) != BOUGH_OK)
        run->dev = NULL;
}

/* Random steps until the power is gone; true if it went. */
static bool work(struct run *run, unsigned steps)
{
    bool done;

    if (mirror_open(&run->media[0].base, &run->media[1].base, &run->dev) != BOUGH_OK)
        run->dev = NULL;
    for (unsigned i = 0; i < steps && run->dev != NULL && run->plug.left > 0; i++) {
        switch (run->calm ? 8 + test_below(&run->seed, 36) : test_below(&run->seed, 16)) {
        case 0:
        case 1:
        case 2:
            trouble(run);
            break;
        case 3:
            reopen(run);
            break;
        case 4:
        case 5:
        case 6:
            if (bough_mirror_resync(run->dev, 1 << 20, &done) != BOUGH_OK)
                run->failed = true;
            break;
        case 7:
            read_some(run);
            break;
        case 8:
        case 9:
            flush(run);
            break;
        default:
            write_some(run);
        }
    }
    bough_block_close(run->dev);
    run->dev = NULL;
    return run->plug.left == 0;
}

/* Every sector is right; its versions go to `shown`. */
static void look(struct run *run, uint16_t shown[SPOTS][SECTORS])
{
    for (unsigned spot = 0; spot < SPOTS; spot++) {
        assert_int_equal(bough_block_read(run->dev, place(run, spot), 1, block), BOUGH_OK);
        check_spot(run, spot, shown[spot]);
    }
}

/* What one copy alone shows is what was shown; the label that this leaves is undone. */
static void look_alone(struct run *run, unsigned copy, uint16_t shown[SPOTS][SECTORS])
{
    static uint8_t label[BOUGH_MIRROR_LABEL_BYTES];
    struct bough_block *ram = run->rams[copy];
    uint16_t alone[SPOTS][SECTORS];

    assert_int_equal(bough_block_read(ram, 0, LABEL, label), BOUGH_OK);
    (void)mirror_medium(&run->media[copy], ram);
    assert_int_equal(mirror_open(&run->media[copy].base, NULL, &run->dev), BOUGH_OK);
    look(run, alone);
    assert_memory_equal(alone, shown, sizeof(alone));
    bough_block_close(run->dev);
    assert_int_equal(bough_block_write(ram, 0, LABEL, label), BOUGH_OK);
}

/* Opens after the cut, is cut at once again, opens, and compares. */
static bool judge(struct run *run)
{
    uint16_t shown[SPOTS][SECTORS];
    uint16_t again[SPOTS][SECTORS];
    bool was_degraded;

    run->plug.left = UINT64_MAX;
    power_up(run);
    assert_int_equal(mirror_open(&run->media[0].base, &run->media[1].base, &run->dev), BOUGH_OK);
    was_degraded = bough_mirror_report(run->dev).degraded;
    look(run, shown);
    bough_block_close(run->dev);
    power_down(run); /* what was shown has to be on the media by then */
    power_up(run);
    assert_int_equal(mirror_open(&run->media[1].base, &run->media[0].base, &run->dev), BOUGH_OK);
    look(run, again);
    assert_memory_equal(again, shown, sizeof(shown));
    mirror_settle(run->dev);
    assert_int_equal(bough_block_flush(run->dev), BOUGH_OK);
    bough_block_close(run->dev);
    power_down(run);
    look_alone(run, 0, shown);
    look_alone(run, 1, shown);
    return was_degraded;
}

/* One seed: the run without a cut, then one for each of its operations, `stride` apart. */
static unsigned cut_everywhere(uint64_t seed, uint32_t block_count, unsigned steps, uint64_t stride,
                               unsigned *degraded)
{
    /* A large one is not made equal in a few steps: it begins settled. */
    bool settled = block_count > 1000;
    static struct run run;
    uint64_t last;
    unsigned count = 0;

    begin(&run, seed, block_count, settled);
    assert_false(work(&run, steps));
    last = run.plug.used;
    power_down(&run);
    end(&run);
    for (uint64_t at = 1; at <= last; at += stride) {
        begin(&run, seed, block_count, settled);
        run.plug.left = at;
        (void)work(&run, steps);
        power_down(&run);
        *degraded += judge(&run);
        end(&run);
        count++;
    }
    return count;
}

static void test_mirror_power__a_cut_at_every_operation_loses_and_mixes_nothing(void **state)
{
    uint64_t seed = test_seed();
    unsigned degraded = 0;
    unsigned count = 0;

    (void)state;
    for (int i = 0; i < 5 || (i < 50 && (degraded == 0 || degraded == count)); i++)
        count += cut_everywhere(test_random(&seed), 600, 50, 1, &degraded);
    print_message("%u power cuts, %u of them with a copy out\n", count, degraded);
    assert_true(degraded > 0 && degraded < count); /* both kinds were met, if need be later */
}

static void test_mirror_power__more_regions_than_a_label_lists(void **state)
{
    uint64_t seed = test_seed();
    unsigned degraded = 0;
    unsigned count = cut_everywhere(test_random(&seed), 18 * 256 + LABEL, 80, 3, &degraded);

    (void)state;
    print_message("%u power cuts, %u of them with a copy out\n", count, degraded);
    assert_int_equal(degraded, 0);
    assert_true(count > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mirror_power__a_cut_at_every_operation_loses_and_mixes_nothing),
        cmocka_unit_test(test_mirror_power__more_regions_than_a_label_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
