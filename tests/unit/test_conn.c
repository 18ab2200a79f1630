/* SPDX-License-Identifier: ISC
 *
 * test_conn.c - connections: order, framing, limits, time.
 *
 * Proves it on a network in memory whose clock the test moves: the same bytes in one piece and one
 * by one give the same replies, and each timeout is tried a moment before and at its figure.
 */
#include "host_service.h"

static struct host_service host;

static int begin(void **state)
{
    (void)state;
    host_service_begin(&host, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    host_service_end(&host);
    return 0;
}

static int count(const char *text, const char *what)
{
    int found = 0;

    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        found++;
    return found;
}

#define LIVE "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"

static void test_conn__a_request_gets_its_reply_and_the_connection_stays(void **state)
{
    struct fake_client *client = fake_connect(&host.net);

    (void)state;
    for (int i = 0; i < 3; i++) {
        const char *got = host_service_say(&host, client, LIVE);

        assert_int_equal(host_service_status(got), 200);
        assert_string_equal(host_service_body(got), "ok\n");
        assert_string_equal(host_service_field(got, "Date"), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_string_equal(host_service_field(got, "Content-Length"), "3");
        assert_int_equal(strlen(host_service_field(got, "Bough-Request-Id")), 16);
    }
    assert_false(client->closed);
}

static void test_conn__bytes_one_by_one_mean_the_same(void **state)
{
    static const char text[] =
        "PUT /v1/b/main/k/a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked"
        "\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n" LIVE
        "GET /v1/b/main/k/a HTTP/1.1\r\nHost: t\r\n\r\n";
    struct fake_client *client = fake_connect(&host.net);

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        fake_send(client, &text[i], 1);
        host_service_turn(&host);
    }
    assert_int_equal(count(client->got, "HTTP/1.1 201 Created"), 1);
    assert_int_equal(count(client->got, "HTTP/1.1 200 OK"), 2);
    assert_non_null(strstr(client->got, "\r\n\r\nabcde"));
}

static void test_conn__replies_come_in_the_order_of_requests(void **state)
{
    struct fake_client *client = fake_connect(&host.net);
    const char *at;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        char text[128];
        int len = snprintf(text, sizeof(text), "GET /none/%d HTTP/1.1\r\nHost: t\r\n\r\n" LIVE, i);

        fake_send(client, text, (size_t)len);
    }
    host_service_turn(&host);
    assert_int_equal(count(client->got, "HTTP/1.1 404"), 1000);
    assert_int_equal(count(client->got, "HTTP/1.1 200"), 1000);
    at = client->got;
    for (int i = 0; i < 1000; i++) {
        at = strstr(at, "HTTP/1.1 404");
        assert_non_null(at);
        at = strstr(at + 1, "HTTP/1.1 200");
        assert_non_null(at);
    }
}

static void test_conn__a_client_that_does_not_read_is_not_read_from(void **state)
{
    struct fake_client *client = fake_connect(&host.net);
    size_t waiting;

    (void)state;
    client->window_bytes = 100;
    for (int i = 0; i < 2000; i++)
        fake_send(client, LIVE, strlen(LIVE));
    host_service_turn(&host);
    waiting = client->sent_len;
    assert_true(waiting > strlen(LIVE) * 1000);
    assert_int_equal(client->got_len, 100);
    client->window_bytes = (size_t)1 << 30;
    fake_refresh(client);
    host_service_turn(&host);
    assert_int_equal(client->sent_len, 0);
    assert_int_equal(count(client->got, "HTTP/1.1 200"), 2000);
}

static void test_conn__a_malformed_request_closes_after_the_replies_before_it(void **state)
{
    struct fake_client *client = fake_connect(&host.net);
    const char *got =
        host_service_say(&host, client, LIVE "GET / HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n" LIVE);

    (void)state;
    assert_int_equal(count(got, "HTTP/1.1 200"), 1);
    assert_int_equal(count(got, "HTTP/1.1 400"), 1);
    assert_int_equal(count(got, "HTTP/1.1 "), 2);
    assert_non_null(strstr(got, "Connection: close\r\n"));
    assert_true(client->shut);
    client->end = true;
    fake_refresh(client);
    host_service_turn(&host);
    assert_true(client->closed);
}

static void test_conn__a_closing_connection_waits_only_so_long(void **state)
{
    struct fake_client *client = fake_connect(&host.net);

    (void)state;
    (void)host_service_say(&host, client, "x y\r\n");
    (void)host_service_say(&host, client, "z\r\n\r\n");
    assert_true(client->shut && !client->closed);
    host_service_wait(&host, BOUGH_LINGER_MS - 1);
    assert_false(client->closed);
    host_service_wait(&host, 1);
    assert_true(client->closed);
}

