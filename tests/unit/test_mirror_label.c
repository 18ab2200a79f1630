/* SPDX-License-Identifier: ISC
 *
 * test_mirror_label.c - what a mirror writes on its copies to know them again.
 *
 * Proves it by golden bytes, by a flip of each bit of them, and on devices whose blocks are smaller
 * than those that the label was written with.
 */
#include "mirror_label.h"
#include "mirror_pair.h"

/* ---- labels ---- */

static void test_mirror_label__its_bytes_are_as_documented(void **state)
{
    /* docs/mirror.md: magic, version, block size, uuid, two ids, index 1, in 3, two regions ... */
    static const uint8_t golden[] = {
        'b', 'o', 'u', 'g', 'h', 'm', '\n', 0x1a, 1,   0,    0,   0,   0,   0x10, 0,   0,    'u',
        'u', 'i', 'd', 'u', 'u', 'i', 'd',  'u',  'u', 'i',  'd', 'u', 'u', 'i',  'd', 0x11, 0,
        0,   0,   0,   0,   0,   0,   0x22, 0,    0,   0,    0,   0,   0,   0,    1,   3,    2,
        0,   7,   0,   0,   0,   0,   0,    0,    0,   0x38, 2,   0,   0,   0,    0,   0,    0,
        5,   0,   0,   0,   0,   0,   0,    0,    0,   1,    0,   0,   0,   0,    0,   0};
    const struct mirror_label label = {
        .uuid = {'u', 'u', 'i', 'd', 'u', 'u', 'i', 'd', 'u', 'u', 'i', 'd', 'u', 'u', 'i', 'd'},
        .ids = {0x11, 0x22},
        .index = 1,
        .in = 3,
        .event = 7,
        .block_count = 568,
        .block_size = 4096,
        .dirty_count = 2,
        .dirty = {5, 256}};
    enum mirror_label_found found;
    struct mirror_label read;

    (void)state;
    mirror_label_encode(&label, block);
    assert_memory_equal(block, golden, sizeof(golden));
    assert_int_equal(mirror_label_write(rams[0], &label, block), BOUGH_OK);
    assert_int_equal(mirror_label_read(host_env(), rams[0], &found, &read), BOUGH_OK);
    assert_int_equal(found, MIRROR_LABEL_OURS);
    assert_memory_equal(&read, &label, sizeof(label));
}

static void flip(unsigned slot, unsigned at)
{
    uint64_t first = slot * MIRROR_LABEL_SLOT_BYTES / BLOCK;

    assert_int_equal(bough_block_read(rams[0], first, 1, block), BOUGH_OK);
    block[at] ^= 0x20;
    assert_int_equal(bough_block_write(rams[0], first, 1, block), BOUGH_OK);
}

static void test_mirror_label__a_damaged_slot_is_noticed_and_the_other_will_do(void **state)
{
    struct bough_block *dev = open_settled();
    struct mirror_label before;
    struct mirror_label label;
    enum mirror_label_found found;

    (void)state;
    bough_block_close(dev);
    assert_int_equal(mirror_label_read(host_env(), rams[0], &found, &before), BOUGH_OK);
    for (unsigned at = 0; at < 228; at++) {
        for (unsigned slot = 0; slot < 2; slot++) {
            flip(slot, at);
            assert_int_equal(mirror_label_read(host_env(), rams[0], &found, &label), BOUGH_OK);
            assert_memory_equal(&label, &before, sizeof(label));
            flip(slot, at);
        }
        flip(0, at);
        flip(1, at);
        assert_int_not_equal(mirror_open(&media[0].base, &media[1].base, &dev), BOUGH_OK);
        flip(0, at);
        flip(1, at);
    }
    flip(0, 100);
    dev = open_settled();
    bough_block_close(dev);
}

/* A medium as a machine sees it that reads and writes in blocks of 512 bytes. */
struct fine {
    struct bough_block base;
    struct bough_block *below;
};

