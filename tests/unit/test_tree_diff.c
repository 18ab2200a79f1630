/* SPDX-License-Identifier: ISC
 *
 * test_tree_diff.c - a comparison of two trees reports what differs, and reads little else.
 *
 * How: seeded sets of paths that are hard to order, with short, long and chunked values, are kept
 * in trees and in plain tables; what two tables differ in is what two trees must.  What is read is
 * counted by the backend below a store without a cache, so that every node is read each time.
 */
#include "backend_through.h"
#include "bough/diff.h"
#include "failing_heap.h"
#include "store_setup.h"
#include "test_seed.h"

#define PATHS_MAX   1500u
#define PATH_ROOM   40u
#define LONG_BYTES  3000u
#define CHUNKS      200000u
#define NUMBER_ROOM 12u

static char paths[PATHS_MAX][PATH_ROOM]; /* sorted, each once; some are directories of others */
static size_t path_count;
static uint8_t scratch[CHUNKS];

/* What one tree should be. */
struct table {
    bool there[PATHS_MAX];
    uint8_t version[PATHS_MAX]; /* of the value */
    bool exec[PATHS_MAX];
    struct bough_tree tree;
};

static struct table older;
static struct table newer;

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void draw_paths(uint64_t *seed)
{
    static const char letters[] = "ab.-0z\xff";
    size_t kept = 0;

    for (path_count = 0; path_count < PATHS_MAX; path_count++) {
        char *path = paths[path_count];
        size_t len = 0;
        size_t steps = 1 + test_below(seed, 4);

        for (size_t s = 0; s < steps; s++) {
            size_t step = 1 + test_below(seed, 4);

            path[len++] = (char)('a' + test_below(seed, 2)); /* never "." or ".." */
            for (size_t k = 0; k < step; k++)
                path[len++] = letters[test_below(seed, 7)];
            path[len++] = '/';
        }
        path[len - 1] = '\0';
    }
    qsort(paths, path_count, sizeof(paths[0]), by_text);
    for (size_t i = 0; i < path_count; i++) {
        if (kept == 0 || strcmp(paths[i], paths[kept - 1]) != 0)
            memmove(paths[kept++], paths[i], PATH_ROOM);
    }
    path_count = kept;
}

/* Whether one of two paths is a directory on the way to the other. */
static bool excludes(size_t a, size_t b)
{
    size_t a_len = strlen(paths[a]);
    size_t b_len = strlen(paths[b]);
    size_t shorter = a_len < b_len ? a_len : b_len;

    return a_len != b_len && strncmp(paths[a], paths[b], shorter) == 0 &&
           paths[a_len > b_len ? a : b][shorter] == '/';
}

/* The bytes of a version of a path's value: short, a record, or chunks that two versions share. */
static struct bough_bytes value_of(size_t at, uint8_t version)
{
    size_t len = at % 97 == 0 ? CHUNKS : at % 13 == 0 ? LONG_BYTES : 20;
    uint64_t state = at;

    for (size_t i = 0; i < len; i++)
        scratch[i] = (uint8_t)(i % 8 == 0 ? test_random(&state) : state >> (i % 8 * 8));
    scratch[len / 2] = version;
    return bough_bytes_of(scratch, len);
}

static void edit_tree(struct bough_store *store, struct table *table, const struct bough_edit *edit,
                      struct bough_arena *arena)
{
    assert_int_equal(bough_tree_edit(store, &table->tree, edit, 1, arena, NULL, &table->tree),
                     BOUGH_OK);
}

/* Removes what stands at a path, a value or a directory, from a tree and its table. */
static void drop(struct bough_store *store, struct table *table, size_t at)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_edit edit = {.path = bough_bytes_text(paths[at]), .remove = true};

    for (size_t i = 0; i < path_count; i++) {
        if (i == at || (excludes(i, at) && strlen(paths[i]) > strlen(paths[at])))
            table->there[i] = false;
    }
    edit_tree(store, table, &edit, &arena);
    bough_arena_release(&arena);
}

