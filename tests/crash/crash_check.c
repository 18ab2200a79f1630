/* SPDX-License-Identifier: ISC
 *
 * crash_check.c - whether a disk is one that a store may leave.
 *
 * The oracles: the state is the last acknowledged one or a later one that was being acknowledged
 * (O1), everything that can be reached passes fsck (O2), and opening it again shows the same (O4).
 */
#include "bough/fsck.h"
#include "bough/journal.h"
#include "crash.h"
#include <stdarg.h>

#define CACHE_BYTES ((size_t)256 << 10)

bool crash_set_add(struct crash_set *set, uint64_t hash)
{
    size_t at;

    if (2 * (set->used_count + 1) > set->place_count) {
        struct crash_set bigger = {.place_count = set->place_count ? 2 * set->place_count : 65536};

        bigger.places = calloc(bigger.place_count, sizeof(*bigger.places));
        if (bigger.places == NULL)
            exit(2);
        for (size_t i = 0; i < set->place_count; i++) {
            if (set->places[i] != 0)
                (void)crash_set_add(&bigger, set->places[i]);
        }
        free(set->places);
        *set = bigger;
    }
    hash += hash == 0;
    at = (size_t)hash & (set->place_count - 1);
    while (set->places[at] != 0 && set->places[at] != hash)
        at = (at + 1) & (set->place_count - 1);
    if (set->places[at] == hash)
        return false;
    set->places[at] = hash;
    set->used_count++;
    return true;
}

void crash_fail(struct crash *crash, const struct sim_medium *medium, const char *format, ...)
{
    va_list args;

    printf("VIOLATION (state %llu): ", (unsigned long long)crash->states);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    printf("\nreplay: %scrash %s --seed %llu --rounds 1 --shape %s%s%s\n",
           crash->long_run ? "BOUGH_LONG=1 " : "", crash->mode, (unsigned long long)crash->seed,
           crash->shape->name, crash->plant != NULL ? " --plant " : "",
           crash->plant != NULL ? crash->plant : "");
    if (medium != NULL && crash->dump != NULL)
        sim_medium_dump(medium, crash->dump);
    exit(1);
}

enum bough_err crash_open(struct crash *crash, struct sim_device *dev, struct bough_store **store)
{
    struct bough_backend *backend;
    enum bough_err err = bough_journal_open(&crash->env, &dev->base, &backend);

    crash->recoveries++;
    return err != BOUGH_OK ? err : bough_store_open(&crash->env, backend, CACHE_BYTES, store);
}

struct sim_medium crash_format(struct crash *crash, uint32_t kib)
{
    uint32_t sectors = (kib != 0 ? kib : crash->shape->device_kib) * (1024 / SIM_SECTOR_BYTES);
    struct sim_medium medium = sim_medium_zeros(&crash->arena, sectors);
    struct bough_identity identity = workload_identity(crash->seed);
    struct sim_device dev;

    sim_device_init(&dev, &crash->arena, &medium, crash->shape->block_size, NULL);
    if (bough_journal_format(&crash->env, &dev.base, &identity) != BOUGH_OK)
        crash_fail(crash, &medium, "a good disk cannot be formatted");
    return dev.now;
}

uint32_t crash_state_of(const struct workload *work, uint64_t generation)
{
    for (uint32_t i = 0; i < work->state_count; i++) {
        if (work->states[i].generation == generation)
            return i;
    }
    return UINT32_MAX;
}

/* Whether the state may be this one. */
static void check_range(struct crash *crash, const struct sim_medium *medium,
                        const struct crash_expect *expect, const struct bough_store_info *info,
                        uint32_t state)
{
    if (state == UINT32_MAX || state > expect->ceiling)
        crash_fail(crash, medium, "generation %llu was never there",
                   (unsigned long long)info->generation);
    if (state < expect->floor && !expect->damage)
        crash_fail(crash, medium, "state %u is there, %u was acknowledged", state, expect->floor);
    if (state < expect->safe && expect->damage && !info->read_only)
        crash_fail(crash, medium, "state %u would be written over, %u was acknowledged", state,
                   expect->floor);
    if (info->read_only && !expect->damage)
        crash_fail(crash, medium, "a power cut made the store read-only");
}

