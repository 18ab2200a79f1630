/* SPDX-License-Identifier: ISC
 *
 * commit_json.h - a commit as JSON, the same wherever one is shown.
 */
#ifndef COMMIT_JSON_H
#define COMMIT_JSON_H

#include "bough/commit.h"
#include "json_write.h"

/* Writes the commit that `link` names, as the next element of an array or the whole document. */
void commit_json_write(struct json_write *json, const struct bough_link *link,
                       const struct bough_commit *commit);

#endif
