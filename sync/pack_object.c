/* SPDX-License-Identifier: ISC
 *
 * pack_object.c - single objects out of a pack, deltas applied.
 *
 * Owns the objects held inflated.  A chain of deltas is followed with a list on the heap, never by
 * recursion, and applied from its base on.
 *   (1) held[i].index = n iff entry n's held is i + 1.
 *   (2) held_bytes passes BOUGH_PUSH_BASE_BYTES only by what is pinned.
 */
#include "pack_object.h"
#include "delta.h"
#include <assert.h>

static void drop(struct pack_in *pack, struct pack_held *held)
{
    assert(held->pins == 0 && held->index != PACK_NONE);
    pack_in_entry(pack, held->index)->held = 0;
    pack->held_bytes -= held->size_bytes;
    bough_heap_give(pack->env->heap, held->at, held->size_bytes + 1u);
    *held = (struct pack_held){.index = PACK_NONE};
}

/* A free place, or one that has not been used for a while: next to where one was found last,
 * mostly. NULL when there is none. */
static struct pack_held *stale(struct pack_in *pack)
{
    for (uint32_t i = 0; i < PACK_HELD_COUNT; i++) {
        struct pack_held *held = &pack->held[(pack->hand + i) % PACK_HELD_COUNT];

        if (held->index == PACK_NONE ||
            (held->pins == 0 && pack->clock - held->used_at > PACK_HELD_COUNT / 2)) {
            pack->hand = (uint32_t)(held - pack->held) + 1;
            return held;
        }
    }
    return NULL;
}

/* The free place, or the one used longest ago that is not pinned; NULL when all are. */
static struct pack_held *oldest(struct pack_in *pack, bool free_too)
{
    struct pack_held *found = NULL;

    for (uint32_t i = 0; i < PACK_HELD_COUNT; i++) {
        struct pack_held *held = &pack->held[i];

        if (held->index == PACK_NONE && free_too)
            return held;
        if (held->index != PACK_NONE && held->pins == 0 &&
            (found == NULL || pack->clock - held->used_at > pack->clock - found->used_at))
            found = held;
    }
    return found;
}

/* Holds `size_bytes` bytes at `at` as the object of entry `n`, pinned once.  Takes `at` over, also
 * after an error. */
static enum bough_err hold(struct pack_in *pack, uint32_t n, uint8_t *at, uint32_t size_bytes)
{
    struct pack_held *held;

    while (pack->held_bytes + size_bytes > BOUGH_PUSH_BASE_BYTES) {
        held = oldest(pack, false);
        if (held == NULL)
            break;
        drop(pack, held);
    }
    held = stale(pack);
    if (held == NULL)
        held = oldest(pack, true);
    if (held == NULL) {
        bough_heap_give(pack->env->heap, at, size_bytes + 1u);
        return BOUGH_NO_MEMORY;
    }
    if (held->index != PACK_NONE)
        drop(pack, held);
    *held = (struct pack_held){
        .index = n, .pins = 1, .used_at = ++pack->clock, .size_bytes = size_bytes, .at = at};
    pack->held_bytes += size_bytes;
    pack_in_entry(pack, n)->held = (uint16_t)(held - pack->held + 1);
    return BOUGH_OK;
}

/* The bytes of an entry that is held, pinned. */
static struct bough_bytes pin(struct pack_in *pack, uint32_t n)
{
    struct pack_held *held = &pack->held[pack_in_entry(pack, n)->held - 1u];

    assert(held->index == n);
    held->pins++;
    held->used_at = ++pack->clock;
    return bough_bytes_of(held->at, held->size_bytes);
}

void pack_object_give(struct pack_in *pack, uint32_t n)
{
    struct pack_held *held = &pack->held[pack_in_entry(pack, n)->held - 1u];

    assert(held->index == n && held->pins > 0);
    held->pins--;
    if (held->pins == 0 && pack->held_bytes > BOUGH_PUSH_BASE_BYTES)
        drop(pack, held);
}

/* What stands in an entry, inflated, on the heap: size_bytes + 1 bytes. */
static enum bough_err inflate_entry(struct pack_in *pack, uint32_t n, uint8_t **at)
{
    uint32_t size_bytes = pack_in_entry(pack, n)->size_bytes;
    enum bough_err err;

    *at = bough_heap_take(pack->env->heap, size_bytes + 1u);
    if (*at == NULL)
        return BOUGH_NO_MEMORY;
    err = pack_in_inflate(pack, n, *at);
    if (err != BOUGH_OK)
        bough_heap_give(pack->env->heap, *at, size_bytes + 1u);
    return err;
}

/* Holds an object that is not in the pack. */
static enum bough_err hold_external(struct pack_in *pack, uint32_t n)
{
    struct buffer bytes;
    enum git_kind kind;
    uint8_t *at = NULL;
    size_t len;
    enum bough_err err;

