/* SPDX-License-Identifier: ISC
 *
 * bench_ours.h - bough as the storage benchmarks use it; every error ends the program.
 */
#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include "bench_keys.h"
#include "bough/env_unix.h"
#include "bough/txn.h"

struct bench_ours {
    struct bough_env *env;
    struct bough_store *store;
    char path[512];
    struct bough_edit *edits; /* room for edit_max */
    size_t edit_max;
};

/* A new store in a file of `size_bytes`: sparse, or written over with zeros first, as a device
 * would be, so that no write allocates. */
void bench_ours_make(struct bench_ours *ours, const char *folder, const char *name,
                     uint64_t size_bytes, bool written);

/* Closes it; bench_ours_open opens the same file again, with an empty cache. */
void bench_ours_close(struct bench_ours *ours);
/* See above. */
void bench_ours_open(struct bench_ours *ours);

/* Closes it and deletes the file. */
void bench_ours_remove(struct bench_ours *ours);

/* Lists the entries for the next bench_ours_commit; they must last until then. */
void bench_ours_list(struct bench_ours *ours, const struct bench_entry *entries, size_t count);

/* Commits the first `count` entries that were listed. */
void bench_ours_commit(struct bench_ours *ours, size_t count);

/* Commits edits of the caller's own. */
void bench_ours_commit_edits(struct bench_ours *ours, const struct bough_edit *edits, size_t count);

/* Makes commits durable. */
void bench_ours_sync(struct bench_ours *ours);

/* The newest tree, and what its root commit needs of `arena`. */
struct bough_tree bench_ours_tree(struct bench_ours *ours, struct bough_arena *arena);

/* Forgets all history: the newest tree becomes that of a commit without parents. */
void bench_ours_forget(struct bench_ours *ours);

/* Bytes of the device in use. */
uint64_t bench_ours_used(const struct bench_ours *ours);

#endif
