/* SPDX-License-Identifier: ISC
 *
 * git_memo.c - what is known of ids: two hash tables over one pool of entries.
 *
 * Owns a list of blocks of entries, the two tables of chains, and the rare verbatim links.
 *   (1) An entry in use is in one chain of each table; a free one in neither.
 *   (2) bytes <= limit_bytes, tables included.
 *   (3) Two entries in use differ in their id, and in (kind, key name).
 * Where room is needed a hand goes round the entries and takes the first tree or value it meets
 * that was not looked at since the hand came by.
 */
#include "git_memo.h"
#include "hash.h"
#include <assert.h>

#define BLOCK_ENTRIES 256u
#define BLOCKS_MAX    8192u
#define BUCKETS_FIRST 256u
#define ENTRY_NONE    UINT32_MAX

struct entry {
    struct sha1 id;
    uint8_t kind; /* GIT_NONE = free */
    bool looked_at;
    struct bough_link link;
    uint64_t number;
    struct bough_link *verbatim;
    uint32_t next_by_id;
    uint32_t next_by_name; /* of a free entry: the next free one */
};

struct git_memo {
    struct bough_heap *heap;
    uint8_t key[16];
    bool keep_all;
    size_t limit_bytes;
    size_t bytes;
    struct entry *blocks[BLOCKS_MAX];
    uint32_t block_count;
    uint32_t used_count;
    uint32_t free_first;
    uint32_t hand;
    uint32_t *by_id;
    uint32_t *by_name;
    uint32_t bucket_count; /* of each table; a power of two, or 0 */
};

static void *take(struct git_memo *memo, size_t bytes)
{
    void *at;

    if (bytes > memo->limit_bytes - memo->bytes)
        return NULL;
    at = bough_heap_take(memo->heap, bytes);
    if (at != NULL)
        memo->bytes += bytes;
    return at;
}

static void give(struct git_memo *memo, void *at, size_t bytes)
{
    if (at == NULL)
        return;
    assert(memo->bytes >= bytes);
    memo->bytes -= bytes;
    bough_heap_give(memo->heap, at, bytes);
}

enum bough_err git_memo_open(struct bough_heap *heap, const uint8_t key[16], size_t limit_bytes,
                             bool keep_all, struct git_memo **memo)
{
    *memo = bough_heap_take(heap, sizeof(**memo));
    if (*memo == NULL)
        return BOUGH_NO_MEMORY;
    memset(*memo, 0, sizeof(**memo));
    (*memo)->heap = heap;
    memcpy((*memo)->key, key, sizeof((*memo)->key));
    (*memo)->keep_all = keep_all;
    (*memo)->limit_bytes = limit_bytes;
    (*memo)->free_first = ENTRY_NONE;
    return BOUGH_OK;
}

static struct entry *entry_at(struct git_memo *memo, uint32_t n)
{
    assert(n < memo->block_count * BLOCK_ENTRIES);
    return &memo->blocks[n / BLOCK_ENTRIES][n % BLOCK_ENTRIES];
}

void git_memo_erase(struct git_memo *memo)
{
    for (uint32_t i = 0; i < memo->block_count; i++) {
        for (uint32_t n = 0; n < BLOCK_ENTRIES; n++) {
            struct entry *entry = &memo->blocks[i][n];

            if (entry->kind != GIT_NONE)
                give(memo, entry->verbatim, sizeof(*entry->verbatim));
        }
        give(memo, memo->blocks[i], BLOCK_ENTRIES * sizeof(struct entry));
    }
    give(memo, memo->by_id, memo->bucket_count * sizeof(uint32_t));
    give(memo, memo->by_name, memo->bucket_count * sizeof(uint32_t));
    assert(memo->bytes == 0);
    memo->by_id = memo->by_name = NULL;
    memo->block_count = memo->used_count = memo->bucket_count = memo->hand = 0;
    memo->free_first = ENTRY_NONE;
}

void git_memo_close(struct git_memo *memo)
{
    if (memo == NULL)
        return;
    git_memo_erase(memo);
    bough_heap_give(memo->heap, memo, sizeof(*memo));
}

/* What tells two native objects of a kind apart. */
static const struct bough_hash *name_of(const struct git_native *native)
{
    return bough_hash_is_none(&native->verbatim.name) ? &native->link.name : &native->verbatim.name;
}

static const struct bough_hash *entry_name(const struct entry *entry)
{
    return entry->verbatim == NULL ? &entry->link.name : &entry->verbatim->name;
}

static uint32_t *chain_by_id(struct git_memo *memo, const struct sha1 *id)
{
    return &memo->by_id[hash_keyed(memo->key, id->at, SHA1_BYTES) & (memo->bucket_count - 1)];
}

