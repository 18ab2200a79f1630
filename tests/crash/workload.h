/* SPDX-License-Identifier: ISC
 *
 * workload.h - what is done to a store, as a function of a seed, and a model in plain arrays of
 * what must be there after each transaction.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include "bough/txn.h"
#include "sim_device.h"

#define WORKLOAD_BRANCHES   4u
#define WORKLOAD_TAGS       4u
#define WORKLOAD_KEYS       24u
#define WORKLOAD_STATES_MAX 512u

/* A kind of workload. */
struct workload_shape {
    const char *name;
    uint32_t block_size;
    uint32_t device_kib;
    unsigned txn_count;
    unsigned sync_percent;    /* how many transactions are followed by a sync */
    unsigned edits_max;       /* of one transaction */
    unsigned ref_percent;     /* transactions that make, move and delete branches and tags */
    unsigned object_percent;  /* values with an object of their own; the others are inline */
    unsigned chunked_percent; /* values of several chunks */
    unsigned fixed_bytes;     /* all values have this length: attempts at one group look alike */
    unsigned collect_percent; /* syncs that a collection of garbage follows */
    unsigned collect_steps;   /* of it, at most so many small steps at a time; 0 = all of it */
    unsigned keeps;           /* so many commits of each branch, and few moves of refs; 0 = all */
    uint32_t grow_kib;        /* the disk of each machine is so much larger than that before */
    unsigned one_in;          /* power cuts are tried at one operation in so many; 0 = at all */
};

/* All shapes; a NULL name ends them. */
extern const struct workload_shape workload_shapes[];

struct workload_branch {
    bool exists;
    struct bough_hash head;
    uint32_t values[WORKLOAD_KEYS]; /* 0 = no such key; else what its bytes are made from */
};

struct workload_tag {
    bool exists;
    struct bough_hash name;
};

/* The store after a transaction. */
struct workload_state {
    uint64_t generation;
    size_t begin_op; /* operations of the device before the transaction began */
    struct workload_branch branches[WORKLOAD_BRANCHES];
    struct workload_tag tags[WORKLOAD_TAGS];
};

/* From this operation on the state is one that was promised to stay. */
struct workload_ack {
    size_t op;
    uint32_t state;
};

struct workload {
    const struct workload_shape *shape;
    uint64_t value_seed;
    uint64_t random;
    struct workload_state *states; /* states[0] is the one it began with */
    uint32_t state_count;
    struct workload_ack *acks; /* in ascending order of op */
    uint32_t ack_count;
    uint32_t refused_count; /* calls that answered with an error */
    uint32_t synced_count;
    uint32_t pause;         /* syncs before a collection goes on */
    uint64_t settled_count; /* nodes of history that collections have settled */
};

/* A workload that begins with an empty store of generation 0; its memory is in `arena`. */
void workload_init(struct workload *work, struct bough_arena *arena,
                   const struct workload_shape *shape, uint64_t seed);

/* A workload that begins where `from` had `state`, and goes another way. */
void workload_init_after(struct workload *work, struct bough_arena *arena,
                         const struct workload *from, uint32_t state, uint64_t seed);

/* The identity that stores of this seed are formatted with. */
struct bough_identity workload_identity(uint64_t seed);

/* Promises the newest state from the device's present operation on. */
void workload_acknowledge(struct workload *work, const struct sim_device *dev);

/* Does `txn_count` transactions and syncs some of them.  Errors are counted; an error that the
 * faults of `dev` do not explain, or a success that they forbid, is NULL's opposite: what is wrong.
 */
const char *workload_run(struct workload *work, struct bough_store *store,
                         const struct sim_device *dev, unsigned txn_count);

/* The newest state that was promised when so many operations had been asked. */
uint32_t workload_floor(const struct workload *work, size_t op_count);

/* The newest state that can be there then. */
uint32_t workload_ceiling(const struct workload *work, size_t op_count);

/* Compares all refs, all keys and all values of the store with a state.  NULL, or what is wrong.
 * With `damaged`, what answers that it cannot be read is counted there and not wrong. */
const char *workload_compare(const struct workload *work, struct bough_store *store,
                             const struct workload_state *state, unsigned *damaged);

/* Whether commits up to `state` are found by name, and those of later ones are not; NULL = yes.
 * Where history expires, one that is found must be there with all its keys. */
const char *workload_compare_names(const struct workload *work, struct bough_store *store,
                                   uint32_t state);

#endif
