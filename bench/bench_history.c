/* SPDX-License-Identifier: ISC
 *
 * bench_history.c - what history takes once collection has settled it.
 *
 * usage: bench_history COMMITS PER_COMMIT FOLDER STREAM
 *
 * Makes COMMITS commits of PER_COMMIT changes each, three quarters of them new keys and a quarter
 * new values of old ones, and writes the same history to STREAM for `git fast-import`, each key in
 * two levels of folders of 256 as git likes it.  Then collects with all history kept, checks all of
 * it, and reads keys of random commits after a restart.  Prints a line for each figure: name, tab,
 * value.  bench_history.py sets git beside it.
 */
#include "bench_line.h"
#include "bench_ours.h"
#include "bough/collect.h"
#include "bough/fsck.h"
#include "bough/tree.h"
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES   ((uint64_t)16 << 30) /* sparse */
#define SYNC_COMMITS 16u
#define STEP_OBJECTS 200u
#define STEP_BYTES   ((uint64_t)256 << 10)
#define GETS         2000u
#define GET_ARENA    ((size_t)64 << 20)
#define COMMIT_TIME  1700000000u

struct history {
    struct bench_ours ours;
    FILE *stream;
    uint64_t commits;
    size_t per_commit;
    uint64_t random;
    uint64_t key_count;
    struct bench_entry *entries;
    struct bough_link *heads; /* one for each commit */
};

/* One commit as `git fast-import` reads it. */
static void tell_git(struct history *history, uint64_t number)
{
    fprintf(history->stream, "commit refs/heads/main\ncommitter b <b> %llu +0000\ndata 2\nm\n\n",
            (unsigned long long)(COMMIT_TIME + number));
    for (size_t i = 0; i < history->per_commit; i++) {
        const char *key = history->entries[i].key;

        fprintf(history->stream, "M 100644 inline %.2s/%.2s/%.*s\ndata %u\n", key, key + 2,
                (int)BENCH_KEY_BYTES - 4, key + 4, (unsigned)BENCH_VALUE_BYTES);
        fwrite(history->entries[i].value, 1, BENCH_VALUE_BYTES, history->stream);
        fputc('\n', history->stream);
    }
}

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, BENCH_KEY_BYTES);
}

static void make_commit(struct history *history, uint64_t number)
{
    size_t fresh = number == 0 ? history->per_commit : history->per_commit * 3 / 4;
    struct bough_ref head;

    if (fresh == 0 && number % 4 != 0)
        fresh = 1;
    bench_keys_fill(history->entries, fresh, history->key_count, 0, &history->random);
    bench_keys_fill(history->entries + fresh, history->per_commit - fresh, 0,
                    history->key_count > 0 ? history->key_count : 1, &history->random);
    history->key_count += fresh;
    qsort(history->entries, history->per_commit, sizeof(*history->entries), by_key);
    for (size_t i = 1; i < history->per_commit; i++) { /* the same key twice is one change */
        if (by_key(&history->entries[i - 1], &history->entries[i]) == 0)
            history->entries[i - 1] = history->entries[i];
    }
    bench_ours_list(&history->ours, history->entries, history->per_commit);
    bench_ours_commit(&history->ours, history->per_commit);
    if (number % SYNC_COMMITS == SYNC_COMMITS - 1)
        bench_ours_sync(&history->ours);
    bench_keys_must(bough_ref_get(history->ours.store, bough_bytes_text("heads/main"), &head) ==
                        BOUGH_OK,
                    "the head");
    history->heads[number] = head.link;
    tell_git(history, number);
}

static void print(const char *name, double value)
{
    printf("%s\t%.3f\n", name, value);
    fflush(stdout);
}

/* Collects as the service does; nothing is garbage but the states between. */
static void collect(struct history *history)
{
    struct bough_collect_progress progress;
    double begun = bench_cpu_s();
    double longest = 0;
    unsigned rounds = 0;

    do {
        do {
            double step = bench_cpu_s();

            bench_keys_must(bough_collect_step(history->ours.store, STEP_OBJECTS, STEP_BYTES,
                                               &progress) == BOUGH_OK,
                            "a step of collection");
            step = bench_cpu_s() - step;
            longest = step > longest ? step : longest;
        } while (progress.phase != BOUGH_COLLECT_NONE);
        print(rounds == 0 ? "bytes, collected" : "bytes, collected again",
              (double)bench_ours_used(&history->ours));
    } while (++rounds < 2);
    print("collections, s", bench_cpu_s() - begun);
    print("collections, longest step, ms", longest * 1e3);
}

static void check(struct history *history)
{
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;

    bench_keys_must(bough_fsck(history->ours.store, &options, &report) == BOUGH_OK &&
                        report.fault_count == 0,
                    "fsck");
    print("commits", (double)report.commit_count);
}

/* Reads keys of random commits. */
static void get_old(struct history *history, const char *name)
{
    double begun = bench_wall_s();
    unsigned found = 0;

    for (unsigned i = 0; i < GETS; i++) {
        uint64_t number = bench_keys_random(&history->random) % history->commits;
        struct bough_arena arena;
        struct bough_commit commit;
        struct bough_entry entry;
        char key[BENCH_KEY_BYTES];

        bough_arena_init(&arena, history->ours.env->heap, GET_ARENA);
        bench_keys_make(bench_keys_random(&history->random) % history->key_count, key);
        bench_keys_must(bough_commit_get(history->ours.store, &history->heads[number], &arena,
                                         &commit) == BOUGH_OK,
                        "a commit");
        found += bough_tree_find(history->ours.store, &commit.tree,
                                 bough_bytes_of(key, BENCH_KEY_BYTES), &arena, &entry) == BOUGH_OK;
        bough_arena_release(&arena);
    }
    bench_keys_must(found > 0, "finding a key");
    print(name, (bench_wall_s() - begun) * 1e6 / GETS);
}

int main(int argc, char **argv)
{
    static struct history history = {.random = 42};
    double begun;

    bench_keys_must(argc == 5, "reading the arguments");
    history.commits = strtoull(argv[1], NULL, 10);
    history.per_commit = (size_t)strtoull(argv[2], NULL, 10);
    bench_keys_must(history.commits > 0 && history.per_commit > 0, "reading the arguments");
    history.entries = calloc(history.per_commit, sizeof(*history.entries));
    history.heads = calloc(history.commits, sizeof(*history.heads));
    history.stream = fopen(argv[4], "wb");
    bench_keys_must(history.entries != NULL && history.heads != NULL && history.stream != NULL,
                    "starting");
    bench_ours_make(&history.ours, argv[3], "bench_history", FILE_BYTES, false);
    begun = bench_cpu_s();
    for (uint64_t i = 0; i < history.commits; i++)
        make_commit(&history, i);
    bench_keys_must(fclose(history.stream) == 0, "writing the stream");
    bench_ours_sync(&history.ours);
    print("commits made, s", bench_cpu_s() - begun);
    print("bytes, as written", (double)bench_ours_used(&history.ours));
    bench_ours_close(&history.ours);
    bench_ours_open(&history.ours);
    get_old(&history, "get from history, as written, us");
    collect(&history);
    bench_ours_close(&history.ours);
    bench_ours_open(&history.ours);
    get_old(&history, "get from history, collected, us");
    check(&history);
    bench_ours_remove(&history.ours);
    free(history.entries);
    free(history.heads);
    return 0;
}
