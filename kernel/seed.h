/* SPDX-License-Identifier: ISC
 *
 * seed.h - the entropy port.
 */
#ifndef SEED_H
#define SEED_H

#include "bough/bytes.h"
#include "bough/port/entropy.h"
#include "bus.h"

struct seed {
    struct bough_entropy base;
    struct bough_hash key;
    uint64_t drawn_bytes; /* since the processor was last asked */
    bool good;            /* a real source has been mixed in */
    char names[48];       /* of the sources: "rdseed virtio-rng" */
};

/* A pool with what the processor's generators and the counter's jitter give. */
void seed_init(struct seed *seed);

/* Mixes in bytes from a source called `name`; they make the pool good. */
void seed_mix(struct seed *seed, const char *name, struct bough_bytes bytes);

#endif
