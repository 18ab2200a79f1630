/* SPDX-License-Identifier: ISC
 *
 * test_merge_replay.c - the merges of a real repository, done again by bough and by git.
 *
 * How: the repository that this tree is kept in (or BOUGH_REPLAY_REPO, and there BOUGH_REPLAY_REV
 * instead of all branches) is pushed to a store.  Each of its merges of two parents is made again
 * in the store, files without a policy being text; what comes out is kept on a branch that says
 * whether there were conflicts.  Git clones that, and merges the same parents.  How often both
 * agree is printed; where they do not, git must have seen a rename, which bough does not guess, or
 * there must have been several common ancestors.  Without a repository nothing is tested.
 */
#include "bough/merge.h"
#include "git_bridge.h"
#include "store_setup.h"

#define FROM_ROOT  "tests/unit/test_merge_replay.c"
#define MERGES_MAX 20000u
#define LINKS_MAX  400000u

static struct bough_link *waiting;
static size_t waiting_count;
static unsigned clean_count;
static unsigned conflict_count;
static uint64_t spent_ns; /* by bough, merging */

static uint64_t now_ns(void)
{
    return bough_clock_now_ns(host_env()->clock);
}

/* Keeps a merge that was made again. */
static void keep(struct bough_store *store, const struct bough_commit *merge,
                 const struct bough_merge_result *result)
{
    bool clean = result->outcome == BOUGH_MERGE_CLEAN;
    struct bough_arena arena = store_setup_arena();
    struct bough_commit again = *merge;
    struct bough_ref_move move = {.next.kind = BOUGH_KIND_COMMIT};
    char name[60];

    again.tree = result->tree;
    again.headers = (struct bough_bytes){0};
    again.verbatim = (struct bough_bytes){0};
    assert_int_equal(bough_commit_put(store, &again, &arena, &move.next.link), BOUGH_OK);
    snprintf(name, sizeof(name), "heads/replay/%s-%s/%u", clean ? "clean" : "conflict",
             result->base.base_count > 1 ? "several" : "one", clean_count + conflict_count);
    move.name = bough_bytes_text(name);
    assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
    clean_count += clean;
    conflict_count += !clean;
    bough_arena_release(&arena);
}

static void replay(struct bough_store *store, const struct bough_commit *merge)
{
    const struct bough_merge_options options = {
        .attributes = true,
        .unrelated = true,
        .fallback = bough_merge_policy_find(bough_bytes_text("text"))};
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_result result;
    uint64_t begun = now_ns();

    assert_int_equal(
        bough_merge(store, &merge->parents[0], &merge->parents[1], &options, &arena, &result),
        BOUGH_OK);
    spent_ns += now_ns() - begun;
    if (result.outcome == BOUGH_MERGE_CLEAN || result.outcome == BOUGH_MERGE_CONFLICTS)
        keep(store, merge, &result);
    bough_arena_release(&arena);
}

/* A mark for commits that were seen: their names, in a table. */
static bool is_new(const struct bough_hash *name)
{
    static struct bough_hash *seen;
    static const struct bough_hash none;
    uint64_t at;

    if (seen == NULL)
        seen = calloc(4 * LINKS_MAX, sizeof(*seen));
    memcpy(&at, name->at, sizeof(at));
    for (at %= 4 * LINKS_MAX; !bough_hash_equal(&seen[at], &none); at = (at + 1) % (4 * LINKS_MAX))
        if (bough_hash_equal(&seen[at], name))
            return false;
    seen[at] = *name;
    return true;
}

static void wait_for(const struct bough_link *link)
{
    if (!is_new(&link->name))
        return;
    assert_true(waiting_count < LINKS_MAX);
    waiting[waiting_count++] = *link;
}

