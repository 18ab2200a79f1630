/* SPDX-License-Identifier: ISC
 *
 * test_merge_many.c - several branches merged in one commit, as git's octopus does it.
 *
 * How: small histories by hand, whose parents and trees follow from the picture.  Then random ones
 * in which each key is written by one branch only, while the branches merge each other crosswise:
 * no merge is a conflict, and what must come out is each key's last version.  Git clones them,
 * finds nothing wrong, sees all parents, and its own octopus comes to the same tree.
 */
#include "bough/merge_progress.h"
#include "git_bridge.h"
#include "merge_setup.h"
#include "test_seed.h"

#define BRANCHES  6u
#define KEYS      (BRANCHES * 8u)
#define STEPS     15u /* between two octopuses */
#define OCTOPUSES 12u

static const struct bough_merge_options plain;

static struct bough_link head(struct bough_store *store, const char *branch)
{
    return merge_head(store, branch);
}

/* A branch beside main, from `start`, with one key of its own. */
static void branch_off(struct bough_store *store, const char *name, struct bough_link start)
{
    merge_branch(store, name, start);
    merge_put(store, name, name + strlen("heads/"), "1");
}

/* Merges commits into main; what comes out is in *result. */
static enum bough_err merge(struct bough_store *store, const struct bough_link *theirs,
                            size_t count, bool always, struct bough_merge_result *result)
{
    const struct bough_merge_request asked = {
        .branch = bough_bytes_text(MAIN),
        .theirs = theirs[0],
        .more = theirs + 1,
        .more_count = count - 1,
        .always_commit = always,
        .options = &plain,
        .author = {.name = bough_bytes_text("Ann"), .email = bough_bytes_text("a@example.org")},
        .message = bough_bytes_text("several\n"),
    };
    struct bough_arena arena = store_setup_arena();
    struct bough_link at;
    struct bough_link now;
    enum bough_err err = bough_merge_commit(store, &asked, &arena, result, &at);

    if (err == BOUGH_OK) {
        now = head(store, MAIN);
        assert_memory_equal(&at, &now, sizeof(at));
    }
    bough_arena_release(&arena);
    return err;
}

/* Main's head has just these parents. */
static void assert_parents(struct bough_store *store, const struct bough_link *parents,
                           uint32_t count)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link link = head(store, MAIN);
    struct bough_commit commit;

    assert_int_equal(bough_commit_get(store, &link, &arena, &commit), BOUGH_OK);
    assert_int_equal(commit.parent_count, count);
    assert_memory_equal(commit.parents, parents, count * sizeof(*parents));
    bough_arena_release(&arena);
}

static void test_merge_many__all_of_them_are_parents_in_their_order(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_merge_result result;
    struct bough_link parents[4];

    (void)unused;
    branch_off(store, "heads/a", head(store, MAIN));
    branch_off(store, "heads/b", head(store, MAIN));
    branch_off(store, "heads/c", head(store, MAIN));
    merge_put(store, MAIN, "own", "1");
    parents[0] = head(store, MAIN);
    parents[1] = head(store, "heads/b");
    parents[2] = head(store, "heads/c");
    parents[3] = head(store, "heads/a");
    assert_int_equal(merge(store, parents + 1, 3, false, &result), BOUGH_OK);
    assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
    assert_int_equal(result.base.ours_only, 1);
    assert_int_equal(result.base.theirs_only, 3);
    assert_parents(store, parents, 4);
    assert_string_equal(merge_value(store, MAIN, "a"), "1");
    assert_string_equal(merge_value(store, MAIN, "b"), "1");
    assert_string_equal(merge_value(store, MAIN, "c"), "1");
    assert_string_equal(merge_value(store, MAIN, "own"), "1");
    assert_string_equal(merge_value(store, MAIN, "k"), "1");
    bough_store_close(store);
}

