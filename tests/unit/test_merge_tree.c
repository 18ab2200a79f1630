/* SPDX-License-Identifier: ISC
 *
 * test_merge_tree.c - what merging two trees costs, takes and refuses.
 *
 * How: three trees are made by hand, or with many keys, and merged; what should come out is built
 * from nothing.  Reads are counted by the backend below a store without a cache, so that each node
 * is read whenever it is looked at.  (test_merge_model.c has the random trees.)
 */
#include "bough/merge.h"
#include "counting_reads.h"
#include <stdio.h>

#define KEYS           20000u
#define KEY_ROOM       40u
#define READS_MAX      200u /* for ten changes in a directory of KEYS */
#define DEPTH          (BOUGH_PATH_STEPS_MAX + 3u)
#define LIST_MAX       3u
#define MANY           100000u
#define MANY_BYTES_MAX ((size_t)12 << 20) /* memory of a merge with that many changes */
#define SCRATCH_OWN    8192u /* what a merge of three small values takes of its memory at most */

/* A tree with one more entry, or one less when text is NULL. */
static struct bough_tree with_mode(struct bough_store *store, struct bough_tree tree,
                                   const char *path, const char *text, uint32_t mode)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_edit edit = {.path = bough_bytes_text(path), .remove = text == NULL};

    edit.entry.mode = mode;
    if (text != NULL)
        assert_int_equal(bough_value_put(store, bough_bytes_text(text), &arena, &edit.entry.value),
                         BOUGH_OK);
    assert_int_equal(bough_tree_edit(store, &tree, &edit, 1, &arena, NULL, &tree), BOUGH_OK);
    bough_arena_release(&arena);
    return tree;
}

static struct bough_tree with(struct bough_store *store, struct bough_tree tree, const char *path,
                              const char *text)
{
    return with_mode(store, tree, path, text, BOUGH_MODE_FILE);
}

/* A tree with `count` more keys under "d/": every `step`th from `first` on, with this text. */
static struct bough_tree with_many(struct bough_store *store, struct bough_tree tree,
                                   unsigned first, unsigned step, unsigned count, const char *text)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_edit *edits = calloc(count, sizeof(*edits));
    char(*keys)[KEY_ROOM] = calloc(count, KEY_ROOM);

    for (unsigned i = 0; i < count; i++) {
        snprintf(keys[i], KEY_ROOM, "d/key %06u", first + i * step);
        edits[i] =
            (struct bough_edit){.path = bough_bytes_text(keys[i]), .entry.mode = BOUGH_MODE_FILE};
        assert_int_equal(
            bough_value_put(store, bough_bytes_text(text), &arena, &edits[i].entry.value),
            BOUGH_OK);
    }
    assert_int_equal(bough_tree_edit(store, &tree, edits, count, &arena, NULL, &tree), BOUGH_OK);
    free(edits);
    free(keys);
    bough_arena_release(&arena);
    return tree;
}

/* Merges with options of which only what is told about conflicts is replaced. */
static enum bough_err merge_into(struct bough_store *store, const struct bough_tree *base,
                                 struct bough_tree ours, struct bough_tree theirs,
                                 struct bough_merge_options options, struct bough_merge_list *list,
                                 struct bough_tree *merged)
{
    struct bough_arena arena = store_setup_arena();
    uint64_t conflicts = 0;
    enum bough_err err;

    options.conflict = bough_merge_list_add;
    options.conflict_context = list;
    err = bough_merge_tree(store, base, &ours, &theirs, &options, &arena, merged, &conflicts);
    assert_null(arena.newest);
    if (err == BOUGH_OK && list->max == SIZE_MAX)
        assert_int_equal(conflicts, list->count);
    bough_arena_release(&arena);
    return err;
}

/* Merges without options, and expects that it is clean. */
static struct bough_tree clean(struct bough_store *store, struct bough_tree base,
                               struct bough_tree ours, struct bough_tree theirs)
{
    struct bough_merge_list list = {.max = SIZE_MAX};
    struct bough_tree merged;

