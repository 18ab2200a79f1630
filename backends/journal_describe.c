/* SPDX-License-Identifier: ISC
 *
 * journal_describe.c - how a store is laid out, told from its superblocks alone.
 *
 * Owns nothing, writes nothing: for stores that cannot be opened any more, too.
 */
#include "bough/journal.h"
#include "decode.h"
#include "journal_super.h"

/* The version that the first superblock with our magic names; 0 if there is none. */
static uint32_t find_version(struct bough_env *env, struct bough_block *dev)
{
    uint32_t unit = journal_format_unit(dev->block_size);
    uint8_t *bytes = bough_heap_take(env->heap, unit);
    uint32_t version = 0;
    uint64_t places[3];

    journal_format_places(dev, places);
    for (unsigned i = 0; i < 3 && bytes != NULL && version == 0; i++) {
        enum bough_err err =
            bough_block_read(dev, places[i] / dev->block_size, unit / dev->block_size, bytes);
        struct decode in =
            decode_from(bough_bytes_of(bytes + sizeof(journal_format_magic), sizeof(version)));

        if (err == BOUGH_OK &&
            memcmp(bytes, journal_format_magic, sizeof(journal_format_magic)) == 0)
            version = decode_u32(&in);
    }
    bough_heap_give(env->heap, bytes, unit);
    return version;
}

enum bough_err bough_journal_describe(struct bough_env *env, struct bough_block *dev,
                                      struct bough_journal_geometry *geometry)
{
    struct journal_super supers[3];
    unsigned count = 0;
    enum bough_err err = journal_super_read(env, dev, supers, &count);

    *geometry = (struct bough_journal_geometry){0};
    if (err == BOUGH_WRONG_VERSION)
        geometry->version = find_version(env, dev);
    if (err != BOUGH_OK)
        return err;
    assert(count > 0 && count <= 3);
    *geometry = (struct bough_journal_geometry){
        .version = supers[0].version,
        .unit_bytes = supers[0].unit_bytes,
        .device_bytes = supers[0].device_bytes,
        .segment_bytes = supers[0].segment_bytes,
        .segment_count = supers[0].segment_count,
        .checkpoint_count = supers[0].count,
        .super_count = count,
        .identity = supers[0].identity,
    };
    return BOUGH_OK;
}
