/* SPDX-License-Identifier: ISC
 *
 * test_api_git.c - git's requests find the git view, and what is no such request is refused in
 * words.
 *
 * Proves it by the requests a git client sends, bytes as git http-protocol.txt gives them; that
 * stock git understands the rest is proven elsewhere, with stock git.
 */
#include "host_service.h"

static struct host_service host;

static int begin(void **state)
{
    (void)state;
    host_service_begin(&host, NULL);
    assert_int_equal(bough_git_open(host.service.store, 0, &host.service.git), BOUGH_OK);
    assert_int_equal(host_service_status(host_service_ask(&host, "PUT", "/v1/b/main/k/a", "", "x")),
                     201);
    return 0;
}

static int end(void **state)
{
    (void)state;
    loop_close(&host.loop);
    bough_git_close(host.service.git);
    host_service_end(&host);
    return 0;
}

#define UPLOAD_TYPE  "Content-Type: application/x-git-upload-pack-request\r\n"
#define RECEIVE_TYPE "Content-Type: application/x-git-receive-pack-request\r\n"

static const char *ask(const char *method, const char *target, const char *fields, const char *body)
{
    return host_service_ask(&host, method, target, fields, body);
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

static void test_api_git__refs_are_advertised_in_the_asked_protocol(void **state)
{
    const char *got = ask("GET", "/bough.git/info/refs?service=git-upload-pack", "", NULL);

    (void)state;
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(host_service_field(got, "Content-Type"),
                        "application/x-git-upload-pack-advertisement");
    assert_non_null(strstr(host_service_field(got, "Cache-Control"), "no-cache"));
    assert_string_equal(host_service_field(got, "Transfer-Encoding"), "chunked");
    assert_true(last_has("001e# service=git-upload-pack\n0000"));
    assert_true(last_has(" refs/heads/main\n"));
    assert_true(last_has("\r\n0\r\n\r\n"));
    got = ask("GET", "/bough.git/info/refs?service=git-upload-pack", "Git-Protocol: version=2\r\n",
              NULL);
    assert_int_equal(host_service_status(got), 200);
    assert_true(last_has("000eversion 2\n"));
    got = ask("GET", "/bough.git/info/refs?service=git-receive-pack", "", NULL);
    assert_string_equal(host_service_field(got, "Content-Type"),
                        "application/x-git-receive-pack-advertisement");
}

static void test_api_git__what_is_not_smart_is_refused_in_words(void **state)
{
    (void)state;
    assert_int_equal(host_service_status(ask("GET", "/bough.git/info/refs", "", NULL)), 403);
    assert_int_equal(
        host_service_status(ask("GET", "/bough.git/info/refs?service=git-x", "", NULL)), 403);
    assert_int_equal(host_service_status(ask("GET", "/bough.git/HEAD", "", NULL)), 403);
    assert_int_equal(host_service_status(ask("GET", "/bough.git/objects/info/packs", "", NULL)),
                     403);
    assert_int_equal(
        host_service_status(ask("GET", "/other.git/info/refs?service=git-upload-pack", "", NULL)),
        404);
    assert_int_equal(host_service_status(ask("GET", "/bough.git/git-upload-pack", "", NULL)), 405);
    assert_int_equal(host_service_status(ask("POST", "/bough.git/git-upload-pack", "", "0000")),
                     415);
    assert_int_equal(
        host_service_status(ask("POST", "/bough.git/git-receive-pack", UPLOAD_TYPE, "0000")), 415);
    assert_int_equal(
        host_service_status(ask("POST", "/bough.git/git-receive-pack", RECEIVE_TYPE, NULL)), 411);
}

static void test_api_git__the_probe_before_a_large_push_is_answered(void **state)
{
    const char *got = ask("POST", "/bough.git/git-receive-pack", RECEIVE_TYPE, "0000");

    (void)state;
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(host_service_field(got, "Content-Type"),
                        "application/x-git-receive-pack-result");
}

static void test_api_git__a_reply_of_unknown_length_needs_http_1_1(void **state)
{
    struct fake_client *client = fake_connect(&host.net);
    const char *got = host_service_say(
        &host, client, "GET /bough.git/info/refs?service=git-upload-pack HTTP/1.0\r\n\r\n");

    (void)state;
    assert_int_equal(host_service_status(got), 505);
}

static void test_api_git__a_push_that_stops_in_the_middle_leaves_nothing(void **state)
{
    struct fake_client *client = fake_connect(&host.net);

    (void)state;
    (void)host_service_say(&host, client,
                           "POST /bough.git/git-receive-pack HTTP/1.1\r\nHost: t\r\n" RECEIVE_TYPE
                           "Content-Length: 1000\r\n\r\n0098");
    client->end = true;
    fake_refresh(client);
    host_service_turn(&host);
    assert_int_equal(host_service_status(client->got), 400);
    assert_true(client->closed);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_api_git__refs_are_advertised_in_the_asked_protocol),
        T(test_api_git__what_is_not_smart_is_refused_in_words),
        T(test_api_git__the_probe_before_a_large_push_is_answered),
        T(test_api_git__a_reply_of_unknown_length_needs_http_1_1),
        T(test_api_git__a_push_that_stops_in_the_middle_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
