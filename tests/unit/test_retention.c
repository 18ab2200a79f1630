/* SPDX-License-Identifier: ISC
 *
 * test_retention.c - what policies keep is exactly what is there after a collection.
 *
 * How: random histories with merges, tags and short-lived branches are made on a small device and
 * beside it as a plain list of commits.  After each collection every commit that the list says must
 * live is read with its contents, every parent that must not is cut, fsck finds no fault; and many
 * times the device's size goes through it.
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "bough/limits.h"
#include "bough/retention.h"
#include "store_setup.h"
#include "test_seed.h"

#define COMMITS_MAX 6000
#define REFS        9
#define VALUE_BYTES 6000

struct model_commit {
    struct bough_link link;
    int parents[2];
    uint64_t generation;
    bool lives;
};

static struct model_commit commits[COMMITS_MAX];
static int commit_count;
static int refs[REFS]; /* a commit, or -1 */
static const char *const names[REFS] = {"heads/main", "heads/ci/a", "heads/ci/b",
                                        "heads/ci/c", "heads/last", "heads/all",
                                        "tags/one",   "tags/two",   "tags/three"};
static const unsigned limits[REFS] = {20, 5, 5, 5, 1, 0, 0, 0, 0};

static const struct bough_retention policies[] = {
    {.pattern = {(const uint8_t *)"heads/ci/*", 10}, .commits = 5},
    {.pattern = {(const uint8_t *)"heads/main", 10}, .commits = 20},
    {.pattern = {(const uint8_t *)"heads/l*", 8}, .commits = 1},
    {.pattern = {(const uint8_t *)"heads/mai*", 10}, .commits = 1}, /* the first one counts */
};

static uint8_t bytes[VALUE_BYTES];

static void fill(int number)
{
    uint64_t state = (uint64_t)number + 1;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(test_random(&state) >> 32);
}

/* A commit with contents of its own. */
static int make_commit(struct bough_store *store, int first, int second)
{
    struct bough_arena arena = store_setup_arena();
    struct model_commit *made = &commits[commit_count];
    struct bough_link parents[2];
    struct bough_edit edit = {.path = bough_bytes_text("dir/key"),
                              .entry = {.mode = BOUGH_MODE_FILE}};
    struct bough_commit commit = {
        .parents = parents, .author = {.time_s = commit_count}, .committer = {.time_s = 1000}};

    assert_true(commit_count < COMMITS_MAX);
    *made = (struct model_commit){.parents = {first, second}, .lives = true};
    if (first >= 0)
        parents[commit.parent_count++] = commits[first].link;
    if (second >= 0)
        parents[commit.parent_count++] = commits[second].link;
    fill(commit_count);
    assert_int_equal(
        bough_value_put(store, bough_bytes_of(bytes, sizeof(bytes)), &arena, &edit.entry.value),
        BOUGH_OK);
    assert_int_equal(bough_tree_edit(store, &commit.tree, &edit, 1, &arena, NULL, &commit.tree),
                     BOUGH_OK);
    assert_int_equal(bough_commit_put(store, &commit, &arena, &made->link), BOUGH_OK);
    made->generation = commit.generation;
    bough_arena_release(&arena);
    return commit_count++;
}

static void set_ref(struct bough_store *store, int ref, int commit)
{
    struct bough_ref_move move = {.name = bough_bytes_text(names[ref]), .remove = commit < 0};

    if (commit >= 0)
        move.next = (struct bough_ref){.kind = BOUGH_KIND_COMMIT, .link = commits[commit].link};
    else if (refs[ref] < 0)
        return;
    assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
    refs[ref] = commit;
}

