/* SPDX-License-Identifier: ISC
 *
 * job.h - long work that somebody asked for: a collection, or a scrub.
 */
#ifndef JOB_H
#define JOB_H

#include "bough/collect.h"
#include "bough/scrub.h"

enum job_state { JOB_NONE, JOB_RUNNING, JOB_DONE, JOB_CANCELLED, JOB_FAILED };

enum job_kind { JOB_GC, JOB_SCRUB };

/* The job of last; there is one at a time.  All zeros = none yet. */
struct job {
    uint64_t id; /* from 1 on, per start of the service */
    enum job_kind kind;
    enum job_state state;
    bool waiting; /* for a collection that was under way when it was asked for */
    enum bough_collect_phase phase;
    uint64_t marked_count;
    uint64_t used_bytes_before;
    uint64_t used_bytes;
    struct bough_scrub_report scrub;
    enum bough_err err; /* why it failed */
};

/* Asks for a collection of all that is garbage now; one that is asked for already is that one.
 * `phase` is that of the collection under way. */
void job_start(struct job *job, struct bough_store *store, enum bough_collect_phase phase);

/* Asks for a scrub; one that runs already is that one. */
void job_start_scrub(struct job *job, struct bough_store *store);

/* Whether a job of this kind runs. */
bool job_is_running(const struct job *job, enum job_kind kind);

/* A step of a scrub has been made, with this result. */
void job_note_scrub(struct job *job, enum bough_err err, const struct bough_scrub_report *report);

/* A step of collection has been made, with this result. */
void job_note(struct job *job, struct bough_store *store, enum bough_err err,
              const struct bough_collect_progress *progress);

/* Gives the work up; false if the job is not running any more. */
bool job_cancel(struct job *job, struct bough_store *store);

/* "running", "done" and so on.  Static. */
const char *job_state_name(enum job_state state);

/* What the job does now: "wait", "mark", "clean", "read", "none".  Static. */
const char *job_phase_name(const struct job *job);

#endif