/* Puts a path; whatever stands in its way goes. */
static void put(struct bough_store *store, struct table *table, size_t at, uint8_t version,
                bool exec)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_edit edit = {
        .path = bough_bytes_text(paths[at]),
        .entry = {.mode = exec ? BOUGH_MODE_EXEC : BOUGH_MODE_FILE},
    };

    for (size_t i = 0; i < path_count; i++) {
        if (table->there[i] && excludes(i, at))
            drop(store, table, i);
    }
    assert_int_equal(bough_value_put(store, value_of(at, version), &arena, &edit.entry.value),
                     BOUGH_OK);
    table->there[at] = true;
    table->version[at] = version;
    table->exec[at] = exec;
    edit_tree(store, table, &edit, &arena);
    bough_arena_release(&arena);
}

/* `count` random puts and removals, some of which change nothing. */
static void change(struct bough_store *store, struct table *table, size_t count, uint64_t *seed)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = test_below(seed, path_count);

        if (test_below(seed, 4) == 0)
            drop(store, table, at);
        else
            put(store, table, at, (uint8_t)test_below(seed, 3), test_below(seed, 8) == 0);
    }
}

/* The first path from `at` on that the tables differ in, starts with `prefix` and is > `after`. */
static size_t next_difference(size_t at, struct bough_bytes prefix, struct bough_bytes after)
{
    for (; at < path_count; at++) {
        struct bough_bytes path = bough_bytes_text(paths[at]);

        if (!bough_bytes_starts(path, prefix) ||
            (after.len > 0 && bough_bytes_compare(path, after) <= 0))
            continue;
        if (older.there[at] != newer.there[at] ||
            (older.there[at] &&
             (older.version[at] != newer.version[at] || older.exec[at] != newer.exec[at])))
            break;
    }
    return at;
}

/* That an entry is what the table says. */
static void check_entry(struct bough_store *store, const struct table *table, size_t at,
                        const struct bough_entry *entry)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_bytes expected = value_of(at, table->version[at]);
    struct bough_bytes bytes;

    assert_int_equal(entry->kind, BOUGH_ENTRY_VALUE);
    assert_int_equal(entry->mode, table->exec[at] ? BOUGH_MODE_EXEC : BOUGH_MODE_FILE);
    assert_int_equal(entry->value.size_bytes, expected.len);
    assert_int_equal(bough_value_get(store, &entry->value, CHUNKS, &arena, &bytes), BOUGH_OK);
    assert_true(bough_bytes_equal(bytes, expected));
    bough_arena_release(&arena);
}

static void check_change(struct bough_store *store, const struct bough_diff_change *change,
                         size_t at)
{
    assert_true(at < path_count);
    assert_true(bough_bytes_equal(change->path, bough_bytes_text(paths[at])));
    assert_int_equal(change->kind, !older.there[at]   ? BOUGH_DIFF_ADDED
                                   : !newer.there[at] ? BOUGH_DIFF_REMOVED
                                                      : BOUGH_DIFF_CHANGED);
    if (older.there[at])
        check_entry(store, &older, at, &change->from);
    if (newer.there[at])
        check_entry(store, &newer, at, &change->to);
}

/* Compares the two trees where the prefix and the start say, at most `limit` paths at a time. */
static void check_pages(struct bough_store *store, struct bough_bytes prefix,
                        struct bough_bytes after, size_t limit)
{
    size_t at = next_difference(0, prefix, after);
    char last[PATH_ROOM];
    bool more = true;

    while (more) {
        struct bough_arena arena = store_setup_arena();
        struct bough_diff_change change;
        struct bough_tree_diff diff;

        assert_int_equal(
            bough_tree_diff_open(&diff, store, &older.tree, &newer.tree, prefix, after, &arena),
            BOUGH_OK);
        for (size_t i = 0; more && i < limit; i++) {
            enum bough_err err = bough_tree_diff_next(&diff, &change);

            if (at == path_count) {
                assert_int_equal(err, BOUGH_NOT_FOUND);
                assert_int_equal(bough_tree_diff_next(&diff, &change), BOUGH_NOT_FOUND);
                more = false;
                continue;
            }
            assert_int_equal(err, BOUGH_OK);
            check_change(store, &change, at);
            memcpy(last, change.path.at, change.path.len);
            after = bough_bytes_of(last, change.path.len);
            at = next_difference(at + 1, prefix, (struct bough_bytes){0});
        }
        bough_tree_diff_close(&diff);
        bough_arena_release(&arena);
    }
}