static uint32_t *chain_by_name(struct git_memo *memo, const struct bough_hash *name)
{
    return &memo->by_name[hash_keyed(memo->key, name->at, 16) & (memo->bucket_count - 1)];
}

static struct entry *find_id(struct git_memo *memo, const struct sha1 *id)
{
    if (memo->bucket_count == 0)
        return NULL;
    for (uint32_t n = *chain_by_id(memo, id); n != ENTRY_NONE;) {
        struct entry *entry = entry_at(memo, n);

        if (sha1_equal(&entry->id, id))
            return entry;
        n = entry->next_by_id;
    }
    return NULL;
}

static struct entry *find_name(struct git_memo *memo, enum git_kind kind,
                               const struct bough_hash *name)
{
    if (memo->bucket_count == 0)
        return NULL;
    for (uint32_t n = *chain_by_name(memo, name); n != ENTRY_NONE;) {
        struct entry *entry = entry_at(memo, n);

        if (entry->kind == kind && bough_hash_equal(entry_name(entry), name))
            return entry;
        n = entry->next_by_name;
    }
    return NULL;
}

static void native_of(const struct entry *entry, struct git_native *native)
{
    *native = (struct git_native){
        .kind = (enum git_kind)entry->kind, .link = entry->link, .number = entry->number};
    if (entry->verbatim != NULL)
        native->verbatim = *entry->verbatim;
}

bool git_memo_find(struct git_memo *memo, const struct sha1 *id, struct git_native *native)
{
    struct entry *entry = find_id(memo, id);

    if (entry == NULL)
        return false;
    entry->looked_at = true;
    native_of(entry, native);
    return true;
}

bool git_memo_id(struct git_memo *memo, const struct git_native *native, struct sha1 *id)
{
    struct entry *entry = find_name(memo, native->kind, name_of(native));

    if (entry == NULL)
        return false;
    entry->looked_at = true;
    *id = entry->id;
    return true;
}

/* Takes entry `n` out of one chain. */
static void unchain(struct git_memo *memo, uint32_t *chain, uint32_t n, bool by_id)
{
    while (*chain != n) {
        struct entry *entry;

        assert(*chain != ENTRY_NONE);
        entry = entry_at(memo, *chain);
        chain = by_id ? &entry->next_by_id : &entry->next_by_name;
    }
    *chain = by_id ? entry_at(memo, n)->next_by_id : entry_at(memo, n)->next_by_name;
}

static void chain(struct git_memo *memo, uint32_t n)
{
    struct entry *entry = entry_at(memo, n);
    uint32_t *by_id = chain_by_id(memo, &entry->id);
    uint32_t *by_name = chain_by_name(memo, entry_name(entry));

    entry->next_by_id = *by_id;
    *by_id = n;
    entry->next_by_name = *by_name;
    *by_name = n;
}

static void release_entry(struct git_memo *memo, uint32_t n)
{
    struct entry *entry = entry_at(memo, n);

    unchain(memo, chain_by_id(memo, &entry->id), n, true);
    unchain(memo, chain_by_name(memo, entry_name(entry)), n, false);
    give(memo, entry->verbatim, sizeof(*entry->verbatim));
    *entry = (struct entry){.next_by_name = memo->free_first};
    memo->free_first = n;
    memo->used_count--;
}

/* Makes room by forgetting one tree or value; false when there is none. */
static bool forget_one(struct git_memo *memo)
{
    uint32_t count = memo->block_count * BLOCK_ENTRIES;

    if (memo->keep_all)
        return false;
    for (uint32_t steps = 0; steps < 2 * count; steps++) {
        uint32_t n = memo->hand;
        struct entry *entry = entry_at(memo, n);

        memo->hand = (n + 1) % count;
        if (entry->kind != GIT_TREE && entry->kind != GIT_BLOB)
            continue;
        if (!entry->looked_at) {
            release_entry(memo, n);
            return true;
        }
        entry->looked_at = false;
    }
    return false;
}

