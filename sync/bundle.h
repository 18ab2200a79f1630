/* SPDX-License-Identifier: ISC
 *
 * bundle.h - the repository as one file, which git clones and fetches from (gitformat-bundle,
 * version 2): ids that it builds on, refs, and a pack.
 */
#ifndef BUNDLE_H
#define BUNDLE_H

#include "upload.h"

/* Begins a bundle in a fetch that nothing is known of yet.  It builds on the commits `since`: git's
 * ids with commas between, or none.  BOUGH_INVALID (that is no such list), BOUGH_NOT_FOUND (one of
 * them is no commit of ours), BOUGH_NO_MEMORY, and what reading may answer. */
BOUGH_MUST_CHECK enum bough_err bundle_begin(struct upload *upload, struct bough_bytes since);

/* Adds all refs that git sees, and chooses what the pack holds; upload_pack_read gives the whole
 * file then.  BOUGH_NOT_FOUND when there is no ref: git takes no empty bundle. */
BOUGH_MUST_CHECK enum bough_err bundle_end(struct upload *upload);

#endif
