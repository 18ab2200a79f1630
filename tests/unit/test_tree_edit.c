/* SPDX-License-Identifier: ISC
 *
 * test_tree_edit.c - the canonical law of trees, and what edits mean.
 *
 * How: random batches of edits are applied to a tree in a memory store and, by hand, to a plain
 * sorted list of paths.  After each batch the tree must read back as the list, and have the very
 * root that building the list in one go gives.  Windows are small here, so that trees are deep.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bough/memory.h"
#include "bough/tree.h"
#include "host_env.h"
#include "test_seed.h"

#define KEYS_MAX 4000

struct model_key {
    char path[64];
    char value[80];
};

struct model {
    struct model_key keys[KEYS_MAX];
    size_t count;
};

static const struct bough_identity identity = {
    .salt = "salt of a test", .leaf_window_bytes = 64, .inner_window_bytes = 64};

static struct bough_store *open_store(size_t cache_bytes)
{
    struct bough_backend *backend;
    struct bough_store *store;

    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, cache_bytes, &store), BOUGH_OK);
    return store;
}

static struct bough_edit put(const char *path, const char *text)
{
    return (struct bough_edit){
        .path = bough_bytes_text(path),
        .entry = {.mode = BOUGH_MODE_FILE,
                  .value = {.size_bytes = strlen(text), .data = bough_bytes_text(text)}},
    };
}

static struct bough_edit removal(const char *path)
{
    return (struct bough_edit){.path = bough_bytes_text(path), .remove = true};
}

static enum bough_err edit(struct bough_store *store, struct bough_tree *tree,
                           const struct bough_edit *edits, size_t count)
{
    struct bough_arena arena;
    enum bough_err err;

    bough_arena_init(&arena, host_env()->heap, 64 << 20);
    err = bough_tree_edit(store, tree, edits, count, &arena, NULL, tree);
    bough_arena_release(&arena);
    return err;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct model_key *)a)->path, ((const struct model_key *)b)->path);
}

static struct model_key *model_find(struct model *model, const char *path)
{
    for (size_t i = 0; i < model->count; i++) {
        if (strcmp(model->keys[i].path, path) == 0)
            return &model->keys[i];
    }
    return NULL;
}

/* How long the value at `path` is, 0 if there is none: many edits keep it, which leaves nodes in
 * their shape. */
static int model_width(struct model *model, const char *path)
{
    const struct model_key *key = model_find(model, path);

    return key == NULL ? 0 : (int)strlen(key->value);
}

/* Whether `path` would stand below a value, or has something below it. */
static int model_conflicts(const struct model *model, const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < model->count; i++) {
        const char *other = model->keys[i].path;
        size_t other_len = strlen(other);

        if (other_len > len && strncmp(other, path, len) == 0 && other[len] == '/')
            return 1;
        if (len > other_len && strncmp(path, other, other_len) == 0 && path[other_len] == '/')
            return 1;
    }
    return 0;
}

static void model_remove(struct model *model, const char *path)
{
    size_t len = strlen(path);
    size_t kept = 0;

    for (size_t i = 0; i < model->count; i++) {
        const char *other = model->keys[i].path;
        int below = strncmp(other, path, len) == 0 && (other[len] == '/' || other[len] == '\0');

        if (!below)
            model->keys[kept++] = model->keys[i];
    }
    model->count = kept;
}

static void random_path(uint64_t *state, char *path)
{
    static const char *const steps[] = {"a", "a.b", "a-b", "a0", "b", "zz", ".x"};
    size_t len = 0;
    size_t depth = test_below(state, 10) < 7 ? 0 : 1 + test_below(state, 2);

    for (size_t i = 0; i < depth; i++)
        len += (size_t)sprintf(path + len, "%s/", steps[test_below(state, 7)]);
    if (test_below(state, 20) == 0)
        sprintf(path + len, "%s", steps[test_below(state, 7)]);
    else
        sprintf(path + len, "k%llu", (unsigned long long)test_below(state, 700));
}

/* The tree that a one-shot build of the model gives. */
static struct bough_tree build(struct bough_store *store, const struct model *model)
{
    static struct bough_edit edits[KEYS_MAX];
    struct bough_tree tree = {0};

    for (size_t i = 0; i < model->count; i++)
        edits[i] = put(model->keys[i].path, model->keys[i].value);
    assert_int_equal(edit(store, &tree, edits, model->count), BOUGH_OK);
    return tree;
}

