/* SPDX-License-Identifier: ISC
 *
 * fsck.c - check everything that can be reached.
 *
 * Every read passes through object.c, which compares hashes; so checking is reading it all, once.
 *   (1) `seen` holds the places (object_place_key) of commits, directories and values that were
 * read or are waiting. (2) `waiting` holds commits that were seen but not read.
 */
#include "bough/fsck.h"
#include "bough/limits.h"
#include "name_set.h"
#include "node.h"

#define SEEN_BYTES_MAX  ((size_t)1 << 30)
#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define PIECE_BYTES     (64u << 10)
#define DEPTH_MAX       (BOUGH_PATH_STEPS_MAX + 1u)
#define PATH_BYTES_MAX  (DEPTH_MAX * NODE_KEY_BYTES_MAX)

struct waiting {
    struct waiting *next;
    struct bough_link commit;
};

struct fsck {
    struct bough_store *store;
    const struct bough_fsck_options *options;
    struct bough_fsck_report *report;
    struct name_set seen;
    struct bough_arena waiting_arena; /* of the list of commits */
    struct bough_arena arena;         /* scratch of one commit */
    struct waiting *waiting;
    struct waiting *spare; /* list cells to use again */
    struct bough_bytes ref;
    struct bough_hash commit;
    uint8_t *piece;
    uint8_t *path;
    size_t path_len;
    uint64_t object_count;
};

/* Errors that end the check; all others are faults to report and pass over. */
static bool is_fatal(enum bough_err err)
{
    return err == BOUGH_NO_MEMORY || err == BOUGH_TOO_BIG;
}

/* Reports a fault of `object`; passes fatal errors up. */
static enum bough_err note(struct fsck *fsck, enum bough_err err, const struct bough_hash *object)
{
    struct bough_fsck_fault fault = {
        .err = err,
        .ref = fsck->ref,
        .commit = fsck->commit,
        .path = bough_bytes_of(fsck->path, fsck->path_len),
        .object = *object,
    };

    if (err == BOUGH_OK || is_fatal(err))
        return err;
    fsck->report->fault_count++;
    if (fsck->options->fault != NULL)
        fsck->options->fault(fsck->options->context, &fault);
    return BOUGH_OK;
}

/* Whether an object is new; none at all is not. */
static enum bough_err is_new(struct fsck *fsck, const struct bough_link *link, bool *fresh)
{
    struct bough_hash key = object_place_key(link);
    uint32_t *number;

    *fresh = false;
    if (bough_hash_is_none(&link->name))
        return BOUGH_OK;
    fsck->object_count++;
    if (fsck->options->progress != NULL)
        BOUGH_TRY(fsck->options->progress(fsck->options->context, fsck->object_count));
    return name_set_add(&fsck->seen, &key, &number, fresh);
}

static enum bough_err check_value(struct fsck *fsck, const struct bough_value *value)
{
    enum bough_err err = BOUGH_OK;
    size_t got = 1;
    bool fresh;

    BOUGH_TRY(is_new(fsck, &value->link, &fresh));
    if (!fresh)
        return BOUGH_OK;
    fsck->report->value_count++;
    fsck->report->value_bytes += value->size_bytes;
    for (uint64_t at = 0; err == BOUGH_OK && got > 0; at += got)
        err = bough_value_read(fsck->store, value, at, fsck->piece, PIECE_BYTES, &got);
    return note(fsck, err, &value->link.name);
}

/* A value that is kept beside the entries: a tree's git bytes, a tag's target. */
static enum bough_err check_link(struct fsck *fsck, const struct bough_link *link)
{
    struct bough_value value;
    enum bough_err err;

    if (bough_hash_is_none(&link->name))
        return BOUGH_OK;
    err = bough_value_link_get(fsck->store, link, &value);
    if (err != BOUGH_OK)
        return note(fsck, err, &link->name);
    return check_value(fsck, &value);
}

static enum bough_err check_tree(struct fsck *fsck, const struct bough_tree *tree, unsigned depth);

