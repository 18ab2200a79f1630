/* SPDX-License-Identifier: ISC
 *
 * bench_storage.c - the storage engine beside LMDB, in one run on one core.
 *
 * usage: bench_storage [KEYS [FOLDER]]      default 1000000 keys, in the current folder
 *
 * Keys have 20 bytes, values 100, all in one directory.  Both write to files in FOLDER; each figure
 * is the least of three rounds, of processor time unless it says wall.  LMDB keeps only the newest
 * state, bough every commit.
 */
#include "bench_line.h"
#include "bough/blockdev.h"
#include "bough/env_unix.h"
#include "bough/journal.h"
#include "bough/txn.h"
#include <assert.h>
#include <lmdb.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES   20
#define VALUE_BYTES 100
#define BATCH       1000u
#define ROUNDS      3

static uint64_t random_state = 42;

static uint64_t next_random(void)
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Key number i, spread over the key space. */
static void make_key(uint64_t i, char key[KEY_BYTES + 1])
{
    uint64_t mixed = (i + 1) * 0x9e3779b97f4a7c15u;

    snprintf(key, KEY_BYTES + 1, "k%019llu",
             (unsigned long long)(mixed >> 1) % 10000000000000000000u);
}

static void make_value(uint64_t seed, char value[VALUE_BYTES])
{
    for (size_t i = 0; i < VALUE_BYTES; i += 4) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        memcpy(value + i, (char *)&seed + 4, 4);
    }
}

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_storage: %s failed\n", what);
        exit(1);
    }
}

/* ---- bough ---- */

struct ours {
    struct bough_env *env;
    struct bough_store *store;
};

static void ours_open(struct ours *ours, const char *path)
{
    struct bough_file_options options = {.create = true, .size_bytes = (uint64_t)8 << 30};
    struct bough_block *dev;
    struct bough_backend *backend;

    (void)unlink(path);
    ours->env = bough_env_unix_open((size_t)8 << 30);
    must(ours->env != NULL, "memory");
    must(bough_file_open(ours->env, path, &options, &dev) == BOUGH_OK, "opening the file");
    must(bough_journal_format(ours->env, dev, NULL) == BOUGH_OK, "formatting");
    must(bough_journal_open(ours->env, dev, &backend) == BOUGH_OK, "opening the journal");
    must(bough_store_open(ours->env, backend, (size_t)1 << 30, &ours->store) == BOUGH_OK,
         "opening the store");
}

static void ours_commit(struct ours *ours, const uint64_t *keys, size_t count)
{
    static struct bough_edit edits[BATCH];
    static char names[BATCH][KEY_BYTES + 1];
    static char values[BATCH][VALUE_BYTES];
    struct bough_txn txn = {
        .branch = bough_bytes_text("heads/main"),
        .edits = edits,
        .edit_count = count,
        .author = {.name = bough_bytes_text("b"), .email = bough_bytes_text("b")},
        .message = bough_bytes_text("m\n"),
    };
    struct bough_txn_result result;
    struct bough_arena arena;

    for (size_t i = 0; i < count; i++) {
        make_key(keys[i], names[i]);
        make_value(next_random(), values[i]);
        edits[i].path = bough_bytes_of(names[i], KEY_BYTES);
        edits[i].entry = (struct bough_entry){
            .mode = BOUGH_MODE_FILE,
            .value = {.size_bytes = VALUE_BYTES, .data = bough_bytes_of(values[i], VALUE_BYTES)}};
    }
    bough_arena_init(&arena, ours->env->heap, (size_t)1 << 30);
    must(bough_txn_commit(ours->store, &txn, &arena, &result) == BOUGH_OK, "a commit");
    bough_arena_release(&arena);
}

static void ours_sync(struct ours *ours)
{
    must(bough_store_sync(ours->store) == BOUGH_OK, "a sync");
}

static struct bough_tree ours_tree(struct ours *ours, struct bough_arena *arena)
{
    struct bough_ref head;
    struct bough_commit commit;

    must(bough_ref_get(ours->store, bough_bytes_text("heads/main"), &head) == BOUGH_OK, "the head");
    must(bough_commit_get(ours->store, &head.link, arena, &commit) == BOUGH_OK, "its commit");
    return commit.tree;
}

static uint64_t ours_used(struct ours *ours)
{
    struct bough_store_info info;

    bough_store_info(ours->store, &info);
    return info.used_bytes;
}

