/* SPDX-License-Identifier: ISC
 *
 * attributes_file.c - one `.gitattributes` file: what it says about merging.
 *
 * Owns no data.  A line is a pattern (or "[attr]" and a name, which makes a macro) and what it does
 * to attributes; all but `merge` and macros are dropped.  What is odd is taken as git takes it: a
 * line with an attribute that is no name, with a pattern that begins with '!', or that is too long
 * does not count, as if it were not there.
 */
#include "attributes_file.h"
#include "attributes_match.h"
#include <assert.h>

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

struct line {
    bool is_macro;
    struct bough_bytes name; /* of the macro, or the pattern */
    struct cursor states;
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct cursor *in)
{
    while (in->at < in->end && is_blank(*in->at))
        in->at++;
}

static struct bough_bytes take_word(struct cursor *in)
{
    const uint8_t *from = in->at;

    while (in->at < in->end && !is_blank(*in->at))
        in->at++;
    return bough_bytes_of(from, (size_t)(in->at - from));
}

static bool is_name(struct bough_bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            c != '_' && c != '.' && (c != '-' || i == 0))
            return false;
    }
    return name.len > 0;
}

/* Up to three octal digits, the first of which is at most 3; false when they are not there. */
static bool take_octal(struct cursor *in, uint8_t *byte)
{
    unsigned number = 0;

    for (unsigned i = 0; i < 3; i++, in->at++) {
        if (in->at == in->end || *in->at < '0' || *in->at > (i == 0 ? '3' : '7'))
            return false;
        number = number * 8 + (unsigned)(*in->at - '0');
    }
    *byte = (uint8_t)number;
    return true;
}

/* Takes a string in quotes with the escapes of C; false, and nothing is taken, if it is none. */
static bool take_quoted(struct cursor *in, struct bough_arena *arena, struct bough_bytes *text)
{
    static const char from[] = "abfnrtv\\\"";
    static const char to[] = "\a\b\f\n\r\t\v\\\"";
    struct cursor at = *in;
    uint8_t *into = bough_arena_take(arena, (size_t)(in->end - in->at));
    size_t len = 0;

    if (into == NULL || at.at == at.end || *at.at++ != '"')
        return false;
    while (at.at < at.end && *at.at != '"') {
        const char *escape;

        if (*at.at != '\\') {
            into[len++] = *at.at++;
            continue;
        }
        if (++at.at == at.end)
            return false;
        escape = strchr(from, *at.at);
        if (escape != NULL && *escape != '\0') {
            into[len++] = (uint8_t)to[escape - from];
            at.at++;
        } else if (!take_octal(&at, &into[len++])) {
            return false;
        }
    }
    if (at.at == at.end)
        return false;
    in->at = at.at + 1;
    *text = bough_bytes_of(into, len);
    return true;
}

/* Takes the head of a line; false when the line does not count. */
static bool take_head(struct cursor *in, struct bough_arena *arena, struct line *line)
{
    static const char prefix[] = "[attr]";
    struct bough_bytes macro = bough_bytes_text(prefix);
    struct cursor rest;
    const uint8_t *nul;

    skip_blanks(in);
    if (in->at == in->end || *in->at == '#')
        return false;
    if (!take_quoted(in, arena, &line->name))
        line->name = take_word(in);
    line->is_macro = line->name.len > macro.len && bough_bytes_starts(line->name, macro);
    if (line->is_macro) {
        rest = (struct cursor){line->name.at + macro.len, line->name.at + line->name.len};
        skip_blanks(&rest);
        line->name = take_word(&rest);
        if (!is_name(line->name))
            return false;
    }
    nul = line->name.len == 0 ? NULL : memchr(line->name.at, 0, line->name.len);
    if (nul != NULL)
        line->name.len = (size_t)(nul - line->name.at);
    skip_blanks(in);
    line->states = *in;
    return line->is_macro || line->name.len == 0 || line->name.at[0] != '!';
}

