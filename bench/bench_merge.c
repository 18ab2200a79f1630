/* SPDX-License-Identifier: ISC
 *
 * bench_merge.c - merges, comparisons and common ancestors, in memory.
 *
 * usage: bench_merge KEYS STREAM     merges in one directory of KEYS keys; STREAM, if it is not
 * "-", gets the same history for git: the values of main, and branches on it, ours100, theirs100,
 * ours1000, theirs1000
 *        bench_merge commits COUNT   the common ancestor of two heads COUNT commits apart
 *
 * Prints a line for each figure: name, tab, value.  bench_merge.py sets git beside it.  Nodes read
 * are counted by a second store without a cache, so that each is read whenever it is looked at.
 */
#include "bench_keys.h"
#include "bench_line.h"
#include "bough/diff.h"
#include "bough/env_unix.h"
#include "bough/merge.h"
#include "counting_store.h"
#include <stdlib.h>
#include <string.h>

#define HEAP_BYTES  ((size_t)4 << 30)
#define ARENA_BYTES ((size_t)2 << 30)
#define CACHE_BYTES ((size_t)1 << 30)
#define ROUNDS      9u

static struct bough_env *env;
static uint64_t random_state = 42;

static struct bough_store *open_store(size_t cache_bytes)
{
    struct bough_store *store;

    bench_keys_must(counting_store_open(env, cache_bytes, &store) == BOUGH_OK, "a store");
    return store;
}

static void print(const char *name, double value)
{
    printf("%s\t%.4f\n", name, value);
    fflush(stdout);
}

static int by_number(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), by_number);
    return values[ROUNDS / 2];
}

static void tell_value(FILE *stream, const struct bench_entry *entry)
{
    fprintf(stream, "data %u\n", (unsigned)BENCH_VALUE_BYTES);
    fwrite(entry->value, 1, BENCH_VALUE_BYTES, stream);
    fputc('\n', stream);
}

/* What main holds, as `git fast-import` reads values, and the keys in comments: it searches a
 * directory from its beginning for each key that it puts there. */
static void tell_main(FILE *stream, const struct bench_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(stream, "blob\n# %.*s\n", (int)BENCH_KEY_BYTES, entries[i].key);
        tell_value(stream, &entries[i]);
    }
}

/* One commit on main as `git fast-import` reads it. */
static void tell_commit(FILE *stream, const char *branch, const struct bench_entry *entries,
                        size_t count)
{
    fprintf(stream, "commit refs/heads/%s\ncommitter b <b> 1700000000 +0000\ndata 2\nm\n\n",
            branch);
    fprintf(stream, "from refs/heads/main\n");
    for (size_t i = 0; i < count; i++) {
        fprintf(stream, "M 100644 inline %.*s\n", (int)BENCH_KEY_BYTES, entries[i].key);
        tell_value(stream, &entries[i]);
    }
}

/* A commit on `parent`, if there is one, with these entries put. */
static struct bough_link commit(struct bough_store *store, const struct bough_link *parent,
                                const struct bough_tree *base, const struct bench_entry *entries,
                                size_t count, struct bough_tree *tree)
{
    struct bough_edit *edits = calloc(count, sizeof(*edits));
    struct bough_commit made = {.parents = parent, .parent_count = parent == NULL ? 0 : 1};
    struct bough_arena arena;
    struct bough_link link;

    bench_keys_must(edits != NULL, "memory");
    bough_arena_init(&arena, env->heap, ARENA_BYTES);
    for (size_t i = 0; i < count; i++) {
        edits[i] = (struct bough_edit){.path = bough_bytes_of(entries[i].key, BENCH_KEY_BYTES),
                                       .entry.mode = BOUGH_MODE_FILE};
        bench_keys_must(bough_value_put(store, bough_bytes_of(entries[i].value, BENCH_VALUE_BYTES),
                                        &arena, &edits[i].entry.value) == BOUGH_OK,
                        "a value");
    }
    bench_keys_must(bough_tree_edit(store, base, edits, count, &arena, NULL, tree) == BOUGH_OK,
                    "edits");
    made.tree = *tree;
    bench_keys_must(bough_commit_put(store, &made, &arena, &link) == BOUGH_OK, "a commit");
    bough_arena_release(&arena);
    free(edits);
    return link;
}

/* `count` new values on either side of different keys. */
static struct bench_entry *draw(uint64_t keys, size_t count)
{
    struct bench_entry *entries = calloc(2 * count, sizeof(*entries));
    uint64_t step = keys / (2 * count);

    bench_keys_must(entries != NULL && step > 0, "enough keys");
    bench_keys_fill(entries, 2 * count, 0, 0, &random_state);
    for (size_t i = 0; i < count; i++) { /* ours first, then theirs */
        bench_keys_make(2 * i * step + bench_keys_random(&random_state) % step, entries[i].key);
        bench_keys_make((2 * i + 1) * step + bench_keys_random(&random_state) % step,
                        entries[count + i].key);
    }
    return entries;
}

