/* SPDX-License-Identifier: ISC
 *
 * sha1.c - the names git gives to objects (gitformat-pack, "git hash-object").
 *
 * Owns nothing.  Digits are lower case in both directions: git never writes others, and two
 * spellings of one name would be two names to whoever compares text.
 */
#include "sha1.h"
#include "hex.h"
#include <assert.h>

void sha1_begin(struct sha1_state *state)
{
    br_sha1_init(&state->context);
}

void sha1_begin_object(struct sha1_state *state, enum git_kind kind, uint64_t size_bytes)
{
    const char *word = sha1_kind_name(kind);
    char digits[21]; /* of 2^64 and a NUL; by hand, because this runs for every entry of a tree */
    size_t at = sizeof(digits);

    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + size_bytes % 10);
        size_bytes /= 10;
    } while (size_bytes > 0);
    br_sha1_init(&state->context);
    br_sha1_update(&state->context, word, strlen(word));
    br_sha1_update(&state->context, " ", 1);
    br_sha1_update(&state->context, digits + at, sizeof(digits) - at);
}

void sha1_add(struct sha1_state *state, struct bough_bytes bytes)
{
    if (bytes.len > 0)
        br_sha1_update(&state->context, bytes.at, bytes.len);
}

void sha1_end(struct sha1_state *state, struct sha1 *id)
{
    br_sha1_out(&state->context, id->at);
}

void sha1_object(enum git_kind kind, struct bough_bytes bytes, struct sha1 *id)
{
    struct sha1_state state;

    sha1_begin_object(&state, kind, bytes.len);
    sha1_add(&state, bytes);
    sha1_end(&state, id);
}

const char *sha1_kind_name(enum git_kind kind)
{
    switch (kind) {
    case GIT_COMMIT:
        return "commit";
    case GIT_TREE:
        return "tree";
    case GIT_BLOB:
        return "blob";
    case GIT_TAG:
        return "tag";
    case GIT_NONE:
        break;
    }
    assert(kind == GIT_NONE);
    return "none";
}

void sha1_hex(const struct sha1 *id, char text[SHA1_HEX + 1])
{
    hex_print(id->at, SHA1_BYTES, text);
}

/* The value of a lower-case hexadecimal digit, or 16. */
static uint8_t digit_of(uint8_t c)
{
    return c >= 'A' && c <= 'F' ? 16 : hex_digit(c);
}

bool sha1_parse(struct bough_bytes text, struct sha1 *id)
{
    if (text.len != SHA1_HEX)
        return false;
    for (size_t i = 0; i < SHA1_BYTES; i++) {
        uint8_t high = digit_of(text.at[2 * i]);
        uint8_t low = digit_of(text.at[2 * i + 1]);

        if (high > 15 || low > 15)
            return false;
        id->at[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
