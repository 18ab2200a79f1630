/* SPDX-License-Identifier: ISC
 *
 * upload.c - one fetch: what the client wants and has.
 *
 * Owns the request so far and the head of the answer.
 *   (1) failed: the answer holds exactly one ERR packet and nothing follows it.
 *   (2) Every want in `wants` is an object that can be read; every have is a commit of this store.
 * Any object that is known may be wanted, as with git's protocol 2: there is no secrecy between the
 * branches of one store.
 */
#include "upload.h"
#include "git_find.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define OUT_BYTES_MAX   (64u << 20)
#define ARENA_BYTES_MAX (16u << 20)
#define SEEN_BYTES_MAX  (32u << 20)
#define STACK_BYTES_MAX (32u << 20)

/* Numbers in the set of judged commits. */
enum { JUDGED_PASSED = 0, JUDGED_HAVE = 1 };

void upload_init(struct upload *upload, struct git_view *view)
{
    struct bough_heap *heap = view->env->heap;

    *upload = (struct upload){.view = view, .judged_at = SIZE_MAX, .filter = FETCH_FILTER_NONE};
    shallow_init(&upload->shallow, view);
    bough_arena_init(&upload->places, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&upload->sought, heap, BOUGH_WANTS_MAX * sizeof(struct git_find));
    buffer_init(&upload->out, heap, OUT_BYTES_MAX);
    buffer_init(&upload->wants, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&upload->haves, heap, BOUGH_HAVES_MAX * sizeof(struct bough_link));
    buffer_init(&upload->prefixes, heap, BOUGH_REF_PREFIXES_MAX * BOUGH_PKT_BYTES_MAX);
    buffer_init(&upload->frame, heap, BOUGH_PKT_BYTES_MAX);
}

/* Gives up the pack, or what was chosen for it. */
static void drop_pack(struct upload *upload)
{
    assert(!upload->listing || !upload->packing);
    if (upload->packing)
        pack_out_close(&upload->pack);
    if (upload->listing)
        pack_list_release(&upload->list);
    upload->packing = false;
    upload->listing = false;
}

void upload_release(struct upload *upload)
{
    drop_pack(upload);
    shallow_release(&upload->shallow);
    bough_arena_release(&upload->places);
    buffer_release(&upload->sought);
    buffer_release(&upload->out);
    buffer_release(&upload->wants);
    buffer_release(&upload->haves);
    buffer_release(&upload->prefixes);
    buffer_release(&upload->frame);
}

enum bough_err upload_fail(struct upload *upload, const char *format, ...)
{
    char text[160];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    bough_log(upload->view->env->log, BOUGH_INFO, "git", "fetch refused: %s", text);
    drop_pack(upload);
    upload->failed = true;
    upload->out.len = 0;
    return pkt_line_print(&upload->out, "ERR %s", text);
}

/* Whether an object can be sent when it is asked for by its id. */
static bool can_send(const struct git_native *native)
{
    return native->kind != GIT_BLOB || native->link.address != 0;
}

enum bough_err upload_want(struct upload *upload, struct bough_bytes hex)
{
    struct git_find sought = {0};
    struct git_native native;

    if (!sha1_parse(hex, &sought.id))
        return upload_fail(upload, "upload-pack: malformed want");
    if (upload->want_count++ == BOUGH_WANTS_MAX)
        return upload_fail(upload, "upload-pack: too many wants (limit %u)", BOUGH_WANTS_MAX);
    BOUGH_TRY(git_history_index(upload->view));
    if (!git_view_find(upload->view, &sought.id, &native) || !can_send(&native))
        return buffer_add(&upload->sought, bough_bytes_of(&sought, sizeof(sought)));
    return buffer_add(&upload->wants, bough_bytes_of(&native, sizeof(native)));
}

enum bough_err upload_peel(struct upload *upload, struct git_native *native)
{
    while (native->kind == GIT_TAG) {
        struct bough_link link = native->link;

        BOUGH_TRY(git_history_tag_target(upload->view, &link, native));
    }
    if (native->kind != GIT_COMMIT)
        native->kind = GIT_NONE;
    return BOUGH_OK;
}

enum bough_err upload_have(struct upload *upload, struct bough_bytes hex, struct sha1 *id,
                           bool *common)
{
    struct git_native native;

    *common = false;
    if (!sha1_parse(hex, id))
        return upload_fail(upload, "upload-pack: malformed have");
    if (upload->have_count == BOUGH_HAVES_MAX)
        return upload_fail(upload, "upload-pack: too many haves (limit %u)", BOUGH_HAVES_MAX);
    upload->have_count++;
    BOUGH_TRY(git_history_index(upload->view));
    if (!git_view_find(upload->view, id, &native))
        return BOUGH_OK;
    BOUGH_TRY(upload_peel(upload, &native));
    if (native.kind != GIT_COMMIT)
        return BOUGH_OK;
    *common = true;
    upload->last_common = *id;
    return buffer_add(&upload->haves, bough_bytes_of(&native.link, sizeof(native.link)));
}

