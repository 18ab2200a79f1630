/* SPDX-License-Identifier: ISC
 *
 * git_history.c - commits, tags and refs as git sees them.
 *
 * Owns nothing but scratch.  A commit's id needs its parents' ids, so a history is walked parents
 * first, with a stack on the heap: it holds a path from a commit down towards a root.
 *   (1) A commit is remembered only after all its parents were.
 *   (2) A commit whose history is cut by a policy has no id, since a parent's is not known any
 * more: a ref that leads to one is not shown.
 */
#include "git_history.h"
#include "git_commit.h"
#include "git_tag.h"
#include <assert.h>

#define STACK_BYTES_MAX  (64u << 20)
#define COMMIT_BYTES_MAX (16u << 20) /* a commit in an arena, decoded */
#define OBJECT_BYTES_MAX (16u << 20) /* a commit's git form */
#define TAG_CHAIN_MAX    64u         /* tags of tags of tags ... */

static struct git_native commit_native(const struct bough_link *link)
{
    return (struct git_native){.kind = GIT_COMMIT, .link = *link};
}

/* The git object of a commit whose parents are known. */
static enum bough_err format(struct git_view *view, const struct bough_commit *commit,
                             struct bough_arena *arena, struct buffer *out)
{
    struct sha1 tree;
    struct sha1 *parents;

    if (commit->verbatim.len > 0)
        return buffer_add(out, commit->verbatim);
    parents = bough_arena_take(arena, commit->parent_count * sizeof(*parents));
    if (parents == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t i = 0; i < commit->parent_count; i++) {
        struct git_native native = commit_native(&commit->parents[i]);

        if (!git_view_id(view, &native, &parents[i]))
            return BOUGH_NO_MEMORY; /* a commit that was just remembered: the memo is too small */
    }
    BOUGH_TRY(git_project_tree(view, &commit->tree, &tree));
    return git_commit_format(out, commit, &tree, parents);
}

/* The first parent that is not known yet, or NULL. */
static const struct bough_link *unknown_parent(struct git_view *view,
                                               const struct bough_commit *commit)
{
    for (uint32_t i = 0; i < commit->parent_count; i++) {
        struct git_native native = commit_native(&commit->parents[i]);
        struct sha1 id;

        if (!git_view_id(view, &native, &id))
            return &commit->parents[i];
    }
    return NULL;
}

/* Looks at the commit on top of the stack: puts a parent on it, or names it and takes it off. */
static enum bough_err step(struct git_view *view, struct buffer *stack, struct bough_arena *arena)
{
    struct bough_link top;
    struct bough_commit commit;
    const struct bough_link *parent;
    struct git_native native;
    struct buffer bytes;
    struct sha1 id;
    enum bough_err err;

    memcpy(&top, stack->at + stack->len - sizeof(top), sizeof(top));
    BOUGH_TRY(bough_commit_get(view->store, &top, arena, &commit));
    for (uint32_t i = 0; i < commit.parent_count; i++)
        if (bough_commit_is_cut(&commit.parents[i]))
            return BOUGH_NOT_FOUND; /* invariant (2) */
    parent = unknown_parent(view, &commit);
    if (parent != NULL)
        return buffer_add(stack, bough_bytes_of(parent, sizeof(*parent)));
    buffer_init(&bytes, view->env->heap, OBJECT_BYTES_MAX);
    err = format(view, &commit, arena, &bytes);
    native = commit_native(&top);
    if (err == BOUGH_OK) {
        sha1_object(GIT_COMMIT, buffer_bytes(&bytes), &id);
        err = git_view_add(view, &id, &native);
    }
    buffer_release(&bytes);
    stack->len -= sizeof(top);
    return err;
}

enum bough_err git_history_commit(struct git_view *view, const struct bough_link *link,
                                  struct sha1 *id)
{
    struct git_native native = commit_native(link);
    struct bough_arena arena;
    struct buffer stack;
    enum bough_err err;

    if (git_view_id(view, &native, id))
        return BOUGH_OK;
    bough_arena_init(&arena, view->env->heap, COMMIT_BYTES_MAX);
    buffer_init(&stack, view->env->heap, STACK_BYTES_MAX);
    err = buffer_add(&stack, bough_bytes_of(link, sizeof(*link)));
    while (err == BOUGH_OK && stack.len > 0) {
        struct bough_arena_mark mark = bough_arena_now(&arena);

        err = step(view, &stack, &arena);
        bough_arena_back(&arena, mark);
    }
    buffer_release(&stack);
    bough_arena_release(&arena);
    if (err == BOUGH_OK && !git_view_id(view, &native, id))
        return BOUGH_NO_MEMORY;
    return err;
}

