/* SPDX-License-Identifier: ISC
 *
 * api_list.c - the keys of a branch or revision, page by page.
 *
 * Owns no data.
 *   (1) The next page is asked for at the full hash of the commit the first page showed, so pages
 *       fit together whatever is written in between.
 *   (2) Keys come in bytewise order, or against it if `reverse`; a page ends at `limit` keys and
 * prefixes, or when its values reach PAGE_BYTES_MAX.
 */
#include "api.h"
#include "base64.h"
#include "hash.h"
#include "percent.h"
#include "query.h"
#include "reply.h"
#include "rev.h"
#include "utf8.h"
#include <stdio.h>

#define PAGE_BYTES_MAX  (1u << 20) /* of values on one page */
#define VALUE_BYTES_MAX 65536u     /* longer values are not put into lists */

static const char *const parameters[] = {"prefix",    "start",  "after",   "end", "limit",
                                         "delimiter", "values", "reverse", NULL};

struct page {
    struct request *request;
    struct rev rev;
    struct query query;
    struct bough_bytes prefix;
    struct bough_bytes start;
    struct bough_bytes after;
    struct bough_bytes end;
    struct bough_bytes delimiter;
    uint64_t limit;
    bool values;
    bool reverse;
    bool lines; /* application/x-ndjson */
    struct bough_tree_walk walk;
    struct json_write json;
    struct out out;
    struct out prefixes;     /* JSON strings, separated by commas */
    struct bough_bytes last; /* the last key or prefix shown, in the request's arena */
    uint64_t count;
    size_t value_bytes;
    bool more;
};

static bool read_parameters(struct request *request, struct page *page)
{
    const struct query *query = &page->query;

    page->request = request;
    if (!query_parse(request, parameters, &page->query))
        return false;
    page->prefix = query_value(query, "prefix");
    page->start = query_value(query, "start");
    page->after = query_value(query, "after");
    page->end = query_value(query, "end");
    page->delimiter = query_value(query, "delimiter");
    page->values = query_flag(query, "values");
    page->lines = http_in_accepts(&request->in, "application/x-ndjson");
    page->reverse = query_flag(query, "reverse");
    if (!page->reverse && page->start.len > 0 && page->after.len > 0) {
        (void)reply_problem(request, PROBLEM_BAD_REQUEST, "start and after exclude each other");
        return false;
    }
    if (!query_number(request, query, "limit", BOUGH_LIST_LIMIT_DEFAULT, BOUGH_LIST_LIMIT_MAX,
                      &page->limit))
        return false;
    if (page->limit == 0)
        (void)reply_problem(request, PROBLEM_BAD_REQUEST, "limit must be at least 1");
    return page->limit > 0;
}

/* What a key is folded into: all up to the first delimiter behind the prefix; empty = nothing. */
static struct bough_bytes fold(const struct page *page, struct bough_bytes key)
{
    size_t len = page->delimiter.len;

    if (len == 0 || !bough_bytes_starts(key, page->prefix))
        return (struct bough_bytes){0};
    for (size_t at = page->prefix.len; at + len <= key.len; at++)
        if (memcmp(key.at + at, page->delimiter.at, len) == 0)
            return bough_bytes_of(key.at, at + len);
    return (struct bough_bytes){0};
}

/* The greatest possible key below `start`, so that a walk "after" it begins at start: steps are at
 * most 255 bytes, hence no key lies between X 0xff*256 and the successor of X. */
static enum bough_err before(struct page *page, struct bough_bytes start, struct bough_bytes *key)
{
    struct out out = out_begin(&page->request->arena);
    uint8_t filler[BOUGH_STEP_BYTES_MAX + 1];
    uint8_t last;

    *key = start;
    if (start.len == 0)
        return BOUGH_OK;
    memset(filler, 0xff, sizeof(filler));
    last = start.at[start.len - 1];
    out_bytes(&out, bough_bytes_of(start.at, start.len - 1));
    if (last > 1) {
        last--;
        out_bytes(&out, bough_bytes_of(&last, 1));
        out_bytes(&out, bough_bytes_of(filler, sizeof(filler)));
    }
    return out_end(&out, key);
}

/* Opens the walk of a page that goes backwards: `after` then is a bound from above, as is `end`. */
static enum bough_err open_walk_back(struct page *page)
{
    bool from_end = page->after.len == 0 ||
                    (page->end.len > 0 && bough_bytes_compare(page->end, page->after) < 0);

