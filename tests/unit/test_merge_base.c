/* SPDX-License-Identifier: ISC
 *
 * test_merge_base.c - common ancestors in histories of known shapes.
 *
 * How: commits are made by hand and named by letters; what must come out follows from the picture.
 * Reads are counted by the backend below a store without a cache.  (Random histories are merged in
 * test_merge_model.c, which asks for the bases of each.)
 */
#include "bough/collect.h"
#include "bough/merge.h"
#include "bough/retention.h"
#include "counting_reads.h"
#include <stdio.h>

#define LINE      100000u
#define FAN       60u
#define WIDE_FANS (BOUGH_MERGE_FRONT_MAX / FAN + 2u)

/* A commit with a message of its own. */
static struct bough_link make_of(struct bough_store *store, const struct bough_link *parents,
                                 uint32_t count, struct bough_tree tree)
{
    static unsigned number;
    struct bough_arena arena = store_setup_arena();
    struct bough_commit commit = {.tree = tree, .parents = parents, .parent_count = count};
    struct bough_link link;
    char message[20];

    snprintf(message, sizeof(message), "%u\n", number++);
    commit.message = bough_bytes_text(message);
    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_OK);
    bough_arena_release(&arena);
    return link;
}

/* The same of the empty tree. */
static struct bough_link make(struct bough_store *store, const struct bough_link *parents,
                              uint32_t count)
{
    return make_of(store, parents, count, (struct bough_tree){0});
}

static struct bough_link on(struct bough_store *store, struct bough_link parent)
{
    return make(store, &parent, 1);
}

static struct bough_link both(struct bough_store *store, struct bough_link a, struct bough_link b)
{
    const struct bough_link parents[] = {a, b};

    return make(store, parents, 2);
}

static struct bough_merge_base bases(struct bough_store *store, struct bough_link ours,
                                     struct bough_link theirs)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_base result;

    assert_int_equal(bough_merge_base_find(store, &ours, 1, &theirs, 1, &arena, &result), BOUGH_OK);
    assert_null(arena.newest);
    bough_arena_release(&arena);
    return result;
}

static bool is_ancestor(struct bough_store *store, struct bough_link ancestor,
                        struct bough_link commit)
{
    struct bough_arena arena = store_setup_arena();
    bool yes;

    assert_int_equal(bough_merge_base_is_ancestor(store, &ancestor, &commit, &arena, &yes),
                     BOUGH_OK);
    bough_arena_release(&arena);
    return yes;
}

static bool has(const struct bough_merge_base *result, struct bough_link base)
{
    for (uint32_t i = 0; i < result->base_count; i++) {
        if (bough_hash_equal(&result->bases[i].name, &base.name))
            return true;
    }
    return false;
}

static void test_merge_base__a_fork_has_one_and_counts_both_sides(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_link root = make(store, NULL, 0);
    struct bough_link fork = on(store, root);
    struct bough_link ours = on(store, on(store, on(store, fork)));
    struct bough_link theirs = on(store, fork);
    struct bough_merge_base result = bases(store, ours, theirs);

    (void)unused;
    assert_int_equal(result.base_count, 1);
    assert_true(has(&result, fork));
    assert_int_equal(result.ours_only, 3);
    assert_int_equal(result.theirs_only, 1);
    result = bases(store, root, ours); /* a fast-forward */
    assert_true(result.base_count == 1 && has(&result, root));
    assert_int_equal(result.ours_only, 0);
    assert_int_equal(result.theirs_only, 4);
    result = bases(store, ours, ours);
    assert_true(result.base_count == 1 && has(&result, ours));
    assert_true(result.ours_only == 0 && result.theirs_only == 0);
    bough_store_close(store);
}

