/* SPDX-License-Identifier: ISC
 *
 * job.c - long work that somebody asked for: a collection.
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
                        .state = JOB_RUNNING,
                        .waiting = phase != BOUGH_COLLECT_NONE,
                        .phase = BOUGH_COLLECT_MARK,
                        .used_bytes_before = used_bytes(store),
                        .used_bytes = used_bytes(store)};
    assert(job->id > 0);
}

void job_note(struct job *job, struct bough_store *store, enum bough_err err,
              const struct bough_collect_progress *progress)
{
    if (job->state != JOB_RUNNING)
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
    return job->state == JOB_RUNNING && job->waiting ? "wait" : names[job->phase];
}
