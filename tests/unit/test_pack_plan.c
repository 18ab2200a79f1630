/* SPDX-License-Identifier: ISC
 *
 * test_pack_plan.c - plans for lists made up by dice: every object is sent once, after its base, in
 * chains of at most PACK_PLAN_DEPTH_MAX, also where kept deltas form rings.
 */
#include "host_env.h"
#include "pack_kept.h"
#include "pack_plan.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct made {
    struct git_view view;
    struct pack_list list;
};

static void open_list(struct made *made)
{
    static const uint8_t key[16] = {3};

    *made = (struct made){.view = {.env = host_env()}};
    assert_int_equal(pack_kept_open(host_env()->heap, key, 1 << 20, &made->view.kept), BOUGH_OK);
    pack_list_init(&made->list, &made->view, false);
}

static void close_list(struct made *made)
{
    pack_list_release(&made->list);
    pack_kept_close(made->view.kept);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static struct bough_hash name_of(uint32_t kind, uint32_t n)
{
    struct bough_hash name = {{0}};

    memcpy(name.at, &n, sizeof(n));
    name.at[5] = (uint8_t)kind;
    return name;
}

static void see(struct made *made, const struct bough_hash *name, uint32_t number)
{
    uint32_t *place;
    bool is_new;

    assert_int_equal(name_set_add(&made->list.seen, name, &place, &is_new), BOUGH_OK);
    *place = number;
}

/* Keeps a delta of blob `n` on blob `base`. */
static void keep(struct made *made, uint32_t n, uint32_t base)
{
    struct pack_kept_entry entry = {
        .name = name_of(2, n), .base = name_of(2, base), .bytes = bough_bytes_text("z")};

    pack_kept_add(made->view.kept, &entry);
}

static void add_commit(struct made *made, uint32_t n)
{
    struct bough_link link = {.name = name_of(0, n)};

    assert_int_equal(buffer_add(&made->list.commits, bough_bytes_of(&link, sizeof(link))),
                     BOUGH_OK);
}

/* An object that the client has; its number as a base. */
static uint32_t add_outside(struct made *made, uint32_t kind, uint32_t n)
{
    struct pack_list_outside outside = {.name = name_of(kind, n)};
    uint32_t number = (uint32_t)(made->list.outside.len / sizeof(outside));

    assert_int_equal(buffer_add(&made->list.outside, bough_bytes_of(&outside, sizeof(outside))),
                     BOUGH_OK);
    return PACK_LIST_OUTSIDE | number;
}

static void add_tree(struct made *made, uint32_t n, uint32_t base)
{
    struct pack_list_tree tree = {.tree.root.name = name_of(1, n), .base = base};

    see(made, &tree.tree.root.name, n + 1);
    assert_int_equal(buffer_add(&made->list.trees, bough_bytes_of(&tree, sizeof(tree))), BOUGH_OK);
}

static void add_blob(struct made *made, uint32_t n, uint32_t base)
{
    struct pack_list_blob blob = {.name = name_of(2, n), .base = base};

    see(made, &blob.name, n + 1);
    assert_int_equal(buffer_add(&made->list.blobs, bough_bytes_of(&blob, sizeof(blob))), BOUGH_OK);
}

/* Walks the plan; how many objects go as deltas on others that are sent. */
static uint32_t walk(struct made *made)
{
    uint32_t count = pack_list_count(&made->list);
    uint32_t *depths = calloc(count + 1, sizeof(*depths)); /* 0 = not sent yet */
    struct pack_plan plan;
    uint32_t sent = 0;
    uint32_t deltas = 0;
    uint32_t n;
    uint32_t base;

    assert_int_equal(pack_plan_make(&plan, &made->list), BOUGH_OK);
    while (pack_plan_next(&plan, 1000 + sent, &n, &base)) {
        assert_in_range(n, 0, count - 1);
        assert_int_equal(depths[n], 0);
        depths[n] = 1;
        assert_int_equal(pack_plan_offset(&plan, n), 1000 + sent);
        sent++;
        if ((base & PACK_LIST_OUTSIDE) != 0)
            continue;
        assert_int_equal(pack_item_kind(&made->list, n), pack_item_kind(&made->list, base));
        assert_int_not_equal(depths[base], 0);
        depths[n] = depths[base] + 1;
        assert_in_range(depths[n], 1, PACK_PLAN_DEPTH_MAX + 1);
        deltas++;
    }
    assert_int_equal(sent, count);
    assert_false(pack_plan_next(&plan, 0, &n, &base));
    pack_plan_release(&plan);
    free(depths);
    return deltas;
}

static void test_pack_plan__an_empty_list_has_an_empty_plan(void **unused)
{
    struct made made;

    (void)unused;
    open_list(&made);
    assert_int_equal(walk(&made), 0);
    close_list(&made);
}

static void test_pack_plan__a_long_chain_is_cut(void **unused)
{
    struct made made;
    uint32_t count = 1000;

    (void)unused;
    open_list(&made);
    for (uint32_t n = 0; n < count; n++)
        add_tree(&made, n, n + 1 < count ? n + 1 : add_outside(&made, 1, count));
    assert_int_equal(walk(&made),
                     count - (count + PACK_PLAN_DEPTH_MAX) / (PACK_PLAN_DEPTH_MAX + 1));
    close_list(&made);
}

static void test_pack_plan__what_is_sent_is_no_base_outside(void **unused)
{
    struct made made;

    (void)unused;
    open_list(&made);
    add_tree(&made, 0, PACK_LIST_NONE);
    add_tree(&made, 1, add_outside(&made, 1, 0)); /* tree 0 is sent, too */
    add_tree(&made, 2, add_outside(&made, 1, 2)); /* itself */
    add_tree(&made, 3, add_outside(&made, 1, 99));
    assert_int_equal(walk(&made),
                     1); /* 1 on 0; 3 is on an object outside, which walk does not count */
    close_list(&made);
}

static void test_pack_plan__a_ring_of_kept_deltas_is_cut_once(void **unused)
{
    struct made made;

    (void)unused;
    open_list(&made);
    for (uint32_t n = 0; n < 10; n++)
        add_blob(&made, n, PACK_LIST_NONE);
    for (uint32_t n = 0; n < 10; n++)
        keep(&made, n, (n + 1) % 10);
    assert_int_equal(walk(&made), 9);
    keep(&made, 3, 3);
    assert_int_equal(walk(&made), 9);
    keep(&made, 3, 99); /* not in the list */
    assert_int_equal(walk(&made), 9);
    close_list(&made);
}

static void test_pack_plan__every_object_is_sent_once_after_its_base(void **unused)
{
    uint64_t state = test_seed();

    (void)unused;
    for (unsigned round = 0; round < 300; round++) {
        uint32_t count = (uint32_t)(test_random(&state) % 200);
        struct made made;

        open_list(&made);
        for (uint32_t n = 0; n < count; n++) {
            uint32_t later = n + 1 + (uint32_t)(test_random(&state) % 5);
            uint32_t base = later < count ? later : PACK_LIST_NONE;

            add_commit(&made, n);
            add_tree(&made, n, base);
            add_blob(&made, n,
                     test_random(&state) % 9 == 0
                         ? add_outside(&made, 2, (uint32_t)(test_random(&state) % 400))
                         : base);
            if (test_random(&state) % 3 == 0)
                keep(&made, n, (uint32_t)(test_random(&state) % count));
        }
        (void)walk(&made);
        close_list(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack_plan__an_empty_list_has_an_empty_plan),
        cmocka_unit_test(test_pack_plan__a_long_chain_is_cut),
        cmocka_unit_test(test_pack_plan__what_is_sent_is_no_base_outside),
        cmocka_unit_test(test_pack_plan__a_ring_of_kept_deltas_is_cut_once),
        cmocka_unit_test(test_pack_plan__every_object_is_sent_once_after_its_base),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