static void check_contents(struct bough_store *store, const struct bough_tree *tree,
                           struct model *model)
{
    struct bough_arena arena;
    struct bough_tree_walk walk;
    struct bough_bytes path;
    struct bough_entry entry;
    size_t at = 0;

    qsort(model->keys, model->count, sizeof(model->keys[0]), by_path);
    assert_int_equal(tree->key_count, model->count);
    bough_arena_init(&arena, host_env()->heap, 64 << 20);
    assert_int_equal(bough_tree_walk_open(&walk, store, tree, (struct bough_bytes){0},
                                          (struct bough_bytes){0}, &arena),
                     BOUGH_OK);
    while (bough_tree_walk_next(&walk, &path, &entry) == BOUGH_OK) {
        assert_true(at < model->count);
        assert_true(bough_bytes_equal(path, bough_bytes_text(model->keys[at].path)));
        assert_true(bough_bytes_equal(entry.value.data, bough_bytes_text(model->keys[at].value)));
        at++;
    }
    assert_int_equal(at, model->count);
    bough_arena_release(&arena);
}

static void one_batch(struct bough_store *store, struct bough_tree *tree, struct model *model,
                      uint64_t *state)
{
    static char paths[300][64];
    static char values[300][80];
    static struct bough_edit edits[300];
    size_t count = 1 + test_below(state, test_below(state, 3) == 0 ? 300 : 6);
    int mostly_remove = test_below(state, 4) == 0;

    for (size_t i = 0; i < count; i++) {
        int width;

        random_path(state, paths[i]);
        if (test_below(state, 10) < (mostly_remove ? 9u : 2u)) {
            edits[i] = removal(paths[i]);
            model_remove(model, paths[i]);
            continue;
        }
        width = model_width(model, paths[i]);
        if (width == 0 || test_below(state, 3) == 0)
            width = 1 + (int)test_below(state, 60);
        sprintf(values[i], "%0*llu", width, (unsigned long long)test_below(state, 9));
        if (model_conflicts(model, paths[i]) || model->count == KEYS_MAX) {
            edits[i] = removal("nothing/there"); /* keep to edits that are allowed */
            continue;
        }
        edits[i] = put(paths[i], values[i]);
        struct model_key *key = model_find(model, paths[i]);

        if (key == NULL) {
            key = &model->keys[model->count++];
            strcpy(key->path, paths[i]);
        }
        strcpy(key->value, values[i]);
    }
    assert_int_equal(edit(store, tree, edits, count), BOUGH_OK);
}

