/* SPDX-License-Identifier: ISC
 *
 * test_path_log.c - walks through long histories go in steps, find the same, and take no more
 * memory the longer they are.
 *
 * How: histories are made whose every commit is known by number: one that writes another key each
 * time but for a few, one of merges with many parents, and one in which a directory of thousands of
 * keys comes and goes.  Steps are counted; nothing is timed.
 */
#include "bough/blame.h"
#include "bough/limits.h"
#include "bough/path_log.h"
#include "store_setup.h"
#include <stdio.h>

#define COMMITS 3000u
#define RARE    700u /* every so many commits write the key "rare" */

static struct bough_store *store;
static struct bough_arena arena;

static int begin(void **state)
{
    (void)state;
    store = store_setup();
    arena = store_setup_arena();
    return 0;
}

static int end(void **state)
{
    (void)state;
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
    return 0;
}

/* A commit that makes `edits` of its first parent's tree. */
static struct bough_link make(const struct bough_link *parents, uint32_t count,
                              const struct bough_edit *edits, size_t edit_count)
{
    struct bough_arena scratch = store_setup_arena();
    struct bough_commit parent = {0};
    struct bough_commit commit = {.parents = parents, .parent_count = count};
    struct bough_link link;

    if (count > 0)
        assert_int_equal(bough_commit_get(store, &parents[0], &scratch, &parent), BOUGH_OK);
    assert_int_equal(
        bough_tree_edit(store, &parent.tree, edits, edit_count, &scratch, NULL, &commit.tree),
        BOUGH_OK);
    assert_int_equal(bough_commit_put(store, &commit, &scratch, &link), BOUGH_OK);
    bough_arena_release(&scratch);
    return link;
}

/* A value whose bytes are the number's. */
static struct bough_edit put(const char *path, const unsigned *number)
{
    return (struct bough_edit){
        .path = bough_bytes_text(path),
        .entry = {.mode = BOUGH_MODE_FILE,
                  .value = {.size_bytes = sizeof(*number),
                            .data = bough_bytes_of(number, sizeof(*number))}}};
}

/* `count` commits in a line; commit n writes "rare" where RARE divides n, else "busy". */
static void make_line(struct bough_link *links, unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        struct bough_edit edit = put(n % RARE == 0 ? "rare" : "busy", &n);

        links[n] = make(n == 0 ? NULL : &links[n - 1], n > 0, &edit, 1);
    }
}

/* The next commit of a log; adds the steps that it took. */
static enum bough_err next(struct bough_path_log *log, struct bough_link *link, unsigned *steps)
{
    struct bough_arena into = store_setup_arena();
    struct bough_commit commit;
    enum bough_err err;

    do {
        err = bough_path_log_next(log, &into, link, &commit);
        *steps += err == BOUGH_NOT_READY;
    } while (err == BOUGH_NOT_READY);
    bough_arena_release(&into);
    return err;
}

static void test_path_log__a_step_looks_at_so_many_commits_and_no_more(void **state)
{
    static struct bough_link links[BOUGH_HISTORY_STEP_MAX];
    unsigned most = BOUGH_HISTORY_STEP_MAX / 2; /* each is looked at as a parent, too */
    unsigned last = 0;

    (void)state;
    make_line(links, most + 1);
    for (unsigned count = most - 1; count <= most + 1; count++) {
        struct bough_path_log log;
        struct bough_link link;
        unsigned steps = 0;

        assert_int_equal(bough_path_log_open(&log, store, &links[count - 1], 1,
                                             bough_bytes_text("none"), &arena),
                         BOUGH_OK);
        assert_int_equal(next(&log, &link, &steps), BOUGH_NOT_FOUND);
        assert_int_equal(steps, count > most);
        last = steps;
    }
    assert_int_equal(last, 1);
}

