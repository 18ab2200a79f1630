/* SPDX-License-Identifier: ISC
 *
 * json_read.c - JSON (RFC 8259) from strangers, as a tree in an arena.
 *
 * Owns no data.  One pass without recursion: the open objects and arrays stand in a table of
 * BOUGH_JSON_DEPTH_MAX levels, so that depth costs no stack.
 *   (1) in->at <= in->end; every byte is looked at before it is passed.
 *   (2) Names within an object differ, which is checked when it is closed: two readers that pick
 *       different ones of two equal names would see two different documents.
 */
#include "json_read.h"
#include "bough/limits.h"
#include "utf8.h"
#include <stdlib.h>

struct level {
    struct json *value;
    struct json *last;
};

struct reader {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    struct bough_arena *arena;
    struct level levels[BOUGH_JSON_DEPTH_MAX];
    size_t depth;
};

static void skip_space(struct reader *in)
{
    while (in->at < in->end &&
           (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r'))
        in->at++;
}

/* The byte to come, or 0 at the end (a NUL is no JSON, so the two need not be told apart). */
static uint8_t peek(const struct reader *in)
{
    return in->at < in->end ? *in->at : 0;
}

static bool take(struct reader *in, uint8_t c)
{
    if (peek(in) != c)
        return false;
    in->at++;
    return true;
}

static bool take_word(struct reader *in, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(in->end - in->at) < len || memcmp(in->at, word, len) != 0)
        return false;
    in->at += len;
    return true;
}

static size_t take_digits(struct reader *in)
{
    const uint8_t *from = in->at;

    while (peek(in) >= '0' && peek(in) <= '9')
        in->at++;
    return (size_t)(in->at - from);
}

/* RFC 8259 section 6. */
static enum bough_err read_number(struct reader *in, struct json *value)
{
    const uint8_t *from = in->at;

    (void)take(in, '-');
    if (!take(in, '0') && take_digits(in) == 0)
        return BOUGH_INVALID;
    if (take(in, '.') && take_digits(in) == 0)
        return BOUGH_INVALID;
    if (take(in, 'e') || take(in, 'E')) {
        if (!take(in, '+'))
            (void)take(in, '-');
        if (take_digits(in) == 0)
            return BOUGH_INVALID;
    }
    value->kind = JSON_NUMBER;
    value->text = bough_bytes_of(from, (size_t)(in->at - from));
    return BOUGH_OK;
}

/* Four hexadecimal digits. */
static bool read_hex(struct reader *in, uint32_t *word)
{
    *word = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t c = peek(in);
        uint32_t digit;

        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a') + 10u;
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A') + 10u;
        else
            return false;
        *word = *word << 4 | digit;
        in->at++;
    }
    return true;
}

