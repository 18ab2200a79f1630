/* SPDX-License-Identifier: ISC
 *
 * merge_attributes.c - which policy merges the values of a path.
 *
 * Owns the parsed files of the directories that lead to the last path, in its arena, the deepest
 * last: a path that shares directories with it finds them there.
 *   (1) files[0] is the top's, files[i] that of the first i steps of `path`.
 *   (2) What a file took from the arena lies behind what the files above it took, so going back to
 * a file's mark forgets all below it. The moment that matters: rules are asked from the last line
 * of the deepest file back to the first of the top's, and what is said first about an attribute
 * holds.
 */
#include "bough/merge_attributes.h"
#include "attributes_file.h"
#include <assert.h>

#define FILES_MAX (BOUGH_PATH_STEPS_MAX + 1u)

/* A stack of files, and what they lie in. */
struct stack {
    struct attributes_file files[FILES_MAX];
    struct bough_arena_mark marks[FILES_MAX]; /* before each was read */
    size_t lens[FILES_MAX];                   /* of each directory's path */
    struct attributes_file_macros macros;
    uint8_t path[BOUGH_PATH_BYTES_MAX];
};

struct lookup {
    const struct attributes_file_macros *macros;
    enum attributes_file_state states[ATTRIBUTES_FILE_IDS];
    struct bough_bytes value;
    uint64_t steps_left; /* and one more; 0 when there were not enough */
};

static struct stack *stack_of(struct bough_merge_attributes *attributes)
{
    return (struct stack *)(void *)attributes->files;
}

void bough_merge_attributes_init(struct bough_merge_attributes *attributes,
                                 const struct bough_merge_attributes_source *source,
                                 struct bough_heap *heap, size_t limit_bytes)
{
    *attributes = (struct bough_merge_attributes){.source = *source};
    bough_arena_init(&attributes->arena, heap, limit_bytes);
}

void bough_merge_attributes_release(struct bough_merge_attributes *attributes)
{
    bough_arena_release(&attributes->arena);
    attributes->files = NULL;
    attributes->file_count = 0;
}

/* Reads and parses the file of the first `len` bytes of the path into files[at]. */
static enum bough_err read_file(struct bough_merge_attributes *attributes, size_t at, size_t len)
{
    struct stack *stack = stack_of(attributes);
    struct bough_bytes text = bough_bytes_of(NULL, 0);

    BOUGH_TRY(attributes->source.read(attributes->source.context, bough_bytes_of(stack->path, len),
                                      &attributes->arena, &text));
    if (at == 0) {
        attributes_file_builtin(&stack->macros);
        BOUGH_TRY(attributes_file_define(&stack->macros, text, &attributes->arena));
    }
    return attributes_file_parse(&stack->files[at], &stack->macros, text, &attributes->arena);
}

/* Makes a directory's file the deepest one. */
static enum bough_err push(struct bough_merge_attributes *attributes, size_t len)
{
    struct stack *stack = stack_of(attributes);
    size_t at = attributes->file_count;
    enum bough_err err;

    if (at == FILES_MAX)
        return BOUGH_TOO_BIG;
    assert(len <= BOUGH_PATH_BYTES_MAX);
    stack->marks[at] = bough_arena_now(&attributes->arena);
    stack->lens[at] = len;
    err = read_file(attributes, at, len);
    if (err == BOUGH_OK)
        attributes->file_count++;
    else
        bough_arena_back(&attributes->arena, stack->marks[at]);
    return err;
}

/* Forgets files that do not lead to a directory. */
static void pop_to(struct bough_merge_attributes *attributes, struct bough_bytes directory)
{
    struct stack *stack = stack_of(attributes);

    while (attributes->file_count > 1) {
        size_t len = stack->lens[attributes->file_count - 1];

        if (len <= directory.len && memcmp(stack->path, directory.at, len) == 0 &&
            (len == directory.len || directory.at[len] == '/'))
            return;
        attributes->file_count--;
        bough_arena_back(&attributes->arena, stack->marks[attributes->file_count]);
    }
}

/* Makes the files those of a path's directories. */
static enum bough_err enter(struct bough_merge_attributes *attributes, struct bough_bytes directory)
{
    struct stack *stack = stack_of(attributes);
    size_t len;

