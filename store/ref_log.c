/* SPDX-License-Identifier: ISC
 *
 * ref_log.c - what refs pointed at before, as entries of the state tree.
 *
 *   reflog/<ref>/<sequence>:old    a link to what the ref pointed at
 *   reflog/<ref>/<sequence>:what   next:hash time:signed zone:signed name:bytes email:bytes
 * why:bytes <ref> is the name with ':' for '/', which no name holds, so that a log is one directory
 * and no name is in another one's way.  <sequence> is the generation of the root move, 16
 * hexadecimal digits; next is zero for a deletion. (1) The two entries of a move come and go
 * together, and in the root move that it is part of. (2) Being links of the state, the old ones are
 * what collection and fsck start from.
 */
#include "ref_log.h"
#include "bough/limits.h"
#include "decode.h"
#include "encode.h"
#include "hex.h"
#include "ref_state.h"
#include <stdio.h>

#define LOGS           "reflog/"
#define LOGS_LEN       (sizeof(LOGS) - 1)
#define WINDOW         "settings/reflog"
#define SEQUENCE_LEN   16u
#define OLD            ":old"
#define WHAT           ":what"
#define WHAT_BYTES_MAX (BOUGH_HASH_BYTES + 3u * (BOUGH_REFLOG_TEXT_BYTES + 2u) + 2u * 10u)
#define DAY_S          ((int64_t)24 * 60 * 60)
#define PASS_REFS      100u /* that one step of expiry looks at */

/* "reflog/<ref>/<tail>" in `arena`; .at NULL when there is no memory. */
static struct bough_bytes path_of(struct bough_arena *arena, struct bough_bytes name,
                                  const char *tail)
{
    size_t tail_len = tail == NULL ? 0 : strlen(tail) + 1;
    uint8_t *path = bough_arena_take(arena, LOGS_LEN + name.len + tail_len);

    assert(name.len <= BOUGH_REF_BYTES_MAX);
    if (path == NULL)
        return (struct bough_bytes){0};
    memcpy(path, LOGS, LOGS_LEN);
    for (size_t i = 0; i < name.len; i++)
        path[LOGS_LEN + i] = name.at[i] == '/' ? ':' : name.at[i];
    if (tail != NULL) {
        path[LOGS_LEN + name.len] = '/';
        memcpy(path + LOGS_LEN + name.len + 1, tail, tail_len - 1);
    }
    return bough_bytes_of(path, LOGS_LEN + name.len + tail_len);
}

/* A name that could have a log: one without ':' stands for itself only. */
static enum bough_err check_name(struct bough_bytes name)
{
    if (name.len > BOUGH_REF_BYTES_MAX)
        return BOUGH_TOO_BIG;
    return name.len == 0 || memchr(name.at, ':', name.len) != NULL ? BOUGH_INVALID : BOUGH_OK;
}

/* Now, in seconds; 0 where no clock is known. */
static int64_t now_s(const struct bough_store *store)
{
    return (int64_t)(bough_clock_wall_ns(store->env->clock) / 1000000000u);
}

enum bough_err bough_ref_log_window(struct bough_store *store, struct bough_ref_log_window *window)
{
    struct bough_arena arena;
    struct bough_bytes value;
    struct decode in;
    enum bough_err err;

    *window = (struct bough_ref_log_window){.moves = BOUGH_REFLOG_MOVES, .days = BOUGH_REFLOG_DAYS};
    bough_arena_init(&arena, store->env->heap, REF_STATE_ARENA_BYTES_MAX);
    err = ref_state_setting(store, WINDOW, &arena, &value);
    if (err == BOUGH_OK && value.len > 0) {
        in = decode_from(value);
        window->moves = decode_u32(&in);
        window->days = decode_u32(&in);
        if (in.bad || in.left > 0 || window->moves > BOUGH_REFLOG_MOVES_MAX)
            err = BOUGH_CORRUPT;
    }
    bough_arena_release(&arena);
    return err;
}

enum bough_err bough_ref_log_window_set(struct bough_store *store,
                                        const struct bough_ref_log_window *window)
{
    uint8_t bytes[8];
    struct encode out = encode_into(bytes, sizeof(bytes));

    if (window->moves > BOUGH_REFLOG_MOVES_MAX)
        return BOUGH_TOO_BIG;
    encode_u32(&out, window->moves);
    encode_u32(&out, window->days);
    assert(!out.overflow);
    return ref_state_set(store, WINDOW, bough_bytes_of(bytes, out.len));
}

/* ---- reading ---- */

/* A log being read, the newest entry first. */
struct reader {
    struct bough_store *store;
    struct bough_arena *arena;
    struct bough_tree_cursor cursor;
};

/* Opens the log of a ref behind everything with a sequence < `before`, 0 = behind all.
 * BOUGH_NOT_FOUND: it has none. */