static void test_merge_many__what_another_one_has_is_no_parent(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_merge_result result;
    struct bough_link theirs[6];
    struct bough_link parents[3];

    (void)unused;
    theirs[0] = head(store, SIDE); /* main's own past */
    branch_off(store, "heads/a", head(store, MAIN));
    theirs[1] = head(store, "heads/a"); /* b's past */
    branch_off(store, "heads/b", head(store, "heads/a"));
    theirs[2] = head(store, "heads/b");
    branch_off(store, "heads/c", head(store, MAIN));
    theirs[3] = head(store, "heads/c");
    theirs[4] = theirs[2];
    merge_put(store, MAIN, "own", "1");
    theirs[5] = parents[0] = head(store, MAIN);
    parents[1] = theirs[2];
    parents[2] = theirs[3];
    assert_int_equal(merge(store, theirs, 6, false, &result), BOUGH_OK);
    assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
    assert_parents(store, parents, 3);
    assert_string_equal(merge_value(store, MAIN, "a"), "1");
    assert_string_equal(merge_value(store, MAIN, "b"), "1");
    assert_string_equal(merge_value(store, MAIN, "c"), "1");
    bough_store_close(store);
}

static void test_merge_many__a_head_that_all_have_is_no_parent_unless_asked(void **unused)
{
    for (unsigned always = 0; always < 2; always++) {
        struct bough_store *store = merge_forked();
        struct bough_merge_result result;
        struct bough_link parents[3] = {head(store, MAIN)};

        (void)unused;
        branch_off(store, "heads/a", head(store, MAIN));
        branch_off(store, "heads/b", head(store, MAIN));
        parents[1] = head(store, "heads/a");
        parents[2] = head(store, "heads/b");
        assert_int_equal(merge(store, parents + 1, 2, always == 1, &result), BOUGH_OK);
        assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
        assert_int_equal(result.base.ours_only, 0);
        assert_parents(store, parents + (always == 0), 2 + always);
        assert_string_equal(merge_value(store, MAIN, "a"), "1");
        assert_string_equal(merge_value(store, MAIN, "b"), "1");
        bough_store_close(store);
    }
}

static void test_merge_many__one_that_is_left_is_merged_as_ever(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_merge_result result;
    struct bough_arena arena = store_setup_arena();
    struct bough_link theirs[2] = {head(store, MAIN)};
    struct bough_link parents[2];

    (void)unused;
    branch_off(store, "heads/a", theirs[0]);
    theirs[1] = head(store, "heads/a");
    assert_int_equal(merge(store, theirs, 2, false, &result), BOUGH_OK);
    assert_int_equal(result.outcome, BOUGH_MERGE_FAST_FORWARD);
    parents[0] = head(store, MAIN);
    assert_memory_equal(parents, theirs + 1, sizeof(*parents));
    assert_int_equal(merge(store, theirs, 2, false, &result), BOUGH_OK);
    assert_int_equal(result.outcome, BOUGH_MERGE_UP_TO_DATE);
    assert_int_equal(bough_merge_many(store, parents, NULL, 0, &plain, &arena, &result), BOUGH_OK);
    assert_int_equal(result.outcome, BOUGH_MERGE_UP_TO_DATE);
    assert_int_equal(result.tree.key_count, 2);
    bough_arena_release(&arena);
    merge_put(store, MAIN, "own", "1");
    merge_put(store, "heads/a", "a", "2");
    parents[0] = head(store, MAIN);
    theirs[1] = parents[1] = head(store, "heads/a");
    assert_int_equal(merge(store, theirs, 2, false, &result), BOUGH_OK);
    assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
    assert_parents(store, parents, 2);
    bough_store_close(store);
}

/* b changed the key, and c what b made of it: seen from main alone, both changed it. */
static void test_merge_many__bases_are_those_with_all_merged_so_far(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_merge_result result;
    struct bough_link parents[3];

    (void)unused;
    merge_branch(store, "heads/b", head(store, MAIN));
    merge_put(store, "heads/b", "k", "2");
    branch_off(store, "heads/c", head(store, "heads/b"));
    merge_put(store, "heads/c", "k", "3");
    merge_put(store, "heads/b", "b", "1");
    merge_put(store, MAIN, "own", "1");
    parents[0] = head(store, MAIN);
    parents[1] = head(store, "heads/b");
    parents[2] = head(store, "heads/c");
    assert_int_equal(merge(store, parents + 1, 2, false, &result), BOUGH_OK);
    assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
    assert_string_equal(merge_value(store, MAIN, "k"), "3");
    assert_parents(store, parents, 3);
    bough_store_close(store);
}

