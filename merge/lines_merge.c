/* SPDX-License-Identifier: ISC
 *
 * lines_merge.c - three texts become one, line by line, as git does it.
 *
 * Owns no data.  What each side changed is walked together: where only one did, its lines are
 * taken; where both did the same, these; else it is a conflict ("hunk").  A conflict is then
 * narrowed to the lines in which the sides really differ, and conflicts with few lines between them
 * are joined, because that reads better.
 *   (1) Hunks are in order and do not touch; what is between them is equal on all sides, and stands
 *       in ours.
 * The level of zeal is that of git's merges (not of `git merge-file`, which also joins what has
 * only punctuation between).
 */
#include "lines_merge.h"
#include <assert.h>

enum side { BASE, OURS, THEIRS };

enum take { TAKE_CONFLICT, TAKE_OURS, TAKE_THEIRS, TAKE_BOTH, TAKE_EITHER };

#define BINARY_BYTES 8000u /* of a text that git searches for a NUL */
#define JOINED_LINES 3u

struct hunk {
    struct hunk *next;
    enum take take;
    uint32_t from[3];
    uint32_t count[3];
};

struct merger {
    const struct lines_merge *merge;
    struct lines_work work;
    struct lines_text texts[3];
    struct lines_edit *edits[3];
    size_t edit_count[3];
    struct hunk *first;
    struct hunk *last;
};

/* Appends a hunk, or makes the last one longer if they touch. */
static enum bough_err append(struct merger *merger, const struct hunk *found)
{
    struct hunk *last = merger->last;
    struct hunk *hunk;

    if (last != NULL && (found->from[OURS] <= last->from[OURS] + last->count[OURS] ||
                         found->from[THEIRS] <= last->from[THEIRS] + last->count[THEIRS])) {
        if (found->take != last->take)
            last->take = TAKE_CONFLICT;
        for (int i = 0; i < 3; i++)
            last->count[i] = found->from[i] + found->count[i] - last->from[i];
        return BOUGH_OK;
    }
    hunk = bough_arena_take(merger->work.arena, sizeof(*hunk));
    if (hunk == NULL)
        return BOUGH_NO_MEMORY;
    *hunk = *found;
    if (last == NULL)
        merger->first = hunk;
    else
        last->next = hunk;
    merger->last = hunk;
    return BOUGH_OK;
}

/* What one side changed and the other did not; `shift` is what the other's lines are off by. */
static enum bough_err append_one(struct merger *merger, enum side side,
                                 const struct lines_edit *edit, uint32_t shift)
{
    enum side other = side == OURS ? THEIRS : OURS;
    struct hunk hunk = {.take = side == OURS ? TAKE_OURS : TAKE_THEIRS};

    hunk.from[BASE] = edit->a;
    hunk.count[BASE] = edit->a_count;
    hunk.from[side] = edit->b;
    hunk.count[side] = edit->b_count;
    hunk.from[other] = edit->a + shift;
    hunk.count[other] = edit->a_count;
    return append(merger, &hunk);
}

static bool same_edit(const struct merger *merger, const struct lines_edit *ours,
                      const struct lines_edit *theirs)
{
    return ours->a == theirs->a && ours->a_count == theirs->a_count &&
           ours->b_count == theirs->b_count &&
           memcmp(merger->texts[OURS].classes + ours->b, merger->texts[THEIRS].classes + theirs->b,
                  ours->b_count * sizeof(uint32_t)) == 0;
}