/* Everything in an open store. */
static void check_contents(struct crash *crash, const struct sim_medium *medium,
                           const struct crash_expect *expect, struct bough_store *store,
                           uint32_t state)
{
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;
    unsigned damaged = 0;
    const char *wrong = workload_compare(expect->work, store, &expect->work->states[state],
                                         expect->damage ? &damaged : NULL);

    if (wrong == NULL && !expect->damage)
        wrong = workload_compare_names(expect->work, store, state);
    if (wrong != NULL)
        crash_fail(crash, medium, "state %u (generation %llu) of %u..%u: %s", state,
                   (unsigned long long)expect->work->states[state].generation, expect->floor,
                   expect->ceiling, wrong);
    crash->trace = sim_mix(crash->trace, sim_mix(state, damaged));
    if (crash->long_run && expect->must_open && damaged == 0 && crash->recoveries % 16 != 0)
        return; /* a million flips: what they hit in older states is read at one in so many */
    if (bough_fsck(store, &options, &report) != BOUGH_OK)
        crash_fail(crash, medium, "fsck does not end");
    if (report.fault_count > 0 && !expect->damage)
        crash_fail(crash, medium, "fsck finds %llu faults", (unsigned long long)report.fault_count);
    if (damaged > 0 && report.fault_count == 0)
        crash_fail(crash, medium, "%u keys are damaged and fsck finds nothing", damaged);
    crash->damaged_count += damaged > 0;
    crash->trace = sim_mix(crash->trace, report.fault_count);
}

/* Opens what recovery left once more. */
static void check_again(struct crash *crash, struct sim_device *first, uint64_t generation)
{
    struct sim_medium left = sim_medium_copy(&crash->arena, &first->now);
    struct sim_device dev;
    struct bough_store_info info;
    struct bough_store *store;

    sim_device_init(&dev, &crash->arena, &left, first->base.block_size, NULL);
    if (crash_open(crash, &dev, &store) != BOUGH_OK)
        crash_fail(crash, &left, "recovery left a disk that does not open");
    bough_store_info(store, &info);
    bough_store_close(store);
    if (info.generation != generation)
        crash_fail(crash, &left, "a second recovery comes to another state");
}

uint32_t crash_check(struct crash *crash, const struct sim_medium *medium,
                     const struct crash_expect *expect)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    struct sim_device dev;
    struct bough_store_info info;
    struct bough_store *store;
    uint32_t state = UINT32_MAX;
    enum bough_err err;

    sim_device_init(&dev, &crash->arena, medium, crash->shape->block_size, NULL);
    err = crash_open(crash, &dev, &store);
    if (err != BOUGH_OK) {
        if (!expect->damage || expect->must_open)
            crash_fail(crash, medium, "the store does not open: %s", bough_err_name(err));
        crash->refused_count++;
        crash->trace = sim_mix(crash->trace, (uint64_t)err);
        bough_arena_back(&crash->arena, mark);
        return state;
    }
    bough_store_info(store, &info);
    crash->read_only_count += info.read_only;
    state = crash_state_of(expect->work, info.generation);
    check_range(crash, medium, expect, &info, state);
    check_contents(crash, medium, expect, store, state);
    bough_store_close(store);
    if (dev.write_count > 0 || crash->recoveries % 8 == 0)
        check_again(crash, &dev, info.generation);
    bough_arena_back(&crash->arena, mark);
    return state;
}

bool crash_is_new(struct crash *crash, const struct sim_crash *state, uint64_t salt)
{
    bool distinct = crash_set_add(&crash->distinct, state->medium->hash);

    crash->states++;
    crash->exhaustive += distinct && state->exhaustive;
    return crash_set_add(&crash->checked, sim_mix(state->medium->hash, salt));
}

bool crash_is_enough(const struct crash *crash)
{
    return crash->states_max != 0 && crash->states >= crash->states_max;
}
