/* SPDX-License-Identifier: ISC
 *
 * env_unix.h - the environment of a host process, for programs that embed the library.
 */
#ifndef BOUGH_ENV_UNIX_H
#define BOUGH_ENV_UNIX_H

#include "bough/env.h"

/* Memory limited to `heap_limit_bytes`, the system's clocks and random numbers, and warnings on
 * stderr; NULL when there is no memory.  The caller closes it, after all that was opened with it.
 */
struct bough_env *bough_env_unix_open(size_t heap_limit_bytes);

/* Releases it; NULL is allowed. */
void bough_env_unix_close(struct bough_env *env);

#endif
