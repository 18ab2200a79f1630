/* SPDX-License-Identifier: ISC
 *
 * merge_choice.c - resolutions: {key, take}, {key, value} or {key, delete}.
 *
 * Owns no data; choices stand in the request's arena.
 *   (1) Choices are sorted by path, and no path has two.
 *   (2) A choice is applied only if a conflict was met at its path: what nobody disputes is not
 *       changed by the way.
 */
#include "merge_choice.h"
#include "base64.h"
#include "query.h"
#include "reply.h"
#include <stdlib.h>

static int by_path(const void *a, const void *b)
{
    return bough_bytes_compare(((const struct merge_choice *)a)->path,
                               ((const struct merge_choice *)b)->path);
}

/* How many bytes of a path are shown in a detail. */
static int shown(struct bough_bytes path)
{
    return path.len < 200 ? (int)path.len : 200;
}

static bool refuse(struct request *request, size_t index, const char *why)
{
    (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "resolutions[%zu]: %s", index, why);
    return false;
}

/* The side that "take" names. */
static bool read_take(const struct json *take, enum bough_merge_take *into)
{
    static const char *const sides[] = {"ours", "theirs", "base"};

    for (unsigned i = 0; i < sizeof(sides) / sizeof(sides[0]) && take->kind == JSON_STRING; i++) {
        if (bough_bytes_equal(take->text, bough_bytes_text(sides[i]))) {
            *into = (enum bough_merge_take)i;
            return true;
        }
    }
    return false;
}

/* A mode for a value; 0 where none is given. */
static bool read_mode(const struct json *item, uint32_t *mode)
{
    static const char *const names[] = {"100644", "100755", "120000"};
    static const uint32_t modes[] = {BOUGH_MODE_FILE, BOUGH_MODE_EXEC, BOUGH_MODE_SYMLINK};
    const struct json *given = json_read_member(item, "mode");

    *mode = 0;
    for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]) && given != NULL; i++)
        if (bough_bytes_equal(given->text, bough_bytes_text(names[i])))
            *mode = modes[i];
    return given == NULL || *mode != 0;
}

/* The value that the client gives. */
static bool read_value(struct request *request, const struct json *item, size_t index,
                       struct merge_choice *choice, enum bough_err *err)
{
    const struct json *coded = json_read_member(item, "value_base64");
    const struct json *given = coded != NULL ? coded : json_read_member(item, "value");
    struct bough_bytes bytes = given->text;

    if (given->kind != JSON_STRING || !read_mode(item, &choice->entry.mode))
        return refuse(request, index, "the value must be a string, the mode one of git's");
    choice->take = BOUGH_MERGE_TAKE_ENTRY;
    choice->entry.kind = BOUGH_ENTRY_VALUE;
    if (coded != NULL)
        *err = base64_decode(coded->text, &request->arena, &bytes);
    if (*err == BOUGH_INVALID) {
        *err = BOUGH_OK;
        return refuse(request, index, "\"value_base64\" is not base64");
    }
    if (*err == BOUGH_OK && bytes.len > request->service->config.value_bytes)
        *err = BOUGH_TOO_BIG;
    if (*err == BOUGH_OK)
        *err =
            bough_value_put(request->service->store, bytes, &request->arena, &choice->entry.value);
    return *err == BOUGH_OK;
}

static bool read_one(struct request *request, const struct json *item, size_t index,
                     struct merge_choice *choice, enum bough_err *err)
{
    static const char *const members[] = {"key",          "key_encoded", "take",   "value",
                                          "value_base64", "mode",        "delete", NULL};
    const struct json *take = json_read_member(item, "take");
    const struct json *removed = json_read_member(item, "delete");
    bool value = json_read_member(item, "value") != NULL;
    bool coded = json_read_member(item, "value_base64") != NULL;
    struct bough_bytes stranger;

