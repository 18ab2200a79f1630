/* SPDX-License-Identifier: ISC
 *
 * virtio.h - drivers for the virtio devices that the kernel found (machine.h).
 */
#ifndef BOUGH_VIRTIO_H
#define BOUGH_VIRTIO_H

#include "bough/env.h"
#include "bough/port/block.h"
#include "bough/port/frames.h"

struct bus_device;

/* Starts a block device (virtio 1.2 section 5.2).  flush_survives is BOUGH_SURVIVES_POWER when the
 * device has a flush command, else BOUGH_SURVIVES_GUEST.  A request that takes longer than
 * BOUGH_DEVICE_TIMEOUT_MS makes the device unusable: from then on everything is BOUGH_IO.
 * BOUGH_UNSUPPORTED (no block device, or its features are not enough), BOUGH_IO, BOUGH_NO_MEMORY.
 * The caller closes *dev; `bus` is borrowed until then. */
BOUGH_MUST_CHECK enum bough_err bough_virtio_block_open(struct bough_env *env,
                                                        struct bus_device *bus,
                                                        struct bough_block **dev);

/* Starts a network card (section 5.1) without offloads.  Errors and ownership as above. */
BOUGH_MUST_CHECK enum bough_err bough_virtio_net_open(struct bough_env *env, struct bus_device *bus,
                                                      struct bough_frames **frames);

#endif
