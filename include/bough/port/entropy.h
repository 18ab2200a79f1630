/* SPDX-License-Identifier: ISC
 *
 * port/entropy.h - unpredictable bytes.
 */
#ifndef BOUGH_PORT_ENTROPY_H
#define BOUGH_PORT_ENTROPY_H

#include "bough/err.h"
#include <stddef.h>

struct bough_entropy;

struct bough_entropy_ops {
    /* All `len` bytes, or BOUGH_NOT_READY where no source is good enough: never pretends. */
    enum bough_err (*fill)(struct bough_entropy *entropy, void *into, size_t len);
};

struct bough_entropy {
    const struct bough_entropy_ops *ops;
};

/* Fills `into` with `len` unpredictable bytes, or BOUGH_NOT_READY. */
BOUGH_MUST_CHECK static inline enum bough_err bough_entropy_fill(struct bough_entropy *entropy,
                                                                 void *into, size_t len)
{
    return entropy->ops->fill(entropy, into, len);
}

#endif