/* ---- LMDB ---- */

struct theirs {
    MDB_env *env;
    MDB_dbi dbi;
};

static void theirs_open(struct theirs *theirs, const char *path, unsigned flags)
{
    MDB_txn *txn;

    (void)unlink(path);
    must(mdb_env_create(&theirs->env) == 0, "LMDB");
    must(mdb_env_set_mapsize(theirs->env, (size_t)16 << 30) == 0, "LMDB's map");
    must(mdb_env_open(theirs->env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | flags, 0644) ==
             0,
         "opening LMDB");
    must(mdb_txn_begin(theirs->env, NULL, 0, &txn) == 0, "LMDB's transaction");
    must(mdb_dbi_open(txn, NULL, 0, &theirs->dbi) == 0, "LMDB's table");
    must(mdb_txn_commit(txn) == 0, "LMDB's commit");
}

static void theirs_commit(struct theirs *theirs, const uint64_t *keys, size_t count)
{
    MDB_txn *txn;

    must(mdb_txn_begin(theirs->env, NULL, 0, &txn) == 0, "LMDB's transaction");
    for (size_t i = 0; i < count; i++) {
        char name[KEY_BYTES + 1];
        char bytes[VALUE_BYTES];
        MDB_val key = {.mv_size = KEY_BYTES, .mv_data = name};
        MDB_val value = {.mv_size = VALUE_BYTES, .mv_data = bytes};

        make_key(keys[i], name);
        make_value(next_random(), bytes);
        must(mdb_put(txn, theirs->dbi, &key, &value, 0) == 0, "LMDB's put");
    }
    must(mdb_txn_commit(txn) == 0, "LMDB's commit");
}

/* ---- workloads: each gives microseconds for a key, both sides in turns ---- */

struct pair {
    double ours;
    double theirs;
};

static void keep_least(struct pair *least, struct pair one)
{
    least->ours = least->ours == 0 || one.ours < least->ours ? one.ours : least->ours;
    least->theirs = least->theirs == 0 || one.theirs < least->theirs ? one.theirs : least->theirs;
}

static void load(struct ours *ours, struct theirs *theirs, uint64_t key_count)
{
    static uint64_t keys[BATCH];
    struct pair time = {0};
    uint64_t before = ours_used(ours);

    for (uint64_t at = 0; at < key_count; at += BATCH) {
        double start;

        for (uint64_t i = 0; i < BATCH; i++)
            keys[i] = at + i;
        start = bench_cpu_s();
        ours_commit(ours, keys, BATCH);
        time.ours += bench_cpu_s() - start;
        ours_sync(ours);
        start = bench_cpu_s();
        theirs_commit(theirs, keys, BATCH);
        time.theirs += bench_cpu_s() - start;
    }
    bench_line("load, commits of 1000", time.ours * 1e6 / (double)key_count, "us/key", "lmdb",
               time.theirs * 1e6 / (double)key_count, "1.2");
    bench_line("load, bytes written", (double)(ours_used(ours) - before) / (double)key_count,
               "B/key", NULL, 0, "");
}

static void update(struct ours *ours, struct theirs *theirs, uint64_t key_count, size_t size,
                   unsigned commits, const char *figure, const char *goal)
{
    static uint64_t keys[BATCH];
    struct pair least = {0};
    uint64_t before = ours_used(ours);
    unsigned done = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct pair time = {0};

        for (unsigned commit = 0; commit < commits; commit++) {
            double start;

            for (size_t i = 0; i < size; i++)
                keys[i] = next_random() % key_count;
            start = bench_cpu_s();
            ours_commit(ours, keys, size);
            time.ours += bench_cpu_s() - start;
            start = bench_cpu_s();
            theirs_commit(theirs, keys, size);
            time.theirs += bench_cpu_s() - start;
        }
        ours_sync(ours);
        done += commits;
        time.ours *= 1e6 / ((double)commits * (double)size);
        time.theirs *= 1e6 / ((double)commits * (double)size);
        keep_least(&least, time);
    }
    bench_line(figure, least.ours, "us/key", "lmdb", least.theirs, goal);
    if (size == 1)
        bench_line("one update a commit, bytes written",
                   (double)(ours_used(ours) - before) / (double)done, "B", NULL, 0, "");
}

