/* SPDX-License-Identifier: ISC
 *
 * test_merge_rules.c - `.gitattributes` in the trees say how values are merged.
 *
 * How: three trees are made by hand, with rules in some of them, and merged; values must be what
 * the policies that count make of them.  (Grammar and patterns: test_merge_attributes.c; what
 * policies do: test_merge_policy.c.)
 */
#include "bough/merge.h"
#include "store_setup.h"
#include <stdio.h>

/* A tree with one more value, or one less. */
static struct bough_tree with(struct bough_store *store, struct bough_tree tree, const char *path,
                              const char *text)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_edit edit = {
        .path = bough_bytes_text(path), .remove = text == NULL, .entry.mode = BOUGH_MODE_FILE};

    if (text != NULL)
        assert_int_equal(bough_value_put(store, bough_bytes_text(text), &arena, &edit.entry.value),
                         BOUGH_OK);
    assert_int_equal(bough_tree_edit(store, &tree, &edit, 1, &arena, NULL, &tree), BOUGH_OK);
    bough_arena_release(&arena);
    return tree;
}

struct three {
    struct bough_tree base;
    struct bough_tree ours;
    struct bough_tree theirs;
};

/* The same value on all sides. */
static void put_all(struct bough_store *store, struct three *trees, const char *path,
                    const char *base, const char *ours, const char *theirs)
{
    trees->base = with(store, trees->base, path, base);
    trees->ours = with(store, trees->ours, path, ours);
    trees->theirs = with(store, trees->theirs, path, theirs);
}

/* Merges; the value at `path` afterwards, "" if it is in conflict, with *why. */
static const char *merged(struct bough_store *store, const struct three *trees,
                          const struct bough_merge_options *given, const char *path,
                          const char **why)
{
    static char text[60];
    struct bough_arena arena = store_setup_arena();
    struct bough_arena kept = store_setup_arena();
    struct bough_merge_list list = {.arena = &kept, .max = 10};
    struct bough_merge_options options = *given;
    struct bough_tree tree;
    struct bough_entry entry;
    uint64_t count;

    options.conflict = bough_merge_list_add;
    options.conflict_context = &list;
    *why = NULL;
    assert_int_equal(bough_merge_tree(store, &trees->base, &trees->ours, &trees->theirs, &options,
                                      &arena, &tree, &count),
                     BOUGH_OK);
    assert_null(arena.newest);
    assert_int_equal(bough_tree_find(store, &tree, bough_bytes_text(path), &arena, &entry),
                     BOUGH_OK);
    snprintf(text, sizeof(text), "%.*s", (int)entry.value.data.len,
             (const char *)entry.value.data.at);
    for (size_t i = 0; i < list.count; i++) {
        if (bough_bytes_equal(list.conflicts[i].path, bough_bytes_text(path))) {
            *why = list.conflicts[i].why != NULL ? list.conflicts[i].why : "";
            text[0] = '\0';
        }
    }
    bough_arena_release(&arena);
    bough_arena_release(&kept);
    return text;
}

static const struct bough_merge_options by_rules = {.attributes = true};

static void test_merge_rules__the_trees_name_the_policies(void **unused)
{
    struct bough_store *store = store_setup();
    struct three trees = {0};
    const struct bough_merge_options none = {0};
    const char *why;

    (void)unused;
    put_all(store, &trees, ".gitattributes", "n* merge=counter\n", "n* merge=counter\n",
            "n* merge=counter\n");
    put_all(store, &trees, "n", "5", "7", "4");
    put_all(store, &trees, "m", "5", "7", "4");
    put_all(store, &trees, "d/n", "5", "7", "4");
    put_all(store, &trees, "e/.gitattributes", "n merge=default\n", "n merge=default\n",
            "n merge=default\n");
    put_all(store, &trees, "e/n", "5", "7", "4");
    assert_string_equal(merged(store, &trees, &by_rules, "n", &why), "6");
    assert_string_equal(merged(store, &trees, &by_rules, "d/n", &why), "6");
    assert_string_equal(merged(store, &trees, &by_rules, "m", &why), "");
    assert_string_equal(merged(store, &trees, &by_rules, "e/n", &why), ""); /* said deeper down */
    assert_string_equal(merged(store, &trees, &none, "n", &why), "");
    put_all(store, &trees, "n", "5", "seven", "4");
    assert_string_equal(merged(store, &trees, &by_rules, "n", &why), "");
    assert_true(why != NULL && why[0] != '\0'); /* the policy says what is the matter */
    bough_store_close(store);
}

