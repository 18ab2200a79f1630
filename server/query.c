/* SPDX-License-Identifier: ISC
 *
 * query.c - the parameters behind a '?', and those in JSON documents.
 *
 * Owns no data.  A name that nobody knows is refused: a mistyped condition must not become none.
 */
#include "query.h"
#include "percent.h"
#include "reply.h"

static size_t index_of(const char *const *names, struct bough_bytes name)
{
    size_t i = 0;

    while (names[i] != NULL && !bough_bytes_equal(name, bough_bytes_text(names[i])))
        i++;
    return i;
}

static int shown(struct bough_bytes bytes)
{
    return bytes.len < 64 ? (int)bytes.len : 64;
}

/* One "name=value", or "name". */
static bool parse_one(struct request *request, struct bough_bytes pair, struct query *query)
{
    const uint8_t *equals = memchr(pair.at, '=', pair.len);
    size_t name_len = equals == NULL ? pair.len : (size_t)(equals - pair.at);
    struct bough_bytes name = bough_bytes_of(pair.at, name_len);
    struct bough_bytes value = bough_bytes_of(pair.at + pair.len, 0);
    size_t index = index_of(query->names, name);

    if (equals != NULL)
        value = bough_bytes_of(equals + 1, pair.len - name_len - 1);
    if (query->names[index] == NULL) {
        (void)reply_problem(request, PROBLEM_BAD_REQUEST, "\"%.*s\" is no parameter here",
                            shown(name), (const char *)name.at);
        return false;
    }
    assert(index < QUERY_PARAMETERS_MAX);
    if (query->values[index].at != NULL ||
        percent_decode(value, &request->arena, &query->values[index]) != BOUGH_OK) {
        (void)reply_problem(request, PROBLEM_BAD_REQUEST, "parameter \"%s\" is malformed or twice",
                            query->names[index]);
        return false;
    }
    return true;
}

bool query_parse(struct request *request, const char *const *names, struct query *query)
{
    struct bough_bytes rest = request->in.query;

    *query = (struct query){.names = names};
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.at, '&', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.at);

        if (len > 0 && !parse_one(request, bough_bytes_of(rest.at, len), query))
            return false;
        len += end != NULL;
        rest = bough_bytes_of(rest.at + len, rest.len - len);
    }
    return true;
}

struct bough_bytes query_value(const struct query *query, const char *name)
{
    size_t index = index_of(query->names, bough_bytes_text(name));

    assert(query->names[index] != NULL);
    return query->values[index];
}

bool query_number(struct request *request, const struct query *query, const char *name,
                  uint64_t initial, uint64_t max, uint64_t *number)
{
    struct bough_bytes value = query_value(query, name);
    bool fine = value.at == NULL || (value.len > 0 && value.len < 19);

    *number = value.at == NULL ? initial : 0;
    for (size_t i = 0; i < value.len && fine; i++) {
        fine = value.at[i] >= '0' && value.at[i] <= '9';
        *number = *number * 10 + (uint64_t)(value.at[i] - '0');
    }
    if (fine && *number <= max)
        return true;
    (void)reply_problem(request, PROBLEM_BAD_REQUEST, "\"%s\" must be a number of 0 to %llu", name,
                        (unsigned long long)max);
    return false;
}

bool query_flag(const struct query *query, const char *name)
{
    struct bough_bytes value = query_value(query, name);

    return value.at != NULL && (value.len == 0 || bough_bytes_equal(value, bough_bytes_text("1")) ||
                                bough_bytes_equal(value, bough_bytes_text("true")));
}

bool query_knows(const struct json *object, const char *const *names, struct bough_bytes *stranger)
{
    for (const struct json *item = object->first; item != NULL; item = item->next) {
        if (names[index_of(names, item->name)] == NULL) {
            *stranger = item->name;
            return false;
        }
    }
    return true;
}

const struct json *query_body(struct request *request, const char *const *names)
{
    static const struct json empty = {.kind = JSON_OBJECT};
    const struct json *body = &empty;
    struct bough_bytes stranger;
    size_t error_at = 0;
    enum bough_err err = BOUGH_OK;

    if (request->body.len > 0)
        err = json_read(request->body, &request->arena, &body, &error_at);
    if (err == BOUGH_NO_MEMORY) {
        reply_error(request, err);
        return NULL;
    }
    if (err == BOUGH_TOO_BIG)
        (void)reply_problem(request, PROBLEM_BAD_BODY, "JSON nested deeper than %u levels",
                            BOUGH_JSON_DEPTH_MAX);
    else if (err != BOUGH_OK)
        (void)reply_problem(request, PROBLEM_BAD_BODY, "not JSON at byte %zu", error_at);
    else if (body->kind != JSON_OBJECT)
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "the body must be a JSON object");
    else if (!query_knows(body, names, &stranger))
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"%.*s\" is no member here",
                            shown(stranger), (const char *)stranger.at);
    else
        return body;
    return NULL;
}

struct bough_bytes query_text(const struct json *object, const char *name)
{
    const struct json *given = json_read_member(object, name);
    bool is_text = given != NULL && given->kind == JSON_STRING;

    return is_text ? given->text : (struct bough_bytes){0};
}

bool query_bytes(struct request *request, const struct json *object, const char *name,
                 const char *name_encoded, struct bough_bytes *bytes)
{
    const struct json *plain = json_read_member(object, name);
    const struct json *encoded = json_read_member(object, name_encoded);
    const struct json *given = plain != NULL ? plain : encoded;

    *bytes = (struct bough_bytes){0};
    if (given == NULL)
        return true;
    if ((plain != NULL && encoded != NULL) || given->kind != JSON_STRING)
        return false;
    if (given == encoded)
        return percent_decode(given->text, &request->arena, bytes) == BOUGH_OK;
    *bytes = given->text;
    return true;
}

bool query_member(struct request *request, const struct json *object, const char *name,
                  uint32_t max, uint32_t *number)
{
    const struct json *given = json_read_member(object, name);
    int64_t value = -1;

    if (given == NULL)
        return true;
    if (json_read_integer(given, &value) && value >= 0 && value <= (int64_t)max) {
        *number = (uint32_t)value;
        return true;
    }
    (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"%s\" must be a number of 0..%u", name,
                        max);
    return false;
}
