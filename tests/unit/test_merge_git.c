/* SPDX-License-Identifier: ISC
 *
 * test_merge_git.c - stock git merges the same histories to the same trees, and finds the same
 * commits of a path in them.
 *
 * How: random histories with branches and criss-crosses are made and merged in a store; each merge
 * is kept as a commit on a branch whose name says what bough found.  Git clones them all, and
 * merges the parents of each (`git merge-tree --write-tree`); no value stands at two paths, so that
 * git finds no renames, which bough does not guess.  What bough merged without conflict git must,
 * too, and to the same tree; where bough found a conflict, so must git.  With several common
 * ancestors either may be more careful than the other, so there only the trees of clean merges are
 * compared.  How often they agreed is printed.
 */
#include "bough/blame.h"
#include "bough/merge.h"
#include "bough/path_log.h"
#include "git_bridge.h"
#include "store_setup.h"
#include "test_seed.h"

#define HISTORIES   10u
#define COMMITS     40u
#define COMMITS_MAX (HISTORIES * COMMITS)
#define EDITS_MAX   3u
#define FIRST_EDITS 60u
#define PATH_ROOM   40u

static struct bough_link commits[COMMITS_MAX];
static struct bough_tree trees[COMMITS_MAX];
static unsigned commit_count;
static unsigned merge_count[4]; /* clean, in conflict; then the same with several bases */
static uint64_t seed;

/* One or no change of a tree; what cannot be done is not done. */
static void edit(struct bough_store *store, struct bough_tree *tree)
{
    static const char *const steps[] = {"a", "a-", "a.b", "b", "b0"};
    static const uint32_t modes[] = {BOUGH_MODE_FILE, BOUGH_MODE_FILE, BOUGH_MODE_FILE,
                                     BOUGH_MODE_EXEC, BOUGH_MODE_SYMLINK};
    struct bough_arena arena = store_setup_arena();
    char path[PATH_ROOM];
    char text[PATH_ROOM + 20];
    int len = snprintf(path, sizeof(path), "%s", steps[test_below(&seed, 5)]);
    struct bough_edit one = {.remove = test_below(&seed, 4) == 0};
    enum bough_err err;

    for (uint64_t deep = test_below(&seed, 3); deep > 0; deep--)
        len += snprintf(path + len, sizeof(path) - (size_t)len, "/%s", steps[test_below(&seed, 5)]);
    snprintf(text, sizeof(text), "%s %u\n", path, (unsigned)test_below(&seed, 4));
    one.path = bough_bytes_text(path);
    one.entry.mode = modes[test_below(&seed, 5)];
    assert_int_equal(bough_value_put(store, bough_bytes_text(text), &arena, &one.entry.value),
                     BOUGH_OK);
    err = bough_tree_edit(store, tree, &one, 1, &arena, NULL, tree);
    assert_true(err == BOUGH_OK || err == BOUGH_CONFLICT);
    bough_arena_release(&arena);
}

static void commit(struct bough_store *store, const struct bough_tree *tree,
                   const struct bough_link *parents, uint32_t count)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_ident ident = {.name = bough_bytes_text("Ann"),
                                .email = bough_bytes_text("ann@example.org"),
                                .time_s = 1700000000 + commit_count};
    char message[20] = "";
    struct bough_commit made = {.tree = *tree,
                                .parents = parents,
                                .parent_count = count,
                                .author = ident,
                                .committer = ident,
                                .message = bough_bytes_text(message)};

    snprintf(message, sizeof(message), "%u\n", commit_count);
    made.message.len = strlen(message);
    trees[commit_count] = *tree;
    assert_int_equal(bough_commit_put(store, &made, &arena, &commits[commit_count]), BOUGH_OK);
    commit_count++;
    bough_arena_release(&arena);
}

/* Keeps the last commit on a branch that says what it is. */
static void name_last(struct bough_store *store, bool clean, bool several)
{
    char name[60];
    struct bough_ref_move move = {
        .next = {.kind = BOUGH_KIND_COMMIT, .link = commits[commit_count - 1]}};

    snprintf(name, sizeof(name), "heads/%s-%s/%u", clean ? "clean" : "conflict",
             several ? "several" : "one", commit_count);
    merge_count[2 * several + !clean]++;
    move.name = bough_bytes_text(name);
    assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
}

