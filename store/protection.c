/* SPDX-License-Identifier: ISC
 *
 * protection.c - the rules of protection, as a setting of the state.
 *
 *   settings/protection := (pattern:bytes what:u8)...     what: 1 = from force, 2 = from deletion
 */
#include "protection.h"
#include "bough/limits.h"
#include "decode.h"
#include "encode.h"
#include "ref_pattern.h"
#include "ref_state.h"

#define SETTING        "settings/protection"
#define RULE_BYTES_MAX (BOUGH_REF_BYTES_MAX + 3u)

#define FROM_FORCE  1u
#define FROM_DELETE 2u

enum bough_err bough_protection_get(struct bough_store *store, struct bough_arena *arena,
                                    const struct bough_protection **rules, size_t *count)
{
    struct bough_protection *list;
    struct bough_bytes value;
    struct decode in;

    *rules = NULL;
    *count = 0;
    BOUGH_TRY(ref_state_setting(store, SETTING, arena, &value));
    if (value.len == 0)
        return BOUGH_OK;
    list = bough_arena_zeros(arena, BOUGH_PROTECTION_MAX, sizeof(*list));
    value = bough_arena_copy(arena, value);
    if (list == NULL || value.at == NULL)
        return BOUGH_NO_MEMORY;
    in = decode_from(value);
    while (in.left > 0 && !in.bad && *count < BOUGH_PROTECTION_MAX) {
        struct bough_protection *rule = &list[(*count)++];
        uint8_t what;

        rule->pattern = decode_bytes(&in);
        what = decode_u8(&in);
        in.bad = in.bad || what > (FROM_FORCE | FROM_DELETE);
        rule->from_force = (what & FROM_FORCE) != 0;
        rule->from_delete = (what & FROM_DELETE) != 0;
    }
    *rules = list;
    return in.bad || in.left > 0 ? BOUGH_CORRUPT : BOUGH_OK;
}

enum bough_err bough_protection_set(struct bough_store *store, const struct bough_protection *rules,
                                    size_t count)
{
    struct bough_arena arena;
    struct encode out;
    size_t room = (count + 1) * RULE_BYTES_MAX;
    enum bough_err err = BOUGH_OK;

    if (count > BOUGH_PROTECTION_MAX)
        return BOUGH_TOO_BIG;
    for (size_t i = 0; i < count && err == BOUGH_OK; i++)
        err = ref_pattern_check(rules[i].pattern);
    if (err != BOUGH_OK)
        return err;
    bough_arena_init(&arena, store->env->heap, REF_STATE_ARENA_BYTES_MAX);
    out = encode_into(bough_arena_take(&arena, room), room);
    for (size_t i = 0; i < count && out.at != NULL; i++) {
        encode_bytes(&out, rules[i].pattern);
        encode_u8(&out, (uint8_t)((rules[i].from_force ? FROM_FORCE : 0) |
                                  (rules[i].from_delete ? FROM_DELETE : 0)));
    }
    assert(!out.overflow);
    err = out.at == NULL ? BOUGH_NO_MEMORY
                         : ref_state_set(store, SETTING, bough_bytes_of(out.at, out.len));
    bough_arena_release(&arena);
    return err;
}

enum bough_err protection_check(struct bough_store *store, struct bough_bytes name, bool remove,
                                struct bough_arena *arena)
{
    const struct bough_protection *rules;
    size_t count;

    BOUGH_TRY(bough_protection_get(store, arena, &rules, &count));
    assert(count <= BOUGH_PROTECTION_MAX);
    for (size_t i = 0; i < count; i++) {
        if (ref_pattern_fits(rules[i].pattern, name))
            return (remove ? rules[i].from_delete : rules[i].from_force) ? BOUGH_DENIED : BOUGH_OK;
    }
    return BOUGH_OK;
}
