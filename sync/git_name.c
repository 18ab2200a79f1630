/* SPDX-License-Identifier: ISC
 *
 * git_name.c - names that git refuses, and how the git view spells them.
 *
 * Owns nothing.  What is refused follows git's is_hfs_dotgit and is_ntfs_dotgit (utf8.c, path.c) to
 * the letter, their treatment of malformed UTF-8 as the name's end included: a name that passes
 * here passes there.
 *   (1) git_name_stored(git_name_shown(s)) = s for every step.
 *   (2) git_name_shown(git_name_stored(t)) = t for every name that is not refused.
 *   (3) Nothing shown is refused, except ".", ".." and "", which no step is.
 */
#include "git_name.h"
#include <assert.h>

static uint8_t byte_at(struct bough_bytes name, size_t i)
{
    return i < name.len ? name.at[i] : 0;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Whether `name` has `word` (lower case) at `from`, in any case. */
static bool has_word(struct bough_bytes name, size_t from, const char *word)
{
    for (size_t i = 0; word[i] != '\0'; i++) {
        if (lower(byte_at(name, from + i)) != (uint8_t)word[i])
            return false;
    }
    return true;
}

/* How many bytes the UTF-8 character at the start takes, 0 when it is malformed. */
static size_t utf8_length(struct bough_bytes rest)
{
    uint8_t a = byte_at(rest, 0);
    uint8_t b = byte_at(rest, 1);
    size_t length = a < 0x80 ? 1 : (a & 0xe0) == 0xc0 ? 2 : (a & 0xf0) == 0xe0 ? 3 : 4;

    if (length == 4 && (a & 0xf8) != 0xf0)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((byte_at(rest, i) & 0xc0) != 0x80)
            return 0;
    }
    if ((length == 2 && (a & 0xfe) == 0xc0) || (a == 0xe0 && (b & 0xe0) == 0x80) ||
        (a == 0xed && (b & 0xe0) == 0xa0) ||
        (a == 0xef && b == 0xbf && (byte_at(rest, 2) & 0xfe) == 0xbe) ||
        (a == 0xf0 && (b & 0xf0) == 0x80) || (a == 0xf4 && b > 0x8f) || a > 0xf4)
        return 0;
    return length;
}

/* The next character that HFS+ does not ignore; 0 at the end and at malformed bytes. */
static uint32_t hfs_next(struct bough_bytes *rest)
{
    while (rest->len > 0) {
        size_t length = utf8_length(*rest);
        const uint8_t *at = rest->at;
        uint32_t code;

        if (length == 0)
            return 0;
        rest->at += length;
        rest->len -= length;
        if (length != 3)
            return length == 1 ? at[0] : 0x10000; /* some character that is neither */
        code = (uint32_t)(at[0] & 15) << 12 | (uint32_t)(at[1] & 63) << 6 | (at[2] & 63);
        if (!((code >= 0x200c && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
              (code >= 0x206a && code <= 0x206f) || code == 0xfeff))
            return code;
    }
    return 0;
}

/* Whether HFS+ takes the name for "." followed by `word`. */
static bool hfs_is(struct bough_bytes name, const char *word)
{
    if (hfs_next(&name) != '.')
        return false;
    for (; *word != '\0'; word++) {
        uint32_t c = hfs_next(&name);

        if (c > 127 || lower((uint8_t)c) != (uint8_t)*word)
            return false;
    }
    return hfs_next(&name) == 0;
}

/* Whether NTFS drops what stands from `from` on: dots and spaces up to the end or `stops`. */
static bool ntfs_drops(struct bough_bytes name, size_t from, const char *stops)
{
    for (size_t i = from;; i++) {
        uint8_t c = byte_at(name, i);

        if (i >= name.len || strchr(stops, c) != NULL)
            return true;
        if (c != '.' && c != ' ')
            return false;
    }
}

static bool ntfs_is_git(struct bough_bytes name)
{
    if (has_word(name, 0, ".git"))
        return ntfs_drops(name, 4, "\\:");
    return has_word(name, 0, "git~1") && ntfs_drops(name, 5, "\\:");
}

/* The name behind the next backslash; false when there is none. */
static bool after_backslash(struct bough_bytes *name)
{
    const uint8_t *found = name->len == 0 ? NULL : memchr(name->at, '\\', name->len);

    if (found == NULL)
        return false;
    name->len -= (size_t)(found - name->at) + 1;
    name->at = found + 1;
    return true;
}

bool git_name_refused(struct bough_bytes name)
{
    if (name.len == 0 || (name.len <= 2 && byte_at(name, 0) == '.' && name.at[name.len - 1] == '.'))
        return true;
    if (hfs_is(name, "git"))
        return true;
    do {
        if (ntfs_is_git(name))
            return true;
    } while (after_backslash(&name));
    return false;
}

/* A shortened NTFS name made of the first letters of a hash of the long one: "gi7eba~1". */
static bool ntfs_hashed_modules(struct bough_bytes name)
{
    static const char prefix[] = "gi7eba";
    bool tilde = false;

    for (size_t i = 0; i < 8; i++) {
        uint8_t c = byte_at(name, i);

        if (tilde) {
            if (c < '0' || c > '9')
                return false;
        } else if (c == '~') {
            i++;
            if (byte_at(name, i) < '1' || byte_at(name, i) > '9')
                return false;
            tilde = true;
        } else if (i >= 6 || lower(c) != (uint8_t)prefix[i]) {
            return false;
        }
    }
    return ntfs_drops(name, 8, ":");
}

static bool ntfs_is_modules(struct bough_bytes name)
{
    if (has_word(name, 0, ".gitmodules"))
        return ntfs_drops(name, 11, ":");
    if (has_word(name, 0, "gitmod~") && byte_at(name, 7) >= '1' && byte_at(name, 7) <= '4')
        return ntfs_drops(name, 8, ":");
    return ntfs_hashed_modules(name);
}

bool git_name_is_modules(struct bough_bytes name)
{
    if (hfs_is(name, "gitmodules"))
        return true;
    do {
        if (ntfs_is_modules(name))
            return true;
    } while (after_backslash(&name));
    return false;
}

static uint8_t *escape_byte(uint8_t *into, uint8_t c)
{
    static const char digits[] = "0123456789ABCDEF";

    *into++ = '%';
    *into++ = (uint8_t)digits[c >> 4];
    *into++ = (uint8_t)digits[c & 15];
    return into;
}

/* The value of an upper-case hexadecimal digit, or 16. */
static uint8_t digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0');
    return c >= 'A' && c <= 'F' ? (uint8_t)(c - 'A' + 10) : 16;
}

