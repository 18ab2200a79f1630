/* SPDX-License-Identifier: ISC
 *
 * identity.h - what a new store is made with.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "bough/env.h"
#include "bough/port/backend.h"

/* Windows that trees work with: below, nodes would be all overhead; above, one edit rewrites tens
 * of kilobytes. */
#define IDENTITY_WINDOW_MIN     64u
#define IDENTITY_WINDOW_MAX     8192u
#define IDENTITY_WINDOW_DEFAULT 512u

/* `given` if it is not NULL and its windows are possible (else BOUGH_INVALID); otherwise random
 * uuid and salt (BOUGH_NOT_READY without entropy) and the default windows. */
BOUGH_MUST_CHECK enum bough_err identity_choose(struct bough_env *env,
                                                const struct bough_identity *given,
                                                struct bough_identity *chosen);

/* Whether its windows are possible. */
bool identity_is_valid(const struct bough_identity *identity);

#endif