static void test_tree_diff__reports_what_two_tables_differ_in(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *store = store_setup();

    (void)unused;
    for (int round = 0; round < 30; round++) {
        memset(&older, 0, sizeof(older));
        draw_paths(&seed);
        change(store, &older, test_below(&seed, 4) == 0 ? 0 : 400, &seed);
        newer = older;
        if (test_below(&seed, 4) == 0)
            memset(&newer, 0, sizeof(newer));
        for (int step = 0; step < 4; step++) {
            const char *near = paths[test_below(&seed, path_count)];
            const char *start = paths[test_below(&seed, path_count)];
            struct bough_bytes prefix = {.at = (const uint8_t *)near,
                                         .len = test_below(&seed, strlen(near) + 1)};
            struct bough_bytes after = {.at = (const uint8_t *)start,
                                        .len = test_below(&seed, strlen(start) + 1)};

            change(store, &newer, 1 + test_below(&seed, step < 2 ? 4 : 150), &seed);
            check_pages(store, (struct bough_bytes){0}, (struct bough_bytes){0}, SIZE_MAX);
            check_pages(store, (struct bough_bytes){0}, after, 1 + test_below(&seed, 20));
            check_pages(store, prefix, (struct bough_bytes){0}, 1 + test_below(&seed, 3));
            check_pages(store, prefix, after, SIZE_MAX);
        }
    }
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_tree_diff__skip_leaves_out_all_that_has_the_prefix(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_diff_change change_met;
    struct bough_tree_diff diff;
    size_t at;

    (void)unused;
    memset(&older, 0, sizeof(older));
    draw_paths(&seed);
    change(store, &older, 300, &seed);
    newer = older;
    change(store, &newer, 300, &seed);
    assert_int_equal(bough_tree_diff_open(&diff, store, &older.tree, &newer.tree,
                                          (struct bough_bytes){0}, (struct bough_bytes){0}, &arena),
                     BOUGH_OK);
    at = next_difference(0, (struct bough_bytes){0}, (struct bough_bytes){0});
    while (bough_tree_diff_next(&diff, &change_met) == BOUGH_OK) {
        struct bough_bytes prefix = change_met.path;

        check_change(store, &change_met, at);
        prefix.len = 1 + test_below(&seed, prefix.len);
        prefix = bough_arena_copy(&arena, prefix);
        assert_int_equal(bough_tree_diff_skip(&diff, prefix), BOUGH_OK);
        do {
            at = next_difference(at + 1, (struct bough_bytes){0}, (struct bough_bytes){0});
        } while (at < path_count && bough_bytes_starts(bough_bytes_text(paths[at]), prefix));
    }
    assert_int_equal(at, path_count);
    bough_tree_diff_close(&diff);
    bough_arena_release(&arena);
    bough_store_close(store);
}

/* A store on a backend that counts what is read, and spoils or refuses one of them. */
struct counting {
    struct backend_through through; /* first */
    uint64_t get_count;
    uint64_t fail_at; /* 0 = never */
    bool spoil;       /* instead of an error */
};

static enum bough_err counting_get(struct bough_backend *backend, const struct bough_link *link,
                                   struct bough_arena *arena, struct bough_object *object)
{
    struct counting *counting = (struct counting *)backend;
    bool fail = ++counting->get_count == counting->fail_at;

    BOUGH_TRY(bough_backend_get(counting->through.below, link, arena, object));
    if (fail && counting->spoil)
        ((uint8_t *)object->bytes.at)[object->bytes.len / 2] ^= 0x10;
    return fail && !counting->spoil ? BOUGH_IO : BOUGH_OK;
}

/* A store of `env` without a cache. */
static struct bough_store *counting_store(struct counting *counting, struct bough_env *env)
{
    static const struct bough_backend_ops ops = {
        .put = backend_through_put,
        .get = counting_get,
        .find = backend_through_find,
        .root_get = backend_through_root_get,
        .root_move = backend_through_root_move,
        .sync = backend_through_sync,
        .close = backend_through_close,
    };
    static const struct bough_identity identity = {
        .salt = "salt of a test", .leaf_window_bytes = 512, .inner_window_bytes = 512};
    struct bough_store *store;

    *counting = (struct counting){0};
    assert_int_equal(bough_memory_open(env, &identity, &counting->through.below), BOUGH_OK);
    counting->through.base = *counting->through.below;
    counting->through.base.ops = &ops;
    assert_int_equal(bough_store_open(env, &counting->through.base, 0, &store), BOUGH_OK);
    return store;
}

/* Puts keys with the numbers first, first + step..., `count` of them, into `dir` of a tree. */
static void put_numbers(struct bough_store *store, struct bough_tree *tree, const char *dir,
                        size_t first, size_t step, size_t count, const char *text)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_edit *edits = bough_arena_zeros(&arena, count, sizeof(*edits));
    size_t room = strlen(dir) + NUMBER_ROOM;

    for (size_t i = 0; i < count; i++) {
        char *name = bough_arena_take(&arena, room);

        snprintf(name, room, "%s%08zu", dir, first + i * step);
        edits[i].path = bough_bytes_text(name);
        edits[i].entry.mode = BOUGH_MODE_FILE;
        edits[i].entry.value.data = bough_bytes_text(text);
        edits[i].entry.value.size_bytes = strlen(text);
    }
    assert_int_equal(bough_tree_edit(store, tree, edits, count, &arena, NULL, tree), BOUGH_OK);
    bough_arena_release(&arena);
}

