/* SPDX-License-Identifier: ISC
 *
 * pack_resolve.c - names all objects of a pack: deltas by offset, by id, and on the store's own.
 *
 * Owns the pack's table: until all is resolved its chains hold the ref deltas that wait for their
 * base, by the base's id; then all entries, by their own.
 *   (1) An entry that waits is in exactly one list: its base's children, a chain of the table, or
 *       the stack; all use `next`.
 * Objects are resolved depth first, so that a base is mostly at hand when its deltas come.  What is
 * never reached waits for a missing base, or for itself.
 */
#include "pack_resolve.h"
#include "hash.h"
#include <assert.h>
#include <stdlib.h>

static uint32_t *chain_of(struct pack_in *pack, const struct sha1 *id)
{
    return &pack->table[hash_keyed(pack->key, id->at, SHA1_BYTES) & (pack->table_count - 1)];
}

static enum bough_err make_table(struct pack_in *pack)
{
    uint32_t count = 16;

    while (count < pack->entry_count)
        count *= 2;
    pack->table = bough_heap_take(pack->env->heap, count * sizeof(*pack->table));
    if (pack->table == NULL)
        return BOUGH_NO_MEMORY;
    memset(pack->table, 0xff, count * sizeof(*pack->table));
    pack->table_count = count;
    return BOUGH_OK;
}

/* Puts an entry into the table under its id: its own, or its base's. */
static void chain(struct pack_in *pack, uint32_t n)
{
    struct pack_entry *entry = pack_in_entry(pack, n);
    uint32_t *first = chain_of(pack, &entry->id);

    entry->next = *first;
    *first = n;
}

static void push(struct pack_in *pack, uint32_t *stack, uint32_t n)
{
    pack_in_entry(pack, n)->next = *stack;
    *stack = n;
}

/* Moves all deltas that wait for entry `n` onto the stack. */
static void wake(struct pack_in *pack, uint32_t n, uint32_t *stack)
{
    struct pack_entry *base = pack_in_entry(pack, n);
    uint32_t *link = chain_of(pack, &base->id);
    uint32_t child = base->first_child;

    base->first_child = PACK_NONE;
    while (child != PACK_NONE) {
        uint32_t next = pack_in_entry(pack, child)->next;

        push(pack, stack, child);
        child = next;
    }
    while (*link != PACK_NONE) {
        struct pack_entry *waiting = pack_in_entry(pack, *link);
        uint32_t found = *link;

        if (!sha1_equal(&waiting->id, &base->id)) {
            link = &waiting->next;
            continue;
        }
        *link = waiting->next;
        waiting->base = n;
        push(pack, stack, found);
    }
}

/* Names one delta whose base is named. */
static enum bough_err name_delta(struct pack_in *pack, uint32_t n)
{
    struct pack_entry *entry = pack_in_entry(pack, n);
    struct bough_bytes bytes;

    entry->kind = pack_in_entry(pack, entry->base)->kind;
    assert(entry->kind != GIT_NONE);
    BOUGH_TRY(pack_object_take(pack, n, &bytes));
    sha1_object((enum git_kind)entry->kind, bytes, &entry->id);
    pack_object_give(pack, n);
    return BOUGH_OK;
}

/* Names everything that depends on entry `n`. */
static enum bough_err resolve_from(struct pack_in *pack, uint32_t n)
{
    uint32_t stack = PACK_NONE;

    wake(pack, n, &stack);
    while (stack != PACK_NONE) {
        uint32_t top = stack;

        stack = pack_in_entry(pack, top)->next;
        pack_in_entry(pack, top)->next = PACK_NONE;
        BOUGH_TRY(name_delta(pack, top));
        wake(pack, top, &stack);
    }
    return BOUGH_OK;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, SHA1_BYTES);
}

/* The ids that ref deltas still wait for, sorted, each once. */
static enum bough_err missing_bases(struct pack_in *pack, struct buffer *ids)
{
    size_t count;
    size_t kept = 0;

