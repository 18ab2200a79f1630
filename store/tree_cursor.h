/* SPDX-License-Identifier: ISC
 *
 * tree_cursor.h - what the store's own files need of a cursor beyond bough/tree.h.
 */
#ifndef TREE_CURSOR_H
#define TREE_CURSOR_H

#include "bough/tree.h"

/* Sets an opened cursor before the first entry of another directory, keeping its memory. */
void tree_cursor_restart(struct bough_tree_cursor *cursor, const struct bough_tree *tree);

/* Sets an opened cursor behind the last entry. */
void tree_cursor_end(struct bough_tree_cursor *cursor);

#endif
