/* SPDX-License-Identifier: ISC
 *
 * attributes_file.h - one `.gitattributes` file: what it says about merging.
 */
#ifndef ATTRIBUTES_FILE_H
#define ATTRIBUTES_FILE_H

#include "bough/arena.h"
#include "bough/err.h"
#include "bough/limits.h"

/* The attribute `merge`; macros follow, "binary" first. */
#define ATTRIBUTES_FILE_MERGE 0u
#define ATTRIBUTES_FILE_IDS   (BOUGH_ATTRIBUTES_MACROS_MAX + 2u)

enum attributes_file_state {
    ATTRIBUTES_FILE_UNKNOWN,
    ATTRIBUTES_FILE_SET,
    ATTRIBUTES_FILE_UNSET,
    ATTRIBUTES_FILE_UNSPECIFIED,
    ATTRIBUTES_FILE_VALUE
};

/* What a line does to an attribute. */
struct attributes_file_change {
    uint32_t id;
    enum attributes_file_state state;
    struct bough_bytes value;
};

/* A line that is about `merge`, or a macro. */
struct attributes_file_rule {
    struct bough_bytes pattern; /* without a slash before it */
    size_t plain_len;           /* bytes of the pattern before the first special one */
    bool is_path;               /* it had a slash: it is matched from the directory on */
    struct attributes_file_change *changes; /* the last one first in effect */
    size_t change_count;
};

/* Macros are of the top file only. */
struct attributes_file_macros {
    struct bough_bytes names[ATTRIBUTES_FILE_IDS]; /* by id */
    struct attributes_file_rule rules[ATTRIBUTES_FILE_IDS];
    uint32_t count;
};

struct attributes_file {
    struct attributes_file_rule *rules;
    size_t rule_count;
};

/* The macros that come with git. */
void attributes_file_builtin(struct attributes_file_macros *macros);

/* Takes over the macros that the top file defines.  `text` must outlive them; other memory is in
 * `arena`.  BOUGH_TOO_BIG past a limit, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err attributes_file_define(struct attributes_file_macros *macros,
                                                       struct bough_bytes text,
                                                       struct bough_arena *arena);

/* Parses a file.  Lines that git ignores are ignored.  Ownership and errors as above. */
BOUGH_MUST_CHECK enum bough_err attributes_file_parse(struct attributes_file *file,
                                                      const struct attributes_file_macros *macros,
                                                      struct bough_bytes text,
                                                      struct bough_arena *arena);

/* Whether a rule matches a path, which is given from the rule's directory on. */
bool attributes_file_matches(const struct attributes_file_rule *rule, struct bough_bytes path,
                             uint64_t *steps_left);

#endif