    assert_int_equal(
        merge_into(store, &base, ours, theirs, (struct bough_merge_options){0}, &list, &merged),
        BOUGH_OK);
    assert_int_equal(list.count, 0);
    return merged;
}

static void assert_equal(const struct bough_tree *a, const struct bough_tree *b)
{
    assert_true(bough_tree_equal(a, b));
    assert_int_equal(a->key_count, b->key_count);
}

/* Merges, and expects one conflict, with the result ours; its list is left in the arena. */
static struct bough_merge_conflict one(struct bough_store *store, const struct bough_tree *base,
                                       struct bough_tree ours, struct bough_tree theirs,
                                       struct bough_merge_options options, struct bough_arena *kept)
{
    struct bough_merge_list list = {.arena = kept, .max = SIZE_MAX};
    struct bough_tree merged;

    assert_int_equal(merge_into(store, base, ours, theirs, options, &list, &merged), BOUGH_OK);
    assert_int_equal(list.count, 1);
    assert_equal(&merged, &ours);
    return list.conflicts[0];
}

/* ---- cost ---- */

static void test_merge_tree__reads_follow_changes(void **unused)
{
    struct bough_store *store = counting_reads_store();
    struct bough_tree base = with_many(store, (struct bough_tree){0}, 0, 1, KEYS, "base");
    struct bough_tree ours = with_many(store, base, 0, KEYS / 10, 10, "ours");
    struct bough_tree theirs = with_many(store, base, 1, KEYS / 10, 10, "theirs");
    struct bough_tree both = with_many(store, ours, 1, KEYS / 10, 10, "theirs");
    struct bough_tree merged;

    (void)unused;
    reads = 0;
    merged = clean(store, base, ours, theirs);
    printf("ten changes on either side in %u keys: %llu reads\n", KEYS, (unsigned long long)reads);
    assert_true(reads > 0 && reads < READS_MAX);
    assert_equal(&merged, &both);
    bough_store_close(store);
}

static void test_merge_tree__a_huge_change_meets_a_tiny_one_at_the_price_of_the_tiny_one(
    void **unused)
{
    struct bough_store *store = counting_reads_store();
    struct bough_tree base = with_many(store, (struct bough_tree){0}, 0, 1, KEYS, "base");
    struct bough_tree tiny = with(store, base, "d/key 000777", "tiny");
    struct bough_tree huge = with_many(store, base, 1, 2, KEYS / 2 - 400, "huge");
    struct bough_tree both;
    struct bough_tree merged;

    (void)unused;
    huge = with(store, huge, "d/key 000777", "base");
    both = with(store, huge, "d/key 000777", "tiny");
    reads = 0;
    merged = clean(store, base, huge, tiny);
    printf("one change against %u: %llu reads\n", KEYS / 2, (unsigned long long)reads);
    assert_true(reads < READS_MAX / 2);
    assert_equal(&merged, &both);
    merged = clean(store, base, tiny, huge);
    assert_equal(&merged, &both);
    assert_true(reads < READS_MAX);
    bough_store_close(store);
}

static void test_merge_tree__what_one_side_left_alone_is_never_read(void **unused)
{
    struct bough_store *store = counting_reads_store();
    struct bough_tree base = with_many(store, (struct bough_tree){0}, 0, 1, KEYS, "base");
    struct bough_tree ours = with_many(store, base, 0, 2, KEYS / 2, "ours");
    struct bough_tree theirs = with(store, base, "e", "theirs");
    struct bough_tree both = with(store, ours, "e", "theirs");
    struct bough_tree merged;

    (void)unused;
    reads = 0;
    merged = clean(store, base, ours, theirs);
    assert_true(reads <= 20); /* the roots; none of "d" */
    assert_equal(&merged, &both);
    reads = 0;
    merged = clean(store, base, base, ours);
    merged = clean(store, base, ours, base);
    merged = clean(store, base, ours, ours);
    assert_int_equal(reads, 0);
    bough_store_close(store);
}