/* Takes the next line of a file; false at its end.  *counts says whether it counts. */
static bool take_line(struct cursor *file, struct bough_arena *arena, struct line *line,
                      bool *counts)
{
    struct cursor in = *file;

    if (file->at == file->end)
        return false;
    in.end = memchr(file->at, '\n', (size_t)(file->end - file->at));
    if (in.end == NULL)
        in.end = file->end;
    file->at = in.end == file->end ? in.end : in.end + 1;
    *counts = in.end - in.at < BOUGH_ATTRIBUTES_LINE_MAX && take_head(&in, arena, line);
    return true;
}

/* The file's bytes: as git does, without a mark of UTF-8 before them, and up to a NUL. */
static struct cursor open_file(struct bough_bytes text)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    size_t from = bough_bytes_starts(text, bough_bytes_of(mark, 3)) ? 3 : 0;
    const uint8_t *nul = text.len == 0 ? NULL : memchr(text.at, 0, text.len);
    size_t end = nul == NULL ? text.len : (size_t)(nul - text.at);

    if (text.len == 0)
        return (struct cursor){mark, mark};
    return (struct cursor){text.at + (from < end ? from : end), text.at + end};
}

/* The id of an attribute that matters, or ATTRIBUTES_FILE_IDS. */
static uint32_t id_of(const struct attributes_file_macros *macros, struct bough_bytes name)
{
    for (uint32_t i = 0; i < macros->count; i++)
        if (bough_bytes_equal(macros->names[i], name))
            return i;
    return ATTRIBUTES_FILE_IDS;
}

/* Takes one attribute; false when it is no name. */
static bool take_change(struct cursor *in, const struct attributes_file_macros *macros,
                        struct attributes_file_change *change)
{
    struct bough_bytes word = take_word(in);
    const uint8_t *equals = memchr(word.at, '=', word.len);
    struct bough_bytes name =
        bough_bytes_of(word.at, equals == NULL ? word.len : (size_t)(equals - word.at));
    bool minus = word.at[0] == '-', bang = word.at[0] == '!';

    *change = (struct attributes_file_change){.state = ATTRIBUTES_FILE_SET};
    if (minus || bang) {
        change->state = minus ? ATTRIBUTES_FILE_UNSET : ATTRIBUTES_FILE_UNSPECIFIED;
        if (name.len == 0)
            return false;
        name = bough_bytes_of(name.at + 1, name.len - 1);
    } else if (equals != NULL) {
        change->state = ATTRIBUTES_FILE_VALUE;
        change->value = bough_bytes_of(equals + 1, word.len - name.len - 1);
    }
    change->id = id_of(macros, name);
    skip_blanks(in);
    return is_name(name);
}

/* Lists what a line does; *counts is false when git ignores the line. */
static enum bough_err read_changes(struct cursor in, const struct attributes_file_macros *macros,
                                   struct bough_arena *arena, struct attributes_file_rule *rule,
                                   bool *counts)
{
    struct attributes_file_change change;
    struct cursor again = in;
    size_t count = 0;

    *counts = true;
    while (in.at < in.end && *counts) {
        *counts = take_change(&in, macros, &change);
        count += change.id < ATTRIBUTES_FILE_IDS;
    }
    rule->change_count = 0;
    if (!*counts || count == 0)
        return BOUGH_OK;
    rule->changes = bough_arena_zeros(arena, count, sizeof(*rule->changes));
    if (rule->changes == NULL)
        return BOUGH_NO_MEMORY;
    while (again.at < again.end && take_change(&again, macros, &change))
        if (change.id < ATTRIBUTES_FILE_IDS)
            rule->changes[rule->change_count++] = change;
    assert(rule->change_count == count);
    return BOUGH_OK;
}

void attributes_file_builtin(struct attributes_file_macros *macros)
{
    static struct attributes_file_change const unset = {.id = ATTRIBUTES_FILE_MERGE,
                                                        .state = ATTRIBUTES_FILE_UNSET};

    *macros = (struct attributes_file_macros){.count = 2};
    macros->names[ATTRIBUTES_FILE_MERGE] = bough_bytes_text("merge");
    macros->names[1] = bough_bytes_text("binary");
    macros->rules[1].changes = (struct attributes_file_change *)(uintptr_t)&unset;
    macros->rules[1].change_count = 1;
}