static void test_merge_many__a_conflict_at_any_of_them_changes_nothing(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_merge_result result;
    struct bough_link theirs[3];
    struct bough_link before;
    struct bough_link after;

    (void)unused;
    branch_off(store, "heads/a", head(store, MAIN));
    branch_off(store, "heads/b", head(store, MAIN));
    merge_put(store, "heads/b", "a", "2"); /* as a has it, otherwise */
    branch_off(store, "heads/c", head(store, MAIN));
    merge_put(store, MAIN, "own", "1");
    before = head(store, MAIN);
    for (unsigned at = 0; at < 3; at++) {
        theirs[at] = head(store, "heads/a");
        theirs[(at + 1) % 3] = head(store, "heads/b");
        theirs[(at + 2) % 3] = head(store, "heads/c");
        assert_int_equal(merge(store, theirs, 3, true, &result), BOUGH_OK);
        assert_int_equal(result.outcome, BOUGH_MERGE_CONFLICTS);
        assert_int_equal(result.conflict_count, 1);
        assert_memory_equal(&result.stopped_at, &theirs[at == 2 ? 2 : at + 1],
                            sizeof(result.stopped_at));
        after = head(store, MAIN);
        assert_memory_equal(&before, &after, sizeof(before));
    }
    bough_store_close(store);
}