/* Doubles the tables when chains get long; nothing happens where there is no memory for it. */
static void grow_tables(struct git_memo *memo)
{
    uint32_t before = memo->bucket_count;
    uint32_t count = before == 0 ? BUCKETS_FIRST : before * 2;
    uint32_t *by_id = take(memo, count * sizeof(*by_id));
    uint32_t *by_name = by_id == NULL ? NULL : take(memo, count * sizeof(*by_name));

    if (by_name == NULL) {
        give(memo, by_id, count * sizeof(*by_id));
        return;
    }
    memset(by_id, 0xff, count * sizeof(*by_id));
    memset(by_name, 0xff, count * sizeof(*by_name));
    give(memo, memo->by_id, before * sizeof(*by_id));
    give(memo, memo->by_name, before * sizeof(*by_name));
    memo->by_id = by_id;
    memo->by_name = by_name;
    memo->bucket_count = count;
    for (uint32_t n = 0; n < memo->block_count * BLOCK_ENTRIES; n++) {
        if (entry_at(memo, n)->kind != GIT_NONE)
            chain(memo, n);
    }
}

/* Adds a block of free entries, if there is memory. */
static void grow_pool(struct git_memo *memo)
{
    struct entry *block;

    if (memo->block_count == BLOCKS_MAX)
        return;
    block = take(memo, BLOCK_ENTRIES * sizeof(*block));
    if (block == NULL)
        return;
    memset(block, 0, BLOCK_ENTRIES * sizeof(*block));
    memo->blocks[memo->block_count++] = block;
    for (uint32_t i = BLOCK_ENTRIES; i > 0; i--) {
        block[i - 1].next_by_name = memo->free_first;
        memo->free_first = (memo->block_count - 1) * BLOCK_ENTRIES + i - 1;
    }
}

/* A free entry, taken off the free list; ENTRY_NONE when nothing can be forgotten. */
static uint32_t take_entry(struct git_memo *memo)
{
    uint32_t n;

    if (memo->used_count >= memo->bucket_count)
        grow_tables(memo);
    if (memo->bucket_count == 0)
        return ENTRY_NONE;
    if (memo->free_first == ENTRY_NONE)
        grow_pool(memo);
    if (memo->free_first == ENTRY_NONE && !forget_one(memo))
        return ENTRY_NONE;
    n = memo->free_first;
    memo->free_first = entry_at(memo, n)->next_by_name;
    memo->used_count++;
    return n;
}

/* Whether the two are one object; learns an address. */
static enum bough_err meet(struct entry *entry, const struct git_native *native)
{
    if (entry->kind != native->kind || !bough_hash_equal(entry_name(entry), name_of(native)))
        return BOUGH_EXISTS;
    if (entry->link.address == 0)
        entry->link.address = native->link.address;
    return BOUGH_OK;
}

static enum bough_err add_new(struct git_memo *memo, const struct sha1 *id,
                              const struct git_native *native)
{
    struct bough_link *verbatim = NULL;
    uint32_t n;

    if (!bough_hash_is_none(&native->verbatim.name)) {
        verbatim = take(memo, sizeof(*verbatim));
        if (verbatim == NULL)
            return BOUGH_NO_MEMORY;
        *verbatim = native->verbatim;
    }
    n = take_entry(memo);
    if (n == ENTRY_NONE) {
        give(memo, verbatim, sizeof(*verbatim));
        return BOUGH_NO_MEMORY;
    }
    *entry_at(memo, n) = (struct entry){.id = *id,
                                        .kind = (uint8_t)native->kind,
                                        .link = native->link,
                                        .number = native->number,
                                        .verbatim = verbatim};
    chain(memo, n);
    return BOUGH_OK;
}

enum bough_err git_memo_add(struct git_memo *memo, const struct sha1 *id,
                            const struct git_native *native)
{
    struct entry *entry = find_id(memo, id);
    enum bough_err err;

    assert(native->kind != GIT_NONE);
    if (entry != NULL)
        return meet(entry, native);
    err = add_new(memo, id, native);
    if (err == BOUGH_NO_MEMORY && !memo->keep_all &&
        (native->kind == GIT_TREE || native->kind == GIT_BLOB))
        return BOUGH_OK;
    return err;
}

enum bough_err git_memo_merge(struct git_memo *memo, struct git_memo *from)
{
    for (uint32_t n = 0; n < from->block_count * BLOCK_ENTRIES; n++) {
        const struct entry *entry = entry_at(from, n);
        struct git_native native;

        if (entry->kind == GIT_NONE)
            continue;
        native_of(entry, &native);
        BOUGH_TRY(git_memo_add(memo, &entry->id, &native));
    }
    return BOUGH_OK;
}

struct git_native git_memo_of_tree(const struct bough_tree *tree)
{
    return (struct git_native){.kind = GIT_TREE,
                               .link = tree->root,
                               .number = tree->key_count,
                               .verbatim = tree->verbatim};
}

struct bough_tree git_memo_tree(const struct git_native *native)
{
    assert(native->kind == GIT_TREE);
    return (struct bough_tree){
        .root = native->link, .key_count = native->number, .verbatim = native->verbatim};
}
