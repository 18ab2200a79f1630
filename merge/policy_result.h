/* SPDX-License-Identifier: ISC
 *
 * policy_result.h - what policies have in common: what they are given, and how they answer.
 */
#ifndef POLICY_RESULT_H
#define POLICY_RESULT_H

#include "bough/merge_policy.h"

/* How each policy of policy_*.h looks: *merged is zero before; the sides differ from each other and
 * from the base, which is not empty if there is one, and no value is past
 * BOUGH_MERGE_VALUE_BYTES_MAX. */
struct policy_result_of {
    enum bough_err (*merge)(const struct bough_merge_values *values, struct bough_arena *arena,
                            struct bough_merge_value *merged);
};

/* The values became one. */
static inline enum bough_err policy_result_clean(struct bough_merge_value *merged,
                                                 struct bough_bytes value)
{
    *merged = (struct bough_merge_value){.clean = true, .value = value};
    return BOUGH_OK;
}

/* They did not. */
static inline enum bough_err policy_result_not(struct bough_merge_value *merged, const char *why)
{
    *merged = (struct bough_merge_value){.why = why};
    return BOUGH_OK;
}

#endif