static void test_merge_many__conflicts_of_several_are_not_kept(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_arena arena = store_setup_arena();
    struct bough_link link = head(store, SIDE);
    const struct bough_merge_request asked = {.branch = bough_bytes_text(MAIN),
                                              .theirs = link,
                                              .more = &link,
                                              .more_count = 1,
                                              .options = &plain};
    struct bough_merge_result result;

    (void)unused;
    assert_int_equal(bough_merge_progress_begin(store, &asked, &arena, &result, &link),
                     BOUGH_UNSUPPORTED);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_merge_many__unrelated_ones_are_merged_only_when_asked(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_arena arena = store_setup_arena();
    const struct bough_merge_options unrelated = {.unrelated = true};
    struct bough_commit root = {.message = bough_bytes_text("root\n")};
    struct bough_merge_result result;
    struct bough_link ours;
    struct bough_link theirs[2];

    (void)unused;
    branch_off(store, "heads/a", head(store, MAIN));
    merge_put(store, MAIN, "own", "1");
    ours = head(store, MAIN);
    theirs[0] = head(store, "heads/a");
    assert_int_equal(bough_commit_put(store, &root, &arena, &theirs[1]), BOUGH_OK);
    assert_int_equal(merge(store, theirs, 2, false, &result), BOUGH_OK);
    assert_int_equal(result.outcome, BOUGH_MERGE_UNRELATED);
    assert_memory_equal(&result.stopped_at, &theirs[1], sizeof(result.stopped_at));
    assert_int_equal(bough_merge_many(store, &ours, theirs, 2, &unrelated, &arena, &result),
                     BOUGH_OK);
    assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
    assert_int_equal(result.tree.key_count, 3);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_merge_many__as_many_as_a_commit_has_room_for(void **unused)
{
    struct bough_store *store = merge_forked();
    struct bough_link theirs[BOUGH_MERGE_HEADS_MAX + 1];
    struct bough_merge_result result;
    struct bough_arena arena = store_setup_arena();
    struct bough_link start = head(store, MAIN);
    size_t count = BOUGH_MERGE_HEADS_MAX + 1;
    char name[30];
    bool forward;

    (void)unused;
    merge_put(store, MAIN, "own", "1");
    for (unsigned i = 0; i <= BOUGH_MERGE_HEADS_MAX; i++) {
        snprintf(name, sizeof(name), "heads/b%u", i);
        branch_off(store, name, start);
        theirs[i] = head(store, name);
    }
    start = head(store, MAIN);
    assert_int_equal(merge(store, theirs, BOUGH_MERGE_HEADS_MAX + 1, false, &result),
                     BOUGH_TOO_BIG);
    assert_int_equal(bough_merge_heads(store, &start, theirs, &count, &arena, &forward),
                     BOUGH_TOO_BIG);
    assert_int_equal(merge(store, theirs, BOUGH_MERGE_HEADS_MAX, false, &result), BOUGH_OK);
    assert_int_equal(result.outcome, BOUGH_MERGE_CLEAN);
    assert_int_equal(result.tree.key_count, 2 + BOUGH_MERGE_HEADS_MAX);
    memmove(theirs + 1, theirs, BOUGH_MERGE_HEADS_MAX * sizeof(*theirs));
    theirs[0] = start;
    assert_parents(store, theirs, BOUGH_PARENTS_MAX);
    bough_arena_release(&arena);
    bough_store_close(store);
}

/* ---- random histories ---- */

/* Where a branch is, and the version that it has of each key. */
struct tip {
    struct bough_link link;
    unsigned version[KEYS];
};

static struct tip tips[BRANCHES];
static unsigned last_version[KEYS];
static uint64_t seed;

/* The tree that has these versions. */
static struct bough_tree tree_of(struct bough_store *store, const unsigned *version)
{
    static const char *const folders[] = {"", "d/", "d/e/", "f/"};
    struct bough_arena arena = store_setup_arena();
    struct bough_tree tree = {0};

    for (unsigned i = 0; i < KEYS; i++) {
        char path[20];
        char text[20];
        struct bough_edit edit = {.path.at = (const uint8_t *)path};

        if (version[i] == 5) /* it is not there: once only, so that no version looks like another */
            continue;
        edit.path.len = (size_t)snprintf(path, sizeof(path), "%sk%02u", folders[i % 4], i);
        snprintf(text, sizeof(text), "%u %u\n", i, version[i]);
        edit.entry.mode = BOUGH_MODE_FILE;
        assert_int_equal(bough_value_put(store, bough_bytes_text(text), &arena, &edit.entry.value),
                         BOUGH_OK);
        assert_int_equal(bough_tree_edit(store, &tree, &edit, 1, &arena, NULL, &tree), BOUGH_OK);
    }
    bough_arena_release(&arena);
    return tree;
}

static struct bough_link commit(struct bough_store *store, const struct bough_tree *tree,
                                const struct bough_link *parents, size_t count)
{
    static int64_t now = 1700000000;
    struct bough_arena arena = store_setup_arena();
    const struct bough_ident ident = {.name = bough_bytes_text("Ann"),
                                      .email = bough_bytes_text("ann@example.org"),
                                      .time_s = now++};
    struct bough_commit made = {.tree = *tree,
                                .parents = parents,
                                .parent_count = (uint32_t)count,
                                .author = ident,
                                .committer = ident,
                                .message = bough_bytes_text("step\n")};
    struct bough_link link;

    assert_int_equal(bough_commit_put(store, &made, &arena, &link), BOUGH_OK);
    bough_arena_release(&arena);
    return link;
}

/* What both have, each key at its later version. */
static void join(unsigned *version, const unsigned *other)
{
    for (unsigned i = 0; i < KEYS; i++)
        if (other[i] > version[i])
            version[i] = other[i];
}

/* A branch writes some of its keys, or merges another branch. */
static void step(struct bough_store *store)
{
    unsigned own = (unsigned)test_below(&seed, BRANCHES);
    struct bough_link parents[2] = {tips[own].link};
    struct bough_tree tree;
    size_t count = 1;

    if (test_below(&seed, 3) == 0) {
        const struct tip *other = &tips[test_below(&seed, BRANCHES)];
        struct bough_arena arena = store_setup_arena();
        bool forward;

        parents[1] = other->link;
        assert_int_equal(
            bough_merge_heads(store, &tips[own].link, parents + 1, &count, &arena, &forward),
            BOUGH_OK);
        bough_arena_release(&arena);
        if (count == 0 || forward)
            return;
        count = 2;
        join(tips[own].version, other->version);
    } else {
        for (uint64_t i = 1 + test_below(&seed, 4); i > 0; i--) {
            unsigned key = own + BRANCHES * (unsigned)test_below(&seed, KEYS / BRANCHES);

            tips[own].version[key] = ++last_version[key];
        }
    }
    tree = tree_of(store, tips[own].version);
    tips[own].link = commit(store, &tree, parents, count);
}

/* Merges some branches into one, and keeps it on a branch of its own; one line for the script says
 * what was merged. */
static void octopus(struct bough_store *store, unsigned number, FILE *file)
{
    struct bough_arena arena = store_setup_arena();
    unsigned first = (unsigned)test_below(&seed, BRANCHES);
    struct bough_link parents[BRANCHES] = {tips[first].link};
    size_t given = 1 + (size_t)test_below(&seed, BRANCHES - 1);
    struct bough_merge_result result;
    unsigned version[KEYS];
    struct bough_tree wanted;
    size_t count = given;
    char name[40];
    bool forward;

    memcpy(version, tips[first].version, sizeof(version));
    for (size_t i = 1; i <= given; i++) {
        const struct tip *tip = &tips[(first + i) % BRANCHES];

        parents[i] = tip->link;
        join(version, tip->version);
        snprintf(name, sizeof(name), "heads/in/%u/%zu", number, i);
        merge_branch(store, name, tip->link);
    }
    snprintf(name, sizeof(name), "heads/in/%u/0", number);
    merge_branch(store, name, tips[first].link);
    assert_int_equal(bough_merge_heads(store, parents, parents + 1, &count, &arena, &forward),
                     BOUGH_OK);
    assert_int_equal(bough_merge_many(store, parents, parents + 1, count, &plain, &arena, &result),
                     BOUGH_OK);
    assert_int_not_equal(result.outcome, BOUGH_MERGE_CONFLICTS);
    wanted = tree_of(store, version);
    assert_memory_equal(&result.tree.root.name, &wanted.root.name, BOUGH_HASH_BYTES);
    if (count > 1) {
        snprintf(name, sizeof(name), "heads/out/%u", number);
        merge_branch(store, name,
                     forward ? commit(store, &wanted, parents + 1, count)
                             : commit(store, &wanted, parents, count + 1));
        fprintf(file, "%u %zu\n", number, given);
    }
    bough_arena_release(&arena);
}

/* Each octopus once more by git, from what was given: the same tree, and the same parents.  Where
 * two common ancestors make one of its steps a conflict, it may give up. */
static const char script[] =
    "git clone -q $URL c; cd c; git fsck --strict --no-dangling; status=0; same=0; all=0;"
    "while read -r number given; do all=$((all + 1));"
    "  git checkout -q --detach origin/in/$number/0; names=;"
    "  for i in $(seq $given); do names=\"$names origin/in/$number/$i\"; done;"
    "  git merge -q -m several $names >../said 2>&1 || { git reset -q --hard; continue; };"
    "  same=$((same + 1)); out=origin/out/$number;"
    "  test $(git rev-parse HEAD^{tree}) = $(git rev-parse $out^{tree}) ||"
    "    { status=1; echo \"$number: git has another tree\"; };"
    "  test \"$(git log -1 --format=%P)\" = \"$(git log -1 --format=%P $out)\" ||"
    "    { status=1; echo \"$number: git has other parents\"; };"
    "done < ../list; echo \"git merges $same of $all\"; test $same -gt 0; exit $status";

static void test_merge_many__git_comes_to_the_same_tree_and_parents(void **unused)
{
    char home[] = "/tmp/bough-many-XXXXXX";
    char text[60];
    struct bough_store *store = store_setup();
    struct bough_tree tree;
    struct bough_git *git;
    FILE *file;

    (void)unused;
    seed = test_seed();
    assert_non_null(mkdtemp(home));
    snprintf(text, sizeof(text), "%s/list", home);
    file = fopen(text, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < KEYS; i++)
        last_version[i] = 1;
    tree = tree_of(store, last_version);
    tips[0].link = commit(store, &tree, NULL, 0);
    memcpy(tips[0].version, last_version, sizeof(last_version));
    for (unsigned i = 1; i < BRANCHES; i++)
        tips[i] = tips[0];
    merge_branch(store, MAIN, tips[0].link);
    for (unsigned i = 0; i < OCTOPUSES; i++) {
        for (unsigned k = 0; k < STEPS; k++)
            step(store);
        octopus(store, i, file);
    }
    fclose(file);
    assert_int_equal(bough_git_open(store, 0, &git), BOUGH_OK);
    assert_int_equal(git_bridge_run(git, home, script), 0);
    bough_git_close(git);
    bough_store_close(store);
    snprintf(text, sizeof(text), "rm -rf %s", home);
    assert_int_equal(system(text), 0);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_many__all_of_them_are_parents_in_their_order),
        cmocka_unit_test(test_merge_many__what_another_one_has_is_no_parent),
        cmocka_unit_test(test_merge_many__a_head_that_all_have_is_no_parent_unless_asked),
        cmocka_unit_test(test_merge_many__one_that_is_left_is_merged_as_ever),
        cmocka_unit_test(test_merge_many__bases_are_those_with_all_merged_so_far),
        cmocka_unit_test(test_merge_many__a_conflict_at_any_of_them_changes_nothing),
        cmocka_unit_test(test_merge_many__conflicts_of_several_are_not_kept),
        cmocka_unit_test(test_merge_many__unrelated_ones_are_merged_only_when_asked),
        cmocka_unit_test(test_merge_many__as_many_as_a_commit_has_room_for),
        cmocka_unit_test(test_merge_many__git_comes_to_the_same_tree_and_parents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
