/* SPDX-License-Identifier: ISC
 *
 * crash.c - the crash simulator: runs real stores on simulated disks, and checks every disk that a
 * power cut or a fault could leave.
 *
 * usage: crash MODE [--seed N] [--rounds N] [--shape NAME] [--states N] [--plant NAME] [--dump
 * FILE]
 *
 * Deterministic: everything follows from the seed, and no real clock is read.  A violation ends it
 * with status 1 and the command that shows it again.  BOUGH_LONG=1 does more of everything,
 * BOUGH_TEST_LOG=1 shows the stores' own log.  docs/fault-model.md says what is promised.
 */
#include "crash.h"
#include "bough/env_unix.h"
#include <malloc.h>

#define HEAP_BYTES_MAX ((size_t)3 << 30)

/* The machines' clock moves on by one whenever it is asked, so that no two attempts at a group
 * carry one nonce; but where attempts are to look alike, it stands still. */
struct ticking_clock {
    struct bough_clock base;
    const struct crash *crash;
    uint64_t ticks;
};

static uint64_t tick(struct bough_clock *base)
{
    struct ticking_clock *clock = (struct ticking_clock *)base;

    if (clock->crash->shape == NULL || clock->crash->shape->fixed_bytes == 0)
        clock->ticks++;
    return clock->ticks;
}

static enum bough_err no_entropy(struct bough_entropy *entropy, void *into, size_t len)
{
    (void)entropy;
    (void)into;
    (void)len;
    return BOUGH_NOT_READY;
}

static void show(struct bough_log *log, enum bough_level level, const char *where, const char *text)
{
    (void)log;
    printf("  [%d] %s: %s\n", (int)level, where, text);
}

/* ---- bugs planted in the device: each must be found ---- */

struct plant {
    const char *name;
    struct sim_faults faults;
};

static const struct plant plants[] = {
    {"no-flush", {.lying_flush = true}},
    {"late-flush", {.late_flush = true}},
    {"short-write", {.short_every = 2}},
    {"write-off-by-one", {.off_every = 5}},
    {"stale-read", {.stale_every = 3}},
    {"hidden-write-error", {.hide_kinds = SIM_WRITE}},
    {"hidden-flush-error", {.hide_kinds = SIM_FLUSH}},
};

static const struct sim_faults *find_plant(const char *name)
{
    for (size_t i = 0; i < sizeof(plants) / sizeof(plants[0]); i++) {
        if (strcmp(plants[i].name, name) == 0)
            return &plants[i].faults;
    }
    fprintf(stderr, "crash: no plant %s\n", name);
    exit(2);
}

/* ---- modes ---- */

struct mode {
    const char *name;
    void (*run)(struct crash *crash);
    unsigned rounds;
    unsigned rounds_long;
};

static const struct mode modes[] = {
    {"exhaustive", crash_power_exhaustive, 2, 20},
    {"nested", crash_power_nested, 1, 12},
    {"eio", crash_faults_eio, 1, 12},
    {"stray", crash_faults_stray, 1, 12},
    {"rot", crash_faults_rot, 1, 1},
    {"lying", crash_disks_lying, 2, 40},
    {"full", crash_disks_full, 1, 4},
    {"foreign", crash_disks_foreign, 1, 4},
};

static const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    }
    fprintf(stderr, "crash: no mode %s\n", name);
    exit(2);
}

/* The name of a shape, which there is. */
static const char *find_shape(const char *name)
{
    for (const struct workload_shape *shape = workload_shapes; shape->name != NULL; shape++) {
        if (strcmp(shape->name, name) == 0)
            return name;
    }
    fprintf(stderr, "crash: no shape %s\n", name);
    exit(2);
}

static void parse(struct crash *crash, int count, char **words)
{
    for (int i = 2; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--seed") == 0)
            crash->first_seed = strtoull(words[i + 1], NULL, 0);
        else if (strcmp(words[i], "--rounds") == 0)
            crash->rounds = (unsigned)strtoul(words[i + 1], NULL, 0);
        else if (strcmp(words[i], "--shape") == 0)
            crash->only_shape = find_shape(words[i + 1]);
        else if (strcmp(words[i], "--states") == 0)
            crash->states_max = strtoull(words[i + 1], NULL, 0);
        else if (strcmp(words[i], "--dump") == 0)
            crash->dump = words[i + 1];
        else if (strcmp(words[i], "--plant") == 0)
            crash->plant = words[i + 1];
        else
            exit(2);
    }
    if (count > 2 && count % 2 != 0) {
        fprintf(stderr, "crash: %s of what?\n", words[count - 1]);
        exit(2);
    }
    if (crash->plant != NULL)
        crash->planted = *find_plant(crash->plant);
}

