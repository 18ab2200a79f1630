/* SPDX-License-Identifier: ISC
 *
 * serial.h - the first serial port as a place for text.
 */
#ifndef SERIAL_H
#define SERIAL_H

#include "bough/port/clock.h"
#include "bough/port/log.h"
#include <stdbool.h>

/* A log port on the serial line: "[   0.012] info  journal: text". */
struct serial_log {
    struct bough_log base;
    struct bough_clock *clock; /* NULL: no times yet */
    uint64_t begin_ns;         /* of the clock, when the machine started */
};

/* Sets the port up: 115200 baud, 8N1. */
void serial_init(void);

/* Writes text; a newline becomes CR LF.  Never blocks for good: without a port it is lost. */
void serial_put(const char *text);

/* Takes what has been typed; whether an end of file (Ctrl-D) was in it.  Never waits; costs one
 * access to the port when there is nothing. */
bool serial_at_end(void);

/* Makes the log. */
void serial_log_init(struct serial_log *log, enum bough_level at_least);

#endif
