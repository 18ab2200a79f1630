/* SPDX-License-Identifier: ISC
 *
 * merge_report.h - the conflicts of a merge, page by page, as clients are shown them.
 */
#ifndef MERGE_REPORT_H
#define MERGE_REPORT_H

#include "bough/merge_progress.h"
#include "json_write.h"
#include "merge_choice.h"

/* Members are private to merge_report.c but for open_count. */
struct merge_report {
    struct request *request;
    struct merge_choices *choices;
    struct bough_merge_list page; /* conflicts that are open, by path */
    bool truncated;               /* there are more than the page has */
    uint64_t open_count;
};

/* Begins a report of at most `limit` open conflicts.  `choices` settle some as they are met.
 * Memory comes from the request's arena: what is merged in must be another one. */
void merge_report_begin(struct merge_report *report, struct request *request,
                        struct merge_choices *choices, size_t limit);

/* For bough_merge_options.conflict, with a report as its context.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err merge_report_add(void *report,
                                                 const struct bough_merge_conflict *conflict);

/* Fills a report that is empty with the open conflicts of a merge in progress whose path is
 * bytewise greater than `after`.  BOUGH_NO_MEMORY, and what bough_merge_progress_next may answer.
 */
BOUGH_MUST_CHECK enum bough_err merge_report_load(struct merge_report *report,
                                                  const struct bough_merge_progress *progress,
                                                  struct bough_bytes after);

/* Writes the members "conflict_count", "conflicts" and "truncated" of an object that is open.
 * BOUGH_NO_MEMORY, and what bough_value_get may answer. */
BOUGH_MUST_CHECK enum bough_err merge_report_write(const struct merge_report *report,
                                                   struct json_write *json);

#endif