/* What both changed: the hunk reaches from where the first begins to where the last ends. */
static enum bough_err append_both(struct merger *merger, const struct lines_edit *ours,
                                  const struct lines_edit *theirs)
{
    uint32_t from = ours->a < theirs->a ? ours->a : theirs->a;
    uint32_t our_end = ours->a + ours->a_count;
    uint32_t their_end = theirs->a + theirs->a_count;
    uint32_t end = our_end > their_end ? our_end : their_end;
    struct hunk hunk = {
        .take = TAKE_CONFLICT,
        .from = {from, ours->b - (ours->a - from), theirs->b - (theirs->a - from)},
    };

    assert(from <= end && end <= merger->texts[BASE].count);
    hunk.count[BASE] = end - from;
    hunk.count[OURS] = ours->b + ours->b_count + (end - our_end) - hunk.from[OURS];
    hunk.count[THEIRS] = theirs->b + theirs->b_count + (end - their_end) - hunk.from[THEIRS];
    return append(merger, &hunk);
}

/* Walks both lists of edits.  Shifts wrap around where a side is shorter than the base. */
static enum bough_err walk(struct merger *merger)
{
    const struct lines_edit *ours = merger->edits[OURS];
    const struct lines_edit *theirs = merger->edits[THEIRS];
    const struct lines_edit *ours_end = ours + merger->edit_count[OURS];
    const struct lines_edit *theirs_end = theirs + merger->edit_count[THEIRS];

    while (ours < ours_end || theirs < theirs_end) {
        uint32_t our_shift = ours < ours_end
                                 ? ours->b - ours->a
                                 : merger->texts[OURS].count - merger->texts[BASE].count;
        uint32_t their_shift = theirs < theirs_end
                                   ? theirs->b - theirs->a
                                   : merger->texts[THEIRS].count - merger->texts[BASE].count;

        if (theirs == theirs_end || (ours < ours_end && ours->a + ours->a_count < theirs->a)) {
            BOUGH_TRY(append_one(merger, OURS, ours++, their_shift));
        } else if (ours == ours_end || theirs->a + theirs->a_count < ours->a) {
            BOUGH_TRY(append_one(merger, THEIRS, theirs++, our_shift));
        } else {
            uint32_t our_end = ours->a + ours->a_count;
            uint32_t their_end = theirs->a + theirs->a_count;

            if (!same_edit(merger, ours, theirs))
                BOUGH_TRY(append_both(merger, ours, theirs));
            ours += our_end <= their_end;
            theirs += their_end <= our_end;
        }
    }
    return BOUGH_OK;
}

/* Narrows a conflict to what differs between the sides: it becomes one hunk for each difference.
 * Gives the last of them. */
static enum bough_err refine(struct merger *merger, struct hunk *hunk, struct hunk **last)
{
    uint32_t from[3] = {0, hunk->from[OURS], hunk->from[THEIRS]};
    struct lines_edit *edits;
    size_t count;

    *last = hunk;
    if (hunk->take != TAKE_CONFLICT || hunk->count[OURS] == 0 || hunk->count[THEIRS] == 0)
        return BOUGH_OK;
    BOUGH_TRY(lines_diff(&merger->work, merger->merge->how,
                         merger->texts[OURS].classes + from[OURS], hunk->count[OURS],
                         merger->texts[THEIRS].classes + from[THEIRS], hunk->count[THEIRS], &edits,
                         &count));
    assert(count <= hunk->count[OURS] + hunk->count[THEIRS]);
    if (count == 0)
        hunk->take = TAKE_EITHER;
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            struct hunk *next = bough_arena_zeros(merger->work.arena, 1, sizeof(*next));

            if (next == NULL)
                return BOUGH_NO_MEMORY;
            next->next = (*last)->next;
            (*last)->next = next;
            *last = next;
        }
        (*last)->from[OURS] = from[OURS] + edits[i].a;
        (*last)->count[OURS] = edits[i].a_count;
        (*last)->from[THEIRS] = from[THEIRS] + edits[i].b;
        (*last)->count[THEIRS] = edits[i].b_count;
    }
    return BOUGH_OK;
}