enum bough_err git_history_commit_bytes(struct git_view *view, const struct bough_link *link,
                                        struct buffer *out)
{
    struct bough_arena arena;
    struct bough_commit commit;
    struct sha1 id;
    enum bough_err err;

    BOUGH_TRY(git_history_commit(view, link, &id));
    bough_arena_init(&arena, view->env->heap, COMMIT_BYTES_MAX);
    err = bough_commit_get(view->store, link, &arena, &commit);
    if (err == BOUGH_OK)
        err = format(view, &commit, &arena, out);
    bough_arena_release(&arena);
    return err;
}

/* What a tag points at. */
static void tag_target(const struct bough_tag *tag, struct git_native *target)
{
    *target = (struct git_native){.link = tag->target};
    switch (tag->target_kind) {
    case BOUGH_KIND_COMMIT:
        target->kind = GIT_COMMIT;
        break;
    case BOUGH_KIND_TAG:
        target->kind = GIT_TAG;
        break;
    case BOUGH_KIND_NODE:
        *target = git_memo_of_tree(&tag->tree);
        break;
    case BOUGH_KIND_VALUE:
    case BOUGH_KIND_CHUNKS:
        target->kind = GIT_BLOB;
        target->number = tag->size_bytes;
        break;
    }
}

/* Reads one tag; its id, the id in it and what that is natively. */
static enum bough_err read_tag(struct git_view *view, const struct bough_link *link,
                               struct sha1 *id, struct sha1 *target_id, struct git_native *target)
{
    struct bough_arena arena;
    struct bough_tag tag;
    struct git_tag parsed;
    const char *why;
    enum bough_err err;

    bough_arena_init(&arena, view->env->heap, COMMIT_BYTES_MAX);
    err = bough_tag_get(view->store, link, &arena, &tag);
    if (err != BOUGH_OK)
        goto out;
    err = git_tag_parse(tag.verbatim, &parsed, &why) == BOUGH_OK ? BOUGH_OK : BOUGH_CORRUPT;
    if (err != BOUGH_OK)
        goto out;
    sha1_object(GIT_TAG, tag.verbatim, id);
    *target_id = parsed.target;
    tag_target(&tag, target);
out:
    bough_arena_release(&arena);
    return err;
}

enum bough_err git_history_tag_target(struct git_view *view, const struct bough_link *link,
                                      struct git_native *target)
{
    struct sha1 id;
    struct sha1 target_id;

    return read_tag(view, link, &id, &target_id, target);
}

/* Follows a tag to what it stands for; every tag on the way becomes known. */
static enum bough_err peel(struct git_view *view, const struct bough_link *link, struct sha1 *id,
                           struct sha1 *peeled, struct git_native *target)
{
    struct git_native at = {.kind = GIT_TAG, .link = *link};
    struct sha1 ignored;

    for (uint32_t n = 0; at.kind == GIT_TAG; n++) {
        struct sha1 tag_id;

        if (n == TAG_CHAIN_MAX)
            return BOUGH_TOO_BIG;
        BOUGH_TRY(read_tag(view, &at.link, &tag_id, peeled, target));
        BOUGH_TRY(git_view_add(view, &tag_id, &at));
        if (n == 0)
            *id = tag_id;
        at = *target;
    }
    if (target->kind == GIT_COMMIT)
        return git_history_commit(view, &target->link, &ignored);
    return git_view_add(view, peeled, target);
}

enum bough_err git_history_tag(struct git_view *view, const struct bough_link *link,
                               struct sha1 *id)
{
    struct sha1 peeled;
    struct git_native target;

    return peel(view, link, id, &peeled, &target);
}

static enum bough_err tag_bytes(struct git_view *view, const struct bough_link *link,
                                struct buffer *out)
{
    struct bough_arena arena;
    struct bough_tag tag;
    enum bough_err err;

    bough_arena_init(&arena, view->env->heap, COMMIT_BYTES_MAX);
    err = bough_tag_get(view->store, link, &arena, &tag);
    if (err == BOUGH_OK)
        err = buffer_add(out, tag.verbatim);
    bough_arena_release(&arena);
    return err;
}