    if (item->kind != JSON_OBJECT || !query_knows(item, members, &stranger))
        return refuse(request, index, "a member that is not known");
    if (!query_bytes(request, item, "key", "key_encoded", &choice->path) || choice->path.len == 0 ||
        bough_tree_path_check(choice->path) != BOUGH_OK)
        return refuse(request, index, "\"key\" must be a key");
    if ((take != NULL) + (removed != NULL) + value + coded != 1)
        return refuse(request, index, "one of \"take\", \"value\" and \"delete\" must be there");
    if (value || coded)
        return read_value(request, item, index, choice, err);
    if (json_read_member(item, "mode") != NULL)
        return refuse(request, index, "\"mode\" goes with a value");
    choice->take = BOUGH_MERGE_TAKE_NOTHING;
    if (take != NULL && !read_take(take, &choice->take))
        return refuse(request, index, "\"take\" must be ours, theirs or base");
    if (removed != NULL && removed->kind != JSON_TRUE)
        return refuse(request, index, "\"delete\" must be true");
    return true;
}

bool merge_choice_read(struct request *request, const struct json *list,
                       struct merge_choices *choices, enum bough_err *err)
{
    size_t index = 0;

    *err = BOUGH_OK;
    *choices = (struct merge_choices){.request = request};
    if (list == NULL)
        return true;
    if (list->kind != JSON_ARRAY || list->item_count > BOUGH_TXN_OPS_MAX) {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                            "\"resolutions\" must be a list of at most %u", BOUGH_TXN_OPS_MAX);
        return false;
    }
    choices->items = bough_arena_zeros(&request->arena, list->item_count, sizeof(*choices->items));
    if (choices->items == NULL) {
        *err = BOUGH_NO_MEMORY;
        return false;
    }
    for (const struct json *item = list->first; item != NULL; item = item->next, index++)
        if (!read_one(request, item, index, &choices->items[index], err))
            return false;
    choices->count = index;
    qsort(choices->items, choices->count, sizeof(*choices->items), by_path);
    for (size_t i = 1; i < choices->count; i++) {
        struct bough_bytes path = choices->items[i].path;

        if (!bough_bytes_equal(path, choices->items[i - 1].path))
            continue;
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "two resolutions for \"%.*s\"",
                            shown(path), (const char *)path.at);
        return false;
    }
    return true;
}

/* A copy of what a side has, to be put; `side` NULL = nothing. */
static enum bough_err take_side(struct merge_choice *choice, const struct bough_entry *side,
                                struct bough_arena *arena)
{
    choice->put = side != NULL;
    if (side == NULL)
        return BOUGH_OK;
    choice->entry = *side;
    choice->entry.step = (struct bough_bytes){0};
    choice->entry.value.data = bough_arena_copy(arena, side->value.data);
    return choice->entry.value.data.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* The mode of a value that came without one: that of the value it replaces. */
static uint32_t mode_of(const struct bough_merge_conflict *conflict)
{
    const struct bough_entry *sides[] = {conflict->ours, conflict->theirs, conflict->base};

    for (unsigned i = 0; i < 3; i++)
        if (sides[i] != NULL && sides[i]->kind == BOUGH_ENTRY_VALUE)
            return sides[i]->mode;
    return BOUGH_MODE_FILE;
}

enum bough_err merge_choice_meet(struct merge_choices *choices,
                                 const struct bough_merge_conflict *conflict, bool *found)
{
    const struct merge_choice wanted = {.path = conflict->path};
    struct bough_arena *arena = &choices->request->arena;
    struct merge_choice *choice = NULL;

    if (choices->count > 0)
        choice = bsearch(&wanted, choices->items, choices->count, sizeof(wanted), by_path);
    *found = choice != NULL;
    if (choice == NULL)
        return BOUGH_OK;
    choice->met = true;
    switch (choice->take) {
    case BOUGH_MERGE_TAKE_OURS:
        return take_side(choice, conflict->ours, arena);
    case BOUGH_MERGE_TAKE_THEIRS:
        return take_side(choice, conflict->theirs, arena);
    case BOUGH_MERGE_TAKE_BASE:
        choice->no_base = conflict->base == NULL;
        return take_side(choice, conflict->base, arena);
    case BOUGH_MERGE_TAKE_ENTRY:
        choice->put = true;
        if (choice->entry.mode == 0)
            choice->entry.mode = mode_of(conflict);
        break;
    case BOUGH_MERGE_TAKE_NOTHING:
        break;
    }
    return BOUGH_OK;
}

bool merge_choice_all_met(const struct merge_choices *choices)
{
    for (size_t i = 0; i < choices->count; i++) {
        const struct merge_choice *choice = &choices->items[i];

        if (choice->met && !choice->no_base)
            continue;
        (void)reply_problem(choices->request, PROBLEM_UNPROCESSABLE,
                            choice->met ? "\"%.*s\" has no base that is known"
                                        : "\"%.*s\" is not in conflict",
                            shown(choice->path), (const char *)choice->path.at);
        return false;
    }
    return true;
}

enum bough_err merge_choice_refuse(const struct merge_choices *choices, size_t index)
{
    struct bough_bytes path;

