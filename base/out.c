/* SPDX-License-Identifier: ISC
 *
 * out.c - text of unknown length, grown in an arena.
 *
 *   (1) len <= max, and `at` has room for max bytes.
 *   (2) `failed` never goes back: whoever appends need not look, whoever ends must.
 * The buffer doubles, so all copies together take at most twice what the last one takes.
 */
#include "out.h"
#include <stdarg.h>
#include <stdio.h>

#define OUT_BYTES_FIRST  256u
#define FORMAT_BYTES_MAX 512u

struct out out_begin(struct bough_arena *arena)
{
    return (struct out){.arena = arena};
}

/* Makes room for `more` bytes; false without memory. */
static bool grow(struct out *out, size_t more)
{
    size_t max = out->max < OUT_BYTES_FIRST ? OUT_BYTES_FIRST : out->max;
    uint8_t *at;

    if (more > SIZE_MAX / 4 || out->len > SIZE_MAX / 4)
        return false;
    while (max - out->len < more)
        max *= 2;
    at = bough_arena_take(out->arena, max);
    if (at == NULL)
        return false;
    if (out->len > 0)
        memcpy(at, out->at, out->len);
    out->at = at;
    out->max = max;
    return true;
}

void out_bytes(struct out *out, struct bough_bytes bytes)
{
    assert(out->len <= out->max);
    if (out->failed || bytes.len == 0)
        return;
    if (out->max - out->len < bytes.len && !grow(out, bytes.len)) {
        out->failed = true;
        return;
    }
    memcpy(out->at + out->len, bytes.at, bytes.len);
    out->len += bytes.len;
}

void out_text(struct out *out, const char *text)
{
    out_bytes(out, bough_bytes_text(text));
}

void out_format(struct out *out, const char *format, ...)
{
    char text[FORMAT_BYTES_MAX];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert(len >= 0 && (size_t)len < sizeof(text)); /* callers bound what they print */
    if (len >= 0)
        out_bytes(
            out, bough_bytes_of(text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1));
}

enum bough_err out_end(struct out *out, struct bough_bytes *bytes)
{
    *bytes = bough_bytes_of(out->at, out->len);
    return out->failed ? BOUGH_NO_MEMORY : BOUGH_OK;
}