/* All heads there are, then all commits that they lead to. */
static void replay_all(struct bough_store *store)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_bytes after = {0};
    struct bough_ref ref;

    waiting = calloc(LINKS_MAX, sizeof(*waiting));
    while (bough_ref_next(store, bough_bytes_text("heads/"), after, &arena, &after, &ref) ==
           BOUGH_OK)
        wait_for(&ref.link);
    bough_arena_release(&arena);
    while (waiting_count > 0) {
        struct bough_link link = waiting[--waiting_count];
        struct bough_commit commit;

        arena = store_setup_arena();
        assert_int_equal(bough_commit_get(store, &link, &arena, &commit), BOUGH_OK);
        for (uint32_t i = 0; i < commit.parent_count; i++)
            wait_for(&commit.parents[i]);
        if (commit.parent_count == 2 && clean_count + conflict_count < MERGES_MAX)
            replay(store, &commit);
        bough_arena_release(&arena);
    }
    free(waiting);
}

static const char compare[] =
    "git clone -q --mirror $URL c; cd c; status=0; "
    "for kind in clean-one clean-several conflict-one conflict-several; do"
    "  same=0; all=0; renames=0;"
    "  for name in $(git for-each-ref --format='%(refname)' refs/heads/replay/$kind); do"
    "    all=$((all + 1)); code=0;"
    "    git merge-tree --write-tree --allow-unrelated-histories $name^1 $name^2 >out 2>&1 || "
    "code=$?;"
    "    tree=$(head -1 out);"
    "    if { [ $kind = ${kind#clean} ] && [ $code = 1 ]; } ||"
    "       { [ $kind != ${kind#clean} ] && [ \"$tree\" = $(git rev-parse $name^{tree}) ]; }; then"
    "      same=$((same + 1)); continue; fi;"
    "    base=$(git merge-base $name^1 $name^2);"
    "    if { git diff -M --name-status $base $name^1;"
    "         git diff -M --name-status $base $name^2; } | grep -q ^R; then"
    "      renames=$((renames + 1)); continue; fi;"
    "    case $kind in *-several) continue;; esac;"
    "    status=1; echo \"$name: $(git rev-parse $name^1 $name^2 | tr '\\n' ' ')\"; cat out;"
    "  done;"
    "  echo \"$kind: git agrees on $same of $all; it saw renames in $renames of the others\";"
    "done; exit $status";

static void test_merge_replay__merges_of_a_real_repository_come_out_as_gits(void **unused)
{
    static const char push[] = "test -e \"$BOUGH_REPLAY_REPO\" || exit 99;"
                               "git clone -q --bare \"$BOUGH_REPLAY_REPO\" r || exit 99;"
                               "if [ \"${BOUGH_REPLAY_REV:-}\" ]; then git -C r push -q $URL "
                               "$BOUGH_REPLAY_REV:refs/heads/r;"
                               "else git -C r push -q $URL 'refs/heads/*'; fi";
    char home[] = "/tmp/bough-replay-XXXXXX";
    char remove[80];
    char own[500];
    struct bough_store *store = store_setup();
    struct bough_git *git;
    int status;

    (void)unused;
    snprintf(own, sizeof(own), "%.*s.git", (int)(strlen(__FILE__) - strlen(FROM_ROOT)), __FILE__);
    setenv("BOUGH_REPLAY_REPO", own, 0);
    assert_non_null(mkdtemp(home));
    assert_int_equal(bough_git_open(store, 0, &git), BOUGH_OK);
    status = git_bridge_run(git, home, push);
    if (status == 0) {
        replay_all(store);
        printf("%u merges were clean, %u were not, %.1f ms each\n", clean_count, conflict_count,
               (double)spent_ns / 1e6 / (clean_count + conflict_count + 1));
        status = git_bridge_run(git, home, compare);
    }
    bough_git_close(git);
    bough_store_close(store);
    snprintf(remove, sizeof(remove), "rm -rf %s", home);
    assert_int_equal(system(remove), 0);
    if (status == 99 || clean_count + conflict_count == 0)
        skip();
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_replay__merges_of_a_real_repository_come_out_as_gits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