enum bough_err git_history_bytes(struct git_view *view, const struct git_native *native,
                                 struct buffer *out)
{
    struct bough_value value = {.size_bytes = native->number, .link = native->link};
    struct bough_tree tree;

    switch (native->kind) {
    case GIT_COMMIT:
        return git_history_commit_bytes(view, &native->link, out);
    case GIT_TAG:
        return tag_bytes(view, &native->link, out);
    case GIT_TREE:
        tree = git_memo_tree(native);
        return git_project_tree_bytes(view, &tree, out);
    case GIT_BLOB:
        return native->link.address == 0 ? BOUGH_NOT_FOUND
                                         : git_project_value_bytes(view, &value, out);
    case GIT_NONE:
        break;
    }
    assert(native->kind == GIT_NONE);
    return BOUGH_NOT_FOUND;
}

enum bough_err git_history_ref_fill(struct git_view *view, struct git_ref *ref)
{
    ref->target = (struct git_native){0};
    if (ref->native.kind == GIT_COMMIT)
        return git_history_commit(view, &ref->native.link, &ref->id);
    assert(ref->native.kind == GIT_TAG);
    return peel(view, &ref->native.link, &ref->id, &ref->peeled, &ref->target);
}

/* The part of a git name or prefix behind "refs/"; false when no ref can start like that. */
static bool strip_refs(struct bough_bytes *name)
{
    struct bough_bytes refs = bough_bytes_text("refs/");

    if (name->len < refs.len) {
        bool fits = bough_bytes_starts(refs, *name);

        name->len = 0;
        return fits;
    }
    if (!bough_bytes_starts(*name, refs))
        return false;
    name->at += refs.len;
    name->len -= refs.len;
    return true;
}

/* "refs/" + name in the arena. */
static enum bough_err git_name(struct bough_bytes name, struct bough_arena *arena,
                               struct bough_bytes *shown)
{
    uint8_t *at = bough_arena_take(arena, name.len + 5);

    if (at == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(at, "refs/", 5);
    memcpy(at + 5, name.at, name.len);
    *shown = bough_bytes_of(at, name.len + 5);
    return BOUGH_OK;
}

/* The first ref behind `after` that git could hold; only its names are filled in. */
static enum bough_err next_ref(struct git_view *view, struct bough_bytes prefix,
                               struct bough_bytes after, struct bough_arena *arena,
                               struct git_ref *ref)
{
    struct bough_bytes name;
    struct bough_ref found;

    if (!strip_refs(&prefix) || !strip_refs(&after))
        return BOUGH_NOT_FOUND;
    do {
        BOUGH_TRY(bough_ref_next(view->store, prefix, after, arena, &name, &found));
        after = name;
    } while ((found.kind != BOUGH_KIND_COMMIT && found.kind != BOUGH_KIND_TAG) ||
             bough_bytes_starts(name, bough_bytes_text(BOUGH_REF_MERGES)));
    *ref =
        (struct git_ref){.native = {.kind = found.kind == BOUGH_KIND_COMMIT ? GIT_COMMIT : GIT_TAG,
                                    .link = found.link}};
    return git_name(name, arena, &ref->name);
}

enum bough_err git_history_ref_next(struct git_view *view, struct bough_bytes prefix,
                                    struct bough_bytes after, struct bough_arena *arena,
                                    struct git_ref *ref)
{
    enum bough_err err;

