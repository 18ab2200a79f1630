/* SPDX-License-Identifier: ISC
 *
 * node_delta.c - a node as its difference from the one that it takes the place of.
 *
 * Both are walked together, and what is alike is found by its bytes: items that begin at the same
 * bytes and go on alike are the same items, so that keys are compared only where something differs.
 * An item that is in both is kept as far as both begin alike: so a new child is a hash, not a key.
 * The differences are always taken from a node that is kept whole, so they never form a chain: they
 * grow with each edit until a whole node is cheaper (facts: chains of them saved a tenth more, and
 * made a cold read nearly twice as slow).
 */
#include "node_delta.h"
#include "patch.h"

#define STRIDE_BYTES 32u

/* A difference takes at most this share of a whole node.  Where each edit adds d bytes to it, nodes
 * of w bytes cost least to write when they are written whole at a difference of sqrt(2wd): more of
 * a leaf, to which an edit adds a value, than of an inner node, to which it adds a hash.  Measured
 * with values of 100 bytes: single commits write 2650 bytes with a half of both, 2240 with a third,
 * 2130 so, 2220 with a fifth of both. */
#define LEAF_SHARE  3u
#define INNER_SHARE 4u

/* Where two nodes are being walked; what was passed is in the patches. */
struct walk {
    const struct cache_object *base;
    const struct node_draft *draft;
    uint32_t base_at;
    uint32_t draft_at;
    size_t added_bytes;
    struct patch bytes;
    struct patch addresses;
    uint8_t *encoded; /* room for all addresses of the draft, each at its place */
};

static uint64_t word(const uint8_t *at)
{
    uint64_t bits;

    memcpy(&bits, at, sizeof(bits));
    return bits;
}

/* How many of `len` bytes are alike from the start. */
static size_t count_alike(const uint8_t *a, const uint8_t *b, size_t len)
{
    size_t at = 0;

    while (len - at >= STRIDE_BYTES &&
           ((word(a + at) ^ word(b + at)) | (word(a + at + 8) ^ word(b + at + 8)) |
            (word(a + at + 16) ^ word(b + at + 16)) | (word(a + at + 24) ^ word(b + at + 24))) == 0)
        at += STRIDE_BYTES;
    while (len - at >= 8 && word(a + at) == word(b + at))
        at += 8;
    while (at < len && a[at] == b[at])
        at++;
    return at;
}

/* The addresses of the draft's item `at`, encoded. */
static struct bough_bytes encoded(const struct walk *walk, uint32_t at)
{
    uint32_t first = walk->draft->items[at].address_at;
    uint32_t count = walk->draft->items[at + 1].address_at - first;
    uint8_t *into = walk->encoded + first * sizeof(uint64_t);

    for (uint32_t i = 0; i < count; i++) {
        uint64_t address = walk->draft->object.addresses[first + i];

        for (unsigned k = 0; k < sizeof(uint64_t); k++)
            into[i * sizeof(uint64_t) + k] = (uint8_t)(address >> (8 * k));
    }
    return bough_bytes_of(into, count * sizeof(uint64_t));
}

/* Whether the next `count` items of both have the same addresses. */
static bool same_addresses(const struct walk *walk, uint32_t count)
{
    const struct cache_item *old = &walk->base->items[walk->base_at];
    const struct cache_item *new = &walk->draft->items[walk->draft_at];
    uint32_t old_count = old[count].address_at - old->address_at;

    return old_count == new[count].address_at - new->address_at &&
           (old_count == 0 || memcmp(walk->base->addresses + old->address_at,
                                     walk->draft->object.addresses + new->address_at,
                                     old_count * sizeof(uint64_t)) == 0);
}

/* Goes behind the base's next item, the draft's, or both, whose bytes the caller has dealt with. */
static void step(struct walk *walk, bool base, bool draft)
{
    const struct cache_item *old = &walk->base->items[walk->base_at];
    bool keep = base && draft && same_addresses(walk, 1);

    if (keep)
        patch_keep(&walk->addresses, old[1].address_at - old->address_at);
    if (base && !keep)
        patch_drop(&walk->addresses, old[1].address_at - old->address_at);
    if (draft && !keep)
        patch_add(&walk->addresses, encoded(walk, walk->draft_at));
    walk->base_at += base ? 1 : 0;
    walk->draft_at += draft ? 1 : 0;
}

/* Keeps the items that are the same in both, from here on; the bytes behind them that are still
 * alike are counted. */
