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

static const char *const kinds[BOUGH_MERGE_KINDS] = {
    [BOUGH_MERGE_EDIT_EDIT] = "edit/edit",
    [BOUGH_MERGE_ADD_ADD] = "add/add",
    [BOUGH_MERGE_EDIT_DELETE] = "edit/delete",
    [BOUGH_MERGE_DELETE_EDIT] = "delete/edit",
    [BOUGH_MERGE_VALUE_TREE] = "value/tree",
    [BOUGH_MERGE_TREE_VALUE] = "tree/value",
    [BOUGH_MERGE_MODE] = "mode",
};

void merge_report_begin(struct merge_report *report, struct request *request,
                        struct merge_choices *choices, size_t limit)
{
    assert(limit > 0);
    *report = (struct merge_report){
        .request = request,
        .choices = choices,
        .page = {.arena = &request->arena, .max = limit},
    };
}

/* Puts an open conflict into its place on the page, if it has one: invariant (1). */
static enum bough_err put_in(struct merge_report *report,
                             const struct bough_merge_conflict *conflict)
{
    struct bough_merge_list *page = &report->page;
    struct bough_merge_conflict last;
    size_t at;

    if (page->count == page->max) {
        report->truncated = true;
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
    if (found)
        return BOUGH_OK;
    report->open_count++;
    return put_in(report, conflict);
}

enum bough_err merge_report_load(struct merge_report *report,
                                 const struct bough_merge_progress *progress,
                                 struct bough_bytes after)
{
    struct bough_arena *arena = &report->request->arena;
    struct bough_merge_conflict conflict;
    enum bough_err err = BOUGH_OK;

    report->open_count = progress->open.key_count;
    while (err == BOUGH_OK && !report->truncated) {
        err = bough_merge_progress_next(report->request->service->store, progress, after, arena,
                                        &conflict);
        if (err != BOUGH_OK)
            break;
        after = conflict.path;
        err = put_in(report, &conflict);
    }
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
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
    json_write_bool(json, "truncated", report->truncated);
    return BOUGH_OK;
}