/* ---- kinds ---- */

static const struct bough_merge_options plain;

static void test_merge_tree__kinds_are_told_apart(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena kept = store_setup_arena();
    struct bough_tree none = {0};
    struct bough_tree base = with(store, with(store, none, "d/a", "1"), "b", "1");
    struct bough_tree edit = with(store, base, "d/a", "2");
    struct bough_tree other = with(store, base, "d/a", "3");
    struct bough_tree gone = with(store, base, "d", NULL);
    struct bough_tree file = with(store, gone, "d", "file");
    struct bough_tree exec = with_mode(store, base, "n", "1", BOUGH_MODE_EXEC);
    struct bough_tree soft = with(store, base, "n", "1");
    struct bough_merge_conflict conflict = one(store, &base, edit, other, plain, &kept);

    (void)unused;
    assert_int_equal(conflict.kind, BOUGH_MERGE_EDIT_EDIT);
    assert_true(bough_bytes_equal(conflict.path, bough_bytes_text("d/a")));
    assert_memory_equal(conflict.base->value.data.at, "1", 1);
    assert_memory_equal(conflict.ours->value.data.at, "2", 1);
    assert_memory_equal(conflict.theirs->value.data.at, "3", 1);
    conflict = one(store, &base, edit, gone, plain, &kept);
    assert_int_equal(conflict.kind, BOUGH_MERGE_EDIT_DELETE);
    assert_null(conflict.theirs);
    conflict = one(store, &base, gone, edit, plain, &kept);
    assert_int_equal(conflict.kind, BOUGH_MERGE_DELETE_EDIT);
    assert_null(conflict.ours);
    conflict = one(store, &none, edit, other, plain, &kept);
    assert_int_equal(conflict.kind, BOUGH_MERGE_ADD_ADD);
    assert_null(conflict.base);
    conflict = one(store, &base, exec, soft, plain, &kept);
    assert_int_equal(conflict.kind, BOUGH_MERGE_MODE);
    conflict = one(store, &base, edit, file, plain, &kept);
    assert_int_equal(conflict.kind, BOUGH_MERGE_TREE_VALUE);
    assert_int_equal(conflict.ours->tree.key_count, 1);
    conflict = one(store, &base, file, edit, plain, &kept);
    assert_int_equal(conflict.kind, BOUGH_MERGE_VALUE_TREE);
    assert_true(bough_bytes_equal(conflict.path, bough_bytes_text("d")));
    conflict = one(store, NULL, base, gone, plain, &kept); /* nothing is known of the base */
    assert_int_equal(conflict.kind, BOUGH_MERGE_EDIT_DELETE);
    assert_true(bough_bytes_equal(conflict.path, bough_bytes_text("d")));
    assert_non_null(conflict.why);
    bough_arena_release(&kept);
    bough_store_close(store);
}

static void test_merge_tree__what_does_not_meet_is_no_conflict(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_tree none = {0};
    struct bough_tree base = with(store, with(store, none, "d/a", "1"), "d/b", "1");
    struct bough_tree file = with(store, with(store, base, "d", NULL), "d", "file");
    struct bough_tree less = with(store, base, "d/b", NULL);
    struct bough_tree gone = with(store, base, "d", NULL);
    struct bough_tree added = with(store, base, "d/c", "1");
    struct bough_tree exec = with_mode(store, base, "d/a", "1", BOUGH_MODE_EXEC);
    struct bough_tree edit = with(store, base, "d/a", "2");
    struct bough_tree merged;
    struct bough_tree expected;

    (void)unused;
    merged = clean(store, base, file, less); /* values went; none that stays is lost */
    assert_equal(&merged, &file);
    merged = clean(store, base, less, file);
    assert_equal(&merged, &file);
    merged = clean(store, base, gone, file);
    assert_equal(&merged, &file);
    merged = clean(store, file, gone, base); /* a value became a directory, or nothing */
    assert_equal(&merged, &base);
    merged = clean(store, base, gone, added); /* the new key is all that is left */
    expected = with(store, gone, "d/c", "1");
    assert_equal(&merged, &expected);
    merged = clean(store, base, exec, edit); /* the mode of one, the value of the other */
    expected = with_mode(store, base, "d/a", "2", BOUGH_MODE_EXEC);
    assert_equal(&merged, &expected);
    bough_store_close(store);
}

