/* SPDX-License-Identifier: ISC
 *
 * env_unix.c - puts the four ports of a host process into one environment.
 *
 * Owns nothing but the caller's struct; every port stands in it and points nowhere else.
 */
#include "env_unix.h"
#include "bough/env_unix.h"
#include <stdlib.h>

void env_unix_open(struct env_unix *env, size_t heap_limit_bytes)
{
    heap_unix_init(&env->heap, heap_limit_bytes);
    clock_unix_init(&env->clock);
    entropy_unix_init(&env->entropy);
    log_unix_init(&env->log, &env->clock.base);
    env->base = (struct bough_env){
        .heap = &env->heap.base,
        .clock = &env->clock.base,
        .entropy = &env->entropy.base,
        .log = &env->log.base,
    };
}

struct bough_env *bough_env_unix_open(size_t heap_limit_bytes)
{
    struct env_unix *env = malloc(sizeof(*env));

    if (env == NULL)
        return NULL;
    env_unix_open(env, heap_limit_bytes);
    env->log.base.at_least = BOUGH_WARN;
    return &env->base;
}

void bough_env_unix_close(struct bough_env *env)
{
    free(env); /* base is its first member */
}
