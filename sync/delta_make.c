/* SPDX-License-Identifier: ISC
 *
 * delta_make.c - finds a delta that makes one object out of another.
 *
 * Owns an index of the base while it works: each block of BLOCK_BYTES at a multiple of it, in
 * chains by a hash that can be rolled over the target byte by byte.
 *   (1) Bytes of the target before `done` are in the delta; those from `done` to the place looked
 *       at are to be inserted.
 *   (2) At most CHAIN_MAX blocks are compared at a place, and what was found to match is passed
 *       over: the time is bounded by the lengths.
 * Versions of one object mostly begin and end alike; what they have in common there is taken off
 * first, and for a small change in the middle no index is needed at all.
 */
#include "delta_make.h"
#include <assert.h>

#define BLOCK_BYTES      16u
#define CHAIN_MAX        16u
#define COPY_BYTES_MIN   8u       /* a copy takes up to 7 bytes itself */
#define COPY_BYTES_MAX   0x10000u /* of one code; what size 0 means */
#define INSERT_MAX       127u     /* of one code */
#define SCAN_BYTES_MIN   48u      /* less than this is inserted as it is */
#define HASH_FACTOR      0x2c9277b5u
#define HASH_SPREAD      0x9e3779b1u
#define INDEX_BITS_MIN   4u
#define OBJECT_BYTES_MAX UINT32_MAX

struct maker {
    struct bough_bytes base;
    struct bough_bytes target;
    struct buffer *out;
    size_t start; /* of the delta in `out` */
    size_t max_bytes;
    size_t done;
    uint32_t *heads; /* of chains: block number + 1 */
    uint32_t *nexts; /* of each block, the same */
    uint32_t block_count;
    unsigned bits;
    uint32_t top; /* HASH_FACTOR to the power of BLOCK_BYTES - 1 */
};

/* A run of the base that equals one of the target. */
struct match {
    size_t base_at;
    size_t len;
};

static enum bough_err add_size(struct buffer *out, size_t size)
{
    uint8_t bytes[10];
    size_t len = 0;

    for (; size >= 0x80; size >>= 7)
        bytes[len++] = (uint8_t)(size | 0x80);
    bytes[len++] = (uint8_t)size;
    return buffer_add(out, bough_bytes_of(bytes, len));
}

/* BOUGH_NOT_FOUND when the delta, with `more` bytes, has become too long. */
static enum bough_err check_length(const struct maker *maker, size_t more)
{
    return maker->out->len - maker->start + more > maker->max_bytes ? BOUGH_NOT_FOUND : BOUGH_OK;
}

/* Inserts the target's bytes from `done` to `end`. */
static enum bough_err insert(struct maker *maker, size_t end)
{
    BOUGH_TRY(check_length(maker, end - maker->done));
    while (maker->done < end) {
        size_t part = end - maker->done < INSERT_MAX ? end - maker->done : INSERT_MAX;
        uint8_t code = (uint8_t)part;

        BOUGH_TRY(buffer_add(maker->out, bough_bytes_of(&code, 1)));
        BOUGH_TRY(buffer_add(maker->out, bough_bytes_of(maker->target.at + maker->done, part)));
        maker->done += part;
    }
    return check_length(maker, 0);
}

/* Copies from the base (gitformat-pack, "Instruction to copy from base object"). */
static enum bough_err copy(struct maker *maker, size_t base_at, size_t len)
{
    assert(base_at + len <= maker->base.len && maker->done + len <= maker->target.len);
    while (len > 0) {
        size_t part = len < COPY_BYTES_MAX ? len : COPY_BYTES_MAX;
        size_t size = part == COPY_BYTES_MAX ? 0 : part;
        uint8_t code[8] = {0x80};
        size_t used = 1;

        for (unsigned i = 0; i < 4; i++) {
            if ((base_at >> (8 * i) & 0xff) != 0) {
                code[0] |= (uint8_t)(1u << i);
                code[used++] = (uint8_t)(base_at >> (8 * i));
            }
        }
        for (unsigned i = 0; i < 2; i++) {
            if ((size >> (8 * i) & 0xff) != 0) {
                code[0] |= (uint8_t)(0x10u << i);
                code[used++] = (uint8_t)(size >> (8 * i));
            }
        }
        BOUGH_TRY(buffer_add(maker->out, bough_bytes_of(code, used)));
        base_at += part;
        len -= part;
        maker->done += part;
    }
    return check_length(maker, 0);
}

static uint32_t hash_block(const uint8_t *at)
{
    uint32_t hash = 0;

    for (unsigned i = 0; i < BLOCK_BYTES; i++)
        hash = hash * HASH_FACTOR + at[i];
    return hash;
}

static uint32_t *head_of(const struct maker *maker, uint32_t hash)
{
    return &maker->heads[hash * HASH_SPREAD >> (32 - maker->bits)];
}

/* Fills the chains, so that earlier blocks come first.  Of a run of equal blocks only the first is
 * in a chain: else a megabyte of zeros would be one. */
static void fill_index(struct maker *maker)
{
    uint32_t before = 0;

    for (uint32_t n = maker->block_count; n > 0; n--) {
        uint32_t hash = hash_block(maker->base.at + (size_t)(n - 1) * BLOCK_BYTES);
        uint32_t *head = head_of(maker, hash);
        bool again = n < maker->block_count && hash == before && *head == n + 1;

        maker->nexts[n - 1] = again ? maker->nexts[n] : *head;
        *head = n;
        before = hash;
    }
}