/* A tree whose "d" is a directory without anything in it, as git cannot have, but a client can. */
static struct bough_tree with_hollow(struct bough_store *store, struct bough_tree tree)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_edit edit = {.path = bough_bytes_text("d"),
                              .entry = {.kind = BOUGH_ENTRY_TREE, .mode = BOUGH_MODE_DIRECTORY}};

    assert_int_equal(bough_tree_edit_level(store, &tree, &edit, 1, &arena, &tree), BOUGH_OK);
    bough_arena_release(&arena);
    return tree;
}

static void test_merge_tree__an_empty_directory_is_as_good_as_none(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena kept = store_setup_arena();
    struct bough_tree base = with(store, (struct bough_tree){0}, "k", "1");
    struct bough_tree hollow = with_hollow(store, base);
    struct bough_tree file = with(store, base, "d", "file");
    struct bough_tree edit = with(store, base, "d", "edit");
    struct bough_tree full = with(store, base, "d/a", "1");
    struct bough_tree merged;

    (void)unused;
    merged = clean(store, base, hollow, file);
    assert_equal(&merged, &file);
    merged = clean(store, base, full, hollow);
    assert_equal(&merged, &full);
    merged = clean(store, base, hollow, base); /* what one side alone did stays */
    assert_equal(&merged, &hollow);
    assert_int_equal(one(store, &file, edit, hollow, plain, &kept).kind, BOUGH_MERGE_EDIT_DELETE);
    bough_arena_release(&kept);
    bough_store_close(store);
}

/* ---- options ---- */

static void test_merge_tree__favor_settles_values_and_nothing_else(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena kept = store_setup_arena();
    struct bough_merge_options options = {.favor = BOUGH_MERGE_FAVOR_THEIRS};
    struct bough_merge_list list = {.arena = &kept, .max = SIZE_MAX};
    struct bough_tree base = with(store, with(store, (struct bough_tree){0}, "a", "1"), "b", "1");
    struct bough_tree ours = with(store, with(store, base, "a", "2"), "b", NULL);
    struct bough_tree theirs = with(store, with(store, base, "a", "3"), "b", "3");
    struct bough_tree expected = with(store, ours, "a", "3");
    struct bough_tree merged;

    (void)unused;
    assert_int_equal(merge_into(store, &base, ours, theirs, options, &list, &merged), BOUGH_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.conflicts[0].kind, BOUGH_MERGE_DELETE_EDIT);
    assert_equal(&merged, &expected);
    bough_arena_release(&kept);
    bough_store_close(store);
}

/* Joins both values, if there is a base; counts the calls. */
static enum bough_err join(void *context, const struct bough_merge_values *values,
                           struct bough_arena *arena, struct bough_merge_value *merged)
{
    static char both[20];

    ++*(unsigned *)context;
    (void)arena;
    if (!values->has_base || values->ours.value.len > 1) {
        *merged = (struct bough_merge_value){.why = "no", .value = bough_bytes_text("draft")};
        return BOUGH_OK;
    }
    snprintf(both, sizeof(both), "%.1s%.1s", (const char *)values->ours.value.at,
             (const char *)values->theirs.value.at);
    *merged = (struct bough_merge_value){.clean = true, .value = bough_bytes_text(both)};
    return BOUGH_OK;
}

static enum bough_err join_all(void *context, struct bough_bytes path,
                               const struct bough_merge_policy **policy)
{
    assert_true(path.len == 1);
    *policy = context;
    return BOUGH_OK;
}