static void test_merge_base__steps_find_the_same(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_link a = make(store, NULL, 0);
    struct bough_link b = make(store, NULL, 0);
    struct bough_link theirs = both(store, a, b);
    struct bough_link ours = both(store, b, a);

    (void)unused;
    /* The walk is over after these, the two merges and their two bases. */
    for (unsigned above = BOUGH_HISTORY_STEP_MAX - 5; above < BOUGH_HISTORY_STEP_MAX - 2; above++) {
        struct bough_link head = ours;
        struct bough_merge_base_walk walk;
        struct bough_merge_base in_steps;
        struct bough_merge_base result;
        unsigned stops = 0;

        for (unsigned i = 0; i < above; i++)
            head = on(store, head);
        result = bases(store, head, theirs);
        assert_int_equal(result.base_count, 2);
        assert_int_equal(result.ours_only, above + 1);
        assert_int_equal(bough_merge_base_open(&walk, store, &head, 1, &theirs, 1, &arena),
                         BOUGH_OK);
        while (bough_merge_base_step(&walk, &in_steps) == BOUGH_NOT_READY)
            stops++;
        assert_memory_equal(&in_steps, &result, sizeof(result));
        assert_int_equal(stops, above + 4 > BOUGH_HISTORY_STEP_MAX);
    }
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_merge_base__a_criss_cross_has_two(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_link root = make(store, NULL, 0);
    struct bough_link a = on(store, root);
    struct bough_link b = on(store, on(store, root));
    struct bough_merge_base result = bases(store, both(store, a, b), both(store, b, a));

    (void)unused;
    assert_int_equal(result.base_count, 2);
    assert_true(has(&result, a) && has(&result, b));
    assert_memory_equal(&result.bases[0].name, &b.name, BOUGH_HASH_BYTES); /* the younger first */
    bough_store_close(store);
}

static void test_merge_base__an_octopus_may_have_more_than_are_believed(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_link root = make(store, NULL, 0);
    struct bough_link legs[BOUGH_PARENTS_MAX];
    struct bough_merge_result merged;
    const struct bough_merge_options options = {0};

    (void)unused;
    for (unsigned i = 0; i < BOUGH_PARENTS_MAX; i++)
        legs[i] = on(store, root);
    for (uint32_t count = BOUGH_MERGE_BASES_MAX; count <= BOUGH_MERGE_BASES_MAX + 1; count++) {
        struct bough_link ours = make(store, legs, count);
        struct bough_link theirs = make(store, legs, count);

        assert_int_equal(bases(store, ours, theirs).base_count, count);
        assert_int_equal(bough_merge(store, &ours, &theirs, &options, &arena, &merged), BOUGH_OK);
        assert_int_equal(merged.outcome, BOUGH_MERGE_CLEAN);
        assert_int_equal(merged.base_unknown, count > BOUGH_MERGE_BASES_MAX);
    }
    assert_true(is_ancestor(store, root, make(store, legs, BOUGH_PARENTS_MAX)));
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_merge_base__roots_without_a_common_ancestor_have_none(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_link a = on(store, make(store, NULL, 0));
    struct bough_link b = make(store, NULL, 0);
    struct bough_link joined = both(store, a, b);
    struct bough_merge_base result = bases(store, a, b);
    struct bough_merge_options options = {0};
    struct bough_merge_result merged;

    (void)unused;
    assert_int_equal(result.base_count, 0);
    assert_int_equal(result.ours_only, 2);
    assert_int_equal(result.theirs_only, 1);
    assert_false(is_ancestor(store, a, b));
    result = bases(store, joined, on(store, b)); /* one of two roots */
    assert_true(result.base_count == 1 && has(&result, b));
    assert_int_equal(bough_merge(store, &a, &b, &options, &arena, &merged), BOUGH_OK);
    assert_int_equal(merged.outcome, BOUGH_MERGE_UNRELATED);
    options.unrelated = true;
    assert_int_equal(bough_merge(store, &a, &b, &options, &arena, &merged), BOUGH_OK);
    assert_int_equal(merged.outcome, BOUGH_MERGE_CLEAN);
    bough_arena_release(&arena);
    bough_store_close(store);
}

/* Ladders of criss-crosses: each pair has the pair before as its bases, and one of it holds what
 * the root holds, the other something else; so one base that is not known makes all above a
 * conflict. */
static void test_merge_base__bases_of_bases_are_believed_down_to_the_limit(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    const struct bough_merge_options options = {0};
    struct bough_tree trees[2] = {0};
    struct bough_edit edit = {.path = bough_bytes_text("k"), .entry.mode = BOUGH_MODE_FILE};
    struct bough_merge_result merged;
    struct bough_link pair[2], root;

    (void)unused;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bough_value_put(store, bough_bytes_text(i == 0 ? "old" : "new"), &arena,
                                         &edit.entry.value),
                         BOUGH_OK);
        assert_int_equal(bough_tree_edit(store, &trees[i], &edit, 1, &arena, NULL, &trees[i]),
                         BOUGH_OK);
    }
    root = make_of(store, NULL, 0, trees[0]);
    for (int i = 0; i < 2; i++)
        pair[i] = make_of(store, &root, 1, trees[i]);
    for (unsigned depth = 1; depth <= BOUGH_MERGE_DEPTH_MAX + 5; depth++) {
        struct bough_link next[2] = {make_of(store, pair, 2, trees[0]),
                                     make_of(store, pair, 2, trees[1])};

        memcpy(pair, next, sizeof(pair));
        bough_arena_release(&arena);
        assert_int_equal(bough_merge(store, &pair[0], &pair[1], &options, &arena, &merged),
                         BOUGH_OK);
        assert_int_equal(merged.base.base_count, 2);
        assert_int_equal(merged.outcome, depth <= BOUGH_MERGE_DEPTH_MAX ? BOUGH_MERGE_CLEAN
                                                                        : BOUGH_MERGE_CONFLICTS);
        assert_null(arena.newest);
    }
    bough_store_close(store);
}

