/* SPDX-License-Identifier: ISC
 *
 * job.h - long work that somebody asked for: a collection.
 */
#ifndef JOB_H
#define JOB_H

#include "bough/collect.h"

enum job_state { JOB_NONE, JOB_RUNNING, JOB_DONE, JOB_CANCELLED, JOB_FAILED };

/* The job of last; there is one at a time.  All zeros = none yet. */
struct job {
    uint64_t id; /* from 1 on, per start of the service */
    enum job_state state;
    bool waiting; /* for a collection that was under way when it was asked for */
    enum bough_collect_phase phase;
    uint64_t marked_count;
    uint64_t used_bytes_before;
    uint64_t used_bytes;
    enum bough_err err; /* why it failed */
};

/* Asks for a collection of all that is garbage now; one that is asked for already is that one.
 * `phase` is that of the collection under way. */
void job_start(struct job *job, struct bough_store *store, enum bough_collect_phase phase);

/* A step of collection has been made, with this result. */
void job_note(struct job *job, struct bough_store *store, enum bough_err err,
              const struct bough_collect_progress *progress);

/* Gives the collection up; false if the job is not running any more. */
bool job_cancel(struct job *job, struct bough_store *store);

/* "running", "done" and so on.  Static. */
const char *job_state_name(enum job_state state);

/* What the job does now: "wait", "mark", "clean", "none".  Static. */
const char *job_phase_name(const struct job *job);

#endif
