/* SPDX-License-Identifier: ISC
 *
 * api_key.c - one key: read it, write it, remove it.
 *
 * Owns no data; a value on its way in owns a writer, which is abandoned unless the body is
 * complete. (1) Conditions are judged against the state that the write then replaces, in the same
 * turn of the loop: nothing comes between. (2) A write that changes nothing makes no commit. (3)
 * The entity tag is the value's name, so it does not depend on branch, commit or way in.
 */
#include "api.h"
#include "author.h"
#include "bough/collect.h"
#include "bough/txn.h"
#include "hash.h"
#include "http_cond.h"
#include "percent.h"
#include "reply.h"
#include "rev.h"

#define AT_ONCE_BYTES_MAX 65536u  /* longer values are read from the store as they are sent */
#define AHEAD_BYTES_MIN   32768u  /* what is read at once then, */
#define AHEAD_BYTES_MAX   262144u /* a 1024th of the free heap in between */
#define AHEAD_HEAP_SHARE  1024u

/* The request's key, checked.  False: it is none, which the reply says already. */
static bool check_key(struct request *request)
{
    enum bough_err err = bough_tree_path_check(request->words[1]);

    if (err == BOUGH_TOO_BIG)
        (void)reply_problem(request, PROBLEM_URI_TOO_LONG,
                            "a key has at most %u bytes in %u steps of at most %u bytes",
                            BOUGH_PATH_BYTES_MAX, BOUGH_PATH_STEPS_MAX, BOUGH_STEP_BYTES_MAX);
    else if (err != BOUGH_OK || request->words[1].len == 0)
        (void)reply_problem(request, PROBLEM_BAD_KEY,
                            "steps must not be empty, \".\" or \"..\", nor hold NUL");
    return err == BOUGH_OK && request->words[1].len > 0;
}

/* What stands at the request's key in `rev`; *found is false where there is no value. */
static enum bough_err find(struct request *request, const struct rev *rev,
                           struct bough_entry *entry, bool *found)
{
    enum bough_err err = bough_tree_find(request->service->store, &rev->tree, request->words[1],
                                         &request->arena, entry);

    *found = err == BOUGH_OK && entry->kind == BOUGH_ENTRY_VALUE;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* Judges the conditions.  False: they do not let the request through, and the reply says so. */
static bool check_conditions(struct request *request, const struct bough_hash *name)
{
    switch (http_cond_check(&request->in, name)) {
    case HTTP_COND_GO:
        return true;
    case HTTP_COND_NOT_MODIFIED:
        reply_status(request, 304);
        break;
    case HTTP_COND_FAILED:
        (void)reply_problem(request, PROBLEM_PRECONDITION,
                            name == NULL ? "the key does not exist" : "the value is another one");
        break;
    case HTTP_COND_MALFORMED:
        (void)reply_problem(request, PROBLEM_BAD_REQUEST,
                            "If-Match and If-None-Match hold \"*\" or tags in double quotes");
        return false;
    }
    if (name != NULL)
        reply_hash(request, "ETag", name, true);
    return false;
}

/* ---- out ---- */

/* Every read of a stored value checks the whole chunks that it touches, so reading ahead saves most
 * of the checking twice. */
struct value_source {
    struct reply_source base;
    struct bough_store *store;
    struct bough_value value;
    uint64_t at_bytes; /* behind what is in `ahead` */
    uint64_t left_bytes;
    uint8_t *ahead;
    size_t ahead_max;
    size_t ahead_at;
    size_t ahead_len;
    struct bough_collect_pin pin; /* the key may be deleted while its value is sent */
};

static void close_value(struct reply_source *base)
{
    bough_collect_pin_end(&((struct value_source *)base)->pin);
}

static enum bough_err read_value(struct reply_source *base, void *into, size_t max, size_t *got)
{
    struct value_source *source = (struct value_source *)base;
    size_t len =
        source->left_bytes < source->ahead_max ? (size_t)source->left_bytes : source->ahead_max;

