/* SPDX-License-Identifier: ISC
 *
 * repair_find.c - where another store keeps an object that is damaged here.
 *
 * Owns nothing.  Names follow from contents, so what leads to an object here leads to it there,
 * too: only the addresses beside the names are of each store's own.  Commits and tags are found by
 * name; from there it is one object after the other.
 */
#include "repair_find.h"
#include "object_links.h"

#define ARENA_BYTES_MAX ((size_t)64 << 20)

/* From an object to one that it leads to. */
static enum bough_err step(struct bough_store *from, const struct bough_hash *name,
                           struct bough_arena *arena, struct bough_link *link)
{
    struct object_links_item *items = NULL;
    struct bough_object object;
    uint32_t count;
    uint32_t at = 0;

    BOUGH_TRY(object_read(from, link, arena, &object));
    BOUGH_TRY(object_links(object.kind, object.bytes, arena, &items, &count));
    assert(link->address != 0);
    while (at < count && !bough_hash_equal(&items[at].name, name))
        at++;
    if (at >= count || at >= object.address_count || object.addresses[at] == 0)
        return BOUGH_NOT_FOUND;
    *link = (struct bough_link){.name = *name, .address = object.addresses[at]};
    return BOUGH_OK;
}

enum bough_err repair_find(struct bough_store *from, const struct bough_hash *way, size_t count,
                           const struct bough_hash *name, struct bough_link *link)
{
    struct bough_arena arena;
    enum bough_err err;

    *link = (struct bough_link){.name = count > 0 ? way[0] : *name};
    err = bough_backend_find(from->backend, &link->name, &link->address);
    bough_arena_init(&arena, from->env->heap, ARENA_BYTES_MAX);
    for (size_t i = 1; i <= count && err == BOUGH_OK; i++) {
        struct bough_arena_mark mark = bough_arena_now(&arena);

        err = step(from, i < count ? &way[i] : name, &arena, link);
        bough_arena_back(&arena, mark);
    }
    bough_arena_release(&arena);
    return err == BOUGH_CORRUPT ? BOUGH_NOT_FOUND : err; /* damaged there: of no use */
}