/* Merges two commits, if that is more than moving on, and keeps what comes out. */
static void merge(struct bough_store *store, unsigned ours, unsigned theirs)
{
    const struct bough_merge_options options = {0};
    const struct bough_link parents[] = {commits[ours], commits[theirs]};
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_result result;

    assert_int_equal(
        bough_merge(store, &commits[ours], &commits[theirs], &options, &arena, &result), BOUGH_OK);
    if (result.outcome == BOUGH_MERGE_CLEAN || result.outcome == BOUGH_MERGE_CONFLICTS) {
        commit(store, &result.tree, parents, 2);
        name_last(store, result.outcome == BOUGH_MERGE_CLEAN, result.base.base_count > 1);
    }
    bough_arena_release(&arena);
}

static void make_history(struct bough_store *store)
{
    unsigned begin = commit_count;
    struct bough_tree tree = {0};

    for (unsigned i = 0; i < FIRST_EDITS; i++)
        edit(store, &tree);
    commit(store, &tree, NULL, 0);
    while (commit_count < begin + COMMITS) {
        unsigned recent = commit_count - begin < 5 ? commit_count - begin : 5;
        unsigned ours = commit_count - 1 - (unsigned)test_below(&seed, recent);
        unsigned theirs = commit_count - 1 - (unsigned)test_below(&seed, recent);

        if (test_below(&seed, 2) == 0) {
            merge(store, ours, theirs);
            continue;
        }
        tree = trees[ours];
        for (uint64_t edits = 1 + test_below(&seed, EDITS_MAX); edits > 0; edits--)
            edit(store, &tree);
        commit(store, &tree, &commits[ours], 1);
    }
}

/* Prints a line for each kind; a clean merge that git has otherwise, or a conflict it has not, is
 * the script's failure. */
static const char script[] =
    "git clone -q --mirror $URL c; cd c; status=0;"
    "for kind in clean-one clean-several conflict-one conflict-several; do same=0; all=0;"
    "  for name in $(git for-each-ref --format='%(refname)' refs/heads/$kind); do"
    "    all=$((all + 1)); code=0;"
    "    tree=$(git merge-tree --write-tree $name^1 $name^2 2>/dev/null) || code=$?;"
    "    case $kind-$code in"
    "    clean-*-0) test \"$tree\" = $(git rev-parse $name^{tree}) && same=$((same + 1))"
    "      || { status=1; echo \"$name: git has another tree\"; };;"
    "    conflict-*-1) same=$((same + 1));;"
    "    clean-several-1 | conflict-several-0) ;;"
    "    *-several-134) echo \"$name: an assertion of git's own failed\";;"
    "    *) status=1; echo \"$name: git says $code\";;"
    "    esac; done; echo \"$kind: git agrees on $same of $all\"; done; exit $status";

static void test_merge_git__git_merges_to_the_same_trees(void **unused)
{
    char home[] = "/tmp/bough-merge-XXXXXX";
    char remove[80];
    struct bough_store *store = store_setup();
    struct bough_git *git;

    (void)unused;
    seed = test_seed();
    assert_non_null(mkdtemp(home));
    for (unsigned i = 0; i < HISTORIES; i++)
        make_history(store);
    assert_true(merge_count[0] > 0 && merge_count[1] > 0 && merge_count[2] > 0);
    assert_int_equal(bough_git_open(store, 0, &git), BOUGH_OK);
    assert_int_equal(git_bridge_run(git, home, script), 0);
    bough_git_close(git);
    bough_store_close(store);
    snprintf(remove, sizeof(remove), "rm -rf %s", home);
    assert_int_equal(system(remove), 0);
}

/* One line for the script: a path, and the numbers of all commits of heads/log that changed it. */
static void tell_log(struct bough_store *store, FILE *file, const char *path)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_arena into = store_setup_arena();
    unsigned numbers[COMMITS_MAX + 1] = {0};
    struct bough_link heads[COMMITS_MAX];
    struct bough_link link = commits[commit_count - 1];
    struct bough_path_log log;
    struct bough_commit found;
    enum bough_err err;
    size_t count;

    assert_int_equal(bough_path_log_open(&log, store, &link, 1, bough_bytes_text(path), &arena),
                     BOUGH_OK);
    do {
        err = bough_path_log_next(&log, &into, &link, &found);
        if (err != BOUGH_OK)
            continue;
        numbers[strtoul((const char *)found.message.at, NULL, 10)]++;
        if (test_below(&seed, 4) > 0)
            continue;
        count = bough_path_log_waiting(&log, heads, COMMITS_MAX); /* another one goes on there */
        assert_int_equal(
            bough_path_log_open(&log, store, heads, count, bough_bytes_text(path), &arena),
            BOUGH_OK);
    } while (err == BOUGH_OK || err == BOUGH_NOT_READY);
    assert_int_equal(err, BOUGH_NOT_FOUND);
    fprintf(file, "%s:", path);
    for (unsigned i = 0; i < COMMITS_MAX; i++) {
        assert_true(numbers[i] <= 1);
        if (numbers[i] > 0)
            fprintf(file, "%u ", i);
    }
    fputc('\n', file);
    bough_arena_release(&arena);
    bough_arena_release(&into);
}

