/* SPDX-License-Identifier: ISC
 *
 * test_merge_model.c - merges of random histories give what merging plain tables of paths gives.
 *
 * How: random commits are made, with branches, criss-crosses, octopus merges and several roots,
 * over paths that are hard to order and of which some are directories of others.  Any two commits
 * are merged, in both directions, by bough and by merge_reference.h, which finds common ancestors
 * with sets of commits and looks at every path by itself.  Outcome, conflicts and the root of the
 * tree, which is built from the reference's table anew, must be equal.  What was in conflict is
 * resolved at random, by a merge in progress, too, and the merge becomes a commit that later ones
 * build on.  BOUGH_LONG=1 (./dev test --long) makes 100,000 merges.  A run that met none of some
 * kind of conflict fails.
 */
#include "bough/merge_progress.h"
#include "merge_reference.h"
#include "store_setup.h"
#include "test_seed.h"

#define COMMITS_MAX  40u
#define MERGES       10000u
#define MERGES_LONG  100000u
#define VALUE_BYTES  700u
#define EDITS_MAX    8u
#define VERSIONS     4u
#define HISTORY_GOES 24u
#define MANY         200u

struct commit {
    struct reference_table table;
    uint64_t reached; /* a bit for each commit, its own included */
    struct bough_link link;
    uint64_t generation;
};

static struct reference_paths paths;
static struct commit commits[COMMITS_MAX];
static uint32_t commit_count;
static uint64_t seed;

static uint64_t met[BOUGH_MERGE_KINDS];
static uint64_t outcomes[BOUGH_MERGE_UNRELATED + 1];
static uint64_t several_bases;
static uint64_t nested_bases;
static uint64_t merge_count;
static uint64_t kept_count; /* merges in progress that were finished */

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Adds a path and the directories on its way. */
static void add_path(const char *text)
{
    for (size_t len = 1; len <= strlen(text); len++) {
        if (text[len] != '/' && text[len] != '\0')
            continue;
        assert_true(paths.count < REFERENCE_PATHS_MAX);
        snprintf(paths.text[paths.count++], REFERENCE_PATH_ROOM, "%.*s", (int)len, text);
    }
}

static void draw_paths(bool large)
{
    static const char *const steps[] = {"a", "a-", "a.b", "b", "b0"};
    uint32_t kept = 0;

    paths.count = 0;
    for (unsigned i = 0; i < 14; i++) {
        char text[REFERENCE_PATH_ROOM];
        int len = snprintf(text, sizeof(text), "%s", steps[test_below(&seed, 5)]);

        for (uint64_t deep = test_below(&seed, 4); deep > 0; deep--)
            len += snprintf(text + len, sizeof(text) - (size_t)len, "/%s",
                            steps[test_below(&seed, 5)]);
        add_path(text);
    }
    for (unsigned i = 0; large && i < 300; i++) {
        char text[REFERENCE_PATH_ROOM];

        snprintf(text, sizeof(text), "flat/k%u", i);
        add_path(text);
    }
    qsort(paths.text, paths.count, sizeof(paths.text[0]), by_text);
    for (uint32_t i = 0; i < paths.count; i++) {
        if (kept == 0 || strcmp(paths.text[i], paths.text[kept - 1]) != 0)
            memmove(paths.text[kept++], paths.text[i], REFERENCE_PATH_ROOM);
    }
    paths.count = kept;
    for (uint32_t i = 0; i < paths.count; i++) {
        const char *slash = strrchr(paths.text[i], '/');

        paths.policy[i] = test_below(&seed, 6) == 0;
        paths.parent[i] = REFERENCE_NONE;
        for (uint32_t k = 0; slash != NULL && k < i; k++) {
            size_t len = (size_t)(slash - paths.text[i]);

            if (strlen(paths.text[k]) == len && memcmp(paths.text[k], paths.text[i], len) == 0)
                paths.parent[i] = k;
        }
    }
}

static uint32_t path_number(struct bough_bytes text)
{
    for (uint32_t i = 0; i < paths.count; i++) {
        if (bough_bytes_equal(text, bough_bytes_text(paths.text[i])))
            return i;
    }
    fail_msg("a path that there is not: %.*s", (int)text.len, (const char *)text.at);
    return 0;
}

/* ---- tables and trees ---- */

