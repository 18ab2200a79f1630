/* SPDX-License-Identifier: ISC
 *
 * serial.c - the first serial port (16550) as a place for text.
 *
 * Owns the port at 0x3f8.  Of what is typed there only one byte means anything: end of file, which
 * asks the machine to stop.  Nothing interrupts for it; who waits looks.
 *   (1) A byte waits for room a bounded time and is then written regardless: the log is lossy by
 *       contract, and a machine without the port must not hang.
 */
#include "serial.h"

#include "cpu.h"
#include <stdio.h>
#include <string.h>

#define PORT          0x3f8u
#define REG_DATA      (PORT + 0)
#define REG_INTERRUPT (PORT + 1)
#define REG_FIFO      (PORT + 2)
#define REG_LINE      (PORT + 3)
#define REG_MODEM     (PORT + 4)
#define REG_STATUS    (PORT + 5)
#define LINE_8N1      0x03u
#define LINE_DIVISOR  0x80u
#define STATUS_READY  0x01u
#define STATUS_ROOM   0x20u
#define READ_TRIES    64u   /* a port that is not there reads as ready for ever */
#define END_OF_FILE   0x04u /* what a terminal sends for Ctrl-D */
#define WAIT_TRIES    100000u
#define LINE_BYTES    320u
#define NS_PER_MS     1000000u
#define MS_PER_S      1000u

void serial_init(void)
{
    cpu_out8(REG_INTERRUPT, 0);
    cpu_out8(REG_LINE, LINE_DIVISOR);
    cpu_out8(REG_DATA, 1); /* 115200 / 1 */
    cpu_out8(REG_INTERRUPT, 0);
    cpu_out8(REG_LINE, LINE_8N1);
    cpu_out8(REG_FIFO, 0x07);  /* on, emptied */
    cpu_out8(REG_MODEM, 0x03); /* DTR, RTS */
}

static void put_byte(uint8_t byte)
{
    for (uint32_t i = 0; i < WAIT_TRIES && (cpu_in8(REG_STATUS) & STATUS_ROOM) == 0; i++)
        cpu_pause();
    cpu_out8(REG_DATA, byte);
}

void serial_put(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            put_byte('\r');
        put_byte((uint8_t)*text);
    }
}

bool serial_at_end(void)
{
    bool found = false;

    for (uint32_t i = 0; i < READ_TRIES && (cpu_in8(REG_STATUS) & STATUS_READY) != 0; i++)
        found = cpu_in8(REG_DATA) == END_OF_FILE || found;
    return found;
}

static void log_line(struct bough_log *base, enum bough_level level, const char *where,
                     const char *text)
{
    static const char names[][6] = {"debug", "info", "warn", "error"};
    const struct serial_log *log = (struct serial_log *)base;
    uint64_t ms = 0;
    char line[LINE_BYTES];

    if (log->clock != NULL)
        ms = (bough_clock_now_ns(log->clock) - log->begin_ns) / NS_PER_MS;
    (void)snprintf(line, sizeof(line), "[%4llu.%03u] %-5s %s: %s\n",
                   (unsigned long long)(ms / MS_PER_S), (unsigned)(ms % MS_PER_S), names[level],
                   where, text);
    serial_put(line);
}

static const struct bough_log_ops log_ops = {.line = log_line};

void serial_log_init(struct serial_log *log, enum bough_level at_least)
{
    *log = (struct serial_log){.base = {.ops = &log_ops, .at_least = at_least}};
}
