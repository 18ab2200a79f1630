/* SPDX-License-Identifier: ISC
 *
 * git_lift.c - git's commits and tags become native ones, with everything behind them.
 *
 * Owns, for one tip, a stack of pack entries: a path from the tip towards its roots, on the heap.
 *   (1) An object is lifted after all it refers to; so what is in the overlay is complete, and a
 *       tip that could be lifted is connected.
 *   (2) A commit is formatted again from its native fields, and keeps its own bytes if that does
 *       not give them back: nothing a client sends is ever normalised.
 */
#include "git_lift.h"
#include "git_commit.h"
#include "git_lift_tree.h"
#include "git_tag.h"
#include <assert.h>

#define ARENA_BYTES_MAX (32u << 20)
#define STACK_BYTES_MAX (BOUGH_PUSH_OBJECTS_MAX * sizeof(uint32_t))

/* One object at work. */
struct work {
    struct git_lift *lift;
    struct bough_arena arena;
    struct sha1 id;
    struct bough_bytes bytes;
};

/* Whether `id` is native already; when it is only in the pack, its entry is *entry. */
static enum bough_err look_up(struct git_lift *lift, const struct sha1 *id,
                              struct git_native *native, uint32_t *entry)
{
    char hex[SHA1_HEX + 1];

    *entry = PACK_NONE;
    if (git_view_find(lift->view, id, native))
        return BOUGH_OK;
    *entry = pack_resolve_find(lift->pack, id);
    if (*entry != PACK_NONE)
        return BOUGH_OK;
    sha1_hex(id, hex);
    return pack_in_fail(lift->pack, BOUGH_NOT_FOUND, "missing object %s", hex);
}

/* An ident that the store takes: of what is too long nothing is kept but the git bytes. */
static void shorten(struct bough_ident *ident)
{
    if (ident->name.len > BOUGH_IDENT_BYTES_MAX)
        ident->name.len = 0;
    if (ident->email.len > BOUGH_IDENT_BYTES_MAX)
        ident->email.len = 0;
}

/* Keeps the git bytes with the commit unless its fields give them back. */
static enum bough_err keep_if_odd(struct work *work, const struct git_commit *from,
                                  const struct sha1 *parents, struct bough_commit *commit)
{
    struct buffer again;
    enum bough_err err;

    buffer_init(&again, work->lift->view->env->heap, 2 * work->bytes.len + 4096);
    err = git_commit_format(&again, commit, &from->tree, parents);
    if (err == BOUGH_TOO_BIG || !bough_bytes_equal(buffer_bytes(&again), work->bytes)) {
        commit->verbatim = work->bytes;
        err = err == BOUGH_TOO_BIG ? BOUGH_OK : err;
    }
    buffer_release(&again);
    return err;
}

/* Ids and links of all parents, which are known. */
static enum bough_err lift_parents(struct work *work, const struct git_commit *from,
                                   struct sha1 *ids, struct bough_link *links)
{
    for (uint32_t i = 0; i < from->parent_count; i++) {
        struct git_native native;

        git_commit_parent(from, i, &ids[i]);
        if (!git_view_find(work->lift->view, &ids[i], &native) || native.kind != GIT_COMMIT)
            return pack_in_fail(work->lift->pack, BOUGH_INVALID, "a parent is no commit");
        links[i] = native.link;
    }
    return BOUGH_OK;
}

/* The tree of the first parent, to compare with. */
static enum bough_err base_tree(struct work *work, const struct bough_commit *commit,
                                struct bough_tree *base)
{
    struct bough_commit parent;

    *base = (struct bough_tree){0};
    if (commit->parent_count == 0)
        return BOUGH_OK;
    BOUGH_TRY(
        bough_commit_get(work->lift->view->store, &commit->parents[0], &work->arena, &parent));
    *base = parent.tree;
    return BOUGH_OK;
}

