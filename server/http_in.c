/* SPDX-License-Identifier: ISC
 *
 * http_in.c - the head of an HTTP/1.1 request (RFC 9112), read strictly.
 *
 * Owns no data.  Whatever two programs could read in two ways is refused, because the next proxy
 * may read it the other way: bare CR or LF, folded lines, blanks before a colon, a length given
 * twice, a length beside a transfer coding. (1) http_in_scan bounds every length before anything is
 * taken apart. (2) Bytes that reach a handler hold neither NUL nor control characters but HTAB.
 */
#include "http_in.h"
#include <assert.h>

static const char *const method_names[HTTP_METHOD_COUNT] = {"GET",   "HEAD",   "PUT",    "POST",
                                                            "PATCH", "DELETE", "OPTIONS"};

const char *http_in_method_name(enum http_method method)
{
    assert(method < HTTP_METHOD_COUNT);
    return method_names[method];
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool http_in_is(struct bough_bytes bytes, const char *text)
{
    if (bytes.at == NULL || strlen(text) != bytes.len)
        return false;
    for (size_t i = 0; i < bytes.len; i++)
        if (lower(bytes.at[i]) != lower((uint8_t)text[i]))
            return false;
    return true;
}

/* RFC 9110 section 5.6.2: tchar. */
static bool is_token_char(uint8_t c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct bough_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (!is_token_char(bytes.at[i]))
            return false;
    return bytes.len > 0;
}

static bool is_control(uint8_t c)
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

/* ---- while it arrives ---- */

/* The limits, after the byte before seen_bytes has been looked at. */
static unsigned check_sizes(const struct http_in_scan *scan)
{
    if (scan->line_count == 0)
        return scan->seen_bytes - scan->line_at > BOUGH_HTTP_LINE_BYTES_MAX ? 414 : 0;
    if (scan->line_count > BOUGH_HTTP_FIELDS_MAX + 1)
        return 431;
    return scan->seen_bytes - scan->fields_at > BOUGH_HTTP_HEAD_BYTES_MAX ? 431 : 0;
}

/* A line has ended, its CR standing at seen_bytes: passes it and says whether it ends the head. */
static bool end_line(struct http_in_scan *scan)
{
    bool empty = scan->seen_bytes == scan->line_at;
    /* RFC 9112 section 2.2: one empty line before a request is passed over. */
    bool passed_over = empty && scan->seen_bytes == 0;

    scan->seen_bytes += 2;
    scan->line_at = scan->seen_bytes;
    if (passed_over)
        return false;
    if (scan->line_count++ == 0)
        scan->fields_at = scan->line_at;
    return empty;
}

unsigned http_in_scan(struct http_in_scan *scan, struct bough_bytes input, size_t *head_len)
{
    unsigned status = 0;

    *head_len = 0;
    while (scan->seen_bytes < input.len && status == 0) {
        uint8_t c = input.at[scan->seen_bytes];

        if (is_control(c) && c != '\r')
            return 400;
        if (c != '\r') {
            scan->seen_bytes++;
            status = check_sizes(scan);
            continue;
        }
        if (scan->seen_bytes + 1 == input.len)
            return 0;
        if (input.at[scan->seen_bytes + 1] != '\n')
            return 400;
        if (end_line(scan)) {
            *head_len = scan->seen_bytes;
            return scan->line_count < 2 ? 400 : 0;
        }
        status = check_sizes(scan);
    }
    return status;
}

/* ---- the request line ---- */

/* Cuts the bytes before the next `c` off *rest, and passes `c`; false when there is none. */
static bool cut(struct bough_bytes *rest, uint8_t c, struct bough_bytes *piece)
{
    const uint8_t *found = rest->len == 0 ? NULL : memchr(rest->at, c, rest->len);

    if (found == NULL)
        return false;
    *piece = bough_bytes_of(rest->at, (size_t)(found - rest->at));
    *rest = bough_bytes_of(found + 1, rest->len - piece->len - 1);
    return true;
}

static unsigned parse_method(struct bough_bytes word, struct http_in *in)
{
    if (!is_token(word))
        return 400;
    for (unsigned i = 0; i < HTTP_METHOD_COUNT; i++) {
        if (bough_bytes_equal(word, bough_bytes_text(method_names[i]))) {
            in->method = (enum http_method)i;
            return 0;
        }
    }
    return 501;
}

static unsigned parse_version(struct bough_bytes word, struct http_in *in)
{
    if (word.len != 8 || memcmp(word.at, "HTTP/", 5) != 0 || word.at[6] != '.')
        return 400;
    if (word.at[5] < '0' || word.at[5] > '9' || word.at[7] < '0' || word.at[7] > '9')
        return 400;
    in->minor = word.at[7] == '0' ? 0 : 1;
    return word.at[5] == '1' ? 0 : 505;
}

/* Takes "http://host" off an absolute-form target (RFC 9112 section 3.2.2). */
static bool take_authority(struct bough_bytes *target, struct bough_bytes *authority)
{
    struct bough_bytes scheme = bough_bytes_of(target->at, target->len < 7 ? target->len : 7);
    size_t end = 7;

    if (!http_in_is(scheme, "http://"))
        return false;
    while (end < target->len && target->at[end] != '/' && target->at[end] != '?')
        end++;
    *authority = bough_bytes_of(target->at + 7, end - 7);
    *target = bough_bytes_of(target->at + end, target->len - end);
    return authority->len > 0;
}

static unsigned parse_target(struct bough_bytes target, struct http_in *in,
                             struct bough_bytes *authority)
{
    struct bough_bytes path;

    for (size_t i = 0; i < target.len; i++)
        if (target.at[i] <= 0x20 || target.at[i] >= 0x7f || target.at[i] == '#')
            return 400;
    if (bough_bytes_equal(target, bough_bytes_text("*"))) {
        in->path = target;
        return in->method == HTTP_OPTIONS ? 0 : 400;
    }
    if (target.len > 0 && target.at[0] != '/' && !take_authority(&target, authority))
        return 400;
    if (cut(&target, '?', &path)) {
        in->path = path;
        in->query = target;
    } else {
        in->path = target;
    }
    if (in->path.len == 0 && authority->at != NULL)
        in->path = bough_bytes_text("/");
    return in->path.len > 0 && in->path.at[0] == '/' ? 0 : 400;
}

static unsigned parse_line(struct bough_bytes line, struct http_in *in,
                           struct bough_bytes *authority)
{
    struct bough_bytes method;
    struct bough_bytes target;
    unsigned version_status;
    unsigned status;

    if (!cut(&line, ' ', &method) || !cut(&line, ' ', &target))
        return 400;
    version_status = parse_version(line, in);
    if (version_status == 400)
        return 400;
    status = parse_method(method, in);
    if (status != 0)
        return status;
    if (version_status != 0)
        return version_status;
    return parse_target(target, in, authority);
}

/* ---- the fields ---- */

static struct bough_bytes trim(struct bough_bytes bytes)
{
    while (bytes.len > 0 && (bytes.at[0] == ' ' || bytes.at[0] == '\t'))
        bytes = bough_bytes_of(bytes.at + 1, bytes.len - 1);
    while (bytes.len > 0 && (bytes.at[bytes.len - 1] == ' ' || bytes.at[bytes.len - 1] == '\t'))
        bytes.len--;
    return bytes;
}

bool http_in_element(struct bough_bytes *list, struct bough_bytes *element)
{
    while (list->len > 0) {
        size_t end = 0;
        bool quoted = false;

        while (end < list->len && (quoted || list->at[end] != ',')) {
            quoted ^= list->at[end] == '"';
            end++;
        }
        *element = trim(bough_bytes_of(list->at, end));
        end += end < list->len;
        *list = bough_bytes_of(list->at + end, list->len - end);
        if (element->len > 0)
            return true;
    }
    return false;
}

bool http_in_accepts(const struct http_in *in, const char *type)
{
    struct bough_bytes list = http_in_field(in, "Accept", 0);
    struct bough_bytes element;

    while (http_in_element(&list, &element))
        if (http_in_is(element, type))
            return true;
    return false;
}

struct bough_bytes http_in_field(const struct http_in *in, const char *name, size_t index)
{
    for (size_t i = 0; i < in->field_count; i++)
        if (http_in_is(in->fields[i].name, name) && index-- == 0)
            return in->fields[i].value;
    return (struct bough_bytes){0};
}

static unsigned parse_field(struct bough_bytes line, struct http_in *in)
{
    struct bough_bytes name;

    if (!cut(&line, ':', &name) || !is_token(name))
        return 400; /* also a folded line, and a blank before the colon */
    if (in->field_count == BOUGH_HTTP_FIELDS_MAX)
        return 431;
    in->fields[in->field_count++] = (struct http_in_field){.name = name, .value = trim(line)};
    return 0;
}

/* RFC 9110 section 8.6: digits only; all that would overflow is refused. */
static unsigned parse_length(struct bough_bytes value, struct http_in *in)
{
    uint64_t sum = 0;

    if (value.len == 0 || value.len > 18)
        return 400;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return 400;
        sum = sum * 10 + (uint64_t)(value.at[i] - '0');
    }
    in->has_length = true;
    in->length_bytes = sum;
    return 0;
}

