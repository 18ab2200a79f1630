/* SPDX-License-Identifier: ISC
 *
 * main.c - the application of the boot test: drivers and network, without a store.
 *
 * Writes, flushes and reads back the first block device, then serves HTTP on port 80 until asked to
 * stop; boot_smoke.py looks at console and replies.  A word on the command line breaks a rule on
 * purpose (fault=null, text, exec, stack, assert, canary), to see that it is noticed.
 *   GET /hello -> "hello\n";  /big -> 4 MiB of a pattern;  /idle -> wakes per second;  /quit -> off
 *   PUT /sum   -> sum of the bytes of the body
 */
#include "bough/machine.h"
#include "bough/net.h"
#include "bough/virtio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_BYTES        (1u << 20)
#define BIG_BYTES         (4u << 20)
#define PORT              80u
#define REQUEST_BYTES_MAX 2048u
#define CLIENTS_MAX       8u
#define NS_PER_S          1000000000ull
#define STATUS_BAD_DISK   3
#define STATUS_BAD_NET    4

/* One connection: its request, then its reply. */
struct client {
    struct bough_stream *stream;
    char request[REQUEST_BYTES_MAX];
    size_t request_bytes;
    size_t body_left_bytes;
    uint64_t sum;
    bool answering;
    char head[256];
    size_t head_bytes;
    size_t sent_bytes;
    size_t big_bytes;
};

struct test {
    struct bough_env *env;
    struct bough_net *net;
    struct client clients[CLIENTS_MAX];
    uint64_t turn_count;
    uint64_t begin_ns;
    bool quit;
};

static uint8_t pattern(uint64_t at)
{
    return (uint8_t)(at * 7 + (at >> 8));
}

/* ---- faults ---- */

static int overflow_stack(int depth)
{
    volatile char room[512];

    room[0] = (char)depth;
    return depth < 0 ? 0 : overflow_stack(depth + 1) + room[0];
}

__attribute__((noinline)) static void overwrite_canary(const char *text)
{
    char small[8];

    memcpy(small, text, strlen(text)); /* the bug on purpose */
    __asm__ volatile("" : : "r"(small) : "memory");
}

static void break_rule(struct bough_env *env, const char *which)
{
    static uint8_t code[16] = {0xc3};
    volatile uint8_t *null = NULL;
    union {
        void *data;
        void (*function)(void);
    } jump = {.data = code};

    __asm__ volatile("" : "+r"(null));
    if (strncmp(which, "null", 4) == 0)
        *null = 1;
    if (strncmp(which, "text", 4) == 0)
        *(volatile uint8_t *)(uintptr_t)bough_main = 1;
    if (strncmp(which, "exec", 4) == 0)
        jump.function();
    if (strncmp(which, "stack", 5) == 0)
        (void)overflow_stack(0);
    if (strncmp(which, "canary", 6) == 0)
        overwrite_canary(which);
    assert(strncmp(which, "assert", 6) != 0);
    bough_log(env->log, BOUGH_ERROR, "test", "fault %s went unnoticed", which);
}

/* ---- disk ---- */

static enum bough_err try_disk(struct bough_block *dev, uint8_t *bytes, uint32_t seed)
{
    uint32_t count = DISK_BYTES / dev->block_size;

    for (uint32_t i = 0; i < DISK_BYTES; i++)
        bytes[i] = pattern(i + seed);
    BOUGH_TRY(bough_block_write(dev, 8, count, bytes));
    BOUGH_TRY(bough_block_flush(dev));
    memset(bytes, 0, DISK_BYTES);
    BOUGH_TRY(bough_block_read(dev, 8, count, bytes));
    for (uint32_t i = 0; i < DISK_BYTES; i++) {
        if (bytes[i] != pattern(i + seed))
            return BOUGH_CORRUPT;
    }
    return BOUGH_OK;
}

static enum bough_err test_disk(struct bough_env *env, struct bus_device *bus)
{
    uint64_t begin_ns = bough_clock_now_ns(env->clock);
    uint8_t *bytes = bough_heap_take(env->heap, DISK_BYTES);
    struct bough_block *dev = NULL;
    enum bough_err err = BOUGH_NO_MEMORY;

