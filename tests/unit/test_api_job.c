/* SPDX-License-Identifier: ISC
 *
 * test_api_job.c - collection on demand, and readers that are in the middle of something.
 *
 * How: a service on a small device; a client that takes only a part of a large value, or of a
 * clone, waits while the value is deleted, collected and the device written full again; then it
 * must get the rest, byte for byte.
 */
#include "bough/blockdev.h"
#include "bough/journal.h"
#include "bough/ref.h"
#include "host_service.h"
#include "test_seed.h"

#define VALUE_BYTES 3000000u

static struct host_service host;
static char value[VALUE_BYTES + 1];

static int begin(void **state)
{
    struct bough_ref_log_window no_log = {0};
    struct bough_backend *backend;
    struct bough_block *dev;
    uint64_t seed = 1;

    (void)state;
    assert_int_equal(bough_ram_open(host_env(), 4096, 4096, &dev), BOUGH_OK); /* 16 MiB */
    assert_int_equal(bough_journal_format(host_env(), dev, NULL), BOUGH_OK);
    assert_int_equal(bough_journal_open(host_env(), dev, &backend), BOUGH_OK);
    host_service_begin(&host, backend);
    assert_int_equal(bough_git_open(host.service.store, 0, &host.service.git), BOUGH_OK);
    assert_int_equal(bough_ref_log_window_set(host.service.store, &no_log), BOUGH_OK);
    for (size_t i = 0; i < VALUE_BYTES; i++)
        value[i] = (char)('a' + (test_random(&seed) >> 40) % 26);
    assert_int_equal(host_service_status(host_service_ask(&host, "PUT", "/v1/b/main/k/a", "", "x")),
                     201);
    return 0;
}

static int end(void **state)
{
    (void)state;
    loop_close(&host.loop);
    bough_git_close(host.service.git);
    bough_store_close(host.service.store);
    host.service.store = NULL;
    fake_net_free(&host.net);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
    return 0;
}

static const char *ask(const char *method, const char *target, const char *body)
{
    return host_service_ask(&host, method, target, "", body);
}

static int status_of(const char *method, const char *target, const char *body)
{
    return host_service_status(ask(method, target, body));
}

/* A branch with the large value, which nothing else leads to. */
static void make_branch(void)
{
    assert_int_equal(status_of("PUT", "/v1/branches/dev", "{}"), 201);
    assert_int_equal(status_of("PUT", "/v1/b/dev/k/big", value), 201);
}

/* One request on a connection that is kept. */
static int say(struct fake_client *client, const char *method, const char *target, const char *body)
{
    static char text[500000];

    (void)snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n%s",
                   method, target, strlen(body), body);
    return host_service_status(host_service_say(&host, client, text));
}

/* Deletes the branch, collects, and writes other things until what was freed is overwritten. */
static void overwrite(void)
{
    struct fake_client *client = fake_connect(&host.net);
    static char other[400001];

    assert_int_equal(say(client, "DELETE", "/v1/branches/dev", ""), 204);
    for (int round = 0; round < 120; round++) {
        memset(other, 'A' + round % 26, sizeof(other) - 1);
        other[0] = (char)('0' + round / 26);
        assert_int_equal(say(client, "PUT", "/v1/branches/tmp", "{}"), 201);
        assert_int_equal(say(client, "PUT", "/v1/b/tmp/k/o", other), 201);
        assert_int_equal(say(client, "DELETE", "/v1/branches/tmp", ""), 204);
        if (round % 8 == 7)
            assert_int_equal(say(client, "POST", "/v1/admin/gc", ""), 202);
    }
    assert_true(host.service.stats.collection_count > 8);
}

/* Sends a request but takes only `bytes` of the reply. */
static struct fake_client *begin_slowly(const char *request, size_t bytes)
{
    struct fake_client *client = fake_connect(&host.net);

    client->window_bytes = bytes;
    fake_send(client, request, strlen(request));
    host_service_turn(&host);
    return client;
}

static void test_api_job__a_collection_is_asked_for_and_followed(void **state)
{
    const char *got;

    (void)state;
    make_branch();
    assert_int_equal(status_of("DELETE", "/v1/branches/dev", NULL), 204);
    assert_int_equal(status_of("GET", "/v1/jobs/1", NULL), 404);
    got = ask("POST", "/v1/admin/gc", "");
    assert_int_equal(host_service_status(got), 202);
    assert_string_equal(host_service_field(got, "Location"), "/v1/jobs/1");
    host_service_turn(&host);
    got = ask("GET", "/v1/jobs/1", NULL);
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"state\":\"done\",\"phase\":\"none\""));
    assert_null(strstr(got, "\"bytes_freed\":0}"));
    assert_string_equal(host_service_field(ask("POST", "/v1/admin/gc", ""), "Location"),
                        "/v1/jobs/2");
    assert_int_equal(status_of("GET", "/v1/jobs/1", NULL), 404);
    assert_string_equal(host_service_body(ask("GET", "/v1/b/main/k/a", NULL)), "x");
}

static void test_api_job__it_can_be_given_up(void **state)
{
    struct job *job = &host.service.job;

    (void)state;
    make_branch();
    job_start(job, host.service.store, BOUGH_COLLECT_NONE);
    assert_int_equal(job->state, JOB_RUNNING);
    job_start(job, host.service.store, BOUGH_COLLECT_NONE); /* the same one */
    assert_int_equal(job->id, 1);
    assert_true(job_cancel(job, host.service.store));
    assert_false(job_cancel(job, host.service.store));
    assert_non_null(
        strstr(ask("DELETE", "/v1/jobs/1", NULL), "\"state\":\"cancelled\",\"phase\":\"none\""));
    assert_int_equal(status_of("GET", "/v1/b/dev/k/big", NULL), 200);
}