static enum bough_err lift_commit(struct work *work, struct git_native *native)
{
    struct pack_in *pack = work->lift->pack;
    struct bough_commit commit = {0};
    struct bough_tree base;
    struct git_commit from;
    struct bough_link *links;
    struct sha1 *ids;
    const char *why;

    if (git_commit_parse(work->bytes, &from, &why) != BOUGH_OK)
        return pack_in_fail(pack, BOUGH_INVALID, "%s", why);
    if (from.parent_count > BOUGH_PARENTS_MAX)
        return pack_in_fail(pack, BOUGH_TOO_BIG, "too many parents (limit %u)", BOUGH_PARENTS_MAX);
    if (from.message.len + from.headers.len > BOUGH_MESSAGE_BYTES_MAX)
        return pack_in_fail(pack, BOUGH_TOO_BIG, "commit message too large (limit %u bytes)",
                            BOUGH_MESSAGE_BYTES_MAX);
    ids = bough_arena_take(&work->arena, from.parent_count * sizeof(*ids));
    links = bough_arena_take(&work->arena, from.parent_count * sizeof(*links));
    if (ids == NULL || links == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(lift_parents(work, &from, ids, links));
    commit.parents = links;
    commit.parent_count = from.parent_count;
    commit.author = from.author;
    commit.committer = from.committer;
    shorten(&commit.author);
    shorten(&commit.committer);
    commit.headers = from.headers;
    commit.message = from.message;
    BOUGH_TRY(base_tree(work, &commit, &base));
    BOUGH_TRY(git_lift_tree(work->lift, &from.tree, &base, &commit.tree));
    BOUGH_TRY(keep_if_odd(work, &from, ids, &commit));
    native->kind = GIT_COMMIT;
    return bough_commit_put(work->lift->view->store, &commit, &work->arena, &native->link);
}

/* What a tag points at, which is known if it is a commit or a tag. */
static enum bough_err lift_target(struct work *work, const struct git_tag *from,
                                  struct bough_tag *tag)
{
    struct bough_tree none = {0};
    struct bough_value value;
    struct git_native native;

    switch (from->target_kind) {
    case GIT_TREE:
        tag->target_kind = BOUGH_KIND_NODE;
        BOUGH_TRY(git_lift_tree(work->lift, &from->target, &none, &tag->tree));
        tag->target = tag->tree.root;
        return BOUGH_OK;
    case GIT_BLOB:
        tag->target_kind = BOUGH_KIND_VALUE;
        BOUGH_TRY(git_lift_tree_blob(work->lift, &from->target, &work->arena, &value));
        tag->size_bytes = value.size_bytes;
        return bough_value_link_put(work->lift->view->store, &value, &tag->target);
    default:
        break;
    }
    if (!git_view_find(work->lift->view, &from->target, &native) ||
        native.kind != from->target_kind)
        return pack_in_fail(work->lift->pack, BOUGH_INVALID, "a tag's object has another type");
    tag->target_kind = native.kind == GIT_COMMIT ? BOUGH_KIND_COMMIT : BOUGH_KIND_TAG;
    tag->target = native.link;
    return BOUGH_OK;
}

static enum bough_err lift_tag(struct work *work, struct git_native *native)
{
    struct bough_tag tag = {.verbatim = work->bytes};
    struct git_tag from;
    const char *why;

    if (git_tag_parse(work->bytes, &from, &why) != BOUGH_OK)
        return pack_in_fail(work->lift->pack, BOUGH_INVALID, "%s", why);
    if (work->bytes.len > BOUGH_MESSAGE_BYTES_MAX)
        return pack_in_fail(work->lift->pack, BOUGH_TOO_BIG, "tag too large (limit %u bytes)",
                            BOUGH_MESSAGE_BYTES_MAX);
    BOUGH_TRY(lift_target(work, &from, &tag));
    native->kind = GIT_TAG;
    return bough_tag_put(work->lift->view->store, &tag, &work->arena, &native->link);
}

/* An object that the one at work needs and that is only in the pack, or PACK_NONE. */
static enum bough_err needed(struct work *work, enum git_kind kind, uint32_t *entry)
{
    struct git_native native;
    struct git_commit commit;
    struct git_tag tag;
    struct sha1 id;
    const char *why;

