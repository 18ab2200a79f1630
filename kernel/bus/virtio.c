/* SPDX-License-Identifier: ISC
 *
 * virtio.c - the steps every virtio driver begins and ends with (virtio 1.2 section 3.1).
 *
 *   (1) A device is reset before anything else: some machines hand over one that is already
 * running. (2) Only features that the driver asked for are accepted.
 */
#include "virtio.h"

#define CONFIG_READS_MAX 8u

enum bough_err virtio_start(struct bough_env *env, struct bus_device *dev, uint64_t wanted,
                            uint64_t needed, uint64_t *features)
{
    const struct bus_device_ops *ops = dev->ops;
    uint8_t status = BUS_STATUS_ACKNOWLEDGE | BUS_STATUS_DRIVER;
    uint64_t offered;

    if (!dev->legacy)
        needed |= VIRTIO_F_VERSION_1;
    ops->set_status(dev, 0);
    if (ops->status(dev) != 0) {
        bough_log(env->log, BOUGH_ERROR, "virtio", "%s does not reset", dev->where);
        return BOUGH_IO;
    }
    ops->set_status(dev, BUS_STATUS_ACKNOWLEDGE);
    ops->set_status(dev, status);
    offered = ops->features(dev);
    *features = offered & (wanted | needed);
    if ((*features & needed) != needed) {
        bough_log(env->log, BOUGH_ERROR, "virtio", "%s lacks features %llx", dev->where,
                  (unsigned long long)(needed & ~offered));
        ops->set_status(dev, status | BUS_STATUS_FAILED);
        return BOUGH_UNSUPPORTED;
    }
    ops->accept(dev, *features);
    if (dev->legacy)
        return BOUGH_OK;
    ops->set_status(dev, status | BUS_STATUS_FEATURES_OK);
    if ((ops->status(dev) & BUS_STATUS_FEATURES_OK) == 0) {
        bough_log(env->log, BOUGH_ERROR, "virtio", "%s refuses features %llx", dev->where,
                  (unsigned long long)*features);
        return BOUGH_UNSUPPORTED;
    }
    return BOUGH_OK;
}

void virtio_go(struct bus_device *dev)
{
    uint8_t status = BUS_STATUS_ACKNOWLEDGE | BUS_STATUS_DRIVER | BUS_STATUS_DRIVER_OK;

    dev->ops->set_status(dev, dev->legacy ? status : status | BUS_STATUS_FEATURES_OK);
}

void virtio_stop(struct bus_device *dev)
{
    dev->ops->set_status(dev, 0);
}

void virtio_config(struct bus_device *dev, uint32_t at, void *into, uint32_t len)
{
    uint32_t before;
    uint32_t reads = 0;

    /* A device that changes its configuration all the time gets what it deserves. */
    do {
        before = dev->ops->generation(dev);
        dev->ops->config(dev, at, into, len);
        reads++;
    } while (dev->ops->generation(dev) != before && reads < CONFIG_READS_MAX);
}