enum bough_err upload_find(struct upload *upload, struct buffer *list)
{
    struct git_find *items = (struct git_find *)(void *)list->at;
    size_t count = list->len / sizeof(*items);
    size_t kept = 0;

    if (count == 0)
        return BOUGH_OK;
    BOUGH_TRY(git_history_index(upload->view));
    qsort(items, count, sizeof(*items), git_find_order);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || git_find_order(&items[kept - 1], &items[i]) != 0)
            items[kept++] = items[i];
    list->len = kept * sizeof(*items);
    return git_find(upload->view, NULL, 0, items, kept, &upload->places);
}

/* One judgement. */
struct judge {
    struct upload *upload;
    struct bough_arena arena;
    struct name_set seen;
    struct buffer stack; /* of struct bough_link */
};

/* Puts a commit on the stack once; *found when it is one the client has. */
static enum bough_err visit(struct judge *judge, const struct bough_link *link, bool *found)
{
    uint32_t *number;
    bool is_new;

    BOUGH_TRY(name_set_add(&judge->seen, &link->name, &number, &is_new));
    if (!is_new) {
        *found = *found || *number == JUDGED_HAVE;
        return BOUGH_OK;
    }
    *number = JUDGED_PASSED;
    return buffer_add(&judge->stack, bough_bytes_of(link, sizeof(*link)));
}

/* Whether a commit has one behind it that the client has.  What was passed on the way for an
 * earlier want is taken for settled: the judgement decides how many rounds are worth while, never
 * what is sent. */
static enum bough_err reaches(struct judge *judge, const struct bough_link *want, bool *found)
{
    uint32_t *number = name_set_find(&judge->seen, &want->name);

    *found = number != NULL; /* passed for another want, or had */
    if (*found)
        return BOUGH_OK;
    judge->stack.len = 0;
    BOUGH_TRY(visit(judge, want, found));
    while (!*found && judge->stack.len > 0) {
        struct bough_arena_mark mark = bough_arena_now(&judge->arena);
        struct bough_commit commit;
        struct bough_link link;

        judge->stack.len -= sizeof(link);
        memcpy(&link, judge->stack.at + judge->stack.len, sizeof(link));
        BOUGH_TRY(bough_commit_get(judge->upload->view->store, &link, &judge->arena, &commit));
        for (uint32_t i = commit.parent_count; i > 0; i--)
            BOUGH_TRY(visit(judge, &commit.parents[i - 1], found));
        bough_arena_back(&judge->arena, mark);
    }
    return BOUGH_OK;
}

static enum bough_err judge_all(struct judge *judge, bool *ready)
{
    struct upload *upload = judge->upload;
    bool is_new;
    uint32_t *number;

    *ready = upload->haves.len > 0;
    for (size_t at = 0; at < upload->haves.len; at += sizeof(struct bough_link)) {
        struct bough_link link;

        memcpy(&link, upload->haves.at + at, sizeof(link));
        BOUGH_TRY(name_set_add(&judge->seen, &link.name, &number, &is_new));
        *number = JUDGED_HAVE;
    }
    for (size_t at = 0; *ready && at < upload->wants.len; at += sizeof(struct git_native)) {
        struct git_native want;

        memcpy(&want, upload->wants.at + at, sizeof(want));
        BOUGH_TRY(upload_peel(upload, &want));
        if (want.kind == GIT_COMMIT)
            BOUGH_TRY(reaches(judge, &want.link, ready));
    }
    return BOUGH_OK;
}

enum bough_err upload_judge(struct upload *upload, bool *ready)
{
    struct bough_heap *heap = upload->view->env->heap;
    struct judge judge = {.upload = upload};
    enum bough_err err = BOUGH_OK;

    if (upload->judged_at != upload->haves.len) {
        bough_arena_init(&judge.arena, heap, ARENA_BYTES_MAX);
        name_set_init(&judge.seen, heap, SEEN_BYTES_MAX);
        buffer_init(&judge.stack, heap, STACK_BYTES_MAX);
        err = judge_all(&judge, &upload->ready);
        buffer_release(&judge.stack);
        name_set_release(&judge.seen);
        bough_arena_release(&judge.arena);
        upload->judged_at = upload->haves.len;
    }
    *ready = upload->ready;
    return err;
}