/* Joins conflicts that have few lines between them. */
static void join(struct merger *merger)
{
    for (struct hunk *hunk = merger->first; hunk != NULL && hunk->next != NULL;) {
        struct hunk *next = hunk->next;
        uint32_t between = next->from[OURS] - hunk->from[OURS] - hunk->count[OURS];

        if (hunk->take != TAKE_CONFLICT || next->take != TAKE_CONFLICT || between > JOINED_LINES) {
            hunk = next;
            continue;
        }
        hunk->count[OURS] = next->from[OURS] + next->count[OURS] - hunk->from[OURS];
        hunk->count[THEIRS] = next->from[THEIRS] + next->count[THEIRS] - hunk->from[THEIRS];
        hunk->next = next->next;
    }
}

/* What is written: counted first (`at` NULL), then copied. */
struct sink {
    uint8_t *at;
    size_t len;
};

static void put(struct sink *sink, struct bough_bytes bytes)
{
    if (sink->at != NULL && bytes.len > 0)
        memcpy(sink->at + sink->len, bytes.at, bytes.len);
    sink->len += bytes.len;
}

static void put_newline(struct sink *sink, bool crlf)
{
    put(sink, bough_bytes_text(crlf ? "\r\n" : "\n"));
}

static void put_lines(struct sink *sink, const struct lines_text *text, uint32_t from,
                      uint32_t count)
{
    assert(from + count <= text->count);
    put(sink, bough_bytes_of(text->at + text->starts[from],
                             text->starts[from + count] - text->starts[from]));
}

/* The lines of a hunk on one side, the last one with a newline even if the text ends without. */
static void put_whole(struct sink *sink, const struct lines_text *text, uint32_t from,
                      uint32_t count, bool crlf)
{
    put_lines(sink, text, from, count);
    if (count > 0 && text->at[text->starts[from + count] - 1] != '\n')
        put_newline(sink, crlf);
}

static void put_marker(struct sink *sink, const struct lines_merge *merge, char c,
                       struct bough_bytes label, bool crlf)
{
    uint8_t byte = (uint8_t)c;

    for (uint32_t i = 0; i < merge->marker_len; i++)
        put(sink, bough_bytes_of(&byte, 1));
    if (label.len > 0) {
        put(sink, bough_bytes_text(" "));
        put(sink, label);
    }
    put_newline(sink, crlf);
}

/* How the line before a hunk, or the first, ends: 1 CR LF, 0 LF, -1 that cannot be told. */
static int line_end(const struct lines_text *text, uint32_t from)
{
    uint32_t line = from == 0 ? 0 : from - 1;
    struct bough_bytes bytes;

    if (text->count == 0)
        return -1;
    bytes = lines_split_line(text, line);
    if (bytes.at[bytes.len - 1] != '\n') { /* the last line */
        if (line == 0)
            return -1;
        bytes = lines_split_line(text, line - 1);
    }
    return bytes.len > 1 && bytes.at[bytes.len - 2] == '\r';
}

static bool needs_crlf(const struct merger *merger, const struct hunk *hunk)
{
    int end = line_end(&merger->texts[OURS], hunk->from[OURS]);

    if (end != 0)
        end = line_end(&merger->texts[THEIRS], hunk->from[THEIRS]);
    if (end != 0)
        end = line_end(&merger->texts[BASE], 0);
    return end > 0;
}

static void put_conflict(struct sink *sink, const struct merger *merger, const struct hunk *hunk)
{
    const struct lines_merge *merge = merger->merge;
    bool crlf = needs_crlf(merger, hunk);

    put_marker(sink, merge, '<', merge->our_label, crlf);
    put_whole(sink, &merger->texts[OURS], hunk->from[OURS], hunk->count[OURS], crlf);
    if (merge->with_base) {
        put_marker(sink, merge, '|', merge->base_label, crlf);
        put_whole(sink, &merger->texts[BASE], hunk->from[BASE], hunk->count[BASE], crlf);
    }
    put_marker(sink, merge, '=', bough_bytes_of(NULL, 0), crlf);
    put_whole(sink, &merger->texts[THEIRS], hunk->from[THEIRS], hunk->count[THEIRS], crlf);
    put_marker(sink, merge, '>', merge->their_label, crlf);
}

