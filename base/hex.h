/* SPDX-License-Identifier: ISC
 *
 * hex.h - bytes as hexadecimal digits.
 */
#ifndef HEX_H
#define HEX_H

#include "bough/bytes.h"

/* The value of a digit of either case, or 16. */
uint8_t hex_digit(uint8_t c);

/* `len` bytes as 2 * len lower-case digits and a NUL. */
void hex_print(const uint8_t *bytes, size_t len, char *text);

/* The way back: false unless `text` is exactly 2 * len digits. */
bool hex_parse(struct bough_bytes text, uint8_t *bytes, size_t len);

#endif
