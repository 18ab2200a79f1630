/* SPDX-License-Identifier: ISC
 *
 * journal_place.c - where the record of an address is now.
 *
 * A merge shortens chains of moves, so they are no longer than the moves since.
 */
#include "journal_place.h"
#include "journal_address.h"
#include "journal_map.h"

/* Far more than merges leave; bounds the walk on bad bytes. */
#define MOVES_MAX 4096u

/* Whether the address is in a segment in use.  One that was emptied does not count: what lived
 * there has been moved. */
static bool is_here(const struct journal *journal, uint64_t address)
{
    uint32_t segment;
    uint64_t offset;

    return journal_segment_find(&journal->segments, journal_address_position(address), &segment,
                                &offset) &&
           journal->segments.at[segment].state == JOURNAL_SEGMENT_USED;
}

enum bough_err journal_place_moved(struct journal *journal, uint64_t address, uint64_t *moved)
{
    BOUGH_TRY(journal_map_find(journal, &journal->moves, address, 0, moved));
    if (*moved == 0)
        BOUGH_TRY(journal_map_find(journal, &journal->onward, address, 0, moved));
    return BOUGH_OK;
}

/* Follows the moves of an address; where `first`, also those of a record that is still there. */
static enum bough_err follow(struct journal *journal, uint64_t address, bool first, uint64_t *now)
{
    assert(address != 0);
    *now = address;
    for (uint32_t i = 0; i < MOVES_MAX; i++) {
        bool here = is_here(journal, *now);
        uint64_t moved;

        /* Where something was replaced, an address may have been left though its segment is in use.
         */
        if (here && !first)
            return BOUGH_OK;
        BOUGH_TRY(journal_place_moved(journal, *now, &moved));
        if (moved == 0)
            return here ? BOUGH_OK : BOUGH_NOT_FOUND;
        *now = moved;
    }
    return BOUGH_CORRUPT;
}

enum bough_err journal_place_find(struct journal *journal, uint64_t address, uint64_t *now)
{
    return follow(journal, address, journal->mended, now);
}

enum bough_err journal_place_newest(struct journal *journal, uint64_t address, uint64_t *now)
{
    return follow(journal, address, true, now);
}

enum bough_err journal_place_replace(struct journal *journal, uint64_t address, uint64_t by)
{
    uint64_t now;
    enum bough_err err = journal_place_find(journal, address, &now);

    assert(address != 0 && by != 0);
    if (err == BOUGH_NO_MEMORY)
        return err;
    /* Others may know the object by any address on the way: they all come by the last one. */
    BOUGH_TRY(journal_map_add(&journal->moves, err == BOUGH_OK ? now : address, by));
    journal->mended = true;
    journal->replaced = true;
    return BOUGH_OK;
}

enum bough_err journal_place_settle_move(struct journal *journal, struct journal_index_entry *entry,
                                         bool *keep)
{
    enum bough_err err = journal_place_find(journal, entry->address, &entry->address);

    *keep = err == BOUGH_OK;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

bool journal_place_is_garbage(const struct journal *journal, uint64_t now)
{
    return journal->swept && journal_address_position(now) < journal->swept_position &&
           !journal_segment_has_mark(&journal->segments, now, JOURNAL_SEGMENT_LIVES);
}

enum bough_err journal_place_settle_name(struct journal *journal, struct journal_index_entry *entry,
                                         bool *keep)
{
    uint64_t now;
    enum bough_err err = journal_place_find(journal, entry->address, &now);

    /* The entry keeps the address that was given out: that of a copy may be forgotten. */
    *keep = err == BOUGH_OK && !(journal->filtering && journal_place_is_garbage(journal, now));
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}
