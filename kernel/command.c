/* SPDX-License-Identifier: ISC
 *
 * command.c - the words of the command line that are for the kernel.
 *
 * Owns nothing.  Machine monitors add words of their own to the command line; the application
 * refuses words it does not know, so these must not reach it.
 */
#include "command.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE_WORD "virtio_mmio.device="

/* Words that begin so are dropped; a form without '=' must match as a whole. */
static const char *const dropped[] = {
    "virtio_mmio.", "console=", "earlyprintk=", "root=",    "rootflags=", "reboot=",
    "panic=",       "pci=",     "acpi=",        "nomodule", "ro",         "rw",
    "quiet",        "8250.",    "i8042.",       "random.",  "tsc=",
};

static bool is_dropped(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
        size_t known = strlen(dropped[i]);
        char last = dropped[i][known - 1];
        bool prefix = last == '=' || last == '.';

        if (len >= known && memcmp(word, dropped[i], known) == 0 && (prefix || len == known))
            return true;
    }
    return false;
}

/* "4K@0xc0001000:5" behind the equals sign (Linux drivers/virtio/virtio_mmio.c describes it). */
static void note_device(const char *text, struct command *command)
{
    const char *at = strchr(text, '@');
    struct command_mmio found;
    char *end;

    if (at == NULL || command->mmio_count == COMMAND_MMIO_MAX)
        return;
    found.address = strtoull(at + 1, &end, 0);
    if (*end != ':' || found.address == 0)
        return;
    found.line = (uint32_t)strtoul(end + 1, NULL, 0);
    command->mmio[command->mmio_count++] = found;
}

void command_take(char *line, struct command *command)
{
    char *to = line;
    const char *word = line;

    *command = (struct command){.mmio_count = 0};
    while (*word != '\0') {
        size_t len = strcspn(word, " \t\n");
        size_t skip = len + strspn(word + len, " \t\n");

        if (len >= strlen(DEVICE_WORD) && memcmp(word, DEVICE_WORD, strlen(DEVICE_WORD)) == 0)
            note_device(word + strlen(DEVICE_WORD), command);
        if (len > 0 && !is_dropped(word, len)) {
            if (to != line)
                *to++ = ' ';
            memmove(to, word, len);
            to += len;
        }
        word += skip;
    }
    *to = '\0';
}