    return bough_tree_walk_back_open(&page->walk, page->request->service->store, &page->rev.tree,
                                     page->prefix, from_end ? page->end : page->after,
                                     &page->request->arena);
}

/* Opens the walk where the page begins. */
static enum bough_err open_walk(struct page *page)
{
    struct bough_bytes after = page->after;
    struct bough_bytes folded = fold(page, after);

    if (page->start.len > 0)
        BOUGH_TRY(before(page, page->start, &after));
    BOUGH_TRY(bough_tree_walk_open(&page->walk, page->request->service->store, &page->rev.tree,
                                   page->prefix, after, &page->request->arena));
    if (folded.len == 0 || folded.len != page->after.len)
        return BOUGH_OK;
    /* The last page ended with a folded prefix: all that is below it was shown by that. */
    return bough_tree_walk_skip(&page->walk, folded);
}

static enum bough_err write_value(struct page *page, struct json_write *json,
                                  const struct bough_value *value)
{
    struct bough_arena *arena = &page->request->arena;
    struct bough_bytes bytes;

    if (value->size_bytes > VALUE_BYTES_MAX)
        return BOUGH_OK;
    BOUGH_TRY(
        bough_value_get(page->request->service->store, value, VALUE_BYTES_MAX, arena, &bytes));
    page->value_bytes += bytes.len;
    if (utf8_is(bytes)) {
        json_write_bytes(json, "value", bytes);
        return BOUGH_OK;
    }
    BOUGH_TRY(base64_encode(bytes, arena, &bytes));
    json_write_bytes(json, "value_base64", bytes);
    return BOUGH_OK;
}

static enum bough_err write_key(struct page *page, struct bough_bytes key,
                                const struct bough_entry *entry)
{
    struct json_write line = json_write_into(&page->out);
    struct json_write *json = page->lines ? &line : &page->json;
    struct bough_hash name;
    char mode[16];

    (void)snprintf(mode, sizeof(mode), "%06o", entry->mode);
    bough_value_name(&entry->value, &name);
    json_write_object(json, NULL);
    reply_json_bytes(page->request, json, "key", "key_encoded", key);
    json_write_number(json, "size", entry->value.size_bytes);
    json_write_text(json, "mode", mode);
    json_write_hash(json, "etag", &name);
    if (page->values)
        BOUGH_TRY(write_value(page, json, &entry->value));
    json_write_end(json);
    if (page->lines)
        out_text(&page->out, "\n");
    return BOUGH_OK;
}

/* Shows all keys below `prefix` as one line. */
static enum bough_err write_prefix(struct page *page, struct bough_bytes prefix)
{
    struct json_write one = json_write_into(page->lines ? &page->out : &page->prefixes);

    if (!page->lines && page->prefixes.len > 0)
        out_text(&page->prefixes, ",");
    json_write_object(&one, NULL);
    reply_json_bytes(page->request, &one, "prefix", "prefix_encoded", prefix);
    json_write_end(&one);
    if (page->lines)
        out_text(&page->out, "\n");
    return BOUGH_OK;
}

/* The walk's next key, within the bounds that the walk does not know. */
static enum bough_err next_key(struct page *page, struct bough_bytes *key,
                               struct bough_entry *entry)
{
    if (!page->reverse) {
        BOUGH_TRY(bough_tree_walk_next(&page->walk, key, entry));
        return page->end.len > 0 && bough_bytes_compare(*key, page->end) >= 0 ? BOUGH_NOT_FOUND
                                                                              : BOUGH_OK;
    }
    BOUGH_TRY(bough_tree_walk_back_next(&page->walk, key, entry));
    return bough_bytes_compare(*key, page->start) < 0 ? BOUGH_NOT_FOUND : BOUGH_OK;
}

/* Shows the walk's next key, or what it is folded into; BOUGH_NOT_FOUND when the page is complete.
 */
static enum bough_err show_next(struct page *page)
{
    struct bough_entry entry;
    struct bough_bytes key;
    struct bough_bytes folded;

