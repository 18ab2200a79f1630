/* SPDX-License-Identifier: ISC
 *
 * size.h - sizes as people write them.
 */
#ifndef SIZE_H
#define SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* "512", "64K", "512M", "1G", "2T": bytes by powers of 1024.  False for anything else, or when it
 * does not fit. */
bool size_parse(const char *text, uint64_t *bytes);

#endif