static void put_hunk(struct sink *sink, const struct merger *merger, const struct hunk *hunk)
{
    const struct lines_text *ours = &merger->texts[OURS];

    if (hunk->take == TAKE_CONFLICT) {
        put_conflict(sink, merger, hunk);
        return;
    }
    if (hunk->take == TAKE_OURS || hunk->take == TAKE_EITHER)
        put_lines(sink, ours, hunk->from[OURS], hunk->count[OURS]);
    if (hunk->take == TAKE_BOTH)
        put_whole(sink, ours, hunk->from[OURS], hunk->count[OURS], needs_crlf(merger, hunk));
    if (hunk->take == TAKE_THEIRS || hunk->take == TAKE_BOTH)
        put_lines(sink, &merger->texts[THEIRS], hunk->from[THEIRS], hunk->count[THEIRS]);
}

static enum bough_err write_out(struct merger *merger, struct bough_bytes *merged)
{
    struct sink sink = {.len = 0};

    for (int pass = 0; pass < 2; pass++) {
        uint32_t line = 0;

        if (pass == 1) {
            sink.at = bough_arena_take(merger->work.arena, sink.len);
            if (sink.at == NULL)
                return BOUGH_NO_MEMORY;
            sink.len = 0;
        }
        for (const struct hunk *hunk = merger->first; hunk != NULL; hunk = hunk->next) {
            assert(line <= hunk->from[OURS]);
            put_lines(&sink, &merger->texts[OURS], line, hunk->from[OURS] - line);
            put_hunk(&sink, merger, hunk);
            line = hunk->from[OURS] + hunk->count[OURS];
        }
        assert(line <= merger->texts[OURS].count);
        put_lines(&sink, &merger->texts[OURS], line, merger->texts[OURS].count - line);
    }
    *merged = bough_bytes_of(sink.at, sink.len);
    return BOUGH_OK;
}

/* Settles what to take, and counts what is left to people. */
static enum bough_err settle(struct merger *merger, size_t *conflicts)
{
    *conflicts = 0;
    BOUGH_TRY(walk(merger));
    if (!merger->merge->with_base) {
        for (struct hunk *hunk = merger->first; hunk != NULL; hunk = hunk->next)
            BOUGH_TRY(refine(merger, hunk, &hunk));
        join(merger);
    }
    for (struct hunk *hunk = merger->first; hunk != NULL; hunk = hunk->next) {
        if (hunk->take == TAKE_CONFLICT && merger->merge->take_both)
            hunk->take = TAKE_BOTH;
        *conflicts += hunk->take == TAKE_CONFLICT;
    }
    return BOUGH_OK;
}

enum bough_err lines_merge(const struct lines_merge *merge, struct bough_arena *arena,
                           struct bough_bytes *merged, size_t *conflicts)
{
    const struct bough_bytes texts[3] = {merge->base, merge->ours, merge->theirs};
    struct merger merger = {.merge = merge};

    for (int i = 0; i < 3; i++) {
        size_t searched = texts[i].len < BINARY_BYTES ? texts[i].len : BINARY_BYTES;

        if (searched > 0 && memchr(texts[i].at, '\0', searched) != NULL)
            return BOUGH_INVALID;
    }
    BOUGH_TRY(lines_split(&merger.work, arena, texts, 3, merger.texts));
    for (enum side side = OURS; side <= THEIRS; side++)
        BOUGH_TRY(lines_diff(&merger.work, merge->how, merger.texts[BASE].classes,
                             merger.texts[BASE].count, merger.texts[side].classes,
                             merger.texts[side].count, &merger.edits[side],
                             &merger.edit_count[side]));
    BOUGH_TRY(settle(&merger, conflicts));
    return write_out(&merger, merged);
}