static void test_path_log__long_histories_are_walked_in_steps_and_in_constant_memory(void **state)
{
    static struct bough_link links[COMMITS];
    struct bough_path_log log;
    struct bough_link link;
    unsigned steps = 0;
    size_t taken;

    (void)state;
    make_line(links, COMMITS);
    assert_int_equal(
        bough_path_log_open(&log, store, &links[COMMITS - 1], 1, bough_bytes_text("rare"), &arena),
        BOUGH_OK);
    taken = arena.taken_bytes;
    for (unsigned n = (COMMITS - 1) / RARE * RARE;; n -= RARE) {
        assert_int_equal(next(&log, &link, &steps), BOUGH_OK);
        assert_memory_equal(&link.name, &links[n].name, BOUGH_HASH_BYTES);
        if (n == 0)
            break;
    }
    assert_int_equal(next(&log, &link, &steps), BOUGH_NOT_FOUND);
    assert_int_equal(steps, (2 * COMMITS - 1) / BOUGH_HISTORY_STEP_MAX);
    assert_int_equal(arena.taken_bytes, taken);
}

/* Merges of 3 to BOUGH_PARENTS_MAX parents, one behind the other. */
static void test_path_log__merges_of_many_take_no_more_memory_the_more_there_are(void **state)
{
    unsigned zero = 0;
    struct bough_edit edit = put("k", &zero);
    struct bough_link head = make(NULL, 0, &edit, 1);
    size_t taken[2];

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        struct bough_arena memory = store_setup_arena();
        struct bough_path_log log;
        struct bough_link link;
        unsigned steps = 0;

        for (unsigned n = 1; n <= 130; n++) {
            struct bough_link parents[BOUGH_PARENTS_MAX];
            uint32_t count = 3 + n % (BOUGH_PARENTS_MAX - 2);
            unsigned value = round * 1000 + n;

            parents[0] = head;
            edit = put("busy", &value);
            for (uint32_t i = 1; i < count; i++) {
                value += 10000;
                parents[i] = make(&head, 1, &edit, 1);
            }
            value = round * 1000 + n;
            head = make(parents, count, &edit, 1);
        }
        assert_int_equal(
            bough_path_log_open(&log, store, &head, 1, bough_bytes_text("busy"), &memory),
            BOUGH_OK);
        while (next(&log, &link, &steps) == BOUGH_OK)
            continue;
        assert_true(steps > 40 * (round + 1)); /* 100 commits are looked at for each merge */
        taken[round] = memory.taken_bytes;
        bough_arena_release(&memory);
    }
    assert_int_equal(taken[0], taken[1]);
}

/* ---- blame ---- */

/* All steps of a blame; how many stopped before the end. */
static unsigned blame_all(const struct bough_link *head, const char *prefix, size_t max,
                          struct bough_arena *memory, struct bough_blame_key **keys, size_t *count)
{
    struct bough_blame blame;
    unsigned stops = 0;
    enum bough_err err;

    assert_int_equal(bough_blame_open(&blame, store, head, bough_bytes_text(prefix),
                                      (struct bough_bytes){0}, max, memory),
                     BOUGH_OK);
    while ((err = bough_blame_step(&blame, keys, count)) == BOUGH_NOT_READY)
        stops++;
    assert_int_equal(err, BOUGH_OK);
    return stops;
}

static void test_path_log__blame_goes_in_steps_and_in_constant_memory(void **state)
{
    static struct bough_link links[COMMITS];
    size_t taken[2];

    (void)state;
    make_line(links, COMMITS);
    for (unsigned round = 0; round < 2; round++) {
        struct bough_arena memory = store_setup_arena();
        unsigned n = round == 0 ? RARE - 1 : 2 * RARE - 1;
        struct bough_blame_key *keys;
        size_t count;
        unsigned stops = blame_all(&links[n], "", 10, &memory, &keys, &count);

        assert_int_equal(count, 2);
        assert_memory_equal(&keys[0].commit.name, &links[n].name, BOUGH_HASH_BYTES);
        assert_memory_equal(&keys[1].commit.name, &links[n - RARE + 1].name, BOUGH_HASH_BYTES);
        /* the commit, its parent, and what differs between them */
        assert_in_range(stops, 3 * (RARE - 1) / BOUGH_HISTORY_STEP_MAX - 1,
                        3 * (RARE - 1) / BOUGH_HISTORY_STEP_MAX + 1);
        taken[round] = memory.taken_bytes;
        bough_arena_release(&memory);
    }
    assert_int_equal(taken[0], taken[1]);
}

