/* SPDX-License-Identifier: ISC
 *
 * journal_state.h - the journal's own struct, for the journal_*.c files only.
 *
 *   (1) A group is open iff something was appended since the last sync; it starts on a unit.
 *   (2) root is the newest root, staged or not; synced_generation that of the last ROOT record.
 *   (3) After a failed write or flush the backend is read-only for good: what the device holds is
 *       not known, and a second flush would prove nothing.
 *   (4) An object is where its address says, unless that segment was given up; then the map of
 *       moves leads to it (journal_place.h).  Where `mended`, something was replaced: moves are
 *       asked first, whether the segment was given up or not.  Only addresses that a put answered
 *       were given out: those of copies stand in the maps of moves, and nowhere else.
 *   (5) The map of names has every commit and tag that lives, by tag.  While `filtering`, it may
 *       have others, too, and no segment that is EMPTY becomes FREE.
 *   (6) When all moves have been merged into one run, none of them leads to the address of a copy
 *       that was moved before the merge began: so the oldest `onward_known` runs of `onward` go.
 */
#ifndef JOURNAL_STATE_H
#define JOURNAL_STATE_H

#include "hash.h"
#include "journal_log.h"
#include "journal_map.h"
#include "journal_page.h"
#include "journal_recent.h"
#include "journal_segment.h"

/* How far cleaning has come. */
struct journal_clean {
    bool active;
    bool settle; /* there is room to do it in the order of the log, in which history is settled */
    uint32_t segment;
    uint64_t at;
};

/* How far a scrub has come. */
struct journal_scrub {
    bool active;
    uint32_t segment;
    uint64_t opening; /* that the segment had when the scrub went into it; 0 = not in it yet */
    uint64_t at;
    uint64_t done_bytes; /* of the segments before */
    struct bough_scrub_report report;
};

struct journal {
    struct bough_backend base;
    struct bough_env *env;
    struct bough_block *dev;
    struct journal_super super;
    struct journal_log log;
    struct journal_segments segments;
    struct journal_map moves;  /* from old addresses that were given out to newer ones */
    struct journal_map onward; /* from those of copies to newer ones */
    uint32_t onward_known;     /* rule (6); 0 = moves are not being merged for it */
    struct journal_map names;  /* from the tags of commits and tags to their addresses */
    struct journal_pages pages;
    struct journal_recent recent;
    struct bough_root root;
    uint64_t synced_generation;
    uint64_t sequence; /* of the last ended group */
    struct bough_hash chain;
    uint32_t group_records;
    uint32_t group_crc; /* over the crc fields of the open group's records */
    bool group_open;
    uint32_t nonce; /* of the open group */
    uint32_t crc_begin;
    uint64_t log_bytes;     /* appended since the newest checkpoint */
    uint64_t hold_count;    /* of bough_backend_hold */
    uint64_t hold_opening;  /* openings before the first hold */
    uint64_t hold_position; /* where the log was then */
    uint64_t *reused;       /* addresses before that which were put again since; may be NULL */
    uint32_t reused_count;
    uint64_t swept_generation; /* of the root at the last sweep */
    uint64_t swept_bytes;      /* appended since the last sweep */
    uint64_t swept_position;   /* what was written before is marked, or garbage, if `swept` */
    struct journal_clean clean;
    uint64_t whole_bytes; /* of objects that the last collection made whole: what they were patches
                             of may be garbage by now */
    struct journal_scrub scrub;
    uint64_t mended_records; /* taken from another copy of the device */
    uint64_t mended_region;  /* in which that was logged last, + 1 */
    bool doubtful;           /* not all superblocks could be read: a newer one may be lost */
    bool mended;             /* something was replaced, at any time: rule (4) */
    bool replaced;           /* and no checkpoint knows it yet */
    bool thorough;           /* the collection under way began with room to spare */
    bool swept;              /* the marks are complete: what has none is garbage */
    bool filtering;          /* names of garbage are being dropped */
};

/* The tag of a name in the map of names. */
static inline uint64_t journal_state_tag(const struct journal *journal,
                                         const struct bough_hash *name)
{
    return hash_keyed(journal->super.identity.salt, name->at, BOUGH_HASH_BYTES);
}

#endif
