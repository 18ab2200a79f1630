/* SPDX-License-Identifier: ISC
 *
 * replay_check.c - rebuilds a disk at many points of a log that QEMU's blklogwrites wrote, and
 * checks that every write acknowledged before that point is there.
 *
 * usage: replay_check LOG ACKS DISK_BYTES PREFIXES [DUMP_ENTRY DUMP_FILE]
 *
 * ACKS has a line "entries number" per acknowledged PUT: how many entries the log had then.  PUT n
 * wrote key r/n, whose bytes follow from n, and key latest, the number n in decimal.  At each point
 * three disks are checked: with all that was written, with what was flushed only, and with some of
 * the sectors that were not flushed.  The log's format is that of the Linux kernel's
 * device-mapper/log-writes: a superblock (magic, version, entry count, sector size), then entries
 * (sector, sectors, flags, data length), each in a sector of its own and followed by its data.
 */
#include "bough/env_unix.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "bough/txn.h"
#include <stdio.h>
#include <stdlib.h>

#define LOG_MAGIC     0x6a736677736872ull
#define FLAG_FLUSH    1u
#define FLAG_DISCARD  4u
#define SECTOR        512u
#define VALUE_MAX     (1u << 20)
#define ARENA_MAX     ((size_t)64 << 20)
#define PENDING_MAX   4096u
#define NUMBERS_MAX   100000u
#define LATEST_DIGITS 24u

struct entry {
    uint64_t sector;
    uint64_t count;
    uint64_t flags;
    const uint8_t *data;
};

struct disk {
    struct bough_block base;
    uint8_t *bytes;
};

struct replay {
    struct bough_env *env;
    uint8_t *log;
    size_t log_len;
    uint64_t sector_size;
    uint64_t entry_count;
    uint64_t acks[NUMBERS_MAX]; /* entries by which PUT n was acknowledged; 0 = never */
    unsigned put_count;
    size_t disk_len;
    unsigned disk_count;
    unsigned blank_count;
    uint64_t random;
};

static uint64_t get_u64(const uint8_t *at)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static uint64_t random_next(uint64_t *state) /* splitmix64 (Steele, Lea, Flood 2014) */
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static _Noreturn void fail(const char *what, uint64_t entry, const char *which, unsigned number)
{
    printf("VIOLATION: after %llu entries, %s: %s (PUT %u)\n", (unsigned long long)entry, which,
           what, number);
    exit(1);
}

/* ---- a disk in memory that nobody may write to ---- */

static enum bough_err disk_read(struct bough_block *dev, uint64_t first, uint32_t count, void *into)
{
    memcpy(into, ((struct disk *)dev)->bytes + first * SECTOR, (size_t)count * SECTOR);
    return BOUGH_OK;
}

static enum bough_err disk_write(struct bough_block *dev, uint64_t first, uint32_t count,
                                 const void *from)
{
    memcpy(((struct disk *)dev)->bytes + first * SECTOR, from, (size_t)count * SECTOR);
    return BOUGH_OK;
}

static enum bough_err disk_flush(struct bough_block *dev)
{
    (void)dev;
    return BOUGH_OK;
}

static void disk_close(struct bough_block *dev)
{
    (void)dev;
}

static const struct bough_block_ops disk_ops = {
    .read = disk_read, .write = disk_write, .flush = disk_flush, .close = disk_close};

/* ---- what PUT n wrote ---- */

/* The same rule as in qemu_replay.py. */
static size_t value_of(unsigned number, uint8_t *into)
{
    size_t len = number % 25 == 24 ? 150000 : (size_t)number * 97 % 3000 + 1;
    uint32_t state = number * 2654435761u + 1; /* Knuth 6.4 */

    for (size_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u; /* Numerical Recipes 7.1 */
        into[i] = (uint8_t)(state >> 24);
    }
    return len;
}

/* ---- checking a disk ---- */

/* One value of the newest state; BOUGH_NOT_FOUND. */
static enum bough_err read_key(struct bough_store *store, const char *path,
                               struct bough_arena *arena, struct bough_bytes *bytes)
{
    struct bough_commit commit;
    struct bough_entry entry;
    struct bough_ref head;

    BOUGH_TRY(bough_ref_get(store, bough_bytes_text("heads/main"), &head));
    BOUGH_TRY(bough_commit_get(store, &head.link, arena, &commit));
    BOUGH_TRY(bough_tree_find(store, &commit.tree, bough_bytes_text(path), arena, &entry));
    return bough_value_get(store, &entry.value, VALUE_MAX, arena, bytes);
}

