/* SPDX-License-Identifier: ISC
 *
 * http_cond.c - conditional requests and ranges (RFC 9110 sections 13 and 14).
 *
 * Owns no data.  An entity tag here is the value's hash: equal tags mean equal bytes, on every
 * branch and in every clone.
 *   (1) If-Match compares strongly: a weak tag never matches.
 *   (2) If-None-Match compares weakly: the "W/" is passed over.
 */
#include "http_cond.h"
#include "hash.h"

struct tag {
    bool weak;
    struct bough_bytes opaque; /* without its quotes */
};

/* RFC 9110 section 8.8.3. */
static bool parse_tag(struct bough_bytes text, struct tag *tag)
{
    tag->weak = text.len >= 2 && text.at[0] == 'W' && text.at[1] == '/';
    if (tag->weak)
        text = bough_bytes_of(text.at + 2, text.len - 2);
    if (text.len < 2 || text.at[0] != '"' || text.at[text.len - 1] != '"')
        return false;
    tag->opaque = bough_bytes_of(text.at + 1, text.len - 2);
    return memchr(tag->opaque.at, '"', tag->opaque.len) == NULL;
}

static bool is_named(struct bough_bytes opaque, const struct bough_hash *name)
{
    char hex[2 * BOUGH_HASH_BYTES + 1];

    if (name == NULL)
        return false;
    hash_hex(name, hex);
    return bough_bytes_equal(opaque, bough_bytes_text(hex));
}

enum match { MATCH_ABSENT, MATCH_YES, MATCH_NO, MATCH_MALFORMED };

/* Looks for `name` in all fields called `field`. */
static enum match find_match(const struct http_in *in, const char *field, bool weak_counts,
                             const struct bough_hash *name)
{
    enum match found = MATCH_ABSENT;
    struct bough_bytes list;

    for (size_t i = 0; (list = http_in_field(in, field, i)).at != NULL; i++) {
        struct bough_bytes element;
        size_t count = 0;

        while (http_in_element(&list, &element)) {
            struct tag tag = {.weak = false};
            bool any = bough_bytes_equal(element, bough_bytes_text("*"));

            count++;
            if (!any && !parse_tag(element, &tag))
                return MATCH_MALFORMED;
            if (any ? name != NULL : (weak_counts || !tag.weak) && is_named(tag.opaque, name))
                found = MATCH_YES;
        }
        if (count == 0)
            return MATCH_MALFORMED;
        if (found == MATCH_ABSENT)
            found = MATCH_NO;
    }
    return found;
}

enum http_cond http_cond_check(const struct http_in *in, const struct bough_hash *name)
{
    enum match wanted = find_match(in, "If-Match", false, name);
    enum match unwanted = find_match(in, "If-None-Match", true, name);

    if (wanted == MATCH_MALFORMED || unwanted == MATCH_MALFORMED)
        return HTTP_COND_MALFORMED;
    if (wanted == MATCH_NO)
        return HTTP_COND_FAILED;
    if (unwanted == MATCH_YES)
        return in->method == HTTP_GET || in->method == HTTP_HEAD ? HTTP_COND_NOT_MODIFIED
                                                                 : HTTP_COND_FAILED;
    return HTTP_COND_GO;
}

/* Takes digits off the front; false when there is none or they do not fit. */
static bool take_number(struct bough_bytes *text, uint64_t *number)
{
    size_t len = 0;

    *number = 0;
    while (len < text->len && text->at[len] >= '0' && text->at[len] <= '9') {
        if (len == 18)
            return false;
        *number = *number * 10 + (uint64_t)(text->at[len] - '0');
        len++;
    }
    *text = bough_bytes_of(text->at + len, text->len - len);
    return len > 0;
}

/* "5-9", "5-" or "-5" (RFC 9110 section 14.1.2); HTTP_RANGE_ALL for anything else. */
static enum http_range parse_range(struct bough_bytes text, uint64_t size, uint64_t *first,
                                   uint64_t *last)
{
    bool has_first = take_number(&text, first);
    bool has_last;

    if (text.len == 0 || text.at[0] != '-')
        return HTTP_RANGE_ALL;
    text = bough_bytes_of(text.at + 1, text.len - 1);
    has_last = take_number(&text, last);
    if (text.len > 0 || (!has_first && !has_last))
        return HTTP_RANGE_ALL;
    if (!has_first) {
        if (*last == 0 || size == 0)
            return HTTP_RANGE_BAD;
        *first = *last < size ? size - *last : 0;
        *last = size - 1;
        return HTTP_RANGE_PART;
    }
    if (has_last && *last < *first)
        return HTTP_RANGE_ALL;
    if (*first >= size)
        return HTTP_RANGE_BAD;
    if (!has_last || *last >= size)
        *last = size - 1;
    return HTTP_RANGE_PART;
}

enum http_range http_cond_range(const struct http_in *in, const struct bough_hash *name,
                                uint64_t size_bytes, uint64_t *first, uint64_t *last)
{
    struct bough_bytes range = http_in_field(in, "Range", 0);
    struct bough_bytes if_range = http_in_field(in, "If-Range", 0);
    struct bough_bytes unit = bough_bytes_of(range.at, range.len < 6 ? range.len : 6);
    struct tag tag;

    if (range.at == NULL || in->method != HTTP_GET || !http_in_is(unit, "bytes="))
        return HTTP_RANGE_ALL;
    if (if_range.at != NULL &&
        (!parse_tag(if_range, &tag) || tag.weak || !is_named(tag.opaque, name)))
        return HTTP_RANGE_ALL;
    return parse_range(bough_bytes_of(range.at + 6, range.len - 6), size_bytes, first, last);
}
