/* SPDX-License-Identifier: ISC
 *
 * peer_backend.h - the store of a server as a backend that can only be read, object by object.
 */
#ifndef PEER_BACKEND_H
#define PEER_BACKEND_H

#include "bough/env.h"
#include "bough/port/backend.h"

/* Connects to the server at `url` and asks for its state; `env` is borrowed until close.  Reads are
 * one request each.  BOUGH_INVALID (no such URL, or not bough's answers), BOUGH_WRONG_VERSION,
 * BOUGH_UNSUPPORTED (it knows no such request), BOUGH_CLOSED, BOUGH_TIMEOUT, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err peer_backend_open(struct bough_env *env, const char *url,
                                                  struct bough_backend **backend);

#endif
