/* SPDX-License-Identifier: ISC
 *
 * sim_device.h - a disk in the process that writes down what is done to it, and misbehaves.
 *
 * From the list of writes and flushes sim_crash.h makes every disk that a power cut could leave.
 */
#ifndef SIM_DEVICE_H
#define SIM_DEVICE_H

#include "bough/port/block.h"
#include "sim_medium.h"

enum sim_kind { SIM_READ = 1, SIM_WRITE = 2, SIM_FLUSH = 4 };

/* One write or flush that the device answered with success, or whose bytes may be there. */
struct sim_op {
    enum sim_kind kind;
    bool failed; /* a write: its bytes may be there; a flush: what it should cover is given up */
    uint32_t first;
    uint32_t count;                    /* sectors */
    const struct sim_sector **sectors; /* of a write */
};

/* All zeros misbehaves in nothing.  Operations are counted from 1. */
struct sim_faults {
    unsigned fail_kinds; /* of enum sim_kind: which are counted in, and fail */
    uint64_t fail_at;    /* BOUGH_IO for this one; 0 = none */
    bool fail_forever;
    bool lying_flush;      /* flush says yes and does nothing */
    bool late_flush;       /* flush says yes and is done at the next operation */
    uint64_t lose_write;   /* this write says yes and does nothing; 0 = none */
    uint64_t stray_write;  /* this write lands `stray_by` blocks further on; 0 = none */
    uint64_t stray_read;   /* this read comes from `stray_by` blocks further on; 0 = none */
    uint32_t stray_by;     /* modulo the device */
    unsigned short_every;  /* every such write leaves its last block out; 0 = none */
    unsigned off_every;    /* every such write lands one block further on; 0 = none */
    unsigned hide_kinds;   /* failures of these are answered with success */
    unsigned stale_every;  /* every such read misses the newest write; 0 = none */
    uint32_t short_blocks; /* the device has so many blocks less than the medium; 0 = none */
};

struct sim_device {
    struct bough_block base;
    struct bough_arena *arena;
    struct sim_faults faults;
    struct sim_medium now;         /* what a read sees */
    struct sim_medium before_last; /* `now` before the newest write; for stale_every */
    struct sim_op *ops;
    size_t op_count;
    size_t op_max;
    uint64_t read_count;
    uint64_t write_count;
    uint64_t flush_count;
    uint64_t counted;
    uint64_t trace;       /* hash of all that was asked, reads included */
    bool write_failed;    /* a write or flush was refused (and not hidden) */
    bool flush_due;       /* late_flush */
    bool quiet;           /* do not keep the list of operations */
    size_t fault_op;      /* operations in the list when it first failed one */
    uint64_t fault_count; /* how often it misbehaved */
};

/* Makes `dev` a disk that holds `medium`, which is copied.  It and its list live in `arena`; close
 * does nothing. */
void sim_device_init(struct sim_device *dev, struct bough_arena *arena,
                     const struct sim_medium *medium, uint32_t block_size,
                     const struct sim_faults *faults);

/* Does writes again that an earlier machine left in the volatile cache. */
void sim_device_replay(struct sim_device *dev, const struct sim_op *ops, size_t count);

#endif