static void test_merge_tree__a_policy_merges_files_and_no_links(void **unused)
{
    unsigned calls = 0;
    struct bough_merge_policy policy = {.name = "join", .merge = join, .context = &calls};
    struct bough_merge_options options = {.policy = join_all, .policy_context = &policy};
    struct bough_store *store = store_setup();
    struct bough_arena kept = store_setup_arena();
    struct bough_merge_list list = {.arena = &kept, .max = SIZE_MAX};
    struct bough_tree none = {0};
    struct bough_tree base = with(store, none, "a", "1");
    struct bough_tree ours = with(store, base, "a", "2");
    struct bough_tree theirs = with_mode(store, base, "a", "3", BOUGH_MODE_EXEC);
    struct bough_tree expected = with_mode(store, base, "a", "23", BOUGH_MODE_EXEC);
    struct bough_merge_conflict conflict;
    struct bough_tree merged;

    (void)unused;
    assert_int_equal(merge_into(store, &base, ours, theirs, options, &list, &merged), BOUGH_OK);
    assert_int_equal(list.count, 0);
    assert_equal(&merged, &expected);
    theirs = with(store, none, "a", "3");
    conflict = one(store, &none, ours, theirs, options, &kept); /* it refuses */
    assert_string_equal(conflict.why, "no");
    assert_int_equal(conflict.kind, BOUGH_MERGE_ADD_ADD);
    assert_int_equal(calls, 2);
    base = with_mode(store, none, "a", "1", BOUGH_MODE_SYMLINK);
    ours = with_mode(store, none, "a", "2", BOUGH_MODE_SYMLINK);
    theirs = with_mode(store, none, "a", "3", BOUGH_MODE_SYMLINK);
    conflict = one(store, &base, ours, theirs, options, &kept);
    assert_int_equal(conflict.kind, BOUGH_MERGE_EDIT_EDIT);
    theirs = with(store, none, "a", "3");
    conflict = one(store, &base, ours, theirs, options, &kept);
    assert_int_equal(conflict.kind, BOUGH_MERGE_EDIT_EDIT);
    assert_int_equal(calls, 2);
    bough_arena_release(&kept);
    bough_store_close(store);
}

/* Takes theirs, however long. */
static enum bough_err take(void *context, const struct bough_merge_values *values,
                           struct bough_arena *arena, struct bough_merge_value *merged)
{
    (void)context;
    (void)arena;
    *merged = (struct bough_merge_value){.clean = true, .value = values->theirs.value};
    return BOUGH_OK;
}

static void test_merge_tree__a_value_past_the_limit_goes_to_no_policy(void **unused)
{
    struct bough_merge_policy policy = {.name = "take", .merge = take};
    struct bough_merge_options options = {.policy = join_all, .policy_context = &policy};
    struct bough_store *store = store_setup();
    struct bough_arena kept = store_setup_arena();
    struct bough_merge_list list = {.arena = &kept, .max = SIZE_MAX};
    struct bough_tree base = with(store, (struct bough_tree){0}, "a", "1");
    struct bough_tree ours = with(store, base, "a", "2");
    char *text = calloc(1, BOUGH_MERGE_VALUE_BYTES_MAX + 2);
    struct bough_tree theirs;
    struct bough_tree merged;

    (void)unused;
    memset(text, 'x', BOUGH_MERGE_VALUE_BYTES_MAX);
    theirs = with(store, base, "a", text);
    assert_int_equal(merge_into(store, &base, ours, theirs, options, &list, &merged), BOUGH_OK);
    assert_int_equal(list.count, 0);
    assert_equal(&merged, &theirs);
    text[BOUGH_MERGE_VALUE_BYTES_MAX] = 'x';
    theirs = with(store, base, "a", text);
    assert_non_null(one(store, &base, ours, theirs, options, &kept).why);
    free(text);
    bough_arena_release(&kept);
    bough_store_close(store);
}