/* Puts a random value at a random path; what stands in its way goes.  Or removes what is there. */
static void edit_table(struct reference_table *table)
{
    static const uint32_t modes[] = {BOUGH_MODE_FILE, BOUGH_MODE_FILE, BOUGH_MODE_FILE,
                                     BOUGH_MODE_EXEC, BOUGH_MODE_SYMLINK};
    uint32_t at = (uint32_t)test_below(&seed, paths.count);
    bool removes = test_below(&seed, 4) == 0;

    for (uint32_t i = 0; i < paths.count; i++) {
        if (reference_is_below(&paths, i, at) || (!removes && reference_is_below(&paths, at, i)))
            table->cells[i].version = 0;
    }
    if (removes || table->cells[at].version == 0)
        table->cells[at].mode = modes[test_below(&seed, 5)];
    else if (test_below(&seed, 4) == 0)
        table->cells[at].mode = modes[test_below(&seed, 5)];
    table->cells[at].version = removes ? 0 : 1 + (uint32_t)test_below(&seed, VERSIONS);
}

/* The tree that holds what a table says, built from nothing. */
static struct bough_tree tree_of(struct bough_store *store, const struct reference_table *table)
{
    static struct bough_edit edits[REFERENCE_PATHS_MAX];
    static const struct bough_tree empty;
    struct bough_arena arena = store_setup_arena();
    struct bough_tree tree;
    uint8_t bytes[VALUE_BYTES] = {0};
    size_t count = 0;

    for (uint32_t i = 0; i < paths.count; i++) {
        if (table->cells[i].version == 0)
            continue;
        bytes[0] = (uint8_t)('0' + table->cells[i].version);
        bytes[1] = (uint8_t)i;
        edits[count] = (struct bough_edit){.path = bough_bytes_text(paths.text[i]),
                                           .entry.mode = table->cells[i].mode};
        assert_int_equal(bough_value_put(store,
                                         bough_bytes_of(bytes, i % 7 == 0 ? sizeof(bytes) : 5),
                                         &arena, &edits[count].entry.value),
                         BOUGH_OK);
        count++;
    }
    assert_int_equal(bough_tree_edit(store, &empty, edits, count, &arena, NULL, &tree), BOUGH_OK);
    bough_arena_release(&arena);
    return tree;
}

/* The policy of some paths: the greater version; nothing without a base. */
static enum bough_err greater(void *context, const struct bough_merge_values *values,
                              struct bough_arena *arena, struct bough_merge_value *merged)
{
    (void)context;
    (void)arena;
    assert_true(values->ours.name.len == BOUGH_HASH_BYTES);
    assert_true(values->theirs.name.len == BOUGH_HASH_BYTES);
    if (!values->has_base) {
        *merged = (struct bough_merge_value){.why = "no base"};
        return BOUGH_OK;
    }
    *merged = (struct bough_merge_value){
        .clean = true,
        .value = values->ours.value.at[0] > values->theirs.value.at[0] ? values->ours.value
                                                                       : values->theirs.value};
    return BOUGH_OK;
}

static enum bough_err policy_of(void *context, struct bough_bytes path,
                                const struct bough_merge_policy **policy)
{
    static const struct bough_merge_policy greater_policy = {.name = "greater", .merge = greater};

    (void)context;
    if (paths.policy[path_number(path)])
        *policy = &greater_policy;
    return BOUGH_OK;
}

/* ---- the history ---- */

static void commit(struct bough_store *store, const uint32_t *parents, uint32_t parent_count)
{
    struct bough_arena arena = store_setup_arena();
    struct commit *made = &commits[commit_count];
    struct bough_link links[3];
    char message[50];
    struct bough_commit whole = {.parents = links, .parent_count = parent_count};

    made->reached = (uint64_t)1 << commit_count;
    for (uint32_t i = 0; i < parent_count; i++) {
        made->reached |= commits[parents[i]].reached;
        links[i] = commits[parents[i]].link;
    }
    snprintf(message, sizeof(message), "commit %u of %llx\n", commit_count,
             (unsigned long long)seed);
    whole.message = bough_bytes_text(message);
    whole.tree = tree_of(store, &made->table);
    assert_int_equal(bough_commit_put(store, &whole, &arena, &made->link), BOUGH_OK);
    made->generation = whole.generation;
    commit_count++;
    bough_arena_release(&arena);
}

