/* SPDX-License-Identifier: ISC
 *
 * test_journal_settle.c - what history is kept as, and that nothing it leans on is given up.
 *
 * How: a journal is driven as a store would, with nodes that each take the place of the one before.
 * A collection that calls them history settles them as a chain; then another one is told of the
 * last node only, by what is known of it now or was before, and the marks say what would be kept.
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/journal.h"
#include "host_env.h"
#include "journal_object.h"
#include "journal_place.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NODES      40u
#define NODE_BYTES 1200u
#define FILLERS    1000u

struct world {
    struct bough_block *ram;
    struct block_borrow borrow;
    struct bough_backend *backend;
    struct journal *journal;
    struct bough_link links[NODES];
    struct bough_place places[NODES]; /* as put answered */
};

/* Puts bytes as a node. */
static void put(struct world *world, const uint8_t *bytes, size_t len, uint64_t before,
                struct bough_link *link, struct bough_place *place)
{
    const struct bough_object object = {
        .kind = BOUGH_KIND_NODE, .bytes = bough_bytes_of(bytes, len), .before = before};

    hash_of(BOUGH_KIND_NODE, object.bytes, &link->name);
    assert_int_equal(bough_backend_put(world->backend, &link->name, &object, place), BOUGH_OK);
    link->address = place->address;
}

static void sync(struct world *world)
{
    struct bough_root root;

    bough_backend_root_get(world->backend, &root);
    assert_int_equal(
        bough_backend_root_move(world->backend, root.generation, &world->links[NODES - 1]),
        BOUGH_OK);
    assert_int_equal(bough_backend_sync(world->backend), BOUGH_OK);
}

/* A journal with a row of nodes, of which each differs a little from the one before, and enough
 * behind them that their segment is full. */
static void make(struct world *world)
{
    static uint8_t bytes[NODE_BYTES];

    *world = (struct world){0};
    assert_int_equal(bough_ram_open(host_env(), 4096, 1024, &world->ram), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), world->ram, NULL), BOUGH_OK);
    assert_int_equal(
        bough_journal_open(host_env(), block_borrow(&world->borrow, world->ram), &world->backend),
        BOUGH_OK);
    world->journal = (struct journal *)world->backend;
    for (unsigned i = 0; i < NODES; i++) {
        bytes[i * 24] = (uint8_t)(i + 1);
        put(world, bytes, sizeof(bytes), i > 0 ? world->links[i - 1].address : 0, &world->links[i],
            &world->places[i]);
    }
    for (unsigned i = 0; i < FILLERS; i++) {
        struct bough_link link;
        struct bough_place place;

        memset(bytes, (int)(i % 251), sizeof(bytes));
        bytes[1] = (uint8_t)(i / 251);
        bytes[0] = 0xff;
        put(world, bytes, sizeof(bytes), 0, &link, &place);
    }
    sync(world);
}

static void end(struct world *world)
{
    bough_backend_close(world->backend);
    bough_block_close(world->ram);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* Says that node `i`, kept at a place, lives, as history. */
static void keep(struct world *world, unsigned i, const struct bough_place *place, bool newest)
{
    bool fresh;

    assert_int_equal(world->backend->ops->collect_mark(world->backend, &world->links[i], &fresh),
                     BOUGH_OK);
    assert_true(fresh);
    assert_int_equal(world->backend->ops->collect_node(world->backend, place, newest), BOUGH_OK);
}

/* A collection in which all nodes live, the last of them as the newest. */
static void settle(struct world *world)
{
    bool done = false;

    world->backend->ops->collect_begin(world->backend);
    for (unsigned i = NODES; i-- > 0;)
        keep(world, i, &world->places[i], i == NODES - 1);
    assert_int_equal(world->backend->ops->collect_sweep(world->backend), BOUGH_OK);
    while (!done)
        assert_int_equal(world->backend->ops->collect_clean(world->backend, 1 << 20, &done),
                         BOUGH_OK);
    sync(world);
}

/* How node `i` is kept now, as a reader learns it. */
static struct bough_object get(struct world *world, unsigned i, struct bough_arena *arena)
{
    struct bough_object object;
    struct bough_hash name;

    assert_int_equal(bough_backend_get(world->backend, &world->links[i], arena, &object), BOUGH_OK);
    hash_of(BOUGH_KIND_NODE, object.bytes, &name);
    assert_true(bough_hash_equal(&name, &world->links[i].name));
    return object;
}

/* How many nodes have a mark. */
static unsigned count_marks(struct world *world, enum journal_segment_mark mark)
{
    unsigned count = 0;

    for (unsigned i = 0; i < NODES; i++) {
        uint64_t now;

        assert_int_equal(journal_place_find(world->journal, world->links[i].address, &now),
                         BOUGH_OK);
        count += journal_segment_has_mark(&world->journal->segments, now, mark);
    }
    return count;
}

static void test_journal_settle__history_becomes_chains_of_the_greatest_length(void **unused)
{
    struct world world;
    struct bough_arena arena;
    unsigned whole = 0;

    (void)unused;
    bough_arena_init(&arena, host_env()->heap, (size_t)4 << 20);
    make(&world);
    settle(&world);
    for (unsigned i = 0; i < NODES; i++) {
        struct bough_object object = get(&world, i, &arena);

        assert_int_equal(object.settled, i < NODES - 1);
        whole += object.base == 0;
        assert_int_equal(object.base == 0, i % (JOURNAL_CHAIN_MAX + 1) == 0 || i == NODES - 1);
        bough_arena_release(&arena);
    }
    assert_int_equal(whole, (NODES - 1) / (JOURNAL_CHAIN_MAX + 1) + 2);
    end(&world);
}

/* Another collection that is told of one node, which leans on JOURNAL_CHAIN_MAX others. */
static void mark_last_of_chain(bool stale)
{
    struct world world;
    struct bough_arena arena;
    struct bough_object object;
    struct bough_place place;

    bough_arena_init(&arena, host_env()->heap, (size_t)4 << 20);
    make(&world);
    settle(&world);
    object = get(&world, JOURNAL_CHAIN_MAX, &arena);
    place = (struct bough_place){.address = world.links[JOURNAL_CHAIN_MAX].address,
                                 .base = object.base,
                                 .settled = object.settled,
                                 .settled_count = object.settled_count};
    world.backend->ops->collect_begin(world.backend);
    keep(&world, JOURNAL_CHAIN_MAX, stale ? &world.places[JOURNAL_CHAIN_MAX] : &place, false);
    assert_int_equal(count_marks(&world, JOURNAL_SEGMENT_LIVES), 1);
    assert_int_equal(count_marks(&world, JOURNAL_SEGMENT_NEEDED), JOURNAL_CHAIN_MAX);
    bough_arena_release(&arena);
    end(&world);
}

static void test_journal_settle__all_that_a_chain_leans_on_is_needed(void **unused)
{
    (void)unused;
    mark_last_of_chain(false);
}

static void test_journal_settle__what_was_known_before_is_not_relied_on(void **unused)
{
    (void)unused;
    mark_last_of_chain(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal_settle__history_becomes_chains_of_the_greatest_length),
        cmocka_unit_test(test_journal_settle__all_that_a_chain_leans_on_is_needed),
        cmocka_unit_test(test_journal_settle__what_was_known_before_is_not_relied_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