    if (bytes == NULL)
        goto out;
    err = bough_virtio_block_open(env, bus, &dev);
    for (uint32_t seed = 1; err == BOUGH_OK && seed < 4; seed++)
        err = try_disk(dev, bytes, seed);
    if (err != BOUGH_OK)
        goto out;
    bough_log(env->log, BOUGH_INFO, "test", "disk ok: %llu blocks of %u, survives %d, %llu us",
              (unsigned long long)dev->block_count, (unsigned)dev->block_size,
              (int)dev->flush_survives,
              (unsigned long long)(bough_clock_now_ns(env->clock) - begin_ns) / 1000);
out:
    bough_heap_give(env->heap, bytes, DISK_BYTES);
    bough_block_close(dev);
    return err;
}

/* ---- network ---- */

static void answer(struct client *client, const char *body, size_t big_bytes)
{
    size_t len = big_bytes > 0 ? big_bytes : strlen(body);

    client->head_bytes = (size_t)snprintf(
        client->head, sizeof(client->head),
        "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", len, body);
    client->big_bytes = big_bytes;
    client->answering = true;
}

static void answer_request(struct test *test, struct client *client)
{
    uint64_t ns = bough_clock_now_ns(test->env->clock) - test->begin_ns;
    const char *path = strchr(client->request, ' ');
    char text[96];

    if (path != NULL && strncmp(path, " /big ", 6) == 0) {
        answer(client, "", BIG_BYTES);
        return;
    }
    if (path != NULL && strncmp(path, " /hello ", 8) == 0)
        (void)snprintf(text, sizeof(text), "hello\n");
    else if (path != NULL && strncmp(path, " /sum ", 6) == 0)
        (void)snprintf(text, sizeof(text), "%llu\n", (unsigned long long)client->sum);
    else if (path != NULL && strncmp(path, " /idle ", 7) == 0)
        (void)snprintf(text, sizeof(text), "%llu\n",
                       (unsigned long long)(test->turn_count * NS_PER_S / ns));
    else
        (void)snprintf(text, sizeof(text), "bye\n");
    if (path != NULL && strncmp(path, " /quit ", 7) == 0)
        test->quit = true;
    answer(client, text, 0);
}

static void add_to_sum(struct client *client, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        client->sum += (uint8_t)bytes[i];
    client->body_left_bytes -= len;
}

/* The end of the request's head, once it is there: begins the body. */
static bool split_head(struct client *client)
{
    const char *length;
    char *end;

    client->request[client->request_bytes] = '\0';
    end = strstr(client->request, "\r\n\r\n");
    if (end == NULL)
        return false;
    length = strstr(client->request, "Content-Length: ");
    client->body_left_bytes = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
    end += 4;
    add_to_sum(client, end, client->request_bytes - (size_t)(end - client->request));
    return true;
}

/* Reads what there is; false when the connection is over. */
static bool take_request(struct test *test, struct client *client)
{
    static char body[65536];
    bool in_body = client->body_left_bytes > 0;
    char *into = in_body ? body : client->request + client->request_bytes;
    size_t room = in_body ? sizeof(body) : REQUEST_BYTES_MAX - 1 - client->request_bytes;
    enum bough_err err;
    size_t got;

    if (room == 0)
        return false;
    err = bough_stream_read(client->stream, into, room, &got);
    if (err != BOUGH_OK)
        return err == BOUGH_NOT_READY;
    if (in_body) {
        add_to_sum(client, body, got);
    } else {
        client->request_bytes += got;
        if (!split_head(client))
            return true;
    }
    if (client->body_left_bytes == 0)
        answer_request(test, client);
    return true;
}

