/* SPDX-License-Identifier: ISC
 *
 * test_node_cut.c - what keys that were chosen against the chunker can do.
 *
 * How: keys are searched for whose hashes rise, under another salt (the attacker guesses) and under
 * the store's own (the worst case).  They are put into one directory one by one, in random order,
 * in front of a backend that counts the bytes that are put: these are what an insert rewrites.
 * docs/limits.md states the bounds.
 */
#include "counting_backend.h"
#include "hash.h"
#include "store_setup.h"
#include "test_seed.h"

#define WINDOW     512u
#define KEYS       1500u
#define CHAIN_EACH 4u
#define COST_MAX   (64u * WINDOW) /* of an insert, on a level: docs/limits.md */

static const struct bough_identity identity = {
    .salt = "salt of a test", .leaf_window_bytes = WINDOW, .inner_window_bytes = WINDOW};
static struct counting_backend counting;
static char keys[KEYS][24];

struct cost {
    uint64_t mean;
    uint64_t most;
    uint64_t most_nodes;
};

/* What node_cut.c computes of a leaf's key. */
static uint64_t hash_of_key(const uint8_t *salt, const char *key, bool second)
{
    uint8_t text[32] = {second ? 0x80 : 0};

    memcpy(text + 1, key, strlen(key));
    return hash_keyed(salt, text, 1 + strlen(key));
}

/* Keys in ascending order, each with the first or both hashes where they must be for no item to be
 * the least of its window: every CHAIN_EACHth is a link of a chain of rising hashes in the lowest
 * sixteenth, all others are above. */
static void craft(const uint8_t *salt, bool both)
{
    const uint64_t floor = UINT64_MAX / 16;

    for (unsigned i = 0; i < KEYS; i++) {
        uint64_t low = i / CHAIN_EACH * (floor / (KEYS / CHAIN_EACH));
        uint64_t high = low + floor / (KEYS / CHAIN_EACH);
        uint64_t first = 0;
        uint64_t second = 0;
        bool fits = false;

        for (unsigned try = 0; !fits; try++) {
            snprintf(keys[i], sizeof(keys[i]), "%05u-%x", i, try);
            first = hash_of_key(salt, keys[i], false);
            fits = i % CHAIN_EACH == 0 ? first >= low && first < high : first >= floor;
            if (!fits || !both)
                continue;
            second = hash_of_key(salt, keys[i], true);
            fits = i % CHAIN_EACH == 2 ? second >= low && second < high : second >= floor;
        }
    }
}

static void shuffle(unsigned *order, uint64_t *seed)
{
    for (unsigned i = 0; i < KEYS; i++) {
        unsigned other = (unsigned)test_below(seed, i + 1);

        order[i] = order[other];
        order[other] = i;
    }
}

static struct bough_edit put(unsigned key)
{
    return (struct bough_edit){
        .path = bough_bytes_text(keys[key]),
        .entry = {.mode = BOUGH_MODE_FILE,
                  .value = {.size_bytes = 10, .data = bough_bytes_text("ten bytes.")}}};
}

/* However the tree came about, it is the one that putting everything at once gives; so is what is
 * left of it when keys are removed one by one. */
static void check_root(struct bough_store *store, const struct bough_tree *tree, uint64_t *seed)
{
    static struct bough_edit edits[KEYS];
    struct bough_arena arena = store_setup_arena();
    struct bough_tree less = *tree;
    struct bough_tree other = {0};
    size_t left = 0;

    for (unsigned i = 0; i < KEYS; i++)
        edits[i] = put(i);
    assert_int_equal(bough_tree_edit(store, &other, edits, KEYS, &arena, NULL, &other), BOUGH_OK);
    assert_true(bough_tree_equal(&other, tree));
    for (unsigned i = 0; i < KEYS; i++) {
        struct bough_arena_mark mark = bough_arena_now(&arena);
        struct bough_edit removal = {.path = bough_bytes_text(keys[i]), .remove = true};

        if (test_below(seed, 3) != 0) {
            edits[left++] = put(i);
            continue;
        }
        assert_int_equal(bough_tree_edit(store, &less, &removal, 1, &arena, NULL, &less), BOUGH_OK);
        bough_arena_back(&arena, mark);
    }
    other = (struct bough_tree){0};
    assert_int_equal(bough_tree_edit(store, &other, edits, left, &arena, NULL, &other), BOUGH_OK);
    assert_true(bough_tree_equal(&other, &less));
    bough_arena_release(&arena);
}

/* Puts the keys one by one; the cost of those behind the first half. */
static struct cost insert_all(const char *what, uint64_t *seed)
{
    static unsigned order[KEYS];
    struct bough_backend *memory;
    struct bough_store *store;
    struct bough_tree tree = {0};
    struct cost cost = {0};

    shuffle(order, seed);
    assert_int_equal(bough_memory_open(host_env(), &identity, &memory), BOUGH_OK);
    assert_int_equal(
        bough_store_open(host_env(), counting_backend(&counting, memory), 64 << 20, &store),
        BOUGH_OK);
    for (unsigned i = 0; i < KEYS; i++) {
        struct bough_arena arena = store_setup_arena();
        struct bough_edit edit = put(order[i]);
        uint64_t bytes = counting.put_bytes;
        uint64_t nodes = counting.put_count;

        assert_int_equal(bough_tree_edit(store, &tree, &edit, 1, &arena, NULL, &tree), BOUGH_OK);
        bytes = counting.put_bytes - bytes;
        nodes = counting.put_count - nodes;
        bough_arena_release(&arena);
        if (i < KEYS / 2)
            continue;
        cost.mean += bytes;
        cost.most = bytes > cost.most ? bytes : cost.most;
        cost.most_nodes = nodes > cost.most_nodes ? nodes : cost.most_nodes;
    }
    cost.mean /= KEYS - KEYS / 2;
    assert_int_equal(tree.key_count, KEYS);
    check_root(store, &tree, seed);
    printf("%s: %llu bytes an insert, %llu at most, in %llu nodes at most\n", what,
           (unsigned long long)cost.mean, (unsigned long long)cost.most,
           (unsigned long long)cost.most_nodes);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
    return cost;
}

static void test_node_cut__keys_for_another_salt_are_like_any(void **state)
{
    uint64_t seed = test_seed();
    struct cost plain;
    struct cost crafted;

    (void)state;
    for (unsigned i = 0; i < KEYS; i++)
        snprintf(keys[i], sizeof(keys[i]), "%05u-plain", i);
    plain = insert_all("plain keys", &seed);
    craft((const uint8_t *)"another salt....", true);
    crafted = insert_all("keys for another salt", &seed);
    assert_true(crafted.mean < 2 * plain.mean);
    assert_true(crafted.most < COST_MAX && plain.most < COST_MAX);
}

static void test_node_cut__the_second_rule_holds_where_the_first_fails(void **state)
{
    uint64_t seed = test_seed();
    struct cost cost;

    (void)state;
    craft(identity.salt, false);
    cost = insert_all("no hard cuts", &seed);
    assert_true(cost.most < COST_MAX);
}

static void test_node_cut__the_third_rule_holds_where_both_fail(void **state)
{
    uint64_t seed = test_seed();
    struct cost cost;

    (void)state;
    craft(identity.salt, true);
    cost = insert_all("no cuts", &seed);
    assert_true(cost.most < COST_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_node_cut__keys_for_another_salt_are_like_any),
        cmocka_unit_test(test_node_cut__the_second_rule_holds_where_the_first_fails),
        cmocka_unit_test(test_node_cut__the_third_rule_holds_where_both_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
