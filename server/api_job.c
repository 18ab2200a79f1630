/* SPDX-License-Identifier: ISC
 *
 * api_job.c - collections and scrubs on demand, and how far they are.
 *
 * Owns no data: the service's one job is in service.h.
 */
#include "api.h"
#include "reply.h"
#include <stdio.h>

/* What a collection has done. */
static void show_gc(const struct job *job, struct json_write *json)
{
    uint64_t freed =
        job->used_bytes_before > job->used_bytes ? job->used_bytes_before - job->used_bytes : 0;

    json_write_number(json, "objects_marked", job->marked_count);
    json_write_number(json, "used_bytes", job->used_bytes);
    json_write_number(json, "bytes_freed", freed);
}

/* What a scrub has found. */
static void show_scrub(const struct job *job, struct json_write *json)
{
    json_write_number(json, "checked_bytes", job->scrub.checked_bytes);
    json_write_number(json, "total_bytes", job->scrub.total_bytes);
    json_write_number(json, "records", job->scrub.record_count);
    json_write_number(json, "bad", job->scrub.bad_count);
    json_write_number(json, "replaced", job->scrub.replaced_count);
    json_write_number(json, "healed", job->scrub.healed_count);
}

static enum bough_err answer(struct request *request, unsigned status)
{
    const struct job *job = &request->service->job;
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    json_write_number(&json, "job", job->id);
    json_write_text(&json, "kind", job->kind == JOB_SCRUB ? "scrub" : "gc");
    json_write_text(&json, "state", job_state_name(job->state));
    json_write_text(&json, "phase", job_phase_name(job));
    if (job->kind == JOB_SCRUB)
        show_scrub(job, &json);
    else
        show_gc(job, &json);
    if (job->state == JOB_FAILED)
        json_write_text(&json, "error", bough_err_name(job->err));
    json_write_end(&json);
    if (status == 202)
        reply_field(request, "Location", "/v1/jobs/%llu", (unsigned long long)job->id);
    return reply_json_end(request, &out, status);
}

/* Whether a job of the other kind runs.  True: the reply says so. */
static bool is_taken(struct request *request, enum job_kind kind)
{
    const struct job *job = &request->service->job;

    if (job->state != JOB_RUNNING || job->kind == kind)
        return false;
    (void)reply_problem(request, PROBLEM_CONFLICT, "another job runs: there is one at a time");
    return true;
}

enum bough_err api_job_gc(struct request *request)
{
    struct service *service = request->service;

    if (service->read_only)
        return BOUGH_READ_ONLY;
    if (is_taken(request, JOB_GC))
        return BOUGH_OK;
    job_start(&service->job, service->store, service->collecting);
    return answer(request, 202);
}

enum bough_err api_job_scrub(struct request *request)
{
    struct service *service = request->service;

    if (is_taken(request, JOB_SCRUB))
        return BOUGH_OK;
    job_start_scrub(&service->job, service->store);
    return answer(request, 202);
}

/* Whether the path names the job.  False: the reply says no. */
static bool is_there(struct request *request)
{
    const struct job *job = &request->service->job;
    char id[24];

    (void)snprintf(id, sizeof(id), "%llu", (unsigned long long)job->id);
    if (job->id > 0 && bough_bytes_equal(request->words[0], bough_bytes_text(id)))
        return true;
    (void)reply_problem(request, PROBLEM_NO_SUCH_PATH, "only the job of last is known");
    return false;
}

enum bough_err api_job_get(struct request *request)
{
    return is_there(request) ? answer(request, 200) : BOUGH_OK;
}

enum bough_err api_job_delete(struct request *request)
{
    struct service *service = request->service;

    if (!is_there(request))
        return BOUGH_OK;
    if (job_cancel(&service->job, service->store) && service->job.kind == JOB_GC)
        service->collecting = BOUGH_COLLECT_NONE;
    return answer(request, 200);
}
