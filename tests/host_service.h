/* SPDX-License-Identifier: ISC
 *
 * host_service.h - a whole service for tests: fake network (fake_net.h), fake time, and a store in
 * memory or on a device that the test can break.
 */
#ifndef HOST_SERVICE_H
#define HOST_SERVICE_H

#include "bough/memory.h"
#include "fake_net.h"
#include "host_env.h"
#include "loop.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct host_service {
    struct bough_env env;
    struct fake_net net;
    struct service service;
    struct loop loop;
    size_t taken_bytes; /* when it was begun */
};

/* A store's identity that is the same in every run. */
static inline struct bough_identity host_service_identity(void)
{
    struct bough_identity identity = {.leaf_window_bytes = 1024, .inner_window_bytes = 1024};

    memset(identity.uuid, 7, sizeof(identity.uuid));
    memset(identity.salt, 9, sizeof(identity.salt));
    return identity;
}

/* Begins a service over `backend`, or over a new store in memory if that is NULL. */
static inline void host_service_begin(struct host_service *host, struct bough_backend *backend)
{
    struct bough_identity identity = host_service_identity();

    memset(host, 0, sizeof(*host));
    host->taken_bytes = host_env()->heap->taken_bytes;
    fake_net_init(&host->net);
    host->env = *host_env();
    host->env.clock = &host->net.clock.base;
    if (backend == NULL)
        assert_int_equal(bough_memory_open(&host->env, &identity, &backend), BOUGH_OK);
    host->service.env = &host->env;
    config_init(&host->service.config);
    assert_int_equal(bough_store_open(&host->env, backend, 1 << 20, &host->service.store),
                     BOUGH_OK);
    loop_init(&host->loop, &host->service, &host->net.base);
}

/* Ends it; nothing may be left of it in the heap. */
static inline void host_service_end(struct host_service *host)
{
    loop_close(&host->loop);
    bough_store_close(host->service.store);
    for (size_t i = 0; i < host->net.client_count; i++)
        assert_true(host->net.clients[i]->closed);
    fake_net_free(&host->net);
    assert_int_equal(host_env()->heap->taken_bytes, host->taken_bytes);
}

/* Turns until nothing more happens by itself. */
static inline void host_service_turn(struct host_service *host)
{
    int turns = 0;

    do {
        assert_int_equal(loop_turn(&host->loop, UINT64_MAX), BOUGH_OK);
        assert_true(++turns < 100000);
    } while (host->net.waited_until_ns == 0 || turns < 2);
}

/* Moves time on. */
static inline void host_service_wait(struct host_service *host, uint64_t ms)
{
    host->net.clock.now_ns += ms * 1000000u;
    host_service_turn(host);
}

/* Sends text on `client` and gives what came back since the last time. */
static inline const char *host_service_say(struct host_service *host, struct fake_client *client,
                                           const char *text)
{
    fake_forget(client);
    fake_send(client, text, strlen(text));
    host_service_turn(host);
    return client->got;
}

/* One request on a connection of its own: method, target, header lines ("A: b\r\n"), body. */
static inline const char *host_service_ask(struct host_service *host, const char *method,
                                           const char *target, const char *fields, const char *body)
{
    struct fake_client *client = fake_connect(&host->net);
    char head[16384];
    int len =
        snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: t\r\n%s", method, target, fields);

    assert_true(len > 0 && (size_t)len < sizeof(head) - 64);
    if (body != NULL)
        len += snprintf(head + len, 64, "Content-Length: %zu\r\n", strlen(body));
    memcpy(head + len, "\r\n", 2);
    fake_send(client, head, (size_t)len + 2);
    if (body != NULL)
        fake_send(client, body, strlen(body));
    host_service_turn(host);
    client->end = true;
    fake_refresh(client);
    host_service_turn(host);
    assert_true(client->closed);
    return client->got;
}

/* The status of a response. */
static inline int host_service_status(const char *response)
{
    int status = 0;

    if (sscanf(response, "HTTP/1.1 %d", &status) != 1)
        fail_msg("no response: \"%s\"", response);
    return status;
}

/* The body of a response. */
static inline const char *host_service_body(const char *response)
{
    const char *end = strstr(response, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

/* The value of a response's field, in a buffer that the next call overwrites; "" without it. */
static inline const char *host_service_field(const char *response, const char *name)
{
    static char value[4096];
    const char *end = strstr(response, "\r\n\r\n");
    char line[128];
    const char *at;
    size_t len;

    (void)snprintf(line, sizeof(line), "\r\n%s: ", name);
    at = strstr(response, line);
    if (at == NULL || end == NULL || at > end)
        return "";
    at += strlen(line);
    len = strcspn(at, "\r");
    assert_true(len < sizeof(value));
    memcpy(value, at, len);
    value[len] = '\0';
    return value;
}

/* The same, kept in `into`, which must be large enough. */
static inline void host_service_keep(char *into, size_t max, const char *response, const char *name)
{
    const char *value = host_service_field(response, name);

    assert_true(strlen(value) < max);
    memcpy(into, value, strlen(value) + 1);
}

#endif