/* Runs a whole comparison; *count is how many changes it met. */
static enum bough_err run(struct bough_store *store, const struct bough_tree *from,
                          const struct bough_tree *to, size_t *count, size_t *memory)
{
    struct bough_arena arena;
    struct bough_diff_change change;
    struct bough_tree_diff diff;
    enum bough_err err;

    bough_arena_init(&arena, bough_store_env(store)->heap, STORE_SETUP_ARENA_BYTES);
    *count = 0;
    err = bough_tree_diff_open(&diff, store, from, to, (struct bough_bytes){0},
                               (struct bough_bytes){0}, &arena);
    if (err == BOUGH_OK) {
        while ((err = bough_tree_diff_next(&diff, &change)) == BOUGH_OK)
            ++*count;
        bough_tree_diff_close(&diff);
    }
    *memory = arena.taken_bytes;
    bough_arena_release(&arena);
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Reads of comparing two trees that differ in `expected` values. */
static uint64_t reads_of(struct counting *counting, struct bough_store *store,
                         const struct bough_tree *from, const struct bough_tree *to,
                         size_t expected)
{
    uint64_t before = counting->get_count;
    size_t count;
    size_t memory;

    assert_int_equal(run(store, from, to, &count, &memory), BOUGH_OK);
    assert_int_equal(count, expected);
    assert_true(memory <= 64u << 10);
    return counting->get_count - before;
}

/* Nodes on the way to one key. */
static uint64_t levels_of(struct counting *counting, struct bough_store *store,
                          const struct bough_tree *tree)
{
    struct bough_arena arena = store_setup_arena();
    uint64_t before = counting->get_count;
    struct bough_entry entry;

    assert_int_equal(bough_tree_find(store, tree, bough_bytes_text("d/00000000"), &arena, &entry),
                     BOUGH_OK);
    bough_arena_release(&arena);
    return counting->get_count - before;
}

static void test_tree_diff__what_is_read_follows_what_differs(void **unused)
{
    static const size_t sizes[] = {2000, 20000, 200000};
    struct counting counting;
    struct bough_store *store = counting_store(&counting, host_env());

    (void)unused;
    for (size_t s = 0; s < 3; s++) {
        struct bough_tree from = {0};
        uint64_t levels;

        put_numbers(store, &from, "d/", 0, 1, sizes[s], "a value of some length");
        put_numbers(store, &from, "e/", 0, 1, 100, "beside");
        levels = levels_of(&counting, store, &from);
        assert_int_equal(reads_of(&counting, store, &from, &from, 0), 0);
        for (size_t changes = 1; changes <= 100; changes *= 10) {
            struct bough_tree updated = from;
            struct bough_tree grown = from;
            uint64_t bound = 2 * levels * changes;

            put_numbers(store, &updated, "d/", 7, sizes[s] / changes, changes, "another");
            assert_in_range(reads_of(&counting, store, &from, &updated, changes), 2, bound);
            /* New keys can move cuts, at most two more nodes on a level each. */
            put_numbers(store, &grown, "d/x", 0, 1, changes, "new");
            assert_in_range(reads_of(&counting, store, &from, &grown, changes), 2, 2 * bound);
            assert_in_range(reads_of(&counting, store, &grown, &from, changes), 2, 2 * bound);
            assert_in_range(reads_of(&counting, store, &updated, &grown, 2 * changes), 2,
                            3 * bound);
        }
    }
    bough_store_close(store);
}

static void test_tree_diff__a_long_stretch_costs_its_own_nodes(void **unused)
{
    struct counting counting;
    struct bough_store *store = counting_store(&counting, host_env());
    struct bough_tree from = {0};
    struct bough_tree to;
    uint64_t levels;
    uint64_t all;

    (void)unused;
    put_numbers(store, &from, "d/", 0, 1, 100000, "a value of some length");
    levels = levels_of(&counting, store, &from);
    to = from;
    put_numbers(store, &to, "d/00050000-", 0, 1, 10000, "a value of some length");
    all = reads_of(&counting, store, &(struct bough_tree){0}, &to, 110000);
    /* A tenth of the keys, their names twice as long, and both ways down at both ends. */
    assert_in_range(reads_of(&counting, store, &from, &to, 10000), all / 20, all / 6 + 6 * levels);
    assert_in_range(reads_of(&counting, store, &to, &from, 10000), all / 20, all / 6 + 6 * levels);
    bough_store_close(store);
}

static void test_tree_diff__equal_trees_are_not_read_whatever_their_history(void **unused)
{
    struct counting counting;
    struct bough_store *store = counting_store(&counting, host_env());
    struct bough_tree at_once = {0};
    struct bough_tree in_steps = {0};

    (void)unused;
    put_numbers(store, &at_once, "d/", 0, 1, 5000, "v");
    put_numbers(store, &at_once, "d/e/", 0, 1, 5000, "v");
    put_numbers(store, &in_steps, "d/e/", 0, 1, 5000, "w");
    for (size_t i = 0; i < 7; i++) {
        put_numbers(store, &in_steps, "d/", i, 7, (5000 - i + 6) / 7, "v");
        put_numbers(store, &in_steps, "d/e/", i, 7, (5000 - i + 6) / 7, "v");
    }
    assert_int_equal(reads_of(&counting, store, &at_once, &in_steps, 0), 0);
    assert_int_equal(
        reads_of(&counting, store, &(struct bough_tree){0}, &(struct bough_tree){0}, 0), 0);
    bough_store_close(store);
}

static void test_tree_diff__takes_fixed_memory(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_tree few = {0};
    struct bough_tree many = {0};
    size_t memory;
    size_t taken;
    size_t count;

    (void)unused;
    put_numbers(store, &few, "d/", 0, 1, 4000, "v");
    put_numbers(store, &many, "d/", 0, 1, 100000, "v");
    assert_int_equal(run(store, &(struct bough_tree){0}, &few, &count, &taken), BOUGH_OK);
    assert_int_equal(run(store, &many, &(struct bough_tree){0}, &count, &memory), BOUGH_OK);
    assert_int_equal(count, 100000);
    assert_true(memory <= taken + (64u << 10));
    bough_store_close(store);
}

static void test_tree_diff__damage_is_an_error_wherever_it_is(void **unused)
{
    struct counting counting;
    struct bough_store *store = counting_store(&counting, host_env());
    struct bough_tree from = {0};
    struct bough_tree to;
    uint64_t reads;
    size_t taken;
    size_t memory;
    size_t count;

    (void)unused;
    put_numbers(store, &from, "d/", 0, 1, 3000, "a value of some length");
    to = from;
    put_numbers(store, &to, "d/", 7, 500, 6, "another");
    put_numbers(store, &to, "d/e/", 0, 1, 300, "below");
    taken = host_env()->heap->taken_bytes;
    reads = reads_of(&counting, store, &from, &to, 306);
    for (uint64_t k = 1; k <= reads; k++) {
        for (int spoil = 0; spoil < 2; spoil++) {
            counting.get_count = 0;
            counting.fail_at = k;
            counting.spoil = spoil;
            assert_int_equal(run(store, &from, &to, &count, &memory),
                             spoil ? BOUGH_CORRUPT : BOUGH_IO);
            assert_true(count < 306);
            assert_int_equal(host_env()->heap->taken_bytes, taken);
        }
    }
    counting.fail_at = 0;
    (void)reads_of(&counting, store, &from, &to, 306);
    bough_store_close(store);
}

static void test_tree_diff__memory_may_run_out_at_any_point(void **unused)
{
    struct failing_heap heap;
    struct bough_env env = *host_env();
    struct counting counting;
    struct bough_store *store;
    struct bough_tree from = {0};
    struct bough_tree to;
    enum bough_err err;
    uint64_t allocations;
    uint64_t refused = 0;
    size_t taken;
    size_t memory;
    size_t count;

    (void)unused;
    failing_heap_init(&heap, host_env()->heap);
    env.heap = &heap.base;
    store = counting_store(&counting, &env);
    put_numbers(store, &from, "d/", 0, 1, 3000, "a value of some length");
    to = from;
    put_numbers(store, &to, "d/", 7, 500, 6, "another");
    put_numbers(store, &to, "d/e/f/", 0, 1, 300, "below");
    taken = heap.base.taken_bytes;
    failing_heap_arm(&heap, 0, false);
    assert_int_equal(run(store, &from, &to, &count, &memory), BOUGH_OK);
    assert_int_equal(count, 306);
    allocations = heap.count;
    for (uint64_t k = 1; k <= allocations; k++) {
        failing_heap_arm(&heap, k, k % 2 == 0);
        err = run(store, &from, &to, &count, &memory);
        assert_true(err == BOUGH_NO_MEMORY || (err == BOUGH_OK && count == 306));
        refused += err == BOUGH_NO_MEMORY;
        assert_int_equal(heap.base.taken_bytes, taken);
    }
    failing_heap_arm(&heap, 0, false);
    assert_int_equal(run(store, &from, &to, &count, &memory), BOUGH_OK);
    assert_int_equal(count, 306);
    assert_true(refused >= allocations / 2); /* an arena can do with less */
    bough_store_close(store);
}

static void test_tree_diff__a_value_in_place_of_a_directory_is_both(void **unused)
{
    static const char *const expected[] = {"a removed", "a.b changed", "a/x added", "a/y added",
                                           "b/x removed"};
    static const char *const kinds[] = {"added", "removed", "changed"};
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_edit empty = {.path = bough_bytes_text("gone"),
                               .entry = {.kind = BOUGH_ENTRY_TREE, .mode = BOUGH_MODE_DIRECTORY}};
    struct bough_edit one = {.entry = {.mode = BOUGH_MODE_FILE}};
    static const char *const from_paths[] = {"a", "a.b", "b/x"};
    static const char *const to_paths[] = {"a.b", "a/x", "a/y"};
    struct bough_tree from = {0};
    struct bough_tree to = {0};
    struct bough_diff_change change_met;
    struct bough_tree_diff diff;
    char line[64];

    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        one.path = bough_bytes_text(from_paths[i]);
        assert_int_equal(bough_tree_edit(store, &from, &one, 1, &arena, NULL, &from), BOUGH_OK);
    }
    one.entry.mode = BOUGH_MODE_EXEC;
    for (size_t i = 0; i < 3; i++) {
        one.path = bough_bytes_text(to_paths[i]);
        assert_int_equal(bough_tree_edit(store, &to, &one, 1, &arena, NULL, &to), BOUGH_OK);
    }
    assert_int_equal(bough_tree_edit_level(store, &to, &empty, 1, &arena, &to), BOUGH_OK);
    assert_int_equal(bough_tree_diff_open(&diff, store, &from, &to, (struct bough_bytes){0},
                                          (struct bough_bytes){0}, &arena),
                     BOUGH_OK);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_int_equal(bough_tree_diff_next(&diff, &change_met), BOUGH_OK);
        snprintf(line, sizeof(line), "%.*s %s", (int)change_met.path.len,
                 (const char *)change_met.path.at, kinds[change_met.kind]);
        assert_string_equal(line, expected[i]);
    }
    assert_int_equal(bough_tree_diff_next(&diff, &change_met), BOUGH_NOT_FOUND);
    bough_tree_diff_close(&diff);
    bough_arena_release(&arena);
    bough_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_diff__reports_what_two_tables_differ_in),
        cmocka_unit_test(test_tree_diff__skip_leaves_out_all_that_has_the_prefix),
        cmocka_unit_test(test_tree_diff__what_is_read_follows_what_differs),
        cmocka_unit_test(test_tree_diff__a_long_stretch_costs_its_own_nodes),
        cmocka_unit_test(test_tree_diff__equal_trees_are_not_read_whatever_their_history),
        cmocka_unit_test(test_tree_diff__takes_fixed_memory),
        cmocka_unit_test(test_tree_diff__damage_is_an_error_wherever_it_is),
        cmocka_unit_test(test_tree_diff__memory_may_run_out_at_any_point),
        cmocka_unit_test(test_tree_diff__a_value_in_place_of_a_directory_is_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
