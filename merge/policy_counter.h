/* SPDX-License-Identifier: ISC
 *
 * policy_counter.h - the policy counter (docs/policies.md).
 */
#ifndef POLICY_COUNTER_H
#define POLICY_COUNTER_H

#include "policy_result.h"

/* Decimal numbers: ours + theirs - base. */
BOUGH_MUST_CHECK enum bough_err policy_counter(const struct bough_merge_values *values,
                                               struct bough_arena *arena,
                                               struct bough_merge_value *merged);

#endif
