/* SPDX-License-Identifier: ISC
 *
 * crash.h - what the modes of the crash simulator share: options, counts, and the question whether
 * a disk is one that a store may leave.
 */
#ifndef CRASH_H
#define CRASH_H

#include "sim_crash.h"
#include "workload.h"

/* A set of 64-bit hashes. */
struct crash_set {
    uint64_t *places;
    size_t place_count; /* a power of two */
    size_t used_count;
};

struct crash {
    struct bough_env env;
    struct bough_arena arena;
    struct crash_set distinct; /* media */
    struct crash_set checked;  /* media with what was expected of them */

    /* Options. */
    const char *mode;
    const char *only_shape; /* NULL = all */
    const char *plant;      /* name of a planted bug of the device; NULL = none */
    const char *dump;       /* where the disk goes that shows a violation */
    struct sim_faults planted;
    uint64_t first_seed;
    unsigned rounds;
    uint64_t states_max; /* stop after so many; 0 = none */
    bool long_run;

    /* Where it is. */
    const struct workload_shape *shape;
    uint64_t seed;
    unsigned lives; /* machines so far */

    /* Counts. */
    uint64_t states;
    uint64_t exhaustive; /* of those, distinct members of sets taken whole */
    uint64_t recoveries;
    uint64_t torn_count;     /* states with part of an unfinished group, which was discarded */
    uint64_t lost_count;     /* unacknowledged work was gone */
    uint64_t kept_count;     /* unacknowledged work had survived */
    uint64_t nested[3];      /* recoveries after a crash at depth 0, 1, 2 */
    uint64_t killed_count;   /* machines begun on a disk whose cache was not flushed */
    uint64_t fallback_count; /* opened although the first copy of the superblock was damaged */
    uint64_t commit_count;
    uint64_t settled_count; /* nodes of history that were given another form */
    uint64_t fault_count;   /* runs with an injected fault */
    uint64_t full_count;    /* disks that were full */
    uint64_t refused_count;
    uint64_t damaged_count; /* disks on which something answered that it is damaged */
    uint64_t read_only_count;
    uint64_t trace; /* hash of all verdicts */
};

/* What may be found on a disk. */
struct crash_expect {
    const struct workload *work;
    uint32_t floor;
    uint32_t ceiling;
    bool damage;    /* what is damaged may say so, and the state may be older than `floor` if ... */
    bool must_open; /* with `damage`: may the store refuse to open? */
    uint32_t safe;  /* with `damage`: ... it is read-only, or not older than this */
};

/* Prints what is wrong and the one command that shows it again, and ends the program. */
BOUGH_PRINTF(3, 4)
_Noreturn void crash_fail(struct crash *crash, const struct sim_medium *medium, const char *format,
                          ...);

/* Adds a hash; whether it was new. */
bool crash_set_add(struct crash_set *set, uint64_t hash);

/* Opens a store on a device, without a cache worth mentioning. */
enum bough_err crash_open(struct crash *crash, struct sim_device *dev, struct bough_store **store);

/* A disk with an empty store of the present shape and seed, of `kib` KiB (0 = as the shape says);
 * in crash->arena. */
struct sim_medium crash_format(struct crash *crash, uint32_t kib);

/* Opens a copy of the disk, compares everything with the one state it may hold, runs fsck, and
 * opens it once more (O1, O2, O4).  The state that was found, or UINT32_MAX when it may not open
 * and does not.  Ends the program on a violation. */
uint32_t crash_check(struct crash *crash, const struct sim_medium *medium,
                     const struct crash_expect *expect);

/* The state of `work` with a generation; UINT32_MAX when there is none. */
uint32_t crash_state_of(const struct workload *work, uint64_t generation);

/* Counts a state, and says whether it must be checked: not if the same disk was checked already
 * with the same expectation (`salt`). */
bool crash_is_new(struct crash *crash, const struct sim_crash *state, uint64_t salt);

/* Whether enough was done. */
bool crash_is_enough(const struct crash *crash);

/* The modes; each ends the program on a violation.  crash_power.c: */
void crash_power_exhaustive(struct crash *crash);
/* Crashes inside recovery and in the first transactions after it, two deep; killed processes. */
void crash_power_nested(struct crash *crash);

/* crash_faults.c: the k-th operation fails. */
void crash_faults_eio(struct crash *crash);
/* Lost and misdirected writes, misdirected reads. */
void crash_faults_stray(struct crash *crash);
/* Flipped bytes. */
void crash_faults_rot(struct crash *crash);

/* crash_disks.c: flushes that do nothing. */
void crash_disks_lying(struct crash *crash);
/* Disks that are too small, were cut, have grown. */
void crash_disks_full(struct crash *crash);
/* Disks of others, of newer versions, and those that were being formatted. */
void crash_disks_foreign(struct crash *crash);

#endif
