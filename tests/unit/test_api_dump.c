/* SPDX-License-Identifier: ISC
 *
 * test_api_dump.c - a dump that a service sends is the store of one moment, whatever goes on.
 *
 * How: a client that takes a dump in small pieces, while others write, delete and collect, must get
 * the bytes that the library made at the beginning; and others are answered meanwhile.
 */
#include "backup_setup.h"
#include "host_service.h"

#define LONG_HISTORY 1500u

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
    for (size_t i = 0; i < host.net.client_count; i++) { /* after a failure: let it end */
        host.net.clients[i]->window_bytes = SIZE_MAX / 2;
        host.net.clients[i]->end = true;
        fake_refresh(host.net.clients[i]);
    }
    host_service_turn(&host);
    host_service_end(&host);
    return 0;
}

/* Undoes the chunks of a body in place; false if the last one is not there yet. */
static bool dechunk(struct fake_client *client, struct backup_stream *stream)
{
    const char *at = strstr(client->got, "\r\n\r\n");
    const char *stop = client->got + client->got_len;

    stream->len = 0;
    if (at == NULL)
        return false;
    for (at += 4; at < stop;) {
        char *line;
        size_t len = strtoul(at, &line, 16);

        if (len == 0)
            return true;
        at = line + 2;
        if ((size_t)(stop - at) < len + 2)
            return false;
        assert_int_equal(backup_stream_write(stream, bough_bytes_of(at, len), NULL), BOUGH_OK);
        at += len + 2;
    }
    return false;
}

static struct fake_client *ask_slowly(const char *target)
{
    struct fake_client *client = fake_connect(&host.net);
    char text[512];

    client->window_bytes = 500;
    fake_refresh(client);
    (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: t\r\n\r\n", target);
    fake_send(client, text, strlen(text));
    host_service_turn(&host);
    return client;
}

static void hang_up(struct fake_client *client)
{
    client->end = true;
    client->window_bytes = SIZE_MAX / 2;
    fake_refresh(client);
    host_service_turn(&host);
    assert_true(client->closed);
}

static int status_of(const char *method, const char *target, const char *body)
{
    return host_service_status(host_service_ask(&host, method, target, "", body));
}

/* All at once, for a dump that is short enough for the fake client. */
static void get(const char *target, struct backup_stream *stream)
{
    struct fake_client *client = ask_slowly(target);

    client->window_bytes = SIZE_MAX / 2;
    fake_refresh(client);
    host_service_turn(&host);
    assert_int_equal(host_service_status(client->got), 200);
    assert_true(dechunk(client, stream));
    hang_up(client);
}

static void delete_all_refs(struct bough_store *store)
{
    enum bough_err err = BOUGH_OK;

    while (err == BOUGH_OK) {
        struct bough_arena arena = store_setup_arena();
        struct bough_ref_move gone = {.remove = true};
        struct bough_ref ref;

        err = bough_ref_next(store, (struct bough_bytes){0}, (struct bough_bytes){0}, &arena,
                             &gone.name, &ref);
        if (err == BOUGH_OK)
            assert_int_equal(bough_ref_move(store, &gone, 1, NULL), BOUGH_OK);
        bough_arena_release(&arena);
    }
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
}

static void test_api_dump__what_goes_on_meanwhile_changes_nothing(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_identity identity = host_service_identity();
    struct bough_backend *backend;
    struct bough_store *into;
    struct backup_stream expected = {0};
    struct backup_stream stream = {0};
    struct bough_ref_log_window no_log = {0};
    struct fake_client *client;
    struct bough_root root;
    struct bough_root loaded;
    unsigned pieces = 0;

    (void)unused;
    assert_int_equal(bough_ref_log_window_set(host.service.store, &no_log), BOUGH_OK);
    backup_fill(host.service.store, 40, &seed, 20000);
    assert_int_equal(bough_store_sync(host.service.store), BOUGH_OK);
    root = backup_root(host.service.store);
    assert_int_equal(backup_dump(host.service.store, NULL, 0, &expected), BOUGH_OK);
    client = ask_slowly("/v1/admin/dump");
    for (; !dechunk(client, &stream); pieces++) {
        char target[64];

        if (pieces < 4) {
            (void)snprintf(target, sizeof(target), "/v1/b/main/k/more/%u", pieces);
            assert_int_equal(status_of("PUT", target, "meanwhile"), 201);
        }
        if (pieces == 4)
            delete_all_refs(host.service.store);
        if (pieces % 20 == 5) /* all that is to be sent is garbage by now, but for the dump */
            assert_int_equal(status_of("POST", "/v1/admin/gc", NULL), 202);
        client->window_bytes = 1 + test_below(&seed, expected.len / 20);
        fake_refresh(client);
        host_service_turn(&host);
        assert_false(client->closed);
    }
    assert_true(pieces > 10);
    assert_int_equal(stream.len, expected.len);
    assert_memory_equal(stream.at, expected.at, stream.len);
    hang_up(client);
    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &into), BOUGH_OK);
    assert_int_equal(backup_load(into, stream.at, stream.len, false, seed, NULL), BOUGH_OK);
    loaded = backup_root(into);
    assert_true(bough_hash_equal(&loaded.state.name, &root.state.name));
    bough_store_close(into);
    free(expected.at);
    free(stream.at);
}

