/* SPDX-License-Identifier: ISC
 *
 * bench_ours.c - bough as the storage benchmarks use it.
 *
 * One file, one branch, all keys in one directory.  Every commit stays in the history.
 */
#include "bench_ours.h"
#include "bough/blockdev.h"
#include "bough/journal.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAP_BYTES  ((size_t)8 << 30)
#define ARENA_BYTES ((size_t)4 << 30)
#define CACHE_BYTES ((size_t)1 << 30)
#define CHUNK_BYTES ((size_t)1 << 20)

/* Writes zeros over the whole file. */
static void write_over(const char *path, uint64_t size_bytes)
{
    char *zeros = calloc(1, CHUNK_BYTES);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    bench_keys_must(zeros != NULL && fd >= 0, "making the file");
    for (uint64_t at = 0; at < size_bytes; at += CHUNK_BYTES)
        bench_keys_must(write(fd, zeros, CHUNK_BYTES) == (ssize_t)CHUNK_BYTES, "filling the file");
    bench_keys_must(fsync(fd) == 0 && close(fd) == 0, "filling the file");
    free(zeros);
}

static struct bough_block *open_file(struct bench_ours *ours, uint64_t size_bytes)
{
    struct bough_file_options options = {.create = size_bytes > 0, .size_bytes = size_bytes};
    struct bough_block *dev;

    bench_keys_must(bough_file_open(ours->env, ours->path, &options, &dev) == BOUGH_OK,
                    "opening the file");
    return dev;
}

static void open_store(struct bench_ours *ours, struct bough_block *dev)
{
    struct bough_backend *backend;

    bench_keys_must(bough_journal_open(ours->env, dev, &backend) == BOUGH_OK,
                    "opening the journal");
    bench_keys_must(bough_store_open(ours->env, backend, CACHE_BYTES, &ours->store) == BOUGH_OK,
                    "opening the store");
}

void bench_ours_make(struct bench_ours *ours, const char *folder, const char *name,
                     uint64_t size_bytes, bool written)
{
    struct bough_block *dev;

    *ours = (struct bench_ours){.env = bough_env_unix_open(HEAP_BYTES)};
    bench_keys_must(ours->env != NULL, "memory");
    snprintf(ours->path, sizeof(ours->path), "%s/%s.bough", folder, name);
    (void)unlink(ours->path);
    if (written)
        write_over(ours->path, size_bytes);
    dev = open_file(ours, size_bytes);
    bench_keys_must(bough_journal_format(ours->env, dev, NULL) == BOUGH_OK, "formatting");
    open_store(ours, dev);
}

void bench_ours_close(struct bench_ours *ours)
{
    bough_store_close(ours->store);
    ours->store = NULL;
}

void bench_ours_open(struct bench_ours *ours)
{
    open_store(ours, open_file(ours, 0));
}

void bench_ours_remove(struct bench_ours *ours)
{
    bough_store_close(ours->store);
    bough_env_unix_close(ours->env);
    (void)unlink(ours->path);
    free(ours->edits);
}

void bench_ours_list(struct bench_ours *ours, const struct bench_entry *entries, size_t count)
{
    if (count > ours->edit_max) {
        free(ours->edits);
        ours->edits = calloc(count, sizeof(*ours->edits));
        ours->edit_max = count;
        bench_keys_must(ours->edits != NULL, "memory");
    }
    for (size_t i = 0; i < count; i++)
        ours->edits[i] = (struct bough_edit){
            .path = bough_bytes_of(entries[i].key, BENCH_KEY_BYTES),
            .entry = {.mode = BOUGH_MODE_FILE,
                      .value = {.size_bytes = BENCH_VALUE_BYTES,
                                .data = bough_bytes_of(entries[i].value, BENCH_VALUE_BYTES)}},
        };
}

void bench_ours_commit(struct bench_ours *ours, size_t count)
{
    bench_ours_commit_edits(ours, ours->edits, count);
}

void bench_ours_commit_edits(struct bench_ours *ours, const struct bough_edit *edits, size_t count)
{
    struct bough_txn txn = {
        .branch = bough_bytes_text("heads/main"),
        .edits = edits,
        .edit_count = count,
        .author = {.name = bough_bytes_text("b"), .email = bough_bytes_text("b")},
        .message = bough_bytes_text("m\n"),
    };
    struct bough_txn_result result;
    struct bough_arena arena;

    bough_arena_init(&arena, ours->env->heap, ARENA_BYTES);
    bench_keys_must(bough_txn_commit(ours->store, &txn, &arena, &result) == BOUGH_OK, "a commit");
    bough_arena_release(&arena);
}

void bench_ours_sync(struct bench_ours *ours)
{
    bench_keys_must(bough_store_sync(ours->store) == BOUGH_OK, "a sync");
}

struct bough_tree bench_ours_tree(struct bench_ours *ours, struct bough_arena *arena)
{
    struct bough_ref head;
    struct bough_commit commit;

    bench_keys_must(bough_ref_get(ours->store, bough_bytes_text("heads/main"), &head) == BOUGH_OK,
                    "the head");
    bench_keys_must(bough_commit_get(ours->store, &head.link, arena, &commit) == BOUGH_OK,
                    "its commit");
    return commit.tree;
}

void bench_ours_forget(struct bench_ours *ours)
{
    const struct bough_ref_log_window no_log = {0}; /* or the log of refs keeps the history */
    struct bough_ref_move move = {.name = bough_bytes_text("heads/main"),
                                  .next = {.kind = BOUGH_KIND_COMMIT}};
    struct bough_arena arena;
    struct bough_commit commit = {.message = bough_bytes_text("m\n")};

    bough_arena_init(&arena, ours->env->heap, ARENA_BYTES);
    commit.tree = bench_ours_tree(ours, &arena);
    bench_keys_must(bough_ref_log_window_set(ours->store, &no_log) == BOUGH_OK, "a window of none");
    bench_keys_must(bough_commit_put(ours->store, &commit, &arena, &move.next.link) == BOUGH_OK &&
                        bough_ref_move(ours->store, &move, 1, NULL) == BOUGH_OK,
                    "forgetting history");
    bough_arena_release(&arena);
    bench_ours_sync(ours);
}

uint64_t bench_ours_used(const struct bench_ours *ours)
{
    struct bough_store_info info;

    bough_store_info(ours->store, &info);
    return info.used_bytes;
}