/* What follows "\u": one or, for a surrogate pair, two escapes. */
static bool read_point(struct reader *in, uint32_t *point)
{
    uint32_t low;

    if (!read_hex(in, point))
        return false;
    if (*point < 0xd800 || *point > 0xdfff)
        return true;
    if (*point > 0xdbff || !take(in, '\\') || !take(in, 'u') || !read_hex(in, &low))
        return false;
    if (low < 0xdc00 || low > 0xdfff)
        return false;
    *point = 0x10000 + ((*point - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* What follows a backslash, into `into` of at least 4 bytes; 0 when it is no escape. */
static size_t read_escape(struct reader *in, uint8_t *into)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    uint8_t c = peek(in);
    const char *found = c == 0 ? NULL : strchr(from, c);
    uint32_t point;

    if (found != NULL) {
        in->at++;
        into[0] = (uint8_t)to[found - from];
        return 1;
    }
    if (!take(in, 'u') || !read_point(in, &point))
        return 0;
    return utf8_put(point, into);
}

/* Finds the closing quote; false when there is none.  *escapes tells whether any stands before. */
static bool find_quote(const struct reader *in, const uint8_t **quote, bool *escapes)
{
    const uint8_t *at = in->at;

    *escapes = false;
    while (at < in->end && *at != '"') {
        if (*at == '\\') {
            *escapes = true;
            if (++at == in->end)
                return false;
        }
        at++;
    }
    *quote = at;
    return at < in->end;
}

/* A string, its opening quote already taken. */
static enum bough_err read_string(struct reader *in, struct bough_bytes *text)
{
    const uint8_t *quote;
    bool escapes;
    uint8_t *into = NULL;
    size_t len = 0;

    if (!find_quote(in, &quote, &escapes))
        return BOUGH_INVALID;
    *text = bough_bytes_of(in->at, (size_t)(quote - in->at));
    if (escapes) {
        into = bough_arena_take(in->arena, text->len); /* no escape is shorter than what it means */
        if (into == NULL)
            return BOUGH_NO_MEMORY;
    }
    while (in->at < quote) {
        size_t step = utf8_length(bough_bytes_of(in->at, (size_t)(quote - in->at)));

        if (step == 0 || *in->at < 0x20)
            return BOUGH_INVALID;
        if (*in->at == '\\') {
            in->at++;
            step = read_escape(in, into + len);
            if (step == 0)
                return BOUGH_INVALID;
        } else {
            if (into != NULL)
                memcpy(into + len, in->at, step);
            in->at += step;
        }
        len += step;
    }
    assert(in->at == quote && len <= text->len);
    in->at++;
    if (into != NULL)
        *text = bough_bytes_of(into, len);
    return BOUGH_OK;
}

static int compare_names(const void *a, const void *b)
{
    const struct json *const *left = a;
    const struct json *const *right = b;

    return bough_bytes_compare((*left)->name, (*right)->name);
}

/* Invariant (2). */
static enum bough_err check_names(struct reader *in, const struct json *object)
{
    struct bough_arena_mark mark = bough_arena_now(in->arena);
    enum bough_err err = BOUGH_OK;
    const struct json **sorted;
    size_t count = 0;

    if (object->kind != JSON_OBJECT || object->item_count < 2)
        return BOUGH_OK;
    sorted = bough_arena_zeros(in->arena, object->item_count, sizeof(*sorted));
    if (sorted == NULL)
        return BOUGH_NO_MEMORY;
    for (const struct json *item = object->first; item != NULL; item = item->next)
        sorted[count++] = item;
    qsort(sorted, count, sizeof(*sorted), compare_names);
    for (size_t i = 1; i < count && err == BOUGH_OK; i++)
        if (bough_bytes_equal(sorted[i - 1]->name, sorted[i]->name))
            err = BOUGH_INVALID;
    bough_arena_back(in->arena, mark);
    return err;
}

/* Puts `value` behind the last item of the innermost level. */
static void append(struct reader *in, struct json *value)
{
    struct level *level = &in->levels[in->depth - 1];

    if (level->last == NULL)
        level->value->first = value;
    else
        level->last->next = value;
    level->last = value;
    level->value->item_count++;
}

/* The name and colon before a member's value. */
static enum bough_err read_name(struct reader *in, struct json *value)
{
    if (!take(in, '"'))
        return BOUGH_INVALID;
    BOUGH_TRY(read_string(in, &value->name));
    skip_space(in);
    if (!take(in, ':'))
        return BOUGH_INVALID;
    skip_space(in);
    return BOUGH_OK;
}

/* Reads a value's beginning: all of a scalar, the bracket of an object or array. */
static enum bough_err read_value(struct reader *in, struct json *value)
{
    if (take(in, '"')) {
        value->kind = JSON_STRING;
        return read_string(in, &value->text);
    }
    if (peek(in) == '{' || peek(in) == '[') {
        if (in->depth == BOUGH_JSON_DEPTH_MAX)
            return BOUGH_TOO_BIG;
        value->kind = *in->at++ == '{' ? JSON_OBJECT : JSON_ARRAY;
        in->levels[in->depth++] = (struct level){.value = value};
        return BOUGH_OK;
    }
    if (take_word(in, "true")) {
        value->kind = JSON_TRUE;
        return BOUGH_OK;
    }
    if (take_word(in, "false")) {
        value->kind = JSON_FALSE;
        return BOUGH_OK;
    }
    if (take_word(in, "null")) {
        value->kind = JSON_NULL;
        return BOUGH_OK;
    }
    return read_number(in, value);
}

/* Closes levels, and passes the comma, until another value must follow or none is open. */
static enum bough_err read_after(struct reader *in, bool opened)
{
    while (in->depth > 0) {
        const struct json *value = in->levels[in->depth - 1].value;

        skip_space(in);
        if (take(in, value->kind == JSON_OBJECT ? '}' : ']')) {
            BOUGH_TRY(check_names(in, value));
            in->depth--;
            opened = false;
            continue;
        }
        if (!opened && !take(in, ','))
            return BOUGH_INVALID;
        skip_space(in);
        return BOUGH_OK;
    }
    return BOUGH_OK;
}

static enum bough_err read_all(struct reader *in, const struct json **root)
{
    *root = NULL;
    skip_space(in);
    do {
        struct json *value = bough_arena_zeros(in->arena, 1, sizeof(*value));
        size_t depth = in->depth;

        if (value == NULL)
            return BOUGH_NO_MEMORY;
        if (depth > 0) {
            if (in->levels[depth - 1].value->kind == JSON_OBJECT)
                BOUGH_TRY(read_name(in, value));
            append(in, value);
        } else {
            *root = value;
        }
        BOUGH_TRY(read_value(in, value));
        BOUGH_TRY(read_after(in, in->depth > depth));
    } while (in->depth > 0);
    skip_space(in);
    return in->at == in->end ? BOUGH_OK : BOUGH_INVALID;
}

enum bough_err json_read(struct bough_bytes text, struct bough_arena *arena,
                         const struct json **value, size_t *error_at)
{
    struct reader in = {
        .start = text.at, .at = text.at, .end = text.at, .arena = arena, .depth = 0};
    enum bough_err err;

    if (text.len == 0)
        return BOUGH_INVALID;
    in.end += text.len;
    err = read_all(&in, value);
    if (error_at != NULL)
        *error_at = (size_t)(in.at - in.start);
    return err;
}

const struct json *json_read_member(const struct json *object, const char *name)
{
    struct bough_bytes wanted = bough_bytes_text(name);

    if (object == NULL || object->kind != JSON_OBJECT)
        return NULL;
    for (const struct json *item = object->first; item != NULL; item = item->next)
        if (bough_bytes_equal(item->name, wanted))
            return item;
    return NULL;
}

bool json_read_integer(const struct json *value, int64_t *number)
{
    bool negative;
    uint64_t sum = 0;
    size_t at;

    if (value == NULL || value->kind != JSON_NUMBER)
        return false;
    negative = value->text.at[0] == '-';
    for (at = negative; at < value->text.len; at++) {
        uint8_t c = value->text.at[at];

        if (c < '0' || c > '9' || sum > (uint64_t)INT64_MAX / 10)
            return false;
        sum = sum * 10 + (uint64_t)(c - '0');
    }
    if (sum > INT64_MAX)
        return false;
    *number = negative ? -(int64_t)sum : (int64_t)sum;
    return true;
}
