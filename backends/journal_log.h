/* SPDX-License-Identifier: ISC
 *
 * journal_log.h - the device as bytes: append within a segment, read anywhere.
 */
#ifndef JOURNAL_LOG_H
#define JOURNAL_LOG_H

#include "bough/env.h"
#include "journal_format.h"

/* How much is gathered before a write.  A commit of usual size is one write. */
#define JOURNAL_LOG_STAGE_BYTES (256u << 10)

/* The device from `base` on, up to the end of base's segment, is not written yet; stage[0..len)
 * goes there. (1) base is a multiple of the unit, and base + len <= end. (2) What was appended
 * before is written, though perhaps not flushed. */
struct journal_log {
    struct bough_env *env;
    struct bough_block *dev; /* owned by the journal */
    uint32_t unit_bytes;
    uint64_t end; /* of the segment */
    uint64_t base;
    uint8_t *stage;
    size_t len;
};

/* A log on `dev` (borrowed) that stands nowhere yet.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_log_init(struct journal_log *log, struct bough_env *env,
                                                 struct bough_block *dev, uint32_t unit_bytes);
/* Gives its memory back. */
void journal_log_release(struct journal_log *log);

/* Goes on at `base`, in a segment that ends at `end`; nothing may be staged. */
void journal_log_seek(struct journal_log *log, uint64_t base, uint64_t end);

/* Where the next appended byte goes. */
uint64_t journal_log_at(const struct journal_log *log);

/* Appends bytes, writing full stages out.  The caller has checked that they fit before `end`.
 * BOUGH_IO, BOUGH_READ_ONLY. */
BOUGH_MUST_CHECK enum bough_err journal_log_append(struct journal_log *log,
                                                   struct bough_bytes bytes);

/* Appends zeros up to a multiple of `alignment`. */
BOUGH_MUST_CHECK enum bough_err journal_log_pad(struct journal_log *log, uint32_t alignment);

/* Writes what is staged, up to a unit's end (pad first). */
BOUGH_MUST_CHECK enum bough_err journal_log_write(struct journal_log *log);

/* journal_log_write, then flushes the device. */
BOUGH_MUST_CHECK enum bough_err journal_log_flush(struct journal_log *log);

/* `len` > 0 bytes from `offset`, written or staged, in `arena`.  BOUGH_CORRUPT when they are not on
 * the device, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err journal_log_read(struct journal_log *log, uint64_t offset,
                                                 uint64_t len, struct bough_arena *arena,
                                                 const uint8_t **bytes);

#endif
