/* SPDX-License-Identifier: ISC
 *
 * patch.c - how to make a row of units of another row.
 *
 * The maker holds one hunk back, so that neighbours become one:
 *   (1) What is held back is keep, then drop, then add; a keep behind a drop or an add begins the
 *       next hunk.
 * The reader trusts nothing: every count is compared with what is left of base and result.
 */
#include "patch.h"
#include <assert.h>
#include <string.h>

#define HUNK_NUMBERS_BYTES 30u /* three varints at their longest */

void patch_begin(struct patch *patch, struct encode out, size_t unit_bytes, uint64_t result_count)
{
    *patch = (struct patch){.out = out, .unit_bytes = unit_bytes};
    encode_varint(&patch->out, result_count);
}

/* A number where there is room for it. */
static uint8_t *put_varint(uint8_t *at, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *at++ = (uint8_t)(number | 0x80);
    *at++ = (uint8_t)number;
    return at;
}

/* The hunk that is held back, where there surely is room for it: patches of nodes have many. */
static void write_fast(struct patch *patch)
{
    uint8_t *at = patch->out.at + patch->out.len;

    at = put_varint(at, patch->keep);
    at = put_varint(at, patch->drop);
    at = put_varint(at, patch->add.len / patch->unit_bytes);
    if (patch->add.len > 0)
        memcpy(at, patch->add.at, patch->add.len);
    patch->out.len = (size_t)(at - patch->out.at) + patch->add.len;
    assert(patch->out.len <= patch->out.max);
}

/* Writes the hunk that is held back, unless it does nothing. */
static void write_hunk(struct patch *patch)
{
    size_t room = patch->out.overflow ? 0 : patch->out.max - patch->out.len;

    if (room >= HUNK_NUMBERS_BYTES && room - HUNK_NUMBERS_BYTES >= patch->add.len &&
        (patch->keep > 0 || patch->drop > 0 || patch->add.len > 0)) {
        write_fast(patch);
    } else if (patch->keep > 0 || patch->drop > 0 || patch->add.len > 0) {
        encode_varint(&patch->out, patch->keep);
        encode_varint(&patch->out, patch->drop);
        encode_varint(&patch->out, patch->add.len / patch->unit_bytes);
        encode_raw(&patch->out, patch->add);
    }
    patch->keep = 0;
    patch->drop = 0;
    patch->add = (struct bough_bytes){0};
}

void patch_keep(struct patch *patch, uint64_t count)
{
    if (count > 0 && (patch->drop > 0 || patch->add.len > 0))
        write_hunk(patch);
    patch->keep += count;
}

void patch_drop(struct patch *patch, uint64_t count)
{
    patch->drop += count;
}

void patch_add(struct patch *patch, struct bough_bytes units)
{
    assert(units.len % patch->unit_bytes == 0);
    if (units.len == 0)
        return;
    if (patch->add.len > 0 && patch->add.at + patch->add.len != units.at)
        write_hunk(patch);
    if (patch->add.len == 0)
        patch->add = units;
    else
        patch->add.len += units.len;
}

struct encode patch_end(struct patch *patch)
{
    if (patch->keep > 0 || patch->add.len > 0) /* what is left of the base goes by itself */
        write_hunk(patch);
    return patch->out;
}

/* One hunk; what is left of the base and the room for the result shrink. */
static enum bough_err apply_hunk(struct decode *in, struct bough_bytes *base, size_t unit_bytes,
                                 uint8_t **into, uint64_t *room)
{
    uint64_t keep = decode_varint(in);
    uint64_t drop = decode_varint(in);
    uint64_t add = decode_varint(in);
    uint64_t base_left = base->len / unit_bytes;
    struct bough_bytes added;

    if (in->bad || keep > base_left || drop > base_left - keep || keep > *room ||
        add > *room - keep || (keep | drop | add) == 0)
        return BOUGH_CORRUPT;
    added = decode_raw(in, add * unit_bytes);
    if (in->bad)
        return BOUGH_CORRUPT;
    if (keep > 0)
        memcpy(*into, base->at, keep * unit_bytes);
    *into += keep * unit_bytes;
    if (added.len > 0)
        memcpy(*into, added.at, added.len);
    *into += added.len;
    base->at += (keep + drop) * unit_bytes;
    base->len -= (keep + drop) * unit_bytes;
    *room -= keep + add;
    return BOUGH_OK;
}

enum bough_err patch_apply(struct decode *in, struct bough_bytes base, size_t unit_bytes,
                           size_t bytes_max, struct bough_arena *arena, struct bough_bytes *result)
{
    uint64_t room = decode_varint(in);
    uint8_t *into;

    assert(base.len % unit_bytes == 0);
    if (in->bad || room > bytes_max / unit_bytes)
        return BOUGH_CORRUPT;
    into = bough_arena_take(arena, room * unit_bytes);
    if (into == NULL)
        return BOUGH_NO_MEMORY;
    *result = bough_bytes_of(into, room * unit_bytes);
    while (room > 0)
        BOUGH_TRY(apply_hunk(in, &base, unit_bytes, &into, &room));
    return BOUGH_OK;
}