/* The longest match of the base at `at` of the target, where `end` is the last place to look at. */
static struct match find(const struct maker *maker, size_t at, size_t end, uint32_t hash)
{
    struct match best = {0};
    uint32_t block = *head_of(maker, hash);

    for (unsigned n = 0; block != 0 && n < CHAIN_MAX; n++, block = maker->nexts[block - 1]) {
        size_t base_at = (size_t)(block - 1) * BLOCK_BYTES;
        size_t room = maker->base.len - base_at < end - at ? maker->base.len - base_at : end - at;
        size_t len = 0;

        while (len < room && maker->base.at[base_at + len] == maker->target.at[at + len])
            len++;
        if (len >= BLOCK_BYTES && len > best.len)
            best = (struct match){.base_at = base_at, .len = len};
    }
    return best;
}

/* Puts a match at `at` into the delta, with what equals before it. */
static enum bough_err take_match(struct maker *maker, size_t at, struct match match)
{
    while (at > maker->done && match.base_at > 0 &&
           maker->base.at[match.base_at - 1] == maker->target.at[at - 1]) {
        at--;
        match.base_at--;
        match.len++;
    }
    BOUGH_TRY(insert(maker, at));
    return copy(maker, match.base_at, match.len);
}

/* The target from `done` to `end`, by the index. */
static enum bough_err scan(struct maker *maker, size_t end)
{
    const uint8_t *target = maker->target.at;
    size_t at = maker->done;
    uint32_t hash = 0;
    bool rolled = false;

    while (at + BLOCK_BYTES <= end) {
        struct match match;

        hash = rolled ? (hash - target[at - 1] * maker->top) * HASH_FACTOR +
                            target[at + BLOCK_BYTES - 1]
                      : hash_block(target + at);
        match = find(maker, at, end, hash);
        rolled = match.len == 0;
        if (rolled) {
            at++;
            if ((at & 0xff) == 0)
                BOUGH_TRY(check_length(maker, at - maker->done));
            continue;
        }
        BOUGH_TRY(take_match(maker, at, match));
        at = maker->done;
    }
    return insert(maker, end);
}

/* The same with the index made first. */
static enum bough_err scan_indexed(struct bough_heap *heap, struct maker *maker, size_t end)
{
    size_t bytes;
    enum bough_err err;

    maker->block_count = (uint32_t)(maker->base.len / BLOCK_BYTES);
    maker->bits = INDEX_BITS_MIN;
    while (maker->bits < 31 && (1u << maker->bits) < maker->block_count)
        maker->bits++;
    bytes = ((size_t)1 << maker->bits) * sizeof(uint32_t) + maker->block_count * sizeof(uint32_t);
    maker->heads = bough_heap_take(heap, bytes);
    if (maker->heads == NULL)
        return BOUGH_NO_MEMORY;
    memset(maker->heads, 0, bytes);
    maker->nexts = maker->heads + ((size_t)1 << maker->bits);
    maker->top = 1;
    for (unsigned i = 0; i < BLOCK_BYTES - 1; i++)
        maker->top *= HASH_FACTOR;
    fill_index(maker);
    err = scan(maker, end);
    bough_heap_give(heap, maker->heads, bytes);
    return err;
}

/* How many bytes the two have in common at the beginning, or at the end if `backwards`. */
static size_t common(struct bough_bytes a, struct bough_bytes b, bool backwards)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    size_t len = 0;

    if (backwards) {
        while (len < shorter && a.at[a.len - 1 - len] == b.at[b.len - 1 - len])
            len++;
    } else {
        while (len < shorter && a.at[len] == b.at[len])
            len++;
    }
    return len < COPY_BYTES_MIN ? 0 : len;
}

static enum bough_err make(struct bough_heap *heap, struct maker *maker)
{
    struct bough_bytes base = maker->base;
    struct bough_bytes target = maker->target;
    size_t head = common(base, target, false);
    size_t tail = common(bough_bytes_of(base.at + head, base.len - head),
                         bough_bytes_of(target.at + head, target.len - head), true);
    size_t end = target.len - tail;

    BOUGH_TRY(add_size(maker->out, base.len));
    BOUGH_TRY(add_size(maker->out, target.len));
    BOUGH_TRY(copy(maker, 0, head));
    if (end - head < SCAN_BYTES_MIN || base.len < BLOCK_BYTES)
        BOUGH_TRY(insert(maker, end));
    else
        BOUGH_TRY(scan_indexed(heap, maker, end));
    return copy(maker, base.len - tail, tail);
}

enum bough_err delta_make(struct bough_heap *heap, struct bough_bytes base,
                          struct bough_bytes target, size_t max_bytes, struct buffer *out)
{
    struct maker maker = {
        .base = base, .target = target, .out = out, .start = out->len, .max_bytes = max_bytes};
    enum bough_err err;

    if (base.len > OBJECT_BYTES_MAX || target.len > OBJECT_BYTES_MAX)
        return BOUGH_TOO_BIG;
    if (base.len == 0 || target.len == 0)
        return BOUGH_NOT_FOUND;
    err = make(heap, &maker);
    assert(err != BOUGH_OK || maker.done == target.len);
    if (err != BOUGH_OK)
        out->len = maker.start;
    return err;
}