static enum bough_err reader_open(struct reader *reader, struct bough_store *store,
                                  struct bough_bytes name, uint64_t before,
                                  struct bough_arena *arena)
{
    char bound[SEQUENCE_LEN + 1] = "g"; /* behind every digit */
    struct bough_bytes path = path_of(arena, name, NULL);
    struct bough_entry entry;

    *reader = (struct reader){.store = store, .arena = arena};
    if (path.at == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(bough_tree_find(store, &store->state, path, arena, &entry));
    if (entry.kind != BOUGH_ENTRY_TREE)
        return BOUGH_CORRUPT;
    BOUGH_TRY(bough_tree_cursor_open(&reader->cursor, store, &entry.tree, arena));
    if (before > 0)
        (void)snprintf(bound, sizeof(bound), "%016llx", (unsigned long long)before);
    return bough_tree_cursor_seek(&reader->cursor, bough_bytes_text(bound));
}

/* The sequence that a step begins with; false if it is not that of an entry's part `tail`. */
static bool read_step(struct bough_bytes step, const char *tail, uint64_t *sequence)
{
    *sequence = 0;
    if (step.len != SEQUENCE_LEN + strlen(tail) ||
        memcmp(step.at + SEQUENCE_LEN, tail, strlen(tail)) != 0)
        return false;
    for (size_t i = 0; i < SEQUENCE_LEN; i++) {
        uint8_t digit = hex_digit(step.at[i]);

        if (digit > 15)
            return false;
        *sequence = *sequence << 4 | digit;
    }
    return true;
}

/* Reads what an entry says beside its link. */
static enum bough_err read_what(struct reader *reader, const struct bough_value *value,
                                struct bough_ref_log_entry *entry)
{
    struct bough_bytes bytes;
    struct decode in;
    int64_t zone;

    BOUGH_TRY(bough_value_get(reader->store, value, WHAT_BYTES_MAX, reader->arena, &bytes));
    bytes = bough_arena_copy(reader->arena, bytes);
    if (bytes.at == NULL)
        return BOUGH_NO_MEMORY;
    in = decode_from(bytes);
    entry->next = decode_hash(&in);
    entry->removed = bough_hash_is_none(&entry->next);
    entry->who.time_s = decode_signed(&in);
    zone = decode_signed(&in);
    entry->who.zone_minutes = zone < INT16_MIN || zone > INT16_MAX ? 0 : (int32_t)zone;
    entry->who.name = decode_bytes(&in);
    entry->who.email = decode_bytes(&in);
    entry->why = decode_bytes(&in);
    return in.bad || in.left > 0 ? BOUGH_CORRUPT : BOUGH_OK;
}

/* The next older entry; BOUGH_NOT_FOUND when there is none. */
static enum bough_err reader_prev(struct reader *reader, struct bough_ref_log_entry *entry)
{
    struct bough_entry found;
    uint64_t sequence;

    *entry = (struct bough_ref_log_entry){0};
    BOUGH_TRY(bough_tree_cursor_prev(&reader->cursor, &found));
    if (found.kind != BOUGH_ENTRY_VALUE || !read_step(found.step, WHAT, &entry->sequence))
        return BOUGH_CORRUPT;
    BOUGH_TRY(read_what(reader, &found.value, entry));
    BOUGH_TRY(bough_tree_cursor_prev(&reader->cursor, &found));
    if (found.kind != BOUGH_ENTRY_LINK || !read_step(found.step, OLD, &sequence) ||
        sequence != entry->sequence)
        return BOUGH_CORRUPT;
    entry->old = (struct bough_ref){.kind = found.link_kind, .link = found.link};
    return BOUGH_OK;
}

enum bough_err bough_ref_log_prev(struct bough_store *store, struct bough_bytes name,
                                  uint64_t before, struct bough_arena *arena,
                                  struct bough_ref_log_entry *entry)
{
    struct reader reader;

    BOUGH_TRY(check_name(name));
    BOUGH_TRY(reader_open(&reader, store, name, before, arena));
    return reader_prev(&reader, entry);
}

/* The directory of all logs; the empty one when there are none. */
static enum bough_err all_logs(struct bough_store *store, struct bough_arena *arena,
                               struct bough_tree *logs)
{
    struct bough_entry entry;
    enum bough_err err =
        bough_tree_find(store, &store->state, bough_bytes_of(LOGS, LOGS_LEN - 1), arena, &entry);

    *logs = (struct bough_tree){0};
    if (err == BOUGH_NOT_FOUND)
        return BOUGH_OK;
    if (err == BOUGH_OK && entry.kind == BOUGH_ENTRY_TREE)
        *logs = entry.tree;
    return err;
}

enum bough_err bough_ref_log_next_name(struct bough_store *store, struct bough_bytes after,
                                       struct bough_arena *arena, struct bough_bytes *name)
{
    struct bough_tree_cursor cursor;
    struct bough_entry entry;
    struct bough_tree logs;
    struct bough_bytes key;
    uint8_t *text;

