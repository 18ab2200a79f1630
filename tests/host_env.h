/* SPDX-License-Identifier: ISC
 *
 * host_env.h - the environment of unit tests: that of a host process, with its log switched off
 * unless BOUGH_TEST_LOG is set, because many tests provoke errors on purpose.
 */
#ifndef HOST_ENV_H
#define HOST_ENV_H

#include "env_unix.h"
#include <stdlib.h>

#define HOST_ENV_HEAP_BYTES_MAX ((size_t)1 << 30)

static inline void host_env_silent(struct bough_log *log, enum bough_level level, const char *where,
                                   const char *text)
{
    (void)log;
    (void)level;
    (void)where;
    (void)text;
}

/* One environment for the whole test program; env->heap->taken_bytes tells of leaks. */
static inline struct bough_env *host_env(void)
{
    static const struct bough_log_ops silent = {.line = host_env_silent};
    static struct env_unix env;
    static bool opened;

    if (!opened) {
        env_unix_open(&env, HOST_ENV_HEAP_BYTES_MAX);
        if (getenv("BOUGH_TEST_LOG") == NULL)
            env.log.base.ops = &silent;
        opened = true;
    }
    return &env.base;
}

#endif