/* One random thing: a commit, a merge, a branch from another one's head, a tag, a deletion. */
static void change(struct bough_store *store, uint64_t *seed)
{
    int ref = (int)test_below(seed, 6);
    int other = refs[test_below(seed, REFS)];

    switch (test_below(seed, 14)) {
    case 0:
        if (refs[ref] >= 0 && other >= 0)
            set_ref(store, ref, make_commit(store, refs[ref], other));
        break;
    case 1:
        if (other >= 0)
            set_ref(store, ref, other);
        break;
    case 2:
        set_ref(store, 6 + (int)test_below(seed, 3), test_below(seed, 2) == 0 ? -1 : other);
        break;
    case 3:
        if (test_below(seed, 3) == 0)
            set_ref(store, ref, -1);
        break;
    default:
        set_ref(store, ref, make_commit(store, refs[ref], -1));
    }
}

/* ---- what must live ---- */

static bool must[COMMITS_MAX];

static void keep_all(int commit)
{
    if (commit < 0 || !commits[commit].lives || must[commit])
        return;
    must[commit] = true;
    keep_all(commits[commit].parents[0]);
    keep_all(commits[commit].parents[1]);
}

/* The last `limit` commits that hang together below a head. */
static void keep_some(int head, unsigned limit, bool kept[COMMITS_MAX])
{
    static bool waiting[COMMITS_MAX];

    memset(waiting, 0, sizeof(waiting));
    waiting[head] = true;
    for (unsigned n = 0; n < limit; n++) {
        int best = -1;

        for (int i = 0; i < commit_count; i++)
            if (waiting[i] &&
                (best < 0 || commits[i].generation > commits[best].generation ||
                 (commits[i].generation == commits[best].generation &&
                  memcmp(&commits[i].link.name, &commits[best].link.name, BOUGH_HASH_BYTES) < 0)))
                best = i;
        if (best < 0)
            return;
        waiting[best] = false;
        kept[best] = true;
        for (int p = 0; p < 2; p++) {
            int parent = commits[best].parents[p];

            if (parent >= 0 && commits[parent].lives)
                waiting[parent] = true;
        }
    }
}

static unsigned check_one(struct bough_store *store, int number)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_commit commit;
    struct bough_entry entry;
    struct bough_bytes found;
    unsigned cut_count = 0;
    uint32_t at = 0;

    assert_int_equal(bough_commit_get(store, &commits[number].link, &arena, &commit), BOUGH_OK);
    assert_int_equal(commit.author.time_s, number);
    for (int p = 0; p < 2; p++) {
        int parent = commits[number].parents[p];

        if (parent < 0)
            continue;
        assert_int_equal(bough_commit_is_cut(&commit.parents[at]), !must[parent]);
        cut_count += !must[parent];
        assert_true(bough_hash_equal(&commit.parents[at++].name, &commits[parent].link.name));
    }
    assert_int_equal(at, commit.parent_count);
    assert_int_equal(
        bough_tree_find(store, &commit.tree, bough_bytes_text("dir/key"), &arena, &entry),
        BOUGH_OK);
    assert_int_equal(bough_value_get(store, &entry.value, VALUE_BYTES, &arena, &found), BOUGH_OK);
    fill(number);
    assert_memory_equal(found.at, bytes, VALUE_BYTES);
    bough_arena_release(&arena);
    return cut_count;
}

static unsigned check_all(struct bough_store *store, bool limited)
{
    static bool kept[COMMITS_MAX];
    struct bough_fsck_options options = {0};
    struct bough_fsck_report report;
    unsigned cut_count = 0;
    unsigned live_count = 0;

    memset(must, 0, sizeof(must));
    memset(kept, 0, sizeof(kept));
    for (int i = 0; i < REFS; i++) {
        if (refs[i] >= 0 && limited && limits[i] > 0)
            keep_some(refs[i], limits[i], kept);
        else
            keep_all(refs[i]);
    }
    for (int i = 0; i < commit_count; i++)
        must[i] = must[i] || kept[i];
    for (int i = 0; i < commit_count; i++) {
        if (must[i])
            cut_count += check_one(store, i);
        commits[i].lives = must[i];
        live_count += must[i];
    }
    assert_int_equal(bough_fsck(store, &options, &report), BOUGH_OK);
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(report.commit_count, live_count);
    return cut_count;
}