    if (after.len > BOUGH_REF_BYTES_MAX)
        return BOUGH_TOO_BIG;
    key = path_of(arena, after, after.len > 0 ? "" : NULL); /* a directory's key ends in '/' */
    if (key.at == NULL)
        return BOUGH_NO_MEMORY;
    key = bough_bytes_of(key.at + LOGS_LEN, key.len - LOGS_LEN);
    BOUGH_TRY(all_logs(store, arena, &logs));
    BOUGH_TRY(bough_tree_cursor_open(&cursor, store, &logs, arena));
    BOUGH_TRY(bough_tree_cursor_seek_last(&cursor, key));
    BOUGH_TRY(bough_tree_cursor_next(&cursor, &entry));
    text = bough_arena_take(arena, entry.step.len);
    if (text == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < entry.step.len; i++)
        text[i] = entry.step.at[i] == ':' ? '/' : entry.step.at[i];
    *name = bough_bytes_of(text, entry.step.len);
    return BOUGH_OK;
}

/* ---- writing ---- */

static struct bough_bytes cut(struct bough_bytes text)
{
    return bough_bytes_of(text.at,
                          text.len < BOUGH_REFLOG_TEXT_BYTES ? text.len : BOUGH_REFLOG_TEXT_BYTES);
}

/* Whether a move is known to lose nothing: it changes nothing, or the caller says that it goes
 * forward, or the new commit has the old one as a parent. */
static enum bough_err loses_nothing(struct bough_store *store, const struct ref_log_note *note,
                                    struct bough_arena *arena, bool *yes)
{
    struct bough_commit commit;

