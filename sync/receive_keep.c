/* SPDX-License-Identifier: ISC
 *
 * receive_keep.c - the compressed objects that a push brought are kept for fetches.
 *
 * Owns nothing but scratch.  Whoever pushed has searched for deltas and compressed them; doing
 * that again for a fetch would take many times as long as sending what there is.  Every stream was
 * inflated to its end and every delta applied before, so what is kept is sound.
 */
#include "receive_keep.h"
#include "pack_item.h"
#include "pack_kept.h"

/* The native name of an entry's object, as pack_item_name gives it; false when it is not known (an
 * object that no ref needs). */
static bool name_of(struct git_view *view, const struct pack_entry *entry, struct bough_hash *name)
{
    struct git_native native;
    struct bough_tree tree;

    if (!git_view_find(view, &entry->id, &native))
        return false;
    *name = native.link.name;
    if (native.kind == GIT_TREE) {
        tree = git_memo_tree(&native);
        *name = pack_item_tree_name(&tree);
    }
    return !bough_hash_is_none(name);
}

/* Keeps one entry. */
static void keep(struct git_view *view, struct pack_in *pack, uint32_t n, struct buffer *bytes)
{
    const struct pack_entry *entry = pack_in_entry(pack, n);
    bool delta = entry->type == PACK_OFS_DELTA || entry->type == PACK_REF_DELTA;
    struct pack_kept_entry kept = {.size_bytes = entry->size_bytes, .settled = !delta};

    if (entry->size_bytes > BOUGH_FETCH_DELTA_BYTES_MAX || !name_of(view, entry, &kept.name))
        return;
    if (delta && (entry->kind == GIT_COMMIT || entry->kind == GIT_TAG ||
                  !name_of(view, pack_in_entry(pack, entry->base), &kept.base)))
        return;
    bytes->len = 0;
    if (pack_in_raw(pack, n, bytes) != BOUGH_OK)
        return;
    kept.bytes = buffer_bytes(bytes);
    pack_kept_add(view->kept, &kept);
}

void receive_keep(struct git_view *view, struct pack_in *pack)
{
    struct buffer bytes;

    buffer_init(&bytes, view->env->heap, BOUGH_FETCH_DELTA_BYTES_MAX);
    for (uint32_t n = 0; n < pack->entry_count; n++)
        keep(view, pack, n, &bytes);
    buffer_release(&bytes);
}
