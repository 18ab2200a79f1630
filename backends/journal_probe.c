/* SPDX-License-Identifier: ISC
 *
 * journal_probe.c - what a device holds, told without writing.
 *
 * The answer decides whether a first boot may format it, so anything that is not zeros belongs to
 * somebody.
 */
#include "bough/journal.h"
#include "journal_format.h"

/* What other owners of a disk leave their mark in: partition tables and the superblocks of the file
 * systems in use lie within the first MiB, GPT's second copy in the last blocks. */
#define PROBE_HEAD_BYTES  (1u << 20)
#define PROBE_TAIL_BYTES  (64u << 10)
#define PROBE_PIECE_BYTES (64u << 10)

/* Whether blocks first.. hold only zeros. */
static enum bough_err is_blank(struct bough_block *dev, uint64_t from, uint64_t len, uint8_t *piece,
                               bool *blank)
{
    assert(from % dev->block_size == 0 && len % dev->block_size == 0);
    for (uint64_t at = from; at < from + len && *blank; at += PROBE_PIECE_BYTES) {
        uint64_t some = from + len - at < PROBE_PIECE_BYTES ? from + len - at : PROBE_PIECE_BYTES;

        BOUGH_TRY(
            bough_block_read(dev, at / dev->block_size, (uint32_t)(some / dev->block_size), piece));
        *blank = piece[0] == 0 && memcmp(piece, piece + 1, (size_t)some - 1) == 0;
    }
    return BOUGH_OK;
}

/* Looks for a copy's magic, then for anything at all. */
static enum bough_err probe(struct bough_block *dev, uint8_t *piece,
                            enum bough_journal_state *state)
{
    uint32_t unit = journal_format_unit(dev->block_size);
    uint64_t head = journal_format_device_bytes(dev) / unit * unit;
    uint64_t tail = PROBE_TAIL_BYTES;
    bool blank = true;
    uint64_t places[3];

    journal_format_places(dev, places);
    for (unsigned i = 0; i < 3; i++) {
        BOUGH_TRY(
            bough_block_read(dev, places[i] / dev->block_size, unit / dev->block_size, piece));
        if (memcmp(piece, journal_format_magic, sizeof(journal_format_magic)) == 0) {
            *state = BOUGH_JOURNAL_OURS;
            return BOUGH_OK;
        }
    }
    if (head > PROBE_HEAD_BYTES)
        head = PROBE_HEAD_BYTES;
    BOUGH_TRY(is_blank(dev, 0, head, piece, &blank));
    BOUGH_TRY(is_blank(dev, journal_format_device_bytes(dev) - tail, tail, piece, &blank));
    *state = blank ? BOUGH_JOURNAL_BLANK : BOUGH_JOURNAL_FOREIGN;
    return BOUGH_OK;
}

enum bough_err bough_journal_probe(struct bough_env *env, struct bough_block *dev,
                                   enum bough_journal_state *state)
{
    uint8_t *piece;
    enum bough_err err;

    BOUGH_TRY(journal_format_check_size(env, dev));
    piece = bough_heap_take(env->heap, PROBE_PIECE_BYTES);
    if (piece == NULL)
        return BOUGH_NO_MEMORY;
    err = probe(dev, piece, state);
    bough_heap_give(env->heap, piece, PROBE_PIECE_BYTES);
    return err;
}
