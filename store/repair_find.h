/* SPDX-License-Identifier: ISC
 *
 * repair_find.h - where another store keeps an object that is damaged here.
 */
#ifndef REPAIR_FIND_H
#define REPAIR_FIND_H

#include "object.h"

/* Finds in `from` the object that `name` names.  way[0] is a commit or tag, and each of the `count`
 * names leads to the next one, the last to the object; with count 0 the object is itself a commit
 * or tag.  So a few objects are read, and nothing else.  BOUGH_NOT_FOUND: it is not there, or not
 * to be reached so; BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err repair_find(struct bough_store *from, const struct bough_hash *way,
                                            size_t count, const struct bough_hash *name,
                                            struct bough_link *link);

#endif
