/* SPDX-License-Identifier: ISC
 *
 * service.h - the whole service in a process of the host: a store behind HTTP and git.
 */
#ifndef BOUGH_SERVICE_H
#define BOUGH_SERVICE_H

#include "bough/env.h"

#define BOUGH_SERVICE_ERROR_BYTES 256u

struct bough_service;

/* All zeros but for `store` is a good start.  Borrowed for the open only. */
struct bough_service_options {
    const char *store;  /* a file or block device, or "memory:" */
    const char *mirror; /* the second copy, or "none" for one copy of a mirror alone; NULL = the
                           store is no mirror (docs/mirror.md) */
    bool create;        /* make the file if there is none, of `size_bytes` (0 = 1 GiB, sparse) */
    uint64_t size_bytes;
    bool read_only;
    const char *listen_host; /* "127.0.0.1" if NULL; an IPv4 or IPv6 literal */
    uint16_t listen_port;    /* 0 = any free one */
    const char *tap; /* lwIP on this tap device instead of the host's sockets; then the words
                        ip= and port= say where */
    const char *const *words; /* of the configuration (docs/config.md) */
    size_t word_count;
};

/* Opens the store, formatting a device that is all zeros, and begins to listen.  After an error
 * `error` says in a line what is wrong: BOUGH_INVALID (a word, an address, no store's file),
 * BOUGH_NOT_FOUND, BOUGH_BUSY (file or port in use), BOUGH_UNSUPPORTED (not durable enough, or no
 * tap here), BOUGH_WRONG_VERSION, BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY.  `env` is borrowed
 * until close. */
BOUGH_MUST_CHECK enum bough_err bough_service_open(struct bough_env *env,
                                                   const struct bough_service_options *options,
                                                   char error[BOUGH_SERVICE_ERROR_BYTES],
                                                   struct bough_service **service);

/* Where it listens, "127.0.0.1:8080"; empty while a tap has no address yet.  Lives until close. */
const char *bough_service_address(const struct bough_service *service);

/* Serves until bough_service_stop; then finishes what is complete, syncs and returns.  BOUGH_IO
 * when the network or the last sync failed. */
BOUGH_MUST_CHECK enum bough_err bough_service_run(struct bough_service *service);

/* Makes run return soon.  May be called from a signal handler or another thread. */
void bough_service_stop(struct bough_service *service);

/* Releases everything.  NULL is allowed. */
void bough_service_close(struct bough_service *service);

#endif