/* The newest PUT that is there: all up to it must be, whole, and none behind it. */
static unsigned check_keys(struct replay *replay, struct bough_store *store, uint64_t entry,
                           const char *which)
{
    static uint8_t expected[VALUE_MAX];
    unsigned found = 0;

    for (unsigned n = 1; n <= replay->put_count + 1; n++) {
        struct bough_arena arena;
        struct bough_bytes bytes;
        char path[32];
        enum bough_err err;

        bough_arena_init(&arena, replay->env->heap, ARENA_MAX);
        (void)snprintf(path, sizeof(path), "r/%u", n);
        err = read_key(store, path, &arena, &bytes);
        if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
            fail(bough_err_name(err), entry, which, n);
        if (err == BOUGH_OK &&
            !bough_bytes_equal(bytes, bough_bytes_of(expected, value_of(n, expected))))
            fail("wrong bytes", entry, which, n);
        if (err == BOUGH_OK && found != n - 1)
            fail("a later PUT is there without an earlier one", entry, which, n);
        found = err == BOUGH_OK ? n : found;
        bough_arena_release(&arena);
    }
    return found;
}

/* The key that each PUT of its own commit wrote over: as new as the others, or one behind. */
static void check_latest(struct replay *replay, struct bough_store *store, uint64_t entry,
                         const char *which, unsigned acknowledged, unsigned found)
{
    struct bough_arena arena;
    struct bough_bytes bytes;
    char text[LATEST_DIGITS] = "";
    unsigned long latest;
    enum bough_err err;

    bough_arena_init(&arena, replay->env->heap, ARENA_MAX);
    err = read_key(store, "latest", &arena, &bytes);
    if (err == BOUGH_OK && bytes.len < sizeof(text))
        memcpy(text, bytes.at, bytes.len);
    else if (err != BOUGH_NOT_FOUND)
        fail("key latest cannot be read", entry, which, 0);
    latest = strtoul(text, NULL, 10);
    if (latest < acknowledged || latest > found)
        fail("key latest is not what it must be", entry, which, (unsigned)latest);
    bough_arena_release(&arena);
}

static void check_disk(struct replay *replay, const uint8_t *bytes, uint64_t entry,
                       const char *which)
{
    struct disk disk = {.base = {.ops = &disk_ops,
                                 .block_size = SECTOR,
                                 .atomic_bytes = SECTOR,
                                 .block_count = replay->disk_len / SECTOR,
                                 .flush_survives = BOUGH_SURVIVES_POWER}};
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;
    struct bough_backend *backend;
    struct bough_store_info info;
    struct bough_store *store;
    unsigned acknowledged = 0;
    unsigned found;
    enum bough_err err;

    for (unsigned n = 1; n <= replay->put_count; n++)
        acknowledged = replay->acks[n] != 0 && replay->acks[n] <= entry ? n : acknowledged;
    replay->disk_count++;
    disk.bytes = malloc(replay->disk_len);
    if (disk.bytes == NULL)
        exit(2);
    memcpy(disk.bytes, bytes, replay->disk_len);
    err = bough_journal_open(replay->env, &disk.base, &backend);
    if (err == BOUGH_OK)
        err = bough_store_open(replay->env, backend, 1 << 20, &store);
    if (err == BOUGH_INVALID && acknowledged == 0) { /* not formatted yet */
        replay->blank_count++;
        free(disk.bytes);
        return;
    }
    if (err != BOUGH_OK)
        fail(bough_err_name(err), entry, which, acknowledged);
    bough_store_info(store, &info);
    if (info.read_only)
        fail("read-only after a power cut", entry, which, acknowledged);
    found = check_keys(replay, store, entry, which);
    if (found < acknowledged)
        fail("an acknowledged PUT is gone", entry, which, found + 1);
    check_latest(replay, store, entry, which, acknowledged, found);
    if (bough_fsck(store, &options, &report) != BOUGH_OK || report.fault_count > 0)
        fail("fsck finds faults", entry, which, 0);
    bough_store_close(store);
    free(disk.bytes);
}

/* ---- the log ---- */

/* The entry at *at, which moves behind it. */
static struct entry next_entry(const struct replay *replay, size_t *at)
{
    const uint8_t *header = replay->log + *at;
    struct entry entry = {
        .sector = get_u64(header), .count = get_u64(header + 8), .flags = get_u64(header + 16)};
    size_t len =
        (entry.flags & FLAG_DISCARD) != 0 ? 0 : (size_t)(entry.count * replay->sector_size);

    if (*at + replay->sector_size + len > replay->log_len)
        exit(2);
    entry.data = header + replay->sector_size;
    *at += replay->sector_size + len;
    return entry;
}

