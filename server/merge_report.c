/* SPDX-License-Identifier: ISC
 *
 * merge_report.c - the conflicts of a merge, page by page.
 *
 * Owns no data; a page stands in the request's arena.
 *   (1) A page is sorted by path.  A merge tells of conflicts in the order of directories' entries,
 *       in which "a", where one side has a directory, may come after "a.b": so each is put into its
 *       place, and the last one gives way when the page is full.
 *   (2) All conflicts are counted, whatever the page holds.
 */
#include "merge_report.h"
#include "base64.h"
#include "hash.h"
#include "reply.h"
#include "utf8.h"
#include <stdio.h>

#define NAME_DOMAIN 80u /* of hashes that are no object's (hash.h) */

static const char *const kinds[BOUGH_MERGE_KINDS] = {
    [BOUGH_MERGE_EDIT_EDIT] = "edit/edit",
    [BOUGH_MERGE_ADD_ADD] = "add/add",
    [BOUGH_MERGE_EDIT_DELETE] = "edit/delete",
    [BOUGH_MERGE_DELETE_EDIT] = "delete/edit",
    [BOUGH_MERGE_VALUE_TREE] = "value/tree",
    [BOUGH_MERGE_TREE_VALUE] = "tree/value",
    [BOUGH_MERGE_MODE] = "mode",
};

void merge_report_name(struct bough_bytes path, char name[MERGE_REPORT_NAME_BYTES])
{
    struct bough_hash hash;

    _Static_assert(MERGE_REPORT_NAME_BYTES == 2 * BOUGH_HASH_BYTES + 1, "a hash and a NUL");
    hash_of(NAME_DOMAIN, path, &hash);
    hash_hex(&hash, name);
}

void merge_report_begin(struct merge_report *report, struct request *request,
                        struct merge_choices *choices, const struct bough_tree *resolved,
                        struct bough_bytes after, size_t limit)
{
    assert(limit > 0);
    *report = (struct merge_report){
        .request = request,
        .choices = choices,
        .resolved = *resolved,
        .after = after,
        .page = {.arena = &request->arena, .max = limit},
    };
}

/* Whether the path was settled before. */
static enum bough_err find_resolved(struct merge_report *report, struct bough_bytes path,
                                    bool *found)
{
    struct bough_arena *arena = &report->request->arena;
    struct bough_arena_mark mark = bough_arena_now(arena);
    char name[MERGE_REPORT_NAME_BYTES];
    struct bough_entry entry;
    enum bough_err err;

    *found = false;
    if (report->resolved.key_count == 0)
        return BOUGH_OK;
    merge_report_name(path, name);
    err = bough_tree_find(report->request->service->store, &report->resolved,
                          bough_bytes_text(name), arena, &entry);
    bough_arena_back(arena, mark);
    *found = err == BOUGH_OK;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Puts an open conflict into its place on the page, if it has one: invariant (1). */
static enum bough_err put_in(struct merge_report *report,
                             const struct bough_merge_conflict *conflict)
{
    struct bough_merge_list *page = &report->page;
    struct bough_merge_conflict last;
    size_t at;

    if (page->count == page->max) {
        if (bough_bytes_compare(conflict->path, page->conflicts[page->count - 1].path) > 0)
            return BOUGH_OK;
        page->count--;
    }
    BOUGH_TRY(bough_merge_list_add(page, conflict));
    at = page->count - 1;
    last = page->conflicts[at];
    while (at > 0 && bough_bytes_compare(page->conflicts[at - 1].path, last.path) > 0) {
        page->conflicts[at] = page->conflicts[at - 1];
        at--;
    }
    page->conflicts[at] = last;
    return BOUGH_OK;
}

enum bough_err merge_report_add(void *context, const struct bough_merge_conflict *conflict)
{
    struct merge_report *report = context;
    bool found;

    BOUGH_TRY(merge_choice_meet(report->choices, conflict, &found));
    if (!found)
        BOUGH_TRY(find_resolved(report, conflict->path, &found));
    report->resolved_count += found;
    report->open_count += !found;
    if (found || bough_bytes_compare(conflict->path, report->after) <= 0)
        return BOUGH_OK;
    report->behind_count++;
    return put_in(report, conflict);
}

/* A value that is short, as it is. */
static enum bough_err write_inline(const struct merge_report *report, struct json_write *json,
                                   const struct bough_value *value)
{
    struct bough_arena *arena = &report->request->arena;
    struct bough_bytes bytes;

    if (value->size_bytes > BOUGH_MERGE_INLINE_BYTES_MAX)
        return BOUGH_OK;
    BOUGH_TRY(bough_value_get(report->request->service->store, value, BOUGH_MERGE_INLINE_BYTES_MAX,
                              arena, &bytes));
    if (utf8_is(bytes)) {
        json_write_bytes(json, "inline", bytes);
        return BOUGH_OK;
    }
    BOUGH_TRY(base64_encode(bytes, arena, &bytes));
    json_write_bytes(json, "inline_base64", bytes);
    return BOUGH_OK;
}

/* What one side has. */
static enum bough_err write_side(const struct merge_report *report, struct json_write *json,
                                 const char *name, const struct bough_entry *side)
{
    struct bough_hash etag;
    char mode[16];

    if (side == NULL) {
        json_write_null(json, name);
        return BOUGH_OK;
    }
    json_write_object(json, name);
    if (side->kind == BOUGH_ENTRY_TREE) {
        json_write_number(json, "keys", side->tree.key_count);
    } else {
        (void)snprintf(mode, sizeof(mode), "%06o", side->mode);
        bough_value_name(&side->value, &etag);
        json_write_hash(json, "etag", &etag);
        json_write_number(json, "size", side->value.size_bytes);
        json_write_text(json, "mode", mode);
        BOUGH_TRY(write_inline(report, json, &side->value));
    }
    json_write_end(json);
    return BOUGH_OK;
}

enum bough_err merge_report_write(const struct merge_report *report, struct json_write *json)
{
    json_write_number(json, "conflict_count", report->open_count);
    json_write_number(json, "resolved_count", report->resolved_count);
    json_write_array(json, "conflicts");
    for (size_t i = 0; i < report->page.count; i++) {
        const struct bough_merge_conflict *conflict = &report->page.conflicts[i];

        assert(conflict->kind < BOUGH_MERGE_KINDS);
        json_write_object(json, NULL);
        reply_json_bytes(report->request, json, "key", "key_encoded", conflict->path);
        json_write_text(json, "kind", kinds[conflict->kind]);
        if (conflict->why != NULL)
            json_write_text(json, "why", conflict->why);
        BOUGH_TRY(write_side(report, json, "base", conflict->base));
        BOUGH_TRY(write_side(report, json, "ours", conflict->ours));
        BOUGH_TRY(write_side(report, json, "theirs", conflict->theirs));
        json_write_end(json);
    }
    json_write_end(json);
    json_write_bool(json, "truncated", report->behind_count > report->page.count);
    return BOUGH_OK;
}
