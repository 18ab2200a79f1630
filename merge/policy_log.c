/* SPDX-License-Identifier: ISC
 *
 * policy_log.c - logs that both sides have added to, and values of which the later one holds.
 *
 * Owns no data.  A log's lines are never changed or removed: so the base's lines stand in both
 * sides, in order, and what stands between them is new.  An entry is a line that begins with a time
 * and the lines without one behind it; lines without a time at the start of what is new are one
 * entry that has the time of the side's commit.
 *   (1) Each side's lines keep their order.
 *   (2) Swapping the sides changes nothing: whatever orders entries, ours and theirs does not.
 */
#include "policy_log.h"
#include "policy_set.h"
#include "policy_stamp.h"
#include <assert.h>

struct lines {
    struct bough_bytes *at;
    size_t count;
    size_t next; /* the first that is not written */
    const struct bough_merge_side *side;
};

struct entry {
    size_t end; /* the line behind it */
    bool has_stamp;
    struct policy_stamp stamp;
    struct bough_bytes name;  /* of the commit; empty if the entry has a stamp */
    struct bough_bytes bytes; /* all lines, the last without its newline */
};

/* The entry that begins with the next line. */
static struct entry entry_of(const struct lines *lines, size_t end)
{
    struct policy_stamp other;
    struct entry entry = {.end = lines->next + 1, .bytes = lines->at[lines->next]};

    assert(lines->next < end && end <= lines->count);
    entry.has_stamp = policy_stamp_read(lines->at[lines->next], &entry.stamp);
    if (!entry.has_stamp) {
        entry.stamp = (struct policy_stamp){.time_s = lines->side->time_s};
        entry.name = lines->side->name;
    }
    while (entry.end < end && !policy_stamp_read(lines->at[entry.end], &other))
        entry.end++;
    entry.bytes.len =
        (size_t)(lines->at[entry.end - 1].at - entry.bytes.at) + lines->at[entry.end - 1].len;
    return entry;
}

/* By time, then by name, then by bytes. */
static int compare(const struct entry *a, const struct entry *b)
{
    int order = (a->stamp.time_s > b->stamp.time_s) - (a->stamp.time_s < b->stamp.time_s);

    if (order == 0)
        order = (a->stamp.ns > b->stamp.ns) - (a->stamp.ns < b->stamp.ns);
    if (order == 0)
        order = bough_bytes_compare(a->name, b->name);
    return order != 0 ? order : bough_bytes_compare(a->bytes, b->bytes);
}

struct sink {
    uint8_t *at;
    size_t len;
};

/* Writes the lines up to `end`, each with a newline. */
static void put(struct sink *sink, struct lines *lines, size_t end)
{
    assert(lines->next <= end && end <= lines->count);
    for (; lines->next < end; lines->next++) {
        struct bough_bytes line = lines->at[lines->next];

        if (line.len > 0)
            memcpy(sink->at + sink->len, line.at, line.len);
        sink->at[sink->len + line.len] = '\n';
        sink->len += line.len + 1;
    }
}

/* Writes what is new on both sides, up to a line of each. */
static void put_new(struct sink *sink, struct lines *ours, size_t ours_end, struct lines *theirs,
                    size_t theirs_end)
{
    assert(ours->next <= ours_end && theirs->next <= theirs_end);
    while (ours->next < ours_end && theirs->next < theirs_end) {
        struct entry our = entry_of(ours, ours_end);
        struct entry their = entry_of(theirs, theirs_end);
        int order = compare(&our, &their);

        if (order == 0 && our.has_stamp && their.has_stamp)
            theirs->next = their.end; /* both got it from elsewhere */
        if (order <= 0)
            put(sink, ours, our.end);
        else
            put(sink, theirs, their.end);
    }
    put(sink, ours, ours_end);
    put(sink, theirs, theirs_end);
}

/* The next line that equals `line`, or the count. */
static size_t find(const struct lines *lines, struct bough_bytes line)
{
    size_t at = lines->next;

    while (at < lines->count && !bough_bytes_equal(lines->at[at], line))
        at++;
    return at;
}

enum bough_err policy_log(const struct bough_merge_values *values, struct bough_arena *arena,
                          struct bough_merge_value *merged)
{
    const struct bough_bytes texts[3] = {values->has_base ? values->base : bough_bytes_of(NULL, 0),
                                         values->ours.value, values->theirs.value};
    struct lines lines[3] = {{.next = 0}, {.side = &values->ours}, {.side = &values->theirs}};
    struct sink sink = {.len = 0};

    for (int i = 0; i < 3; i++) {
        enum bough_err err = policy_set_lines(texts[i], arena, &lines[i].at, &lines[i].count);

        if (err == BOUGH_TOO_BIG)
            return policy_result_not(merged, "a value has too many lines");
        if (err != BOUGH_OK)
            return err;
    }
    sink.at = bough_arena_take(arena, texts[1].len + texts[2].len + 2);
    if (sink.at == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < lines[0].count; i++) {
        size_t our = find(&lines[1], lines[0].at[i]);
        size_t their = find(&lines[2], lines[0].at[i]);

        if (our == lines[1].count || their == lines[2].count)
            return policy_result_not(merged, "a line of the log was changed or removed");
        put_new(&sink, &lines[1], our, &lines[2], their);
        put(&sink, &lines[1], our + 1);
        lines[2].next = their + 1;
    }
    put_new(&sink, &lines[1], lines[1].count, &lines[2], lines[2].count);
    assert(sink.len <= texts[1].len + texts[2].len + 2);
    return policy_result_clean(merged, bough_bytes_of(sink.at, sink.len));
}

enum bough_err policy_log_lww(const struct bough_merge_values *values, struct bough_arena *arena,
                              struct bough_merge_value *merged)
{
    const struct bough_merge_side *ours = &values->ours;
    const struct bough_merge_side *theirs = &values->theirs;
    int order = (ours->time_s > theirs->time_s) - (ours->time_s < theirs->time_s);

    (void)arena;
    if (order == 0)
        order = bough_bytes_compare(ours->name, theirs->name);
    if (order == 0)
        order = bough_bytes_compare(ours->value, theirs->value);
    return policy_result_clean(merged, order > 0 ? ours->value : theirs->value);
}
