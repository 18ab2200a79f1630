/* SPDX-License-Identifier: ISC
 *
 * ref.c - branches and tags, as entries of the state tree.
 *
 *   refs/<name>    a link to what the ref points at
 *   settings/head  the name of the default branch
 * The state tree is an ordinary tree, so names that would be both a ref and a folder of refs are
 * refused by it, and any number of moves, with what the log says of them, is one edit and one root
 * move (ref_state.c).
 */
#include "bough/ref.h"
#include "bough/limits.h"
#include "protection.h"
#include "ref_log.h"
#include "ref_state.h"

#define REFS         "refs/"
#define REFS_LEN     (sizeof(REFS) - 1)
#define HEAD_PATH    "settings/head"
#define HEAD_DEFAULT "heads/main"
#define REF_PATH_MAX (REFS_LEN + BOUGH_REF_BYTES_MAX)

/* What git's check-ref-format forbids anywhere in a name. */
static bool byte_ok(uint8_t c)
{
    return c > ' ' && c != 0x7f && strchr("~^:?*[\\", c) == NULL;
}

/* One step of a ref's name. */
static bool step_ok(struct bough_bytes step)
{
    static const char lock[] = ".lock";
    const size_t lock_len = sizeof(lock) - 1;

    if (step.len == 0 || step.at[0] == '.')
        return false;
    for (size_t i = 0; i < step.len; i++) {
        uint8_t next = i + 1 < step.len ? step.at[i + 1] : 0;

        if (!byte_ok(step.at[i]) || (step.at[i] == '.' && next == '.') ||
            (step.at[i] == '@' && next == '{'))
            return false;
    }
    return step.len < lock_len || memcmp(step.at + step.len - lock_len, lock, lock_len) != 0;
}

enum bough_err bough_ref_name_check(struct bough_bytes name)
{
    struct bough_bytes rest = name;
    size_t steps = 0;

    if (name.len == 0 || name.at[name.len - 1] == '.')
        return BOUGH_INVALID;
    if (name.len > BOUGH_REF_BYTES_MAX)
        return BOUGH_TOO_BIG;
    for (;;) {
        const uint8_t *slash = rest.len == 0 ? NULL : memchr(rest.at, '/', rest.len);
        size_t len = slash == NULL ? rest.len : (size_t)(slash - rest.at);

        if (!step_ok(bough_bytes_of(rest.at, len)))
            return BOUGH_INVALID;
        steps++;
        if (slash == NULL)
            break;
        rest = bough_bytes_of(slash + 1, rest.len - len - 1);
    }
    if (steps > BOUGH_PATH_STEPS_MAX - 1)
        return BOUGH_TOO_BIG;
    return steps >= 2 ? BOUGH_OK : BOUGH_INVALID;
}

/* "refs/" + name in `into`, which has REF_PATH_MAX bytes. */
static struct bough_bytes path_of(struct bough_bytes name, uint8_t *into)
{
    assert(name.len <= BOUGH_REF_BYTES_MAX);
    memcpy(into, REFS, REFS_LEN);
    if (name.len > 0)
        memcpy(into + REFS_LEN, name.at, name.len);
    return bough_bytes_of(into, REFS_LEN + name.len);
}

enum bough_err bough_ref_get(struct bough_store *store, struct bough_bytes name,
                             struct bough_ref *ref)
{
    uint8_t path[REF_PATH_MAX];
    struct bough_arena arena;
    struct bough_entry entry;
    enum bough_err err;

    BOUGH_TRY(bough_ref_name_check(name));
    bough_arena_init(&arena, store->env->heap, REF_STATE_ARENA_BYTES_MAX);
    err = bough_tree_find(store, &store->state, path_of(name, path), &arena, &entry);
    bough_arena_release(&arena);
    if (err != BOUGH_OK)
        return err;
    if (entry.kind != BOUGH_ENTRY_LINK)
        return BOUGH_NOT_FOUND;
    *ref = (struct bough_ref){.kind = entry.link_kind, .link = entry.link};
    return BOUGH_OK;
}

enum bough_err bough_ref_next(struct bough_store *store, struct bough_bytes prefix,
                              struct bough_bytes after, struct bough_arena *arena,
                              struct bough_bytes *name, struct bough_ref *ref)
{
    uint8_t prefix_path[REF_PATH_MAX];
    uint8_t after_path[REF_PATH_MAX];
    uint8_t found[REF_PATH_MAX];
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct bough_bytes after_bytes = {0};
    struct bough_bytes path;
    struct bough_tree_walk walk;
    struct bough_entry entry;
    enum bough_err err;

    if (prefix.len > BOUGH_REF_BYTES_MAX || after.len > BOUGH_REF_BYTES_MAX)
        return BOUGH_TOO_BIG;
    if (after.len > 0)
        after_bytes = path_of(after, after_path);
    err = bough_tree_walk_open(&walk, store, &store->state, path_of(prefix, prefix_path),
                               after_bytes, arena);
    do {
        if (err == BOUGH_OK)
            err = bough_tree_walk_next(&walk, &path, &entry);
    } while (err == BOUGH_OK && entry.kind != BOUGH_ENTRY_LINK);
    if (err == BOUGH_OK) {
        assert(path.len <= sizeof(found));
        memcpy(found, path.at, path.len);
        path.at = found;
    }
    bough_arena_back(arena, mark);
    if (err != BOUGH_OK)
        return err;
    *ref = (struct bough_ref){.kind = entry.link_kind, .link = entry.link};
    *name = bough_arena_copy(arena, bough_bytes_of(path.at + REFS_LEN, path.len - REFS_LEN));
    return name->at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* Whether a move's expectation holds now; *found: the ref is there, and points at *now. */
static enum bough_err check_expectation(struct bough_store *store,
                                        const struct bough_ref_move *move, struct bough_ref *now,
                                        bool *found)
{
    enum bough_err err = bough_ref_get(store, move->name, now);

    *found = err == BOUGH_OK;
    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    if (move->expect == BOUGH_EXPECT_NAME &&
        (err == BOUGH_NOT_FOUND || !bough_hash_equal(&now->link.name, &move->expected)))
        return BOUGH_STALE;
    if (move->expect == BOUGH_EXPECT_ABSENT && err == BOUGH_OK)
        return BOUGH_STALE;
    return move->remove && err == BOUGH_NOT_FOUND ? BOUGH_NOT_FOUND : BOUGH_OK;
}

/* Whether the name of moves[at] stands among those before it. */
static bool is_repeated(const struct bough_ref_move *moves, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (bough_bytes_equal(moves[i].name, moves[at].name))
            return true;
    }
    return false;
}

