/* SPDX-License-Identifier: ISC
 *
 * log_unix.c - one readable line per event on stderr.
 *
 * Owns no data.  A line goes out in one write(2), so that lines of two processes do not mix; what
 * the descriptor does not take is lost, as the port allows.
 */
#include "env_unix.h"
#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES_MAX 352u

static const char *const level_names[] = {"debug", "info ", "warn ", "error"};

/* Terminals obey control bytes; a log must not pass on a stranger's. */
static void make_printable(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
}

static void line(struct bough_log *log, enum bough_level level, const char *where, const char *text)
{
    struct log_unix *host = (struct log_unix *)log;
    char bytes[LINE_BYTES_MAX];
    uint64_t ms = (bough_clock_now_ns(host->clock) - host->start_ns) / 1000000u;
    int len = snprintf(bytes, sizeof(bytes) - 1, "[%4llu.%03llu] %s %s: %s",
                       (unsigned long long)(ms / 1000u), (unsigned long long)(ms % 1000u),
                       level_names[level], where, text);

    if (len < 0)
        return;
    if ((size_t)len > sizeof(bytes) - 2)
        len = (int)sizeof(bytes) - 2;
    make_printable(bytes, (size_t)len);
    bytes[len] = '\n';
    if (write(STDERR_FILENO, bytes, (size_t)len + 1) < 0)
        return; /* nowhere to say so */
}

static const struct bough_log_ops ops = {.line = line};

void log_unix_init(struct log_unix *log, struct bough_clock *clock)
{
    *log = (struct log_unix){
        .base = {.ops = &ops, .at_least = BOUGH_INFO},
        .clock = clock,
        .start_ns = bough_clock_now_ns(clock),
    };
}