/* Merges, and compares, `count` changes on either side. */
static void merge(struct bough_store *store, const struct bough_link *root,
                  const struct bough_tree *base, uint64_t keys, size_t count, FILE *stream)
{
    const struct bough_merge_options options = {0};
    double merges[ROUNDS];
    double diffs[ROUNDS];
    uint64_t read = 0;
    char name[60];

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct bench_entry *entries = draw(keys, count);
        struct bough_tree trees[2];
        struct bough_link ours = commit(store, root, base, entries, count, &trees[0]);
        struct bough_link theirs = commit(store, root, base, entries + count, count, &trees[1]);
        struct bough_bytes all = {0};
        struct bough_merge_result result;
        struct bough_diff_change change;
        struct bough_tree_diff diff;
        struct bough_arena arena;
        size_t changes = 0;

        bough_arena_init(&arena, env->heap, ARENA_BYTES);
        diffs[i] = bench_cpu_s();
        bench_keys_must(bough_tree_diff_open(&diff, store, base, &trees[0], all, all, &arena) ==
                            BOUGH_OK,
                        "a comparison");
        while (bough_tree_diff_next(&diff, &change) == BOUGH_OK)
            changes++;
        bough_tree_diff_close(&diff);
        diffs[i] = (bench_cpu_s() - diffs[i]) * 1e3;
        bench_keys_must(changes == count, "all changes");
        read = reads;
        merges[i] = bench_cpu_s();
        bench_keys_must(bough_merge(store, &ours, &theirs, &options, &arena, &result) == BOUGH_OK,
                        "a merge");
        merges[i] = (bench_cpu_s() - merges[i]) * 1e3;
        read = reads - read;
        bench_keys_must(result.outcome == BOUGH_MERGE_CLEAN && result.tree.key_count == keys,
                        "a clean merge");
        bough_arena_release(&arena);
        if (stream != NULL && i == 0) {
            snprintf(name, sizeof(name), "ours%zu", count);
            tell_commit(stream, name, entries, count);
            snprintf(name, sizeof(name), "theirs%zu", count);
            tell_commit(stream, name, entries + count, count);
        }
        free(entries);
    }
    if (stream != NULL) {
        snprintf(name, sizeof(name), "merge %zu+%zu, ms", count, count);
        print(name, median(merges));
        snprintf(name, sizeof(name), "diff %zu, ms", count);
        print(name, median(diffs));
    } else {
        snprintf(name, sizeof(name), "nodes read by merge %zu+%zu, a changed key", count, count);
        print(name, (double)read / (double)(2 * count));
    }
}

/* All merges, timed if there is a stream, else with their reads counted. */
static void merges(uint64_t keys, FILE *stream)
{
    struct bough_store *store = open_store(stream != NULL ? CACHE_BYTES : 0);
    struct bench_entry *entries = calloc(keys, sizeof(*entries));
    struct bough_tree none = {0};
    struct bough_tree base;
    struct bough_link root;

    bench_keys_must(entries != NULL, "memory");
    bench_keys_fill(entries, keys, 0, 0, &random_state);
    root = commit(store, NULL, &none, entries, keys, &base);
    if (stream != NULL)
        tell_main(stream, entries, keys);
    free(entries);
    merge(store, &root, &base, keys, 100, stream);
    merge(store, &root, &base, keys, 1000, stream);
    bough_store_close(store);
}

/* Two heads `count` commits apart. */
static void commits(uint64_t count)
{
    struct bough_store *store = open_store(CACHE_BYTES);
    struct bough_tree none = {0};
    struct bough_link root = commit(store, NULL, &none, NULL, 0, &none);
    struct bough_link heads[2] = {root, root};
    struct bough_merge_base result;
    struct bough_arena arena;
    double times[ROUNDS];

    for (uint64_t i = 0; i < count; i++) {
        struct bough_commit made = {.parents = &heads[i % 2], .parent_count = 1};
        char message[30];

        snprintf(message, sizeof(message), "%llu\n", (unsigned long long)i);
        made.message = bough_bytes_text(message);
        bough_arena_init(&arena, env->heap, ARENA_BYTES);
        bench_keys_must(bough_commit_put(store, &made, &arena, &heads[i % 2]) == BOUGH_OK,
                        "a commit");
        bough_arena_release(&arena);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        times[i] = bench_cpu_s();
        bench_keys_must(bough_merge_base_find(store, &heads[0], 1, &heads[1], 1, &arena, &result) ==
                            BOUGH_OK,
                        "a base");
        times[i] = (bench_cpu_s() - times[i]) * 1e3;
        bench_keys_must(result.base_count == 1 &&
                            bough_hash_equal(&result.bases[0].name, &root.name),
                        "the base");
    }
    print("merge base, ms", median(times));
    bough_arena_release(&arena);
    bough_store_close(store);
}

int main(int argc, char **argv)
{
    FILE *stream;

    bench_keys_must(argc == 3, "reading the arguments");
    env = bough_env_unix_open(HEAP_BYTES);
    bench_keys_must(env != NULL, "memory");
    if (strcmp(argv[1], "commits") == 0) {
        commits(strtoull(argv[2], NULL, 10));
        bough_env_unix_close(env);
        return 0;
    }
    stream = fopen(strcmp(argv[2], "-") == 0 ? "/dev/null" : argv[2], "wb");
    bench_keys_must(stream != NULL, "starting");
    merges(strtoull(argv[1], NULL, 10), stream);
    bench_keys_must(fclose(stream) == 0, "writing the stream");
    merges(strtoull(argv[1], NULL, 10), NULL);
    bough_env_unix_close(env);
    return 0;
}