    if (source->ahead_at == source->ahead_len && len > 0) {
        BOUGH_TRY(bough_value_read(source->store, &source->value, source->at_bytes, source->ahead,
                                   len, &source->ahead_len));
        source->at_bytes += source->ahead_len;
        source->left_bytes -= source->ahead_len;
        source->ahead_at = 0;
    }
    *got = source->ahead_len - source->ahead_at;
    if (*got > max)
        *got = max;
    memcpy(into, source->ahead + source->ahead_at, *got);
    source->ahead_at += *got;
    return BOUGH_OK;
}

/* A source of bytes first..first+len-1; NULL without memory. */
static struct value_source *open_source(struct request *request, const struct bough_value *value,
                                        uint64_t first, uint64_t len)
{
    static const struct reply_source_ops ops = {.read = read_value, .close = close_value};
    const struct bough_heap *heap = request->service->env->heap;
    struct value_source *source = bough_arena_zeros(&request->arena, 1, sizeof(*source));
    size_t share = (heap->limit_bytes - heap->taken_bytes) / AHEAD_HEAP_SHARE;

    if (source == NULL)
        return NULL;
    *source = (struct value_source){.base = {.ops = &ops},
                                    .store = request->service->store,
                                    .value = *value,
                                    .at_bytes = first,
                                    .left_bytes = len};
    source->ahead_max = share < AHEAD_BYTES_MIN   ? AHEAD_BYTES_MIN
                        : share > AHEAD_BYTES_MAX ? AHEAD_BYTES_MAX
                                                  : share;
    source->ahead = bough_arena_take(&request->arena, source->ahead_max);
    if (source->ahead == NULL)
        return NULL;
    bough_collect_pin_value(source->store, &source->pin, value);
    return source;
}

/* Makes bytes first..first+len-1 of the value the reply's body. */
static enum bough_err send_part(struct request *request, const struct bough_value *value,
                                uint64_t first, uint64_t len)
{
    static const char type[] = "application/octet-stream";
    struct bough_store *store = request->service->store;
    struct value_source *source;
    uint8_t *bytes;
    size_t got = 0;

    if (len > AT_ONCE_BYTES_MAX && request->in.method != HTTP_HEAD) {
        source = open_source(request, value, first, len);
        if (source == NULL)
            return BOUGH_NO_MEMORY;
        reply_source(request, type, &source->base, true, len);
        return BOUGH_OK;
    }
    if (request->in.method == HTTP_HEAD) {
        reply_body(request, type,
                   bough_bytes_of(NULL, (size_t)len)); /* its length, not its bytes */
        return BOUGH_OK;
    }
    bytes = bough_arena_take(&request->arena, (size_t)len);
    if (bytes == NULL)
        return BOUGH_NO_MEMORY;
    if (len > 0)
        BOUGH_TRY(bough_value_read(store, value, first, bytes, (size_t)len, &got));
    if (got != len)
        return BOUGH_CORRUPT;
    reply_body(request, type, bough_bytes_of(bytes, (size_t)len));
    return BOUGH_OK;
}

static enum bough_err send_value(struct request *request, const struct bough_entry *entry,
                                 const struct bough_hash *name)
{
    uint64_t size = entry->value.size_bytes;
    uint64_t first = 0;
    uint64_t last = 0;

    reply_hash(request, "ETag", name, true);
    reply_field(request, "Accept-Ranges", "bytes");
    if (entry->mode != BOUGH_MODE_FILE)
        reply_field(request, "Bough-Mode", "%o", entry->mode);
    switch (http_cond_range(&request->in, name, size, &first, &last)) {
    case HTTP_RANGE_BAD:
        (void)reply_problem(request, PROBLEM_RANGE, "the value has %llu bytes",
                            (unsigned long long)size);
        reply_field(request, "Content-Range", "bytes */%llu", (unsigned long long)size);
        return BOUGH_OK;
    case HTTP_RANGE_PART:
        BOUGH_TRY(send_part(request, &entry->value, first, last - first + 1));
        reply_field(request, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)first,
                    (unsigned long long)last, (unsigned long long)size);
        reply_status(request, 206);
        return BOUGH_OK;
    case HTTP_RANGE_ALL:
        break;
    }
    BOUGH_TRY(send_part(request, &entry->value, 0, size));
    reply_status(request, 200);
    return BOUGH_OK;
}

/* Answers with the value at the key in `rev`. */
static enum bough_err answer_get(struct request *request, const struct rev *rev)
{
    struct bough_entry entry = {0};
    struct bough_hash name;
    bool found;

    BOUGH_TRY(find(request, rev, &entry, &found));
    if (!found && !check_conditions(request, NULL))
        return BOUGH_OK;
    if (!found)
        return reply_problem(request, PROBLEM_NO_SUCH_KEY, "%s",
                             entry.kind == BOUGH_ENTRY_TREE && entry.step.len > 0
                                 ? "there is a directory; list it with keys?prefix="
                                 : "");
    bough_value_name(&entry.value, &name);
    reply_hash(request, "Bough-Commit", &rev->commit.name, false);
    reply_field(request, "Cache-Control", "%s",
                rev->exact ? "public, max-age=31536000, immutable" : "no-cache");
    if (!check_conditions(request, &name))
        return BOUGH_OK;
    return send_value(request, &entry, &name);
}

