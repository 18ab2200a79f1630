/* SPDX-License-Identifier: ISC
 *
 * merge_reference.h - merging as it is meant: over plain tables of paths, each looked at by itself,
 * with no trees, no names and no short cuts.  Quadratic, and easy to believe.
 */
#ifndef MERGE_REFERENCE_H
#define MERGE_REFERENCE_H

#include "bough/merge.h"
#include <stdlib.h>

#define REFERENCE_PATHS_MAX     700u
#define REFERENCE_PATH_ROOM     40u
#define REFERENCE_CONFLICTS_MAX REFERENCE_PATHS_MAX
#define REFERENCE_NONE          UINT32_MAX

/* All paths there may be, and all directories on the way to them; sorted, each once. */
struct reference_paths {
    char text[REFERENCE_PATHS_MAX][REFERENCE_PATH_ROOM];
    uint32_t parent[REFERENCE_PATHS_MAX]; /* REFERENCE_NONE: in the root */
    bool policy[REFERENCE_PATHS_MAX];     /* the greater version wins where there is a base */
    uint32_t count;
};

/* What stands at each path: a version of its value, 0 for none. */
struct reference_cell {
    uint32_t version; /* from REFERENCE_TORN on: bases disagree, or nothing is known */
    uint32_t mode;
};

#define REFERENCE_TORN 1000u

struct reference_table {
    struct reference_cell cells[REFERENCE_PATHS_MAX];
};

struct reference_conflict {
    uint32_t path;
    enum bough_merge_conflict_kind kind;
};

struct reference_merge {
    const struct reference_paths *paths;
    const struct reference_table *base; /* NULL: not known */
    const struct reference_table *ours;
    const struct reference_table *theirs;
    enum bough_merge_favor favor;
    uint32_t *torn; /* NULL for a result; else the last mark made */
    struct reference_table *result;
    struct reference_conflict conflicts[REFERENCE_CONFLICTS_MAX];
    uint32_t conflict_count;
    /* By path, while it goes on. */
    bool sealed[REFERENCE_PATHS_MAX];  /* a conflict stands here or above */
    bool unknown[REFERENCE_PATHS_MAX]; /* the base here or above is not known */
};

static inline bool reference_same(const struct reference_cell *a, const struct reference_cell *b)
{
    return a->version == b->version && (a->version == 0 || a->mode == b->mode);
}

/* Whether path `below` lies below path `at`. */
static inline bool reference_is_below(const struct reference_paths *paths, uint32_t below,
                                      uint32_t at)
{
    for (uint32_t i = paths->parent[below]; i != REFERENCE_NONE; i = paths->parent[i]) {
        if (i == at)
            return true;
    }
    return false;
}

static inline bool reference_is_tree(const struct reference_paths *paths,
                                     const struct reference_table *table, uint32_t at)
{
    for (uint32_t i = at + 1; i < paths->count; i++) {
        if (table->cells[i].version != 0 && reference_is_below(paths, i, at))
            return true;
    }
    return false;
}

/* Adds a conflict; the result has ours there and below, or a mark. */
static inline void reference_seal(struct reference_merge *merge, uint32_t at,
                                  enum bough_merge_conflict_kind kind)
{
    merge->conflicts[merge->conflict_count++] = (struct reference_conflict){at, kind};
    for (uint32_t i = at; i < merge->paths->count; i++) {
        if (i != at && !reference_is_below(merge->paths, i, at))
            continue;
        merge->sealed[i] = true;
        merge->result->cells[i] =
            merge->torn == NULL ? merge->ours->cells[i] : (struct reference_cell){0};
    }
    if (merge->torn != NULL)
        merge->result->cells[at] = (struct reference_cell){.version = ++*merge->torn};
}

static inline bool reference_same_type(uint32_t a, uint32_t b)
{
    return (a & 0170000u) == (b & 0170000u);
}