    for (uint32_t n = 0; n < pack->entry_count; n++) {
        const struct pack_entry *entry = pack_in_entry(pack, n);

        if (entry->kind == GIT_NONE && entry->type == PACK_REF_DELTA)
            BOUGH_TRY(buffer_add(ids, bough_bytes_of(entry->id.at, SHA1_BYTES)));
    }
    count = ids->len / SHA1_BYTES;
    if (count > 0)
        qsort(ids->at, count, SHA1_BYTES, by_id);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || by_id(ids->at + (kept - 1) * SHA1_BYTES, ids->at + i * SHA1_BYTES) != 0)
            memmove(ids->at + kept++ * SHA1_BYTES, ids->at + i * SHA1_BYTES, SHA1_BYTES);
    }
    ids->len = kept * SHA1_BYTES;
    return BOUGH_OK;
}

/* Adds an object of the store as an entry and resolves what depends on it. */
static enum bough_err add_external(struct pack_in *pack, const struct sha1 *id)
{
    struct pack_entry entry = {.id = *id,
                               .type = PACK_EXTERNAL,
                               .base = PACK_NONE,
                               .first_child = PACK_NONE,
                               .next = PACK_NONE};
    uint32_t n = (uint32_t)(pack->list.len / sizeof(entry));
    struct bough_bytes bytes;
    enum bough_err err;

    BOUGH_TRY(buffer_add(&pack->list, bough_bytes_of(&entry, sizeof(entry))));
    err = pack_object_take(pack, n, &bytes);
    if (err == BOUGH_NOT_FOUND) {
        pack->list.len -= sizeof(entry);
        return BOUGH_OK;
    }
    if (err != BOUGH_OK)
        return err;
    pack_object_give(pack, n);
    return resolve_from(pack, n);
}

/* Resolves what waits for objects of the store. */
static enum bough_err resolve_thin(struct pack_in *pack)
{
    struct buffer ids;
    enum bough_err err;

    buffer_init(&ids, pack->env->heap, BOUGH_PUSH_OBJECTS_MAX * (size_t)SHA1_BYTES);
    err = missing_bases(pack, &ids);
    if (err == BOUGH_OK && ids.len > 0)
        err = pack->bases->find(pack->bases, pack, (const struct sha1 *)(const void *)ids.at,
                                ids.len / SHA1_BYTES);
    for (size_t i = 0; err == BOUGH_OK && i < ids.len / SHA1_BYTES; i++) {
        struct sha1 id;

        memcpy(id.at, ids.at + i * SHA1_BYTES, SHA1_BYTES);
        err = add_external(pack, &id);
    }
    buffer_release(&ids);
    return err;
}

/* Puts every entry into the table under its own id; an error if one has none. */
static enum bough_err index_all(struct pack_in *pack)
{
    uint32_t unresolved = 0;

    memset(pack->table, 0xff, pack->table_count * sizeof(*pack->table));
    for (uint32_t n = 0; n < pack->entry_count; n++) {
        unresolved += pack_in_entry(pack, n)->kind == GIT_NONE ? 1 : 0;
        chain(pack, n);
    }
    if (unresolved > 0)
        return pack_in_fail(pack, BOUGH_INVALID, "%u deltas without their base", unresolved);
    return BOUGH_OK;
}

enum bough_err pack_resolve(struct pack_in *pack, struct pack_bases *bases)
{
    pack->bases = bases;
    BOUGH_TRY(make_table(pack));
    for (uint32_t n = 0; n < pack->entry_count; n++) {
        if (pack_in_entry(pack, n)->type == PACK_REF_DELTA)
            chain(pack, n);
    }
    for (uint32_t n = 0; n < pack->entry_count; n++) {
        if (pack_in_entry(pack, n)->type <= GIT_TAG)
            BOUGH_TRY(resolve_from(pack, n));
    }
    BOUGH_TRY(resolve_thin(pack));
    return index_all(pack);
}

uint32_t pack_resolve_find(struct pack_in *pack, const struct sha1 *id)
{
    if (pack->table == NULL)
        return PACK_NONE;
    for (uint32_t n = *chain_of(pack, id); n != PACK_NONE; n = pack_in_entry(pack, n)->next) {
        if (sha1_equal(&pack_in_entry(pack, n)->id, id))
            return n;
    }
    return PACK_NONE;
}