static void test_api_job__a_scrub_is_asked_for_and_followed(void **state)
{
    const char *got;

    (void)state;
    make_branch();
    got = ask("POST", "/v1/admin/scrub", "");
    assert_int_equal(host_service_status(got), 202);
    assert_string_equal(host_service_field(got, "Location"), "/v1/jobs/1");
    assert_non_null(strstr(got, "\"kind\":\"scrub\",\"state\":\"running\",\"phase\":\"read\""));
    host_service_turn(&host);
    got = ask("GET", "/v1/jobs/1", NULL);
    assert_non_null(strstr(got, "\"state\":\"done\",\"phase\":\"none\""));
    assert_non_null(strstr(got, "\"bad\":0,\"replaced\":0,\"healed\":0}"));
    assert_null(strstr(got, "\"records\":0,"));
    job_start_scrub(&host.service.job, host.service.store);
    assert_int_equal(status_of("POST", "/v1/admin/gc", ""), 409); /* one job at a time */
    assert_int_equal(status_of("POST", "/v1/admin/gc", ""), 202);
}

static void test_api_job__a_scrub_is_given_up_or_unknown(void **state)
{
    struct job *job = &host.service.job;

    (void)state;
    make_branch();
    job_start_scrub(job, host.service.store);
    job_start_scrub(job, host.service.store); /* the same one */
    assert_int_equal(job->id, 1);
    assert_string_equal(job_phase_name(job), "read");
    assert_non_null(strstr(ask("DELETE", "/v1/jobs/1", NULL), "\"state\":\"cancelled\""));
    job_start_scrub(job, host.service.store);
    job_note_scrub(job, BOUGH_UNSUPPORTED, NULL);
    assert_non_null(strstr(ask("GET", "/v1/jobs/2", NULL), "\"error\":\"unsupported\""));
}

/* A clone, protocol 2: everything that `id` leads to. */
static void test_api_job__a_clone_under_way_is_not_overwritten(void **state)
{
    static const char type[] = "Content-Type: application/x-git-upload-pack-request\r\n"
                               "Git-Protocol: version=2\r\n";
    struct fake_client *whole;
    struct fake_client *client;
    static char part[200001];
    char id[41] = "";
    char text[600];
    char body[200];
    const char *at;

    (void)state;
    make_branch();
    for (size_t i = 0; i < 10; i++) { /* more than is read ahead */
        (void)snprintf(text, sizeof(text), "/v1/b/dev/k/part%zu", i);
        memcpy(part, value + i * 250000, 200000);
        part[0] = '.';
        assert_int_equal(status_of("PUT", text, part), 201);
    }
    (void)ask("GET", "/bough.git/info/refs?service=git-upload-pack", NULL);
    whole = host.net.clients[host.net.client_count - 1];
    for (size_t i = 0; i + 60 < whole->got_len; i++)
        if (memcmp(whole->got + i, " refs/heads/dev", 15) == 0)
            memcpy(id, whole->got + i - 40, 40);
    assert_int_equal(strlen(id), 40);
    (void)snprintf(body, sizeof(body),
                   "0012command=fetch\n00010010no-progress\n0032want %s\n0009done\n0000", id);
    (void)snprintf(text, sizeof(text),
                   "POST /bough.git/git-upload-pack HTTP/1.1\r\nHost: t\r\n%s"
                   "Content-Length: %zu\r\n\r\n%s",
                   type, strlen(body), body);
    whole = begin_slowly(text, (size_t)1 << 30);
    assert_int_equal(host_service_status(whole->got), 200);
    assert_true(whole->got_len > 500000);
    bough_git_close(host.service.git); /* and what it keeps of values */
    assert_int_equal(bough_git_open(host.service.store, 0, &host.service.git), BOUGH_OK);
    client = begin_slowly(text, 20000);
    assert_int_equal(client->got_len, 20000);
    overwrite();
    client->window_bytes = (size_t)1 << 30;
    fake_refresh(client);
    host_service_turn(&host);
    assert_int_equal(client->got_len, whole->got_len);
    at = strstr(whole->got, "\r\n\r\n"); /* request ids differ, the packs do not */
    assert_non_null(at);
    assert_memory_equal(client->got + (at - whole->got), at,
                        whole->got_len - (size_t)(at - whole->got));
}

static void test_api_job__a_value_being_sent_is_not_overwritten(void **state)
{
    struct fake_client *client;

    (void)state;
    make_branch();
    client = begin_slowly("GET /v1/b/dev/k/big HTTP/1.1\r\nHost: t\r\n\r\n", 300000);
    overwrite();
    assert_int_equal(client->got_len, 300000);
    client->window_bytes = (size_t)1 << 30;
    fake_refresh(client);
    host_service_turn(&host);
    assert_memory_equal(host_service_body(client->got), value, VALUE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_api_job__a_collection_is_asked_for_and_followed, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_api_job__a_scrub_is_asked_for_and_followed, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_api_job__a_scrub_is_given_up_or_unknown, begin, end),
        cmocka_unit_test_setup_teardown(test_api_job__it_can_be_given_up, begin, end),
        cmocka_unit_test_setup_teardown(test_api_job__a_value_being_sent_is_not_overwritten, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_api_job__a_clone_under_way_is_not_overwritten, begin,
                                        end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
