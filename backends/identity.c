/* SPDX-License-Identifier: ISC
 *
 * identity.c - what a new store is made with: who it is, and how its trees are cut.
 */
#include "identity.h"

static bool window_ok(uint32_t window_bytes)
{
    return window_bytes >= IDENTITY_WINDOW_MIN && window_bytes <= IDENTITY_WINDOW_MAX;
}

bool identity_is_valid(const struct bough_identity *identity)
{
    return window_ok(identity->leaf_window_bytes) && window_ok(identity->inner_window_bytes);
}

enum bough_err identity_choose(struct bough_env *env, const struct bough_identity *given,
                               struct bough_identity *chosen)
{
    if (given != NULL) {
        *chosen = *given;
        return identity_is_valid(given) ? BOUGH_OK : BOUGH_INVALID;
    }
    *chosen = (struct bough_identity){
        .leaf_window_bytes = IDENTITY_WINDOW_DEFAULT,
        .inner_window_bytes = IDENTITY_WINDOW_DEFAULT,
    };
    BOUGH_TRY(bough_entropy_fill(env->entropy, chosen->uuid, sizeof(chosen->uuid)));
    return bough_entropy_fill(env->entropy, chosen->salt, sizeof(chosen->salt));
}