/* The same; damage is reported with the key's name. */
static enum bough_err get_from(struct request *request, const struct rev *rev)
{
    enum bough_err err = answer_get(request, rev);

    if (err != BOUGH_CORRUPT)
        return err;
    return reply_problem(request, PROBLEM_CORRUPTION, "key \"%.*s\"",
                         request->words[1].len < 400 ? (int)request->words[1].len : 400,
                         (const char *)request->words[1].at);
}

enum bough_err api_key_get(struct request *request)
{
    struct rev rev;
    enum bough_err err;

    if (!check_key(request))
        return BOUGH_OK;
    err = rev_branch(request, request->words[0], &rev);
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
    return get_from(request, &rev);
}

enum bough_err api_key_get_at(struct request *request)
{
    struct rev rev;
    enum bough_err err;

    if (!check_key(request))
        return BOUGH_OK;
    err = rev_find(request, request->words[0], &rev);
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_REVISION, request->words[0]);
    return get_from(request, &rev);
}

/* ---- in ---- */

/* Whether the client wants as little as possible back (RFC 7240 section 4.2). */
static bool wants_minimal(struct request *request)
{
    struct bough_bytes list;

    for (size_t i = 0; (list = http_in_field(&request->in, "Prefer", i)).at != NULL; i++) {
        struct bough_bytes preference;

        while (http_in_element(&list, &preference))
            if (http_in_is(preference, "return=minimal"))
                return true;
    }
    return false;
}

/* What stands at the key now, and whether the conditions let the write through (*go). */
static enum bough_err look_before_write(struct request *request, struct rev *rev,
                                        struct bough_entry *old, struct bough_hash *name,
                                        bool *found, bool *go)
{
    enum bough_err err = rev_branch(request, request->words[0], rev);

    *go = false;
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
    BOUGH_TRY(find(request, rev, old, found));
    if (*found)
        bough_value_name(&old->value, name);
    *go = check_conditions(request, *found ? name : NULL);
    return BOUGH_OK;
}

/* Makes one edit of the key a commit. */
static enum bough_err commit_edit(struct request *request, const struct bough_edit *edit,
                                  const char *verb, struct bough_txn_result *result)
{
    struct bough_txn txn = {.expect = BOUGH_EXPECT_ANY, .edits = edit, .edit_count = 1};

    if (!author_ident(request, (struct bough_bytes){0}, &txn.author))
        return BOUGH_OK;
    BOUGH_TRY(author_message(request, (struct bough_bytes){0}, verb, edit->path, &txn.message));
    BOUGH_TRY(rev_ref_name(request, "heads/", request->words[0], &txn.branch));
    return bough_txn_commit(request->service->store, &txn, &request->arena, result);
}

/* The mode from the field Bough-Mode, or that of the value that is replaced. */
static bool choose_mode(struct request *request, const struct bough_entry *old, bool found,
                        uint32_t *mode)
{
    struct bough_bytes given = http_in_field(&request->in, "Bough-Mode", 0);

    *mode = found ? old->mode : BOUGH_MODE_FILE;
    if (given.at == NULL)
        return true;
    if (http_in_is(given, "100644"))
        *mode = BOUGH_MODE_FILE;
    else if (http_in_is(given, "100755"))
        *mode = BOUGH_MODE_EXEC;
    else if (http_in_is(given, "120000"))
        *mode = BOUGH_MODE_SYMLINK;
    else
        (void)reply_problem(request, PROBLEM_BAD_REQUEST,
                            "Bough-Mode must be 100644, 100755 or 120000");
    return request->reply.status == 0;
}

