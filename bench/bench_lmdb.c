/* SPDX-License-Identifier: ISC
 *
 * bench_lmdb.c - LMDB as the storage benchmarks use it.
 *
 * Without its lock table's thread slots and without read-ahead, which is what its authors advise
 * for reads all over a large file.  It keeps the newest state only.
 */
#include "bench_lmdb.h"
#include <stdio.h>
#include <unistd.h>

#define MAP_BYTES ((size_t)16 << 30)

void bench_lmdb_open(struct bench_lmdb *lmdb, const char *folder, const char *name, bool anew)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | MDB_NOSYNC;
    MDB_txn *txn;

    snprintf(lmdb->path, sizeof(lmdb->path), "%s/%s.lmdb", folder, name);
    if (anew)
        (void)unlink(lmdb->path);
    bench_keys_must(mdb_env_create(&lmdb->env) == 0, "LMDB");
    bench_keys_must(mdb_env_set_mapsize(lmdb->env, MAP_BYTES) == 0, "LMDB's map");
    bench_keys_must(mdb_env_open(lmdb->env, lmdb->path, flags, 0644) == 0, "opening LMDB");
    bench_keys_must(mdb_txn_begin(lmdb->env, NULL, 0, &txn) == 0, "LMDB's transaction");
    bench_keys_must(mdb_dbi_open(txn, NULL, 0, &lmdb->dbi) == 0, "LMDB's table");
    bench_keys_must(mdb_txn_commit(txn) == 0, "LMDB's commit");
}

void bench_lmdb_durable(struct bench_lmdb *lmdb, bool on)
{
    bench_keys_must(mdb_env_sync(lmdb->env, 1) == 0, "LMDB's sync");
    bench_keys_must(mdb_env_set_flags(lmdb->env, MDB_NOSYNC, !on) == 0, "LMDB's flags");
}

void bench_lmdb_close(struct bench_lmdb *lmdb)
{
    mdb_env_close(lmdb->env);
}

void bench_lmdb_remove(struct bench_lmdb *lmdb)
{
    char lock[sizeof(lmdb->path) + 8];

    mdb_env_close(lmdb->env);
    (void)unlink(lmdb->path);
    snprintf(lock, sizeof(lock), "%s-lock", lmdb->path);
    (void)unlink(lock);
}

void bench_lmdb_commit(struct bench_lmdb *lmdb, const struct bench_entry *entries, size_t count)
{
    MDB_txn *txn;

    bench_keys_must(mdb_txn_begin(lmdb->env, NULL, 0, &txn) == 0, "LMDB's transaction");
    for (size_t i = 0; i < count; i++) {
        MDB_val key = {.mv_size = BENCH_KEY_BYTES, .mv_data = (void *)entries[i].key};
        MDB_val value = {.mv_size = BENCH_VALUE_BYTES, .mv_data = (void *)entries[i].value};

        bench_keys_must(mdb_put(txn, lmdb->dbi, &key, &value, 0) == 0, "LMDB's put");
    }
    bench_keys_must(mdb_txn_commit(txn) == 0, "LMDB's commit");
}

void bench_lmdb_scan(const struct bench_lmdb *lmdb, uint64_t key_count)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    uint64_t count = 0;

    bench_keys_must(mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn) == 0, "LMDB's transaction");
    bench_keys_must(mdb_cursor_open(txn, lmdb->dbi, &cursor) == 0, "LMDB's cursor");
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
        count++;
    bench_keys_must(count == key_count, "LMDB's whole scan");
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
}
