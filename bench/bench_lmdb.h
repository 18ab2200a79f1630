/* SPDX-License-Identifier: ISC
 *
 * bench_lmdb.h - LMDB as the storage benchmarks use it; every error ends the program.
 */
#ifndef BENCH_LMDB_H
#define BENCH_LMDB_H

#include "bench_keys.h"
#include <lmdb.h>
#include <stdbool.h>

struct bench_lmdb {
    MDB_env *env;
    MDB_dbi dbi;
    char path[512];
};

/* A new database, without syncs, or an old one. */
void bench_lmdb_open(struct bench_lmdb *lmdb, const char *folder, const char *name, bool anew);

/* Whether commits are durable. */
void bench_lmdb_durable(struct bench_lmdb *lmdb, bool on);

/* Closes it; the file stays. */
void bench_lmdb_close(struct bench_lmdb *lmdb);

/* Closes it and deletes the file. */
void bench_lmdb_remove(struct bench_lmdb *lmdb);

/* Puts the entries in one transaction. */
void bench_lmdb_commit(struct bench_lmdb *lmdb, const struct bench_entry *entries, size_t count);

/* Goes through all entries, of which there must be `key_count`. */
void bench_lmdb_scan(const struct bench_lmdb *lmdb, uint64_t key_count);

#endif
