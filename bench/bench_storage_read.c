/* SPDX-License-Identifier: ISC
 *
 * bench_storage_read.c - gets from memory and from the disk, and a scan.
 *
 * Cold means: both sides were closed, and their files are out of the kernel's cache; what is read
 * on the way of one get is there for the next.
 */
#include "bench_storage.h"
#include <stdlib.h>

#define WARM_GETS   200000u
#define COLD_GETS   2000u
#define ARENA_BYTES ((size_t)1 << 30)

/* `count` random keys. */
static char (*draw_keys(struct bench_storage *bench, size_t count))[BENCH_KEY_BYTES]
{
    char(*keys)[BENCH_KEY_BYTES] = malloc(count * sizeof(*keys));

    bench_keys_must(keys != NULL, "memory");
    for (size_t i = 0; i < count; i++)
        bench_keys_make(bench_keys_random(&bench->random) % bench->key_count, keys[i]);
    return keys;
}

static void get_ours(struct bench_ours *ours, char (*keys)[BENCH_KEY_BYTES], size_t count)
{
    struct bough_arena arena;
    struct bough_tree tree;

    bough_arena_init(&arena, ours->env->heap, ARENA_BYTES);
    tree = bench_ours_tree(ours, &arena);
    for (size_t i = 0; i < count; i++) {
        struct bough_arena_mark mark = bough_arena_now(&arena);
        struct bough_entry entry;

        bench_keys_must(bough_tree_find(ours->store, &tree,
                                        bough_bytes_of(keys[i], sizeof(keys[i])), &arena,
                                        &entry) == BOUGH_OK &&
                            entry.value.size_bytes == BENCH_VALUE_BYTES,
                        "a get");
        bough_arena_back(&arena, mark);
    }
    bough_arena_release(&arena);
}

static void get_lmdb(struct bench_lmdb *lmdb, char (*keys)[BENCH_KEY_BYTES], size_t count)
{
    MDB_txn *txn;

    bench_keys_must(mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn) == 0, "LMDB's transaction");
    for (size_t i = 0; i < count; i++) {
        MDB_val key = {.mv_size = sizeof(keys[i]), .mv_data = keys[i]};
        MDB_val value;
        char copy[BENCH_VALUE_BYTES]; /* ours is copied too */

        bench_keys_must(mdb_get(txn, lmdb->dbi, &key, &value) == 0 && value.mv_size == sizeof(copy),
                        "LMDB's get");
        memcpy(copy, value.mv_data, sizeof(copy));
    }
    mdb_txn_abort(txn);
}

void bench_storage_read_warm(struct bench_storage *bench)
{
    struct bench_pair least = {0};

    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        char(*keys)[BENCH_KEY_BYTES] = draw_keys(bench, WARM_GETS);
        struct bench_pair time;
        double start = bench_cpu_s();

        get_ours(&bench->ours, keys, WARM_GETS);
        time.ours = (bench_cpu_s() - start) * 1e6 / WARM_GETS;
        start = bench_cpu_s();
        get_lmdb(&bench->lmdb, keys, WARM_GETS);
        time.lmdb = (bench_cpu_s() - start) * 1e6 / WARM_GETS;
        bench_pair_keep_least(&least, time);
        free(keys);
    }
    bench_line("get, warm", least.ours, "us", "lmdb", least.lmdb, "1.0");
}

void bench_storage_read_cold(struct bench_storage *bench)
{
    struct bench_pair least = {0};

    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        char(*keys)[BENCH_KEY_BYTES] = draw_keys(bench, COLD_GETS);
        struct bench_pair time;
        double start;

        bench_ours_close(&bench->ours);
        bench_cold_drop(bench->ours.path);
        bench_ours_open(&bench->ours);
        start = bench_wall_s();
        get_ours(&bench->ours, keys, COLD_GETS);
        time.ours = (bench_wall_s() - start) * 1e6 / COLD_GETS;
        bench_lmdb_close(&bench->lmdb);
        bench_cold_drop(bench->lmdb.path);
        bench_lmdb_open(&bench->lmdb, bench->folder, "bench_storage", false);
        start = bench_wall_s();
        get_lmdb(&bench->lmdb, keys, COLD_GETS);
        time.lmdb = (bench_wall_s() - start) * 1e6 / COLD_GETS;
        bench_pair_keep_least(&least, time);
        free(keys);
    }
    bench_line("get, cold after collection, wall", least.ours, "us", "lmdb", least.lmdb, "1.1");
}

static void scan_ours(struct bench_ours *ours, uint64_t key_count)
{
    struct bough_tree_cursor cursor;
    struct bough_arena arena;
    struct bough_entry entry;
    struct bough_tree tree;
    uint64_t count = 0;

    bough_arena_init(&arena, ours->env->heap, ARENA_BYTES);
    tree = bench_ours_tree(ours, &arena);
    bench_keys_must(bough_tree_cursor_open(&cursor, ours->store, &tree, &arena) == BOUGH_OK,
                    "a cursor");
    while (bough_tree_cursor_next(&cursor, &entry) == BOUGH_OK)
        count++;
    bench_keys_must(count == key_count, "a whole scan");
    bough_arena_release(&arena);
}

void bench_storage_read_scan(struct bench_storage *bench)
{
    struct bench_pair least = {0};
    double keys = (double)bench->key_count;

    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        struct bench_pair time;
        double start = bench_cpu_s();

        scan_ours(&bench->ours, bench->key_count);
        time.ours = (bench_cpu_s() - start) * 1e9 / keys;
        start = bench_cpu_s();
        bench_lmdb_scan(&bench->lmdb, bench->key_count);
        time.lmdb = (bench_cpu_s() - start) * 1e9 / keys;
        bench_pair_keep_least(&least, time);
    }
    bench_line("scan", least.ours, "ns/key", "lmdb", least.lmdb, "0.6");
}
