/* SPDX-License-Identifier: ISC
 *
 * test_loop.c - nothing is shown that is not durable, and a turn makes one flush.
 *
 * Proves it on a journal over a device that misbehaves (faulty.c): flushes are counted, fail, or
 * the device is full; after a failure a new service on what the device kept is asked again.
 */
#include "bough/blockdev.h"
#include "bough/journal.h"
#include "host_service.h"

#define BLOCKS 2048u

static struct host_service host;
static struct bough_block *faulty;

/* A service over a journal over a faulty device over `below`, or over new memory. */
static void start(struct bough_block *below)
{
    const struct bough_faulty_options fine = {.lossy = true};
    struct bough_identity identity = host_service_identity();
    struct bough_backend *backend = NULL;

    if (below == NULL) {
        assert_int_equal(bough_ram_open(host_env(), 4096, BLOCKS, &below), BOUGH_OK);
        assert_int_equal(bough_journal_format(host_env(), below, &identity), BOUGH_OK);
    }
    assert_int_equal(bough_faulty_open(host_env(), below, &fine, &faulty), BOUGH_OK);
    assert_int_equal(bough_journal_open(host_env(), faulty, &backend), BOUGH_OK);
    host_service_begin(&host, backend);
}

static void stop(void)
{
    loop_close(&host.loop);
    bough_store_close(host.service.store);
    fake_net_free(&host.net);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

#define PUT(key, value) \
    "PUT /v1/b/main/k/" key " HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\n" value
#define GET(key) "GET /v1/b/main/k/" key " HTTP/1.1\r\nHost: t\r\n\r\n"

static void test_loop__one_turn_makes_one_flush_for_all_its_writes(void **state)
{
    struct fake_client *clients[20];
    uint64_t flushes;

    (void)state;
    start(NULL);
    for (int i = 0; i < 20; i++)
        clients[i] = fake_connect(&host.net);
    host_service_turn(&host);
    flushes = bough_faulty_report(faulty).flush_count;
    for (int i = 0; i < 20; i++) {
        char text[128];
        int len =
            snprintf(text, sizeof(text),
                     "PUT /v1/b/main/k/k%d HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx", i);

        fake_send(clients[i], text, (size_t)len);
    }
    host_service_turn(&host);
    for (int i = 0; i < 20; i++)
        assert_int_equal(host_service_status(clients[i]->got), 201);
    assert_int_equal(bough_faulty_report(faulty).flush_count, flushes + 1);
    assert_int_equal(host.service.stats.write_count, 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(host_service_status(host_service_say(&host, clients[i], GET("k7"))), 200);
    assert_int_equal(bough_faulty_report(faulty).flush_count, flushes + 1);
    stop();
}

/* A copy of what a device holds. */
static struct bough_block *copy_of(struct bough_block *dev)
{
    struct bough_block *copy = NULL;
    uint8_t bytes[4096];

    assert_int_equal(bough_ram_open(host_env(), 4096, BLOCKS, &copy), BOUGH_OK);
    for (uint64_t i = 0; i < BLOCKS; i++) {
        assert_int_equal(bough_block_read(dev, i, 1, bytes), BOUGH_OK);
        assert_int_equal(bough_block_write(copy, i, 1, bytes), BOUGH_OK);
    }
    return copy;
}

static void test_loop__an_acknowledged_write_survives_a_power_cut(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const struct bough_faulty_options options = {.lossy = true, .seed = seed};
        struct bough_identity identity = host_service_identity();
        struct bough_block *ram = NULL;
        struct bough_block *kept;

        assert_int_equal(bough_ram_open(host_env(), 4096, BLOCKS, &ram), BOUGH_OK);
        assert_int_equal(bough_journal_format(host_env(), ram, &identity), BOUGH_OK);
        start(ram);
        bough_faulty_set(faulty, &options);
        assert_int_equal(
            host_service_status(host_service_say(&host, fake_connect(&host.net), PUT("a", "1"))),
            201);
        assert_int_equal(bough_faulty_cut(faulty), BOUGH_OK);
        kept = copy_of(ram);
        loop_close(&host.loop);
        bough_store_close(host.service.store);
        fake_net_free(&host.net);
        start(kept);
        assert_string_equal(
            host_service_body(host_service_ask(&host, "GET", "/v1/b/main/k/a", "", NULL)), "1");
        stop();
    }
}

static void test_loop__after_a_failed_flush_the_whole_turn_is_refused(void **state)
{
    const struct bough_faulty_options failing = {
        .fail_ops = BOUGH_FAULTY_FLUSH, .fail_at = 1, .lossy = true};
    struct fake_client *writer;
    struct fake_client *reader;

    (void)state;
    start(NULL);
    assert_int_equal(
        host_service_status(host_service_say(&host, fake_connect(&host.net), PUT("a", "1"))), 201);
    writer = fake_connect(&host.net);
    reader = fake_connect(&host.net);
    host_service_turn(&host);
    bough_faulty_set(faulty, &failing);
    fake_send(writer, PUT("a", "2"), strlen(PUT("a", "2")));
    fake_send(reader, GET("a"), strlen(GET("a")));
    host_service_turn(&host);
    assert_int_equal(host_service_status(writer->got), 503);
    assert_int_equal(host_service_status(reader->got), 503);
    assert_non_null(strstr(reader->got, "\"code\":\"storage-failed\""));
    assert_string_equal(host_service_field(reader->got, "Retry-After"), "1");
    assert_string_equal(host_service_field(reader->got, "ETag"), "");
    assert_int_equal(host_service_status(host_service_say(&host, reader, GET("a"))), 503);
    assert_int_equal(host_service_status(host_service_say(&host, reader, GET("none"))), 503);
    assert_int_equal(host_service_status(host_service_ask(&host, "GET", "/healthz", "", NULL)),
                     200);
    assert_non_null(strstr(host_service_ask(&host, "GET", "/readyz", "", NULL), "\"ready\":false"));
    stop();
}

static void test_loop__a_full_device_is_said_and_reading_goes_on(void **state)
{
    static char value[60000];
    char head[160];
    struct fake_client *client;
    int status = 201;
    int written = 0;

    (void)state;
    start(NULL);
    client = fake_connect(&host.net);
    for (int i = 0; i < 400 && status == 201; i++) {
        int len =
            snprintf(head, sizeof(head),
                     "PUT /v1/b/main/k/k%d HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n", i,
                     sizeof(value));

        memset(value, i + 1, sizeof(value));
        value[0] = (char)(i >> 4);
        fake_forget(client);
        fake_send(client, head, (size_t)len);
        fake_send(client, value, sizeof(value));
        host_service_turn(&host);
        status = host_service_status(client->got);
        written += status == 201;
    }
    assert_true(written > 20);
    assert_int_equal(status, 507);
    assert_int_equal(
        host_service_status(host_service_ask(&host, "GET", "/v1/b/main/k/k1", "", NULL)), 200);
    assert_int_equal(host_service_status(host_service_ask(&host, "GET", "/readyz", "", NULL)), 200);
    stop();
}

static void test_loop__the_next_timer_is_what_the_wait_is_given(void **state)
{
    struct fake_client *client;

    (void)state;
    start(NULL);
    client = fake_connect(&host.net);
    host_service_turn(&host);
    assert_int_equal(host.net.waited_until_ns,
                     host.net.clock.now_ns + BOUGH_IDLE_TIMEOUT_MS * 1000000ull);
    (void)host_service_say(&host, client, "GET");
    assert_int_equal(host.net.waited_until_ns,
                     host.net.clock.now_ns + BOUGH_HEAD_TIMEOUT_MS * 1000000ull);
    stop();
}

static void test_loop__deleted_branches_give_their_space_back(void **state)
{
    static char body[200001];
    struct bough_store_info info;

    (void)state;
    start(NULL); /* 8 MiB */
    assert_int_equal(
        host_service_status(host_service_say(&host, fake_connect(&host.net), PUT("a", "1"))), 201);
    for (int i = 0; i < 90; i++) {
        memset(body, 'a' + i % 26, sizeof(body) - 1);
        body[0] = (char)('A' + i / 26); /* no two are alike */
        assert_int_equal(host_service_status(host_service_ask(&host, "PUT", "/v1/branches/dev",
                                                              "Content-Type: application/json\r\n",
                                                              "{\"from\":\"main\"}")),
                         201);
        assert_int_equal(
            host_service_status(host_service_ask(&host, "PUT", "/v1/b/dev/k/big", "", body)), 201);
        assert_int_equal(
            host_service_status(host_service_ask(&host, "DELETE", "/v1/branches/dev", "", NULL)),
            204);
    }
    assert_true(host.service.stats.collection_count >= 1);
    bough_store_info(host.service.store, &info);
    assert_true(info.used_bytes < info.capacity_bytes);
    assert_string_equal(
        host_service_body(host_service_ask(&host, "GET", "/v1/b/main/k/a", "", NULL)), "1");
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loop__one_turn_makes_one_flush_for_all_its_writes),
        cmocka_unit_test(test_loop__an_acknowledged_write_survives_a_power_cut),
        cmocka_unit_test(test_loop__after_a_failed_flush_the_whole_turn_is_refused),
        cmocka_unit_test(test_loop__a_full_device_is_said_and_reading_goes_on),
        cmocka_unit_test(test_loop__the_next_timer_is_what_the_wait_is_given),
        cmocka_unit_test(test_loop__deleted_branches_give_their_space_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