    assert(index < choices->count);
    path = choices->items[index].path;
    return reply_problem(choices->request, PROBLEM_UNPROCESSABLE, "\"%.*s\" is not in conflict",
                         shown(path), (const char *)path.at);
}

/* A mode for a value that came without one, and whether a base is there. */
static enum bough_err look_at_sides(const struct merge_choice *choice, struct request *request,
                                    const struct bough_merge_progress *progress, uint32_t *mode,
                                    bool *has_base)
{
    const struct bough_tree *sides[] = {&progress->base, &progress->theirs_tree,
                                        &progress->ours_tree};

    *mode = BOUGH_MODE_FILE;
    for (unsigned i = 0; i < 3; i++) {
        struct bough_entry entry;
        enum bough_err err = bough_tree_find(request->service->store, sides[i], choice->path,
                                             &request->arena, &entry);

        if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
            return err;
        if (i == 0)
            *has_base = err == BOUGH_OK;
        if (err == BOUGH_OK && entry.kind == BOUGH_ENTRY_VALUE)
            *mode = entry.mode;
    }
    return BOUGH_OK;
}

bool merge_choice_resolutions(const struct merge_choices *choices,
                              const struct bough_merge_progress *progress,
                              struct bough_merge_resolution **resolutions, enum bough_err *err)
{
    struct request *request = choices->request;
    struct bough_merge_resolution *made =
        bough_arena_zeros(&request->arena, choices->count, sizeof(*made));

    *err = made == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
    *resolutions = made;
    for (size_t i = 0; i < choices->count && *err == BOUGH_OK; i++) {
        const struct merge_choice *choice = &choices->items[i];
        uint32_t mode;
        bool has_base;

        *err = look_at_sides(choice, request, progress, &mode, &has_base);
        if (*err != BOUGH_OK)
            return false;
        if (choice->take == BOUGH_MERGE_TAKE_BASE && !has_base) {
            (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                                "\"%.*s\" has no base that is known", shown(choice->path),
                                (const char *)choice->path.at);
            return false;
        }
        made[i] = (struct bough_merge_resolution){
            .path = choice->path, .take = choice->take, .entry = choice->entry};
        if (made[i].entry.mode == 0)
            made[i].entry.mode = mode;
    }
    return *err == BOUGH_OK;
}

enum bough_err merge_choice_apply(const struct merge_choices *choices,
                                  const struct bough_tree *draft, struct bough_tree *result)
{
    struct request *request = choices->request;
    struct bough_edit *edits;
    size_t count = 0;

    *result = *draft;
    if (choices->count == 0)
        return BOUGH_OK;
    edits = bough_arena_zeros(&request->arena, 2 * choices->count, sizeof(*edits));
    if (edits == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < choices->count; i++) {
        const struct merge_choice *choice = &choices->items[i];

        assert(choice->met); /* invariant (2) */
        /* What is there goes first: a value does not replace a directory by itself. */
        edits[count++] = (struct bough_edit){.path = choice->path, .remove = true};
        if (choice->put)
            edits[count++] = (struct bough_edit){.path = choice->path, .entry = choice->entry};
    }
    return bough_tree_edit(request->service->store, draft, edits, count, &request->arena, NULL,
                           result);
}
