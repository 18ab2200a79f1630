/* SPDX-License-Identifier: ISC
 *
 * api_health.c - how the service is: live, ready, version, numbers, configuration, and the page.
 *
 * Owns no data.  Everything here answers also while the store is being opened and after its device
 * failed: that is when somebody asks.
 */
#include "api.h"
#include "reply.h"

#ifndef BOUGH_VERSION
#define BOUGH_VERSION "0"
#endif

enum bough_err api_health_live(struct request *request)
{
    reply_status(request, 200);
    reply_body(request, "text/plain; charset=utf-8", bough_bytes_text("ok\n"));
    return BOUGH_OK;
}

/* Why the store takes no writes, or NULL. */
static const char *reason_of(const struct service *service, const struct bough_store_info *info)
{
    if (service->store == NULL)
        return "the store is being opened";
    if (service->failed)
        return "the storage device failed";
    return info->read_only ? "the store is read-only" : NULL;
}

enum bough_err api_health_ready(struct request *request)
{
    const struct service *service = request->service;
    struct bough_store_info info = {0};
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    const char *reason;
    bool ready = service->store != NULL && !service->failed;

    if (service->store != NULL)
        bough_store_info(service->store, &info);
    reason = reason_of(service, &info);
    json_write_object(&json, NULL);
    json_write_bool(&json, "ready", ready);
    json_write_bool(&json, "writable", reason == NULL);
    if (service->store != NULL)
        json_write_text(&json, "durability", bough_durability_name(info.durability));
    if (reason != NULL)
        json_write_text(&json, "reason", reason);
    json_write_end(&json);
    if (!ready)
        reply_field(request, "Retry-After", "1");
    return reply_json_end(request, &out, ready ? 200 : 503);
}

enum bough_err api_health_version(struct request *request)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    json_write_text(&json, "name", "bough");
    json_write_text(&json, "version", BOUGH_VERSION);
    json_write_number(&json, "api", 1);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

static void write_store(struct json_write *json, struct bough_store *store)
{
    struct bough_store_info info;

    bough_store_info(store, &info);
    json_write_object(json, "store");
    json_write_text(json, "durability", bough_durability_name(info.durability));
    json_write_bool(json, "read_only", info.read_only);
    json_write_number(json, "generation", info.generation);
    json_write_number(json, "capacity_bytes", info.capacity_bytes);
    json_write_number(json, "used_bytes", info.used_bytes);
    json_write_number(json, "cache_bytes", info.cache_bytes);
    json_write_end(json);
}

static void write_mirror(struct json_write *json, const struct service_mirror *mirror)
{
    json_write_object(json, "mirror");
    json_write_bool(json, "degraded", mirror->degraded);
    json_write_number(json, "resync_done_bytes", mirror->resync_done_bytes);
    json_write_number(json, "resync_bytes", mirror->resync_bytes);
    json_write_number(json, "faults", mirror->fault_count);
    json_write_number(json, "healed_blocks", mirror->healed_count);
    json_write_end(json);
}

enum bough_err api_health_stats(struct request *request)
{
    const struct service *service = request->service;
    const struct bough_heap *heap = service->env->heap;
    uint64_t up_ns = bough_clock_now_ns(service->env->clock) - service->started_ns;
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    json_write_number(&json, "uptime_ms", up_ns / 1000000u);
    json_write_number(&json, "requests", service->stats.request_count);
    json_write_number(&json, "refused", service->stats.refused_count);
    json_write_number(&json, "syncs", service->stats.write_count);
    json_write_number(&json, "collections", service->stats.collection_count);
    json_write_bool(&json, "collecting", service->collecting != BOUGH_COLLECT_NONE);
    json_write_number(&json, "connections", service->stats.connection_count);
    json_write_number(&json, "connections_now", service->connections_now);
    json_write_object(&json, "memory");
    json_write_number(&json, "taken_bytes", heap->taken_bytes);
    json_write_number(&json, "taken_bytes_max", heap->taken_bytes_max);
    json_write_number(&json, "limit_bytes", heap->limit_bytes);
    json_write_end(&json);
    if (service->store != NULL)
        write_store(&json, service->store);
    if (service->mirror.present)
        write_mirror(&json, &service->mirror);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

enum bough_err api_health_config(struct request *request)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    config_json(&request->service->config, &json);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

/* The Host field, checked by http_in.c, holds nothing that HTML would take for a tag but '&' and
 * quotes, which are not shown. */
static struct bough_bytes host_of(const struct request *request)
{
    struct bough_bytes host = http_in_field(&request->in, "Host", 0);

    for (size_t i = 0; i < host.len; i++)
        if (host.at[i] == '&' || host.at[i] == '\'')
            host.len = 0;
    return host.len == 0 || host.len > 255 ? bough_bytes_text("localhost") : host;
}

enum bough_err api_health_page(struct request *request)
{
    static const char head[] =
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>bough</title>\n"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44em;margin:3em auto;padding:0 "
        "1em}pre{background:#eee;padding:.7em;overflow:auto}</style>\n<h1>bough</h1>\n"
        "<p>A branchable, persistent key-value store. Keys are paths, every write is a "
        "commit.</p>\n";
    struct bough_bytes host = host_of(request);
    struct out out = out_begin(&request->arena);
    struct bough_bytes page;
    int len = (int)host.len;
    const char *at = (const char *)host.at;

    out_text(&out, head);
    out_format(&out, "<pre>curl -T file http://%.*s/v1/b/main/k/hello</pre>\n", len, at);
    out_format(&out, "<pre>curl http://%.*s/v1/b/main/keys</pre>\n", len, at);
    out_format(&out, "<pre>git clone http://%.*s/", len, at);
    out_text(&out, request->service->config.name);
    out_text(&out,
             ".git</pre>\n<p><a href=\"/v1/b/main/keys\">keys</a> &middot; "
             "<a href=\"/v1/commits\">commits</a> &middot; <a "
             "href=\"/v1/branches\">branches</a> &middot; <a href=\"/v1/stats\">stats</a></p>\n");
    BOUGH_TRY(out_end(&out, &page));
    reply_status(request, 200);
    reply_field(request, "Content-Security-Policy",
                "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'");
    reply_body(request, "text/html; charset=utf-8", page);
    return BOUGH_OK;
}
