/* SPDX-License-Identifier: ISC
 *
 * git_patch.c - what changed at a key, as a patch that git and patch(1) apply.
 *
 * Owns no data.
 *   (1) A value that becomes one of another type (a symbolic link) is removed, then added: no patch
 *       makes one of the other.
 *   (2) Values that are equal by name are not read.
 * The moment that matters is a name with strange bytes: git quotes it like a string of C, marks one
 * with a blank by a tab behind it, and finds the file only if both are as it would have them.
 */
#include "git_patch.h"
#include "bough/text_diff.h"
#include "hash.h"

#define TYPE_BITS 0170000u

/* One file of a patch; a side is NULL where there is none. */
struct file {
    struct bough_bytes path;
    const struct bough_entry *from;
    const struct bough_entry *to;
};

/* What stands for a byte in a quoted name (git's quote.c); 0: itself, or its octal number. */
static char escape_of(uint8_t byte)
{
    static const char from[] = "\a\b\t\n\v\f\r\"\\";
    static const char to[] = "abtnvfr\"\\";
    const char *at = byte == 0 ? NULL : strchr(from, byte);

    return (char)(at == NULL ? 0 : to[at - from]);
}

static bool is_strange(uint8_t byte)
{
    return byte < 0x20 || byte >= 0x7f || escape_of(byte) != 0;
}

/* Writes "a/PATH", quoted if it has to be. */
static void write_name(struct out *out, const char *side, struct bough_bytes path)
{
    bool quoted = false;

    for (size_t i = 0; i < path.len; i++)
        quoted = quoted || is_strange(path.at[i]);
    if (quoted)
        out_text(out, "\"");
    out_text(out, side);
    if (!quoted) {
        out_bytes(out, path);
        return;
    }
    for (size_t i = 0; i < path.len; i++) {
        uint8_t byte = path.at[i];

        if (escape_of(byte) != 0)
            out_format(out, "\\%c", escape_of(byte));
        else if (is_strange(byte))
            out_format(out, "\\%03o", byte);
        else
            out_bytes(out, bough_bytes_of(&byte, 1));
    }
    out_text(out, "\"");
}

/* The name of a side, or the one that stands for none. */
static void write_label(struct out *out, const char *side, const struct file *file, bool there)
{
    if (there)
        write_name(out, side, file->path);
    else
        out_text(out, "/dev/null");
}

/* A line "--- a/PATH". */
static void write_side(struct out *out, const char *mark, const char *side, const struct file *file,
                       bool there)
{
    out_text(out, mark);
    write_label(out, side, file, there);
    if (there && memchr(file->path.at, ' ', file->path.len) != NULL)
        out_text(out, "\t");
    out_text(out, "\n");
}

static void write_modes(struct out *out, const struct file *file)
{
    if (file->from == NULL)
        out_format(out, "new file mode %06o\n", file->to->mode);
    else if (file->to == NULL)
        out_format(out, "deleted file mode %06o\n", file->from->mode);
    else if (file->from->mode != file->to->mode)
        out_format(out, "old mode %06o\nnew mode %06o\n", file->from->mode, file->to->mode);
}

/* The text of a side; BOUGH_TOO_BIG when it is longer than may be compared. */
static enum bough_err read_side(struct bough_store *store, const struct bough_entry *entry,
                                struct bough_arena *arena, struct bough_bytes *text)
{
    struct out out = out_begin(arena);

    *text = bough_bytes_of(NULL, 0);
    if (entry == NULL)
        return BOUGH_OK;
    BOUGH_TRY(bough_value_get(store, &entry->value, BOUGH_DIFF_TEXT_BYTES_MAX, arena, text));
    if (entry->mode != BOUGH_MODE_GITLINK)
        return BOUGH_OK;
    out_text(&out, "Subproject commit ");
    for (size_t i = 0; i < text->len; i++)
        out_format(&out, "%02x", text->at[i]);
    out_text(&out, "\n");
    return out_end(&out, text);
}

static enum bough_err read_hunks(struct bough_store *store, const struct file *file,
                                 struct bough_arena *arena, struct bough_bytes *hunks)
{
    struct bough_bytes from, to;

    BOUGH_TRY(read_side(store, file->from, arena, &from));
    BOUGH_TRY(read_side(store, file->to, arena, &to));
    return bough_text_diff(from, to, arena, hunks);
}

/* Whether both sides are there and hold the same bytes. */
static bool holds_same(const struct file *file)
{
    struct bough_hash names[2];

    if (file->from == NULL || file->to == NULL)
        return false;
    bough_value_name(&file->from->value, &names[0]);
    bough_value_name(&file->to->value, &names[1]);
    return bough_hash_equal(&names[0], &names[1]);
}

static enum bough_err write_file(struct request *request, struct out *out, const struct file *file)
{
    struct bough_bytes hunks = {0};
    struct bough_arena scrap;
    enum bough_err err = BOUGH_OK;

    bough_arena_init(&scrap, request->arena.heap, BOUGH_REQUEST_ARENA_BYTES_MAX);
    if (!holds_same(file))
        err = read_hunks(request->service->store, file, &scrap, &hunks);
    if (err != BOUGH_OK && err != BOUGH_INVALID && err != BOUGH_TOO_BIG)
        goto out;
    out_text(out, "diff --git ");
    write_name(out, "a/", file->path);
    out_text(out, " ");
    write_name(out, "b/", file->path);
    out_text(out, "\n");
    write_modes(out, file);
    if (err != BOUGH_OK) {
        out_text(out, "Binary files ");
        write_label(out, "a/", file, file->from != NULL);
        out_text(out, " and ");
        write_label(out, "b/", file, file->to != NULL);
        out_text(out, " differ\n");
        err = BOUGH_OK;
    } else if (hunks.len > 0) {
        write_side(out, "--- ", "a/", file, file->from != NULL);
        write_side(out, "+++ ", "b/", file, file->to != NULL);
        out_bytes(out, hunks);
    }
out:
    bough_arena_release(&scrap);
    return err;
}

enum bough_err git_patch_write(struct request *request, struct out *out,
                               const struct bough_diff_change *change)
{
    struct file file = {.path = change->path, .from = &change->from, .to = &change->to};

    if (change->kind == BOUGH_DIFF_ADDED)
        file.from = NULL;
    if (change->kind == BOUGH_DIFF_REMOVED)
        file.to = NULL;
    if (file.from != NULL && file.to != NULL &&
        ((file.from->mode ^ file.to->mode) & TYPE_BITS) != 0) {
        struct file removed = {.path = file.path, .from = file.from};

        BOUGH_TRY(write_file(request, out, &removed));
        file.from = NULL;
    }
    return write_file(request, out, &file);
}