/* The younger first, then by name. */
static int by_age(const void *a, const void *b)
{
    const struct commit *left = &commits[*(const uint32_t *)a];
    const struct commit *right = &commits[*(const uint32_t *)b];

    if (left->generation != right->generation)
        return left->generation > right->generation ? -1 : 1;
    return memcmp(left->link.name.at, right->link.name.at, BOUGH_HASH_BYTES);
}

/* The lowest of the commits that are in both sets. */
static uint32_t lowest_common(uint64_t ours, uint64_t theirs, uint32_t bases[COMMITS_MAX])
{
    uint64_t common = ours & theirs;
    uint32_t count = 0;

    for (uint32_t i = 0; i < commit_count; i++) {
        bool lowest = (common >> i & 1) != 0;

        for (uint32_t k = 0; k < commit_count && lowest; k++)
            lowest = k == i || (common >> k & 1) == 0 || (commits[k].reached >> i & 1) == 0;
        if (lowest)
            bases[count++] = i;
    }
    qsort(bases, count, sizeof(bases[0]), by_age);
    return count;
}

/* The table of the base that some common ancestors make. */
static void base_table(const uint32_t *bases, uint32_t count, uint32_t *torn, unsigned depth,
                       struct reference_table *table)
{
    struct reference_merge *merge;
    uint64_t reached = 0;

    nested_bases += count > 1 && depth > 0;
    memset(table, 0, sizeof(*table));
    if (count == 0)
        return;
    *table = commits[bases[0]].table;
    merge = calloc(1, sizeof(*merge) + 2 * sizeof(struct reference_table));
    for (uint32_t i = 1; i < count; i++) {
        struct reference_table *under = (struct reference_table *)(merge + 1);
        uint32_t below[COMMITS_MAX];
        uint32_t below_count;

        reached |= commits[bases[i - 1]].reached;
        below_count = lowest_common(reached, commits[bases[i]].reached, below);
        base_table(below, below_count, torn, depth + 1, under);
        *merge = (struct reference_merge){.paths = &paths,
                                          .base = under,
                                          .ours = table,
                                          .theirs = &commits[bases[i]].table,
                                          .torn = torn,
                                          .result = under + 1};
        reference_merge(merge);
        *table = under[1];
    }
    free(merge);
}

/* ---- merging ---- */

static int by_path(const void *a, const void *b)
{
    const struct reference_conflict *left = a;
    const struct reference_conflict *right = b;

    return (left->path > right->path) - (left->path < right->path);
}

/* Whether a conflict's entry is what a table has at its path. */
static bool shows(const struct bough_entry *entry, const struct reference_table *table, uint32_t at)
{
    if (entry == NULL || entry->kind == BOUGH_ENTRY_TREE)
        return table->cells[at].version == 0 &&
               (entry != NULL) == reference_is_tree(&paths, table, at);
    return entry->mode == table->cells[at].mode && table->cells[at].version != 0;
}

static void same_conflicts(const struct bough_merge_list *list, struct reference_merge *expected)
{
    struct reference_conflict got[REFERENCE_CONFLICTS_MAX];

    assert_int_equal(list->count, expected->conflict_count);
    for (size_t i = 0; i < list->count; i++) {
        const struct bough_merge_conflict *conflict = &list->conflicts[i];

        got[i] = (struct reference_conflict){path_number(conflict->path), conflict->kind};
        assert_true(shows(conflict->ours, expected->ours, got[i].path));
        assert_true(shows(conflict->theirs, expected->theirs, got[i].path));
        if (!expected->unknown[got[i].path])
            assert_true(shows(conflict->base, expected->base, got[i].path));
        else
            assert_null(conflict->base);
        met[conflict->kind]++;
    }
    qsort(got, list->count, sizeof(got[0]), by_path);
    qsort(expected->conflicts, list->count, sizeof(got[0]), by_path);
    for (size_t i = 0; i < list->count; i++) {
        assert_int_equal(got[i].path, expected->conflicts[i].path);
        assert_int_equal(got[i].kind, expected->conflicts[i].kind);
    }
}

static enum bough_merge_outcome outcome_of(uint32_t ours, uint32_t theirs, uint32_t base_count,
                                           bool unrelated, const struct reference_merge *merge)
{
    if ((commits[ours].reached >> theirs & 1) != 0)
        return BOUGH_MERGE_UP_TO_DATE;
    if ((commits[theirs].reached >> ours & 1) != 0)
        return BOUGH_MERGE_FAST_FORWARD;
    if (base_count == 0 && !unrelated)
        return BOUGH_MERGE_UNRELATED;
    return merge->conflict_count == 0 ? BOUGH_MERGE_CLEAN : BOUGH_MERGE_CONFLICTS;
}