static void get_warm(struct ours *ours, struct theirs *theirs, uint64_t key_count)
{
    struct pair least = {0};
    const unsigned gets = 200000;
    struct bough_arena arena;

    bough_arena_init(&arena, ours->env->heap, (size_t)1 << 30);
    struct bough_tree tree = ours_tree(ours, &arena);

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct pair time;
        double start = bench_cpu_s();
        MDB_txn *txn;

        for (unsigned i = 0; i < gets; i++) {
            struct bough_arena_mark mark = bough_arena_now(&arena);
            struct bough_entry entry;
            char name[KEY_BYTES + 1];

            make_key(next_random() % key_count, name);
            must(bough_tree_find(ours->store, &tree, bough_bytes_of(name, KEY_BYTES), &arena,
                                 &entry) == BOUGH_OK,
                 "a get");
            bough_arena_back(&arena, mark);
        }
        time.ours = (bench_cpu_s() - start) * 1e6 / gets;
        start = bench_cpu_s();
        must(mdb_txn_begin(theirs->env, NULL, MDB_RDONLY, &txn) == 0, "LMDB's transaction");
        for (unsigned i = 0; i < gets; i++) {
            char name[KEY_BYTES + 1];
            MDB_val key = {.mv_size = KEY_BYTES, .mv_data = name};
            MDB_val value;

            make_key(next_random() % key_count, name);
            must(mdb_get(txn, theirs->dbi, &key, &value) == 0, "LMDB's get");
        }
        mdb_txn_abort(txn);
        time.theirs = (bench_cpu_s() - start) * 1e6 / gets;
        keep_least(&least, time);
    }
    bough_arena_release(&arena);
    bench_line("get, warm", least.ours, "us", "lmdb", least.theirs, "1.0");
}

static void scan(struct ours *ours, struct theirs *theirs, uint64_t key_count)
{
    struct pair least = {0};

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct pair time;
        struct bough_arena arena;
        struct bough_tree_cursor cursor;
        struct bough_entry entry;
        uint64_t count = 0;
        MDB_txn *txn;
        MDB_cursor *theirs_cursor;
        MDB_val key;
        MDB_val value;
        double start;

        bough_arena_init(&arena, ours->env->heap, (size_t)1 << 30);
        struct bough_tree tree = ours_tree(ours, &arena);

        start = bench_cpu_s();
        must(bough_tree_cursor_open(&cursor, ours->store, &tree, &arena) == BOUGH_OK, "a cursor");
        while (bough_tree_cursor_next(&cursor, &entry) == BOUGH_OK)
            count++;
        must(count == key_count, "a whole scan");
        time.ours = (bench_cpu_s() - start) * 1e9 / (double)key_count;
        bough_arena_release(&arena);
        start = bench_cpu_s();
        must(mdb_txn_begin(theirs->env, NULL, MDB_RDONLY, &txn) == 0, "LMDB's transaction");
        must(mdb_cursor_open(txn, theirs->dbi, &theirs_cursor) == 0, "LMDB's cursor");
        while (mdb_cursor_get(theirs_cursor, &key, &value, MDB_NEXT) == 0)
            count--;
        must(count == 0, "LMDB's whole scan");
        mdb_cursor_close(theirs_cursor);
        mdb_txn_abort(txn);
        time.theirs = (bench_cpu_s() - start) * 1e9 / (double)key_count;
        keep_least(&least, time);
    }
    bench_line("scan", least.ours, "ns/key", "lmdb", least.theirs, "0.6");
}

int main(int argc, char **argv)
{
    uint64_t key_count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    const char *folder = argc > 2 ? argv[2] : ".";
    struct ours ours;
    struct theirs theirs;
    char path[512];

    key_count = key_count / BATCH * BATCH;
    must(key_count >= BATCH, "reading the number of keys");
    snprintf(path, sizeof(path), "%s/bench_storage.bough", folder);
    ours_open(&ours, path);
    snprintf(path, sizeof(path), "%s/bench_storage.lmdb", folder);
    theirs_open(&theirs, path, MDB_NOSYNC);
    load(&ours, &theirs, key_count);
    update(&ours, &theirs, key_count, BATCH, 20, "update, commits of 1000", "1.2");
    update(&ours, &theirs, key_count, 1, 2000, "one update a commit", "0.9");
    get_warm(&ours, &theirs, key_count);
    scan(&ours, &theirs, key_count);
    bough_store_close(ours.store);
    bough_env_unix_close(ours.env);
    mdb_env_close(theirs.env);
    return 0;
}
