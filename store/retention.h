/* SPDX-License-Identifier: ISC
 *
 * retention.h - which policy a branch has, for collect.c.
 */
#ifndef RETENTION_H
#define RETENTION_H

#include "bough/retention.h"

/* The first policy that covers the ref `name` ("heads/x"); NULL when all of it is kept. */
const struct bough_retention *retention_find(const struct bough_retention *policies, size_t count,
                                             struct bough_bytes name);

#endif
