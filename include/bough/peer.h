/* SPDX-License-Identifier: ISC
 *
 * peer.h - the store's objects as they are, for another store that repairs itself from this one.
 */
#ifndef BOUGH_PEER_H
#define BOUGH_PEER_H

#include "bough/store.h"

/* The root of the state, staged moves included.  O(1). */
void bough_peer_root(const struct bough_store *store, struct bough_root *root);

/* The object that `link` names, compared with its name, and the names that go with its addresses,
 * in the order in which they stand in its bytes; both in `arena`.  `link` comes from this store: an
 * address that somebody else gave must not be tried.  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_peer_object(struct bough_store *store,
                                                  const struct bough_link *link,
                                                  struct bough_arena *arena,
                                                  struct bough_object *object,
                                                  const struct bough_hash **names);

#endif