/* Two values that differ from each other and, if it is known, from the base. */
static inline void reference_values(struct reference_merge *merge, uint32_t at)
{
    const struct reference_cell *o = &merge->ours->cells[at];
    const struct reference_cell *t = &merge->theirs->cells[at];
    struct reference_cell b = {0};
    struct reference_cell merged = *o;
    bool unknown = merge->unknown[at];
    bool types = reference_same_type(o->mode, t->mode);
    bool based;
    bool value;
    bool mode;

    if (!unknown)
        b = merge->base->cells[at];
    based = b.version != 0;
    mode = o->mode == t->mode || (based && (o->mode == b.mode || t->mode == b.mode));
    if (based && o->mode == b.mode)
        merged.mode = t->mode;
    value = types && (o->version == t->version ||
                      (based && (o->version == b.version || t->version == b.version)));
    if (value && based && o->version == b.version)
        merged.version = t->version;
    if (types && !value && !unknown && merge->paths->policy[at] && based &&
        reference_same_type(b.mode, o->mode) && o->mode != BOUGH_MODE_SYMLINK) {
        value = true;
        merged.version = o->version > t->version ? o->version : t->version;
    }
    if (merge->torn == NULL && merge->favor != BOUGH_MERGE_FAVOR_NONE) {
        const struct reference_cell *one = merge->favor == BOUGH_MERGE_FAVOR_OURS ? o : t;

        merged.version = value ? merged.version : one->version;
        merged.mode = mode && types ? merged.mode : one->mode;
        value = mode = true;
    }
    if (value && mode)
        merge->result->cells[at] = merged;
    else
        reference_seal(merge, at,
                       value                       ? BOUGH_MERGE_MODE
                       : unknown || b.version != 0 ? BOUGH_MERGE_EDIT_EDIT
                                                   : BOUGH_MERGE_ADD_ADD);
}

/* Whether a path that ours and theirs do not both have must be, or could be, in the result: one of
 * them made it what it is. */
static inline bool reference_survives(const struct reference_merge *merge, uint32_t at)
{
    const struct reference_cell *o = &merge->ours->cells[at];
    const struct reference_cell *t = &merge->theirs->cells[at];

    if (o->version == 0 && t->version == 0)
        return false;
    return merge->unknown[at] ||
           !(reference_same(&merge->base->cells[at], o) ||
             reference_same(&merge->base->cells[at], t)) ||
           (reference_same(&merge->base->cells[at], o) ? t : o)->version != 0;
}

/* A path that has a value on one side and others below it on the other. */
static inline void reference_mixed(struct reference_merge *merge, uint32_t at, bool ours)
{
    const struct reference_cell *o = &merge->ours->cells[at];
    const struct reference_cell *t = &merge->theirs->cells[at];
    bool below = false;

    for (uint32_t i = at + 1; i < merge->paths->count && !below; i++)
        below = reference_is_below(merge->paths, i, at) && reference_survives(merge, i);
    if (merge->unknown[at] || (below && reference_survives(merge, at)))
        reference_seal(merge, at, ours ? BOUGH_MERGE_VALUE_TREE : BOUGH_MERGE_TREE_VALUE);
    else if (reference_survives(merge, at))
        merge->result->cells[at] = ours ? *o : *t;
}

/* Deals with one path; those above it have been dealt with. */
static inline void reference_path(struct reference_merge *merge, uint32_t at)
{
    const struct reference_cell *o = &merge->ours->cells[at];
    const struct reference_cell *t = &merge->theirs->cells[at];
    bool o_tree = reference_is_tree(merge->paths, merge->ours, at);
    bool t_tree = reference_is_tree(merge->paths, merge->theirs, at);
    bool o_there = o_tree || o->version != 0;
    bool t_there = t_tree || t->version != 0;

    merge->result->cells[at] = (struct reference_cell){0};
    if ((o->version != 0 && t_tree) || (t->version != 0 && o_tree)) {
        reference_mixed(merge, at, o->version != 0);
    } else if (merge->unknown[at] && o_there != t_there) {
        reference_seal(merge, at, o_there ? BOUGH_MERGE_EDIT_DELETE : BOUGH_MERGE_DELETE_EDIT);
    } else if (reference_same(o, t) ||
               (!merge->unknown[at] && reference_same(&merge->base->cells[at], t))) {
        merge->result->cells[at] = *o;
    } else if (!merge->unknown[at] && reference_same(&merge->base->cells[at], o)) {
        merge->result->cells[at] = *t;
    } else if (o->version != 0 && t->version != 0) {
        reference_values(merge, at);
    } else if (merge->base->cells[at].version != 0) {
        reference_seal(merge, at,
                       o->version != 0 ? BOUGH_MERGE_EDIT_DELETE : BOUGH_MERGE_DELETE_EDIT);
    } else {
        merge->result->cells[at] = o->version != 0 ? *o : *t;
    }
}

/* Merges; all of `merge` but conflicts and what is by path has been set. */
static inline void reference_merge(struct reference_merge *merge)
{
    const struct reference_paths *paths = merge->paths;

    merge->conflict_count = 0;
    for (uint32_t i = 0; i < paths->count; i++) {
        uint32_t parent = paths->parent[i];

        merge->sealed[i] = false;
        merge->unknown[i] = merge->base == NULL ||
                            merge->base->cells[i].version >= REFERENCE_TORN ||
                            (parent != REFERENCE_NONE && merge->unknown[parent]);
    }
    for (uint32_t i = 0; i < paths->count; i++) {
        if (!merge->sealed[i])
            reference_path(merge, i);
    }
}

#endif
