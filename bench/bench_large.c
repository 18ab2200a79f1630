/* SPDX-License-Identifier: ISC
 *
 * bench_large.c - a store far larger than its memory: nothing in memory may grow with it.
 *
 * usage: bench_large KEYS HEAP_MIB FILE
 *
 * All memory is one heap with a limit, of which the cache has a quarter.  Keys are loaded in
 * order, then there are gets, a scan, random updates, a collection that drops all history, and gets
 * again after a restart.  Any error ends it with status 1, no-memory first of all.  Prints what
 * each part takes, and the most memory that it had.
 */
#include "bench_keys.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/env_unix.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "bough/retention.h"
#include "bough/txn.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH         1000u
#define BATCHES_SYNC  16u /* commits of one sync */
#define UPDATES       20000u
#define UPDATE_BATCH  50u
#define GETS          100000u
#define KEY_ROOM      24u  /* of a key with its end */
#define ENTRY_BYTES   500u /* of the device for each key, history and garbage included */
#define DEVICE_LEAST  ((uint64_t)96 << 20)
#define COLLECT_COUNT 200u /* a step as the service makes it (server/loop.c) */
#define COLLECT_BYTES ((uint64_t)256 << 10)

struct large {
    struct bough_env *env;
    struct bough_store *store;
    const char *path;
    uint64_t key_count;
    size_t cache_bytes;
    size_t arena_bytes; /* of one piece of work */
    uint64_t random;
    uint64_t begin_ns;
};

static void must(enum bough_err err, const char *what)
{
    if (err == BOUGH_OK)
        return;
    fprintf(stderr, "bench_large: %s: %s\n", what, bough_err_name(err));
    exit(1);
}

static void begin(struct large *large)
{
    large->env->heap->taken_bytes_max = large->env->heap->taken_bytes;
    large->begin_ns = bough_clock_now_ns(large->env->clock);
}

static void end(struct large *large, const char *what, uint64_t count)
{
    double seconds = (double)(bough_clock_now_ns(large->env->clock) - large->begin_ns) / 1e9;

    printf("%-8s %10llu in %7.1f s, %9.0f /s; heap at most %7.2f MiB\n", what,
           (unsigned long long)count, seconds, (double)count / seconds,
           (double)large->env->heap->taken_bytes_max / 1048576.0);
    fflush(stdout);
}

static void open_store(struct large *large, uint64_t size_bytes)
{
    const struct bough_file_options options = {.create = size_bytes > 0, .size_bytes = size_bytes};
    struct bough_backend *backend;
    struct bough_block *dev;

    must(bough_file_open(large->env, large->path, &options, &dev), "opening the file");
    if (size_bytes > 0)
        must(bough_journal_format(large->env, dev, NULL), "formatting");
    must(bough_journal_open(large->env, dev, &backend), "opening the journal");
    must(bough_store_open(large->env, backend, large->cache_bytes, &large->store), "opening");
}

/* Key number `i`, in order. */
static void make_key(uint64_t i, char key[KEY_ROOM])
{
    (void)snprintf(key, KEY_ROOM, "k%019llu", (unsigned long long)i);
}

/* Commits `count` puts: keys from `first` on, or random ones. */
static void commit(struct large *large, uint64_t first, unsigned count, bool at_random)
{
    static struct bench_entry entries[BATCH];
    static struct bough_edit edits[BATCH];
    static char keys[BATCH][KEY_ROOM];
    struct bough_arena arena;
    struct bough_txn txn = {.branch = bough_bytes_text("heads/main"),
                            .edits = edits,
                            .edit_count = count,
                            .message = bough_bytes_text("load\n")};
    struct bough_txn_result result;

    bough_arena_init(&arena, large->env->heap, large->arena_bytes);
    bench_keys_fill(entries, count, first, 0, &large->random);
    for (unsigned i = 0; i < count; i++) {
        make_key(at_random ? bench_keys_random(&large->random) % large->key_count : first + i,
                 keys[i]);
        edits[i] = (struct bough_edit){
            .path = bough_bytes_of((const uint8_t *)keys[i], BENCH_KEY_BYTES),
            .entry = {.mode = BOUGH_MODE_FILE,
                      .value = {.size_bytes = BENCH_VALUE_BYTES,
                                .data = bough_bytes_of((const uint8_t *)entries[i].value,
                                                       BENCH_VALUE_BYTES)}}};
    }
    must(bough_txn_commit(large->store, &txn, &arena, &result), "a commit");
    bough_arena_release(&arena);
}

static void load(struct large *large)
{
    begin(large);
    for (uint64_t i = 0, batch = 1; i < large->key_count; i += BATCH, batch++) {
        uint64_t left = large->key_count - i;

        commit(large, i, left < BATCH ? (unsigned)left : BATCH, false);
        if (batch % BATCHES_SYNC == 0)
            must(bough_store_sync(large->store), "a sync");
    }
    must(bough_store_sync(large->store), "a sync");
    end(large, "load", large->key_count);
}

static void update(struct large *large)
{
    begin(large);
    for (unsigned i = 0; i < UPDATES; i += UPDATE_BATCH) {
        commit(large, 0, UPDATE_BATCH, true);
        must(bough_store_sync(large->store), "a sync");
    }
    end(large, "update", UPDATES);
}

