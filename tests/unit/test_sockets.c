/* SPDX-License-Identifier: ISC
 *
 * test_sockets.c - the host's sockets keep the contract of port/stream.h.
 *
 * Proves it with real connections to itself over 127.0.0.1 and ::1: what is written arrives, a full
 * window answers not-ready and says when it is over, ends and resets are told apart.
 */
#include "bough/limits.h"
#include "bough/net.h"
#include "host_env.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct bough_net *net;

static int begin(void **state)
{
    (void)state;
    return bough_sockets_open(host_env(), "127.0.0.1", 0, &net) == BOUGH_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    bough_net_close(net);
    return host_env()->heap->taken_bytes == 0 ? 0 : -1;
}

static uint16_t port_of(const struct bough_net *of)
{
    return (uint16_t)atoi(strrchr(of->address, ':') + 1);
}

static int dial(const struct bough_net *to)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port_of(to))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Waits at most 5 seconds for the condition. */
#define WAIT_FOR(condition)                                                    \
    do {                                                                       \
        uint64_t until_ = bough_clock_now_ns(host_env()->clock) + 5000000000u; \
        while (!(condition) && bough_clock_now_ns(host_env()->clock) < until_) \
            assert_int_equal(bough_net_wait(net, until_), BOUGH_OK);           \
        assert_true(condition);                                                \
    } while (0)

static struct bough_stream *accept_one(void)
{
    struct bough_stream *stream = NULL;

    WAIT_FOR(stream != NULL || bough_net_accept(net, &stream) == BOUGH_OK);
    return stream;
}

static void test_sockets__bytes_arrive_both_ways_and_the_peer_has_a_name(void **state)
{
    int fd = dial(net);
    struct bough_stream *stream = accept_one();
    char bytes[16] = "";
    size_t count = 0;

    (void)state;
    assert_int_equal(strncmp(stream->peer, "127.0.0.1:", 10), 0);
    assert_int_equal(bough_stream_read(stream, bytes, sizeof(bytes), &count), BOUGH_NOT_READY);
    assert_false(stream->readable);
    assert_int_equal(write(fd, "hello", 5), 5);
    WAIT_FOR(stream->readable);
    assert_int_equal(bough_stream_read(stream, bytes, 3, &count), BOUGH_OK);
    assert_int_equal(count, 3);
    assert_true(stream->readable);
    assert_int_equal(bough_stream_read(stream, bytes + 3, 13, &count), BOUGH_OK);
    assert_memory_equal(bytes, "hello", 5);
    assert_int_equal(bough_stream_write(stream, "world", 5, &count), BOUGH_OK);
    assert_int_equal(read(fd, bytes, sizeof(bytes)), 5);
    assert_memory_equal(bytes, "world", 5);
    close(fd);
    bough_stream_close(stream);
}

static void test_sockets__the_peers_end_is_closed_and_writing_goes_on(void **state)
{
    int fd = dial(net);
    struct bough_stream *stream = accept_one();
    char bytes[16];
    size_t count;

    (void)state;
    assert_int_equal(bough_stream_read(stream, bytes, sizeof(bytes), &count), BOUGH_NOT_READY);
    assert_int_equal(write(fd, "x", 1), 1);
    shutdown(fd, SHUT_WR);
    WAIT_FOR(stream->readable);
    assert_int_equal(bough_stream_read(stream, bytes, sizeof(bytes), &count), BOUGH_OK);
    WAIT_FOR(stream->readable);
    assert_int_equal(bough_stream_read(stream, bytes, sizeof(bytes), &count), BOUGH_CLOSED);
    assert_int_equal(bough_stream_write(stream, "reply", 5, &count), BOUGH_OK);
    bough_stream_shut(stream);
    assert_int_equal(read(fd, bytes, sizeof(bytes)), 5);
    assert_int_equal(read(fd, bytes, sizeof(bytes)), 0);
    close(fd);
    bough_stream_close(stream);
}

static void test_sockets__a_reset_is_an_error_not_an_end(void **state)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    int fd = dial(net);
    struct bough_stream *stream = accept_one();
    char bytes[16];
    size_t count;

    (void)state;
    assert_int_equal(bough_stream_read(stream, bytes, sizeof(bytes), &count), BOUGH_NOT_READY);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    WAIT_FOR(stream->readable);
    assert_int_equal(bough_stream_read(stream, bytes, sizeof(bytes), &count), BOUGH_IO);
    assert_int_not_equal(bough_stream_write(stream, "x", 1, &count), BOUGH_OK);
    bough_stream_close(stream);
}