static const char compare_logs[] =
    "git clone -q --mirror $URL c; cd c; status=0;"
    "while IFS=: read -r path numbers; do"
    "  test \"$numbers\" = \"$(git log --format=%s log -- $path | sort -n | tr '\\n' ' ')\" ||"
    "    { status=1; echo \"$path: $numbers\"; }; done < ../logs; exit $status";

static void test_merge_git__git_finds_the_same_commits_of_a_path(void **unused)
{
    static const char *const paths[] = {"a",     "b",     "b0",     "a-",    "a.b",   "a/a",
                                        "a/b",   "b/a",   "b/b0",   "a-/b",  "a.b/b", "a/a/a",
                                        "b/a/b", "b0/a-", "a/b0/b", "b/b/b", "none"};
    char home[] = "/tmp/bough-logs-XXXXXX";
    char text[80];
    struct bough_store *store = store_setup();
    struct bough_ref_move move = {.name = bough_bytes_text("heads/log"),
                                  .next.kind = BOUGH_KIND_COMMIT};
    struct bough_git *git;
    FILE *file;

    (void)unused;
    seed = test_seed();
    commit_count = 0;
    assert_non_null(mkdtemp(home));
    snprintf(text, sizeof(text), "%s/logs", home);
    file = fopen(text, "w");
    assert_non_null(file);
    make_history(store);
    move.next.link = commits[commit_count - 1];
    assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        tell_log(store, file, paths[i]);
    fclose(file);
    assert_int_equal(bough_git_open(store, 0, &git), BOUGH_OK);
    assert_int_equal(git_bridge_run(git, home, compare_logs), 0);
    bough_git_close(git);
    bough_store_close(store);
    snprintf(text, sizeof(text), "rm -rf %s", home);
    assert_int_equal(system(text), 0);
}

/* Whether every key of a commit is from the commit that its log begins with, page by page. */
static void check_blame(struct bough_store *store, const struct bough_link *head,
                        const char *prefix)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_bytes after = {0};
    struct bough_commit whole;
    uint64_t all = 0;
    size_t count;

    assert_int_equal(bough_commit_get(store, head, &arena, &whole), BOUGH_OK);
    do {
        size_t max = 1 + test_below(&seed, 100);
        struct bough_blame_key *keys;

        assert_int_equal(bough_blame_keys(store, head, bough_bytes_text(prefix), after, max, &arena,
                                          &keys, &count),
                         BOUGH_OK);
        assert_true(count <= max);
        for (size_t i = 0; i < count; i++) {
            struct bough_arena into = store_setup_arena();
            struct bough_path_log log;
            struct bough_commit found;
            struct bough_link link;

            assert_true(bough_bytes_starts(keys[i].path, bough_bytes_text(prefix)));
            assert_int_equal(bough_path_log_open(&log, store, head, 1, keys[i].path, &arena),
                             BOUGH_OK);
            assert_int_equal(bough_path_log_next(&log, &into, &link, &found), BOUGH_OK);
            assert_memory_equal(&link, &keys[i].commit, sizeof(link));
            after = keys[i].path;
            bough_arena_release(&into);
        }
        all += count;
    } while (count > 0);
    assert_true(prefix[0] != '\0' || all == whole.tree.key_count);
    bough_arena_release(&arena);
}

static void test_merge_git__keys_are_from_the_commit_their_log_begins_with(void **unused)
{
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    struct bough_blame_key *keys;
    size_t count;

    (void)unused;
    seed = test_seed();
    commit_count = 0;
    for (unsigned i = 0; i < 4; i++) {
        make_history(store);
        check_blame(store, &commits[commit_count - 1], "");
        check_blame(store, &commits[commit_count - 2], "a");
        check_blame(store, &commits[commit_count - 2], "b/");
    }
    assert_int_equal(bough_blame_keys(store, &commits[0], bough_bytes_text("a"),
                                      bough_bytes_text("zzz"), 5, &arena, &keys, &count),
                     BOUGH_OK);
    assert_int_equal(count, 0);
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_git__git_merges_to_the_same_trees),
        cmocka_unit_test(test_merge_git__git_finds_the_same_commits_of_a_path),
        cmocka_unit_test(test_merge_git__keys_are_from_the_commit_their_log_begins_with),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
