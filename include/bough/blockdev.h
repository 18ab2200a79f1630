/* SPDX-License-Identifier: ISC
 *
 * blockdev.h - the block devices that need no machine: memory, a file of the host, two devices as
 * one, and one that misbehaves on purpose.  (virtio.h has those of a virtual machine.)
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

/* ---- two devices with the same contents (mirror.c) ---- */

/* The first so many bytes of each copy say who belongs to the mirror, and since when
 * (docs/mirror.md); as many at the end are not used.  So a copy that is opened by itself is no
 * store: neither its first nor its last blocks are those of one. */
#define BOUGH_MIRROR_LABEL_BYTES 65536u

enum bough_mirror_state {
    BOUGH_MIRROR_ABSENT, /* was not given */
    BOUGH_MIRROR_IN,     /* holds everything */
    BOUGH_MIRROR_BEHIND, /* is being brought up to date; gets all writes, is not read */
    BOUGH_MIRROR_DROPPED /* has failed, and is not touched until the mirror is opened again */
};

struct bough_mirror_report {
    struct {
        enum bough_mirror_state state;
        uint64_t fault_count;   /* operations that failed */
        uint64_t healed_count;  /* blocks that were written anew */
    } copies[2];                /* in the mirror's own order, not that of the call */
    bool degraded;              /* fewer than two copies hold everything */
    uint64_t resync_done_count; /* blocks; of the copy that is behind */
    uint64_t resync_count;      /* of so many; 0 = none is behind */
};

/* A device over two of equal block size that are kept equal; the smaller size counts, less
 * 128 KiB.  Two blank devices (zeros in their first 1088 KiB) become a new mirror; a blank one
 * beside a copy joins it.  copies[1] may be NULL: then the other is used alone, and counts as the
 * only one from the first moment on.  A copy that was away, or is new, is behind until
 * bough_mirror_resync is done. Up to 32 MiB that a crash may have left different are made equal
 * before it returns. `names` (borrowed for the call) are for the log.  Owns the copies from now on,
 * but not after an error: BOUGH_INVALID (block sizes differ; no blank device and no copy; not of
 * one mirror; one blank device alone), BOUGH_CONFLICT (each was written without the other: which is
 * right is for the owner to say), BOUGH_STALE (a lone copy that the other has left behind),
 * BOUGH_TOO_BIG (too small), BOUGH_WRONG_VERSION, BOUGH_CORRUPT (a damaged label), BOUGH_NOT_READY
 * (no entropy for a new mirror), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_mirror_open(struct bough_env *env,
                                                  struct bough_block *const copies[2],
                                                  const char *const names[2],
                                                  struct bough_block **dev);

/* Whether `dev` begins with a mirror's label.  BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_mirror_probe(struct bough_env *env, struct bough_block *dev,
                                                   bool *is_copy);

/* Brings the copy that is behind up to date, about `max_bytes` (at least one piece of 64 KiB) at a
 * call; *done when none is behind any more, also because it was dropped.  BOUGH_IO when the good
 * copy cannot be read: the other stays behind, and the next call tries again; also when that one
 * failed a flush, this one's or another: then nothing helps but to open the mirror again. */
BOUGH_MUST_CHECK enum bough_err bough_mirror_resync(struct bough_block *dev, uint64_t max_bytes,
                                                    bool *done);

/* How the mirror is; `dev` came from bough_mirror_open.  O(1). */
struct bough_mirror_report bough_mirror_report(const struct bough_block *dev);

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
