/* SPDX-License-Identifier: ISC
 *
 * virtio_rng.h - randomness from the host.
 */
#ifndef VIRTIO_RNG_H
#define VIRTIO_RNG_H

#include "bus.h"

/* Asks the device for `len` bytes (at most 64), once: it is stopped afterwards.  BOUGH_UNSUPPORTED
 * (no such device), BOUGH_TIMEOUT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err virtio_rng_read(struct bough_env *env, struct bus_device *dev,
                                                void *into, uint32_t len);

#endif
