/* SPDX-License-Identifier: ISC
 *
 * base64.c - bytes as text (RFC 4648 section 4).
 *
 * Owns no data.  Every run of bytes has exactly one text here: what decodes encodes back to itself.
 */
#include "base64.h"

#define NOT_A_DIGIT 64u

static uint32_t digit_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26u;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52u;
    return c == '+' ? 62u : c == '/' ? 63u : NOT_A_DIGIT;
}

/* Decodes one group of four characters, of which the last `pads` are '='. */
static bool decode_group(const uint8_t *at, size_t pads, uint8_t *into)
{
    uint32_t word = 0;

    for (size_t i = 0; i < 4; i++) {
        uint32_t digit = i < 4 - pads ? digit_of(at[i]) : 0;

        if (digit == NOT_A_DIGIT)
            return false;
        word = word << 6 | digit;
    }
    if ((pads == 1 && (word & 0xff) != 0) || (pads == 2 && (word & 0xffff) != 0))
        return false;
    for (size_t i = 0; i < 3 - pads; i++)
        into[i] = (uint8_t)(word >> (16 - 8 * i));
    return true;
}

enum bough_err base64_decode(struct bough_bytes text, struct bough_arena *arena,
                             struct bough_bytes *bytes)
{
    size_t pads = 0;
    uint8_t *into;

    if (text.len % 4 != 0)
        return BOUGH_INVALID;
    if (text.len > 0 && text.at[text.len - 1] == '=')
        pads = text.at[text.len - 2] == '=' ? 2 : 1;
    into = bough_arena_take(arena, text.len / 4 * 3);
    if (into == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < text.len / 4; i++) {
        bool last = i == text.len / 4 - 1;

        if (!decode_group(text.at + 4 * i, last ? pads : 0, into + 3 * i))
            return BOUGH_INVALID;
    }
    *bytes = bough_bytes_of(into, text.len / 4 * 3 - pads);
    return BOUGH_OK;
}

enum bough_err base64_encode(struct bough_bytes bytes, struct bough_arena *arena,
                             struct bough_bytes *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t groups = bytes.len / 3 + (bytes.len % 3 != 0);
    uint8_t *into = groups > SIZE_MAX / 4 ? NULL : bough_arena_take(arena, 4 * groups);

    if (into == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < groups; i++) {
        size_t left = bytes.len - 3 * i;
        uint32_t word = 0;

        for (size_t k = 0; k < 3; k++)
            word = word << 8 | (k < left ? bytes.at[3 * i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            into[4 * i + k] = (uint8_t)(k <= left ? digits[word >> (18 - 6 * k) & 63] : '=');
    }
    *text = bough_bytes_of(into, 4 * groups);
    return BOUGH_OK;
}
