/* SPDX-License-Identifier: ISC
 *
 * test_api_retention.c - policies over HTTP, and what a client sees of a history that was cut.
 *
 * How: a service on a small device collects after policies were set; then the log, revisions and
 * the git view are asked, with a branch beside it whose history is whole.
 */
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/journal.h"
#include "bough/txn.h"
#include "host_service.h"

static struct host_service host;

static int begin(void **state)
{
    struct bough_backend *backend;
    struct bough_block *dev;

    (void)state;
    assert_int_equal(bough_ram_open(host_env(), 4096, 2048, &dev), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), dev, NULL), BOUGH_OK);
    assert_int_equal(bough_journal_open(host_env(), dev, &backend), BOUGH_OK);
    host_service_begin(&host, backend);
    assert_int_equal(bough_git_open(host.service.store, 0, &host.service.git), BOUGH_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    loop_close(&host.loop);
    bough_git_close(host.service.git);
    bough_store_close(host.service.store);
    host.service.store = NULL;
    for (size_t i = 0; i < host.net.client_count; i++)
        assert_true(host.net.clients[i]->closed);
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

static unsigned count_of(const char *text, const char *word)
{
    unsigned count = 0;

    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
        count++;
    return count;
}

/* Whether the last response holds `text`, behind whatever NULs. */
static bool last_has(const char *text)
{
    const struct fake_client *client = host.net.clients[host.net.client_count - 1];

    for (size_t at = 0; at + strlen(text) <= client->got_len; at++)
        if (memcmp(client->got + at, text, strlen(text)) == 0)
            return true;
    return false;
}

static void test_api_retention__history_ends_where_the_policy_says(void **state)
{
    static char body[60001];
    char oldest[80];
    char target[160];
    const char *got;

    (void)state;
    for (int i = 0; i < 12; i++) {
        memset(body, 'a' + i, sizeof(body) - 1);
        got = ask("PUT", "/v1/b/main/k/big", body);
        assert_int_equal(host_service_status(got), 201 - (i > 0));
        if (i == 0)
            host_service_keep(oldest, sizeof(oldest), got, "Bough-Commit");
        if (i == 2)
            assert_int_equal(status_of("PUT", "/v1/branches/whole", "{}"), 201);
    }
    assert_int_equal(
        status_of("PUT", "/v1/retention", "{\"policies\":[{\"branch\":\"ma*\",\"commits\":3}]}"),
        204);
    assert_non_null(strstr(ask("GET", "/v1/retention", NULL),
                           "{\"policies\":[{\"branch\":\"ma*\",\"commits\":3,\"days\":0}]}"));
    assert_int_equal(count_of(ask("GET", "/v1/commits", NULL), "\"generation\""), 12);
    assert_int_equal(bough_collect_run(host.service.store), BOUGH_OK);
    bough_git_forget(host.service.git);

    assert_int_equal(count_of(ask("GET", "/v1/commits", NULL), "\"generation\""), 3);
    assert_int_equal(count_of(ask("GET", "/v1/commits?from=main,whole", NULL), "\"generation\""),
                     6);
    assert_int_equal(status_of("GET", "/v1/at/main~2/k/big", NULL), 200);
    assert_int_equal(status_of("GET", "/v1/at/main~3/k/big", NULL), 404);
    (void)snprintf(target, sizeof(target), "/v1/at/%s/k/big", oldest); /* of the other branch */
    assert_int_equal(status_of("GET", target, NULL), 200);
    assert_int_equal(status_of("PUT", "/v1/b/main/k/more", "x"), 201);
    assert_int_equal(status_of("PATCH", "/v1/branches/whole", "{\"to\":\"main\"}"), 409);

    got = ask("GET", "/bough.git/info/refs?service=git-upload-pack", NULL);
    assert_int_equal(host_service_status(got), 200);
    assert_true(last_has("refs/heads/whole"));
    assert_false(last_has(" refs/heads/main"));
}

static void test_api_retention__documents_that_make_no_sense_are_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"policies\":{}}",
        "{\"policies\":[1]}",
        "{\"policies\":[{\"branch\":\"a\"}]}",
        "{\"policies\":[{\"commits\":1}]}",
        "{\"policies\":[{\"branch\":\"\",\"commits\":1}]}",
        "{\"policies\":[{\"branch\":\"a\",\"commits\":-1}]}",
        "{\"policies\":[{\"branch\":\"a\",\"commits\":1,\"hours\":2}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (status_of("PUT", "/v1/retention", bad[i]) != 422)
            fail_msg("%s", bad[i]);
    assert_int_equal(status_of("PUT", "/v1/retention", "{\"policies\":[]}"), 204);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_api_retention__history_ends_where_the_policy_says),
        T(test_api_retention__documents_that_make_no_sense_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
