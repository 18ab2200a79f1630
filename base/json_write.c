/* SPDX-License-Identifier: ISC
 *
 * json_write.c - JSON (RFC 8259), written piece by piece.
 *
 * Owns no data; commas follow from one bit per depth.
 *   (1) Objects and arrays nest at most 63 deep (our own documents: 6).
 *   (2) The text is UTF-8 whatever is put in.
 */
#include "json_write.h"
#include "hash.h"
#include "utf8.h"

struct json_write json_write_into(struct out *out)
{
    return (struct json_write){.out = out};
}

/* The comma before an item, and its name. */
static void begin_item(struct json_write *json, const char *name)
{
    uint64_t bit = (uint64_t)1 << json->depth;

    assert((name != NULL) == (json->depth > 0 && (json->is_object & bit) != 0));
    if ((json->has_items & bit) != 0)
        out_text(json->out, ",");
    json->has_items |= bit;
    if (name != NULL) {
        out_text(json->out, "\"");
        out_text(json->out, name);
        out_text(json->out, "\":");
    }
}

static void open_level(struct json_write *json, bool object)
{
    uint64_t bit;

    assert(json->depth < 63);
    json->depth++;
    bit = (uint64_t)1 << json->depth;
    json->has_items &= ~bit;
    json->is_object = object ? json->is_object | bit : json->is_object & ~bit;
}

void json_write_object(struct json_write *json, const char *name)
{
    begin_item(json, name);
    out_text(json->out, "{");
    open_level(json, true);
}

void json_write_array(struct json_write *json, const char *name)
{
    begin_item(json, name);
    out_text(json->out, "[");
    open_level(json, false);
}

void json_write_end(struct json_write *json)
{
    bool object = (json->is_object >> json->depth & 1) != 0;

    assert(json->depth > 0);
    json->depth--;
    out_text(json->out, object ? "}" : "]");
}

/* RFC 8259 section 7: what must be escaped. */
static void write_escaped(struct out *out, uint8_t c)
{
    switch (c) {
    case '"':
        out_text(out, "\\\"");
        break;
    case '\\':
        out_text(out, "\\\\");
        break;
    case '\n':
        out_text(out, "\\n");
        break;
    case '\r':
        out_text(out, "\\r");
        break;
    case '\t':
        out_text(out, "\\t");
        break;
    default:
        out_format(out, "\\u%04x", c);
    }
}

void json_write_bytes(struct json_write *json, const char *name, struct bough_bytes bytes)
{
    size_t plain = 0; /* where the bytes begin that are not yet written */
    size_t at = 0;

    begin_item(json, name);
    out_text(json->out, "\"");
    while (at < bytes.len) {
        size_t len = utf8_length(bough_bytes_of(bytes.at + at, bytes.len - at));
        bool escape = bytes.at[at] < 0x20 || bytes.at[at] == '"' || bytes.at[at] == '\\';

        if (len > 0 && !escape) {
            at += len;
            continue;
        }
        out_bytes(json->out, bough_bytes_of(bytes.at + plain, at - plain));
        if (escape)
            write_escaped(json->out, bytes.at[at]);
        else
            out_text(json->out, "\xef\xbf\xbd");
        plain = ++at;
    }
    if (at > plain)
        out_bytes(json->out, bough_bytes_of(bytes.at + plain, at - plain));
    out_text(json->out, "\"");
}

void json_write_text(struct json_write *json, const char *name, const char *text)
{
    json_write_bytes(json, name, bough_bytes_text(text));
}

void json_write_hash(struct json_write *json, const char *name, const struct bough_hash *hash)
{
    char hex[2 * BOUGH_HASH_BYTES + 1];

    hash_hex(hash, hex);
    json_write_text(json, name, hex);
}

void json_write_number(struct json_write *json, const char *name, uint64_t number)
{
    begin_item(json, name);
    out_format(json->out, "%llu", (unsigned long long)number);
}

void json_write_signed(struct json_write *json, const char *name, int64_t number)
{
    begin_item(json, name);
    out_format(json->out, "%lld", (long long)number);
}

void json_write_bool(struct json_write *json, const char *name, bool yes)
{
    begin_item(json, name);
    out_text(json->out, yes ? "true" : "false");
}

void json_write_null(struct json_write *json, const char *name)
{
    begin_item(json, name);
    out_text(json->out, "null");
}
