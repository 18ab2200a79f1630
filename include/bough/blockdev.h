/* SPDX-License-Identifier: ISC
 *
 * blockdev.h - the block devices that need no machine: memory, a file of the host, and one that
 * misbehaves on purpose.  (virtio.h has those of a virtual machine.)
 */
#ifndef BOUGH_BLOCKDEV_H
#define BOUGH_BLOCKDEV_H

#include "bough/env.h"
#include "bough/port/block.h"

/* ---- memory (ram.c) ---- */

/* A device of `block_count` > 0 zeroed blocks in env's heap; it survives nothing.  `block_size` is
 * a power of two of 512..32768.  BOUGH_INVALID, BOUGH_NO_MEMORY.  The caller closes it. */
BOUGH_MUST_CHECK enum bough_err bough_ram_open(struct bough_env *env, uint32_t block_size,
                                               uint64_t block_count, struct bough_block **dev);

/* ---- a file or block device of the host (file_host.c) ---- */

struct bough_file_options {
    bool create;         /* make the file if there is none; it must not be a device */
    bool read_only;      /* open for reading; other readers are let in, a writer is not */
    uint64_t size_bytes; /* of a file that is made; rounded down to whole blocks */
};

/* Opens `path` with blocks of 4096 bytes.  A second opener for writing, in this or another process,
 * gets BOUGH_BUSY.  Flush is fdatasync(2): it survives a power cut, on a file system in memory only
 * the guest.  BOUGH_NOT_FOUND, BOUGH_READ_ONLY (not ours to write), BOUGH_INVALID (a directory, or
 * shorter than one block), BOUGH_FULL, BOUGH_IO, BOUGH_NO_MEMORY.  The caller closes it. */
BOUGH_MUST_CHECK enum bough_err bough_file_open(struct bough_env *env, const char *path,
                                                const struct bough_file_options *options,
                                                struct bough_block **dev);

/* ---- a device that misbehaves (faulty.c) ---- */

enum bough_faulty_op { BOUGH_FAULTY_READ = 1, BOUGH_FAULTY_WRITE = 2, BOUGH_FAULTY_FLUSH = 4 };

/* All zeros misbehaves in nothing.  Everything random follows from `seed` alone. */
struct bough_faulty_options {
    uint64_t seed;
    unsigned fail_ops;     /* of enum bough_faulty_op: which operations are counted and fail */
    uint64_t fail_at;      /* the counted operation, from 1 on, that is BOUGH_IO; 0 = none */
    bool fail_forever;     /* and all counted ones after it */
    uint64_t full_after;   /* this many blocks may be written, then BOUGH_FULL; 0 = no limit */
    uint64_t short_blocks; /* blocks from here on are BOUGH_IO, though declared; 0 = none */
    uint64_t slow_ns;      /* every operation takes this long */
    bool lossy;            /* writes are kept back until a flush, for bough_faulty_cut */
    bool lying_flush;      /* flush answers BOUGH_OK and does nothing; with lossy */
};

/* What happened so far. */
struct bough_faulty_report {
    uint64_t op_count;    /* reads, writes and flushes */
    uint64_t write_count; /* operations, not blocks */
    uint64_t flush_count;
    uint64_t fault_count;   /* operations that were refused on purpose */
    uint64_t pending_count; /* writes that no flush has covered yet (lossy) */
};

/* A device that behaves as `below` but for `options`; it owns `below` from now on, but not after an
 * error.  Same facts as below.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_faulty_open(struct bough_env *env, struct bough_block *below,
                                                  const struct bough_faulty_options *options,
                                                  struct bough_block **dev);

/* Replaces the options (counting begins anew) but for lossy; `dev` came from bough_faulty_open. */
void bough_faulty_set(struct bough_block *dev, const struct bough_faulty_options *options);

/* What happened since the device was opened. */
struct bough_faulty_report bough_faulty_report(const struct bough_block *dev);

/* The power fails: of the writes since the last flush each reaches the medium wholly, in part (torn
 * at atomic_bytes) or not at all, in any order.  All later operations answer BOUGH_IO.  For lossy
 * devices; errors of the device below are passed up. */
BOUGH_MUST_CHECK enum bough_err bough_faulty_cut(struct bough_block *dev);

/* Takes the device below out and releases the wrapper, as if the machine had been replaced: writes
 * that were kept back and not cut are dropped.  The caller closes the result. */
struct bough_block *bough_faulty_detach(struct bough_block *dev);

#endif
