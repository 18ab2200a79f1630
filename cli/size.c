/* SPDX-License-Identifier: ISC
 *
 * size.c - sizes as people write them: a number and at most one letter, which counts in powers of
 * 1024.
 */
#include "size.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool size_parse(const char *text, uint64_t *bytes)
{
    static const char letters[] = "KMGT";
    const char *letter;
    unsigned shift = 0;
    char *end;
    unsigned long long number;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno != 0)
        return false;
    if (*end != '\0') {
        letter = strchr(letters, *end);
        if (letter == NULL || end[1] != '\0')
            return false;
        shift = 10 * (unsigned)(letter - letters + 1);
    }
    if (number > UINT64_MAX >> shift)
        return false;
    *bytes = number << shift;
    return true;
}