    do {
        BOUGH_TRY(next_ref(view, prefix, after, arena, ref));
        after = ref->name;
        err = git_history_ref_fill(view, ref); /* not found: its history is cut */
    } while (err == BOUGH_NOT_FOUND);
    return err;
}

/* ---- all that refs lead to ---- */

/* Where the steps are: behind the ref `after`, and in the history of its commit. */
struct git_index {
    struct buffer stack; /* as in git_history_commit */
    uint64_t generation; /* of the store when the pass began */
    bool begun;
    size_t after_len;
    uint8_t after[BOUGH_REF_BYTES_MAX + 5];
};

enum bough_err git_history_index_open(struct git_view *view)
{
    view->index = bough_heap_take(view->env->heap, sizeof(*view->index));
    if (view->index == NULL)
        return BOUGH_NO_MEMORY;
    *view->index = (struct git_index){.begun = false};
    buffer_init(&view->index->stack, view->env->heap, STACK_BYTES_MAX);
    return BOUGH_OK;
}

void git_history_index_erase(struct git_view *view)
{
    struct git_index *index = view->index;

    view->indexed = false;
    index->stack.len = 0;
    index->begun = false;
    index->after_len = 0;
}

void git_history_index_close(struct git_view *view)
{
    if (view->index == NULL)
        return;
    buffer_release(&view->index->stack);
    bough_heap_give(view->env->heap, view->index, sizeof(*view->index));
    view->index = NULL;
}

/* Goes on with the history on the stack, by up to *commits commits. */
static enum bough_err index_history(struct git_view *view, struct bough_arena *arena,
                                    uint32_t *commits)
{
    struct buffer *stack = &view->index->stack;
    enum bough_err err = BOUGH_OK;

    for (; err == BOUGH_OK && stack->len > 0 && *commits > 0; (*commits)--) {
        struct bough_arena_mark mark = bough_arena_now(arena);

        err = step(view, stack, arena);
        bough_arena_back(arena, mark);
    }
    if (err != BOUGH_OK)
        stack->len = 0;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err; /* a history that is cut is not shown */
}

/* Puts the commit of the next ref on the stack, if it is not known; *more is false when there is no
 * further ref. */
static enum bough_err index_ref(struct git_view *view, struct bough_arena *arena, bool *more)
{
    struct git_index *index = view->index;
    struct git_ref ref;
    struct sha1 id;
    enum bough_err err = next_ref(view, (struct bough_bytes){0},
                                  bough_bytes_of(index->after, index->after_len), arena, &ref);

    *more = err == BOUGH_OK;
    if (err != BOUGH_OK)
        return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
    assert(ref.name.len <= sizeof(index->after));
    memcpy(index->after, ref.name.at, ref.name.len);
    index->after_len = ref.name.len;
    while (ref.native.kind == GIT_TAG) {
        struct bough_link link = ref.native.link;

        BOUGH_TRY(git_history_tag_target(view, &link, &ref.native));
    }
    if (ref.native.kind != GIT_COMMIT || git_view_id(view, &ref.native, &id))
        return BOUGH_OK;
    return buffer_add(&index->stack, bough_bytes_of(&ref.native.link, sizeof(ref.native.link)));
}

/* A step, with an arena for scratch. */
static enum bough_err index_some(struct git_view *view, uint32_t commits, struct bough_arena *arena)
{
    bool more = true;

    while (more && commits > 0) {
        struct bough_arena_mark mark = bough_arena_now(arena);

        BOUGH_TRY(index_history(view, arena, &commits));
        if (view->index->stack.len == 0) {
            BOUGH_TRY(index_ref(view, arena, &more));
            commits -= commits > 0 ? 1 : 0;
        }
        bough_arena_back(arena, mark);
    }
    return more ? BOUGH_NOT_READY : BOUGH_OK;
}

enum bough_err git_history_index_step(struct git_view *view, uint32_t commits)
{
    struct bough_store_info info;
    struct bough_arena arena;
    enum bough_err err;

    bough_store_info(view->store, &info);
    if (view->indexed && view->indexed_generation == info.generation)
        return BOUGH_OK;
    if (!view->index->begun)
        view->index->generation = info.generation;
    view->index->begun = true;
    bough_arena_init(&arena, view->env->heap, COMMIT_BYTES_MAX);
    err = index_some(view, commits, &arena);
    bough_arena_release(&arena);
    if (err == BOUGH_OK) {
        uint64_t generation = view->index->generation;

        git_history_index_erase(view);
        view->indexed = true;
        view->indexed_generation = generation;
    }
    return err;
}

enum bough_err git_history_index(struct git_view *view)
{
    struct bough_bytes after = {0};
    struct bough_store_info info;
    struct bough_arena arena;
    struct git_ref ref;
    enum bough_err err;

    bough_store_info(view->store, &info);
    if (view->indexed && view->indexed_generation == info.generation)
        return BOUGH_OK;
    bough_arena_init(&arena, view->env->heap, COMMIT_BYTES_MAX);
    while ((err = git_history_ref_next(view, (struct bough_bytes){0}, after, &arena, &ref)) ==
           BOUGH_OK)
        after = ref.name;
    bough_arena_release(&arena);
    if (err != BOUGH_NOT_FOUND)
        return err;
    git_history_index_erase(view);
    view->indexed = true;
    view->indexed_generation = info.generation;
    return BOUGH_OK;
}
