/* SPDX-License-Identifier: ISC
 *
 * fuzz_conn.c - any bytes sent to a whole service with a store in memory, in pieces of the first
 * byte's size; then the client is gone.  Nothing may be left of the connection, and everything that
 * was sent back must begin like a response.
 */
#include "bough/memory.h"
#include "env_unix.h"
#include "fake_net.h"
#include "loop.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void turn(struct loop *loop, struct fake_net *net)
{
    int turns = 0;

    do {
        check(loop_turn(loop, UINT64_MAX) == BOUGH_OK);
        check(++turns < 100000);
    } while (net->waited_until_ns == 0 || turns < 2);
}

static void send_all(struct loop *loop, struct fake_net *net, const uint8_t *data, size_t size)
{
    struct fake_client *client = fake_connect(net);
    size_t piece = data[0] == 0 ? size : data[0];

    for (size_t at = 1; at < size; at += piece) {
        fake_send(client, data + at, size - at < piece ? size - at : piece);
        turn(loop, net);
    }
    client->end = true;
    fake_refresh(client);
    turn(loop, net);
    check(client->closed);
    check(client->got_len == 0 || memcmp(client->got, "HTTP/1.1 ", 9) == 0);
}

static void silent(struct bough_log *log, enum bough_level level, const char *where,
                   const char *text)
{
    (void)log;
    (void)level;
    (void)where;
    (void)text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct bough_log_ops quiet = {.line = silent};
    static struct loop loop;
    struct bough_identity identity = {.leaf_window_bytes = 1024, .inner_window_bytes = 1024};
    struct service service = {.started_ns = 0};
    struct bough_backend *backend = NULL;
    struct env_unix env;
    struct fake_net net;

    if (size < 2)
        return 0;
    env_unix_open(&env, (size_t)1 << 28);
    env.log.base.ops = &quiet;
    fake_net_init(&net);
    env.base.clock = &net.clock.base;
    service.env = &env.base;
    config_init(&service.config);
    check(bough_memory_open(&env.base, &identity, &backend) == BOUGH_OK);
    check(bough_store_open(&env.base, backend, 1 << 16, &service.store) == BOUGH_OK);
    check(bough_git_open(service.store, 1 << 16, &service.git) == BOUGH_OK);
    loop_init(&loop, &service, &net.base);
    send_all(&loop, &net, data, size);
    loop_close(&loop);
    bough_git_close(service.git);
    bough_store_close(service.store);
    fake_net_free(&net);
    check(env.heap.base.taken_bytes == 0);
    return 0;
}
