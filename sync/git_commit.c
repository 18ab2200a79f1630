/* SPDX-License-Identifier: ISC
 *
 * git_commit.c - the bytes of git's commits: lines of header, an empty line, the message.
 *
 * Owns nothing.  Reading is lenient about who and when, because public histories hold every kind of
 * odd ident; the caller formats what was read again, and keeps the bytes where they differ.
 *   (1) Parsing what git_commit_format wrote gives the same fields back.
 */
#include "git_commit.h"
#include <assert.h>
#include <stdio.h>

#define DIGITS_MAX 18u /* of a time: fits int64_t */

/* Takes one line, its newline dropped, if it starts with `word`; false and untouched if not. */
static bool take_line(struct bough_bytes *rest, const char *word, struct bough_bytes *line)
{
    struct bough_bytes prefix = bough_bytes_text(word);
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->at, '\n', rest->len);

    if (end == NULL || !bough_bytes_starts(*rest, prefix))
        return false;
    *line = bough_bytes_of(rest->at + prefix.len, (size_t)(end - rest->at) - prefix.len);
    rest->len -= (size_t)(end - rest->at) + 1;
    rest->at = end + 1;
    return true;
}

/* A number of 1 to DIGITS_MAX digits, perhaps negative; false when it is none. */
static bool parse_number(struct bough_bytes text, int64_t *number)
{
    bool negative = text.len > 0 && text.at[0] == '-';
    size_t first = negative ? 1 : 0;

    *number = 0;
    if (text.len == first || text.len - first > DIGITS_MAX)
        return false;
    for (size_t i = first; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *number = *number * 10 + (text.at[i] - '0');
    }
    if (negative)
        *number = -*number;
    return true;
}

/* "+HHMM" as minutes; the hours may have more digits. */
static bool parse_zone(struct bough_bytes text, int32_t *minutes)
{
    int64_t number;

    if (text.len < 5 || text.len > 9 || (text.at[0] != '+' && text.at[0] != '-') ||
        text.at[1] == '-' || !parse_number(bough_bytes_of(text.at + 1, text.len - 1), &number))
        return false;
    number = number / 100 * 60 + number % 100;
    *minutes = (int32_t)(text.at[0] == '-' ? -number : number);
    return true;
}

static bool has_byte(struct bough_bytes text, char c)
{
    return text.len > 0 && memchr(text.at, c, text.len) != NULL;
}

/* "name <email> time zone"; an ident of empty fields when it is anything else. */
static struct bough_ident parse_ident(struct bough_bytes line)
{
    struct bough_ident none = {.name = {line.at, 0}, .email = {line.at, 0}};
    struct bough_ident ident = none;
    const uint8_t *open = line.len == 0 ? NULL : memchr(line.at, '<', line.len);
    const uint8_t *close =
        open == NULL ? NULL : memchr(open, '>', (size_t)(line.at + line.len - open));
    const uint8_t *space;
    struct bough_bytes when;

    if (close == NULL || open == line.at || open[-1] != ' ')
        return none;
    ident.name = bough_bytes_of(line.at, (size_t)(open - line.at) - 1);
    ident.email = bough_bytes_of(open + 1, (size_t)(close - open) - 1);
    if (has_byte(ident.name, '>') || has_byte(ident.email, '<') || has_byte(line, '\0'))
        return none;
    when = bough_bytes_of(close + 1, (size_t)(line.at + line.len - close) - 1);
    if (when.len == 0 || when.at[0] != ' ')
        return ident;
    when = bough_bytes_of(when.at + 1, when.len - 1);
    space = when.len == 0 ? NULL : memchr(when.at, ' ', when.len);
    if (space == NULL)
        return ident;
    if (!parse_number(bough_bytes_of(when.at, (size_t)(space - when.at)), &ident.time_s))
        ident.time_s = 0;
    if (!parse_zone(bough_bytes_of(space + 1, (size_t)(when.at + when.len - space) - 1),
                    &ident.zone_minutes))
        ident.zone_minutes = 0;
    return ident;
}

/* The lines up to the message: other headers, then an empty line if there is one. */
static bool parse_rest(struct bough_bytes rest, struct git_commit *commit)
{
    struct bough_bytes line;
    const uint8_t *start = rest.at;

    while (rest.len > 0 && rest.at[0] != '\n') {
        if (bough_bytes_starts(rest, bough_bytes_text("author ")) ||
            bough_bytes_starts(rest, bough_bytes_text("committer ")) ||
            !take_line(&rest, "", &line) || has_byte(line, '\0'))
            return false;
    }
    commit->headers = bough_bytes_of(start, (size_t)(rest.at - start));
    commit->message = rest.len == 0 ? rest : bough_bytes_of(rest.at + 1, rest.len - 1);
    return true;
}