static void test_conn__connection_close_and_http_1_0_are_honoured(void **state)
{
    struct fake_client *a = fake_connect(&host.net);
    struct fake_client *b = fake_connect(&host.net);
    struct fake_client *c = fake_connect(&host.net);
    const char *got;

    (void)state;
    got =
        host_service_say(&host, a, "GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    assert_string_equal(host_service_field(got, "Connection"), "close");
    assert_true(a->shut);
    got = host_service_say(&host, b, "GET /healthz HTTP/1.0\r\n\r\n");
    assert_string_equal(host_service_field(got, "Connection"), "close");
    assert_true(b->shut);
    got = host_service_say(&host, c, "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_string_equal(host_service_field(got, "Connection"), "keep-alive");
    assert_false(c->shut);
}

static void test_conn__head_has_the_fields_of_get_and_no_body(void **state)
{
    struct fake_client *client = fake_connect(&host.net);
    const char *got = host_service_say(&host, client, "HEAD /healthz HTTP/1.1\r\nHost: t\r\n\r\n");

    (void)state;
    assert_string_equal(host_service_field(got, "Content-Length"), "3");
    assert_string_equal(host_service_body(got), "");
}

static void test_conn__unknown_paths_and_methods_are_told_apart(void **state)
{
    const char *got;

    (void)state;
    assert_int_equal(host_service_status(host_service_ask(&host, "GET", "/nope", "", NULL)), 404);
    got = host_service_ask(&host, "DELETE", "/healthz", "", NULL);
    assert_int_equal(host_service_status(got), 405);
    assert_string_equal(host_service_field(got, "Allow"), "GET, HEAD, OPTIONS");
    got = host_service_ask(&host, "OPTIONS", "/v1/b/main/k/x", "", NULL);
    assert_int_equal(host_service_status(got), 204);
    assert_string_equal(host_service_field(got, "Allow"), "GET, HEAD, PUT, DELETE, OPTIONS");
    assert_int_equal(host_service_status(host_service_ask(&host, "OPTIONS", "*", "", NULL)), 204);
    assert_int_equal(host_service_status(host_service_ask(&host, "BREW", "/", "", NULL)), 501);
    assert_int_equal(host_service_status(host_service_ask(&host, "GET", "/v1/b/%zz/k/x", "", NULL)),
                     400);
}

static void test_conn__continue_is_said_when_the_body_is_wanted(void **state)
{
    struct fake_client *client = fake_connect(&host.net);
    const char *got = host_service_say(&host, client,
                                       "PUT /v1/b/main/k/a HTTP/1.1\r\nHost: t\r\n"
                                       "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");

    (void)state;
    assert_string_equal(got, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(host_service_status(host_service_say(&host, client, "abc")), 201);
    assert_int_equal(host_service_status(host_service_say(&host, client, LIVE)), 200);
}

static void test_conn__a_body_that_is_too_big_is_refused_before_it_comes(void **state)
{
    struct fake_client *client = fake_connect(&host.net);
    char text[256];
    const char *got;

    (void)state;
    (void)snprintf(text, sizeof(text),
                   "PUT /v1/b/main/k/a HTTP/1.1\r\nHost: t\r\nContent-Length: %u\r\n"
                   "Expect: 100-continue\r\n\r\n",
                   BOUGH_HTTP_VALUE_BYTES_MAX + 1);
    got = host_service_say(&host, client, text);
    assert_int_equal(host_service_status(got), 413);
    assert_int_equal(count(got, "100 Continue"), 0);
    assert_true(client->shut);
    (void)snprintf(text, sizeof(text),
                   "POST /v1/b/main/txn HTTP/1.1\r\nHost: t\r\nContent-Length: %u\r\n\r\n",
                   BOUGH_JSON_BODY_BYTES_MAX + 1);
    assert_int_equal(host_service_status(host_service_say(&host, fake_connect(&host.net), text)),
                     413);
}

static void test_conn__a_short_refused_body_is_passed_over(void **state)
{
    struct fake_client *client = fake_connect(&host.net);
    const char *got = host_service_say(&host, client,
                                       "PUT /none HTTP/1.1\r\nHost: t\r\nContent-Length: 40\r\n\r\n"
                                       "GET /healthz HTTP/1.1\r\n");

    (void)state;
    assert_int_equal(host_service_status(got), 404);
    got = host_service_say(&host, client, "Host: evil\r\n\r\n345" LIVE);
    assert_int_equal(count(got, "HTTP/1.1 "), 1);
    assert_int_equal(host_service_status(got), 200);
}

static void test_conn__a_chunked_body_is_limited_as_it_comes(void **state)
{
    struct fake_client *client = fake_connect(&host.net);
    char *bytes = calloc(1, 65536);
    int status = 0;

    (void)state;
    fake_send(
        client, "POST /v1/b/main/txn HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n",
        strlen("POST /v1/b/main/txn HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 65 && status == 0; i++) {
        fake_send(client, "10000\r\n", 7);
        fake_send(client, bytes, 65536);
        fake_send(client, "\r\n", 2);
        host_service_turn(&host);
        if (client->got_len > 0) {
            status = host_service_status(client->got);
            assert_int_equal(i, 64);
        }
    }
    assert_int_equal(status, 413);
    free(bytes);
}

static void test_conn__a_late_head_is_408_and_an_idle_connection_ends(void **state)
{
    struct fake_client *late = fake_connect(&host.net);
    struct fake_client *idle = fake_connect(&host.net);

    (void)state;
    (void)host_service_say(&host, late, "GET / HT");
    host_service_wait(&host, BOUGH_HEAD_TIMEOUT_MS - 1);
    (void)host_service_say(&host, late, "T");
    assert_int_equal(late->got_len, 0);
    host_service_wait(&host, 1);
    assert_int_equal(host_service_status(late->got), 408);
    host_service_wait(&host, BOUGH_IDLE_TIMEOUT_MS - BOUGH_HEAD_TIMEOUT_MS - 1);
    assert_false(idle->closed);
    host_service_wait(&host, 1);
    assert_true(idle->closed);
    assert_int_equal(idle->got_len, 0);
}

static void test_conn__a_body_must_keep_the_least_rate(void **state)
{
    static char piece[BOUGH_BODY_RATE_BYTES_MIN];
    struct fake_client *fine = fake_connect(&host.net);
    struct fake_client *slow = fake_connect(&host.net);
    char text[128];

    (void)state;
    (void)snprintf(text, sizeof(text),
                   "PUT /v1/b/main/k/a HTTP/1.1\r\nHost: t\r\nContent-Length: %u\r\n\r\n",
                   40 * BOUGH_BODY_RATE_BYTES_MIN);
    (void)host_service_say(&host, fine, text);
    (void)host_service_say(&host, slow, text);
    for (int i = 0; i < 39; i++) {
        fake_send(fine, piece, sizeof(piece));
        host_service_wait(&host, 1000);
        assert_int_equal(fine->got_len, 0);
        if (slow->got_len > 0)
            assert_int_equal(i, BOUGH_BODY_GRACE_MS / 1000 - 1);
        if (i == BOUGH_BODY_GRACE_MS / 1000 - 1)
            assert_int_equal(host_service_status(slow->got), 408);
        fake_forget(slow);
    }
    fake_send(fine, piece, sizeof(piece));
    host_service_turn(&host);
    assert_int_equal(host_service_status(fine->got), 201);
}

static void test_conn__a_client_that_never_reads_its_reply_is_gone(void **state)
{
    struct fake_client *client = fake_connect(&host.net);

    (void)state;
    client->window_bytes = 10;
    (void)host_service_say(&host, client, LIVE);
    host_service_wait(&host, BOUGH_BODY_GRACE_MS - 1);
    assert_false(client->closed);
    host_service_wait(&host, 1000);
    assert_true(client->closed);
}

static void test_conn__half_closed_clients_get_their_replies(void **state)
{
    struct fake_client *client = fake_connect(&host.net);

    (void)state;
    fake_send(client, LIVE LIVE "GET / HT", 2 * strlen(LIVE) + 8);
    client->end = true;
    host_service_turn(&host);
    assert_int_equal(count(client->got, "HTTP/1.1 200"), 2);
    assert_int_equal(count(client->got, "HTTP/1.1 "), 2);
    assert_true(client->closed);
}

static void test_conn__one_connection_more_than_allowed_is_told_so(void **state)
{
    struct fake_client *clients[4];
    struct fake_client *more;

    (void)state;
    host.service.config.connections = 4;
    for (int i = 0; i < 4; i++) {
        clients[i] = fake_connect(&host.net);
        (void)host_service_say(&host, clients[i], "GET /heal");
    }
    more = fake_connect(&host.net);
    host_service_turn(&host);
    assert_int_equal(host_service_status(more->got), 503);
    assert_string_equal(host_service_field(more->got, "Retry-After"), "1");
    for (int i = 0; i < 4; i++)
        assert_int_equal(host_service_status(host_service_say(&host, clients[i],
                                                              "thz HTTP/1.1\r\nHost: t\r\n\r\n")),
                         200);
    /* Now all are idle: the one that has been so for longest makes room. */
    host_service_wait(&host, BOUGH_LINGER_MS);
    assert_true(more->closed);
    more = fake_connect(&host.net);
    assert_int_equal(host_service_status(host_service_say(&host, more, LIVE)), 200);
    assert_true(clients[0]->closed + clients[1]->closed + clients[2]->closed + clients[3]->closed ==
                1);
}

static void test_conn__a_packed_body_is_unpacked_and_checked(void **state)
{
    /* printf hello | gzip -n */
    static const char packed[] =
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00"
        "\x86\xa6\x10\x36\x05\x00\x00\x00";
    static const char fields[] =
        "PUT /v1/b/main/k/z HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\n"
        "Content-Length: 25\r\n\r\n";
    struct fake_client *client = fake_connect(&host.net);
    char bad[sizeof(packed)];

    (void)state;
    fake_send(client, fields, strlen(fields));
    fake_send(client, packed, 25);
    host_service_turn(&host);
    assert_int_equal(host_service_status(client->got), 201);
    assert_string_equal(
        host_service_body(host_service_ask(&host, "GET", "/v1/b/main/k/z", "", NULL)), "hello");
    memcpy(bad, packed, sizeof(packed));
    bad[18] ^= 1; /* the checksum */
    client = fake_connect(&host.net);
    fake_send(client, fields, strlen(fields));
    fake_send(client, bad, 25);
    host_service_turn(&host);
    assert_int_equal(host_service_status(client->got), 400);
}

static void test_conn__while_the_store_is_opened_only_health_answers(void **state)
{
    struct bough_store *store = host.service.store;

    (void)state;
    host.service.store = NULL;
    assert_int_equal(host_service_status(host_service_ask(&host, "GET", "/healthz", "", NULL)),
                     200);
    assert_int_equal(host_service_status(host_service_ask(&host, "GET", "/readyz", "", NULL)), 503);
    assert_int_equal(
        host_service_status(host_service_ask(&host, "GET", "/v1/b/main/k/a", "", NULL)), 503);
    assert_int_equal(host_service_status(host_service_ask(&host, "PUT", "/v1/b/main/k/a", "", "x")),
                     503);
    host.service.store = store;
    assert_int_equal(host_service_status(host_service_ask(&host, "GET", "/readyz", "", NULL)), 200);
}

static void test_conn__without_memory_requests_are_refused_not_the_process(void **state)
{
    struct bough_heap *heap = host.env.heap;
    size_t limit = heap->limit_bytes;
    int refused = 0;

    (void)state;
    for (size_t room = 0; room < 120000; room += 1500) {
        struct fake_client *client = fake_connect(&host.net);

        heap->limit_bytes = heap->taken_bytes + room;
        (void)host_service_say(&host, client,
                               "PUT /v1/b/main/k/a HTTP/1.1\r\nHost: t\r\n"
                               "Content-Length: 3\r\n\r\nabc");
        if (client->got_len == 0)
            assert_true(client->closed);
        else
            refused += host_service_status(client->got) == 503;
        client->end = true;
        fake_refresh(client);
        host_service_turn(&host);
    }
    heap->limit_bytes = limit;
    assert_true(refused > 0);
    assert_int_equal(host_service_status(host_service_ask(&host, "PUT", "/v1/b/main/k/b", "", "x")),
                     201);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_conn__a_request_gets_its_reply_and_the_connection_stays),
        T(test_conn__bytes_one_by_one_mean_the_same),
        T(test_conn__replies_come_in_the_order_of_requests),
        T(test_conn__a_client_that_does_not_read_is_not_read_from),
        T(test_conn__a_malformed_request_closes_after_the_replies_before_it),
        T(test_conn__a_closing_connection_waits_only_so_long),
        T(test_conn__connection_close_and_http_1_0_are_honoured),
        T(test_conn__head_has_the_fields_of_get_and_no_body),
        T(test_conn__unknown_paths_and_methods_are_told_apart),
        T(test_conn__continue_is_said_when_the_body_is_wanted),
        T(test_conn__a_body_that_is_too_big_is_refused_before_it_comes),
        T(test_conn__a_short_refused_body_is_passed_over),
        T(test_conn__a_chunked_body_is_limited_as_it_comes),
        T(test_conn__a_late_head_is_408_and_an_idle_connection_ends),
        T(test_conn__a_body_must_keep_the_least_rate),
        T(test_conn__a_client_that_never_reads_its_reply_is_gone),
        T(test_conn__half_closed_clients_get_their_replies),
        T(test_conn__one_connection_more_than_allowed_is_told_so),
        T(test_conn__a_packed_body_is_unpacked_and_checked),
        T(test_conn__while_the_store_is_opened_only_health_answers),
        T(test_conn__without_memory_requests_are_refused_not_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
