/* SPDX-License-Identifier: ISC
 *
 * backup_walk.c - every object that commits and refs lead to, once each, children first.
 *
 * Commits are listed first and sorted, so that the depth of the walk is that of a tree and not of a
 * history; below a commit it is a walk with a stack of its own.
 *   (1) `seen` has every object that was visited, is on the stack, or is left out, and every listed
 *       commit.
 *   (2) A commit's generation is greater than that of its parents; so in the order of generations
 *       parents come first.
 *   (3) The arena holds the objects of the frames, the deepest last.
 *   (4) While there are frames, a step goes on with them; else `stage` says what comes next.
 */
#include "backup_walk.h"
#include "bough/limits.h"
#include "node.h"
#include "object_links.h"
#include <stdlib.h>

#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define FRAMES_MAX      (BOUGH_PATH_STEPS_MAX * 8u + NODE_LEVELS_MAX * 4u)
#define TAGS_DEEP_MAX   64u
#define COMMITS_FIRST   256u

struct walk_commit {
    struct bough_link link;
    uint64_t generation;
};

struct walk_frame {
    struct bough_arena_mark mark;
    struct bough_link link;
    struct bough_object object;
    struct object_links_item *items;
    uint32_t count;
    uint32_t next;
};

enum bough_err backup_walk_init(struct backup_walk *walk)
{
    struct bough_heap *heap = walk->store->env->heap;

    assert(walk->visit != NULL && walk->frames == NULL);
    name_set_init(&walk->seen, heap, BOUGH_BACKUP_BYTES_MAX);
    bough_arena_init(&walk->arena, heap, ARENA_BYTES_MAX);
    bough_arena_init(&walk->targets_arena, heap, ARENA_BYTES_MAX);
    walk->state = walk->store->state;
    walk->frames = bough_heap_take(heap, FRAMES_MAX * sizeof(*walk->frames));
    return walk->frames == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

void backup_walk_release(struct backup_walk *walk)
{
    struct bough_heap *heap = walk->store->env->heap;

    bough_heap_give(heap, walk->frames, FRAMES_MAX * sizeof(*walk->frames));
    bough_heap_give(heap, walk->commits, walk->commit_max * sizeof(*walk->commits));
    bough_arena_release(&walk->arena);
    bough_arena_release(&walk->targets_arena);
    name_set_release(&walk->seen);
    walk->frames = NULL;
    walk->commits = NULL;
}

static enum bough_err is_new(struct backup_walk *walk, const struct bough_link *link, bool *fresh)
{
    struct bough_hash key = walk->by_place ? object_place_key(link) : link->name;
    uint32_t *number;

    *fresh = false;
    if (bough_hash_is_none(&link->name))
        return BOUGH_OK;
    return name_set_add(&walk->seen, &key, &number, fresh);
}

/* ---- below a commit ---- */

/* Reads an object and makes it the deepest frame. */
static enum bough_err enter(struct backup_walk *walk, const struct bough_link *link)
{
    struct walk_frame *frame = &walk->frames[walk->depth];
    struct bough_link found = *link;
    enum bough_err err;

    if (walk->depth == FRAMES_MAX)
        return object_corrupt(walk->store, link, "deeper than any tree");
    if (found.address == 0)
        BOUGH_TRY(bough_backend_find(walk->store->backend, &found.name, &found.address));
    *frame = (struct walk_frame){.mark = bough_arena_now(&walk->arena), .link = found};
    BOUGH_TRY(object_read(walk->store, &found, &walk->arena, &frame->object));
    err = object_links(frame->object.kind, frame->object.bytes, &walk->arena, &frame->items,
                       &frame->count);
    if (err == BOUGH_OK && frame->count != frame->object.address_count)
        err = BOUGH_CORRUPT;
    if (err == BOUGH_CORRUPT)
        return object_corrupt(walk->store, link, "its links make no sense");
    walk->depth++;
    return err;
}

/* Tells of a fault, and passes over it, if somebody wants to know. */
static enum bough_err pass_over(struct backup_walk *walk, const struct bough_link *link,
                                enum bough_err err)
{
    bool is_fault = err == BOUGH_CORRUPT || err == BOUGH_IO || err == BOUGH_NOT_FOUND;