static bool parse_ids(struct bough_bytes *rest, struct git_commit *commit)
{
    struct bough_bytes line;
    struct sha1 parent;

    if (!take_line(rest, "tree ", &line) || !sha1_parse(line, &commit->tree))
        return false;
    commit->parents = bough_bytes_of(rest->at, 0);
    while (take_line(rest, "parent ", &line)) {
        if (!sha1_parse(line, &parent) || sha1_is_zero(&parent))
            return false;
        commit->parents.len += GIT_COMMIT_PARENT_LINE;
        commit->parent_count++;
    }
    return !sha1_is_zero(&commit->tree);
}

enum bough_err git_commit_parse(struct bough_bytes bytes, struct git_commit *commit,
                                const char **why)
{
    struct bough_bytes line;

    *commit = (struct git_commit){0};
    *why = "a commit has a bad tree or parent line";
    if (!parse_ids(&bytes, commit))
        return BOUGH_INVALID;
    *why = "a commit has no author";
    if (!take_line(&bytes, "author ", &line))
        return BOUGH_INVALID;
    *why = "a commit has a NUL in its header";
    if (has_byte(line, '\0'))
        return BOUGH_INVALID;
    commit->author = parse_ident(line);
    *why = "a commit has no committer behind its author";
    if (!take_line(&bytes, "committer ", &line))
        return BOUGH_INVALID;
    commit->committer = parse_ident(line);
    *why = "a commit has a malformed header";
    return !has_byte(line, '\0') && parse_rest(bytes, commit) ? BOUGH_OK : BOUGH_INVALID;
}

void git_commit_parent(const struct git_commit *commit, uint32_t n, struct sha1 *id)
{
    bool good;

    assert(n < commit->parent_count);
    good = sha1_parse(
        bough_bytes_of(commit->parents.at + (size_t)n * GIT_COMMIT_PARENT_LINE + 7, SHA1_HEX), id);
    assert(good);
    (void)good;
}

/* "word id\n". */
static enum bough_err add_id(struct buffer *out, const char *word, const struct sha1 *id)
{
    char hex[SHA1_HEX + 1];

    sha1_hex(id, hex);
    BOUGH_TRY(buffer_text(out, word));
    BOUGH_TRY(buffer_text(out, hex));
    return buffer_text(out, "\n");
}

/* "word name <email> time zone\n". */
static enum bough_err add_ident(struct buffer *out, const char *word,
                                const struct bough_ident *ident)
{
    char when[64];
    int64_t zone = ident->zone_minutes < 0 ? -(int64_t)ident->zone_minutes : ident->zone_minutes;

    snprintf(when, sizeof(when), "> %lld %c%02lld%02lld\n", (long long)ident->time_s,
             ident->zone_minutes < 0 ? '-' : '+', (long long)(zone / 60), (long long)(zone % 60));
    BOUGH_TRY(buffer_text(out, word));
    BOUGH_TRY(buffer_add(out, ident->name));
    BOUGH_TRY(buffer_text(out, " <"));
    BOUGH_TRY(buffer_add(out, ident->email));
    return buffer_text(out, when);
}

enum bough_err git_commit_format(struct buffer *out, const struct bough_commit *commit,
                                 const struct sha1 *tree, const struct sha1 *parents)
{
    BOUGH_TRY(add_id(out, "tree ", tree));
    for (uint32_t i = 0; i < commit->parent_count; i++)
        BOUGH_TRY(add_id(out, "parent ", &parents[i]));
    BOUGH_TRY(add_ident(out, "author ", &commit->author));
    BOUGH_TRY(add_ident(out, "committer ", &commit->committer));
    BOUGH_TRY(buffer_add(out, commit->headers));
    BOUGH_TRY(buffer_text(out, "\n"));
    return buffer_add(out, commit->message);
}

enum bough_err git_commit_format_tag(struct buffer *out, const struct sha1 *commit,
                                     struct bough_bytes name, const struct bough_ident *tagger,
                                     struct bough_bytes message)
{
    BOUGH_TRY(add_id(out, "object ", commit));
    BOUGH_TRY(buffer_text(out, "type commit\ntag "));
    BOUGH_TRY(buffer_add(out, name));
    BOUGH_TRY(add_ident(out, "\ntagger ", tagger));
    BOUGH_TRY(buffer_text(out, "\n"));
    return buffer_add(out, message);
}