static struct bough_store *open_on(struct bough_block *dev)
{
    struct bough_backend *backend;
    struct bough_store *store;

    assert_int_equal(bough_journal_open(host_env(), dev, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &store), BOUGH_OK);
    return store;
}

/* Collects in steps of random size, all of them at once. */
static void collect(struct bough_store *store, uint64_t *seed)
{
    struct bough_collect_progress progress;

    do {
        assert_int_equal(bough_collect_step(store, 1 + (uint32_t)test_below(seed, 50),
                                            (uint64_t)1 << 18, &progress),
                         BOUGH_OK);
    } while (progress.phase != BOUGH_COLLECT_NONE);
}

static void test_retention__what_must_live_lives_and_the_rest_gives_its_space(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_ref_log_window no_log = {0};
    struct block_borrow borrow;
    struct bough_block *medium;
    struct bough_store *store;
    unsigned cut_count = 0;

    (void)unused;
    assert_int_equal(bough_ram_open(host_env(), 4096, 2048, &medium), BOUGH_OK); /* 8 MiB */
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    store = open_on(block_borrow(&borrow, medium));
    assert_int_equal(bough_ref_log_window_set(store, &no_log), BOUGH_OK);
    assert_int_equal(bough_retention_set(store, policies, 4), BOUGH_OK);
    commit_count = 0;
    for (int i = 0; i < REFS; i++)
        refs[i] = -1;
    for (int round = 0; round < 70; round++) {
        for (int i = 0; i < 90; i++) {
            change(store, &seed);
            if (test_below(&seed, 10) == 0)
                assert_int_equal(bough_store_sync(store), BOUGH_OK);
        }
        if (round % 5 == 4) { /* what keeps all of its history must not fill the device */
            set_ref(store, 5, -1);
            for (int i = 6; i < REFS; i++)
                set_ref(store, i, -1);
        }
        collect(store, &seed);
        cut_count += check_all(store, true);
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        if (round % 7 == 0) {
            bough_store_close(store);
            store = open_on(block_borrow(&borrow, medium));
            (void)check_all(store, true);
        }
    }
    printf("%d commits of %d bytes through 8 MiB, %u parents cut\n", commit_count, VALUE_BYTES,
           cut_count);
    assert_true(cut_count > 100);
    assert_true((size_t)commit_count * VALUE_BYTES > (size_t)2 * (8 << 20));

    /* Without policies nothing more is dropped, and what was dropped stays known. */
    assert_int_equal(bough_retention_set(store, NULL, 0), BOUGH_OK);
    for (int i = 0; i < 60; i++)
        change(store, &seed);
    collect(store, &seed);
    (void)check_all(store, false);
    bough_store_close(store);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* Writing goes on while it is collected: nothing that is shown may be damaged. */
static void test_retention__writing_goes_on_between_the_steps(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_ref_log_window no_log = {0};
    struct block_borrow borrow;
    struct bough_block *medium;
    struct bough_store *store;
    struct bough_collect_progress progress;
    struct bough_fsck_options options = {0};
    struct bough_fsck_report report;

    (void)unused;
    assert_int_equal(bough_ram_open(host_env(), 4096, 4096, &medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    store = open_on(block_borrow(&borrow, medium));
    assert_int_equal(bough_ref_log_window_set(store, &no_log), BOUGH_OK);
    assert_int_equal(bough_retention_set(store, policies, 4), BOUGH_OK);
    commit_count = 0;
    for (int i = 0; i < REFS; i++)
        refs[i] = -1;
    for (int round = 0; round < 3000 && commit_count < COMMITS_MAX - 1; round++) {
        int ref = (int)test_below(&seed, 5);

        if (test_below(&seed, 200) == 0)
            set_ref(store, ref, -1);
        else
            set_ref(store, ref, make_commit(store, refs[ref], -1));
        assert_int_equal(bough_collect_step(store, 1 + (uint32_t)test_below(&seed, 20),
                                            (uint64_t)1 << 16, &progress),
                         BOUGH_OK);
        if (round % 100 == 0) {
            assert_int_equal(bough_fsck(store, &options, &report), BOUGH_OK);
            assert_int_equal(report.fault_count, 0);
        }
    }
    bough_store_close(store);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* A store without commits on a device of 8 MiB. */
static struct bough_store *open_empty(struct block_borrow *borrow, struct bough_block **medium)
{
    assert_int_equal(bough_ram_open(host_env(), 4096, 2048, medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), *medium, NULL), BOUGH_OK);
    commit_count = 0;
    for (int i = 0; i < REFS; i++)
        refs[i] = -1;
    return open_on(block_borrow(borrow, *medium));
}

/* Makes 200 commits, policies that keep the last 20, and `more` commits. */
static struct bough_store *open_with_history(struct block_borrow *borrow,
                                             struct bough_block **medium, int more,
                                             struct bough_collect_pin *pin)
{
    struct bough_store *store = open_empty(borrow, medium);

    for (int i = 0; i < 200; i++)
        set_ref(store, 0, make_commit(store, refs[0], -1));
    if (pin != NULL)
        bough_collect_pin_state(store, pin);
    assert_int_equal(bough_retention_set(store, policies, 4), BOUGH_OK);
    for (int i = 0; i < more; i++)
        set_ref(store, 0, make_commit(store, refs[0], -1));
    return store;
}

/* All commits up to number `count` can be read; when the pin has ended, they are dropped. */
static void check_pinned(struct bough_store *store, struct bough_block *medium,
                         struct bough_collect_pin *pin, int count)
{
    for (int i = 0; i < count; i++)
        must[i] = true;
    for (int i = 0; i < count; i++)
        assert_int_equal(check_one(store, i), 0);
    bough_collect_pin_end(pin);
    bough_collect_pin_end(pin); /* a second time is nothing */
    assert_int_equal(bough_collect_run(store), BOUGH_OK);
    assert_true(check_all(store, true) > 0);
    bough_store_close(store);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* Who reads what was there when it began is not cut short by a policy, be it that the policy keeps
 * the head that was pinned, or not. */
static void test_retention__a_pinned_state_keeps_all_of_its_history(void **unused)
{
    static const int more[] = {100, 19, 5, 0};
    struct block_borrow borrow;
    struct bough_block *medium;
    struct bough_store *store;
    struct bough_collect_pin pin;

    (void)unused;
    for (size_t n = 0; n < sizeof(more) / sizeof(more[0]); n++) {
        store = open_with_history(&borrow, &medium, more[n], &pin);
        assert_int_equal(bough_collect_run(store), BOUGH_OK);
        check_pinned(store, medium, &pin, 200);
    }
}

/* The same for a reader who comes while the collection is under way. */
static void test_retention__who_comes_late_reads_all_of_history_too(void **unused)
{
    for (int steps = 1; steps < 40; steps += 3) {
        struct bough_collect_progress progress = {.phase = BOUGH_COLLECT_MARK};
        struct block_borrow borrow;
        struct bough_block *medium;
        struct bough_collect_pin pin;
        struct bough_store *store = open_with_history(&borrow, &medium, 30, NULL);

        (void)unused;
        for (int i = 0; i < steps && !progress.swept; i++)
            assert_int_equal(bough_collect_step(store, 10, 1 << 20, &progress), BOUGH_OK);
        set_ref(store, 0, make_commit(store, refs[0], -1));
        bough_collect_pin_state(store, &pin);
        if (progress.swept) { /* too late: nothing is left to be kept */
            assert_true(steps > 1);
            bough_collect_pin_end(&pin);
            bough_store_close(store);
            bough_block_close(medium);
            return;
        }
        while (!progress.swept)
            assert_int_equal(bough_collect_step(store, 10, 1 << 20, &progress), BOUGH_OK);
        assert_int_equal(bough_collect_run(store), BOUGH_OK); /* what is left of it */
        check_pinned(store, medium, &pin, 231);
    }
    fail_msg("a collection never came to its end");
}

/* A commit that is read stays, with all behind it, when no ref leads there any more. */
static void test_retention__a_pinned_commit_keeps_all_that_is_behind_it(void **unused)
{
    struct bough_ref_log_window no_log = {0};
    struct block_borrow borrow;
    struct bough_block *medium;
    struct bough_store *store = open_empty(&borrow, &medium);
    struct bough_collect_pin pin;
    struct bough_link gone;

    (void)unused;
    assert_int_equal(bough_ref_log_window_set(store, &no_log), BOUGH_OK);
    for (int i = 0; i < 100; i++)
        set_ref(store, 5, make_commit(store, refs[5], -1));
    bough_collect_pin_commit(store, &pin, &commits[49].link);
    set_ref(store, 5, -1);
    assert_int_equal(bough_collect_run(store), BOUGH_OK);
    for (int i = 0; i < 50; i++)
        must[i] = true;
    for (int i = 0; i < 50; i++)
        assert_int_equal(check_one(store, i), 0);
    assert_int_equal(bough_store_find(store, &commits[50].link.name, &gone), BOUGH_NOT_FOUND);
    bough_collect_pin_end(&pin);
    assert_int_equal(bough_collect_run(store), BOUGH_OK);
    assert_int_equal(bough_store_find(store, &commits[49].link.name, &gone), BOUGH_NOT_FOUND);
    bough_store_close(store);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_retention__policies_are_kept_and_checked(void **unused)
{
    static struct bough_retention many[BOUGH_RETENTION_MAX + 1];
    struct bough_store *store = store_setup();
    struct bough_arena arena = store_setup_arena();
    const struct bough_retention *got;
    struct bough_retention bad = {.pattern = bough_bytes_text("tags/x"), .commits = 1};
    size_t count;

    (void)unused;
    assert_int_equal(bough_retention_get(store, &arena, &got, &count), BOUGH_OK);
    assert_int_equal(count, 0);
    assert_int_equal(bough_retention_set(store, &bad, 1), BOUGH_INVALID);
    bad = (struct bough_retention){.pattern = bough_bytes_text("heads/x")};
    assert_int_equal(bough_retention_set(store, &bad, 1), BOUGH_INVALID);
    for (size_t i = 0; i <= BOUGH_RETENTION_MAX; i++)
        many[i] = (struct bough_retention){
            .pattern = bough_bytes_text("heads/x*"), .commits = (uint32_t)i, .days = 7};
    assert_int_equal(bough_retention_set(store, many, BOUGH_RETENTION_MAX + 1), BOUGH_TOO_BIG);
    assert_int_equal(bough_retention_set(store, many, BOUGH_RETENTION_MAX), BOUGH_OK);
    assert_int_equal(bough_retention_get(store, &arena, &got, &count), BOUGH_OK);
    assert_int_equal(count, BOUGH_RETENTION_MAX);
    assert_int_equal(got[3].commits, 3);
    assert_int_equal(got[3].days, 7);
    assert_true(bough_bytes_equal(got[3].pattern, bough_bytes_text("heads/x*")));
    bough_arena_release(&arena);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retention__what_must_live_lives_and_the_rest_gives_its_space),
        cmocka_unit_test(test_retention__writing_goes_on_between_the_steps),
        cmocka_unit_test(test_retention__a_pinned_state_keeps_all_of_its_history),
        cmocka_unit_test(test_retention__who_comes_late_reads_all_of_history_too),
        cmocka_unit_test(test_retention__a_pinned_commit_keeps_all_that_is_behind_it),
        cmocka_unit_test(test_retention__policies_are_kept_and_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
