/* SPDX-License-Identifier: ISC
 *
 * git_url.c - the URL of a git repository, and what is secret in it.
 *
 * Owns no data.  What connects, complains and logs only ever sees the clean form, so a password
 * cannot get into a message by way of somebody else's error text.
 */
#include "git_url.h"
#include "percent.h"
#include <stdbool.h>
#include <string.h>

static enum bough_err copy(struct bough_bytes bytes, struct bough_arena *arena, const char **text)
{
    char *at = bough_arena_take(arena, bytes.len + 1);

    if (at == NULL)
        return BOUGH_NO_MEMORY;
    if (bytes.len > 0)
        memcpy(at, bytes.at, bytes.len);
    at[bytes.len] = '\0';
    *text = at;
    return BOUGH_OK;
}

/* A user or password.  It may have to go through a protocol of lines. */
static enum bough_err decode(const char *from, const char *to, struct bough_arena *arena,
                             const char **text)
{
    struct bough_bytes bytes;

    BOUGH_TRY(percent_decode(bough_bytes_of(from, (size_t)(to - from)), arena, &bytes));
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.at[i] == '\0' || bytes.at[i] == '\n' || bytes.at[i] == '\r')
            return BOUGH_INVALID;
    }
    return copy(bytes, arena, text);
}

/* Whether "HOST", "HOST:PORT" or "[ADDRESS]:PORT" ends with what can be a port. */
static bool has_proper_port(const char *host, size_t len)
{
    const char *end = host + len;
    const char *closing = memchr(host, ']', len);
    const char *at = closing == NULL ? memchr(host, ':', len) : closing + 1;

    if (at == NULL || at == end)
        return true;
    if (*at != ':')
        return false;
    while (++at < end) {
        if (*at < '0' || *at > '9')
            return false;
    }
    return true;
}

/* User and password, which stand before the host. */
static enum bough_err parse_user(const char *from, const char *to, struct bough_arena *arena,
                                 struct git_url *url)
{
    const char *colon = memchr(from, ':', (size_t)(to - from));

    BOUGH_TRY(decode(from, colon == NULL ? to : colon, arena, &url->user));
    return colon == NULL ? BOUGH_OK : decode(colon + 1, to, arena, &url->password);
}

enum bough_err git_url_parse(const char *text, struct bough_arena *arena, struct git_url *url)
{
    const char *authority = strstr(text, "://");
    const char *host;
    const char *end;
    char *clean;

    *url = (struct git_url){.user = NULL};
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return BOUGH_INVALID;
    }
    clean = bough_arena_take(arena, strlen(text) + 1);
    if (clean == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(clean, text, strlen(text) + 1);
    url->clean = clean;
    if (authority == NULL || strchr(text, '/') < authority)
        return BOUGH_OK;
    BOUGH_TRY(copy(bough_bytes_of(text, (size_t)(authority - text)), arena, &url->scheme));
    authority += strlen("://");
    end = authority + strcspn(authority, "/?#");
    for (host = end; host > authority && host[-1] != '@'; host--)
        ;
    if (!has_proper_port(host, (size_t)(end - host)))
        return BOUGH_INVALID;
    BOUGH_TRY(copy(bough_bytes_of(host, (size_t)(end - host)), arena, &url->host));
    if (host == authority)
        return BOUGH_OK;
    memcpy(clean + (authority - text), host, strlen(host) + 1);
    return parse_user(authority, host - 1, arena, url);
}
