/* SPDX-License-Identifier: ISC
 *
 * backup.h - a whole store, or what is new in it, as a stream of bytes, and back (docs/backup.md).
 *
 * A dump is one state of the store: what is written meanwhile is not in it.  It is the same bytes
 * for the same state, so a transfer that was cut goes on where it was.  A load shows nothing before
 * the whole stream has been checked, then everything at once.
 */
#ifndef BOUGH_BACKUP_H
#define BOUGH_BACKUP_H

#include "bough/store.h"

/* What the stream's first bytes say; they are enough to make a store for it. */
#define BOUGH_BACKUP_HEAD_BYTES 96u

struct bough_backup_head {
    struct bough_identity identity; /* of the store that was dumped */
    uint64_t generation;            /* of the state */
    struct bough_hash state;        /* its root; none = an empty store */
    uint32_t since_count;           /* commits that the stream builds on */
};

/* Reads the first BOUGH_BACKUP_HEAD_BYTES of a stream.  BOUGH_INVALID (no dump),
 * BOUGH_WRONG_VERSION, BOUGH_CORRUPT. */
BOUGH_MUST_CHECK enum bough_err bough_backup_head_read(const uint8_t *at,
                                                       struct bough_backup_head *head);

struct bough_backup_report {
    uint64_t object_count;  /* in the stream */
    uint64_t skipped_count; /* of these: were there already (load) */
    uint64_t link_count;    /* branches and tags */
    uint64_t byte_count;    /* of the stream, from its beginning */
};

/* ---- out (backup.c) ---- */

struct bough_backup_dump_options {
    const struct bough_hash *since; /* commits that the receiver has: they, their ancestors and what
                                       is in their trees are left out */
    size_t since_count;
    uint64_t offset_bytes; /* the receiver has so many bytes of this stream already */

    /* Takes the stream in pieces, borrowed for the call; an error ends the dump and is passed up.
     * `report` says how far it is, for a progress bar. */
    enum bough_err (*write)(void *context, struct bough_bytes bytes,
                            const struct bough_backup_report *report);
    void *context;
};

/* Writes everything that branches, tags and settings lead to.  Each object is compared with its
 * name. BOUGH_NOT_FOUND (a commit of `since`), BOUGH_TOO_BIG (more than BOUGH_BACKUP_SINCE_MAX of
 * them), BOUGH_INVALID (the stream is shorter than offset_bytes), BOUGH_CORRUPT, BOUGH_IO,
 * BOUGH_NO_MEMORY (it remembers up to 64 bytes for each object and 112 for each commit,
 * BOUGH_BACKUP_BYTES_MAX for either at most).  Changes nothing.  O(objects). */
BOUGH_MUST_CHECK enum bough_err bough_backup_dump(struct bough_store *store,
                                                  const struct bough_backup_dump_options *options,
                                                  struct bough_backup_report *report);

/* The same in pieces that are asked for, so that other work goes on in between: what is written,
 * deleted or collected meanwhile changes nothing. */
struct bough_backup_dump;

/* Begins a dump of the store as it is now; `since` is copied.  BOUGH_NOT_FOUND, BOUGH_TOO_BIG,
 * BOUGH_NO_MEMORY.  Closed by the caller before the store is. */
BOUGH_MUST_CHECK enum bough_err bough_backup_dump_open(struct bough_store *store,
                                                       const struct bough_hash *since,
                                                       size_t since_count, uint64_t offset_bytes,
                                                       struct bough_backup_dump **dump);

/* The next up to `max` bytes; *got = 0 at the end.  Looks at no more than about a hundred objects:
 * BOUGH_NOT_READY when there is nothing to be had yet, and the call is to be made again.  After
 * another error (as bough_backup_dump) only close may follow. */
BOUGH_MUST_CHECK enum bough_err bough_backup_dump_read(struct bough_backup_dump *dump, void *into,
                                                       size_t max, size_t *got);

/* How far it is. */
struct bough_backup_report bough_backup_dump_report(const struct bough_backup_dump *dump);

/* Releases it; NULL is allowed. */
void bough_backup_dump_close(struct bough_backup_dump *dump);

/* ---- in (backup_load.c) ---- */

struct bough_backup_load;

/* Begins a load.  Afterwards the store's branches, tags and settings will be those of the stream. A
 * branch or tag that points at what the stream neither contains nor builds on would be lost by it;
 * that is refused at the end unless `replace`.  Until close nothing that was loaded is collected.
 * BOUGH_READ_ONLY, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_backup_load_open(struct bough_store *store, bool replace,
                                                       struct bough_backup_load **load);

/* Takes the next bytes of the stream, in pieces of any size.  After an error only close may follow.
 * BOUGH_INVALID (no dump), BOUGH_WRONG_VERSION, BOUGH_CONFLICT (another salt or other windows:
 * equal contents would have other names), BOUGH_NOT_FOUND (a commit that it builds on is not here),
 * BOUGH_CORRUPT, BOUGH_TOO_BIG (an object past BOUGH_BACKUP_OBJECT_BYTES_MAX), BOUGH_FULL,
 * BOUGH_IO, BOUGH_NO_MEMORY (it remembers up to 107 bytes for each object,
 * BOUGH_BACKUP_BYTES_MAX at most). */
BOUGH_MUST_CHECK enum bough_err bough_backup_load_add(struct bough_backup_load *load,
                                                      struct bough_bytes bytes);

/* The stream has ended: moves the root, once, and stages that; durable after bough_store_sync.
 * BOUGH_CORRUPT (cut short), BOUGH_STALE (a branch would be lost), BOUGH_FULL, BOUGH_IO. */
BOUGH_MUST_CHECK enum bough_err bough_backup_load_end(struct bough_backup_load *load);

/* How far it is. */
struct bough_backup_report bough_backup_load_report(const struct bough_backup_load *load);

/* Releases it; NULL is allowed. */
void bough_backup_load_close(struct bough_backup_load *load);

#endif
