/* SPDX-License-Identifier: ISC
 *
 * journal_scrub.c - read all that the log holds, and check it, a little at a time.
 *
 * Owns journal->scrub, and for a step two windows onto the device.  Where all copies hold the same
 * bytes, records are checked in the window; any other is looked at by itself (journal_mend.c).
 *   (1) Only what is written is looked at, up to log.base; what is staged is in memory.  Where a
 *       group is open, the segment being written is left at the first record that does not check.
 *   (2) Between two steps anything may happen to a segment: it is gone through only under the
 *       opening that it had at the beginning.
 */
#include "journal_scrub.h"
#include "journal_address.h"
#include "journal_map.h"
#include "journal_mend.h"
#include "journal_place.h"
#include "journal_read.h"
#include "journal_super.h"

#define WINDOW_BYTES ((size_t)256 << 10)
#define ALMOST_BYTES 4096u /* a window that begins so near cannot be had better */
#define LINES_MAX    100u  /* in the log, for one scrub */

struct window {
    uint8_t *bytes; /* of copy 0, or what the device gives; then of the one compared */
    uint64_t from;
    uint64_t len;  /* of what all copies agree on */
    uint64_t seen; /* what was looked at; more than `len` where they do not agree */
};

/* The end of what is written of the segment being gone through. */
static uint64_t end_of(const struct journal *journal)
{
    uint32_t segment = journal->scrub.segment;

    return segment == journal->segments.current ? journal->log.base
                                                : journal_read_end(journal, segment);
}

static void begin(struct journal *journal)
{
    const struct journal_segments *segments = &journal->segments;
    uint64_t total = 0;

    for (uint32_t i = 0; i < segments->super.segment_count; i++)
        if (segments->at[i].state == JOURNAL_SEGMENT_USED)
            total += segments->super.segment_bytes;
    assert(!journal->scrub.active);
    journal->scrub = (struct journal_scrub){.active = true, .report = {.total_bytes = total}};
}

/* Goes to the next segment in use, if the scrub is not in one; false when there is none. */
static bool is_placed(struct journal *journal)
{
    const struct journal_segments *segments = &journal->segments;
    struct journal_scrub *scrub = &journal->scrub;

    for (; scrub->segment < segments->super.segment_count; scrub->segment++) {
        const struct journal_segment *one = &segments->at[scrub->segment];

        if (one->state == JOURNAL_SEGMENT_USED && scrub->opening == 0) {
            scrub->opening = one->opening;
            scrub->at = journal_format_segment_at(&journal->super, scrub->segment);
        }
        if (one->state == JOURNAL_SEGMENT_USED && scrub->opening == one->opening)
            return true;
        scrub->done_bytes += scrub->opening != 0 ? segments->super.segment_bytes : 0;
        scrub->opening = 0;
    }
    return false;
}

/* The segment is done. */
static void leave(struct journal *journal)
{
    struct journal_scrub *scrub = &journal->scrub;

    assert(scrub->opening != 0 && scrub->segment < journal->super.segment_count);
    scrub->done_bytes += journal->super.segment_bytes;
    scrub->opening = 0;
    scrub->segment++;
}

/* Reads what all copies hold from scrub->at on, if they agree on it. */
static void look(struct journal *journal, struct window *window)
{
    struct bough_block *dev = journal->dev;
    uint32_t size = dev->block_size;
    uint64_t first = journal->scrub.at / size;
    uint64_t last = (end_of(journal) - 1) / size;
    uint64_t count =
        last - first + 1 < WINDOW_BYTES / size ? last - first + 1 : WINDOW_BYTES / size;
    uint8_t *other = window->bytes + WINDOW_BYTES;

    window->from = first * size;
    window->len = 0;
    window->seen = count * size;
    if (bough_block_read_copy(dev, 0, first, (uint32_t)count, window->bytes) != BOUGH_OK)
        return;
    for (unsigned copy = 1; copy < bough_block_copies(dev); copy++) {
        enum bough_err err = bough_block_read_copy(dev, copy, first, (uint32_t)count, other);

        if (err == BOUGH_NOT_FOUND) /* not in use */
            continue;
        if (err != BOUGH_OK || memcmp(window->bytes, other, (size_t)count * size) != 0)
            return;
    }
    window->len = count * size;
}

/* Whether the record at scrub->at is in the window as it is, and right. */
static bool is_in(const struct journal *journal, const struct window *window,
                  struct journal_record *record)
{
    uint64_t at = journal->scrub.at;
    uint64_t end = window->from + window->len;

    return at >= window->from && at + JOURNAL_RECORD_HEADER <= end &&
           journal_mend_check(
               journal, journal_segment_position(&journal->segments, at),
               bough_bytes_of(window->bytes + (at - window->from), (size_t)(end - at)), record) &&
           at + journal_format_record_bytes(record) <= end_of(journal);
}

/* The same, with a new window where that helps. */
static bool is_right(struct journal *journal, struct window *window, struct journal_record *record)
{
    uint64_t at = journal->scrub.at;
    uint64_t end = end_of(journal);

    if (at < window->from || at >= window->from + window->seen)
        look(journal, window);
    else if (window->len > 0 && at + JOURNAL_RECORD_HEADER > window->from + window->len)
        look(journal, window);
    if (is_in(journal, window, record))
        return true;
    if (window->len == 0 || window->from + window->len >= end || at < window->from + ALMOST_BYTES)
        return false;
    look(journal, window); /* it may be one that the window had cut off */
    return is_in(journal, window, record);
}