/* The edit of the state tree that carries out a move; its path lives in `arena`. */
static enum bough_err edit_of(const struct bough_ref_move *move, struct bough_arena *arena,
                              struct bough_edit *edit)
{
    uint8_t path[REF_PATH_MAX];

    edit->path = bough_arena_copy(arena, path_of(move->name, path));
    edit->remove = move->remove;
    edit->entry = (struct bough_entry){
        .kind = BOUGH_ENTRY_LINK, .link = move->next.link, .link_kind = move->next.kind};
    return edit->path.at == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* Puts on record that a ref moves away from `now`. */
static enum bough_err record(struct bough_store *store, const struct bough_ref_move *move,
                             const struct bough_ref *now, struct bough_arena *arena,
                             struct bough_edit *edits, size_t *count)
{
    const struct ref_log_note note = {.name = move->name,
                                      .old = *now,
                                      .next = move->remove ? NULL : &move->next,
                                      .forward = move->forward,
                                      .who = move->who,
                                      .why = move->why};

    return ref_log_record(store, &note, arena, edits, count);
}

static enum bough_err move_all(struct bough_store *store, const struct bough_ref_move *moves,
                               size_t count, struct bough_arena *arena, size_t *culprit)
{
    size_t edits_max = count * (1 + REF_LOG_EDITS_MAX);
    struct bough_edit *edits = bough_arena_zeros(arena, edits_max, sizeof(*edits));
    size_t edit_count = count; /* the moves themselves, then what the log says of them */
    enum bough_err err;

    if (edits == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct bough_ref now;
        bool found;

        *culprit = i;
        BOUGH_TRY(bough_ref_name_check(moves[i].name));
        if (is_repeated(moves, i))
            return BOUGH_INVALID;
        BOUGH_TRY(check_expectation(store, &moves[i], &now, &found));
        if (found && (moves[i].remove || !moves[i].forward))
            BOUGH_TRY(protection_check(store, moves[i].name, moves[i].remove, arena));
        BOUGH_TRY(edit_of(&moves[i], arena, &edits[i]));
        if (found && !moves[i].unlogged)
            BOUGH_TRY(record(store, &moves[i], &now, arena, edits, &edit_count));
    }
    assert(edit_count <= edits_max);
    err = ref_state_move(store, edits, edit_count, arena, culprit);
    if (err != BOUGH_FULL || edit_count == count)
        return err;
    /* A full device must be able to delete, if need be without a way back. */
    bough_log(store->env->log, BOUGH_WARN, "ref", "no room to put a move of refs on record");
    return ref_state_move(store, edits, count, arena, culprit);
}

enum bough_err bough_ref_move(struct bough_store *store, const struct bough_ref_move *moves,
                              size_t count, size_t *culprit)
{
    struct bough_arena arena;
    size_t at = 0;
    enum bough_err err;

    if (count == 0)
        return BOUGH_OK;
    if (count > BOUGH_MOVES_MAX)
        return BOUGH_TOO_BIG;
    bough_arena_init(&arena, store->env->heap, REF_STATE_ARENA_BYTES_MAX);
    err = move_all(store, moves, count, &arena, &at);
    bough_arena_release(&arena);
    if (err != BOUGH_OK && culprit != NULL)
        *culprit = at;
    return err;
}

enum bough_err bough_ref_head(struct bough_store *store, struct bough_arena *arena,
                              struct bough_bytes *name)
{
    struct bough_entry entry;
    enum bough_err err =
        bough_tree_find(store, &store->state, bough_bytes_text(HEAD_PATH), arena, &entry);

    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    *name = err == BOUGH_OK && entry.kind == BOUGH_ENTRY_VALUE ? entry.value.data
                                                               : bough_bytes_text(HEAD_DEFAULT);
    return BOUGH_OK;
}

enum bough_err bough_ref_head_set(struct bough_store *store, struct bough_bytes name)
{
    struct bough_edit edit = {
        .path = bough_bytes_text(HEAD_PATH),
        .entry = {.mode = BOUGH_MODE_FILE, .value = {.size_bytes = name.len, .data = name}},
    };
    struct bough_arena arena;
    struct bough_ref ref;
    enum bough_err err;

    BOUGH_TRY(bough_ref_get(store, name, &ref));
    if (!bough_bytes_starts(name, bough_bytes_text("heads/")))
        return BOUGH_INVALID;
    bough_arena_init(&arena, store->env->heap, REF_STATE_ARENA_BYTES_MAX);
    err = ref_state_move(store, &edit, 1, &arena, NULL);
    bough_arena_release(&arena);
    return err;
}
