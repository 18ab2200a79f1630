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

enum bough_err git_url_parse(const char *text, struct bough_arena *arena, struct git_url *url)
{
    const char *host = strstr(text, "://");
    const char *at = NULL;
    const char *colon;
    size_t host_len;
    char *clean;

    *url = (struct git_url){.clean = text};
    if (host == NULL || strchr(text, '/') < host)
        return copy(bough_bytes_text(text), arena, &url->clean);
    host += strlen("://");
    host_len = strcspn(host, "/?#");
    for (size_t i = 0; i < host_len; i++)
        at = host[i] == '@' ? host + i : at;
    if (!has_proper_port(at == NULL ? host : at + 1,
                         at == NULL ? host_len : (size_t)(host + host_len - at - 1)))
        return BOUGH_INVALID;
    if (at == NULL)
        return copy(bough_bytes_text(text), arena, &url->clean);
    colon = memchr(host, ':', (size_t)(at - host));
    BOUGH_TRY(decode(host, colon == NULL ? at : colon, arena, &url->user));
    if (colon != NULL)
        BOUGH_TRY(decode(colon + 1, at, arena, &url->password));
    clean = bough_arena_take(arena, strlen(text) + 1);
    if (clean == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(clean, text, (size_t)(host - text));
    memcpy(clean + (host - text), at + 1, strlen(at + 1) + 1);
    url->clean = clean;
    return BOUGH_OK;
}
