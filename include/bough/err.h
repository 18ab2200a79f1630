/* SPDX-License-Identifier: ISC
 *
 * err.h - the one list of errors, and how they travel.
 *
 * An error is logged where it is first detected, with its numbers, and passed up unchanged; it is
 * put into words for a client only at the edges (HTTP, git, command line).  Every function that
 * returns one must be checked.  Bytes that are wrong are an error; an assert means our own bug.
 */
#ifndef BOUGH_ERR_H
#define BOUGH_ERR_H

#if defined(__GNUC__)
#define BOUGH_MUST_CHECK                 __attribute__((warn_unused_result))
#define BOUGH_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#else
#define BOUGH_MUST_CHECK
#define BOUGH_PRINTF(format_at, args_at)
#endif

enum bough_err {
    BOUGH_OK = 0,

    /* The caller's doing. */
    BOUGH_INVALID,     /* malformed: no state of the store would make it right */
    BOUGH_NOT_FOUND,   /* no such key, branch, object */
    BOUGH_EXISTS,      /* already there */
    BOUGH_CONFLICT,    /* a value where a directory is needed, or the other way round */
    BOUGH_STALE,       /* the expected state is not the present one (compare-and-set lost) */
    BOUGH_DENIED,      /* a rule forbids it (protection.h) */
    BOUGH_TOO_BIG,     /* past a limit of limits.h */
    BOUGH_UNSUPPORTED, /* well-formed, but nothing here does it */

    /* The world's doing. */
    BOUGH_IO,        /* a device or host refused or failed */
    BOUGH_FULL,      /* no room on the device */
    BOUGH_BUSY,      /* a bounded queue or table has no free place */
    BOUGH_NOT_READY, /* would have to wait */
    BOUGH_READ_ONLY, /* writing is not, or no longer, allowed */
    BOUGH_NO_MEMORY, /* the heap's limit is reached */
    BOUGH_TIMEOUT,   /* took too long */
    BOUGH_CLOSED,    /* the other side is gone */

    /* The data's doing. */
    BOUGH_CORRUPT,       /* bytes that fail their hash, checksum or grammar */
    BOUGH_WRONG_VERSION, /* written by a newer or foreign program */

    BOUGH_ERR_COUNT
};

/* The error's name in lower case with dashes ("not-found"): static, never NULL.  O(1). */
const char *bough_err_name(enum bough_err err);

/* Pass an error up, in a function that owns nothing.  Functions that own something use one
 * `goto out` instead; never both in one function. */
#define BOUGH_TRY(call)                         \
    do {                                        \
        enum bough_err bough_try_err_ = (call); \
        if (bough_try_err_ != BOUGH_OK)         \
            return bough_try_err_;              \
    } while (0)

#endif
