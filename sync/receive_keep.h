/* SPDX-License-Identifier: ISC
 *
 * receive_keep.h - the compressed objects that a push brought are kept for fetches.
 */
#ifndef RECEIVE_KEEP_H
#define RECEIVE_KEEP_H

#include "pack_in.h"

struct git_view;

/* Keeps the entries of a pack that is resolved and lifted, as far as there is room; `view` knows
 * its objects.  What cannot be kept only costs time later.  O(bytes of the pack). */
void receive_keep(struct git_view *view, struct pack_in *pack);

#endif
