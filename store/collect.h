/* SPDX-License-Identifier: ISC
 *
 * collect.h - what store.c needs of the collector.
 */
#ifndef COLLECT_H
#define COLLECT_H

#include "store_internal.h"

/* Gives up the collection that is under way, if there is one. */
void collect_release(struct bough_store *store);

#endif