static void test_merge_base__each_commit_is_read_once(void **unused)
{
    struct bough_store *store = counting_reads_store();
    struct bough_link root = make(store, NULL, 0);
    struct bough_link ours = root;
    struct bough_link theirs = root;
    struct bough_merge_base result;
    unsigned i;

    (void)unused;
    for (i = 0; i < LINE / 2; i++)
        ours = on(store, ours);
    for (i = 0; i < LINE / 4; i++) { /* commits of which each has several that lead to it */
        struct bough_link a = on(store, theirs);

        theirs = both(store, a, theirs);
    }
    reads = 0;
    result = bases(store, ours, theirs);
    assert_int_equal(reads, LINE + 1);
    assert_true(result.base_count == 1 && has(&result, root));
    assert_int_equal(result.ours_only, LINE / 2);
    assert_int_equal(result.theirs_only, LINE / 2);
    reads = 0;
    assert_false(is_ancestor(store, on(store, ours), theirs));
    assert_true(reads <= 4); /* what is older than the ancestor is not looked at */
    bough_store_close(store);
}

static void test_merge_base__a_history_wider_than_the_front_is_too_big(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_link *legs = calloc(WIDE_FANS, sizeof(*legs));
    struct bough_link root = make(store, NULL, 0);
    struct bough_merge_base result;

    (void)unused;
    for (unsigned i = 0; i < WIDE_FANS; i++) {
        struct bough_link fan[FAN];

        for (unsigned k = 0; k < FAN; k++)
            fan[k] = on(store, root);
        legs[i] = make(store, fan, FAN);
    }
    assert_int_equal(bough_merge_base_find(store, legs, WIDE_FANS - 2, &root, 1, &arena, &result),
                     BOUGH_OK);
    assert_int_equal(result.ours_only, (uint64_t)(WIDE_FANS - 2) * (FAN + 1));
    assert_int_equal(bough_merge_base_find(store, legs, WIDE_FANS, &root, 1, &arena, &result),
                     BOUGH_TOO_BIG);
    assert_null(arena.newest);
    free(legs);
    bough_store_close(store);
}

static void move(struct bough_store *store, const char *name, struct bough_link link)
{
    const struct bough_ref_move one = {.name = bough_bytes_text(name),
                                       .next = {.kind = BOUGH_KIND_COMMIT, .link = link},
                                       .forward = true};

    assert_int_equal(bough_ref_move(store, &one, 1, NULL), BOUGH_OK);
}

static struct bough_link head(struct bough_store *store, const char *name)
{
    struct bough_ref ref;

    assert_int_equal(bough_ref_get(store, bough_bytes_text(name), &ref), BOUGH_OK);
    return ref.link;
}

static void test_merge_base__a_base_that_was_dropped_is_not_guessed(void **unused)
{
    const struct bough_retention last = {.pattern = bough_bytes_text("heads/*"), .commits = 1};
    const struct bough_merge_options options = {0};
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_txn_result written;
    struct bough_merge_result merged;
    struct bough_merge_base result;

    (void)unused;
    assert_int_equal(store_setup_write(store, "heads/main", "k", "1", &written), BOUGH_OK);
    move(store, "heads/side", written.commit);
    assert_int_equal(store_setup_write(store, "heads/main", "ours", "1", &written), BOUGH_OK);
    assert_int_equal(store_setup_write(store, "heads/side", "theirs", "1", &written), BOUGH_OK);
    assert_int_equal(bough_retention_set(store, &last, 1), BOUGH_OK);
    assert_int_equal(bough_ref_log_clear(store, (struct bough_bytes){0}), BOUGH_OK);
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
    assert_int_equal(bough_collect_run(store), BOUGH_OK);
    result = bases(store, head(store, "heads/main"), head(store, "heads/side"));
    assert_true(result.cut);
    assert_int_equal(result.base_count, 1);
    assert_true(bough_commit_is_cut(&result.bases[0]));
    assert_true(result.ours_only == 1 && result.theirs_only == 1);
    {
        struct bough_link ours = head(store, "heads/main");
        struct bough_link theirs = head(store, "heads/side");

        assert_int_equal(bough_merge(store, &ours, &theirs, &options, &arena, &merged), BOUGH_OK);
    }
    assert_true(merged.base_unknown);
    assert_int_equal(merged.outcome, BOUGH_MERGE_CONFLICTS);
    assert_int_equal(merged.conflict_count, 2); /* one key on either side; "k" is the same */
    bough_arena_release(&arena);
    bough_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_base__a_fork_has_one_and_counts_both_sides),
        cmocka_unit_test(test_merge_base__steps_find_the_same),
        cmocka_unit_test(test_merge_base__a_criss_cross_has_two),
        cmocka_unit_test(test_merge_base__an_octopus_may_have_more_than_are_believed),
        cmocka_unit_test(test_merge_base__roots_without_a_common_ancestor_have_none),
        cmocka_unit_test(test_merge_base__bases_of_bases_are_believed_down_to_the_limit),
        cmocka_unit_test(test_merge_base__each_commit_is_read_once),
        cmocka_unit_test(test_merge_base__a_history_wider_than_the_front_is_too_big),
        cmocka_unit_test(test_merge_base__a_base_that_was_dropped_is_not_guessed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
