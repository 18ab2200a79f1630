/* SPDX-License-Identifier: ISC
 *
 * policy_lines.h - the policies ours, theirs, union and text (docs/policies.md).
 */
#ifndef POLICY_LINES_H
#define POLICY_LINES_H

#include "policy_result.h"

/* Our value. */
BOUGH_MUST_CHECK enum bough_err policy_lines_ours(const struct bough_merge_values *values,
                                                  struct bough_arena *arena,
                                                  struct bough_merge_value *merged);

/* Their value. */
BOUGH_MUST_CHECK enum bough_err policy_lines_theirs(const struct bough_merge_values *values,
                                                    struct bough_arena *arena,
                                                    struct bough_merge_value *merged);

/* As text, but where both changed something the lines of both. */
BOUGH_MUST_CHECK enum bough_err policy_lines_union(const struct bough_merge_values *values,
                                                   struct bough_arena *arena,
                                                   struct bough_merge_value *merged);

/* Line by line; with markers where both changed something. */
BOUGH_MUST_CHECK enum bough_err policy_lines_text(const struct bough_merge_values *values,
                                                  struct bough_arena *arena,
                                                  struct bough_merge_value *merged);

#endif