static void head_tree(struct large *large, struct bough_tree *tree)
{
    struct bough_commit head_commit;
    struct bough_arena arena;
    struct bough_ref head;

    bough_arena_init(&arena, large->env->heap, large->arena_bytes);
    must(bough_ref_get(large->store, bough_bytes_text("heads/main"), &head), "the branch");
    must(bough_commit_get(large->store, &head.link, &arena, &head_commit), "the commit");
    *tree = head_commit.tree;
    bough_arena_release(&arena);
    bench_keys_must(tree->key_count == large->key_count, "as many keys as were put");
}

static void get(struct large *large, const char *what)
{
    struct bough_tree tree;

    head_tree(large, &tree);
    begin(large);
    for (unsigned i = 0; i < GETS; i++) {
        char key[KEY_ROOM];
        struct bough_arena arena;
        struct bough_entry entry;

        bough_arena_init(&arena, large->env->heap, large->arena_bytes);
        make_key(bench_keys_random(&large->random) % large->key_count, key);
        must(bough_tree_find(large->store, &tree, bough_bytes_text(key), &arena, &entry), "a get");
        bench_keys_must(entry.value.size_bytes == BENCH_VALUE_BYTES, "the value's length");
        bough_arena_release(&arena);
    }
    end(large, what, GETS);
}

static void scan(struct large *large)
{
    struct bough_tree_walk walk;
    struct bough_arena arena;
    struct bough_entry entry;
    struct bough_bytes path;
    struct bough_tree tree;
    uint64_t count = 0;
    enum bough_err err;

    head_tree(large, &tree);
    begin(large);
    bough_arena_init(&arena, large->env->heap, large->arena_bytes);
    must(bough_tree_walk_open(&walk, large->store, &tree, (struct bough_bytes){0},
                              (struct bough_bytes){0}, &arena),
         "a scan");
    while ((err = bough_tree_walk_next(&walk, &path, &entry)) == BOUGH_OK)
        count++;
    bench_keys_must(err == BOUGH_NOT_FOUND && count == large->key_count, "a whole scan");
    bough_arena_release(&arena);
    end(large, "scan", count);
}

/* Drops all history but the newest commit, and collects; the longest step is told. */
static void collect(struct large *large)
{
    const struct bough_retention last = {.pattern = bough_bytes_text("heads/*"), .commits = 1};
    struct bough_collect_progress progress;
    struct bough_store_info before;
    struct bough_store_info after;
    uint64_t marked = 0;
    uint64_t longest_ns = 0;

    must(bough_retention_set(large->store, &last, 1), "a policy");
    must(bough_store_sync(large->store), "a sync");
    bough_store_info(large->store, &before);
    begin(large);
    do {
        uint64_t step_ns = bough_clock_now_ns(large->env->clock);

        must(bough_collect_step(large->store, COLLECT_COUNT, COLLECT_BYTES, &progress),
             "a collection");
        step_ns = bough_clock_now_ns(large->env->clock) - step_ns;
        must(bough_store_sync(large->store), "a sync");
        longest_ns = step_ns > longest_ns ? step_ns : longest_ns;
        marked = progress.marked_count > marked ? progress.marked_count : marked;
    } while (progress.phase != BOUGH_COLLECT_NONE);
    bough_store_info(large->store, &after);
    end(large, "collect", marked);
    printf("         used %llu MiB before, %llu MiB after; the longest step took %.1f ms\n",
           (unsigned long long)(before.used_bytes >> 20),
           (unsigned long long)(after.used_bytes >> 20), (double)longest_ns / 1e6);
}

static void again(struct large *large)
{
    bough_store_close(large->store);
    bench_keys_must(large->env->heap->taken_bytes == 0, "no memory that is lost");
    begin(large);
    open_store(large, 0);
    end(large, "open", 1);
}

int main(int count, char **words)
{
    struct large large = {.random = 1};
    uint64_t size_bytes;

    if (count != 4) {
        fprintf(stderr, "usage: bench_large KEYS HEAP_MIB FILE\n");
        return 2;
    }
    large.key_count = strtoull(words[1], NULL, 0);
    large.path = words[3];
    large.env = bough_env_unix_open((size_t)strtoull(words[2], NULL, 0) << 20);
    bench_keys_must(large.env != NULL && large.key_count > 0, "memory, and a number of keys");
    large.cache_bytes = large.env->heap->limit_bytes / 4;
    large.arena_bytes = large.env->heap->limit_bytes;
    size_bytes = large.key_count * ENTRY_BYTES + DEVICE_LEAST;
    (void)unlink(large.path);
    printf("%llu keys in %llu MiB of device, %s MiB of heap\n", (unsigned long long)large.key_count,
           (unsigned long long)(size_bytes >> 20), words[2]);
    open_store(&large, size_bytes);
    load(&large);
    get(&large, "get");
    scan(&large);
    update(&large);
    collect(&large);
    again(&large);
    get(&large, "get");
    scan(&large);
    update(&large);
    bough_store_close(large.store);
    bough_env_unix_close(large.env);
    (void)unlink(large.path);
    return 0;
}