static void apply(uint8_t *disk, size_t disk_len, const struct entry *entry, uint64_t sector_size,
                  uint64_t *random)
{
    for (uint64_t i = 0; i < entry->count; i++) {
        size_t to = (size_t)((entry->sector + i) * sector_size);

        if ((entry->flags & FLAG_DISCARD) == 0 && to + sector_size <= disk_len &&
            (random == NULL || random_next(random) % 2 == 0))
            memcpy(disk + to, entry->data + i * sector_size, sector_size);
    }
}

static void dump(const struct replay *replay, const uint8_t *disk, const char *path)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(disk, 1, replay->disk_len, file) != replay->disk_len ||
        fclose(file) != 0)
        exit(2);
}

/* Walks the log, checking the disk at every `step`th entry. */
static void walk(struct replay *replay, uint64_t step, uint64_t dump_entry, const char *dump_path)
{
    struct entry pending[PENDING_MAX];
    size_t pending_count = 0;
    uint8_t *flushed = calloc(1, replay->disk_len);
    uint8_t *disk = calloc(1, replay->disk_len);
    size_t at = (size_t)replay->sector_size;

    if (flushed == NULL || disk == NULL)
        exit(2);
    for (uint64_t n = 1; n <= replay->entry_count; n++) {
        struct entry entry = next_entry(replay, &at);

        if ((entry.flags & FLAG_FLUSH) != 0) { /* what was written before is durable */
            for (size_t i = 0; i < pending_count; i++)
                apply(flushed, replay->disk_len, &pending[i], replay->sector_size, NULL);
            pending_count = 0;
        }
        if (entry.count > 0 && pending_count < PENDING_MAX)
            pending[pending_count++] = entry;
        if (n == dump_entry && dump_path != NULL)
            dump(replay, flushed, dump_path);
        if (n % step != 0)
            continue;
        check_disk(replay, flushed, n, "what was flushed");
        if (pending_count == 0)
            continue;
        for (int half = 0; half < 2; half++) {
            memcpy(disk, flushed, replay->disk_len);
            for (size_t i = 0; i < pending_count; i++)
                apply(disk, replay->disk_len, &pending[i], replay->sector_size,
                      half ? &replay->random : NULL);
            check_disk(replay, disk, n, half ? "half of what was not flushed" : "all writes");
        }
    }
    free(flushed);
    free(disk);
}

static void load(struct replay *replay, const char *log_path, const char *acks_path)
{
    FILE *file = fopen(log_path, "rb");
    unsigned long long entries;
    unsigned number;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        exit(2);
    replay->log_len = (size_t)ftell(file);
    replay->log = malloc(replay->log_len);
    rewind(file);
    if (replay->log == NULL || replay->log_len < 4096 ||
        fread(replay->log, 1, replay->log_len, file) != replay->log_len ||
        get_u64(replay->log) != LOG_MAGIC) {
        fprintf(stderr, "replay_check: %s is no log of writes\n", log_path);
        exit(2);
    }
    (void)fclose(file);
    replay->entry_count = get_u64(replay->log + 16);
    replay->sector_size = get_u64(replay->log + 24) & 0xffffffffu;
    file = fopen(acks_path, "r");
    if (file == NULL)
        exit(2);
    while (fscanf(file, "%llu %u", &entries, &number) == 2) {
        if (number >= NUMBERS_MAX)
            exit(2);
        replay->acks[number] = entries;
        replay->put_count = number > replay->put_count ? number : replay->put_count;
    }
    (void)fclose(file);
}

int main(int count, char **words)
{
    static struct replay replay = {.random = 1};
    uint64_t prefixes;
    uint64_t step;

    if (count != 5 && count != 7) {
        fprintf(stderr, "usage: replay_check LOG ACKS DISK_BYTES PREFIXES [ENTRY FILE]\n");
        return 2;
    }
    replay.env = bough_env_unix_open((size_t)1 << 30);
    if (replay.env == NULL)
        return 2;
    replay.env->log->at_least = BOUGH_ERROR + 1; /* disks that are not formatted yet */
    load(&replay, words[1], words[2]);
    replay.disk_len = (size_t)strtoull(words[3], NULL, 10);
    prefixes = strtoull(words[4], NULL, 10);
    step = prefixes == 0 || replay.entry_count < prefixes ? 1 : replay.entry_count / prefixes;
    walk(&replay, step, count == 7 ? strtoull(words[5], NULL, 10) : 0,
         count == 7 ? words[6] : NULL);
    printf(
        "%llu log entries, %u PUTs acknowledged, %llu points, %u disks checked (%u not formatted "
        "yet): ok\n",
        (unsigned long long)replay.entry_count, replay.put_count,
        (unsigned long long)(replay.entry_count / step), replay.disk_count, replay.blank_count);
    free(replay.log);
    bough_env_unix_close(replay.env);
    return 0;
}
