/* SPDX-License-Identifier: ISC
 *
 * test_tree_range.c - edits of whole stretches: range removal, copy, move.
 *
 * How: random batches of all kinds of edits are applied to a tree in a memory store and, by hand,
 * to a plain list of paths.  After each batch the tree must have the very root that building the
 * list in one go gives; what the model refuses the tree must refuse too.  Windows are small, so
 * that trees are deep.  That cost does not follow what is removed or copied is counted in objects
 * read.
 */
#include "bough/limits.h"
#include "store_setup.h"
#include "test_seed.h"

#define KEYS_MAX  6000
#define BATCH_MAX 12

struct model_key {
    char path[200];
    char value[16];
};

struct model {
    struct model_key keys[KEYS_MAX];
    size_t count;
};

static struct model model;

static struct bough_store *open_store(size_t cache_bytes)
{
    static const struct bough_identity identity = {
        .salt = "salt of a test", .leaf_window_bytes = 64, .inner_window_bytes = 64};
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

static enum bough_err edit(struct bough_store *store, struct bough_tree *tree,
                           const struct bough_edit *edits, size_t count)
{
    struct bough_arena arena = store_setup_arena();
    enum bough_err err = bough_tree_edit(store, tree, edits, count, &arena, NULL, tree);

    bough_arena_release(&arena);
    return err;
}

/* ---- the model ---- */

/* Whether `path` is `top` or below it. */
static int is_within(const char *path, const char *top)
{
    size_t len = strlen(top);

    return strncmp(path, top, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static int model_has(const char *path)
{
    for (size_t i = 0; i < model.count; i++)
        if (strcmp(model.keys[i].path, path) == 0)
            return 1;
    return 0;
}

static int model_has_below(const char *path)
{
    for (size_t i = 0; i < model.count; i++)
        if (is_within(model.keys[i].path, path) && strcmp(model.keys[i].path, path) != 0)
            return 1;
    return 0;
}

/* Whether a step above `path` is a value. */
static int model_blocked(const char *path)
{
    for (size_t i = 0; i < model.count; i++)
        if (is_within(path, model.keys[i].path) && strcmp(model.keys[i].path, path) != 0)
            return 1;
    return 0;
}

static void model_remove(const char *path)
{
    size_t kept = 0;

    for (size_t i = 0; i < model.count; i++)
        if (!is_within(model.keys[i].path, path))
            model.keys[kept++] = model.keys[i];
    model.count = kept;
}

static void model_remove_range(const char *from, const char *to)
{
    size_t kept = 0;

    for (size_t i = 0; i < model.count; i++)
        if (strcmp(model.keys[i].path, from) < 0 ||
            (to[0] != '\0' && strcmp(model.keys[i].path, to) >= 0))
            model.keys[kept++] = model.keys[i];
    model.count = kept;
}

static enum bough_err model_put(const char *path, const char *value)
{
    if (model_has_below(path) || model_blocked(path))
        return BOUGH_CONFLICT;
    model_remove(path);
    assert_true(model.count < KEYS_MAX);
    strcpy(model.keys[model.count].path, path);
    strcpy(model.keys[model.count++].value, value);
    return BOUGH_OK;
}

static enum bough_err model_copy(const char *from, const char *to, int move)
{
    static struct model_key copied[KEYS_MAX];
    size_t count = 0;
    int is_value = model_has(from);

    for (size_t i = 0; i < model.count; i++)
        if (is_within(model.keys[i].path, from))
            copied[count++] = model.keys[i];
    if (count == 0)
        return BOUGH_NOT_FOUND;
    if (move)
        model_remove(from);
    if (model_blocked(to) || (is_value ? model_has_below(to) : model_has(to)))
        return BOUGH_CONFLICT;
    model_remove(to);
    for (size_t i = 0; i < count; i++) {
        struct model_key *key = &model.keys[model.count++];

        assert_true(model.count < KEYS_MAX);
        (void)snprintf(key->path, sizeof(key->path), "%.90s%.90s", to,
                       copied[i].path + strlen(from));
        strcpy(key->value, copied[i].value);
    }
    return BOUGH_OK;
}

/* The tree that a one-shot build of the model gives. */
static struct bough_tree build(struct bough_store *store)
{
    static struct bough_edit edits[KEYS_MAX];
    struct bough_tree tree = {0};

    for (size_t i = 0; i < model.count; i++)
        edits[i] = put(model.keys[i].path, model.keys[i].value);
    assert_int_equal(edit(store, &tree, edits, model.count), BOUGH_OK);
    return tree;
}

/* ---- random edits ---- */

static void random_path(uint64_t *seed, char *path)
{
    static const char *const steps[] = {"a", "a.b", "a-b", "a0", "b", "zz", ".x"};
    size_t len = 0;
    size_t depth = test_below(seed, 10) < 5 ? 0 : 1 + test_below(seed, 3);

    for (size_t i = 0; i < depth; i++)
        len += (size_t)sprintf(path + len, "%s/", steps[test_below(seed, 7)]);
    if (test_below(seed, 60) == 0)
        sprintf(path + len, "%s", steps[test_below(seed, 7)]);
    else
        sprintf(path + len, "k%llu", (unsigned long long)test_below(seed, 400));
}

/* A bound of a range: often a path that is there, or a part of one, or the byte behind it. */
static void random_bound(uint64_t *seed, char *bound)
{
    random_path(seed, bound);
    if (model.count > 0 && test_below(seed, 3) > 0)
        strcpy(bound, model.keys[test_below(seed, model.count)].path);
    if (test_below(seed, 3) == 0)
        bound[test_below(seed, strlen(bound) + 1)] = '\0';
    if (test_below(seed, 6) == 0)
        strcat(bound, test_below(seed, 2) == 0 ? "/" : "0");
}

struct texts {
    char path[200];
    char other[200];
    char value[16];
};

/* Makes up one edit and plays it on the model; gives what the model says of it. */
static enum bough_err random_edit(uint64_t *seed, struct texts *texts, struct bough_edit *made)
{
    unsigned what = (unsigned)test_below(seed, 40);

    random_path(seed, texts->path);
    random_path(seed, texts->other);
    sprintf(texts->value, "%llu", (unsigned long long)test_below(seed, 10000000));
    *made = put(texts->path, texts->value);
    if (what < 2 && model.count > 60) {
        random_bound(seed, texts->path);
        random_bound(seed, texts->other);
        if (what == 1) { /* a prefix */
            strcpy(texts->other, texts->path);
            if (texts->path[0] != '\0')
                texts->other[strlen(texts->other) - 1]++;
        }
        made->kind = BOUGH_EDIT_REMOVE_RANGE;
        model_remove_range(texts->path, texts->other);
    } else if (what < 5) {
        made->kind = what == 2 ? BOUGH_EDIT_COPY : BOUGH_EDIT_MOVE;
        if (model.count > 0 && test_below(seed, 9) > 0) {
            char *slash;

            strcpy(texts->other, model.keys[test_below(seed, model.count)].path);
            slash = strchr(texts->other, '/');
            if (slash != NULL && test_below(seed, 6) == 0)
                *slash = '\0';
        }
        if (model.count > KEYS_MAX / 3 || strlen(texts->other) > 60)
            strcpy(texts->other, "k1");
    } else if (what < 8) {
        made->remove = true;
        model_remove(texts->path);
    }
    made->path = bough_bytes_text(texts->path);
    made->other = bough_bytes_text(texts->other);
    if (made->kind == BOUGH_EDIT_COPY || made->kind == BOUGH_EDIT_MOVE)
        return model_copy(texts->other, texts->path, made->kind == BOUGH_EDIT_MOVE);
    if (made->kind == BOUGH_EDIT_PLAIN && !made->remove)
        return model_put(texts->path, texts->value);
    return BOUGH_OK;
}

static void test_tree_range__edits_of_all_kinds_do_as_the_model(void **unused)
{
    uint64_t seed = test_seed();
    static struct model before;
    unsigned kinds[4] = {0};
    unsigned refused = 0;

    (void)unused;
    for (int round = 0; round < 8; round++) {
        struct bough_store *store = open_store(round % 2 == 0 ? 0 : (size_t)40000 << round);
        struct bough_tree tree;

        model.count = 0;
        for (int i = 0; i < 900; i++) {
            char path[64];

            random_path(&seed, path);
            (void)model_put(path, "first");
        }
        tree = build(store);
        for (int batch = 0; batch < 250; batch++) {
            struct texts texts[BATCH_MAX];
            struct bough_edit edits[BATCH_MAX];
            size_t max = 1 + test_below(&seed, BATCH_MAX);
            enum bough_err err = BOUGH_OK;
            struct bough_tree old = tree;
            size_t count = 0;

            before = model;
            while (count < max && err == BOUGH_OK) {
                err = random_edit(&seed, &texts[count], &edits[count]);
                kinds[edits[count++].kind]++;
            }
            assert_int_equal(edit(store, &tree, edits, count), err);
            if (err != BOUGH_OK) { /* nothing has changed */
                model = before;
                refused++;
                assert_true(bough_tree_equal(&tree, &old));
                continue;
            }
            struct bough_tree whole = build(store);

            assert_int_equal(tree.key_count, model.count);
            assert_true(bough_tree_equal(&tree, &whole));
        }
        bough_store_close(store);
    }
    printf("%u ranges, %u copies, %u moves, %u batches refused\n", kinds[1], kinds[2], kinds[3],
           refused);
    assert_true(kinds[1] > 100 && kinds[2] > 100 && kinds[3] > 100 && refused > 20);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* One flat directory of many levels: ranges that begin and end anywhere. */
static void test_tree_range__a_stretch_of_a_large_directory_goes(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    for (int round = 0; round < 60; round++) {
        struct bough_store *store = open_store(1 << 20);
        struct bough_edit range = {.kind = BOUGH_EDIT_REMOVE_RANGE};
        struct bough_tree tree;
        struct bough_tree whole;
        char from[20];
        char to[20];

        model.count = 0;
        for (int i = 0; i < 3000; i++) {
            sprintf(model.keys[model.count].path, "%sk%06d", round % 3 == 0 ? "d/" : "", i);
            strcpy(model.keys[model.count++].value, "v");
        }
        tree = build(store);
        for (int cut = 0; cut < 4; cut++) {
            unsigned first = (unsigned)test_below(&seed, 3200);

            sprintf(from, "%sk%06u", round % 3 == 0 ? "d/" : "", first);
            sprintf(to, "%sk%06u", round % 3 == 0 ? "d/" : "",
                    first + (unsigned)test_below(&seed, 2000));
            range.path = bough_bytes_text(from);
            range.other = bough_bytes_text(to);
            if (test_below(&seed, 10) == 0)
                to[range.other.len = 0] = '\0';
            model_remove_range(from, to);
            assert_int_equal(edit(store, &tree, &range, 1), BOUGH_OK);
            whole = build(store);
            assert_true(bough_tree_equal(&tree, &whole));
            assert_int_equal(tree.key_count, model.count);
        }
        bough_store_close(store);
    }
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* ---- cost ---- */

static const struct bough_backend_ops *counted_ops;
static unsigned get_count;

static enum bough_err counted_get(struct bough_backend *backend, const struct bough_link *link,
                                  struct bough_arena *arena, struct bough_object *object)
{
    get_count++;
    return counted_ops->get(backend, link, arena, object);
}

static void test_tree_range__what_is_dropped_or_copied_is_not_read(void **unused)
{
    static char paths[50000][24];
    static struct bough_edit edits[50000];
    struct bough_edit one = {.kind = BOUGH_EDIT_REMOVE_RANGE,
                             .path = bough_bytes_text("dir/k000100"),
                             .other = bough_bytes_text("dir/k049000")};
    struct bough_backend_ops ops;
    struct bough_backend *backend;
    struct bough_store *store;
    struct bough_tree tree = {0};
    struct bough_tree full;
    uint64_t objects;

    (void)unused;
    assert_int_equal(bough_memory_open(host_env(), NULL, &backend), BOUGH_OK);
    counted_ops = backend->ops;
    ops = *counted_ops;
    ops.get = counted_get;
    backend->ops = &ops;
    assert_int_equal(bough_store_open(host_env(), backend, 0, &store), BOUGH_OK);
    for (int i = 0; i < 50000; i++) {
        sprintf(paths[i], "dir/k%06d", i);
        edits[i] = put(paths[i], "a value of some length, as they are");
    }
    assert_int_equal(edit(store, &tree, edits, 50000), BOUGH_OK);
    full = tree;
    get_count = 0;
    objects = backend->object_count;
    assert_int_equal(edit(store, &tree, &one, 1), BOUGH_OK);
    assert_int_equal(tree.key_count, 1100);
    printf("49000 of 100000 keys: %u objects read, %u written\n", get_count,
           (unsigned)(backend->object_count - objects));
    assert_true(get_count < 60 && backend->object_count - objects < 20);

    one = (struct bough_edit){.kind = BOUGH_EDIT_COPY,
                              .path = bough_bytes_text("elsewhere/dir"),
                              .other = bough_bytes_text("dir")};
    get_count = 0;
    objects = backend->object_count;
    assert_int_equal(edit(store, &full, &one, 1), BOUGH_OK);
    assert_int_equal(full.key_count, 100000);
    assert_true(get_count < 10 && backend->object_count - objects < 4);
    backend->ops = counted_ops;
    bough_store_close(store);
}

static void test_tree_range__a_tree_has_so_many_keys_and_no_more(void **unused)
{
    struct bough_store *store = open_store(1 << 20);
    struct bough_edit edits[3] = {
        {.kind = BOUGH_EDIT_COPY, .path = bough_bytes_text("b/x"), .other = bough_bytes_text("a")},
        {.kind = BOUGH_EDIT_COPY, .path = bough_bytes_text("b/y"), .other = bough_bytes_text("a")},
        {.kind = BOUGH_EDIT_MOVE, .path = bough_bytes_text("a"), .other = bough_bytes_text("b")},
    };
    struct bough_edit first = put("a/k", "v");
    struct bough_tree tree = {0};
    struct bough_tree_walk walk;
    struct bough_arena arena = store_setup_arena();
    struct bough_bytes path;
    struct bough_entry entry;
    enum bough_err err = edit(store, &tree, &first, 1);
    int rounds = 0;

    (void)unused;
    assert_int_equal(err, BOUGH_OK);
    for (; err == BOUGH_OK; rounds++)
        err = edit(store, &tree, edits, 3);
    assert_int_equal(err, BOUGH_TOO_BIG); /* and no wrap-around */
    assert_true(rounds > 58 && tree.key_count <= BOUGH_TREE_KEYS_MAX);
    assert_int_equal(bough_tree_walk_open(&walk, store, &tree, (struct bough_bytes){0},
                                          (struct bough_bytes){0}, &arena),
                     BOUGH_OK);
    assert_int_equal(bough_tree_walk_next(&walk, &path, &entry), BOUGH_OK);

    /* Deeper than a path can be: it cannot be walked, and nothing worse. */
    edits[0] = (struct bough_edit){.kind = BOUGH_EDIT_MOVE,
                                   .path = bough_bytes_text("a/a/a/a"),
                                   .other = bough_bytes_text("a")};
    assert_int_equal(edit(store, &tree, edits, 1), BOUGH_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(edit(store, &tree, edits, 1), BOUGH_OK);
    assert_int_equal(bough_tree_walk_open(&walk, store, &tree, (struct bough_bytes){0},
                                          (struct bough_bytes){0}, &arena),
                     BOUGH_OK);
    assert_int_equal(bough_tree_walk_next(&walk, &path, &entry), BOUGH_TOO_BIG);
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_range__edits_of_all_kinds_do_as_the_model),
        cmocka_unit_test(test_tree_range__a_stretch_of_a_large_directory_goes),
        cmocka_unit_test(test_tree_range__what_is_dropped_or_copied_is_not_read),
        cmocka_unit_test(test_tree_range__a_tree_has_so_many_keys_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
