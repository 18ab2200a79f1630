/* SPDX-License-Identifier: ISC
 *
 * merge_words.h - what a client says about a merge, or about history made anew, beside what it is
 * of: the members that these requests have in common.
 */
#ifndef MERGE_WORDS_H
#define MERGE_WORDS_H

#include "bough/merge.h"
#include "json_read.h"
#include "request.h"

/* For paths that name no policy of their own. */
enum merge_words_strategy {
    MERGE_WORDS_THREE_WAY,
    MERGE_WORDS_OURS,
    MERGE_WORDS_THEIRS,
    MERGE_WORDS_UNION
};

struct merge_words {
    enum merge_words_strategy strategy;
    enum bough_merge_favor favor;
    bool unrelated;
    bool no_ff;
    bool dry_run;
    bool keep;                  /* conflicts are kept as a merge in progress */
    struct bough_bytes message; /* .at NULL = none was given */
    struct bough_ident author;
    enum bough_expect expect; /* of the branch's head */
    struct bough_hash expected;
};

/* What holds where nothing is said. */
struct merge_words merge_words_initial(void);

/* Reads the members of `body` that are there, but for the author; the others stay as they are.
 * False: one makes no sense, which the reply says already. */
bool merge_words_read(struct request *request, const struct json *body, struct merge_words *words);

/* Reads who writes, and the message, from `body` or the request's fields.  False as above. */
bool merge_words_who(struct request *request, const struct json *body, struct merge_words *words);

/* Whether the head is the one that was expected.  False: the reply says that it is not. */
bool merge_words_expected(struct request *request, const struct merge_words *words,
                          const struct bough_hash *head);

/* The names that stand for them in documents.  Static. */
const char *merge_words_strategy_name(enum merge_words_strategy strategy);
/* The same; "none" for none. */
const char *merge_words_favor_name(enum bough_merge_favor favor);

#endif