static void print_counts(const struct crash *crash, const char *when)
{
    printf("%s%s: %llu states, %zu distinct, %llu of them of sets taken whole, %llu recoveries\n",
           crash->mode, when, (unsigned long long)crash->states, crash->distinct.used_count,
           (unsigned long long)crash->exhaustive, (unsigned long long)crash->recoveries);
    printf("  commits %llu; torn groups discarded %llu; unacknowledged work lost %llu, kept %llu; "
           "recoveries by depth %llu %llu %llu; killed processes %llu\n",
           (unsigned long long)crash->commit_count, (unsigned long long)crash->torn_count,
           (unsigned long long)crash->lost_count, (unsigned long long)crash->kept_count,
           (unsigned long long)crash->nested[0], (unsigned long long)crash->nested[1],
           (unsigned long long)crash->nested[2], (unsigned long long)crash->killed_count);
    printf("  runs with a fault %llu, on full disks %llu; refused to open %llu; read-only %llu; "
           "damage named %llu; "
           "first superblock bad and opened %llu; nodes settled %llu\n",
           (unsigned long long)crash->fault_count, (unsigned long long)crash->full_count,
           (unsigned long long)crash->refused_count, (unsigned long long)crash->read_only_count,
           (unsigned long long)crash->damaged_count, (unsigned long long)crash->fallback_count,
           (unsigned long long)crash->settled_count);
}

/* A run that met none of what it is for proves nothing. */
static void guard(const char *what, uint64_t count, uint64_t least)
{
    if (count >= least)
        return;
    printf("VACUOUS: %s: %llu, %llu are needed\n", what, (unsigned long long)count,
           (unsigned long long)least);
    exit(1);
}

static void check_vacuity(const struct crash *crash)
{
    if (crash->only_shape != NULL || crash->states_max != 0)
        return;
    if (strcmp(crash->mode, "exhaustive") == 0) {
        guard("distinct states", crash->distinct.used_count, crash->long_run ? 1000000 : 20000);
        guard("states of whole sets", crash->exhaustive, crash->long_run ? 100000 : 5000);
        guard("torn groups", crash->torn_count, 1000);
        guard("unacknowledged work kept", crash->kept_count, 50);
        guard("commits", crash->commit_count, 50);
        guard("nodes settled", crash->settled_count, 500);
    } else if (strcmp(crash->mode, "nested") == 0) {
        guard("recoveries one deep", crash->nested[1], 500);
        guard("recoveries two deep", crash->nested[2], 100);
        guard("killed processes", crash->killed_count, 20);
    } else if (strcmp(crash->mode, "eio") == 0) {
        guard("runs with a fault", crash->fault_count, 100);
    } else if (strcmp(crash->mode, "rot") == 0) {
        guard("fallback superblocks", crash->fallback_count, 1);
        guard("named damage", crash->damaged_count, 30);
    } else if (strcmp(crash->mode, "stray") == 0) {
        guard("runs with a fault", crash->fault_count, 100);
        guard("damaged disks", crash->damaged_count + crash->read_only_count, 10);
    } else if (strcmp(crash->mode, "full") == 0) {
        guard("disks that were full", crash->full_count, crash->fault_count / 2);
    }
}

int main(int count, char **words)
{
    static const struct bough_clock_ops clock_ops = {.now_ns = tick, .wall_ns = tick};
    static const struct bough_entropy_ops entropy_ops = {.fill = no_entropy};
    static const struct bough_log_ops log_ops = {.line = show};
    struct bough_entropy entropy = {.ops = &entropy_ops};
    struct bough_log log = {.ops = &log_ops, .at_least = BOUGH_ERROR + 1};
    const char *long_run = getenv("BOUGH_LONG");
    struct bough_env *unix_env = bough_env_unix_open(HEAP_BYTES_MAX);
    struct crash crash = {.first_seed = 1, .mode = count > 1 ? words[1] : ""};
    const struct mode *mode = find_mode(crash.mode);
    struct ticking_clock clock = {.base = {.ops = &clock_ops}, .crash = &crash};

    /* Opening a store takes and gives a few large blocks: keep them, do not map them each time. */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (unix_env == NULL)
        return 2;
    if (getenv("BOUGH_TEST_LOG") != NULL)
        log.at_least = BOUGH_DEBUG;
    crash.env = (struct bough_env){
        .heap = unix_env->heap, .clock = &clock.base, .entropy = &entropy, .log = &log};
    crash.long_run = long_run != NULL && strcmp(long_run, "1") == 0;
    crash.rounds = crash.long_run ? mode->rounds_long : mode->rounds;
    parse(&crash, count, words);
    bough_arena_init(&crash.arena, crash.env.heap, HEAP_BYTES_MAX);
    mode->run(&crash);
    print_counts(&crash, "");
    check_vacuity(&crash);
    printf("%s: ok, trace %016llx\n", crash.mode, (unsigned long long)crash.trace);
    bough_arena_release(&crash.arena);
    free(crash.distinct.places);
    free(crash.checked.places);
    if (crash.env.heap->taken_bytes != 0) {
        printf("VIOLATION: %zu bytes of memory were lost\n", crash.env.heap->taken_bytes);
        return 1;
    }
    bough_env_unix_close(unix_env);
    return 0;
}