    return is_fault && walk->fault != NULL ? walk->fault(walk->context, link, err) : err;
}

static enum bough_err visit(struct backup_walk *walk, const struct bough_link *link,
                            const struct bough_object *object)
{
    return walk->silent ? BOUGH_OK : walk->visit(walk->context, link, object);
}

/* Enters a child, or visits it where it leads nowhere and need not be read. */
static enum bough_err descend(struct backup_walk *walk, const struct bough_link *link,
                              enum bough_kind kind)
{
    struct bough_arena_mark mark = bough_arena_now(&walk->arena);
    enum bough_err err;
    bool fresh;

    if (kind == BOUGH_KIND_COMMIT) /* has its own turn */
        return BOUGH_OK;
    if (walk->skip != NULL && walk->skip(walk->context, link))
        return BOUGH_OK;
    BOUGH_TRY(is_new(walk, link, &fresh));
    if (!fresh)
        return BOUGH_OK;
    if (kind == BOUGH_KIND_VALUE && (walk->silent || !walk->reads_values))
        return visit(walk, link, NULL);
    err = enter(walk, link);
    if (err == BOUGH_OK)
        return BOUGH_OK;
    bough_arena_back(&walk->arena, mark);
    return pass_over(walk, link, err);
}

/* Goes on at the deepest frame. */
static enum bough_err below_step(struct backup_walk *walk)
{
    struct walk_frame *frame = &walk->frames[walk->depth - 1];

    if (frame->next < frame->count) {
        uint32_t at = frame->next++;
        struct bough_link child = {.name = frame->items[at].name,
                                   .address = frame->object.addresses[at]};

        return descend(walk, &child, frame->items[at].kind);
    }
    BOUGH_TRY(visit(walk, &frame->link, &frame->object));
    bough_arena_back(&walk->arena, frame->mark);
    walk->depth--;
    return BOUGH_OK;
}

enum bough_err backup_walk_below(struct backup_walk *walk, const struct bough_link *link,
                                 enum bough_kind kind)
{
    walk->depth = 0;
    BOUGH_TRY(descend(walk, link, kind));
    while (walk->depth > 0)
        BOUGH_TRY(below_step(walk));
    return BOUGH_OK;
}

size_t backup_walk_way(const struct backup_walk *walk, struct bough_hash *names, size_t max)
{
    size_t count = 0;

    if (!bough_hash_is_none(&walk->commit)) {
        if (count < max)
            names[count] = walk->commit;
        count++;
    }
    for (uint32_t i = 0; i < walk->depth; i++, count++) {
        if (count < max)
            names[count] = walk->frames[i].link.name;
    }
    return count;
}

/* Begins with the tree of a commit; its verbatim part is to follow. */
static enum bough_err begin_tree(struct backup_walk *walk, const struct bough_link *commit)
{
    struct bough_arena_mark mark = bough_arena_now(&walk->arena);
    struct bough_commit read;

    assert(walk->depth == 0);
    BOUGH_TRY(bough_commit_get(walk->store, commit, &walk->arena, &read));
    walk->tree = read.tree;
    walk->commit = commit->name;
    bough_arena_back(&walk->arena, mark);
    return descend(walk, &walk->tree.root, BOUGH_KIND_NODE);
}

enum bough_err backup_walk_tree(struct backup_walk *walk, const struct bough_link *commit)
{
    walk->depth = 0;
    BOUGH_TRY(begin_tree(walk, commit));
    while (walk->depth > 0)
        BOUGH_TRY(below_step(walk));
    BOUGH_TRY(backup_walk_below(walk, &walk->tree.verbatim, 0));
    walk->commit = (struct bough_hash){0};
    return BOUGH_OK;
}

/* ---- commits ---- */

static enum bough_err grow(struct backup_walk *walk)
{
    struct bough_heap *heap = walk->store->env->heap;
    size_t max = walk->commit_max == 0 ? COMMITS_FIRST : 2 * walk->commit_max;
    struct walk_commit *commits;

