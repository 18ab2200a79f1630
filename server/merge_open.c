/* SPDX-License-Identifier: ISC
 *
 * merge_open.c - merges in progress.
 *
 * Owns no data but refs "merge/...", which nobody else writes: git neither sees nor moves them.
 *   (1) What a merge comes to follows from ours, theirs and the words, so conflicts are not stored
 *       but found again; what a client has decided is in the draft, and which paths it decided on
 *       in "resolved".
 *   (2) Nothing of it goes into the log of refs: drafts would keep what nobody asks for.
 * The moment that matters is the move of the ref.
 */
#include "merge_open.h"
#include "merge_report.h"
#include "reply.h"
#include "rev.h"

#define DRAFT    "draft"
#define RESOLVED "resolved"

/* A directory of the commit's tree; empty where it is not there. */
static enum bough_err read_directory(struct request *request, const struct bough_tree *tree,
                                     const char *name, struct bough_tree *directory)
{
    struct bough_entry entry;
    enum bough_err err = bough_tree_find(request->service->store, tree, bough_bytes_text(name),
                                         &request->arena, &entry);

    *directory = (struct bough_tree){0};
    if (err == BOUGH_NOT_FOUND)
        return BOUGH_OK;
    if (err != BOUGH_OK)
        return err;
    *directory = entry.tree;
    return entry.kind == BOUGH_ENTRY_TREE ? BOUGH_OK : BOUGH_CORRUPT;
}

/* How the merge was begun. */
static enum bough_err read_words(struct request *request, struct bough_bytes message,
                                 struct merge_open *open)
{
    const struct json *document;
    const struct json *from;
    size_t error_at;

    open->words = merge_words_initial();
    BOUGH_TRY(json_read(message, &request->arena, &document, &error_at));
    from = json_read_member(document, "from");
    if (from == NULL || from->kind != JSON_STRING ||
        !merge_words_read(request, document, &open->words))
        return BOUGH_CORRUPT;
    open->from = from->text;
    return BOUGH_OK;
}

enum bough_err merge_open_load(struct request *request, struct bough_bytes branch,
                               struct merge_open *open)
{
    struct bough_commit commit;
    struct bough_ref ref;
    enum bough_err err;

    memset(open, 0, sizeof(*open));
    BOUGH_TRY(rev_ref_name(request, BOUGH_REF_MERGES, branch, &open->ref));
    err = bough_ref_get(request->service->store, open->ref, &ref);
    if (err == BOUGH_NOT_FOUND)
        return BOUGH_OK;
    if (err != BOUGH_OK)
        return err;
    open->present = true;
    if (ref.kind != BOUGH_KIND_COMMIT)
        return BOUGH_CORRUPT;
    BOUGH_TRY(bough_commit_get(request->service->store, &ref.link, &request->arena, &commit));
    if (commit.parent_count != 2 || bough_commit_is_cut(&commit.parents[0]) ||
        bough_commit_is_cut(&commit.parents[1]))
        return BOUGH_CORRUPT;
    open->commit = ref.link;
    open->ours = commit.parents[0];
    open->theirs = commit.parents[1];
    BOUGH_TRY(read_directory(request, &commit.tree, DRAFT, &open->draft));
    BOUGH_TRY(read_directory(request, &commit.tree, RESOLVED, &open->resolved));
    err = read_words(request, commit.message, open);
    if (err == BOUGH_INVALID || err == BOUGH_CORRUPT) {
        reply_reset(request); /* its words are not the client's */
        bough_log(request->service->env->log, BOUGH_ERROR, "merge", "%.*s: its message is damaged",
                  (int)open->ref.len, (const char *)open->ref.at);
        err = BOUGH_CORRUPT;
    }
    return err;
}

/* Adds the paths of `choices` to those that are settled. */
static enum bough_err add_resolved(struct request *request, const struct merge_choices *choices,
                                   struct bough_tree *resolved)
{
    struct bough_edit *edits = bough_arena_zeros(&request->arena, choices->count, sizeof(*edits));

    if (edits == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < choices->count; i++) {
        char *name = bough_arena_take(&request->arena, MERGE_REPORT_NAME_BYTES);

        if (name == NULL)
            return BOUGH_NO_MEMORY;
        merge_report_name(choices->items[i].path, name);
        edits[i] = (struct bough_edit){
            .path = bough_bytes_text(name),
            .entry = {.kind = BOUGH_ENTRY_VALUE, .mode = BOUGH_MODE_FILE},
        };
    }
    return bough_tree_edit(request->service->store, resolved, edits, choices->count,
                           &request->arena, NULL, resolved);
}

/* The words as a message. */
static enum bough_err make_message(struct request *request, const struct merge_open *open,
                                   struct bough_bytes *message)
{
    struct out out = out_begin(&request->arena);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    json_write_bytes(&json, "from", open->from);
    json_write_text(&json, "strategy", merge_words_strategy_name(open->words.strategy));
    json_write_text(&json, "favor", merge_words_favor_name(open->words.favor));
    json_write_bool(&json, "allow_unrelated", open->words.unrelated);
    if (open->words.message.at != NULL)
        json_write_bytes(&json, "message", open->words.message);
    json_write_end(&json);
    out_text(&out, "\n");
    return out_end(&out, message);
}

enum bough_err merge_open_save(struct request *request, struct merge_open *open,
                               const struct merge_choices *choices)
{
    struct bough_store *store = request->service->store;
    const struct bough_link parents[] = {open->ours, open->theirs};
    struct bough_edit folders[2] = {
        {.path = bough_bytes_text(DRAFT),
         .entry = {.kind = BOUGH_ENTRY_TREE, .mode = BOUGH_MODE_DIRECTORY}},
        {.path = bough_bytes_text(RESOLVED),
         .entry = {.kind = BOUGH_ENTRY_TREE, .mode = BOUGH_MODE_DIRECTORY}},
    };
    struct bough_commit commit = {
        .parents = parents,
        .parent_count = 2,
        .author = open->words.author,
        .committer = open->words.author,
    };
    struct bough_ref_move kept = {
        .name = open->ref, .next = {.kind = BOUGH_KIND_COMMIT}, .forward = true};
    struct bough_tree none = {0};

    BOUGH_TRY(add_resolved(request, choices, &open->resolved));
    BOUGH_TRY(make_message(request, open, &commit.message));
    folders[0].entry.tree = open->draft;
    folders[1].entry.tree = open->resolved;
    BOUGH_TRY(bough_tree_edit_level(store, &none, folders, 2, &request->arena, &commit.tree));
    BOUGH_TRY(bough_commit_put(store, &commit, &request->arena, &open->commit));
    kept.next.link = open->commit;
    BOUGH_TRY(bough_ref_move(store, &kept, 1, NULL));
    open->present = true;
    return BOUGH_OK;
}

enum bough_err merge_open_drop(struct request *request, const struct merge_open *open)
{
    const struct bough_ref_move gone = {.name = open->ref, .remove = true};

    assert(open->present);
    BOUGH_TRY(bough_ref_move(request->service->store, &gone, 1, NULL));
    return bough_ref_log_clear(request->service->store, open->ref); /* invariant (2) */
}
