/* SPDX-License-Identifier: ISC
 *
 * git_url.h - the URL of a git repository, and what is secret in it.
 */
#ifndef GIT_URL_H
#define GIT_URL_H

#include "bough/arena.h"
#include "bough/err.h"

struct git_url {
    const char *clean;    /* without user and password: this may be shown, and connected to */
    const char *user;     /* NULL = none */
    const char *password; /* the same */
    const char *scheme;   /* "https"; NULL = it is a path, or something else without "://" */
    const char *host;     /* "HOST" or "HOST:PORT"; NULL with scheme */
};

/* Takes "SCHEME://[USER[:PASSWORD]@]HOST..." apart, user and password percent-decoded; anything
 * else, a path for instance, is clean as it is.  All of it lives in `arena`.  BOUGH_INVALID (a
 * control character, a bad escape, one that stands for NUL or the end of a line, or a port that is
 * no number: then it may be the beginning of a password with a '/' in it), BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err git_url_parse(const char *text, struct bough_arena *arena,
                                              struct git_url *url);

#endif