    BOUGH_TRY(next_key(page, &key, &entry));
    if (page->count == page->limit || page->value_bytes >= PAGE_BYTES_MAX) {
        page->more = true;
        return BOUGH_NOT_FOUND;
    }
    page->count++;
    folded = fold(page, key);
    page->last = bough_arena_copy(&page->request->arena, folded.len > 0 ? folded : key);
    if (page->last.at == NULL)
        return BOUGH_NO_MEMORY;
    if (folded.len == 0)
        return write_key(page, key, &entry);
    BOUGH_TRY(write_prefix(page, page->last));
    return page->reverse ? bough_tree_walk_back_skip(&page->walk, page->last)
                         : bough_tree_walk_skip(&page->walk, page->last);
}

static void add_parameter(struct out *out, const char *name, struct bough_bytes value)
{
    if (value.len == 0)
        return;
    out_text(out, "&");
    out_text(out, name);
    out_text(out, "=");
    percent_encode(out, value, true);
}

/* Where the next page is: invariant (1). */
static enum bough_err next_url(struct page *page, struct bough_bytes *url)
{
    struct out out = out_begin(&page->request->arena);
    char hex[2 * BOUGH_HASH_BYTES + 1];

    hash_hex(&page->rev.commit.name, hex);
    out_format(&out, "/v1/at/%s/keys?limit=%llu", hex, (unsigned long long)page->limit);
    add_parameter(&out, "prefix", page->prefix);
    add_parameter(&out, "delimiter", page->delimiter);
    if (page->reverse)
        add_parameter(&out, "start", page->start);
    add_parameter(&out, "end", page->end);
    add_parameter(&out, "after", page->last);
    if (page->values)
        out_text(&out, "&values=1");
    if (page->reverse)
        out_text(&out, "&reverse=1");
    return out_end(&out, url);
}

/* Ends the page's document and makes it the reply. */
static enum bough_err answer(struct page *page)
{
    struct request *request = page->request;
    struct bough_bytes url = {0};
    struct bough_bytes body;

    if (page->more)
        BOUGH_TRY(next_url(page, &url));
    if (!page->lines) {
        struct bough_bytes prefixes;

        BOUGH_TRY(out_end(&page->prefixes, &prefixes));
        out_text(&page->out, "],\"prefixes\":[");
        out_bytes(&page->out, prefixes);
        out_text(&page->out, "],\"next\":");
        if (page->more) {
            struct json_write json = json_write_into(&page->out);

            json_write_bytes(&json, NULL, url);
        } else {
            out_text(&page->out, "null");
        }
        out_text(&page->out, "}\n");
    }
    BOUGH_TRY(out_end(&page->out, &body));
    if (page->more) {
        out_text(&request->reply.fields, "Link: <");
        out_bytes(&request->reply.fields, url);
        out_text(&request->reply.fields, ">; rel=\"next\"\r\n");
    }
    if (!bough_hash_is_none(&page->rev.commit.name))
        reply_hash(request, "Bough-Commit", &page->rev.commit.name, false);
    reply_field(request, "Cache-Control", "%s",
                page->rev.exact ? "public, max-age=31536000, immutable" : "no-cache");
    reply_status(request, 200);
    reply_body(request, page->lines ? "application/x-ndjson" : "application/json", body);
    return BOUGH_OK;
}

static enum bough_err list(struct page *page)
{
    enum bough_err err;

    page->out = out_begin(&page->request->arena);
    page->prefixes = out_begin(&page->request->arena);
    page->json = json_write_into(&page->out);
    if (!page->lines) {
        json_write_object(&page->json, NULL);
        if (bough_hash_is_none(&page->rev.commit.name))
            json_write_null(&page->json, "commit");
        else
            json_write_hash(&page->json, "commit", &page->rev.commit.name);
        json_write_array(&page->json, "keys");
    }
    BOUGH_TRY(page->reverse ? open_walk_back(page) : open_walk(page));
    do
        err = show_next(page);
    while (err == BOUGH_OK);
    return err == BOUGH_NOT_FOUND ? answer(page) : err;
}

enum bough_err api_list_branch(struct request *request)
{
    struct page page = {0};
    enum bough_err err;

    if (!read_parameters(request, &page))
        return BOUGH_OK;
    err = rev_branch(request, request->words[0], &page.rev);
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
    return list(&page);
}

enum bough_err api_list_at(struct request *request)
{
    struct page page = {0};
    enum bough_err err;

    if (!read_parameters(request, &page))
        return BOUGH_OK;
    err = rev_find(request, request->words[0], &page.rev);
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_REVISION, request->words[0]);
    return list(&page);
}