static void test_sockets__a_full_window_is_not_ready_until_the_peer_reads(void **state)
{
    static char bytes[65536];
    int fd = dial(net);
    struct bough_stream *stream = accept_one();
    size_t total = 0;
    size_t read_total = 0;
    size_t count = 0;

    (void)state;
    while (bough_stream_write(stream, bytes, sizeof(bytes), &count) == BOUGH_OK)
        total += count;
    assert_false(stream->writable);
    assert_true(total > 0);
    while (read_total < total) {
        ssize_t got = read(fd, bytes, sizeof(bytes));

        assert_true(got > 0);
        read_total += (size_t)got;
    }
    WAIT_FOR(stream->writable);
    assert_int_equal(bough_stream_write(stream, bytes, 1, &count), BOUGH_OK);
    close(fd);
    bough_stream_close(stream);
}

static void test_sockets__addresses_that_cannot_be_had_are_refused(void **state)
{
    struct bough_net *other = NULL;

    (void)state;
    assert_int_equal(bough_sockets_open(host_env(), "127.0.0.1", port_of(net), &other), BOUGH_BUSY);
    assert_int_equal(bough_sockets_open(host_env(), "localhost", 0, &other), BOUGH_INVALID);
    assert_int_equal(bough_sockets_open(host_env(), "", 0, &other), BOUGH_INVALID);
    assert_int_equal(bough_sockets_open(host_env(), "192.0.2.1", 0, &other), BOUGH_INVALID);
    assert_null(other);
    if (bough_sockets_open(host_env(), "::1", 0, &other) == BOUGH_OK) {
        assert_int_equal(strncmp(other->address, "[::1]:", 6), 0);
        bough_net_close(other);
    }
}

static void *wake_soon(void *unused)
{
    (void)unused;
    usleep(20000);
    bough_sockets_wake(net);
    return NULL;
}

static void test_sockets__a_wake_from_another_thread_ends_the_wait(void **state)
{
    pthread_t thread;

    (void)state;
    /* Without the wake the wait ends after a minute at the earliest. */
    for (int i = 0; i < 2; i++) {
        uint64_t start = bough_clock_now_ns(host_env()->clock);
        uint64_t until = start + 3600000000000u;

        assert_int_equal(bough_net_wait(net, 0), BOUGH_OK);
        assert_int_equal(pthread_create(&thread, NULL, wake_soon, NULL), 0);
        assert_int_equal(bough_net_wait(net, until), BOUGH_OK);
        assert_true(bough_clock_now_ns(host_env()->clock) - start < 50000000000u);
        pthread_join(thread, NULL);
    }
}

static void test_sockets__more_connections_than_the_cap_wait_their_turn(void **state)
{
    static struct bough_stream *streams[BOUGH_CONNECTIONS_MAX + 64];
    static int fds[BOUGH_CONNECTIONS_MAX + 65];
    struct bough_stream *more = NULL;
    size_t most = BOUGH_CONNECTIONS_MAX + 64;

    (void)state;
    for (size_t i = 0; i < most; i++) {
        fds[i] = dial(net);
        streams[i] = accept_one();
    }
    fds[most] = dial(net);
    assert_int_equal(bough_net_wait(net, 0), BOUGH_OK);
    assert_int_equal(bough_net_accept(net, &more), BOUGH_NOT_READY);
    bough_stream_close(streams[0]);
    streams[0] = accept_one();
    for (size_t i = 0; i < most; i++)
        bough_stream_close(streams[i]);
    for (size_t i = 0; i <= most; i++)
        close(fds[i]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_sockets__bytes_arrive_both_ways_and_the_peer_has_a_name),
        T(test_sockets__the_peers_end_is_closed_and_writing_goes_on),
        T(test_sockets__a_reset_is_an_error_not_an_end),
        T(test_sockets__a_full_window_is_not_ready_until_the_peer_reads),
        T(test_sockets__addresses_that_cannot_be_had_are_refused),
        T(test_sockets__a_wake_from_another_thread_ends_the_wait),
        T(test_sockets__more_connections_than_the_cap_wait_their_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