static enum bough_err check_entry(struct fsck *fsck, const struct bough_entry *entry,
                                  unsigned depth)
{
    size_t len = fsck->path_len;
    enum bough_err err;

    assert(len + entry->step.len + 1 <= PATH_BYTES_MAX);
    memcpy(fsck->path + len, entry->step.at, entry->step.len);
    fsck->path_len += entry->step.len;
    if (entry->kind == BOUGH_ENTRY_TREE) {
        fsck->path[fsck->path_len++] = '/';
        err = check_tree(fsck, &entry->tree, depth + 1);
    } else {
        err = check_value(fsck, &entry->value);
    }
    fsck->path_len = len;
    return err;
}

/* Reads a directory and what is below it; recursion is bounded by DEPTH_MAX. */
static enum bough_err check_tree(struct fsck *fsck, const struct bough_tree *tree, unsigned depth)
{
    struct bough_arena_mark mark = bough_arena_now(&fsck->arena);
    struct bough_tree_cursor cursor;
    struct bough_entry entry;
    enum bough_err err;
    bool fresh;

    BOUGH_TRY(check_link(fsck, &tree->verbatim));
    BOUGH_TRY(is_new(fsck, &tree->root, &fresh));
    if (!fresh)
        return BOUGH_OK;
    if (depth == DEPTH_MAX)
        return note(fsck, BOUGH_CORRUPT, &tree->root.name);
    fsck->report->directory_count++;
    err = bough_tree_cursor_open(&cursor, fsck->store, tree, &fsck->arena);
    while (err == BOUGH_OK) {
        err = bough_tree_cursor_next(&cursor, &entry);
        if (err == BOUGH_OK)
            BOUGH_TRY(check_entry(fsck, &entry, depth));
    }
    bough_arena_back(&fsck->arena, mark);
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : note(fsck, err, &tree->root.name);
}

/* Puts a commit that was not seen yet on the list. */
static enum bough_err enlist(struct fsck *fsck, const struct bough_link *commit)
{
    struct waiting *cell = fsck->spare;
    bool fresh;

    BOUGH_TRY(is_new(fsck, commit, &fresh));
    if (!fresh)
        return BOUGH_OK;
    if (cell != NULL)
        fsck->spare = cell->next;
    else
        cell = bough_arena_take(&fsck->waiting_arena, sizeof(*cell));
    if (cell == NULL)
        return BOUGH_NO_MEMORY;
    *cell = (struct waiting){.next = fsck->waiting, .commit = *commit};
    fsck->waiting = cell;
    return BOUGH_OK;
}

static enum bough_err check_commit(struct fsck *fsck, const struct bough_link *link)
{
    struct bough_commit commit;
    enum bough_err err;

    fsck->commit = link->name;
    err = bough_commit_get(fsck->store, link, &fsck->arena, &commit);
    if (err != BOUGH_OK)
        return note(fsck, err, &link->name);
    fsck->report->commit_count++;
    for (uint32_t i = 0; i < commit.parent_count; i++)
        if (!bough_commit_is_cut(&commit.parents[i])) /* dropped on purpose */
            BOUGH_TRY(enlist(fsck, &commit.parents[i]));
    return check_tree(fsck, &commit.tree, 0);
}

/* All commits on the list, and those they lead to. */
static enum bough_err drain(struct fsck *fsck)
{
    while (fsck->waiting != NULL) {
        struct waiting *cell = fsck->waiting;
        enum bough_err err;

        fsck->waiting = cell->next;
        cell->next = fsck->spare;
        fsck->spare = cell;
        err = check_commit(fsck, &cell->commit);
        bough_arena_release(&fsck->arena);
        BOUGH_TRY(err);
    }
    return BOUGH_OK;
}

/* What a ref or tag points at. */
static enum bough_err check_target(struct fsck *fsck, enum bough_kind kind,
                                   const struct bough_link *link)
{
    for (unsigned depth = 0; kind == BOUGH_KIND_TAG; depth++) {
        struct bough_tag tag;
        enum bough_err err = bough_tag_get(fsck->store, link, &fsck->arena, &tag);

        if (err == BOUGH_OK && depth == DEPTH_MAX)
            err = BOUGH_CORRUPT;
        if (err != BOUGH_OK)
            return note(fsck, err, &link->name);
        if (tag.target_kind == BOUGH_KIND_NODE)
            return check_tree(fsck, &tag.tree, 0);
        kind = tag.target_kind;
        struct bough_link *next = bough_arena_take(&fsck->arena, sizeof(*next));

        if (next == NULL)
            return BOUGH_NO_MEMORY;
        *next = tag.target;
        link = next;
    }
    if (kind == BOUGH_KIND_COMMIT)
        return enlist(fsck, link);
    if (kind == BOUGH_KIND_NODE)
        return check_tree(fsck, &(struct bough_tree){.root = *link}, 0);
    return check_link(fsck, link);
}

