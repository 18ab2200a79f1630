/* SPDX-License-Identifier: ISC
 *
 * commit_json.h - a commit as JSON, the same wherever one is shown.
 */
#ifndef COMMIT_JSON_H
#define COMMIT_JSON_H

#include "bough/commit.h"
#include "json_write.h"
#include "request.h"

/* Writes the commit that `link` names, as the next element of an array or the whole document. */
void commit_json_write(struct json_write *json, const struct bough_link *link,
                       const struct bough_commit *commit);

/* Gives the next commit of a list, which lives in `arena`; BOUGH_NOT_FOUND at the end,
 * BOUGH_NOT_READY when it has looked for it long enough for now. */
typedef enum bough_err commit_json_next(void *source, struct bough_arena *arena,
                                        struct bough_link *link, struct bough_commit *commit);

/* Writes the next *left commits as elements of an array; *left falls by those written.  What `next`
 * answers, but for the end of the list: that is BOUGH_OK, too. */
BOUGH_MUST_CHECK enum bough_err commit_json_list(struct request *request, struct json_write *json,
                                                 commit_json_next *next, void *source,
                                                 uint64_t *left);

#endif
