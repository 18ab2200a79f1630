/* SPDX-License-Identifier: ISC
 *
 * cmd_gc.c - the verbs gc and scrub: long work of the server, asked for and waited for.
 */
#include "cmd_gc.h"
#include "json_read.h"
#include "progress.h"
#include "session.h"
#include <time.h>

#define POLL_NS 100000000l

/* A number of the job's document; 0 when it is not there. */
static uint64_t number_of(const struct json *job, const char *name)
{
    int64_t number = 0;

    return json_read_integer(json_read_member(job, name), &number) && number > 0 ? (uint64_t)number
                                                                                 : 0;
}

static bool is_state(const struct json *job, const char *state)
{
    const struct json *value = json_read_member(job, "state");

    return value != NULL && bough_bytes_equal(value->text, bough_bytes_text(state));
}

/* Asks how far the job is until it is over; *job is what the server said last. */
static enum exit_status wait_for(struct session *session, bool is_scrub, const struct json **job,
                                 struct http_response *response)
{
    struct http_request request = {.method = "GET"};
    const struct timespec pause = {.tv_nsec = POLL_NS};
    struct progress progress;
    enum exit_status status = EXIT_OK;
    size_t error_at;

    progress_begin(&progress, session->options, is_scrub ? "bytes checked" : "objects found");
    while (status == EXIT_OK) {
        if (json_read(response->body, &session->arena, job, &error_at) != BOUGH_OK) {
            status = EXIT_CORRUPT;
            break;
        }
        if (!is_state(*job, "running"))
            break;
        if (is_scrub)
            progress_show(&progress, number_of(*job, "checked_bytes"),
                          number_of(*job, "total_bytes"));
        else
            progress_show(&progress, number_of(*job, "objects_marked"), 0);
        (void)nanosleep(&pause, NULL);
        request.target =
            session_text(session, "/v1/jobs/%llu", (unsigned long long)number_of(*job, "job"));
        status = session_call(session, &request, NULL, response);
    }
    progress_end(&progress);
    return status;
}

/* Says what came of it. */
static void tell(bool is_scrub, const struct json *job)
{
    if (!is_scrub) {
        printf("%llu bytes freed, %llu in use\n", (unsigned long long)number_of(job, "bytes_freed"),
               (unsigned long long)number_of(job, "used_bytes"));
        return;
    }
    printf("%llu records are right, %llu were healed, %llu cannot be read%s\n",
           (unsigned long long)number_of(job, "records"),
           (unsigned long long)number_of(job, "healed"), (unsigned long long)number_of(job, "bad"),
           number_of(job, "bad") > 0 ? ": bough fsck says what is lost" : "");
}

/* One job from beginning to end. */
static enum exit_status run(struct options *options, bool is_scrub)
{
    struct http_request request = {.method = "POST",
                                   .target = is_scrub ? "/v1/admin/scrub" : "/v1/admin/gc"};
    struct http_response response;
    const struct json *job;
    struct session session;
    enum exit_status status = session_open(&session, options);

    request.body = bough_bytes_text("");
    if (status == EXIT_OK)
        status = session_call(&session, &request, NULL, &response);
    if (status == EXIT_OK)
        status = wait_for(&session, is_scrub, &job, &response);
    if (status == EXIT_OK && options->json)
        printf("%.*s", (int)response.body.len, (const char *)response.body.at);
    else if (status == EXIT_OK && is_state(job, "done"))
        tell(is_scrub, job);
    if (status == EXIT_OK && number_of(job, "bad") > 0)
        status = EXIT_CORRUPT;
    if (status == EXIT_OK && !is_state(job, "done")) {
        const struct json *error = json_read_member(job, "error");

        fprintf(stderr, "bough: the %s was given up: %.*s\n", is_scrub ? "scrub" : "collection",
                error == NULL ? 9 : (int)error->text.len,
                error == NULL ? "cancelled" : (const char *)error->text.at);
        status = EXIT_LIMIT;
    }
    session_close(&session);
    return status;
}

enum exit_status cmd_gc(struct options *options)
{
    return run(options, false);
}

enum exit_status cmd_gc_scrub(struct options *options)
{
    return run(options, true);
}