/* The reply to a PUT that went through. */
static enum bough_err answer_put(struct request *request, const struct bough_value *value,
                                 const struct bough_txn_result *result, bool created)
{
    struct bough_hash name;
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    bool minimal = wants_minimal(request);
    unsigned status = created ? 201 : minimal ? 204 : 200;

    bough_value_name(value, &name);
    json_write_object(&json, NULL);
    json_write_hash(&json, "commit", &result->commit.name);
    json_write_hash(&json, "etag", &name);
    json_write_number(&json, "size", value->size_bytes);
    json_write_bool(&json, "unchanged", result->unchanged);
    json_write_end(&json);
    reply_hash(request, "ETag", &name, true);
    reply_hash(request, "Bough-Commit", &result->commit.name, false);
    if (result->unchanged)
        reply_field(request, "Bough-Unchanged", "1");
    if (minimal) {
        reply_field(request, "Preference-Applied", "return=minimal");
        reply_status(request, status);
        return BOUGH_OK;
    }
    return reply_json_end(request, &out, status);
}

/* The Location of what a PUT made: the key at the new commit. */
static enum bough_err add_location(struct request *request, const struct bough_link *commit)
{
    char hex[2 * BOUGH_HASH_BYTES + 1];
    struct out out = out_begin(&request->arena);
    struct bough_bytes location;

    hash_hex(&commit->name, hex);
    out_text(&out, "Location: /v1/at/");
    out_text(&out, hex);
    out_text(&out, "/k/");
    percent_encode(&out, request->words[1], true);
    out_text(&out, "\r\n");
    BOUGH_TRY(out_end(&out, &location));
    out_bytes(&request->reply.fields, location);
    return BOUGH_OK;
}

static enum bough_err put_value(struct request *request, struct bough_edit *edit)
{
    struct bough_txn_result result = {0};
    struct bough_entry old = {0};
    struct bough_hash name;
    struct rev rev;
    bool found = false;
    bool go;
    enum bough_err err;

    BOUGH_TRY(look_before_write(request, &rev, &old, &name, &found, &go));
    if (!go || !choose_mode(request, &old, found, &edit->entry.mode))
        return BOUGH_OK;
    err = commit_edit(request, edit, "put", &result);
    if (err == BOUGH_CONFLICT)
        return reply_problem(request, PROBLEM_CONFLICT,
                             "there is a directory, or a value where the key needs a directory");
    if (err != BOUGH_OK || request->reply.status != 0)
        return err;
    if (!found)
        BOUGH_TRY(add_location(request, &result.commit));
    return answer_put(request, &edit->entry.value, &result, !found);
}

static enum bough_err put_add(struct request *request, struct bough_bytes bytes)
{
    return bough_value_add(request->sink_state, bytes);
}

static enum bough_err put_end(struct request *request)
{
    struct bough_edit edit = {.path = request->words[1], .entry = {.kind = BOUGH_ENTRY_VALUE}};

    BOUGH_TRY(bough_value_finish(request->sink_state, &request->arena, &edit.entry.value));
    return put_value(request, &edit);
}

static void put_abandon(struct request *request)
{
    bough_value_abandon(request->sink_state);
}

enum bough_err api_key_put(struct request *request)
{
    static const struct request_sink_ops sink = {
        .add = put_add, .end = put_end, .abandon = put_abandon};
    struct bough_value_writer *writer;
    struct bough_entry old = {0};
    struct bough_hash name;
    struct rev rev;
    bool found;
    bool go;

    request->body_bytes_max = request->service->config.value_bytes;
    if (!check_key(request))
        return BOUGH_OK;
    if (http_in_field(&request->in, "Content-Range", 0).at != NULL)
        return reply_problem(request, PROBLEM_BAD_REQUEST, "a value is written as a whole");
    BOUGH_TRY(look_before_write(request, &rev, &old, &name, &found, &go));
    if (!go || request->reply.status != 0)
        return BOUGH_OK;
    BOUGH_TRY(bough_value_begin(request->service->store, &writer));
    request->sink = &sink;
    request->sink_state = writer;
    return BOUGH_OK;
}

enum bough_err api_key_delete(struct request *request)
{
    struct bough_edit edit = {.path = request->words[1], .remove = true};
    struct bough_txn_result result = {0};
    struct bough_entry old = {0};
    struct bough_hash name;
    struct rev rev;
    bool found = false;
    bool go;

    if (!check_key(request))
        return BOUGH_OK;
    BOUGH_TRY(look_before_write(request, &rev, &old, &name, &found, &go));
    if (!go)
        return BOUGH_OK;
    if (!found)
        return reply_problem(request, PROBLEM_NO_SUCH_KEY, "%s", "");
    BOUGH_TRY(commit_edit(request, &edit, "delete", &result));
    if (request->reply.status != 0)
        return BOUGH_OK;
    reply_hash(request, "Bough-Commit", &result.commit.name, false);
    reply_status(request, 204);
    return BOUGH_OK;
}