/* The byte that "%XX" at `i` stands for, or 0. */
static uint8_t escaped_byte(struct bough_bytes name, size_t i)
{
    uint8_t high = digit_of(byte_at(name, i + 1));
    uint8_t low = digit_of(byte_at(name, i + 2));

    return (uint8_t)(byte_at(name, i) != '%' || high > 15 || low > 15 ? 0 : high << 4 | low);
}

/* The s with f(s) = name into `into` (which may be name's own bytes); 0 bytes when there is none.
 */
static size_t unescape(struct bough_bytes name, uint8_t *into)
{
    uint8_t first = escaped_byte(name, 0);
    size_t len = 0;

    if (first == 0 || first == '/')
        return 0;
    into[len++] = first;
    for (size_t i = 3; i < name.len; len++) {
        uint8_t c = name.at[i];

        if (c == '\\')
            return 0;
        if (c == '%') {
            c = escaped_byte(name, i);
            if (c != '%' && c != '\\')
                return 0;
            i += 2;
        }
        i++;
        into[len] = c;
    }
    return len;
}

/* Whether the name is in C: a refused name, or one that unescapes to something in C. */
static bool is_escaped(struct bough_bytes name)
{
    uint8_t room[GIT_NAME_BYTES_MAX];

    while (!git_name_refused(name)) {
        size_t len;

        if (byte_at(name, 0) != '%' || name.len > sizeof(room))
            return false;
        len = unescape(name, room);
        if (len == 0)
            return false;
        assert(len < name.len);
        name = bough_bytes_of(room, len);
    }
    return true;
}

struct bough_bytes git_name_shown(struct bough_bytes step, uint8_t room[GIT_NAME_BYTES_MAX])
{
    uint8_t *into = room;

    assert(step.len > 0 && step.len <= BOUGH_STEP_BYTES_MAX);
    if (!is_escaped(step))
        return step;
    into = escape_byte(into, step.at[0]);
    for (size_t i = 1; i < step.len; i++) {
        if (step.at[i] == '%' || step.at[i] == '\\')
            into = escape_byte(into, step.at[i]);
        else
            *into++ = step.at[i];
    }
    return bough_bytes_of(room, (size_t)(into - room));
}

struct bough_bytes git_name_stored(struct bough_bytes name, uint8_t room[GIT_NAME_BYTES_MAX])
{
    size_t len;

    if (byte_at(name, 0) != '%' || name.len > GIT_NAME_BYTES_MAX)
        return name;
    len = unescape(name, room);
    if (len == 0 || !is_escaped(bough_bytes_of(room, len)))
        return name;
    return bough_bytes_of(room, len);
}
