/* SPDX-License-Identifier: ISC
 *
 * job.c - long work that somebody asked for: a collection, or a scrub.
 *
 * Owns nothing: the loop makes the steps (loop.c), this counts them.
 *   (1) A job is done when a collection that began after it was asked for is done: one that was
 * under way may have passed what has become garbage since.
 */
#include "job.h"
#include <assert.h>

static uint64_t used_bytes(const struct bough_store *store)
{
    struct bough_store_info info;

    bough_store_info(store, &info);
    return info.used_bytes;
}

void job_start(struct job *job, struct bough_store *store, enum bough_collect_phase phase)
{
    if (job->state == JOB_RUNNING)
        return;
    *job = (struct job){.id = job->id + 1,
                        .kind = JOB_GC,
                        .state = JOB_RUNNING,
                        .waiting = phase != BOUGH_COLLECT_NONE,
                        .phase = BOUGH_COLLECT_MARK,
                        .used_bytes_before = used_bytes(store),
                        .used_bytes = used_bytes(store)};
    assert(job->id > 0);
}

void job_start_scrub(struct job *job, struct bough_store *store)
{
    uint64_t used = used_bytes(store);

    if (job->state == JOB_RUNNING)
        return;
    bough_scrub_cancel(store); /* one that was given up by an error */
    *job = (struct job){.id = job->id + 1,
                        .kind = JOB_SCRUB,
                        .state = JOB_RUNNING,
                        .used_bytes_before = used,
                        .used_bytes = used};
    assert(job->id > 0);
}

bool job_is_running(const struct job *job, enum job_kind kind)
{
    return job->state == JOB_RUNNING && job->kind == kind;
}

void job_note_scrub(struct job *job, enum bough_err err, const struct bough_scrub_report *report)
{
    assert(job_is_running(job, JOB_SCRUB));
    if (err != BOUGH_OK) {
        job->state = JOB_FAILED;
        job->err = err;
        return;
    }
    job->scrub = *report;
    if (report->done)
        job->state = JOB_DONE;
}

void job_note(struct job *job, struct bough_store *store, enum bough_err err,
              const struct bough_collect_progress *progress)
{
    if (!job_is_running(job, JOB_GC))
        return;
    job->used_bytes = used_bytes(store);
    if (err != BOUGH_OK) {
        job->state = JOB_FAILED;
        job->err = err;
    } else if (job->waiting) {
        job->waiting = progress->phase != BOUGH_COLLECT_NONE;
    } else {
        job->phase = progress->phase;
        if (progress->marked_count > job->marked_count)
            job->marked_count = progress->marked_count;
        if (progress->phase == BOUGH_COLLECT_NONE)
            job->state = JOB_DONE;
    }
    if (job->state != JOB_RUNNING)
        job->phase = BOUGH_COLLECT_NONE;
}

bool job_cancel(struct job *job, struct bough_store *store)
{
    if (job->state != JOB_RUNNING)
        return false;
    if (job->kind == JOB_SCRUB)
        bough_scrub_cancel(store);
    else
        bough_collect_cancel(store);
    job->used_bytes = used_bytes(store);
    job->state = JOB_CANCELLED;
    job->phase = BOUGH_COLLECT_NONE;
    return true;
}

const char *job_state_name(enum job_state state)
{
    static const char *const names[] = {"none", "running", "done", "cancelled", "failed"};

    assert((unsigned)state < sizeof(names) / sizeof(names[0]));
    return names[state];
}

const char *job_phase_name(const struct job *job)
{
    static const char *const names[] = {"none", "mark", "clean"};

    assert((unsigned)job->phase < sizeof(names) / sizeof(names[0]));
    if (job_is_running(job, JOB_SCRUB))
        return "read";
    return job->state == JOB_RUNNING && job->waiting ? "wait" : names[job->phase];
}
