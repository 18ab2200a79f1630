/* SPDX-License-Identifier: ISC
 *
 * merge_record.c - conflicts written down in trees while a merge finds them: so they need memory
 * for some of them only, however many there are.
 */
#include "merge_record.h"
#include "bough/limits.h"

void merge_record_init(struct merge_record *record, struct bough_store *store,
                       const struct bough_merge_options *options)
{
    *record = (struct merge_record){.store = store, .options = options};
    bough_arena_init(&record->arena, bough_store_env(store)->heap, BOUGH_MERGE_SCRATCH_BYTES_MAX);
}

void merge_record_release(struct merge_record *record)
{
    bough_arena_release(&record->arena);
}

enum bough_err merge_record_flush(struct merge_record *record)
{
    BOUGH_TRY(bough_tree_edit(record->store, &record->open, record->opens, record->open_count,
                              &record->arena, NULL, &record->open));
    BOUGH_TRY(bough_tree_edit(record->store, &record->base, record->bases, record->base_count,
                              &record->arena, NULL, &record->base));
    record->open_count = 0;
    record->base_count = 0;
    record->opens = NULL;
    record->bases = NULL;
    bough_arena_release(&record->arena);
    return BOUGH_OK;
}

/* Room for edits. */
static enum bough_err begin(struct merge_record *record)
{
    if (record->opens != NULL)
        return BOUGH_OK;
    record->opens = bough_arena_zeros(&record->arena, MERGE_RECORD_EDITS, sizeof(*record->opens));
    record->bases = bough_arena_zeros(&record->arena, MERGE_RECORD_EDITS, sizeof(*record->bases));
    return record->opens == NULL || record->bases == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

/* The value of a conflict that is open: a digit, and why. */
static enum bough_err put_open(struct merge_record *record,
                               const struct bough_merge_conflict *conflict, struct bough_edit *edit)
{
    size_t why_len = conflict->why == NULL ? 0 : strlen(conflict->why);
    uint8_t *text = bough_arena_take(&record->arena, 1 + why_len);

    if (text == NULL)
        return BOUGH_NO_MEMORY;
    text[0] = (uint8_t)('0' + conflict->kind);
    if (why_len > 0)
        memcpy(text + 1, conflict->why, why_len);
    edit->entry.mode = BOUGH_MODE_FILE;
    return bough_value_put(record->store, bough_bytes_of(text, 1 + why_len), &record->arena,
                           &edit->entry.value);
}

enum bough_err merge_record_add(void *context, const struct bough_merge_conflict *conflict)
{
    struct merge_record *record = context;
    struct bough_edit open = {0};
    struct bough_edit base = {0};

    if (record->options->conflict != NULL)
        BOUGH_TRY(record->options->conflict(record->options->conflict_context, conflict));
    BOUGH_TRY(begin(record));
    assert(record->open_count < MERGE_RECORD_EDITS && record->base_count <= record->open_count);
    open.path = bough_arena_copy(&record->arena, conflict->path);
    if (open.path.at == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(put_open(record, conflict, &open));
    record->opens[record->open_count++] = open;
    if (conflict->base != NULL) {
        base.path = open.path;
        base.entry = *conflict->base;
        base.entry.value.data = bough_arena_copy(&record->arena, base.entry.value.data);
        if (base.entry.value.data.at == NULL)
            return BOUGH_NO_MEMORY;
        record->bases[record->base_count++] = base;
    }
    return record->open_count == MERGE_RECORD_EDITS ? merge_record_flush(record) : BOUGH_OK;
}
