/* SPDX-License-Identifier: ISC
 *
 * lines_split.c - texts as lines, and lines as numbers.
 *
 * Owns no data.  Comparing numbers is what makes comparing texts cheap.
 *   (1) Two lines have the same class iff they have the same bytes.
 *   (2) The table has at least twice as many slots as there are lines.
 * Lines that were chosen to collide use up the steps, and the texts count as too big.
 */
#include "lines_split.h"
#include "bough/limits.h"
#include <assert.h>

#define TEXT_SHIFT 30u
_Static_assert(BOUGH_MERGE_VALUE_BYTES_MAX < 1u << TEXT_SHIFT, "where a line begins has 30 bits");

static uint32_t count_lines(struct bough_bytes text)
{
    uint32_t count = 0;

    for (size_t at = 0; at < text.len; count++) {
        const uint8_t *newline = memchr(text.at + at, '\n', text.len - at);

        at = newline == NULL ? text.len : (size_t)(newline - text.at) + 1;
    }
    return count;
}

/* FNV-1a (Fowler, Noll, Vo), folded. */
static uint32_t hash_of(struct bough_bytes line)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < line.len; i++)
        hash = (hash ^ line.at[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

struct bough_bytes lines_split_class(const struct lines_work *work, uint32_t class)
{
    struct bough_bytes text = work->texts[work->lines[class] >> TEXT_SHIFT];
    uint32_t start = work->lines[class] & ((1u << TEXT_SHIFT) - 1);

    assert(start < text.len);
    return bough_bytes_of(text.at + start, text.len - start);
}

/* Whether a line is of a class. */
static bool is_of(const struct lines_work *work, uint32_t class, struct bough_bytes line)
{
    struct bough_bytes rest = lines_split_class(work, class);

    return rest.len >= line.len && memcmp(rest.at, line.at, line.len) == 0 &&
           (line.at[line.len - 1] == '\n' || rest.len == line.len);
}

/* Finds or makes the class of the line of a text that begins at `start`. */
static enum bough_err classify(struct lines_work *work, size_t text, uint32_t start,
                               struct bough_bytes line, uint32_t *class)
{
    uint32_t slot = hash_of(line) & work->mask;

    assert(line.len > 0);
    for (; work->slots[slot] != 0; slot = (slot + 1) & work->mask) {
        *class = work->slots[slot] - 1;
        if (is_of(work, *class, line))
            return BOUGH_OK;
        if (!lines_split_spend(work, 1))
            return BOUGH_TOO_BIG;
    }
    *class = work->class_count++;
    work->lines[*class] = (uint32_t)text << TEXT_SHIFT | start;
    work->slots[slot] = *class + 1;
    assert(work->class_count <= work->mask / 2 + 1);
    return BOUGH_OK;
}

static enum bough_err split_one(struct lines_work *work, size_t number, uint32_t count,
                                struct lines_text *text)
{
    struct bough_bytes bytes = work->texts[number];
    uint32_t *starts = bough_arena_zeros(work->arena, (size_t)count + 1, sizeof(*starts));
    uint32_t *classes = bough_arena_zeros(work->arena, (size_t)count + 1, sizeof(*classes));
    uint32_t at = 0;

    if (starts == NULL || classes == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *newline = memchr(bytes.at + at, '\n', bytes.len - at);
        size_t len = newline == NULL ? bytes.len - at : (size_t)(newline - bytes.at) + 1 - at;

        starts[i] = at;
        BOUGH_TRY(classify(work, number, at, bough_bytes_of(bytes.at + at, len), &classes[i]));
        at += (uint32_t)len;
    }
    assert(at == bytes.len);
    starts[count] = at;
    *text = (struct lines_text){.at = bytes.len == 0 ? (const uint8_t *)"" : bytes.at,
                                .count = count,
                                .starts = starts,
                                .classes = classes};
    return BOUGH_OK;
}

enum bough_err lines_split(struct lines_work *work, struct bough_arena *arena,
                           const struct bough_bytes *texts, size_t count, struct lines_text *split)
{
    uint32_t all = 0;
    uint32_t slots = 16;

    assert(count <= 1u << (32 - TEXT_SHIFT));
    *work = (struct lines_work){
        .arena = arena, .steps_left = BOUGH_MERGE_STEPS_MAX + 1, .texts = texts};
    for (size_t i = 0; i < count; i++) {
        if (texts[i].len > BOUGH_MERGE_VALUE_BYTES_MAX)
            return BOUGH_TOO_BIG;
        split[i].count = count_lines(texts[i]);
        if (split[i].count > BOUGH_MERGE_LINES_MAX)
            return BOUGH_TOO_BIG;
        all += split[i].count;
    }
    while (slots < 2 * all)
        slots *= 2;
    assert((slots & (slots - 1)) == 0);
    work->mask = slots - 1;
    work->slots = bough_arena_zeros(arena, slots, sizeof(*work->slots));
    work->lines = bough_arena_zeros(arena, (size_t)all + 1, sizeof(*work->lines));
    if (work->slots == NULL || work->lines == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        BOUGH_TRY(split_one(work, i, split[i].count, &split[i]));
    for (size_t i = 0; i < 2; i++) {
        work->counts[i] =
            bough_arena_zeros(arena, (size_t)work->class_count + 1, sizeof(*work->counts[i]));
        if (work->counts[i] == NULL)
            return BOUGH_NO_MEMORY;
    }
    return BOUGH_OK;
}

struct bough_bytes lines_split_line(const struct lines_text *text, uint32_t number)
{
    assert(number < text->count);
    return bough_bytes_of(text->at + text->starts[number],
                          text->starts[number + 1] - text->starts[number]);
}
