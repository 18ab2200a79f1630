/* SPDX-License-Identifier: ISC
 *
 * policy_json.h - the policy json (docs/policies.md).
 */
#ifndef POLICY_JSON_H
#define POLICY_JSON_H

#include "policy_result.h"

/* JSON (RFC 8259) by member and by element. */
BOUGH_MUST_CHECK enum bough_err policy_json(const struct bough_merge_values *values,
                                            struct bough_arena *arena,
                                            struct bough_merge_value *merged);

#endif
