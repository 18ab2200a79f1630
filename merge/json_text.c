/* SPDX-License-Identifier: ISC
 *
 * json_text.c - JSON values as text, in the style of another text.
 *
 * Owns no data.  The style is what the first occasion in the other text shows: what stands behind
 * the first bracket, the first colon and the first comma.
 */
#include "json_text.h"
#include "bough/limits.h"
#include "utf8.h"
#include <assert.h>

#define INDENT_MAX 16u

/* The run of blanks or tabs behind text[at]. */
static struct bough_bytes blanks_at(struct bough_bytes text, size_t at)
{
    size_t end = at;

    while (end < text.len && end - at < INDENT_MAX && (text.at[end] == ' ' || text.at[end] == '\t'))
        end++;
    return bough_bytes_of(text.at + at, end - at);
}

static bool is_byte(struct bough_bytes text, size_t at, char c)
{
    return at < text.len && text.at[at] == (uint8_t)c;
}

/* The end of the string that begins at text[at]. */
static size_t string_end(struct bough_bytes text, size_t at, bool *has_unicode)
{
    for (at++; at < text.len && text.at[at] != '"'; at++) {
        if (text.at[at] == '\\') {
            at++;
            *has_unicode = *has_unicode || is_byte(text, at, 'u');
        }
    }
    return at;
}

struct json_text_style json_text_style_of(struct bough_bytes text)
{
    struct json_text_style style = {.has_newline = is_byte(text, text.len - 1, '\n')};
    bool bracket = false, colon = false, comma = false, has_unicode = false, has_other = false;

    for (size_t i = 0; i < text.len; i++)
        has_other = has_other || text.at[i] > 0x7e;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (c == '"') {
            i = string_end(text, i, &has_unicode);
        } else if (!bracket && (c == '{' || c == '[')) {
            size_t line = i + 1 + is_byte(text, i + 1, '\r');

            bracket = true;
            style.is_tall = is_byte(text, line, '\n');
            if (style.is_tall)
                style.indent = blanks_at(text, line + 1);
        } else if (!colon && c == ':') {
            colon = true;
            style.space_after_colon = is_byte(text, i + 1, ' ');
        } else if (!comma && c == ',') {
            comma = true;
            style.space_after_comma = is_byte(text, i + 1, ' ');
        }
    }
    if (!colon)
        style.space_after_colon = style.is_tall || style.space_after_comma;
    if (!comma)
        style.space_after_comma = style.space_after_colon;
    style.is_ascii = has_unicode && !has_other;
    return style;
}

/* The point of a well-formed sequence of `len` bytes. */
static uint32_t point_of(const uint8_t *at, size_t len)
{
    uint32_t point = len == 1 ? at[0] : at[0] & (0xffu >> (len + 1));

    for (size_t i = 1; i < len; i++)
        point = point << 6 | (at[i] & 0x3fu);
    return point;
}

static void put_escape(struct out *out, uint32_t point)
{
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    const char *found = point == 0 || point > 0x7f ? NULL : strchr(from, (int)point);

    if (found != NULL)
        out_format(out, "\\%c", to[found - from]);
    else if (point > 0xffff)
        out_format(out, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((point - 0x10000) >> 10)),
                   (unsigned)(0xdc00 + (point & 0x3ff)));
    else
        out_format(out, "\\u%04x", (unsigned)point);
}

/* RFC 8259 section 7: what must be escaped is, and what the style escapes. */
static void put_string(const struct json_text_style *style, struct bough_bytes text,
                       struct out *out)
{
    size_t from = 0;

    out_text(out, "\"");
    for (size_t at = 0; at < text.len;) {
        size_t len = utf8_length(bough_bytes_of(text.at + at, text.len - at));
        uint32_t point;

        assert(len > 0);
        point = point_of(text.at + at, len);
        if (point < 0x20 || point == '"' || point == '\\' || (point > 0x7e && style->is_ascii)) {
            out_bytes(out, bough_bytes_of(text.at + from, at - from));
            put_escape(out, point);
            from = at + len;
        }
        at += len;
    }
    if (from < text.len)
        out_bytes(out, bough_bytes_of(text.at + from, text.len - from));
    out_text(out, "\"");
}

static void put_line(const struct json_text_style *style, unsigned depth, struct out *out)
{
    if (!style->is_tall)
        return;
    out_text(out, "\n");
    for (unsigned i = 0; i < depth; i++)
        out_bytes(out, style->indent);
}

static void put(const struct json_text_style *style, const struct json_node *node, unsigned depth,
                struct out *out)
{
    static const char *const words[] = {"null", "false", "true"};
    bool is_object = node->kind == JSON_OBJECT;

    assert(depth <= BOUGH_JSON_DEPTH_MAX);
    if (node->kind <= JSON_TRUE) {
        out_text(out, words[node->kind]);
        return;
    }
    if (node->kind == JSON_NUMBER) {
        out_bytes(out, node->text);
        return;
    }
    if (node->kind == JSON_STRING) {
        put_string(style, node->text, out);
        return;
    }
    out_text(out, is_object ? "{" : "[");
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0)
            out_text(out, !style->is_tall && style->space_after_comma ? ", " : ",");
        put_line(style, depth + 1, out);
        if (is_object) {
            put_string(style, node->items[i]->name, out);
            out_text(out, style->space_after_colon ? ": " : ":");
        }
        put(style, node->items[i], depth + 1, out);
    }
    if (node->count > 0)
        put_line(style, depth, out);
    out_text(out, is_object ? "}" : "]");
}

void json_text_write(const struct json_text_style *style, const struct json_node *node,
                     struct out *out)
{
    _Static_assert(JSON_NULL == 0 && JSON_TRUE == 2, "words are in the order of kinds");
    put(style, node, 0, out);
    if (style->has_newline)
        out_text(out, "\n");
}
