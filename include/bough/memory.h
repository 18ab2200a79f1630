/* SPDX-License-Identifier: ISC
 *
 * memory.h - the backend that keeps a store in memory: a real choice, and the tests' model.
 */
#ifndef BOUGH_MEMORY_H
#define BOUGH_MEMORY_H

#include "bough/env.h"
#include "bough/port/backend.h"

/* A new, empty store; `identity` as for bough_journal_format.  It is gone when it is closed.  It
 * takes three quarters of the heap's limit at most (then BOUGH_FULL), and gives back what nothing
 * leads to any more when it is collected. */
BOUGH_MUST_CHECK enum bough_err bough_memory_open(struct bough_env *env,
                                                  const struct bough_identity *identity,
                                                  struct bough_backend **backend);

#endif
