/* SPDX-License-Identifier: ISC
 *
 * boot.h - puts a service together, the same way on the host and in the image.
 */
#ifndef BOOT_H
#define BOOT_H

#include "bough/port/block.h"
#include "loop.h"

/* A service with this configuration and no store yet: it can be asked for its health.  Borrows
 * `env`. */
void boot_begin(struct service *service, struct bough_env *env, const struct config *config);

/* Opens the store on `dev`, or one in memory if that is NULL, and the git view.  A device that is
 * all zeros is formatted; one that holds something else is refused and not touched.  Owns `dev`
 * from now on, also after an error.  What is wrong is logged in a line that says so, and put into
 * `error`.  BOUGH_INVALID (foreign), BOUGH_UNSUPPORTED (less durable than the configuration asks
 * for), and what bough_journal_open may answer. */
BOUGH_MUST_CHECK enum bough_err boot_open(struct service *service, struct bough_block *dev,
                                          char error[CONFIG_ERROR_BYTES_MAX]);

/* Serves `net` (borrowed) until *stop is not 0, then syncs. */
BOUGH_MUST_CHECK enum bough_err boot_serve(struct service *service, struct bough_net *net,
                                           struct loop *loop, const volatile int *stop);

/* Closes the git view and the store. */
void boot_end(struct service *service);

#endif