    if (max > BOUGH_BACKUP_BYTES_MAX / sizeof(*commits))
        return BOUGH_NO_MEMORY;
    commits = bough_heap_take(heap, max * sizeof(*commits));
    if (commits == NULL)
        return BOUGH_NO_MEMORY;
    if (walk->commit_count > 0)
        memcpy(commits, walk->commits, walk->commit_count * sizeof(*commits));
    bough_heap_give(heap, walk->commits, walk->commit_max * sizeof(*commits));
    walk->commits = commits;
    walk->commit_max = max;
    return BOUGH_OK;
}

/* Lists a commit that was not seen yet; its generation is filled in when it is read. */
static enum bough_err list(struct backup_walk *walk, const struct bough_link *link)
{
    bool fresh;

    BOUGH_TRY(is_new(walk, link, &fresh));
    if (!fresh)
        return BOUGH_OK;
    assert(walk->commit_count <= walk->commit_max);
    if (walk->commit_count == walk->commit_max)
        BOUGH_TRY(grow(walk));
    walk->commits[walk->commit_count++] = (struct walk_commit){.link = *link};
    return BOUGH_OK;
}

/* Reads a listed commit, and lists its parents. */
static enum bough_err list_parents(struct backup_walk *walk, size_t at)
{
    struct bough_arena_mark mark = bough_arena_now(&walk->arena);
    struct bough_link link = walk->commits[at].link;
    struct bough_commit commit;
    enum bough_err err = BOUGH_OK;

    if (link.address == 0)
        err = bough_backend_find(walk->store->backend, &link.name, &link.address);
    if (err == BOUGH_OK)
        err = bough_commit_get(walk->store, &link, &walk->arena, &commit);
    if (err != BOUGH_OK) { /* its generation stays 0: it has no turn */
        BOUGH_TRY(pass_over(walk, &link, err));
        bough_arena_back(&walk->arena, mark);
        return BOUGH_OK;
    }
    walk->commits[at] = (struct walk_commit){.link = link, .generation = commit.generation};
    for (uint32_t i = 0; i < commit.parent_count; i++)
        BOUGH_TRY(list(walk, &commit.parents[i]));
    bough_arena_back(&walk->arena, mark);
    return BOUGH_OK;
}

enum bough_err backup_walk_exclude(struct backup_walk *walk, const struct bough_link *commit)
{
    assert(walk->commit_count == 0);
    walk->silent = true;
    walk->commit_at = 0;
    walk->stage = BACKUP_WALK_VERBATIM;
    BOUGH_TRY(list(walk, commit));
    return begin_tree(walk, commit);
}

/* ---- the state ---- */

/* What a link of the state leads to, through tags, if that is a commit. */
static enum bough_err list_target(struct backup_walk *walk, const struct bough_entry *entry)
{
    enum bough_kind kind = entry->link_kind;
    struct bough_link link = entry->link;

