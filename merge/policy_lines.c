/* SPDX-License-Identifier: ISC
 *
 * policy_lines.c - the policies ours, theirs, union and text.
 *
 * Owns no data.  Lines are compared by histogram, because git's merges ("ort") do.
 */
#include "policy_lines.h"
#include "lines_merge.h"

#define MARKER_LEN 7u

enum bough_err policy_lines_ours(const struct bough_merge_values *values, struct bough_arena *arena,
                                 struct bough_merge_value *merged)
{
    (void)arena;
    return policy_result_clean(merged, values->ours.value);
}

enum bough_err policy_lines_theirs(const struct bough_merge_values *values,
                                   struct bough_arena *arena, struct bough_merge_value *merged)
{
    (void)arena;
    return policy_result_clean(merged, values->theirs.value);
}

static enum bough_err by_lines(const struct bough_merge_values *values, bool take_both,
                               struct bough_arena *arena, struct bough_merge_value *merged)
{
    const struct lines_merge merge = {
        .base = values->has_base ? values->base : bough_bytes_of(NULL, 0),
        .ours = values->ours.value,
        .theirs = values->theirs.value,
        .our_label = values->ours.label,
        .their_label = values->theirs.label,
        .how = LINES_HISTOGRAM,
        .take_both = take_both,
        .marker_len = values->marker_len == 0 ? MARKER_LEN : values->marker_len,
    };
    size_t conflicts;
    enum bough_err err = lines_merge(&merge, arena, &merged->value, &conflicts);

    if (err == BOUGH_INVALID)
        return policy_result_not(merged, "a value is binary");
    if (err == BOUGH_TOO_BIG)
        return policy_result_not(merged, "the values have too many lines, or differ too much");
    merged->clean = err == BOUGH_OK && conflicts == 0;
    if (!merged->clean)
        merged->why = "both sides changed the same lines";
    return err;
}

enum bough_err policy_lines_union(const struct bough_merge_values *values,
                                  struct bough_arena *arena, struct bough_merge_value *merged)
{
    return by_lines(values, true, arena, merged);
}

enum bough_err policy_lines_text(const struct bough_merge_values *values, struct bough_arena *arena,
                                 struct bough_merge_value *merged)
{
    return by_lines(values, false, arena, merged);
}
