/* SPDX-License-Identifier: ISC
 *
 * merge_report.h - the conflicts of a merge, page by page, as clients are shown them.
 */
#ifndef MERGE_REPORT_H
#define MERGE_REPORT_H

#include "json_write.h"
#include "merge_choice.h"

/* Members are private to merge_report.c but for open_count and resolved_count. */
struct merge_report {
    struct request *request;
    struct merge_choices *choices;
    struct bough_tree resolved; /* paths that were settled before, by merge_report_name */
    struct bough_bytes after;
    struct bough_merge_list page; /* conflicts that are open, by path */
    uint64_t behind_count;        /* open ones behind `after` */
    uint64_t open_count;
    uint64_t resolved_count; /* by choices, or before */
};

#define MERGE_REPORT_NAME_BYTES 65u

/* The name under which a settled path stands in a tree, whatever its length and depth: the
 * hexadecimal digits of its hash, and a NUL. */
void merge_report_name(struct bough_bytes path, char name[MERGE_REPORT_NAME_BYTES]);

/* Begins a report of at most `limit` open conflicts whose path is bytewise greater than `after`
 * (empty: all).  `choices` settle some as they are met; `resolved` has those settled before.
 * Memory comes from the request's arena: what is merged in must be another one. */
void merge_report_begin(struct merge_report *report, struct request *request,
                        struct merge_choices *choices, const struct bough_tree *resolved,
                        struct bough_bytes after, size_t limit);

/* For bough_merge_options.conflict, with a report as its context.  BOUGH_NO_MEMORY, and what
 * bough_tree_find may answer. */
BOUGH_MUST_CHECK enum bough_err merge_report_add(void *report,
                                                 const struct bough_merge_conflict *conflict);

/* Writes the members "conflict_count", "resolved_count", "conflicts" and "truncated" of an object
 * that is open.  BOUGH_NO_MEMORY, and what bough_value_get may answer. */
BOUGH_MUST_CHECK enum bough_err merge_report_write(const struct merge_report *report,
                                                   struct json_write *json);

#endif