    for (unsigned depth = 0; kind == BOUGH_KIND_TAG; depth++) {
        struct bough_arena_mark mark = bough_arena_now(&walk->arena);
        struct bough_tag tag;
        enum bough_err err;

        if (depth == TAGS_DEEP_MAX)
            return object_corrupt(walk->store, &link, "too many tags of tags");
        err = bough_tag_get(walk->store, &link, &walk->arena, &tag);
        if (err != BOUGH_OK && walk->fault != NULL)
            return BOUGH_OK; /* it is met again, and told of then */
        BOUGH_TRY(err);
        kind = tag.target_kind;
        link = tag.target;
        bough_arena_back(&walk->arena, mark);
    }
    return kind == BOUGH_KIND_COMMIT ? list(walk, &link) : BOUGH_OK;
}

/* Calls `one` for each link of the state, in order. */
static enum bough_err each_link(struct backup_walk *walk,
                                enum bough_err (*one)(struct backup_walk *walk,
                                                      const struct bough_entry *entry))
{
    struct bough_arena arena;
    struct bough_tree_walk state;
    enum bough_err err;

    bough_arena_init(&arena, walk->store->env->heap, ARENA_BYTES_MAX);
    err = bough_tree_walk_open(&state, walk->store, &walk->state, (struct bough_bytes){0},
                               (struct bough_bytes){0}, &arena);
    while (err == BOUGH_OK) {
        struct bough_bytes path;
        struct bough_entry entry;

        err = bough_tree_walk_next(&state, &path, &entry);
        if (err == BOUGH_OK && entry.kind == BOUGH_ENTRY_LINK)
            err = one(walk, &entry);
    }
    bough_arena_release(&arena);
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

static int compare(const void *left, const void *right)
{
    const struct walk_commit *a = left;
    const struct walk_commit *b = right;

    if (a->generation != b->generation)
        return a->generation < b->generation ? -1 : 1;
    return memcmp(a->link.name.at, b->link.name.at, BOUGH_HASH_BYTES);
}

/* A commit, after its tree. */
static enum bough_err visit_commit(struct backup_walk *walk, const struct bough_link *link)
{
    struct bough_arena_mark mark = bough_arena_now(&walk->arena);
    struct bough_object object;

    walk->commit = (struct bough_hash){0};
    BOUGH_TRY(object_read(walk->store, link, &walk->arena, &object));
    BOUGH_TRY(visit(walk, link, &object));
    bough_arena_back(&walk->arena, mark);
    return BOUGH_OK;
}

/* One more listed commit is read; or all have been, and their order is made. */
static enum bough_err list_step(struct backup_walk *walk, bool *done)
{
    if (walk->commit_at < walk->commit_count)
        return list_parents(walk, walk->commit_at++);
    walk->commit_at = 0;
    walk->stage = BACKUP_WALK_COMMIT;
    if (walk->silent) {
        walk->silent = false;
        walk->commit_count = 0;
        *done = true;
    } else if (walk->commit_count > 0) {
        qsort(walk->commits, walk->commit_count, sizeof(*walk->commits), compare);
    }
    return BOUGH_OK;
}

/* Begins with the next commit that could be read. */
static enum bough_err commit_step(struct backup_walk *walk)
{
    while (walk->commit_at < walk->commit_count && walk->commits[walk->commit_at].generation == 0)
        walk->commit_at++;
    walk->stage = walk->commit_at < walk->commit_count ? BACKUP_WALK_VERBATIM : BACKUP_WALK_TARGETS;
    return walk->stage == BACKUP_WALK_TARGETS
               ? BOUGH_OK
               : begin_tree(walk, &walk->commits[walk->commit_at].link);
}

/* Tags, and refs to trees and values. */
static enum bough_err target_step(struct backup_walk *walk, bool *done)
{
    struct bough_bytes path;
    struct bough_entry entry;
    enum bough_err err;

    if (!walk->targets_open)
        BOUGH_TRY(bough_tree_walk_open(&walk->targets, walk->store, &walk->state,
                                       (struct bough_bytes){0}, (struct bough_bytes){0},
                                       &walk->targets_arena));
    walk->targets_open = true;
    err = bough_tree_walk_next(&walk->targets, &path, &entry);
    *done = err == BOUGH_NOT_FOUND;
    if (err != BOUGH_OK)
        return *done ? BOUGH_OK : err;
    if (entry.kind != BOUGH_ENTRY_LINK)
        return BOUGH_OK;
    return descend(walk, &entry.link, entry.link_kind == BOUGH_KIND_VALUE ? 0 : entry.link_kind);
}

enum bough_err backup_walk_begin(struct backup_walk *walk)
{
    assert(walk->commit_count == 0 && walk->depth == 0 && !walk->targets_open);
    walk->commit_at = 0;
    walk->stage = BACKUP_WALK_LIST;
    walk->commit = (struct bough_hash){0};
    return each_link(walk, list_target);
}

enum bough_err backup_walk_step(struct backup_walk *walk, bool *done)
{
    *done = false;
    if (walk->depth > 0)
        return below_step(walk);
    switch (walk->stage) {
    case BACKUP_WALK_LIST:
        return list_step(walk, done);
    case BACKUP_WALK_COMMIT:
        return commit_step(walk);
    case BACKUP_WALK_VERBATIM:
        walk->stage = walk->silent ? BACKUP_WALK_LIST : BACKUP_WALK_SELF;
        return descend(walk, &walk->tree.verbatim, 0);
    case BACKUP_WALK_SELF:
        walk->stage = BACKUP_WALK_COMMIT;
        return visit_commit(walk, &walk->commits[walk->commit_at++].link);
    case BACKUP_WALK_TARGETS:
        break;
    }
    return target_step(walk, done);
}

enum bough_err backup_walk_all(struct backup_walk *walk)
{
    bool done = false;

    BOUGH_TRY(backup_walk_begin(walk));
    while (!done)
        BOUGH_TRY(backup_walk_step(walk, &done));
    return BOUGH_OK;
}
