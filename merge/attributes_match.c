/* SPDX-License-Identifier: ISC
 *
 * attributes_match.c - does a pattern of gitignore(5) match a path?
 *
 * Owns no data.  All ways to match are followed at once, a byte of the text at a time: so no
 * pattern takes more than its length for each byte.  What patterns mean, also odd ones, is as in
 * git's wildmatch. (1) here[p]: the text so far matches the pattern before p.
 */
#include "attributes_match.h"
#include "bough/limits.h"
#include <assert.h>

#define ARRIVED 1u
#define STAYED  2u /* at stars, which have taken some bytes: they can no longer stand for none */

struct match {
    struct bough_bytes pattern;
    bool is_path;
    uint8_t here[BOUGH_ATTRIBUTES_LINE_MAX + 1];
    uint8_t next[BOUGH_ATTRIBUTES_LINE_MAX + 1];
};

/* The byte at a place of the pattern; 0 behind its end. */
static uint8_t byte_at(const struct match *match, size_t at)
{
    return at < match->pattern.len ? match->pattern.at[at] : 0;
}

/* The classes of POSIX, of ASCII. */
static bool is_in_class(struct bough_bytes class, uint8_t c, bool *known)
{
    static const char names[] = "alnum alpha blank cntrl digit graph lower print punct space upper "
                                "xdigit";
    bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
    bool graph = c > 0x20 && c < 0x7f, alpha = lower || upper;
    const bool is[] = {alpha || digit,
                       alpha,
                       c == ' ' || c == '\t',
                       c < 0x20 || c == 0x7f,
                       digit,
                       graph,
                       lower,
                       graph || c == ' ',
                       graph && !alpha && !digit,
                       c == ' ' || c == '\t' || c == '\n' || c == '\r', /* git's */
                       upper,
                       digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')};
    const char *name = names;

    for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
        size_t len = strcspn(name, " ");

        if (bough_bytes_equal(class, bough_bytes_of(name, len)))
            return is[i];
        name += len + 1;
    }
    *known = false;
    return false;
}

/* Passes "[:class:]", *at being at its '['; false if it is none.  *known: it is one of POSIX. */
static bool take_class(const struct match *match, size_t *at, uint8_t c, bool *found, bool *known)
{
    size_t end = *at + 2;

    if (byte_at(match, *at + 1) != ':')
        return false;
    while (end < match->pattern.len && match->pattern.at[end] != ']')
        end++;
    if (end == match->pattern.len)
        *known = false;
    else if (end < *at + 3 || match->pattern.at[end - 1] != ':')
        return false;
    else if (is_in_class(bough_bytes_of(match->pattern.at + *at + 2, end - *at - 3), c, known))
        *found = true;
    *at = end;
    return true;
}

/* Whether `c` is in the set that begins at pattern[at]; *end is behind it.  A set without an end,
 * or with an unknown class, matches nothing (false, and *end is 0). */
static bool is_in_set(const struct match *match, size_t at, uint8_t c, size_t *end)
{
    bool negated = byte_at(match, at + 1) == '!' || byte_at(match, at + 1) == '^';
    bool found = false, known = true;
    uint8_t previous = 0; /* what a range may begin with */

    *end = 0;
    at += negated ? 2 : 1;
    do {
        uint8_t first = byte_at(match, at);

        if (first == '\\') {
            first = byte_at(match, ++at);
            found = found || c == first;
        } else if (first == '-' && previous != 0 && byte_at(match, at + 1) != 0 &&
                   byte_at(match, at + 1) != ']') {
            at += byte_at(match, at + 1) == '\\' ? 2 : 1;
            found = found || (previous <= c && c <= byte_at(match, at));
            first = byte_at(match, at) == 0 ? 0 : 1;
            previous = 0;
            if (first == 0)
                return false;
            continue;
        } else if (first == '[' && take_class(match, &at, c, &found, &known)) {
            if (!known)
                return false;
            previous = 0;
            continue;
        } else {
            found = found || c == first;
        }
        if (first == 0)
            return false;
        previous = first;
    } while (byte_at(match, ++at) != ']');
    *end = at + 1;
    return found != negated && !(match->is_path && c == '/');
}

/* A run of stars at pattern[at]: what is behind it is reached without a byte; whether it takes `c`,
 * too, is told. */
static bool take_stars(struct match *match, size_t at, uint8_t c)
{
    size_t end = at;
    bool takes_slash = !match->is_path;

    assert(match->here[at] != 0);
    while (byte_at(match, end) == '*')
        end++;
    if (match->is_path && end - at > 1 && (at == 0 || match->pattern.at[at - 1] == '/') &&
        (end == match->pattern.len || byte_at(match, end) == '/' ||
         (byte_at(match, end) == '\\' && byte_at(match, end + 1) == '/'))) {
        takes_slash = true;
        if (byte_at(match, end) == '/' && (match->here[at] & ARRIVED) != 0)
            match->here[end + 1] |= ARRIVED;
    }
    match->here[end] |= ARRIVED;
    return takes_slash || c != '/';
}

/* Follows the ways through one place of the pattern, with the next byte of the text. */
static void step(struct match *match, size_t at, uint8_t c)
{
    uint8_t p = match->pattern.at[at];
    size_t end = at + 1;
    bool matches;

    switch (p) {
    case '*':
        matches = take_stars(match, at, c);
        end = at;
        break;
    case '?':
        matches = !match->is_path || c != '/';
        break;
    case '[':
        matches = is_in_set(match, at, c, &end);
        break;
    case '\\':
        end = at + 2;
        matches = byte_at(match, at + 1) == c;
        break;
    default:
        matches = p == c;
        break;
    }
    assert(end >= at || !matches);
    if (matches)
        match->next[end] |= end == at ? STAYED : ARRIVED;
}

bool attributes_match(struct bough_bytes pattern, struct bough_bytes text, bool is_path,
                      uint64_t *steps_left)
{
    struct match match = {.pattern = pattern, .is_path = is_path};
    size_t places = pattern.len + 1;

    assert(pattern.len <= BOUGH_ATTRIBUTES_LINE_MAX);
    match.here[0] = ARRIVED;
    for (size_t i = 0; i <= text.len; i++) {
        bool any = false;

        if (*steps_left <= places) {
            *steps_left = 0;
            return false;
        }
        *steps_left -= places;
        memset(match.next, 0, places);
        for (size_t at = 0; at < pattern.len; at++) {
            if (!match.here[at])
                continue;
            any = true;
            if (i < text.len)
                step(&match, at, text.at[i]);
            else if (pattern.at[at] == '*')
                (void)take_stars(&match, at, 0);
        }
        if (i == text.len)
            break;
        if (!any)
            return false;
        memcpy(match.here, match.next, places);
    }
    return match.here[pattern.len] != 0;
}
