/* SPDX-License-Identifier: ISC
 *
 * receive_thin.c - the store's own objects that a thin pack builds on.
 *
 * Owns the results of one search.  A client deltifies against what the server has said it has: the
 * trees of the commits that the pushed history grows from.
 */
#include "receive_thin.h"
#include "git_commit.h"
#include <assert.h>
#include <stdlib.h>

#define ARENA_BYTES_MAX (64u << 20)
#define NEAR_MAX        256u

static struct receive_thin *thin_of(struct pack_bases *base)
{
    return (struct receive_thin *)(void *)base;
}

/* Adds one parent if it is a commit of the store. */
static enum bough_err add_near(struct receive_thin *thin, const struct sha1 *id)
{
    struct git_native native;

    if (thin->near.len == thin->near.limit_bytes || !git_view_find(thin->view, id, &native) ||
        native.kind != GIT_COMMIT)
        return BOUGH_OK;
    return buffer_add(&thin->near, bough_bytes_of(&native.link, sizeof(native.link)));
}

enum bough_err receive_thin_look_near(struct receive_thin *thin, struct pack_in *pack)
{
    thin->near.len = 0;
    for (uint32_t n = 0; n < pack->entry_count; n++) {
        struct git_commit commit;
        struct bough_bytes bytes;
        const char *why;
        enum bough_err err = BOUGH_OK;
        struct sha1 id;

        if (pack_in_entry(pack, n)->kind != GIT_COMMIT)
            continue;
        BOUGH_TRY(pack_object_take(pack, n, &bytes));
        if (git_commit_parse(bytes, &commit, &why) != BOUGH_OK)
            commit.parent_count = 0;
        for (uint32_t i = 0; err == BOUGH_OK && i < commit.parent_count; i++) {
            git_commit_parent(&commit, i, &id);
            err = add_near(thin, &id);
        }
        pack_object_give(pack, n);
        if (err != BOUGH_OK)
            return err;
    }
    return BOUGH_OK;
}

static enum bough_err find(struct pack_bases *base, struct pack_in *pack, const struct sha1 *ids,
                           size_t count)
{
    struct receive_thin *thin = thin_of(base);

    BOUGH_TRY(receive_thin_look_near(thin, pack));
    thin->sought = bough_arena_zeros(&thin->arena, count, sizeof(*thin->sought));
    if (thin->sought == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        thin->sought[i].id = ids[i];
    thin->count = count;
    return git_find(thin->view, (const struct bough_link *)(const void *)thin->near.at,
                    thin->near.len / sizeof(struct bough_link), thin->sought, count, &thin->arena);
}

static enum bough_err load(struct pack_bases *base, const struct sha1 *id, enum git_kind *kind,
                           struct buffer *into)
{
    struct receive_thin *thin = thin_of(base);
    const struct git_find *item = git_find_id(thin->sought, thin->count, id);

    if (item == NULL || !item->found)
        return BOUGH_NOT_FOUND;
    *kind = item->native.kind;
    if (item->native.kind == GIT_BLOB)
        return git_project_value_bytes(thin->view, &item->value, into);
    return git_history_bytes(thin->view, &item->native, into);
}

void receive_thin_init(struct receive_thin *thin, struct git_view *view)
{
    *thin = (struct receive_thin){.base = {.find = find, .load = load}, .view = view};
    buffer_init(&thin->near, view->env->heap, NEAR_MAX * sizeof(struct bough_link));
    bough_arena_init(&thin->arena, view->env->heap, ARENA_BYTES_MAX);
}

void receive_thin_release(struct receive_thin *thin)
{
    buffer_release(&thin->near);
    bough_arena_release(&thin->arena);
}
