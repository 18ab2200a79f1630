/* SPDX-License-Identifier: ISC
 *
 * policy_log.h - the policies log and lww, which look at times (docs/policies.md).
 */
#ifndef POLICY_LOG_H
#define POLICY_LOG_H

#include "policy_result.h"

/* The base's lines, and what both sides added to them, by time. */
BOUGH_MUST_CHECK enum bough_err policy_log(const struct bough_merge_values *values,
                                           struct bough_arena *arena,
                                           struct bough_merge_value *merged);

/* The value of the later commit. */
BOUGH_MUST_CHECK enum bough_err policy_log_lww(const struct bough_merge_values *values,
                                               struct bough_arena *arena,
                                               struct bough_merge_value *merged);

#endif
