/* SPDX-License-Identifier: ISC
 *
 * git_tag.c - the bytes of git's annotated tags, read for what they point at.
 *
 * Owns nothing.  A tag is kept with its own bytes, so nothing but the target is taken from it; a
 * missing tagger is no fault, the oldest tags of git's own history have none.
 */
#include "git_tag.h"

/* The line that starts with `word`, its newline dropped; false when another stands there. */
static bool take_line(struct bough_bytes *rest, const char *word, struct bough_bytes *line)
{
    struct bough_bytes prefix = bough_bytes_text(word);
    const uint8_t *end;

    if (!bough_bytes_starts(*rest, prefix))
        return false;
    end = memchr(rest->at, '\n', rest->len);
    if (end == NULL)
        return false;
    *line = bough_bytes_of(rest->at + prefix.len, (size_t)(end - rest->at) - prefix.len);
    rest->len -= (size_t)(end - rest->at) + 1;
    rest->at = end + 1;
    return memchr(line->at, '\0', line->len) == NULL;
}

/* The kind that git calls `word`, or GIT_NONE. */
static enum git_kind kind_of(struct bough_bytes word)
{
    for (enum git_kind kind = GIT_COMMIT; kind <= GIT_TAG; kind++) {
        if (bough_bytes_equal(word, bough_bytes_text(sha1_kind_name(kind))))
            return kind;
    }
    return GIT_NONE;
}

enum bough_err git_tag_parse(struct bough_bytes bytes, struct git_tag *tag, const char **why)
{
    struct bough_bytes line;

    *why = "a tag has a bad object line";
    if (!take_line(&bytes, "object ", &line) || !sha1_parse(line, &tag->target) ||
        sha1_is_zero(&tag->target))
        return BOUGH_INVALID;
    *why = "a tag has a bad type line";
    if (!take_line(&bytes, "type ", &line))
        return BOUGH_INVALID;
    tag->target_kind = kind_of(line);
    if (tag->target_kind == GIT_NONE)
        return BOUGH_INVALID;
    *why = "a tag has no name";
    return take_line(&bytes, "tag ", &line) && line.len > 0 ? BOUGH_OK : BOUGH_INVALID;
}