    if (directory.len > BOUGH_PATH_BYTES_MAX)
        return BOUGH_TOO_BIG;
    if (stack == NULL) {
        stack = bough_arena_zeros(&attributes->arena, 1, sizeof(*stack));
        if (stack == NULL)
            return BOUGH_NO_MEMORY;
        attributes->files = stack->files;
    }
    pop_to(attributes, directory);
    if (directory.len > 0)
        memcpy(stack->path, directory.at, directory.len);
    if (attributes->file_count == 0)
        BOUGH_TRY(push(attributes, 0));
    len = stack->lens[attributes->file_count - 1];
    assert(len <= directory.len);
    while (len < directory.len) {
        const uint8_t *slash;

        len += len > 0; /* the slash behind the parent */
        slash = memchr(stack->path + len, '/', directory.len - len);
        len = slash == NULL ? directory.len : (size_t)(slash - stack->path);
        BOUGH_TRY(push(attributes, len));
    }
    return BOUGH_OK;
}

/* Does what a line says, the last attribute first, unless something else was said before; a macro
 * that is set does what it stands for.  Recursive, but no macro is entered twice. */
static void apply(struct lookup *lookup, const struct attributes_file_rule *rule)
{
    for (size_t i = rule->change_count; i-- > 0;) {
        const struct attributes_file_change *change = &rule->changes[i];

        assert(change->id < ATTRIBUTES_FILE_IDS);
        if (lookup->states[change->id] != ATTRIBUTES_FILE_UNKNOWN)
            continue;
        lookup->states[change->id] = change->state;
        if (change->id == ATTRIBUTES_FILE_MERGE)
            lookup->value = change->value;
        if (change->state == ATTRIBUTES_FILE_SET)
            apply(lookup, &lookup->macros->rules[change->id]);
    }
}

static struct bough_bytes name_of(const struct lookup *lookup)
{
    switch (lookup->states[ATTRIBUTES_FILE_MERGE]) {
    case ATTRIBUTES_FILE_SET:
        return bough_bytes_text("text");
    case ATTRIBUTES_FILE_UNSET:
        return bough_bytes_text("binary");
    case ATTRIBUTES_FILE_VALUE:
        return lookup->value;
    case ATTRIBUTES_FILE_UNKNOWN:
    case ATTRIBUTES_FILE_UNSPECIFIED:
        break;
    }
    return bough_bytes_text("default");
}

enum bough_err bough_merge_attributes_find(struct bough_merge_attributes *attributes,
                                           struct bough_bytes path, struct bough_bytes *policy)
{
    struct lookup lookup = {.steps_left = BOUGH_ATTRIBUTES_STEPS_MAX + 1};
    struct bough_bytes directory = path;
    struct stack *stack;

    assert(path.len > 0);
    while (directory.len > 0 && directory.at[directory.len - 1] != '/')
        directory.len--;
    directory.len -= directory.len > 0;
    BOUGH_TRY(enter(attributes, directory));
    stack = stack_of(attributes);
    lookup.macros = &stack->macros;
    for (size_t i = attributes->file_count;
         i-- > 0 && lookup.states[ATTRIBUTES_FILE_MERGE] == ATTRIBUTES_FILE_UNKNOWN;) {
        const struct attributes_file *file = &stack->files[i];
        size_t skip = stack->lens[i] + (stack->lens[i] > 0);

        for (size_t k = file->rule_count; k-- > 0;) {
            if (attributes_file_matches(&file->rules[k],
                                        bough_bytes_of(path.at + skip, path.len - skip),
                                        &lookup.steps_left))
                apply(&lookup, &file->rules[k]);
            if (lookup.steps_left == 0)
                return BOUGH_TOO_BIG;
        }
    }
    *policy = name_of(&lookup);
    return BOUGH_OK;
}

enum bough_err bough_merge_attributes_policy(void *attributes, struct bough_bytes path,
                                             const struct bough_merge_policy **policy)
{
    struct bough_bytes name;

    BOUGH_TRY(bough_merge_attributes_find(attributes, path, &name));
    *policy = bough_merge_policy_find(name);
    return BOUGH_OK;
}
