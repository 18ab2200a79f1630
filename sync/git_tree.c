/* SPDX-License-Identifier: ISC
 *
 * git_tree.c - the bytes of git's tree objects, as hostile input and as output.
 *
 * Owns nothing.  Refused is what facts of public histories never show and what breaks clients: bad
 * order, duplicates, null ids, ".", "..", ".git", symbolic links called ".gitmodules", modes of no
 * known type (fsck.h).  Odd permissions and padded modes are taken as they are.
 */
#include "git_tree.h"
#include "bough/limits.h"
#include "git_name.h"
#include <assert.h>

#define MODE_DIGITS_MAX 7u /* "0100644" */

/* The octal mode up to its space. */
static enum bough_err parse_mode(struct bough_bytes *rest, struct git_tree_entry *entry)
{
    size_t digits = 0;

    entry->mode = 0;
    entry->padded = rest->len > 0 && rest->at[0] == '0';
    while (digits < rest->len && rest->at[digits] >= '0' && rest->at[digits] <= '7') {
        if (digits == MODE_DIGITS_MAX)
            return BOUGH_INVALID;
        entry->mode = entry->mode << 3 | (uint32_t)(rest->at[digits] - '0');
        digits++;
    }
    if (digits == 0 || digits == rest->len || rest->at[digits] != ' ')
        return BOUGH_INVALID;
    rest->at += digits + 1;
    rest->len -= digits + 1;
    return BOUGH_OK;
}

enum bough_err git_tree_next(struct bough_bytes *rest, struct git_tree_entry *entry)
{
    const uint8_t *end;

    if (rest->len == 0)
        return BOUGH_NOT_FOUND;
    BOUGH_TRY(parse_mode(rest, entry));
    end = rest->len == 0 ? NULL : memchr(rest->at, '\0', rest->len);
    if (end == NULL)
        return BOUGH_INVALID;
    entry->name = bough_bytes_of(rest->at, (size_t)(end - rest->at));
    rest->at += entry->name.len + 1;
    rest->len -= entry->name.len + 1;
    if (rest->len < SHA1_BYTES)
        return BOUGH_INVALID;
    memcpy(entry->id.at, rest->at, SHA1_BYTES);
    rest->at += SHA1_BYTES;
    rest->len -= SHA1_BYTES;
    return BOUGH_OK;
}

/* The byte at `i` of a name that ends in '/' for a tree; -1 behind it. */
static int key_byte(struct bough_bytes name, bool is_tree, size_t i)
{
    if (i < name.len)
        return name.at[i];
    return i == name.len && is_tree ? '/' : -1;
}

int git_tree_compare(struct bough_bytes a, bool a_is_tree, struct bough_bytes b, bool b_is_tree)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.at, b.at, shorter);

    for (size_t i = shorter; order == 0 && i <= shorter + 1; i++)
        order = key_byte(a, a_is_tree, i) - key_byte(b, b_is_tree, i);
    return order;
}

/* What is wrong with one entry by itself, or NULL. */
static const char *entry_fault(const struct git_tree_entry *entry)
{
    uint8_t room[GIT_NAME_BYTES_MAX];
    uint32_t type = entry->mode & 0170000u;

    if (entry->mode > 0177777u ||
        (type != 0100000u && type != 0040000u && type != 0120000u && type != 0160000u))
        return "a tree holds a mode of no known type";
    if (memchr(entry->name.at, '/', entry->name.len) != NULL)
        return "a tree holds a name with a slash";
    if (git_name_refused(entry->name))
        return "a tree holds '.git', '.', '..' or an empty name";
    if (sha1_is_zero(&entry->id))
        return "a tree holds a null id";
    if (type == 0120000u && git_name_is_modules(entry->name))
        return "a tree holds a .gitmodules that is a symbolic link";
    if (git_name_stored(entry->name, room).len > BOUGH_STEP_BYTES_MAX)
        return "a tree holds a name of more than 255 bytes";
    return NULL;
}

/* Files whose name every later entry began with so far: a directory of the same name may follow
 * each of them, and only them.  Each is longer than the one below, so the stack is bounded by the
 * longest name. */
struct prefixes {
    struct bough_bytes names[GIT_NAME_BYTES_MAX + 1];
    size_t count;
};

/* Notes an entry; false when its name was there before. */
static bool note(struct prefixes *files, const struct git_tree_entry *entry)
{
    while (files->count > 0 && !bough_bytes_starts(entry->name, files->names[files->count - 1]))
        files->count--;
    if (files->count > 0 && bough_bytes_equal(entry->name, files->names[files->count - 1]))
        return false;
    if (git_tree_kind(entry->mode) != GIT_TREE) {
        assert(files->count <= GIT_NAME_BYTES_MAX);
        files->names[files->count++] = entry->name;
    }
    return true;
}

/* What is wrong between an entry and what came before, or NULL. */
static const char *order_fault(struct prefixes *files, const struct git_tree_entry *before,
                               const struct git_tree_entry *entry)
{
    bool is_tree = git_tree_kind(entry->mode) == GIT_TREE;
    bool before_is_tree = git_tree_kind(before->mode) == GIT_TREE;

    if (before->name.len > 0) {
        int order = git_tree_compare(before->name, before_is_tree, entry->name, is_tree);

        if (order == 0)
            return "a tree holds a name twice";
        if (order > 0)
            return "a tree is not sorted";
    }
    return note(files, entry) ? NULL : "a tree holds a name twice";
}

enum bough_err git_tree_check(struct bough_bytes tree, const char **why)
{
    struct git_tree_entry before = {0};
    struct git_tree_entry entry;
    struct prefixes files;
    enum bough_err err;

    files.count = 0;
    while ((err = git_tree_next(&tree, &entry)) == BOUGH_OK) {
        *why = entry_fault(&entry);
        if (*why == NULL)
            *why = order_fault(&files, &before, &entry);
        if (*why != NULL)
            return BOUGH_INVALID;
        before = entry;
    }
    if (err == BOUGH_NOT_FOUND)
        return BOUGH_OK;
    *why = "a tree is malformed";
    return err;
}

enum bough_err git_tree_add(struct buffer *out, uint32_t mode, struct bough_bytes name,
                            const struct sha1 *id)
{
    size_t digits = 1;
    uint8_t *at;

    while (digits < 10 && mode >> (3 * digits) != 0)
        digits++;
    BOUGH_TRY(buffer_reserve(out, digits + 1 + name.len + 1 + SHA1_BYTES));
    at = out->at + out->len;
    for (size_t i = digits; i > 0; i--)
        *at++ = (uint8_t)('0' + (mode >> (3 * (i - 1)) & 7));
    *at++ = ' ';
    memcpy(at, name.at, name.len);
    at += name.len;
    *at++ = '\0';
    memcpy(at, id->at, SHA1_BYTES);
    out->len = (size_t)(at + SHA1_BYTES - out->at);
    return BOUGH_OK;
}