/* Goes behind a record. */
static void step_over(struct journal *journal, const struct journal_record *record)
{
    struct journal_scrub *scrub = &journal->scrub;
    uint64_t unit = journal->super.unit_bytes;

    scrub->report.record_count++;
    scrub->at += journal_format_record_bytes(record);
    if (record->kind == JOURNAL_KIND_ROOT)
        scrub->at = (scrub->at + unit - 1) / unit * unit;
    if (record->kind == JOURNAL_KIND_NEXT)
        leave(journal);
}

/* Goes behind what no copy holds rightly. */
static enum bough_err pass_over(struct journal *journal)
{
    struct journal_scrub *scrub = &journal->scrub;
    uint64_t position = journal_segment_position(&journal->segments, scrub->at);
    uint64_t address;
    uint64_t moved;
    uint64_t next;

    BOUGH_TRY(journal_read_next(journal, scrub->at, &next));
    if (next > end_of(journal))
        next = end_of(journal);
    assert(next > scrub->at);
    address = journal_address(position, (next - scrub->at) & ~(uint64_t)(JOURNAL_ALIGNMENT - 1));
    if (journal_place_moved(journal, address, &moved) != BOUGH_OK)
        moved = 0;
    if (moved != 0) {
        scrub->report.replaced_count++;
    } else if (scrub->report.bad_count++ < LINES_MAX) {
        journal->base.damaged = true;
        bough_log(journal->env->log, BOUGH_ERROR, "journal",
                  "scrub: %llu bytes at %llu (address %llx) cannot be read: fsck says what is lost",
                  (unsigned long long)(next - scrub->at), (unsigned long long)scrub->at,
                  (unsigned long long)address);
    }
    scrub->at = next;
    return BOUGH_OK;
}

/* Checks one record, or leaves the segment. */
static enum bough_err check_one(struct journal *journal, struct window *window)
{
    struct journal_scrub *scrub = &journal->scrub;
    uint64_t end = end_of(journal);
    struct journal_record record;
    struct journal_mend_found found;
    enum bough_err err;

    if (scrub->at + JOURNAL_RECORD_MIN > end) {
        leave(journal);
        return BOUGH_OK;
    }
    if (is_right(journal, window, &record)) {
        step_over(journal, &record);
        return BOUGH_OK;
    }
    err = journal_mend_compare(journal, scrub->at,
                               journal_segment_position(&journal->segments, scrub->at),
                               end - scrub->at, &found);
    if (err == BOUGH_NO_MEMORY)
        return err;
    if (err != BOUGH_OK && scrub->segment == journal->segments.current && journal->group_open) {
        leave(journal); /* rule (1): a record of the open group may be written in part */
        return BOUGH_OK;
    }
    if (err != BOUGH_OK)
        return pass_over(journal);
    scrub->report.healed_count += found.healed_count;
    step_over(journal, &found.record);
    return BOUGH_OK;
}

/* journal_scrub_step, with memory for a window. */
static enum bough_err go_on(struct journal *journal, uint64_t max_bytes, struct window *window)
{
    struct journal_scrub *scrub = &journal->scrub;
    unsigned healed;

    if (!scrub->active) {
        begin(journal);
        BOUGH_TRY(journal_super_compare(journal->env, journal->dev, &healed));
        scrub->report.healed_count += healed;
    }
    for (uint64_t done = 0; done < max_bytes;) {
        uint64_t from;

        if (!is_placed(journal)) {
            scrub->active = false;
            scrub->report.done = true;
            bough_log(journal->env->log, scrub->report.bad_count > 0 ? BOUGH_ERROR : BOUGH_INFO,
                      "journal",
                      "scrub: %llu records are right, %llu were healed, %llu stretches "
                      "cannot be read",
                      (unsigned long long)scrub->report.record_count,
                      (unsigned long long)scrub->report.healed_count,
                      (unsigned long long)scrub->report.bad_count);
            return BOUGH_OK;
        }
        from = scrub->at;
        BOUGH_TRY(check_one(journal, window));
        done += scrub->opening != 0 ? scrub->at - from : JOURNAL_RECORD_MIN;
    }
    return BOUGH_OK;
}

enum bough_err journal_scrub_step(struct journal *journal, uint64_t max_bytes,
                                  struct bough_scrub_report *report)
{
    struct journal_scrub *scrub = &journal->scrub;
    struct window window = {0};
    enum bough_err err;

    if (max_bytes == 0) {
        scrub->active = false;
        *report = scrub->report;
        return BOUGH_OK;
    }
    window.bytes = bough_heap_take(journal->env->heap, 2 * WINDOW_BYTES);
    if (window.bytes == NULL)
        return BOUGH_NO_MEMORY;
    err = go_on(journal, max_bytes, &window);
    bough_heap_give(journal->env->heap, window.bytes, 2 * WINDOW_BYTES);
    scrub->report.checked_bytes = scrub->done_bytes;
    if (scrub->active && scrub->opening != 0)
        scrub->report.checked_bytes +=
            scrub->at - journal_format_segment_at(&journal->super, scrub->segment);
    if (scrub->report.checked_bytes > scrub->report.total_bytes)
        scrub->report.total_bytes = scrub->report.checked_bytes; /* more has come meanwhile */
    *report = scrub->report;
    return err;
}
