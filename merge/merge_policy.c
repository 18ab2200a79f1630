/* SPDX-License-Identifier: ISC
 *
 * merge_policy.c - the policies that come with bough, by name.
 *
 * Owns no data but the table.  What holds for all of them stands here: equal sides give that value,
 * a side equal to the base gives the other, whatever the bytes are; and what is too big is not
 * looked at.  An empty base counts as none, because git gives its drivers an empty file then.
 */
#include "bough/limits.h"
#include "policy_counter.h"
#include "policy_json.h"
#include "policy_lines.h"
#include "policy_log.h"
#include "policy_set.h"

/* What needs no looking into. */
static bool is_plain(const struct bough_merge_values *values, struct bough_bytes *value)
{
    bool ours_new = !values->has_base || !bough_bytes_equal(values->ours.value, values->base);
    bool theirs_new = !values->has_base || !bough_bytes_equal(values->theirs.value, values->base);

    *value = ours_new ? values->ours.value : values->theirs.value;
    return !ours_new || !theirs_new || bough_bytes_equal(values->ours.value, values->theirs.value);
}

static enum bough_err merge_with(void *context, const struct bough_merge_values *values,
                                 struct bough_arena *arena, struct bough_merge_value *merged)
{
    const struct policy_result_of *policy = context;
    struct bough_merge_values known = *values;
    struct bough_bytes value;

    if (is_plain(values, &value))
        return policy_result_clean(merged, value);
    if (values->ours.value.len > BOUGH_MERGE_VALUE_BYTES_MAX ||
        values->theirs.value.len > BOUGH_MERGE_VALUE_BYTES_MAX ||
        values->base.len > BOUGH_MERGE_VALUE_BYTES_MAX)
        return policy_result_not(merged, "a value is too big to be merged");
    known.has_base = values->has_base && values->base.len > 0;
    *merged = (struct bough_merge_value){.clean = false};
    return policy->merge(&known, arena, merged);
}

const struct bough_merge_policy *bough_merge_policy_find(struct bough_bytes name)
{
    static const struct policy_result_of inner[] = {
        {policy_lines_ours}, {policy_lines_theirs}, {policy_lines_union},
        {policy_lines_text}, {policy_json},         {policy_counter},
        {policy_set},        {policy_log_lww},      {policy_log},
    };
    static const struct bough_merge_policy policies[] = {
        {"ours", merge_with, (void *)(uintptr_t)&inner[0]},
        {"theirs", merge_with, (void *)(uintptr_t)&inner[1]},
        {"union", merge_with, (void *)(uintptr_t)&inner[2]},
        {"text", merge_with, (void *)(uintptr_t)&inner[3]},
        {"json", merge_with, (void *)(uintptr_t)&inner[4]},
        {"counter", merge_with, (void *)(uintptr_t)&inner[5]},
        {"set", merge_with, (void *)(uintptr_t)&inner[6]},
        {"lww", merge_with, (void *)(uintptr_t)&inner[7]},
        {"log", merge_with, (void *)(uintptr_t)&inner[8]},
    };

    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
        if (bough_bytes_equal(name, bough_bytes_text(policies[i].name)))
            return &policies[i];
    return NULL;
}
