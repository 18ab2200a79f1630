/* SPDX-License-Identifier: ISC
 *
 * entropy_unix.c - random bytes from the host's kernel.
 *
 * Owns no data.  getrandom(2) may be interrupted or give fewer bytes than asked for; it is asked
 * again until all are there, and never replaced by anything weaker.
 */
#include "env_unix.h"
#include <errno.h>
#include <sys/random.h>

static enum bough_err fill(struct bough_entropy *entropy, void *into, size_t len)
{
    unsigned char *at = into;

    (void)entropy;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return BOUGH_NOT_READY;
        at += got;
        len -= (size_t)got;
    }
    return BOUGH_OK;
}

static const struct bough_entropy_ops ops = {.fill = fill};

void entropy_unix_init(struct entropy_unix *entropy)
{
    entropy->base.ops = &ops;
}
