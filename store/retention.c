/* SPDX-License-Identifier: ISC
 *
 * retention.c - the policies of retention, as a setting of the state.
 *
 *   settings/retention := (pattern:bytes commits:varint days:varint)...
 */
#include "retention.h"
#include "bough/limits.h"
#include "decode.h"
#include "encode.h"
#include "ref_pattern.h"
#include "ref_state.h"

#define SETTING          "settings/retention"
#define POLICY_BYTES_MAX (BOUGH_REF_BYTES_MAX + 3u * 10u)

const struct bough_retention *retention_find(const struct bough_retention *policies, size_t count,
                                             struct bough_bytes name)
{
    for (size_t i = 0; i < count; i++) {
        assert(policies[i].commits > 0 || policies[i].days > 0);
        if (ref_pattern_fits(policies[i].pattern, name))
            return &policies[i];
    }
    return NULL;
}

enum bough_err bough_retention_get(struct bough_store *store, struct bough_arena *arena,
                                   const struct bough_retention **policies, size_t *count)
{
    struct bough_retention *list;
    struct bough_bytes value;
    struct decode in;

    *policies = NULL;
    *count = 0;
    BOUGH_TRY(ref_state_setting(store, SETTING, arena, &value));
    if (value.len == 0)
        return BOUGH_OK;
    list = bough_arena_zeros(arena, BOUGH_RETENTION_MAX, sizeof(*list));
    value = bough_arena_copy(arena, value);
    if (list == NULL || value.at == NULL)
        return BOUGH_NO_MEMORY;
    in = decode_from(value);
    while (in.left > 0 && !in.bad && *count < BOUGH_RETENTION_MAX) {
        struct bough_retention *policy = &list[(*count)++];
        uint64_t commits;
        uint64_t days;

        policy->pattern = decode_bytes(&in);
        commits = decode_varint(&in);
        days = decode_varint(&in);
        in.bad = in.bad || commits > UINT32_MAX || days > UINT32_MAX || (commits | days) == 0;
        policy->commits = (uint32_t)commits;
        policy->days = (uint32_t)days;
    }
    *policies = list;
    return in.bad || in.left > 0 ? BOUGH_CORRUPT : BOUGH_OK;
}

static enum bough_err check(const struct bough_retention *policy)
{
    BOUGH_TRY(ref_pattern_check(policy->pattern));
    return policy->commits > 0 || policy->days > 0 ? BOUGH_OK : BOUGH_INVALID;
}

enum bough_err bough_retention_set(struct bough_store *store,
                                   const struct bough_retention *policies, size_t count)
{
    struct bough_arena arena;
    struct encode out;
    enum bough_err err = BOUGH_OK;

    if (count > BOUGH_RETENTION_MAX)
        return BOUGH_TOO_BIG;
    for (size_t i = 0; i < count && err == BOUGH_OK; i++)
        err = check(&policies[i]);
    if (err != BOUGH_OK)
        return err;
    bough_arena_init(&arena, store->env->heap, REF_STATE_ARENA_BYTES_MAX);
    out = encode_into(bough_arena_take(&arena, (count + 1) * POLICY_BYTES_MAX),
                      (count + 1) * POLICY_BYTES_MAX);
    for (size_t i = 0; i < count && out.at != NULL; i++) {
        encode_bytes(&out, policies[i].pattern);
        encode_varint(&out, policies[i].commits);
        encode_varint(&out, policies[i].days);
    }
    assert(!out.overflow);
    err = out.at == NULL ? BOUGH_NO_MEMORY
                         : ref_state_set(store, SETTING, bough_bytes_of(out.at, out.len));
    bough_arena_release(&arena);
    return err;
}