/* What the log of a ref keeps. */
static enum bough_err check_log(struct fsck *fsck, struct bough_bytes name)
{
    struct bough_ref_log_entry entry = {0};

    for (;;) {
        enum bough_err err =
            bough_ref_log_prev(fsck->store, name, entry.sequence, &fsck->arena, &entry);

        if (err == BOUGH_NOT_FOUND)
            return BOUGH_OK;
        if (err != BOUGH_OK) /* nothing older can be found either */
            return note(fsck, err, &fsck->store->state.root.name);
        fsck->commit = (struct bough_hash){0};
        BOUGH_TRY(check_target(fsck, entry.old.kind, &entry.old.link));
        bough_arena_release(&fsck->arena);
        BOUGH_TRY(drain(fsck));
    }
}

static enum bough_err check_logs(struct fsck *fsck)
{
    uint8_t name[BOUGH_REF_BYTES_MAX];
    struct bough_bytes after = {0};

    for (;;) {
        struct bough_bytes found;
        enum bough_err err = bough_ref_log_next_name(fsck->store, after, &fsck->arena, &found);

        if (err == BOUGH_NOT_FOUND)
            return BOUGH_OK;
        if (err == BOUGH_OK && found.len > sizeof(name))
            err = BOUGH_CORRUPT;
        if (err != BOUGH_OK)
            return note(fsck, err, &fsck->store->state.root.name);
        memcpy(name, found.at, found.len);
        after = bough_bytes_of(name, found.len);
        fsck->ref = after;
        bough_arena_release(&fsck->arena);
        BOUGH_TRY(check_log(fsck, after));
    }
}

static enum bough_err check_refs(struct fsck *fsck)
{
    uint8_t name[BOUGH_REF_BYTES_MAX];
    struct bough_bytes after = {0};

    for (;;) {
        struct bough_bytes found;
        struct bough_ref ref;
        enum bough_err err =
            bough_ref_next(fsck->store, (struct bough_bytes){0}, after, &fsck->arena, &found, &ref);

        if (err == BOUGH_NOT_FOUND)
            return BOUGH_OK;
        if (err != BOUGH_OK) /* the state tree itself: nothing more can be listed */
            return note(fsck, err, &fsck->store->state.root.name);
        memcpy(name, found.at, found.len);
        after = bough_bytes_of(name, found.len);
        fsck->ref = after;
        fsck->commit = (struct bough_hash){0};
        fsck->report->ref_count++;
        BOUGH_TRY(check_target(fsck, ref.kind, &ref.link));
        bough_arena_release(&fsck->arena);
        BOUGH_TRY(drain(fsck));
    }
}

enum bough_err bough_fsck(struct bough_store *store, const struct bough_fsck_options *options,
                          struct bough_fsck_report *report)
{
    struct bough_heap *heap = store->env->heap;
    struct fsck fsck = {.store = store, .options = options, .report = report};
    enum bough_err err = BOUGH_NO_MEMORY;

    *report = (struct bough_fsck_report){0};
    name_set_init(&fsck.seen, heap, SEEN_BYTES_MAX);
    bough_arena_init(&fsck.arena, heap, ARENA_BYTES_MAX);
    bough_arena_init(&fsck.waiting_arena, heap, ARENA_BYTES_MAX);
    fsck.piece = bough_heap_take(heap, PIECE_BYTES);
    fsck.path = bough_heap_take(heap, PATH_BYTES_MAX);
    if (fsck.piece != NULL && fsck.path != NULL)
        err = check_refs(&fsck);
    if (err == BOUGH_OK)
        err = check_logs(&fsck);
    bough_heap_give(heap, fsck.path, PATH_BYTES_MAX);
    bough_heap_give(heap, fsck.piece, PIECE_BYTES);
    bough_arena_release(&fsck.waiting_arena);
    bough_arena_release(&fsck.arena);
    name_set_release(&fsck.seen);
    return err;
}
