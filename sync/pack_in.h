/* SPDX-License-Identifier: ISC
 *
 * pack_in.h - a pack that somebody sends (gitformat-pack), taken in piece by piece.
 *
 * pack_object.h reads single objects out of it, pack_resolve.h names those that are deltas.
 */
#ifndef PACK_IN_H
#define PACK_IN_H

#include "bough/env.h"
#include "bough/limits.h"
#include "buffer.h"
#include "sha1.h"
#include "zip.h"

#define PACK_NONE       UINT32_MAX
#define PACK_WHY_BYTES  96u
#define PACK_HELD_COUNT 256u

/* What an entry is made of.  The first four are those of enum git_kind. */
enum pack_type { PACK_OFS_DELTA = 6, PACK_REF_DELTA = 7, PACK_EXTERNAL = 8 };

struct pack_entry {
    struct sha1 id;       /* of the object; of a ref delta that is not resolved: its base's */
    uint8_t type;         /* enum git_kind, or enum pack_type */
    uint8_t kind;         /* enum git_kind; GIT_NONE until it is resolved */
    uint16_t held;        /* its place in `held` plus one; 0 = not held */
    uint32_t offset;      /* where the entry starts */
    uint32_t data_offset; /* where its zlib stream starts */
    uint32_t size_bytes;  /* inflated: of the object, or of the delta */
    uint32_t base;        /* of a delta: the entry it applies to, or PACK_NONE */
    uint32_t first_child; /* the deltas on it that wait to be resolved */
    uint32_t next;        /* among those; on the stack of pack_resolve.c; in a table's chain */
};

enum pack_state {
    PACK_AT_HEADER,
    PACK_AT_ENTRY,
    PACK_AT_SIZE,
    PACK_AT_OFFSET,
    PACK_AT_BASE,
    PACK_AT_DATA,
    PACK_AT_TRAILER,
    PACK_AT_END
};

/* An object that is kept inflated for a while (pack_object.c). */
struct pack_held {
    uint32_t index; /* PACK_NONE = free */
    uint32_t pins;
    uint32_t used_at;
    uint32_t size_bytes;
    uint8_t *at;
};

struct pack_bases;

/* Read `entries`, `entry_count`, `why`; the rest is private to the pack_*.c files. */
struct pack_in {
    struct bough_env *env;
    char why[PACK_WHY_BYTES]; /* after an error: what is wrong, for the client */

    struct buffer chunks; /* of uint8_t *: the bytes, PACK_CHUNK_BYTES each */
    uint32_t len;

    struct buffer list; /* of struct pack_entry */
    uint32_t claimed_count;
    uint32_t entry_count; /* complete entries of the pack itself */

    enum pack_state state;
    uint8_t head[SHA1_BYTES]; /* a header or trailer that is being gathered */
    uint32_t head_len;
    uint64_t number; /* a size or offset that is being gathered */
    unsigned shift;
    struct pack_entry now;
    uint64_t made_bytes; /* of inflated and patched bytes so far */
    bool inflating;
    z_stream stream;
    struct sha1_state whole;
    struct sha1_state object;

    struct pack_held held[PACK_HELD_COUNT];
    size_t held_bytes;
    uint32_t clock;
    uint32_t hand; /* where a place was found last */
    struct pack_bases *bases;
    uint8_t key[16]; /* of the tables */
    uint32_t *table; /* of entries by id, linked by `next` */
    uint32_t table_count;
};

/* An empty pack; `key` makes its tables unpredictable.  Takes nothing yet. */
void pack_in_init(struct pack_in *pack, struct bough_env *env, const uint8_t key[16]);

/* Gives everything back. */
void pack_in_release(struct pack_in *pack);

/* The next piece of the pack (borrowed for the call).  BOUGH_INVALID (malformed), BOUGH_TOO_BIG
 * (past a limit of limits.h), both with pack->why; BOUGH_NO_MEMORY.  After an error only release
 * may follow. */
BOUGH_MUST_CHECK enum bough_err pack_in_add(struct pack_in *pack, struct bough_bytes bytes);

/* The pack is complete: BOUGH_INVALID and pack->why when it is not. */
BOUGH_MUST_CHECK enum bough_err pack_in_end(struct pack_in *pack);

/* Inflates what stands in entry `n` into `into`, which has room for its size_bytes.  BOUGH_INVALID,
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err pack_in_inflate(struct pack_in *pack, uint32_t n, uint8_t *into);

/* Appends the zlib stream of entry `n` as it came.  BOUGH_TOO_BIG past the buffer's limit,
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err pack_in_raw(const struct pack_in *pack, uint32_t n,
                                            struct buffer *out);

/* Counts bytes that are about to be made; BOUGH_TOO_BIG past BOUGH_PUSH_INFLATED_MAX. */
BOUGH_MUST_CHECK enum bough_err pack_in_count(struct pack_in *pack, uint64_t bytes);

/* Sets pack->why to a formatted text and gives `err` back. */
BOUGH_PRINTF(3, 4)
enum bough_err pack_in_fail(struct pack_in *pack, enum bough_err err, const char *format, ...);

/* Entry `n`, valid until an entry is added. */
static inline struct pack_entry *pack_in_entry(struct pack_in *pack, uint32_t n)
{
    return (struct pack_entry *)(void *)pack->list.at + n;
}

#endif
