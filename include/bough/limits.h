/* SPDX-License-Identifier: ISC
 *
 * limits.h - every limit of bough, by name.  docs/limits.md says what each costs and what a client
 * sees past it.  Going past any of them is BOUGH_TOO_BIG (or BOUGH_BUSY for a table that is full),
 * never a crash; each is tested at the limit and one past it.
 */
#ifndef BOUGH_LIMITS_H
#define BOUGH_LIMITS_H

/* Keys: paths of steps. */
#define BOUGH_STEP_BYTES_MAX 255u  /* one step of a path */
#define BOUGH_PATH_STEPS_MAX 64u   /* steps of a path */
#define BOUGH_PATH_BYTES_MAX 4096u /* the whole path, with its slashes */

/* Values and commits. */
#define BOUGH_VALUE_BYTES_MAX      (1ull << 40) /* one value in the library */
#define BOUGH_HTTP_VALUE_BYTES_MAX (16u << 20)  /* one value over HTTP, unless told otherwise */
#define BOUGH_HTTP_VALUE_BYTES_TOP (64u << 20)  /* the most that it can be told */
#define BOUGH_TREE_KEYS_MAX        (1ull << 62) /* keys of a tree that copies make */
#define BOUGH_MESSAGE_BYTES_MAX    (1u << 20)   /* a commit message, extra headers included */
#define BOUGH_IDENT_BYTES_MAX      1024u        /* an author's name, or e-mail */
#define BOUGH_PARENTS_MAX          64u          /* parents of one commit */

/* Names of branches and tags ("heads/main"), and how many are moved at once. */
#define BOUGH_REF_BYTES_MAX 250u
#define BOUGH_MOVES_MAX     1024u

/* Policies of retention. */
#define BOUGH_RETENTION_MAX 64u

/* Rules of protection. */
#define BOUGH_PROTECTION_MAX 64u

/* Merging. */
#define BOUGH_MERGE_BASES_MAX         16u    /* lowest common ancestors; past it none is believed */
#define BOUGH_MERGE_FRONT_MAX         65536u /* commits at the front of a walk through history */
#define BOUGH_MERGE_HEADS_MAX         63u    /* merged at once: with the branch's, parents enough */
#define BOUGH_MERGE_DEPTH_MAX         32u    /* common ancestors of common ancestors of ... */
#define BOUGH_MERGE_VALUE_BYTES_MAX   (4u << 20)  /* a value that a policy may merge */
#define BOUGH_MERGE_SCRATCH_BYTES_MAX (64u << 20) /* what merging one value may take */
#define BOUGH_HISTORY_STEP_MAX        256u   /* commits and differences in one step of a walk */
#define BOUGH_BLAME_KEYS_MAX          4096u  /* keys whose commits are looked for in one walk */
#define BOUGH_REWRITE_COMMITS_MAX     10000u /* that one rebase makes again */

#define BOUGH_MERGE_REPORT_MAX       100u /* conflicts in one reply, unless more are asked for */
#define BOUGH_MERGE_INLINE_BYTES_MAX 256u /* a value that is shown in a report of conflicts */

/* The log of refs: how much of it is kept unless a setting says otherwise. */
#define BOUGH_REFLOG_MOVES      100u   /* of one ref, the last ones */
#define BOUGH_REFLOG_MOVES_MAX  10000u /* the most that can be asked for */
#define BOUGH_REFLOG_DAYS       90u
#define BOUGH_REFLOG_TEXT_BYTES 100u /* of a name, of an e-mail address, of a reason; then cut */

/* Policies that merge two values, and `.gitattributes`, which says which. */
#define BOUGH_MERGE_LINES_MAX       (1u << 18)   /* of each of the three values */
#define BOUGH_MERGE_STEPS_MAX       (1ull << 24) /* of comparing; then the texts differ too much */
#define BOUGH_MERGE_JSON_VALUES_MAX 100000u      /* in all three values, nested ones counted */
#define BOUGH_ATTRIBUTES_BYTES_MAX  65536u       /* of one file */
#define BOUGH_ATTRIBUTES_LINE_MAX   2048u        /* bytes; longer lines do not count, as in git */
#define BOUGH_ATTRIBUTES_MACROS_MAX 64u
#define BOUGH_ATTRIBUTES_STEPS_MAX  (1u << 20) /* of matching one path */

