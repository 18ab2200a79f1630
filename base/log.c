/* SPDX-License-Identifier: ISC
 *
 * log.c - formats one line and hands it to the log port.
 */
#include "bough/port/log.h"
#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES_MAX 256u

void bough_log(struct bough_log *log, enum bough_level level, const char *where, const char *format,
               ...)
{
    char text[LINE_BYTES_MAX];
    va_list args;

    if (level < log->at_least)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* cut is fine: lossy by contract */
    va_end(args);
    log->ops->line(log, level, where, text);
}