/* ---- limits and errors ---- */

/* Edits are made as soon as there are enough of them: what is pending has a bound. */
static void test_merge_tree__memory_does_not_grow_with_the_changes(void **unused)
{
    const struct bough_merge_options options = {0};
    struct bough_store *store = store_setup();
    struct bough_tree base = with_many(store, (struct bough_tree){0}, 0, 1, MANY, "base");
    struct bough_tree ours = with_many(store, base, 0, 2, MANY / 2, "ours");
    struct bough_tree theirs = with_many(store, base, 1, 2, MANY / 2, "theirs");
    struct bough_tree expected = with_many(store, ours, 1, 2, MANY / 2, "theirs");
    struct bough_tree merged;
    struct bough_arena arena;
    uint64_t conflicts;

    (void)unused;
    bough_arena_init(&arena, host_env()->heap, MANY_BYTES_MAX);
    assert_int_equal(
        bough_merge_tree(store, &base, &ours, &theirs, &options, &arena, &merged, &conflicts),
        BOUGH_OK);
    assert_equal(&merged, &expected);
    bough_arena_release(&arena);
    bough_store_close(store);
}

/* Takes as much memory as it is told to. */
static enum bough_err take_memory(void *context, const struct bough_merge_values *values,
                                  struct bough_arena *arena, struct bough_merge_value *merged)
{
    const size_t *bytes = context;

