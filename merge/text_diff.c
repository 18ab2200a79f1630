/* SPDX-License-Identifier: ISC
 *
 * text_diff.c - what differs between two texts, as `git diff` and `diff -u` show it.
 *
 * Owns no data.  Edits come from lines_diff.c; those whose contexts would touch become one hunk.
 *   (1) Lines between two edits are equal in both texts, so context is taken from either.
 *   (2) A hunk is headed by the last line before it that begins like a name (a heading, a
 *       function), if need be the one that headed the hunk before.
 * The moment that matters is the end of a text without a newline: such a line differs from the same
 * one with a newline, and a mark behind it says which is meant, or the patch would add a byte.
 */
#include "bough/text_diff.h"
#include "bough/limits.h"
#include "lines_diff.h"
#include "out.h"
#include <assert.h>

#define CONTEXT_LINES 3u
#define BINARY_BYTES  8000u /* of a text that git searches for a NUL */
#define HEADING_BYTES 80u   /* that git shows of a heading */

struct unified {
    struct lines_text from;
    struct lines_text to;
    struct out out;
    struct bough_bytes heading;
    uint32_t searched; /* lines of `from` that need not be looked at for a heading any more */
};

static bool is_binary(struct bough_bytes text)
{
    size_t len = text.len < BINARY_BYTES ? text.len : BINARY_BYTES;

    return len > 0 && memchr(text.at, '\0', len) != NULL;
}

static bool is_heading(struct bough_bytes line)
{
    uint8_t first;

    assert(line.len > 0);
    first = line.at[0];
    return (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '_' ||
           first == '$';
}

/* Looks for the heading of a hunk that begins at line `start`: invariant (2). */
static void find_heading(struct unified *unified, uint32_t start)
{
    uint32_t at = start;

    while (at > unified->searched) {
        struct bough_bytes line = lines_split_line(&unified->from, --at);

        if (!is_heading(line))
            continue;
        if (line.len > HEADING_BYTES)
            line.len = HEADING_BYTES;
        while (line.len > 0 && memchr(" \t\r\n", line.at[line.len - 1], 4) != NULL)
            line.len--;
        unified->heading = line;
        break;
    }
    unified->searched = start;
}

/* "-12,7": a count of one is left out, and no lines stand behind the line before them. */
static void write_range(struct out *out, char sign, uint32_t start, uint32_t count)
{
    out_format(out, "%c%lu", sign, (unsigned long)start + (count > 0));
    if (count != 1)
        out_format(out, ",%lu", (unsigned long)count);
}

static void write_lines(struct out *out, const char *mark, const struct lines_text *text,
                        uint32_t start, uint32_t count)
{
    assert(start + count <= text->count);
    for (uint32_t i = start; i < start + count; i++) {
        struct bough_bytes line = lines_split_line(text, i);

        out_text(out, mark);
        out_bytes(out, line);
        if (line.at[line.len - 1] != '\n')
            out_text(out, "\n\\ No newline at end of file\n");
    }
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Writes the hunk of some edits that stand close together. */
static void write_hunk(struct unified *unified, const struct lines_edit *edits, size_t count)
{
    const struct lines_edit *last = &edits[count - 1];
    struct out *out = &unified->out;
    uint32_t before = least(edits[0].a, CONTEXT_LINES);
    uint32_t start = edits[0].a - before;
    uint32_t from_end = last->a + last->a_count;
    uint32_t to_end = last->b + last->b_count;
    uint32_t behind = least(unified->from.count - from_end, CONTEXT_LINES);

    assert(before <= edits[0].b && behind <= unified->to.count - to_end);
    out_text(out, "@@ ");
    write_range(out, '-', start, from_end + behind - start);
    out_text(out, " ");
    write_range(out, '+', edits[0].b - before, to_end + behind - (edits[0].b - before));
    out_text(out, " @@");
    find_heading(unified, start);
    if (unified->heading.len > 0) {
        out_text(out, " ");
        out_bytes(out, unified->heading);
    }
    out_text(out, "\n");
    for (size_t i = 0; i < count; i++) {
        write_lines(out, " ", &unified->from, start, edits[i].a - start);
        write_lines(out, "-", &unified->from, edits[i].a, edits[i].a_count);
        write_lines(out, "+", &unified->to, edits[i].b, edits[i].b_count);
        start = edits[i].a + edits[i].a_count;
    }
    write_lines(out, " ", &unified->from, start, behind);
}

enum bough_err bough_text_diff(struct bough_bytes from, struct bough_bytes to,
                               struct bough_arena *arena, struct bough_bytes *hunks)
{
    const struct bough_bytes texts[2] = {from, to};
    struct unified unified = {.out = out_begin(arena)};
    struct lines_text split[2];
    struct lines_work work;
    struct lines_edit *edits;
    size_t count;
    size_t end;

    if (from.len > BOUGH_DIFF_TEXT_BYTES_MAX || to.len > BOUGH_DIFF_TEXT_BYTES_MAX)
        return BOUGH_TOO_BIG;
    if (is_binary(from) || is_binary(to))
        return BOUGH_INVALID;
    BOUGH_TRY(lines_split(&work, arena, texts, 2, split));
    BOUGH_TRY(lines_diff(&work, LINES_SHOWN, split[0].classes, split[0].count, split[1].classes,
                         split[1].count, &edits, &count));
    unified.from = split[0];
    unified.to = split[1];
    for (size_t i = 0; i < count; i = end) {
        for (end = i + 1; end < count; end++)
            if (edits[end].a - edits[end - 1].a - edits[end - 1].a_count > 2 * CONTEXT_LINES)
                break;
        write_hunk(&unified, &edits[i], end - i);
    }
    return out_end(&unified.out, hunks);
}