static void test_api_dump__since_and_offset_leave_out_what_is_there(void **unused)
{
    uint64_t seed = 5;
    struct bough_store *store = host.service.store;
    struct backup_stream expected = {0};
    struct backup_stream stream = {0};
    struct backup_stream rest = {0};
    struct bough_hash since;
    char target[128];

    (void)unused;
    backup_fill(store, 10, &seed, 3000);
    since = backup_head(store, "heads/main").name;
    for (int i = 0; i < 5; i++)
        backup_write(store, "heads/main", &seed, 3000);
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
    assert_int_equal(backup_dump(store, &since, 1, &expected), BOUGH_OK);
    get("/v1/admin/dump?since=main~5", &stream);
    assert_true(stream.len == expected.len || stream.len > BOUGH_BACKUP_HEAD_BYTES);
    assert_int_equal(backup_dump(store, NULL, 0, &rest), BOUGH_OK);
    assert_true(stream.len < rest.len);
    expected.len = stream.len / 3;
    (void)snprintf(target, sizeof(target), "/v1/admin/dump?since=main~5&offset=%zu", expected.len);
    get(target, &rest);
    assert_int_equal(rest.len, stream.len - expected.len);
    assert_memory_equal(rest.at, stream.at + expected.len, rest.len);
    free(expected.at);
    free(stream.at);
    free(rest.at);
    assert_int_equal(status_of("GET", "/v1/admin/dump?since=nobody", NULL), 404);
    assert_int_equal(status_of("GET", "/v1/admin/dump?since=main,nobody", NULL), 404);
    assert_int_equal(status_of("GET", "/v1/admin/dump?offset=x", NULL), 400);
    assert_int_equal(status_of("GET", "/v1/admin/dump?until=main", NULL), 400);
    assert_int_equal(status_of("HEAD", "/v1/admin/dump", NULL), 200);
    assert_false(host.service.dumping);
}

static void test_api_dump__there_is_one_at_a_time(void **unused)
{
    uint64_t seed = 6;
    struct fake_client *client;

    (void)unused;
    backup_fill(host.service.store, 10, &seed, 70000);
    assert_int_equal(bough_store_sync(host.service.store), BOUGH_OK);
    client = ask_slowly("/v1/admin/dump");
    assert_true(host.service.dumping);
    assert_int_equal(status_of("GET", "/v1/admin/dump", NULL), 503);
    hang_up(client);
    assert_false(host.service.dumping);
    client = ask_slowly("/v1/admin/dump");
    assert_true(host.service.dumping);
    host_service_wait(&host, 1000u * 3600 * 24); /* nobody takes it: the connection is closed */
    assert_true(client->closed);
    assert_false(host.service.dumping);
    assert_int_equal(status_of("GET", "/v1/admin/dump", NULL), 200);
}

static void test_api_dump__others_are_answered_while_there_is_nothing_to_send(void **unused)
{
    struct backup_stream stream = {0};
    struct fake_client *dump;
    struct fake_client *other;
    unsigned turns = 0;
    unsigned answered = 0;

    (void)unused;
    for (unsigned i = 0; i < LONG_HISTORY; i++) {
        struct bough_txn_result result;
        char text[16];

        (void)snprintf(text, sizeof(text), "%u", i);
        assert_int_equal(store_setup_write(host.service.store, "heads/main", "n", text, &result),
                         BOUGH_OK);
    }
    assert_int_equal(bough_store_sync(host.service.store), BOUGH_OK);
    dump = fake_connect(&host.net);
    fake_send(dump, "GET /v1/admin/dump?since=main HTTP/1.1\r\nHost: t\r\n\r\n", 50);
    other = fake_connect(&host.net);
    fake_send(other, "GET /v1/b/main/k/n HTTP/1.1\r\nHost: t\r\n\r\n", 40);
    for (; !dechunk(dump, &stream); turns++) {
        assert_int_equal(loop_turn(&host.loop, UINT64_MAX), BOUGH_OK);
        assert_true(turns < LONG_HISTORY);
        host.net.clock.now_ns += 1000000000u; /* a second: not the client's fault */
        if (answered == 0 && other->got_len > 0)
            answered = turns + 1;
    }
    assert_true(answered > 0 && answered <= 3);
    assert_true(turns > 10);
    hang_up(dump);
    hang_up(other);
    free(stream.at);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_api_dump__what_goes_on_meanwhile_changes_nothing),
        T(test_api_dump__since_and_offset_leave_out_what_is_there),
        T(test_api_dump__there_is_one_at_a_time),
        T(test_api_dump__others_are_answered_while_there_is_nothing_to_send),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
