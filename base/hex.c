/* SPDX-License-Identifier: ISC
 *
 * hex.c - bytes as hexadecimal digits, for names, percent-encoding, chunk sizes and pkt-lines.
 *
 * Prints lower case, reads both: all of HTTP, git and our own names ask for just that.
 */
#include "hex.h"

uint8_t hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (uint8_t)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return (uint8_t)(c - 'A' + 10);
    return 16;
}

void hex_print(const uint8_t *bytes, size_t len, char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * len] = '\0';
}

bool hex_parse(struct bough_bytes text, uint8_t *bytes, size_t len)
{
    if (text.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        uint8_t high = hex_digit(text.at[2 * i]);
        uint8_t low = hex_digit(text.at[2 * i + 1]);

        if (high > 15 || low > 15)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