    *entry = PACK_NONE;
    if (kind == GIT_TAG) {
        if (git_tag_parse(work->bytes, &tag, &why) != BOUGH_OK ||
            (tag.target_kind != GIT_COMMIT && tag.target_kind != GIT_TAG))
            return BOUGH_OK; /* lift_tag says what is wrong, if anything is */
        BOUGH_TRY(look_up(work->lift, &tag.target, &native, entry));
        if (*entry != PACK_NONE &&
            pack_in_entry(work->lift->pack, *entry)->kind != (uint8_t)tag.target_kind)
            return pack_in_fail(work->lift->pack, BOUGH_INVALID, "a tag's object has another type");
        return BOUGH_OK;
    }
    if (git_commit_parse(work->bytes, &commit, &why) != BOUGH_OK)
        return BOUGH_OK;
    for (uint32_t i = 0; *entry == PACK_NONE && i < commit.parent_count; i++) {
        git_commit_parent(&commit, i, &id);
        BOUGH_TRY(look_up(work->lift, &id, &native, entry));
    }
    if (*entry != PACK_NONE && pack_in_entry(work->lift->pack, *entry)->kind != GIT_COMMIT)
        return pack_in_fail(work->lift->pack, BOUGH_INVALID, "a parent is no commit");
    return BOUGH_OK;
}

/* Looks at the entry on top of the stack: puts one it needs on it, or lifts it (*done). */
static enum bough_err look_at(struct work *work, uint32_t n, struct buffer *stack, bool *done)
{
    enum git_kind kind = (enum git_kind)pack_in_entry(work->lift->pack, n)->kind;
    struct git_native native = {0};
    uint32_t entry;

    *done = false;
    BOUGH_TRY(needed(work, kind, &entry));
    if (entry != PACK_NONE)
        return buffer_add(stack, bough_bytes_of(&entry, sizeof(entry)));
    *done = true;
    BOUGH_TRY(kind == GIT_COMMIT ? lift_commit(work, &native) : lift_tag(work, &native));
    return git_view_add(work->lift->view, &work->id, &native);
}

static enum bough_err step(struct git_lift *lift, struct buffer *stack)
{
    struct work work = {.lift = lift};
    uint32_t n;
    bool done = false;
    enum bough_err err;

    memcpy(&n, stack->at + stack->len - sizeof(n), sizeof(n));
    work.id = pack_in_entry(lift->pack, n)->id;
    BOUGH_TRY(pack_object_take(lift->pack, n, &work.bytes));
    bough_arena_init(&work.arena, lift->view->env->heap, ARENA_BYTES_MAX);
    err = look_at(&work, n, stack, &done);
    bough_arena_release(&work.arena);
    pack_object_give(lift->pack, n);
    if (done)
        stack->len -= sizeof(n);
    return err;
}

enum bough_err git_lift_tip(struct git_lift *lift, const struct sha1 *id, struct git_native *native)
{
    struct buffer stack;
    uint32_t n;
    enum bough_err err;

    BOUGH_TRY(look_up(lift, id, native, &n));
    if (n == PACK_NONE)
        return BOUGH_OK;
    native->kind = (enum git_kind)pack_in_entry(lift->pack, n)->kind;
    if (native->kind != GIT_COMMIT && native->kind != GIT_TAG)
        return BOUGH_OK; /* the caller refuses it as a ref */
    buffer_init(&stack, lift->view->env->heap, STACK_BYTES_MAX);
    err = buffer_add(&stack, bough_bytes_of(&n, sizeof(n)));
    while (err == BOUGH_OK && stack.len > 0)
        err = step(lift, &stack);
    buffer_release(&stack);
    if (err == BOUGH_OK && !git_view_find(lift->view, id, native))
        return BOUGH_NO_MEMORY;
    return err;
}
