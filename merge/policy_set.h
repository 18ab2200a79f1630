/* SPDX-License-Identifier: ISC
 *
 * policy_set.h - the policy set (docs/policies.md), and texts as lists of lines.
 */
#ifndef POLICY_SET_H
#define POLICY_SET_H

#include "policy_result.h"

/* Lines as a set: what either added or both kept, sorted. */
BOUGH_MUST_CHECK enum bough_err policy_set(const struct bough_merge_values *values,
                                           struct bough_arena *arena,
                                           struct bough_merge_value *merged);

/* The lines of a text, without their newlines, in the arena; BOUGH_TOO_BIG past
 * BOUGH_MERGE_LINES_MAX. */
BOUGH_MUST_CHECK enum bough_err policy_set_lines(struct bough_bytes text, struct bough_arena *arena,
                                                 struct bough_bytes **lines, size_t *count);

#endif