    *merged = (struct bough_merge_value){.clean = true, .value = values->theirs.value};
    return bough_arena_take(arena, *bytes) == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* Values and what the arena needs itself count, too. */
static void test_merge_tree__a_policy_has_so_much_memory_and_no_more(void **unused)
{
    size_t fits = BOUGH_MERGE_SCRATCH_BYTES_MAX - SCRATCH_OWN, no = BOUGH_MERGE_SCRATCH_BYTES_MAX;
    size_t bytes = fits;
    struct bough_merge_policy policy = {.merge = take_memory, .context = &bytes};
    struct bough_merge_options options = {.policy = join_all, .policy_context = &policy};
    struct bough_store *store = store_setup();
    struct bough_arena kept = store_setup_arena();
    struct bough_merge_list list = {.arena = &kept, .max = SIZE_MAX};
    struct bough_tree base = with(store, (struct bough_tree){0}, "a", "1");
    struct bough_tree ours = with(store, base, "a", "2");
    struct bough_tree theirs = with(store, base, "a", "3");
    struct bough_tree merged;

    (void)unused;
    assert_int_equal(merge_into(store, &base, ours, theirs, options, &list, &merged), BOUGH_OK);
    assert_equal(&merged, &theirs);
    while (no - fits > 1) { /* the edge is in between */
        bytes = fits + (no - fits) / 2;
        if (merge_into(store, &base, ours, theirs, options, &list, &merged) == BOUGH_OK)
            fits = bytes;
        else
            no = bytes;
    }
    bytes = fits;
    assert_int_equal(merge_into(store, &base, ours, theirs, options, &list, &merged), BOUGH_OK);
    bytes = no;
    assert_int_equal(merge_into(store, &base, ours, theirs, options, &list, &merged),
                     BOUGH_NO_MEMORY);
    assert_int_equal(list.count, 0);
    bough_store_close(store);
}

static void test_merge_tree__a_list_keeps_the_first_and_the_count_goes_on(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_arena kept = store_setup_arena();
    struct bough_merge_list list = {.arena = &kept, .max = LIST_MAX};
    struct bough_merge_options options = {.conflict = bough_merge_list_add,
                                          .conflict_context = &list};
    struct bough_tree none = {0};
    struct bough_tree ours = with_many(store, none, 0, 1, 100, "ours");
    struct bough_tree theirs = with_many(store, none, 0, 1, 100, "theirs");
    struct bough_tree merged;
    uint64_t count;

    (void)unused;
    assert_int_equal(
        bough_merge_tree(store, &none, &ours, &theirs, &options, &arena, &merged, &count),
        BOUGH_OK);
    assert_int_equal(count, 100);
    assert_int_equal(list.count, LIST_MAX);
    assert_true(
        bough_bytes_equal(list.conflicts[LIST_MAX - 1].path, bough_bytes_text("d/key 000002")));
    bough_arena_release(&kept);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static enum bough_err refuse(void *context, const struct bough_merge_conflict *conflict)
{
    (void)context;
    (void)conflict;
    return BOUGH_FULL;
}

static void test_merge_tree__an_error_of_who_is_told_ends_it(void **unused)
{
    const struct bough_merge_options options = {.conflict = refuse};
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_tree none = {0};
    struct bough_tree ours = with(store, none, "d/a", "1");
    struct bough_tree theirs = with(store, none, "d/a", "2");
    struct bough_tree merged;
    uint64_t count;

    (void)unused;
    assert_int_equal(
        bough_merge_tree(store, &none, &ours, &theirs, &options, &arena, &merged, &count),
        BOUGH_FULL);
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* `depth` directories, one in the other, around a value. */
static struct bough_tree nested(struct bough_store *store, unsigned depth, const char *text)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_tree tree = with(store, (struct bough_tree){0}, "s", text);

    for (unsigned i = 0; i < depth; i++) {
        const struct bough_edit edit = {
            .path = bough_bytes_text("s"),
            .entry = {.kind = BOUGH_ENTRY_TREE, .mode = BOUGH_MODE_DIRECTORY, .tree = tree}};

        tree = (struct bough_tree){0};
        assert_int_equal(bough_tree_edit(store, &tree, &edit, 1, &arena, NULL, &tree), BOUGH_OK);
    }
    bough_arena_release(&arena);
    return tree;
}

static void test_merge_tree__deeper_than_paths_may_be_is_too_big(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena kept = store_setup_arena();
    struct bough_merge_list list = {.arena = &kept, .max = SIZE_MAX};
    struct bough_tree merged;
    struct bough_tree base;

    (void)unused;
    for (unsigned depth = BOUGH_PATH_STEPS_MAX - 1; depth < DEPTH; depth++) {
        base = nested(store, depth, "1");
        list.count = 0;
        assert_int_equal(merge_into(store, &base, nested(store, depth, "2"),
                                    nested(store, depth, "3"), plain, &list, &merged),
                         depth <= BOUGH_PATH_STEPS_MAX ? BOUGH_OK : BOUGH_TOO_BIG);
        merged = clean(store, base, nested(store, depth, "2"), base); /* by name, however deep */
    }
    bough_arena_release(&kept);
    bough_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_tree__reads_follow_changes),
        cmocka_unit_test(
            test_merge_tree__a_huge_change_meets_a_tiny_one_at_the_price_of_the_tiny_one),
        cmocka_unit_test(test_merge_tree__what_one_side_left_alone_is_never_read),
        cmocka_unit_test(test_merge_tree__kinds_are_told_apart),
        cmocka_unit_test(test_merge_tree__what_does_not_meet_is_no_conflict),
        cmocka_unit_test(test_merge_tree__an_empty_directory_is_as_good_as_none),
        cmocka_unit_test(test_merge_tree__favor_settles_values_and_nothing_else),
        cmocka_unit_test(test_merge_tree__a_policy_merges_files_and_no_links),
        cmocka_unit_test(test_merge_tree__a_value_past_the_limit_goes_to_no_policy),
        cmocka_unit_test(test_merge_tree__memory_does_not_grow_with_the_changes),
        cmocka_unit_test(test_merge_tree__a_policy_has_so_much_memory_and_no_more),
        cmocka_unit_test(test_merge_tree__a_list_keeps_the_first_and_the_count_goes_on),
        cmocka_unit_test(test_merge_tree__an_error_of_who_is_told_ends_it),
        cmocka_unit_test(test_merge_tree__deeper_than_paths_may_be_is_too_big),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