    *yes = note->next != NULL &&
           (note->forward || bough_hash_equal(&note->next->link.name, &note->old.link.name));
    if (*yes || note->next == NULL || note->next->kind != BOUGH_KIND_COMMIT)
        return BOUGH_OK;
    BOUGH_TRY(bough_commit_get(store, &note->next->link, arena, &commit));
    for (uint32_t i = 0; i < commit.parent_count && !*yes; i++)
        *yes = bough_hash_equal(&commit.parents[i].name, &note->old.link.name);
    return BOUGH_OK;
}

/* The edit that drops everything before entry `sequence` of a log; 0 = all of it. */
static enum bough_err drop_before(struct bough_arena *arena, struct bough_bytes name,
                                  uint64_t sequence, struct bough_edit *edit)
{
    char tail[SEQUENCE_LEN + 1];

    (void)snprintf(tail, sizeof(tail), "%016llx", (unsigned long long)sequence);
    *edit = (struct bough_edit){.path = path_of(arena, name, NULL), .remove = true};
    if (edit->path.at == NULL)
        return BOUGH_NO_MEMORY;
    if (sequence == 0)
        return BOUGH_OK;
    edit->remove = false;
    edit->kind = BOUGH_EDIT_REMOVE_RANGE;
    edit->path = path_of(arena, name, "");
    edit->other = path_of(arena, name, tail);
    return edit->path.at == NULL || edit->other.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* Finds what the window does not cover: *drop, all before entry *keep; 0 = all. */
static enum bough_err find_old(struct bough_store *store, struct bough_bytes name, uint32_t moves,
                               uint32_t days, struct bough_arena *arena, bool *drop, uint64_t *keep)
{
    int64_t oldest_s = days == 0 ? INT64_MIN : now_s(store) - (int64_t)days * DAY_S;
    struct bough_ref_log_entry entry;
    struct reader reader;
    enum bough_err err = reader_open(&reader, store, name, 0, arena);

    *drop = false;
    *keep = 0;
    for (uint32_t i = 0; err == BOUGH_OK; i++) {
        err = reader_prev(&reader, &entry);
        if (err != BOUGH_OK)
            break;
        *drop = i == moves || (entry.who.time_s > 0 && entry.who.time_s < oldest_s);
        if (*drop)
            break;
        *keep = entry.sequence;
    }
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

/* What is kept of a move beside the link. */
static enum bough_err what_of(struct bough_store *store, const struct ref_log_note *note,
                              struct bough_arena *arena, struct bough_value *value)
{
    static const struct bough_hash none;
    struct encode out = encode_into(bough_arena_take(arena, WHAT_BYTES_MAX), WHAT_BYTES_MAX);

    if (out.at == NULL)
        return BOUGH_NO_MEMORY;
    encode_hash(&out, note->next == NULL ? &none : &note->next->link.name);
    encode_signed(&out, now_s(store));
    encode_signed(&out, 0); /* UTC */
    encode_bytes(&out, cut(note->who.name));
    encode_bytes(&out, cut(note->who.email));
    encode_bytes(&out, cut(note->why));
    assert(!out.overflow);
    return bough_value_put(store, bough_bytes_of(out.at, out.len), arena, value);
}

enum bough_err ref_log_record(struct bough_store *store, const struct ref_log_note *note,
                              struct bough_arena *arena, struct bough_edit *edits, size_t *count)
{
    struct bough_ref_log_window window;
    struct bough_edit *link;
    struct bough_edit *what;
    char tail[SEQUENCE_LEN + sizeof(WHAT)];
    uint64_t keep;
    bool drop;

    assert(note->name.len > 0 && !bough_hash_is_none(&note->old.link.name));
    BOUGH_TRY(loses_nothing(store, note, arena, &drop));
    if (drop)
        return BOUGH_OK;
    BOUGH_TRY(bough_ref_log_window(store, &window));
    if (window.moves == 0)
        return BOUGH_OK;
    BOUGH_TRY(find_old(store, note->name, window.moves - 1, window.days, arena, &drop, &keep));
    link = &edits[(*count)++];
    (void)snprintf(tail, sizeof(tail), "%016llx" OLD, (unsigned long long)store->generation + 1);
    link->path = path_of(arena, note->name, tail);
    link->entry = (struct bough_entry){
        .kind = BOUGH_ENTRY_LINK, .link = note->old.link, .link_kind = note->old.kind};
    what = &edits[(*count)++];
    (void)snprintf(tail, sizeof(tail), "%016llx" WHAT, (unsigned long long)store->generation + 1);
    what->path = path_of(arena, note->name, tail);
    what->entry = (struct bough_entry){.kind = BOUGH_ENTRY_VALUE, .mode = BOUGH_MODE_FILE};
    if (link->path.at == NULL || what->path.at == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(what_of(store, note, arena, &what->entry.value));
    if (!drop)
        return BOUGH_OK;
    return drop_before(arena, note->name, keep == 0 ? store->generation + 1 : keep,
                       &edits[(*count)++]);
}

enum bough_err bough_ref_log_clear(struct bough_store *store, struct bough_bytes name)
{
    struct bough_edit edit = {.path = bough_bytes_of(LOGS, LOGS_LEN - 1), .remove = true};
    struct bough_arena arena;
    enum bough_err err = name.len == 0 ? BOUGH_OK : check_name(name);

    if (err != BOUGH_OK)
        return err;
    bough_arena_init(&arena, store->env->heap, REF_STATE_ARENA_BYTES_MAX);
    if (name.len > 0)
        err = drop_before(&arena, name, 0, &edit);
    if (err == BOUGH_OK)
        err = ref_state_move(store, &edit, 1, &arena, NULL);
    bough_arena_release(&arena);
    return err;
}

/* ---- expiry ---- */

/* Looks at the log of the next ref of a pass; an edit is added if it is too long or too old. */
static enum bough_err expire_next(struct bough_store *store, struct ref_log_pass *pass,
                                  const struct bough_ref_log_window *window,
                                  struct bough_arena *arena, struct bough_edit *edits,
                                  size_t *count)
{
    struct bough_bytes name;
    uint64_t keep;
    bool drop;

    BOUGH_TRY(
        bough_ref_log_next_name(store, bough_bytes_of(pass->after, pass->after_len), arena, &name));
    if (name.len > BOUGH_REF_BYTES_MAX)
        return BOUGH_CORRUPT;
    memcpy(pass->after, name.at, name.len);
    pass->after_len = name.len;
    BOUGH_TRY(find_old(store, name, window->moves, window->days, arena, &drop, &keep));
    return drop ? drop_before(arena, name, keep, &edits[(*count)++]) : BOUGH_OK;
}

enum bough_err ref_log_expire(struct bough_store *store, struct ref_log_pass *pass)
{
    struct bough_ref_log_window window;
    struct bough_edit *edits;
    struct bough_arena arena;
    size_t count = 0;
    enum bough_err err = bough_ref_log_window(store, &window);

    if (err != BOUGH_OK)
        return err;
    bough_arena_init(&arena, store->env->heap, REF_STATE_ARENA_BYTES_MAX);
    edits = bough_arena_zeros(&arena, PASS_REFS, sizeof(*edits));
    err = edits == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
    for (unsigned i = 0; i < PASS_REFS && err == BOUGH_OK; i++)
        err = expire_next(store, pass, &window, &arena, edits, &count);
    pass->done = err == BOUGH_NOT_FOUND;
    if ((err == BOUGH_OK || pass->done) && count > 0)
        err = ref_state_move(store, edits, count, &arena, NULL);
    bough_arena_release(&arena);
    return pass->done && err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}