static void test_merge_rules__the_side_that_changed_the_rules_is_heard(void **unused)
{
    struct bough_store *store = store_setup();
    struct three trees = {0};
    const char *why;

    (void)unused;
    put_all(store, &trees, "n", "5", "7", "4");
    trees.theirs = with(store, trees.theirs, ".gitattributes", "n merge=counter\n");
    assert_string_equal(merged(store, &trees, &by_rules, "n", &why), "6");
    put_all(store, &trees, ".gitattributes", "n merge=counter\n", "n merge=theirs\n",
            "n merge=counter\n");
    assert_string_equal(merged(store, &trees, &by_rules, "n", &why), "4");
    put_all(store, &trees, ".gitattributes", "n merge=counter\n", "n merge=theirs\n",
            "n merge=union\n"); /* both did: ours counts */
    assert_string_equal(merged(store, &trees, &by_rules, "n", &why), "4");
    bough_store_close(store);
}

/* Joins both values. */
static enum bough_err join(void *context, const struct bough_merge_values *values,
                           struct bough_arena *arena, struct bough_merge_value *merged)
{
    static char both[20];

    (void)arena;
    snprintf(both, sizeof(both), "%s%.1s%.1s", (const char *)context,
             (const char *)values->ours.value.at, (const char *)values->theirs.value.at);
    *merged = (struct bough_merge_value){.clean = true, .value = bough_bytes_text(both)};
    return BOUGH_OK;
}

static void test_merge_rules__an_embedder_has_policies_of_its_own(void **unused)
{
    static char joined[] = "join:";
    static char fell[] = "fell:";
    const struct bough_merge_policy own[] = {{.name = "counter", .merge = join, .context = joined}};
    const struct bough_merge_policy fallback = {.name = "f", .merge = join, .context = fell};
    const struct bough_merge_options options = {
        .attributes = true, .own = own, .own_count = 1, .fallback = &fallback};
    struct bough_store *store = store_setup();
    struct three trees = {0};
    const char *why;

    (void)unused;
    put_all(store, &trees, ".gitattributes", "n merge=counter\nb -merge\nu merge=unheard\n",
            "n merge=counter\nb -merge\nu merge=unheard\n",
            "n merge=counter\nb -merge\nu merge=unheard\n");
    put_all(store, &trees, "n", "5", "7", "4");
    put_all(store, &trees, "b", "5", "7", "4");
    put_all(store, &trees, "u", "5", "7", "4");
    put_all(store, &trees, "other", "5", "7", "4");
    assert_string_equal(merged(store, &trees, &options, "n", &why), "join:74");
    assert_string_equal(merged(store, &trees, &options, "u", &why), "fell:74");
    assert_string_equal(merged(store, &trees, &options, "other", &why), "fell:74");
    assert_string_equal(merged(store, &trees, &options, "b", &why), ""); /* not to be merged */
    bough_store_close(store);
}

static void test_merge_rules__rules_past_their_limits_make_conflicts(void **unused)
{
    struct bough_store *store = store_setup();
    struct three trees = {0};
    char *rules = calloc(1, BOUGH_ATTRIBUTES_BYTES_MAX + 2);
    const char *why;

    (void)unused;
    memset(rules, '\n', BOUGH_ATTRIBUTES_BYTES_MAX);
    memcpy(rules, "n merge=counter", strlen("n merge=counter"));
    put_all(store, &trees, ".gitattributes", rules, rules, rules);
    put_all(store, &trees, "n", "5", "7", "4");
    assert_string_equal(merged(store, &trees, &by_rules, "n", &why), "6");
    rules[BOUGH_ATTRIBUTES_BYTES_MAX] = '\n';
    put_all(store, &trees, ".gitattributes", rules, rules, rules);
    assert_string_equal(merged(store, &trees, &by_rules, "n", &why), "");
    assert_true(why != NULL && why[0] != '\0');
    free(rules);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_rules__the_trees_name_the_policies),
        cmocka_unit_test(test_merge_rules__the_side_that_changed_the_rules_is_heard),
        cmocka_unit_test(test_merge_rules__an_embedder_has_policies_of_its_own),
        cmocka_unit_test(test_merge_rules__rules_past_their_limits_make_conflicts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