    buffer_init(&bytes, pack->env->heap, BOUGH_PUSH_OBJECT_BYTES_MAX);
    err = pack->bases->load(pack->bases, &pack_in_entry(pack, n)->id, &kind, &bytes);
    if (err == BOUGH_OK)
        err = pack_in_count(pack, bytes.len);
    len = bytes.len;
    if (err == BOUGH_OK) {
        at = bough_heap_take(pack->env->heap, len + 1);
        err = at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
    }
    if (err == BOUGH_OK && len > 0)
        memcpy(at, bytes.at, len);
    buffer_release(&bytes);
    if (err != BOUGH_OK)
        return err;
    pack_in_entry(pack, n)->kind = (uint8_t)kind;
    return hold(pack, n, at, (uint32_t)len);
}

/* Holds an entry that is no delta. */
static enum bough_err hold_whole(struct pack_in *pack, uint32_t n)
{
    uint8_t *at;

    if (pack_in_entry(pack, n)->type == PACK_EXTERNAL)
        return hold_external(pack, n);
    BOUGH_TRY(inflate_entry(pack, n, &at));
    return hold(pack, n, at, pack_in_entry(pack, n)->size_bytes);
}

/* The delta's result on the heap. */
static enum bough_err patch(struct pack_in *pack, struct bough_bytes base, struct bough_bytes delta,
                            uint32_t offset, uint8_t **at, uint32_t *size_bytes)
{
    uint64_t base_bytes;
    uint64_t result_bytes;
    size_t head;

    if (delta_sizes(delta, &base_bytes, &result_bytes, &head) != BOUGH_OK)
        return pack_in_fail(pack, BOUGH_INVALID, "bad delta at offset %u", offset);
    if (result_bytes > BOUGH_PUSH_OBJECT_BYTES_MAX)
        return pack_in_fail(pack, BOUGH_TOO_BIG, "object too large (limit %u bytes)",
                            BOUGH_PUSH_OBJECT_BYTES_MAX);
    BOUGH_TRY(pack_in_count(pack, result_bytes));
    *size_bytes = (uint32_t)result_bytes;
    *at = bough_heap_take(pack->env->heap, *size_bytes + 1u);
    if (*at == NULL)
        return BOUGH_NO_MEMORY;
    if (delta_apply(base, delta, *at, *size_bytes) == BOUGH_OK)
        return BOUGH_OK;
    bough_heap_give(pack->env->heap, *at, *size_bytes + 1u);
    return pack_in_fail(pack, BOUGH_INVALID, "bad delta at offset %u", offset);
}

/* Holds a delta's object; its base is held already, pinned. */
static enum bough_err hold_delta(struct pack_in *pack, uint32_t n)
{
    uint32_t size_bytes = pack_in_entry(pack, n)->size_bytes;
    uint32_t base = pack_in_entry(pack, n)->base;
    struct bough_bytes base_bytes = pin(pack, base);
    uint32_t result_bytes = 0;
    uint8_t *result = NULL;
    uint8_t *delta;
    enum bough_err err = inflate_entry(pack, n, &delta);

    if (err == BOUGH_OK) {
        err = patch(pack, base_bytes, bough_bytes_of(delta, size_bytes),
                    pack_in_entry(pack, n)->offset, &result, &result_bytes);
        bough_heap_give(pack->env->heap, delta, size_bytes + 1u);
    }
    if (err == BOUGH_OK)
        err = hold(pack, n, result, result_bytes);
    pack_object_give(pack, base);
    return err;
}

static bool is_delta(const struct pack_entry *entry)
{
    return entry->type == PACK_OFS_DELTA || entry->type == PACK_REF_DELTA;
}

/* Holds the objects of a chain, last first; all but the first are released again. */
static enum bough_err hold_chain(struct pack_in *pack, const uint32_t *chain, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        uint32_t n = chain[i - 1];
        bool delta = is_delta(pack_in_entry(pack, n));
        enum bough_err err = delta ? hold_delta(pack, n) : hold_whole(pack, n);

        if (i < count)
            pack_object_give(pack, chain[i]);
        if (err != BOUGH_OK)
            return err;
    }
    return BOUGH_OK;
}

enum bough_err pack_object_take(struct pack_in *pack, uint32_t n, struct bough_bytes *bytes)
{
    struct buffer chain;
    uint32_t held = PACK_NONE;
    enum bough_err err = BOUGH_OK;

    if (pack_in_entry(pack, n)->held != 0) {
        *bytes = pin(pack, n);
        return BOUGH_OK;
    }
    buffer_init(&chain, pack->env->heap, BOUGH_PUSH_OBJECTS_MAX * 2 * sizeof(n));
    for (uint32_t at = n; err == BOUGH_OK; at = pack_in_entry(pack, at)->base) {
        if (pack_in_entry(pack, at)->held != 0) {
            held = at;
            (void)pin(pack, held);
            break;
        }
        err = buffer_add(&chain, bough_bytes_of(&at, sizeof(at)));
        if (!is_delta(pack_in_entry(pack, at)))
            break;
        assert(pack_in_entry(pack, at)->base != PACK_NONE);
    }
    if (err == BOUGH_OK)
        err = hold_chain(pack, (const uint32_t *)(const void *)chain.at, chain.len / sizeof(n));
    buffer_release(&chain);
    if (held != PACK_NONE)
        pack_object_give(pack, held);
    if (err == BOUGH_OK) {
        const struct pack_held *place = &pack->held[pack_in_entry(pack, n)->held - 1u];

        *bytes = bough_bytes_of(place->at, place->size_bytes);
    }
    return err;
}
