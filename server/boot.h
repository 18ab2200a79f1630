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

/* A mirror of two devices, or with copies[1] NULL of one alone (blockdev.h), that is brought up to
 * date between requests.  Owns the copies from now on, also after an error; `names` are for the
 * log.  What is wrong is put into `error`.  Errors as bough_mirror_open. */
BOUGH_MUST_CHECK enum bough_err boot_mirror(struct service *service,
                                            struct bough_block *const copies[2],
                                            const char *const names[2],
                                            char error[CONFIG_ERROR_BYTES_MAX],
                                            struct bough_block **dev);

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
