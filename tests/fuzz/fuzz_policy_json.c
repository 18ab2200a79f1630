/* SPDX-License-Identifier: ISC
 *
 * fuzz_policy_json.c - any bytes as three values, separated by 0xff, merged as JSON: a result is
 * JSON, and the same the other way round.
 */
#include "bough/merge_policy.h"
#include "env_unix.h"
#include "json_read.h"
#include <stdlib.h>

static struct bough_merge_value merge(const struct bough_merge_values *values,
                                      struct bough_arena *arena)
{
    const struct bough_merge_policy *policy = bough_merge_policy_find(bough_bytes_text("json"));
    struct bough_merge_value merged;

    if (policy->merge(policy->context, values, arena, &merged) != BOUGH_OK)
        abort();
    return merged;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bough_bytes texts[3] = {{.at = NULL}};
    struct bough_merge_values values = {.has_base = true};
    struct bough_merge_value merged, again;
    struct bough_arena arena;
    struct env_unix env;
    const struct json *json;
    size_t from = 0;

    for (int i = 0; i < 3 && from < size; i++) {
        const uint8_t *end = memchr(data + from, 0xff, size - from);
        size_t len = end == NULL ? size - from : (size_t)(end - data) - from;
        uint8_t *exact = malloc(len + 1);

        memcpy(exact, data + from, len);
        texts[i] = bough_bytes_of(exact, len);
        from += len + 1;
    }
    env_unix_open(&env, (size_t)1 << 29);
    bough_arena_init(&arena, env.base.heap, (size_t)1 << 29);
    values.base = texts[0];
    values.ours.value = texts[1];
    values.theirs.value = texts[2];
    merged = merge(&values, &arena);
    values.ours.value = texts[2];
    values.theirs.value = texts[1];
    again = merge(&values, &arena);
    if (again.clean != merged.clean ||
        (merged.clean && !bough_bytes_equal(merged.value, again.value)))
        abort();
    if (merged.clean && json_read(texts[1], &arena, &json, NULL) == BOUGH_OK &&
        json_read(texts[2], &arena, &json, NULL) == BOUGH_OK &&
        json_read(merged.value, &arena, &json, NULL) != BOUGH_OK)
        abort();
    bough_arena_release(&arena);
    for (int i = 0; i < 3; i++)
        free((void *)(uintptr_t)texts[i].at);
    return 0;
}
