/* SPDX-License-Identifier: ISC
 *
 * merge_rules.c - which policy a path has.
 *
 * The rules that count are those of the merged tree, which is not there yet: so each
 * `.gitattributes` is taken from the side that changed it, and from ours where both did.  Rules
 * past their limits are no reason to refuse a merge: they name no policy then, and say so at each
 * conflict.
 */
#include "merge_rules.h"
#include "bough/limits.h"
#include "merge_step.h"

#define RULES_NAME      "/.gitattributes"
#define RULES_BYTES_MAX ((size_t)4 << 20) /* of memory, for the files on the way to one path */
#define TYPE_BITS       0170000u
#define TYPE_FILE       0100000u

/* What a tree has at a path; NULL for nothing. */
static enum bough_err look_up(struct merge_rules *rules, const struct bough_tree *tree,
                              struct bough_bytes path, struct bough_arena *arena,
                              struct bough_entry *entry, const struct bough_entry **found)
{
    enum bough_err err = BOUGH_NOT_FOUND;

    *found = NULL;
    if (tree != NULL)
        err = bough_tree_find(rules->store, tree, path, arena, entry);
    if (err == BOUGH_OK)
        *found = entry;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Reads one file of the merged tree; for bough_merge_attributes. */
static enum bough_err read_file(void *context, struct bough_bytes directory,
                                struct bough_arena *arena, struct bough_bytes *text)
{
    struct merge_rules *rules = context;
    struct bough_entry entries[3];
    struct merge_step step;
    const struct bough_entry *from;
    size_t name_len = sizeof(RULES_NAME) - 1;
    uint8_t *path = bough_arena_take(arena, directory.len + name_len);
    struct bough_bytes whole = bough_bytes_of(path, directory.len + name_len);

    if (path == NULL)
        return BOUGH_NO_MEMORY;
    if (directory.len > 0)
        memcpy(path, directory.at, directory.len);
    memcpy(path + directory.len, RULES_NAME, name_len);
    if (directory.len == 0)
        whole = bough_bytes_of(path + 1, name_len - 1);
    *text = (struct bough_bytes){0};
    BOUGH_TRY(look_up(rules, rules->base, whole, arena, &entries[0], &step.base));
    BOUGH_TRY(look_up(rules, rules->ours, whole, arena, &entries[1], &step.ours));
    BOUGH_TRY(look_up(rules, rules->theirs, whole, arena, &entries[2], &step.theirs));
    from = merge_step_same(step.base, step.ours) ? step.theirs : step.ours;
    if (from == NULL || from->kind != BOUGH_ENTRY_VALUE || (from->mode & TYPE_BITS) != TYPE_FILE)
        return BOUGH_OK; /* as git: links are not followed */
    return bough_value_get(rules->store, &from->value, BOUGH_ATTRIBUTES_BYTES_MAX, arena, text);
}

void merge_rules_init(struct merge_rules *rules, struct bough_store *store,
                      const struct bough_merge_options *options, const struct bough_tree *base,
                      const struct bough_tree *ours, const struct bough_tree *theirs)
{
    const struct bough_merge_attributes_source source = {.read = read_file, .context = rules};

    *rules = (struct merge_rules){
        .store = store, .options = options, .base = base, .ours = ours, .theirs = theirs};
    bough_merge_attributes_init(&rules->attributes, &source, bough_store_env(store)->heap,
                                RULES_BYTES_MAX);
}

void merge_rules_release(struct merge_rules *rules)
{
    bough_merge_attributes_release(&rules->attributes);
}

/* The policy of this name: the embedder's own, or one that comes with bough. */
static const struct bough_merge_policy *named(const struct bough_merge_options *options,
                                              struct bough_bytes name)
{
    for (size_t i = 0; i < options->own_count; i++) {
        if (bough_bytes_equal(bough_bytes_text(options->own[i].name), name))
            return &options->own[i];
    }
    return bough_merge_policy_find(name);
}

enum bough_err merge_rules_find(struct merge_rules *rules, struct bough_bytes path,
                                const struct bough_merge_policy **policy, const char **why)
{
    const struct bough_merge_options *options = rules->options;
    struct bough_bytes name;
    enum bough_err err;

    assert(path.len > 0);
    *policy = NULL;
    if (options->policy != NULL)
        return options->policy(options->policy_context, path, policy);
    *policy = options->fallback;
    if (!options->attributes)
        return BOUGH_OK;
    err = bough_merge_attributes_find(&rules->attributes, path, &name);
    if (err == BOUGH_TOO_BIG) {
        *policy = NULL;
        *why = "the rules in .gitattributes are past their limits";
        return BOUGH_OK;
    }
    BOUGH_TRY(err);
    if (bough_bytes_equal(name, bough_bytes_text("binary")))
        *policy = NULL;
    else if (named(options, name) != NULL)
        *policy = named(options, name);
    return BOUGH_OK;
}