static enum bough_err fine_move(struct bough_block *dev, uint64_t first, uint32_t count, void *into,
                                const void *from)
{
    struct bough_block *below = ((struct fine *)dev)->below;

    for (uint32_t i = 0; i < count; i++) {
        uint8_t whole[BLOCK];
        uint8_t *part = whole + (first + i) % 8 * 512;

        BOUGH_TRY(bough_block_read(below, (first + i) / 8, 1, whole));
        if (into != NULL)
            memcpy((uint8_t *)into + i * 512, part, 512);
        if (from == NULL)
            continue;
        memcpy(part, (const uint8_t *)from + i * 512, 512);
        BOUGH_TRY(bough_block_write(below, (first + i) / 8, 1, whole));
    }
    return BOUGH_OK;
}

static enum bough_err fine_read(struct bough_block *dev, uint64_t first, uint32_t count, void *into)
{
    return fine_move(dev, first, count, into, NULL);
}

static enum bough_err fine_write(struct bough_block *dev, uint64_t first, uint32_t count,
                                 const void *from)
{
    return fine_move(dev, first, count, NULL, from);
}

static enum bough_err fine_flush(struct bough_block *dev)
{
    return bough_block_flush(((struct fine *)dev)->below);
}

static struct bough_block *fine(struct fine *dev, struct bough_block *below)
{
    static const struct bough_block_ops ops = {
        .read = fine_read, .write = fine_write, .flush = fine_flush, .close = mirror_medium_close};

    *dev = (struct fine){.base = *below, .below = below};
    dev->base.ops = &ops;
    dev->base.block_size = 512;
    dev->base.atomic_bytes = 512;
    dev->base.block_count = below->block_count * 8;
    return &dev->base;
}

static void test_mirror_label__a_machine_and_its_host_may_have_other_blocks(void **state)
{
    struct fine fines[2];
    struct bough_block *dev;
    uint8_t small[512];

    (void)state;
    for (int round = 1; round < 3; round++) {
        assert_int_equal(
            mirror_open(fine(&fines[0], &media[0].base), fine(&fines[1], &media[1].base), &dev),
            BOUGH_OK);
        mirror_settle(dev);
        assert_int_equal(dev->block_count, 8 * COUNT);
        memset(small, round, sizeof(small));
        for (uint64_t at = 0; at < 8; at++) /* its region stays on the list */
            assert_int_equal(bough_block_write(dev, 8 * (COUNT - 1) + at, 1, small), BOUGH_OK);
        bough_block_close(dev);
        dev = open_both();
        assert_int_equal(dev->block_count, COUNT);
        assert_false(bough_mirror_report(dev).degraded);
        expect(dev, COUNT - 1, round);
        expect_on(0, COUNT - 1, round);
        expect_on(1, COUNT - 1, round);
        put(dev, COUNT - 1, round + 100);
        bough_block_close(dev);
    }
    /* A mirror of an odd number of small blocks is none of large ones. */
    for (int i = 0; i < 2; i++) {
        enum mirror_label_found found;
        struct mirror_label label;

        assert_int_equal(mirror_label_read(host_env(), rams[i], &found, &label), BOUGH_OK);
        label.block_size = 512;
        label.block_count = 8 * COUNT - 1;
        assert_int_equal(mirror_label_write(rams[i], &label, block), BOUGH_OK);
        assert_int_equal(mirror_label_read(host_env(), rams[i], &found, &label), BOUGH_INVALID);
    }
    assert_int_equal(mirror_open(&media[0].base, &media[1].base, &dev), BOUGH_INVALID);
}

#define T(name) cmocka_unit_test_setup_teardown(name, make_media, drop_media)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_mirror_label__its_bytes_are_as_documented),
        T(test_mirror_label__a_damaged_slot_is_noticed_and_the_other_will_do),
        T(test_mirror_label__a_machine_and_its_host_may_have_other_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
