/* SPDX-License-Identifier: ISC
 *
 * virtio.h - the steps every virtio driver begins and ends with.
 */
#ifndef VIRTIO_H
#define VIRTIO_H

#include "bus.h"

#define VIRTIO_F_VERSION_1 (1ull << 32) /* virtio 1.2 section 6 */

/* Resets the device and negotiates: `wanted` out of what is offered, all of `needed` or
 * BOUGH_UNSUPPORTED.  VERSION_1 is asked for where the device is not legacy.  The result in
 * *features.  BOUGH_IO when the device does not keep to the protocol. */
BOUGH_MUST_CHECK enum bough_err virtio_start(struct bough_env *env, struct bus_device *dev,
                                             uint64_t wanted, uint64_t needed, uint64_t *features);

/* The driver is ready: the queues may be used. */
void virtio_go(struct bus_device *dev);

/* Resets the device: it touches no memory of ours afterwards. */
void virtio_stop(struct bus_device *dev);

/* Reads `len` bytes of configuration that belong together. */
void virtio_config(struct bus_device *dev, uint32_t at, void *into, uint32_t len);

#endif