/* Writes what fits; false when all is written or the connection is over. */
static bool put_answer(struct client *client)
{
    while (client->sent_bytes < client->head_bytes + client->big_bytes) {
        uint8_t chunk[4096];
        const void *from = client->head + client->sent_bytes;
        size_t len = client->head_bytes - client->sent_bytes;
        enum bough_err err;
        size_t took;

        if (client->sent_bytes >= client->head_bytes) {
            size_t at = client->sent_bytes - client->head_bytes;

            len = client->big_bytes - at < sizeof(chunk) ? client->big_bytes - at : sizeof(chunk);
            for (size_t i = 0; i < len; i++)
                chunk[i] = pattern(at + i);
            from = chunk;
        }
        err = bough_stream_write(client->stream, from, len, &took);
        if (err != BOUGH_OK)
            return err == BOUGH_NOT_READY;
        client->sent_bytes += took;
    }
    return false;
}

static void accept_all(struct test *test)
{
    struct bough_stream *stream;

    while (bough_net_accept(test->net, &stream) == BOUGH_OK) {
        struct client *client = NULL;

        for (size_t i = 0; i < CLIENTS_MAX && client == NULL; i++)
            client = test->clients[i].stream == NULL ? &test->clients[i] : NULL;
        if (client == NULL) {
            bough_stream_close(stream);
            continue;
        }
        memset(client, 0, sizeof(*client));
        client->stream = stream;
    }
}

static uint32_t serve_clients(struct test *test)
{
    uint32_t open = 0;

    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &test->clients[i];
        bool stays = true;

        if (client->stream == NULL)
            continue;
        if (client->stream->readable && !client->answering)
            stays = take_request(test, client);
        if (client->answering)
            stays = put_answer(client);
        if (stays) {
            open++;
            continue;
        }
        bough_stream_close(client->stream);
        client->stream = NULL;
    }
    return open;
}

static enum bough_err test_net(struct test *test, struct bus_device *bus)
{
    struct bough_lwip_config config = {.dhcp = true, .port = PORT};
    struct bough_env *env = test->env;
    struct bough_frames *frames;
    uint64_t end_ns;

    if (bough_virtio_net_open(env, bus, &frames) != BOUGH_OK)
        return BOUGH_IO;
    BOUGH_TRY(bough_lwip_open(env, frames, &config, &test->net));
    test->begin_ns = bough_clock_now_ns(env->clock);
    while (!test->quit || serve_clients(test) > 0) {
        BOUGH_TRY(bough_net_wait(test->net, bough_clock_now_ns(env->clock) + NS_PER_S));
        test->turn_count++;
        accept_all(test);
        (void)serve_clients(test);
    }
    /* lwIP still sends the last reply. */
    end_ns = bough_clock_now_ns(env->clock) + NS_PER_S / 5;
    while (bough_clock_now_ns(env->clock) < end_ns)
        BOUGH_TRY(bough_net_wait(test->net, end_ns));
    bough_net_close(test->net);
    bough_frames_close(frames);
    return BOUGH_OK;
}

int bough_main(struct bough_env *env, struct bough_machine *machine)
{
    static struct test test;
    const char *fault = strstr(machine->command_line, "fault=");

    bough_log(env->log, BOUGH_INFO, "test", "command line '%s', wall %llu s, booted in %llu us",
              machine->command_line,
              (unsigned long long)(bough_clock_wall_ns(env->clock) / NS_PER_S),
              (unsigned long long)machine->boot_ns / 1000);
    if (fault != NULL)
        break_rule(env, fault + 6);
    test.env = env;
    for (uint32_t i = 0; i < machine->device_count; i++) {
        const struct bough_device *device = &machine->devices[i];

        if (device->kind == BOUGH_DEVICE_BLOCK && test_disk(env, device->bus) != BOUGH_OK)
            return STATUS_BAD_DISK;
    }
    for (uint32_t i = 0; i < machine->device_count; i++) {
        const struct bough_device *device = &machine->devices[i];

        if (device->kind == BOUGH_DEVICE_NET && test_net(&test, device->bus) != BOUGH_OK)
            return STATUS_BAD_NET;
    }
    bough_log(env->log, BOUGH_INFO, "test", "heap: %zu bytes left taken, at most %zu",
              env->heap->taken_bytes, env->heap->taken_bytes_max);
    return 0;
}
