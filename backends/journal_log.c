/* SPDX-License-Identifier: ISC
 *
 * journal_log.c - the device as bytes: append within a segment, read anywhere.
 *
 * Writes are whole units, ascending within a segment, and never touch a unit that was flushed since
 * the segment was opened, so acknowledged bytes cannot be torn.
 */
#include "journal_log.h"

enum bough_err journal_log_init(struct journal_log *log, struct bough_env *env,
                                struct bough_block *dev, uint32_t unit_bytes)
{
    assert(JOURNAL_LOG_STAGE_BYTES % unit_bytes == 0 && unit_bytes % dev->block_size == 0);
    *log = (struct journal_log){
        .env = env,
        .dev = dev,
        .unit_bytes = unit_bytes,
        .stage = bough_heap_take(env->heap, JOURNAL_LOG_STAGE_BYTES),
    };
    return log->stage == NULL ? BOUGH_NO_MEMORY : BOUGH_OK;
}

void journal_log_release(struct journal_log *log)
{
    bough_heap_give(log->env->heap, log->stage, JOURNAL_LOG_STAGE_BYTES);
    log->stage = NULL;
}

void journal_log_seek(struct journal_log *log, uint64_t base, uint64_t end)
{
    assert(log->len == 0 && base % log->unit_bytes == 0 && base <= end);
    log->base = base;
    log->end = end;
}

uint64_t journal_log_at(const struct journal_log *log)
{
    return log->base + log->len;
}

/* Writes the stage, which holds whole units. */
static enum bough_err write_stage(struct journal_log *log)
{
    uint32_t block_size = log->dev->block_size;
    enum bough_err err;

    assert(log->len > 0 && log->len % log->unit_bytes == 0);
    err = bough_block_write(log->dev, log->base / block_size, (uint32_t)(log->len / block_size),
                            log->stage);
    if (err != BOUGH_OK) {
        bough_log(log->env->log, BOUGH_ERROR, "journal", "writing %zu bytes at %llu: %s", log->len,
                  (unsigned long long)log->base, bough_err_name(err));
        return err;
    }
    log->base += log->len;
    log->len = 0;
    assert(log->base <= log->end);
    return BOUGH_OK;
}

enum bough_err journal_log_append(struct journal_log *log, struct bough_bytes bytes)
{
    assert(bytes.len <= log->end - journal_log_at(log));
    while (bytes.len > 0) {
        size_t room = JOURNAL_LOG_STAGE_BYTES - log->len;

        if (room > bytes.len)
            room = bytes.len;
        memcpy(log->stage + log->len, bytes.at, room);
        log->len += room;
        bytes.at += room;
        bytes.len -= room;
        if (log->len == JOURNAL_LOG_STAGE_BYTES)
            BOUGH_TRY(write_stage(log));
    }
    return BOUGH_OK;
}

enum bough_err journal_log_pad(struct journal_log *log, uint32_t alignment)
{
    size_t rest = (size_t)(journal_log_at(log) % alignment);

    assert(JOURNAL_LOG_STAGE_BYTES % alignment == 0);
    if (rest == 0)
        return BOUGH_OK;
    memset(log->stage + log->len, 0, alignment - rest);
    log->len += alignment - rest;
    assert(log->len <= JOURNAL_LOG_STAGE_BYTES);
    return log->len == JOURNAL_LOG_STAGE_BYTES ? write_stage(log) : BOUGH_OK;
}

enum bough_err journal_log_write(struct journal_log *log)
{
    return log->len > 0 ? write_stage(log) : BOUGH_OK;
}

enum bough_err journal_log_flush(struct journal_log *log)
{
    enum bough_err err;

    BOUGH_TRY(journal_log_write(log));
    err = bough_block_flush(log->dev);
    if (err != BOUGH_OK)
        bough_log(log->env->log, BOUGH_ERROR, "journal", "flush: %s", bough_err_name(err));
    return err;
}

/* The part of a range that is on the device, in whole blocks; *bytes is where `offset` is. */
static enum bough_err read_device(struct journal_log *log, uint64_t offset, uint64_t len,
                                  uint64_t room, struct bough_arena *arena, uint8_t **bytes)
{
    uint32_t block_size = log->dev->block_size;
    uint64_t first = offset / block_size;
    uint64_t last = (offset + len - 1) / block_size;
    uint64_t before = offset - first * block_size;
    uint64_t span = (last - first + 1) * block_size;
    uint8_t *at;
    enum bough_err err;

    at = bough_arena_take(arena, (size_t)(span > before + room ? span : before + room));
    if (at == NULL)
        return BOUGH_NO_MEMORY;
    err = bough_block_read(log->dev, first, (uint32_t)(last - first + 1), at);
    if (err != BOUGH_OK) {
        bough_log(log->env->log, BOUGH_ERROR, "journal", "reading %llu bytes at %llu: %s",
                  (unsigned long long)span, (unsigned long long)offset, bough_err_name(err));
        return err;
    }
    *bytes = at + before;
    return BOUGH_OK;
}

enum bough_err journal_log_read(struct journal_log *log, uint64_t offset, uint64_t len,
                                struct bough_arena *arena, const uint8_t **bytes)
{
    uint64_t device_bytes = journal_format_device_bytes(log->dev);
    bool staged = offset + len > log->base && offset < log->base + log->len;
    uint64_t written = !staged ? len : offset >= log->base ? 0 : log->base - offset;
    uint8_t *into;

    if (len == 0 || offset > device_bytes || len > device_bytes - offset)
        return BOUGH_CORRUPT;
    if (staged && offset + len > log->base + log->len)
        return BOUGH_CORRUPT;
    if (written > 0) {
        BOUGH_TRY(read_device(log, offset, written, len, arena, &into));
    } else {
        into = bough_arena_take(arena, (size_t)len);
        if (into == NULL)
            return BOUGH_NO_MEMORY;
    }
    if (written < len)
        memcpy(into + written, log->stage + (offset + written - log->base),
               (size_t)(len - written));
    *bytes = into;
    return BOUGH_OK;
}