static size_t keep_same(struct walk *walk)
{
    const struct cache_item *old = &walk->base->items[walk->base_at];
    const struct cache_item *old_end = &walk->base->items[walk->base->item_count];
    const struct cache_item *new = &walk->draft->items[walk->draft_at];
    size_t old_left = walk->base->bytes.len - old->at;
    size_t new_left = walk->draft->object.bytes.len - new->at;
    size_t alike =
        count_alike(walk->base->bytes.at + old->at, walk->draft->object.bytes.at + new->at,
                    old_left < new_left ? old_left : new_left);
    uint32_t count = 0;
    size_t bytes;

    while (old + count < old_end && old[count + 1].at - old->at <= alike)
        count++;
    bytes = old[count].at - old->at;
    assert(bytes == new[count].at - new->at);
    patch_keep(&walk->bytes, bytes);
    if (same_addresses(walk, count)) {
        patch_keep(&walk->addresses, old[count].address_at - old->address_at);
        walk->base_at += count;
        walk->draft_at += count;
    } else {
        for (uint32_t i = 0; i < count; i++)
            step(walk, true, true);
    }
    return alike - bytes;
}

/* The next items of both differ, behind `alike` bytes at least. */
static void pass_different(struct walk *walk, size_t alike)
{
    const struct cache_object *base = walk->base;
    const struct node_draft *draft = walk->draft;
    const struct cache_item *old = &base->items[walk->base_at];
    const struct cache_item *new = &draft->items[walk->draft_at];
    bool base_left = walk->base_at < base->item_count;
    bool draft_left = walk->draft_at < draft->item_count;
    const uint8_t *new_bytes = draft->object.bytes.at + new->at;
    int order = !base_left ? 1 : -1;

    if (base_left && draft_left)
        order =
            bough_bytes_compare(node_item_key(base->bytes.at + old->at), node_item_key(new_bytes));
    if (order != 0)
        alike = 0;
    patch_keep(&walk->bytes, alike);
    if (order <= 0) {
        assert(alike <= old[1].at - old->at);
        patch_drop(&walk->bytes, old[1].at - old->at - alike);
    }
    if (order >= 0) {
        size_t len = new[1].at - new->at - alike;

        assert(alike <= new[1].at - new->at);
        patch_add(&walk->bytes, bough_bytes_of(new_bytes + alike, len));
        walk->added_bytes += len;
    }
    step(walk, order <= 0, order >= 0);
}

/* Walks both to their ends; false once it is clear that the patch would not fit into its room. */
static bool walk_both(struct walk *walk)
{
    patch_keep(&walk->bytes, 1); /* the level */
    while (walk->base_at < walk->base->item_count || walk->draft_at < walk->draft->item_count) {
        size_t alike = 0;

        if (walk->base_at < walk->base->item_count && walk->draft_at < walk->draft->item_count)
            alike = keep_same(walk);
        if (walk->base_at < walk->base->item_count || walk->draft_at < walk->draft->item_count)
            pass_different(walk, alike);
        if (walk->added_bytes > walk->bytes.out.max || walk->bytes.out.overflow)
            return false;
    }
    return true;
}

enum bough_err node_delta_make(const struct cache_object *base, const struct node_draft *draft,
                               struct bough_arena *arena, struct bough_bytes *patch)
{
    const struct bough_object *object = &draft->object;
    size_t addresses_len = object->address_count * sizeof(uint64_t);
    size_t whole = object->bytes.len + addresses_len;
    size_t room = whole / (base->level == 0 ? LEAF_SHARE : INNER_SHARE);
    uint8_t *into = bough_arena_take(arena, 2 * room + addresses_len);
    struct walk walk = {.base = base, .draft = draft};
    struct encode out;
    struct encode rest;

    *patch = (struct bough_bytes){0};
    if (into == NULL)
        return BOUGH_NO_MEMORY;
    assert(base->kind == BOUGH_KIND_NODE && base->base == 0 && base->item_count > 0);
    assert(base->bytes.at[0] == object->bytes.at[0]);
    walk.encoded = into + 2 * room;
    patch_begin(&walk.bytes, encode_into(into, room), 1, object->bytes.len);
    patch_begin(&walk.addresses, encode_into(into + room, room), sizeof(uint64_t),
                object->address_count);
    if (!walk_both(&walk))
        return BOUGH_OK;
    out = patch_end(&walk.bytes);
    rest = patch_end(&walk.addresses);
    encode_raw(&out, bough_bytes_of(rest.at, rest.len));
    if (!out.overflow && !rest.overflow)
        *patch = bough_bytes_of(out.at, out.len);
    return BOUGH_OK;
}