/* HTTP/1.1; the figures are of the kind that proxies and browsers keep well within. */
#define BOUGH_HTTP_LINE_BYTES_MAX 8192u  /* request line: 414 */
#define BOUGH_HTTP_HEAD_BYTES_MAX 16384u /* all header lines: 431 */
#define BOUGH_HTTP_FIELDS_MAX     64u    /* header fields: 431 */
#define BOUGH_HTTP_CHUNK_EXT_MAX  256u   /* a chunk's extension: 400 */
#define BOUGH_HTTP_PIPELINE_MAX   16u    /* requests of a connection answered in one turn */
#define BOUGH_JSON_DEPTH_MAX      32u
#define BOUGH_JSON_BODY_BYTES_MAX (4u << 20)
#define BOUGH_TXN_OPS_MAX         10000u     /* operations of one transaction */
#define BOUGH_LIST_LIMIT_MAX      1000u      /* keys of one page */
#define BOUGH_DIFF_STAT_MAX       100000u    /* differences that one request counts */
#define BOUGH_DIFF_TEXT_BYTES_MAX (1u << 20) /* of a value whose lines are compared */
#define BOUGH_DIFF_PAGE_BYTES_MAX (1u << 20) /* compared and written; then a patch's page ends */
#define BOUGH_HISTORY_PAGE_STEPS  256u       /* of a walk; then a page of a key's history ends */
#define BOUGH_LIST_LIMIT_DEFAULT  100u

/* The service. */
#define BOUGH_CONNECTIONS_MAX         256u
#define BOUGH_REQUEST_ARENA_BYTES_MAX (64u << 20) /* memory of one request, values included */
#define BOUGH_HEAD_TIMEOUT_MS         10000u      /* a request's header must be complete */
#define BOUGH_IDLE_TIMEOUT_MS         30000u      /* an idle kept-alive connection is closed */
#define BOUGH_BODY_GRACE_MS           10000u /* after this a body must arrive, and a reply leave, */
#define BOUGH_BODY_RATE_BYTES_MIN     1024u  /* with at least this many bytes per second */
#define BOUGH_LINGER_MS               2000u  /* a closing connection waits for the client's end */
#define BOUGH_DRAIN_BYTES_MAX         65536u /* of a refused body that are still read */
#define BOUGH_QUEUED_BYTES_MAX        262144u /* of finished replies, then no more is read */

/* git's smart protocol. */
#define BOUGH_PKT_BYTES_MAX         65520u      /* one pkt-line, its length field included */
#define BOUGH_PUSH_OBJECT_BYTES_MAX (64u << 20) /* one object of git, either way */
#define BOUGH_PUSH_COMMANDS_MAX     BOUGH_MOVES_MAX
#define BOUGH_WANTS_MAX             65536u
#define BOUGH_HAVES_MAX             65536u
#define BOUGH_SHALLOWS_MAX          65536u       /* shallow commits of a client, or excluded refs */
#define BOUGH_REF_PREFIXES_MAX      4096u        /* past it a listing is not narrowed */
#define BOUGH_PUSH_PACK_BYTES_MAX   (64u << 20)  /* the pack of one push, as it is sent */
#define BOUGH_PUSH_OBJECTS_MAX      (1u << 20)   /* objects of one pack */
#define BOUGH_PUSH_INFLATED_MAX     (8ull << 30) /* what inflating and deltas make in one push */
#define BOUGH_PUSH_BASE_BYTES       (8u << 20)   /* delta bases kept at hand during a push */
#define BOUGH_PUSH_MEMO_BYTES_MAX   (64u << 20)  /* what a push remembers of its own objects */
#define BOUGH_FETCH_BYTES_MAX       (64u << 20)  /* the list of what one fetch sends */
#define BOUGH_FETCH_DELTA_BYTES_MAX (8u << 20)   /* an object that may go as a delta */
#define BOUGH_GIT_STEP_COMMITS      64u          /* looked at between the requests of others */
#define BOUGH_GIT_MEMO_BYTES        (16u << 20)  /* ids of objects, remembered */
#define BOUGH_GIT_KEPT_BYTES        (16u << 20)  /* compressed objects, kept for later fetches */
#define BOUGH_GIT_LIST_BYTES        (4u << 20)   /* what the last clone was sent */

/* Dumps. */
#define BOUGH_BACKUP_BYTES_MAX        (1u << 30) /* what a dump or a load remembers of objects */
#define BOUGH_BACKUP_OBJECT_BYTES_MAX (4u << 20)
#define BOUGH_BACKUP_SINCE_MAX        1024u /* commits that a dump builds on */

#define BOUGH_REPAIR_OBJECTS_MAX (1u << 20) /* damaged objects mended in one go */

/* lwIP: all its buffers and connections together, and a quarter of the heap at most. */
#define BOUGH_NET_BYTES_MAX   (32u << 20)
#define BOUGH_NET_BACKLOG_MAX 64u /* connections waiting to be accepted; more are not answered */

/* The machine. */
#define BOUGH_COMMAND_LINE_BYTES_MAX 2048u
#define BOUGH_DEVICES_MAX            32u
#define BOUGH_DEVICE_TIMEOUT_MS      30000u /* a block request; then the device counts as dead */

#endif
