/* SPDX-License-Identifier: ISC
 *
 * port/log.h - one readable line per event.  Lossy by contract, never fails, never blocks long.
 */
#ifndef BOUGH_PORT_LOG_H
#define BOUGH_PORT_LOG_H

#include "bough/err.h"

enum bough_level { BOUGH_DEBUG, BOUGH_INFO, BOUGH_WARN, BOUGH_ERROR };

struct bough_log;

struct bough_log_ops {
    /* `where` names the part that speaks ("journal"); `text` is one line without its newline.  Both
     * are borrowed for the call. */
    void (*line)(struct bough_log *log, enum bough_level level, const char *where,
                 const char *text);
};

struct bough_log {
    const struct bough_log_ops *ops;
    enum bough_level at_least; /* lines below it are dropped before they are formatted */
};

/* Formats at most 255 bytes (the rest is cut) and hands them on.  printf's integer, string and
 * precision conversions; no floats. */
BOUGH_PRINTF(4, 5)
void bough_log(struct bough_log *log, enum bough_level level, const char *where, const char *format,
               ...);

#endif
