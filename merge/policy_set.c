/* SPDX-License-Identifier: ISC
 *
 * policy_set.c - lines as a set.
 *
 * Owns no data.  The result has each line once, sorted by bytes, each with a newline: so it does
 * not depend on how the sides were written.
 */
#include "policy_set.h"
#include "bough/limits.h"
#include <assert.h>
#include <stdlib.h>

enum bough_err policy_set_lines(struct bough_bytes text, struct bough_arena *arena,
                                struct bough_bytes **lines, size_t *count)
{
    size_t max = 0;

    for (size_t i = 0; i < text.len; i++)
        max += text.at[i] == '\n' || i + 1 == text.len;
    if (max > BOUGH_MERGE_LINES_MAX)
        return BOUGH_TOO_BIG;
    *lines = bough_arena_take(arena, max * sizeof(**lines));
    if (*lines == NULL)
        return BOUGH_NO_MEMORY;
    *count = 0;
    for (size_t at = 0; at < text.len;) {
        const uint8_t *newline = memchr(text.at + at, '\n', text.len - at);
        size_t end = newline == NULL ? text.len : (size_t)(newline - text.at);

        (*lines)[(*count)++] = bough_bytes_of(text.at + at, end - at);
        at = end + 1;
    }
    assert(*count == max);
    return BOUGH_OK;
}

static int compare(const void *a, const void *b)
{
    const struct bough_bytes *left = a;
    const struct bough_bytes *right = b;

    return bough_bytes_compare(*left, *right);
}

struct set {
    struct bough_bytes *lines; /* sorted */
    size_t count;
    size_t at;
};

/* Whether the set has `line`; it is passed, however often it stands there. */
static bool pass(struct set *set, struct bough_bytes line)
{
    bool has = false;

    while (set->at < set->count && bough_bytes_equal(set->lines[set->at], line)) {
        set->at++;
        has = true;
    }
    return has;
}

/* Writes the merged set to `into` and gives its length. */
static size_t write_out(struct set sets[3], uint8_t *into)
{
    size_t len = 0;

    for (;;) {
        const struct bough_bytes *least = NULL;
        struct bough_bytes line;
        bool has[3];

        for (int i = 0; i < 3; i++) {
            const struct set *set = &sets[i];

            if (set->at < set->count && (least == NULL || compare(&set->lines[set->at], least) < 0))
                least = &set->lines[set->at];
        }
        if (least == NULL)
            return len;
        line = *least;
        assert(sets[0].at <= sets[0].count);
        for (int i = 0; i < 3; i++)
            has[i] = pass(&sets[i], line);
        if (has[0] ? !has[1] || !has[2] : !has[1] && !has[2])
            continue;
        if (line.len > 0)
            memcpy(into + len, line.at, line.len);
        into[len + line.len] = '\n';
        len += line.len + 1;
    }
}

enum bough_err policy_set(const struct bough_merge_values *values, struct bough_arena *arena,
                          struct bough_merge_value *merged)
{
    const struct bough_bytes texts[3] = {values->has_base ? values->base : bough_bytes_of(NULL, 0),
                                         values->ours.value, values->theirs.value};
    struct set sets[3];
    uint8_t *into;

    for (int i = 0; i < 3; i++) {
        enum bough_err err = policy_set_lines(texts[i], arena, &sets[i].lines, &sets[i].count);

        if (err == BOUGH_TOO_BIG)
            return policy_result_not(merged, "a value has too many lines");
        if (err != BOUGH_OK)
            return err;
        sets[i].at = 0;
        qsort(sets[i].lines, sets[i].count, sizeof(*sets[i].lines), compare);
    }
    into = bough_arena_take(arena, texts[1].len + texts[2].len + 2);
    if (into == NULL)
        return BOUGH_NO_MEMORY;
    return policy_result_clean(merged, bough_bytes_of(into, write_out(sets, into)));
}