/* Checks what bough says of the bases. */
static void same_bases(const struct bough_merge_base *base, uint32_t ours, uint32_t theirs,
                       const uint32_t *bases, uint32_t base_count)
{
    uint64_t o = commits[ours].reached;
    uint64_t t = commits[theirs].reached;

    assert_int_equal(base->base_count, base_count);
    for (uint32_t i = 0; i < base_count && i < BOUGH_MERGE_BASES_MAX; i++)
        assert_memory_equal(&base->bases[i], &commits[bases[i]].link, sizeof(struct bough_link));
    assert_int_equal(base->ours_only, __builtin_popcountll(o & ~t));
    assert_int_equal(base->theirs_only, __builtin_popcountll(t & ~o));
    assert_false(base->cut);
    several_bases += base_count > 1;
}

/* Merges two commits both ways; the reference's merge is left in *expected. */
static enum bough_merge_outcome merge(struct bough_store *store, uint32_t ours, uint32_t theirs,
                                      struct reference_merge *expected,
                                      struct reference_table tables[2])
{
    struct bough_arena arena = store_setup_arena();
    struct bough_arena kept = store_setup_arena();
    struct bough_merge_list list = {.arena = &kept, .max = SIZE_MAX};
    struct bough_merge_options options = {.favor = (enum bough_merge_favor)test_below(&seed, 5),
                                          .unrelated = test_below(&seed, 2) == 0,
                                          .policy = policy_of,
                                          .conflict = bough_merge_list_add,
                                          .conflict_context = &list};
    struct bough_merge_result result;
    uint32_t torn = REFERENCE_TORN;
    uint32_t bases[COMMITS_MAX];
    uint32_t count = lowest_common(commits[ours].reached, commits[theirs].reached, bases);

    if (options.favor > BOUGH_MERGE_FAVOR_THEIRS)
        options.favor = BOUGH_MERGE_FAVOR_NONE;
    base_table(bases, count, &torn, 0, &tables[0]);
    *expected = (struct reference_merge){.paths = &paths,
                                         .base = &tables[0],
                                         .ours = &commits[ours].table,
                                         .theirs = &commits[theirs].table,
                                         .favor = options.favor,
                                         .result = &tables[1]};
    reference_merge(expected);
    assert_int_equal(
        bough_merge(store, &commits[ours].link, &commits[theirs].link, &options, &arena, &result),
        BOUGH_OK);
    assert_null(arena.newest); /* all scratch was given back */
    same_bases(&result.base, ours, theirs, bases, count);
    assert_int_equal(result.outcome, outcome_of(ours, theirs, count, options.unrelated, expected));
    outcomes[result.outcome]++;
    if (result.outcome == BOUGH_MERGE_CLEAN || result.outcome == BOUGH_MERGE_CONFLICTS) {
        struct bough_tree whole = tree_of(store, &tables[1]);

        same_conflicts(&list, expected);
        assert_int_equal(result.conflict_count, list.count);
        assert_memory_equal(&result.tree.root.name, &whole.root.name, BOUGH_HASH_BYTES);
        assert_int_equal(result.tree.key_count, whole.key_count);
        merge_count++;
    }
    bough_arena_release(&arena);
    bough_arena_release(&kept);
    return result.outcome;
}

/* Resolves what the reference found in conflict, for one side each. */
static void resolve(const struct reference_merge *merge, struct reference_table *table,
                    struct bough_merge_resolution *resolutions)
{
    *table = *merge->result;
    for (uint32_t i = 0; i < merge->conflict_count; i++) {
        uint32_t at = merge->conflicts[i].path;
        bool ours = test_below(&seed, 2) == 0;
        const struct reference_table *from = ours ? merge->ours : merge->theirs;

        resolutions[i] = (struct bough_merge_resolution){.path = bough_bytes_text(paths.text[at]),
                                                         .take = ours ? BOUGH_MERGE_TAKE_OURS
                                                                      : BOUGH_MERGE_TAKE_THEIRS};
        for (uint32_t k = at; k < paths.count; k++) {
            if (k == at || reference_is_below(&paths, k, at))
                table->cells[k] = from->cells[k];
        }
    }
}