/* RFC 9112 section 6.1: "chunked" alone is spoken here.  Other codings are unknown (501); whatever
 * names chunked and something beside it in the wrong place is malformed. */
static unsigned parse_coding(struct bough_bytes value, struct http_in *in)
{
    struct bough_bytes list = value;
    struct bough_bytes element;
    unsigned chunked_count = 0;
    bool chunked_last = false;

    if (http_in_is(value, "chunked")) {
        in->chunked = true;
        return in->minor == 0 ? 400 : 0;
    }
    while (http_in_element(&list, &element)) {
        if (!is_token(element))
            return 400;
        chunked_last = http_in_is(element, "chunked");
        chunked_count += chunked_last;
    }
    return chunked_count > 1 || (chunked_count == 1 && !chunked_last) || value.len == 0 ? 400 : 501;
}

/* How the body is framed (RFC 9112 section 6.3). */
static unsigned parse_framing(struct http_in *in)
{
    struct bough_bytes length = http_in_field(in, "Content-Length", 0);
    struct bough_bytes coding = http_in_field(in, "Transfer-Encoding", 0);

    if (length.at != NULL && coding.at != NULL)
        return 400;
    if (http_in_field(in, "Content-Length", 1).at != NULL ||
        http_in_field(in, "Transfer-Encoding", 1).at != NULL)
        return 400;
    if (length.at != NULL)
        return parse_length(length, in);
    return coding.at == NULL ? 0 : parse_coding(coding, in);
}