static void test_tree_edit__equal_contents_have_equal_roots(void **unused)
{
    uint64_t seed = test_seed();
    static struct model model;

    (void)unused;
    for (int round = 0; round < 12; round++) {
        struct bough_store *store = open_store(round % 3 == 0 ? 0 : (size_t)40000 << round);
        struct bough_tree tree = {0};

        model.count = 0;
        for (int batch = 0; batch < 60; batch++) {
            struct bough_tree whole;

            one_batch(store, &tree, &model, &seed);
            check_contents(store, &tree, &model);
            whole = build(store, &model);
            assert_true(bough_tree_equal(&tree, &whole));
        }
        bough_store_close(store);
    }
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_tree_edit__a_value_and_a_directory_never_share_a_step(void **unused)
{
    struct bough_store *store = open_store(1 << 20);
    struct bough_tree tree = {0};
    struct bough_edit edits[3] = {put("a/b", "1"), put("c", "2")};

    (void)unused;
    assert_int_equal(edit(store, &tree, edits, 2), BOUGH_OK);
    struct bough_tree before = tree;

    edits[0] = put("a", "3");
    assert_int_equal(edit(store, &tree, edits, 1), BOUGH_CONFLICT);
    edits[0] = put("c/d", "3");
    assert_int_equal(edit(store, &tree, edits, 1), BOUGH_CONFLICT);
    edits[0] = put("c/d/e", "3");
    assert_int_equal(edit(store, &tree, edits, 1), BOUGH_CONFLICT);
    assert_true(bough_tree_equal(&tree, &before));

    /* In order: what is deleted first is out of the way. */
    edits[0] = removal("a/b");
    edits[1] = put("a", "3");
    edits[2] = removal("c");
    assert_int_equal(edit(store, &tree, edits, 3), BOUGH_OK);
    edits[0] = removal("a");
    edits[1] = put("a/x/y", "4");
    assert_int_equal(edit(store, &tree, edits, 2), BOUGH_OK);
    assert_int_equal(tree.key_count, 1);
    bough_store_close(store);
}

static void test_tree_edit__a_directory_without_keys_vanishes(void **unused)
{
    struct bough_store *store = open_store(1 << 20);
    struct bough_tree tree = {0};
    struct bough_edit edits[2] = {put("a/b/c/d", "1"), put("a/z", "1")};

    (void)unused;
    assert_int_equal(edit(store, &tree, edits, 2), BOUGH_OK);
    edits[0] = removal("a/b/c/d");
    assert_int_equal(edit(store, &tree, edits, 1), BOUGH_OK);
    assert_int_equal(tree.key_count, 1);
    edits[0] = put("a/b", "now a value");
    assert_int_equal(edit(store, &tree, edits, 1), BOUGH_OK);
    edits[0] = removal("a");
    assert_int_equal(edit(store, &tree, edits, 1), BOUGH_OK);
    assert_true(bough_hash_is_none(&tree.root.name));
    bough_store_close(store);
}

static void test_tree_edit__limits_hold_at_the_limit_and_one_past(void **unused)
{
    struct bough_store *store = open_store(1 << 20);
    struct bough_tree tree = {0};
    char text[400];
    struct bough_edit one;

    (void)unused;
    memset(text, 's', 256);
    text[255] = '\0';
    one = put(text, "1");
    assert_int_equal(edit(store, &tree, &one, 1), BOUGH_OK);
    text[255] = 's';
    text[256] = '\0';
    one = put(text, "1");
    assert_int_equal(edit(store, &tree, &one, 1), BOUGH_TOO_BIG);

    for (int i = 0; i < 64; i++)
        memcpy(text + 2 * i, "d/", 2);
    text[127] = '\0'; /* 64 steps */
    one = put(text, "1");
    assert_int_equal(edit(store, &tree, &one, 1), BOUGH_OK);
    memcpy(text + 127, "/d", 3);
    one = put(text, "1");
    assert_int_equal(edit(store, &tree, &one, 1), BOUGH_TOO_BIG);

    static const char *const bad[] = {"/a", "a/", "a//b", ".", "..", "a/../b", "a/."};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        one = put(bad[i], "1");
        assert_int_equal(edit(store, &tree, &one, 1), BOUGH_INVALID);
    }
    one.path = bough_bytes_of("a\0b", 3);
    assert_int_equal(edit(store, &tree, &one, 1), BOUGH_INVALID);
    bough_store_close(store);
}

static void test_tree_edit__a_gitlink_is_twenty_bytes(void **unused)
{
    struct bough_store *store = open_store(1 << 20);
    struct bough_tree tree = {0};
    struct bough_edit one = put("sub", "nineteen bytes only");

    (void)unused;
    one.entry.mode = BOUGH_MODE_GITLINK;
    assert_int_equal(edit(store, &tree, &one, 1), BOUGH_INVALID);
    one = put("sub", "twenty bytes exactly");
    one.entry.mode = BOUGH_MODE_GITLINK;
    assert_int_equal(edit(store, &tree, &one, 1), BOUGH_OK);
    bough_store_close(store);
}

static void test_tree_edit__one_key_of_many_writes_few_objects(void **unused)
{
    static char paths[20000][24];
    static struct bough_edit edits[20000];
    struct bough_backend *backend;
    struct bough_store *store;
    struct bough_tree tree = {0};
    uint64_t before;

    (void)unused;
    assert_int_equal(bough_memory_open(host_env(), NULL, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &store), BOUGH_OK);
    for (int i = 0; i < 20000; i++) {
        sprintf(paths[i], "key-%06d", i);
        edits[i] = put(paths[i], "a value of some length, as they are");
    }
    assert_int_equal(edit(store, &tree, edits, 20000), BOUGH_OK);
    for (int i = 0; i < 200; i++) {
        edits[0] = put(paths[i * 97], "another value");
        before = backend->object_count;
        assert_int_equal(edit(store, &tree, edits, 1), BOUGH_OK);
        assert_true(backend->object_count - before <= 12); /* 4 levels, at most two new each */
    }
    bough_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_edit__equal_contents_have_equal_roots),
        cmocka_unit_test(test_tree_edit__a_value_and_a_directory_never_share_a_step),
        cmocka_unit_test(test_tree_edit__a_directory_without_keys_vanishes),
        cmocka_unit_test(test_tree_edit__limits_hold_at_the_limit_and_one_past),
        cmocka_unit_test(test_tree_edit__a_gitlink_is_twenty_bytes),
        cmocka_unit_test(test_tree_edit__one_key_of_many_writes_few_objects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