static void point(struct bough_store *store, const char *name, const struct bough_link *link)
{
    const struct bough_ref_move move = {.name = bough_bytes_text(name),
                                        .next = {.kind = BOUGH_KIND_COMMIT, .link = *link}};

    assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
}

/* The open conflicts are what they were when they were found. */
static void same_open(struct bough_store *store, const struct reference_merge *merge)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_merge_progress progress;
    struct bough_merge_conflict conflict = {0};

    assert_int_equal(
        bough_merge_progress_get(store, bough_bytes_text("heads/m"), &arena, &progress), BOUGH_OK);
    assert_int_equal(progress.open.key_count, merge->conflict_count);
    for (uint32_t i = 0; i < merge->conflict_count; i++) { /* both by path */
        uint32_t at = merge->conflicts[i].path;

        assert_int_equal(
            bough_merge_progress_next(store, &progress, conflict.path, &arena, &conflict),
            BOUGH_OK);
        assert_true(bough_bytes_equal(conflict.path, bough_bytes_text(paths.text[at])));
        assert_int_equal(conflict.kind, merge->conflicts[i].kind);
        assert_true(shows(conflict.ours, merge->ours, at));
        assert_true(shows(conflict.theirs, merge->theirs, at));
        if (!merge->unknown[at])
            assert_true(shows(conflict.base, merge->base, at));
    }
    assert_int_equal(bough_merge_progress_next(store, &progress, conflict.path, &arena, &conflict),
                     BOUGH_NOT_FOUND);
    bough_arena_release(&arena);
}

/* The same merge on a branch, with its conflicts kept, resolved as `table` was, and finished. */
static void keep_and_resolve(struct bough_store *store, const uint32_t sides[2],
                             const struct reference_merge *merge,
                             const struct bough_merge_resolution *resolutions,
                             const struct reference_table *table)
{
    const struct bough_merge_options options = {
        .favor = merge->favor, .unrelated = true, .policy = policy_of};
    const struct bough_merge_request request = {
        .branch = bough_bytes_text("heads/m"),
        .theirs = commits[sides[1]].link,
        .options = &options,
    };
    struct bough_arena arena = store_setup_arena();
    struct bough_tree expected = tree_of(store, table);
    struct bough_merge_result result;
    struct bough_commit whole;
    struct bough_link head;
    uint32_t half = merge->conflict_count / 2;

    point(store, "heads/m", &commits[sides[0]].link);
    assert_int_equal(bough_merge_progress_begin(store, &request, &arena, &result, &head), BOUGH_OK);
    same_open(store, merge);
    assert_int_equal(bough_merge_progress_finish(store, request.branch, &arena, &head),
                     BOUGH_CONFLICT);
    assert_int_equal(
        bough_merge_progress_resolve(store, request.branch, resolutions, half, &arena, NULL),
        BOUGH_OK);
    assert_int_equal(bough_merge_progress_resolve(store, request.branch, resolutions + half,
                                                  merge->conflict_count - half, &arena, NULL),
                     BOUGH_OK);
    assert_int_equal(bough_merge_progress_finish(store, request.branch, &arena, &head), BOUGH_OK);
    assert_int_equal(bough_commit_get(store, &head, &arena, &whole), BOUGH_OK);
    assert_memory_equal(&whole.tree.root.name, &expected.root.name, BOUGH_HASH_BYTES);
    bough_arena_release(&arena);
    kept_count++;
}

/* One more commit on a recent one, or on none. */
static void grow(struct bough_store *store)
{
    struct reference_table *table = &commits[commit_count].table;
    uint32_t recent = commit_count < 5 ? commit_count : 5;
    uint32_t parent = commit_count - 1 - (uint32_t)(recent == 0 ? 0 : test_below(&seed, recent));
    bool root = commit_count == 0 || test_below(&seed, 40) == 0;
    bool wide = test_below(&seed, 5) == 0; /* a change of many keys, where there are many */

    if (root)
        memset(table, 0, sizeof(*table));
    else
        *table = commits[parent].table;
    for (uint64_t edits = (root ? 12 : 1) + test_below(&seed, EDITS_MAX); edits > 0; edits--)
        edit_table(table);
    for (uint32_t i = 0; root && i < paths.count; i++) {
        if (strncmp(paths.text[i], "flat/", 5) == 0 && test_below(&seed, 4) != 0 &&
            table->cells[paths.parent[i]].version == 0)
            table->cells[i] = (struct reference_cell){1, BOUGH_MODE_FILE};
    }
    for (uint32_t i = 0; paths.count > MANY && wide && i < paths.count; i++) {
        if (table->cells[i].version != 0 && strncmp(paths.text[i], "flat/", 5) == 0)
            table->cells[i].version = 1 + (uint32_t)test_below(&seed, VERSIONS);
    }
    commit(store, &parent, root ? 0 : 1);
}

