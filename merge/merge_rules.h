/* SPDX-License-Identifier: ISC
 *
 * merge_rules.h - the policies that the trees being merged ask for themselves, in `.gitattributes`.
 */
#ifndef MERGE_RULES_H
#define MERGE_RULES_H

#include "bough/merge.h"
#include "bough/merge_attributes.h"

/* Where the files are looked for: what the merged tree would have, were it known already. */
struct merge_rules {
    struct bough_store *store;
    const struct bough_merge_options *options;
    const struct bough_tree *base; /* NULL: not known */
    const struct bough_tree *ours;
    const struct bough_tree *theirs;
    struct bough_merge_attributes attributes;
};

/* Begins; the trees are borrowed until release.  Nothing is read yet. */
void merge_rules_init(struct merge_rules *rules, struct bough_store *store,
                      const struct bough_merge_options *options, const struct bough_tree *base,
                      const struct bough_tree *ours, const struct bough_tree *theirs);

/* Gives the memory back. */
void merge_rules_release(struct merge_rules *rules);

/* The policy of a path: what options->policy says, if it is set; else, if options->attributes is,
 * the one that `.gitattributes` name; else options->fallback.  NULL for none, and *why may say why.
 * BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY, and what options->policy answers. */
BOUGH_MUST_CHECK enum bough_err merge_rules_find(struct merge_rules *rules, struct bough_bytes path,
                                                 const struct bough_merge_policy **policy,
                                                 const char **why);

#endif