enum bough_err attributes_file_define(struct attributes_file_macros *macros,
                                      struct bough_bytes text, struct bough_arena *arena)
{
    struct attributes_file_rule rule = {.changes = NULL};
    struct line line;
    bool counts;

    if (text.len > BOUGH_ATTRIBUTES_BYTES_MAX)
        return BOUGH_TOO_BIG;
    /* Names first: a macro may stand in lines before its own. */
    for (struct cursor in = open_file(text); take_line(&in, arena, &line, &counts);) {
        if (!counts || !line.is_macro || id_of(macros, line.name) < ATTRIBUTES_FILE_IDS)
            continue;
        if (macros->count == ATTRIBUTES_FILE_IDS)
            return BOUGH_TOO_BIG;
        assert(line.name.len > 0);
        macros->names[macros->count++] = line.name;
    }
    for (struct cursor in = open_file(text); take_line(&in, arena, &line, &counts);) {
        if (!counts || !line.is_macro)
            continue;
        BOUGH_TRY(read_changes(line.states, macros, arena, &rule, &counts));
        if (counts)
            macros->rules[id_of(macros, line.name)] = rule;
    }
    return BOUGH_OK;
}

/* Makes a pattern of a line; false when it can match no path of a value. */
static bool read_pattern(struct bough_bytes text, struct attributes_file_rule *rule)
{
    if (text.len == 0 || text.at[text.len - 1] == '/') /* matches directories only */
        return false;
    rule->is_path = memchr(text.at, '/', text.len) != NULL;
    if (text.at[0] == '/')
        text = bough_bytes_of(text.at + 1, text.len - 1);
    rule->pattern = text;
    assert(rule->pattern.len < BOUGH_ATTRIBUTES_LINE_MAX);
    rule->plain_len = 0;
    while (rule->plain_len < text.len && strchr("*?[\\", text.at[rule->plain_len]) == NULL)
        rule->plain_len++;
    return true;
}

enum bough_err attributes_file_parse(struct attributes_file *file,
                                     const struct attributes_file_macros *macros,
                                     struct bough_bytes text, struct bough_arena *arena)
{
    size_t max = 1;
    struct line line;
    bool counts;

    if (text.len > BOUGH_ATTRIBUTES_BYTES_MAX)
        return BOUGH_TOO_BIG;
    for (size_t i = 0; i < text.len; i++)
        max += text.at[i] == '\n';
    file->rules = bough_arena_zeros(arena, max, sizeof(*file->rules));
    file->rule_count = 0;
    if (file->rules == NULL)
        return BOUGH_NO_MEMORY;
    for (struct cursor in = open_file(text); take_line(&in, arena, &line, &counts);) {
        struct attributes_file_rule *rule = &file->rules[file->rule_count];

        if (!counts || line.is_macro || !read_pattern(line.name, rule))
            continue;
        BOUGH_TRY(read_changes(line.states, macros, arena, rule, &counts));
        file->rule_count += counts && rule->change_count > 0;
    }
    assert(file->rule_count <= max);
    return BOUGH_OK;
}

bool attributes_file_matches(const struct attributes_file_rule *rule, struct bough_bytes path,
                             uint64_t *steps_left)
{
    struct bough_bytes pattern = rule->pattern;
    size_t plain = rule->plain_len;
    const uint8_t *text = path.at;
    size_t len = path.len;

    if (!rule->is_path)
        while (len > 0 && memchr(text, '/', len) != NULL) { /* the last step */
            size_t step = (size_t)((const uint8_t *)memchr(text, '/', len) - text) + 1;

            text += step;
            len -= step;
        }
    else if (plain > len || memcmp(text, pattern.at, plain) != 0)
        return false;
    if (!rule->is_path && plain == pattern.len)
        return bough_bytes_equal(pattern, bough_bytes_of(text, len));
    if (!rule->is_path)
        plain = 0;
    /* As in git what is plain is taken off first: "a**" then begins with stars. */
    return attributes_match(bough_bytes_of(pattern.at + plain, pattern.len - plain),
                            bough_bytes_of(text + plain, len - plain), rule->is_path, steps_left);
}