#define MANY (BOUGH_BLAME_KEYS_MAX + 1u)

/* The edits that put, or remove, MANY keys "m/..." between "a" and "z". */
static struct bough_edit *edit_many(bool remove, const unsigned *number)
{
    struct bough_edit *edits = bough_arena_zeros(&arena, MANY, sizeof(*edits));

    for (unsigned i = 0; i < MANY; i++) {
        char path[16];

        snprintf(path, sizeof(path), "m/%05u", i);
        edits[i] = put("", number);
        edits[i].path = bough_arena_copy(&arena, bough_bytes_text(path));
        edits[i].remove = remove;
    }
    return edits;
}

static void test_path_log__a_commit_that_changed_much_is_compared_in_steps(void **state)
{
    unsigned numbers[] = {0, 1, 2};
    struct bough_edit ends[] = {put("a", &numbers[0]), put("z", &numbers[0])};
    struct bough_link links[4];
    struct bough_blame_key *keys;
    size_t count;

    (void)state;
    links[0] = make(NULL, 0, ends, 2);
    links[1] = make(&links[0], 1, edit_many(false, &numbers[1]), MANY);
    links[2] = make(&links[1], 1, edit_many(true, &numbers[1]), MANY);
    ends[0] = put("z", &numbers[2]);
    links[3] = make(&links[2], 1, ends, 1);
    /* What came and went between the two keys is passed over, in pieces. */
    assert_in_range(blame_all(&links[3], "", 10, &arena, &keys, &count),
                    2 * MANY / BOUGH_HISTORY_STEP_MAX - 1, 2 * MANY / BOUGH_HISTORY_STEP_MAX + 1);
    assert_int_equal(count, 2);
    assert_memory_equal(&keys[0].commit.name, &links[0].name, BOUGH_HASH_BYTES);
    assert_memory_equal(&keys[1].commit.name, &links[3].name, BOUGH_HASH_BYTES);
}

static void test_path_log__blame_looks_for_so_many_keys_and_no_more(void **state)
{
    unsigned numbers[] = {1, 2};
    struct bough_edit one = put("m/00007", &numbers[1]);
    struct bough_blame blame;
    struct bough_blame_key *keys;
    struct bough_link links[2];
    size_t count;

    (void)state;
    links[0] = make(NULL, 0, edit_many(false, &numbers[0]), MANY);
    links[1] = make(&links[0], 1, &one, 1);
    assert_int_equal(bough_blame_open(&blame, store, &links[1], (struct bough_bytes){0},
                                      (struct bough_bytes){0}, BOUGH_BLAME_KEYS_MAX + 1, &arena),
                     BOUGH_TOO_BIG);
    (void)blame_all(&links[1], "", BOUGH_BLAME_KEYS_MAX, &arena, &keys, &count);
    assert_int_equal(count, BOUGH_BLAME_KEYS_MAX);
    for (unsigned i = 0; i < count; i++)
        assert_memory_equal(&keys[i].commit.name, &links[i == 7].name, BOUGH_HASH_BYTES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_path_log__a_step_looks_at_so_many_commits_and_no_more),
        TEST(test_path_log__long_histories_are_walked_in_steps_and_in_constant_memory),
        TEST(test_path_log__merges_of_many_take_no_more_memory_the_more_there_are),
        TEST(test_path_log__blame_goes_in_steps_and_in_constant_memory),
        TEST(test_path_log__a_commit_that_changed_much_is_compared_in_steps),
        TEST(test_path_log__blame_looks_for_so_many_keys_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