/* RFC 3986 section 3.2: what may stand in host and port. */
static bool is_host(struct bough_bytes host)
{
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = lower(host.at[i]);

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            strchr("-._~%!$&'()*+;=:[]", c) == NULL)
            return false;
    }
    return true;
}

/* RFC 9112 section 3.2: exactly one Host, and an absolute target must name the same. */
static unsigned check_host(const struct http_in *in, struct bough_bytes authority)
{
    struct bough_bytes host = http_in_field(in, "Host", 0);

    if (host.at == NULL)
        return in->minor == 0 ? 0 : 400;
    if (http_in_field(in, "Host", 1).at != NULL || !is_host(host))
        return 400;
    if (authority.at == NULL)
        return 0;
    if (host.len != authority.len)
        return 400;
    for (size_t i = 0; i < host.len; i++)
        if (lower(host.at[i]) != lower(authority.at[i]))
            return 400;
    return 0;
}

/* RFC 9112 section 9.3. */
static void parse_connection(struct http_in *in)
{
    struct bough_bytes list;

    in->keep_alive = in->minor > 0;
    for (size_t i = 0; (list = http_in_field(in, "Connection", i)).at != NULL; i++) {
        struct bough_bytes option;

        while (http_in_element(&list, &option)) {
            if (http_in_is(option, "close")) {
                in->keep_alive = false;
                return;
            }
            if (http_in_is(option, "keep-alive"))
                in->keep_alive = true;
        }
    }
}

/* Expect and Content-Encoding: the two that must be known before the body is read. */
static unsigned parse_expectations(struct http_in *in)
{
    struct bough_bytes expect = http_in_field(in, "Expect", 0);
    struct bough_bytes coding = http_in_field(in, "Content-Encoding", 0);

    if (expect.at != NULL) {
        if (!http_in_is(expect, "100-continue"))
            return 417;
        in->expects_continue = in->minor > 0; /* RFC 9110 section 10.1.1 */
    }
    if (coding.at != NULL && !http_in_is(coding, "identity")) {
        if (http_in_field(in, "Content-Encoding", 1).at != NULL)
            return 415;
        if (!http_in_is(coding, "gzip") && !http_in_is(coding, "x-gzip"))
            return 415;
        in->gzip = true;
    }
    return 0;
}

/* Takes the next line off *rest; the scan has seen to it that there is one. */
static struct bough_bytes next_line(struct bough_bytes *rest)
{
    struct bough_bytes line = {0};
    bool found = cut(rest, '\r', &line);

    assert(found && rest->len > 0 && rest->at[0] == '\n');
    (void)found;
    *rest = bough_bytes_of(rest->at + 1, rest->len - 1);
    return line;
}

unsigned http_in_parse(struct bough_bytes head, struct http_in *in)
{
    struct bough_bytes authority = {0};
    struct bough_bytes rest = head;
    struct bough_bytes line = next_line(&rest);
    unsigned status;

    *in = (struct http_in){0};
    if (line.len == 0)
        line = next_line(&rest);
    status = parse_line(line, in, &authority);
    for (line = next_line(&rest); line.len > 0 && status == 0; line = next_line(&rest))
        status = parse_field(line, in);
    if (status == 0)
        status = check_host(in, authority);
    if (status == 0)
        status = parse_framing(in);
    if (status == 0)
        status = parse_expectations(in);
    if (status == 0)
        parse_connection(in);
    return status;
}