/* Merges two commits both ways, and keeps one of the merges, or both: a criss-cross. */
static void cross(struct bough_store *store)
{
    static struct reference_merge merges[2];
    static struct reference_table tables[2][2];
    static struct bough_merge_resolution resolutions[REFERENCE_CONFLICTS_MAX];
    uint32_t recent = commit_count < 6 ? commit_count : 6;
    uint32_t sides[2] = {commit_count - 1 - (uint32_t)test_below(&seed, recent),
                         commit_count - 1 - (uint32_t)test_below(&seed, recent)};
    uint32_t back[2] = {sides[1], sides[0]};
    uint32_t third[3] = {sides[0], sides[1], (uint32_t)test_below(&seed, commit_count)};
    enum bough_merge_outcome outcome = merge(store, sides[0], sides[1], &merges[0], tables[0]);

    (void)merge(store, sides[1], sides[0], &merges[1], tables[1]);
    if (outcome != BOUGH_MERGE_CLEAN && outcome != BOUGH_MERGE_CONFLICTS)
        return;
    for (uint32_t i = 0; i < paths.count && merges[0].favor == BOUGH_MERGE_FAVOR_NONE &&
                         merges[1].favor == BOUGH_MERGE_FAVOR_NONE &&
                         merges[0].conflict_count + merges[1].conflict_count == 0;
         i++)
        assert_true(reference_same(&tables[0][1].cells[i], &tables[1][1].cells[i]));
    resolve(&merges[0], &commits[commit_count].table, resolutions);
    if (merges[0].conflict_count > 0)
        keep_and_resolve(store, sides, &merges[0], resolutions, &commits[commit_count].table);
    commit(store, third, test_below(&seed, 8) == 0 ? 3 : 2);
    if (commit_count < COMMITS_MAX && test_below(&seed, 2) == 0) {
        resolve(&merges[1], &commits[commit_count].table, resolutions);
        commit(store, back, 2);
    }
}

static struct bough_store *open_store(void)
{
    struct bough_identity identity = {
        .salt = "merges", .leaf_window_bytes = 128, .inner_window_bytes = 128};
    struct bough_backend *backend;
    struct bough_store *store;

    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &store), BOUGH_OK);
    return store;
}

static void test_merge_model__trees_and_tables_merge_alike(void **unused)
{
    const char *longer = getenv("BOUGH_LONG");
    uint64_t wanted = longer != NULL && longer[0] == '1' ? MERGES_LONG : MERGES;

    (void)unused;
    seed = test_seed();
    for (unsigned history = 0; merge_count < wanted; history++) {
        struct bough_store *store = open_store();

        draw_paths(history % 16 == 5);
        for (unsigned i = 0; i < 4; i++) {
            commit_count = 0;
            while (commit_count < COMMITS_MAX - 2) {
                if (commit_count < 3 || test_below(&seed, 3) == 0)
                    grow(store);
                else
                    cross(store);
                if (commit_count > HISTORY_GOES && test_below(&seed, 8) == 0)
                    break;
            }
        }
        bough_store_close(store);
    }
    for (unsigned i = 0; i < BOUGH_MERGE_KINDS; i++)
        printf("conflicts of kind %u: %llu\n", i, (unsigned long long)met[i]);
    printf("%llu merges, %llu with several bases, %llu virtual bases below others\n",
           (unsigned long long)merge_count, (unsigned long long)several_bases,
           (unsigned long long)nested_bases);
    for (unsigned i = 0; i < BOUGH_MERGE_KINDS; i++)
        assert_true(met[i] > 0);
    for (unsigned i = 0; i <= BOUGH_MERGE_UNRELATED; i++)
        assert_true(outcomes[i] > 0);
    assert_true(several_bases > 0 && nested_bases > 0 && kept_count > 0);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_model__trees_and_tables_merge_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
