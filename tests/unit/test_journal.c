/* SPDX-License-Identifier: ISC
 *
 * test_journal.c - the journal keeps the laws of backends, and what was acknowledged.
 *
 * How: a store on a lossy memory device does a seeded run of transactions with a sync after some;
 * the power fails at a random operation, with unflushed writes lost, torn or reordered.  What is
 * found after opening again must be the state at the last good sync, or a later one that was being
 * synced; every key of it must read back.  Recovery itself is cut short, too, and run again.
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/journal.h"
#include "bough/txn.h"
#include "laws_backend.h"
#include "test_seed.h"

#define BLOCK_SIZE 4096u

static struct bough_block *ram(uint64_t blocks)
{
    struct bough_block *dev;

    assert_int_equal(bough_ram_open(host_env(), BLOCK_SIZE, blocks, &dev), BOUGH_OK);
    return dev;
}

static struct bough_backend *laws_backend_open(void)
{
    struct bough_block *dev = ram(4096);
    struct bough_backend *backend;

    assert_int_equal(bough_journal_format(host_env(), dev, NULL), BOUGH_OK);
    assert_int_equal(bough_journal_open(host_env(), dev, &backend), BOUGH_OK);
    return backend;
}

static enum bough_err put_number(struct bough_store *store, unsigned key, unsigned number)
{
    char path[32];
    char text[700];
    struct bough_arena arena;
    struct bough_txn_result result;
    enum bough_err err;

    snprintf(path, sizeof(path), "d%u/k%u", key % 5, key);
    snprintf(text, sizeof(text), "%0*u", (int)(1 + number * 37 % 690), number);
    struct bough_edit edit = {.path = bough_bytes_text(path), .entry = {.mode = BOUGH_MODE_FILE}};
    struct bough_txn txn = {
        .branch = bough_bytes_text("heads/main"),
        .edits = &edit,
        .edit_count = 1,
        .author = {.name = bough_bytes_text("A"), .email = bough_bytes_text("a@b")},
        .message = bough_bytes_text(text),
    };

    bough_arena_init(&arena, host_env()->heap, 64 << 20);
    err = bough_value_put(store, bough_bytes_text(text), &arena, &edit.entry.value);
    if (err == BOUGH_OK)
        err = bough_txn_commit(store, &txn, &arena, &result);
    bough_arena_release(&arena);
    return err;
}

/* What transaction n does is a function of n, so a state is told by its number of commits. */
static unsigned key_of(unsigned n)
{
    return n * 7919u % 23u;
}

/* Checks that the store is as after exactly `count` transactions, but for keys that answer that
 * they are damaged; gives the number of those. */
static unsigned check_damaged(struct bough_store *store, unsigned count)
{
    unsigned damaged = 0;
    struct bough_arena arena;
    struct bough_ref head;
    struct bough_commit commit;

    bough_arena_init(&arena, host_env()->heap, 64 << 20);
    if (count > 0) {
        assert_int_equal(bough_ref_get(store, bough_bytes_text("heads/main"), &head), BOUGH_OK);
        assert_int_equal(bough_commit_get(store, &head.link, &arena, &commit), BOUGH_OK);
        assert_int_equal(commit.generation, count);
    }
    for (unsigned key = 0; key < 23 && count > 0; key++) {
        unsigned last = count;
        char path[32];
        char text[32];
        struct bough_entry entry;
        struct bough_bytes bytes;
        enum bough_err err;

        while (last > 0 && key_of(last) != key)
            last--;
        snprintf(path, sizeof(path), "d%u/k%u", key % 5, key);
        err = bough_tree_find(store, &commit.tree, bough_bytes_text(path), &arena, &entry);
        if (err == BOUGH_OK && last > 0)
            err = bough_value_get(store, &entry.value, 1000, &arena, &bytes);
        damaged += err == BOUGH_CORRUPT;
        if (err == BOUGH_CORRUPT)
            continue;
        assert_int_equal(err, last == 0 ? BOUGH_NOT_FOUND : BOUGH_OK);
        if (last == 0)
            continue;
        snprintf(text, sizeof(text), "%u", last);
        assert_int_equal(bytes.len, (size_t)(1 + last * 37 % 690) > strlen(text)
                                        ? (size_t)(1 + last * 37 % 690)
                                        : strlen(text));
        assert_memory_equal(bytes.at + bytes.len - strlen(text), text, strlen(text));
    }
    bough_arena_release(&arena);
    return damaged;
}

/* Checks that the store is as after exactly `count` transactions. */
static void check_state(struct bough_store *store, unsigned count)
{
    assert_int_equal(check_damaged(store, count), 0);
}

/* How many transactions the store holds. */
static unsigned count_of(struct bough_store *store)
{
    struct bough_arena arena;
    struct bough_ref head;
    struct bough_commit commit;
    unsigned count = 0;

    bough_arena_init(&arena, host_env()->heap, 64 << 20);
    if (bough_ref_get(store, bough_bytes_text("heads/main"), &head) == BOUGH_OK) {
        assert_int_equal(bough_commit_get(store, &head.link, &arena, &commit), BOUGH_OK);
        count = (unsigned)commit.generation;
    }
    bough_arena_release(&arena);
    return count;
}

static struct bough_store *open_on(struct bough_block *dev)
{
    struct bough_backend *backend;
    struct bough_store *store;

    if (bough_journal_open(host_env(), dev, &backend) != BOUGH_OK)
        return NULL;
    assert_int_equal(bough_store_open(host_env(), backend, 0, &store), BOUGH_OK);
    return store;
}

/* Writes until the device fails; *acknowledged is what the last good sync covered, *written what
 * may be there as well. */
static void run_until_fault(struct bough_store *store, unsigned from, uint64_t *seed,
                            unsigned *acknowledged, unsigned *written)
{
    *acknowledged = from;
    *written = from;
    for (unsigned n = from + 1;; n++) {
        if (put_number(store, key_of(n), n) != BOUGH_OK)
            return;
        *written = n;
        if (test_below(seed, 3) == 0)
            continue;
        if (bough_store_sync(store) != BOUGH_OK)
            return;
        *acknowledged = n;
    }
}

/* One machine's life on a medium: open, write until the power fails at a random operation, come
 * back, check.  Returns how many transactions the medium holds now. */
static unsigned one_life(struct bough_block *medium, unsigned count, uint64_t *seed, unsigned *lost,
                         unsigned *gained)
{
    struct bough_faulty_options options = {.seed = test_random(seed), .lossy = true};
    struct block_borrow borrow;
    struct bough_block *faulty;
    struct bough_store *store;
    struct bough_store_info info;
    unsigned acknowledged;
    unsigned written;

    assert_int_equal(bough_faulty_open(host_env(), medium, &options, &faulty), BOUGH_OK);
    store = open_on(block_borrow(&borrow, faulty));
    assert_non_null(store);
    assert_int_equal(count_of(store), count);
    options.fail_ops = BOUGH_FAULTY_WRITE | BOUGH_FAULTY_FLUSH;
    options.fail_at = 1 + test_below(seed, 30);
    options.fail_forever = true;
    bough_faulty_set(faulty, &options);
    run_until_fault(store, count, seed, &acknowledged, &written);
    bough_store_info(store, &info);
    assert_true(info.read_only); /* a failed device is not written to again */
    bough_store_close(store);
    assert_int_equal(bough_faulty_cut(faulty), BOUGH_OK);
    assert_ptr_equal(bough_faulty_detach(faulty), medium);

    store = open_on(block_borrow(&borrow, medium));
    assert_non_null(store);
    count = count_of(store);
    assert_true(count >= acknowledged && count <= written);
    check_state(store, count);
    bough_store_close(store);
    *lost += count < written;
    *gained += count > acknowledged;
    return count;
}

static void test_journal__a_power_cut_loses_nothing_acknowledged(void **unused)
{
    uint64_t seed = test_seed();
    unsigned lost = 0;
    unsigned gained = 0;

    (void)unused;
    for (int round = 0; round < 150; round++) {
        struct bough_block *medium = ram(2048);
        unsigned count = 0;

        assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
        for (int life = 0; life < 4; life++)
            count = one_life(medium, count, &seed, &lost, &gained);
        bough_block_close(medium);
    }
    printf("%u cuts lost unacknowledged commits, %u kept some\n", lost, gained);
    assert_true(lost > 50);
    assert_true(gained > 5);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_journal__every_flipped_byte_is_noticed_or_harmless(void **unused)
{
    struct bough_block *medium = ram(1040);
    struct block_borrow borrow;
    struct bough_store *store;
    uint64_t seed = test_seed();
    uint8_t block[BLOCK_SIZE];
    unsigned noticed = 0;
    unsigned named = 0;

    (void)unused;
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    store = open_on(block_borrow(&borrow, medium));
    for (unsigned n = 1; n <= 12; n++) {
        assert_int_equal(put_number(store, key_of(n), n), BOUGH_OK);
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
    }
    bough_store_close(store);
    for (int i = 0; i < 3000; i++) {
        uint64_t at = test_below(&seed, 16);
        size_t byte = test_below(&seed, BLOCK_SIZE);
        uint8_t was;

        assert_int_equal(bough_block_read(medium, at, 1, block), BOUGH_OK);
        was = block[byte];
        block[byte] ^= (uint8_t)(1u << test_below(&seed, 8));
        assert_int_equal(bough_block_write(medium, at, 1, block), BOUGH_OK);
        store = open_on(block_borrow(&borrow, medium));
        if (store == NULL) {
            noticed++;
        } else { /* some prefix of the history, whole but for keys that say they are damaged */
            unsigned count = count_of(store);
            unsigned damaged = check_damaged(store, count);
            struct bough_store_info info;

            /* What was acknowledged may be out of reach, but is never given up. */
            bough_store_info(store, &info);
            assert_true(count >= 11 || info.read_only);
            noticed += count < 12 || damaged > 0;
            named += damaged > 0;
            assert_true(damaged == 0 || count == 12); /* old damage costs nothing newer */
            bough_store_close(store);
        }
        block[byte] = was;
        assert_int_equal(bough_block_write(medium, at, 1, block), BOUGH_OK);
    }
    printf("%u flips noticed, %u of them in keys that say so\n", noticed, named);
    assert_true(noticed > 150);
    assert_true(named > 30);
    bough_block_close(medium);
}

static void test_journal__a_full_device_answers_full_and_still_reads(void **unused)
{
    struct bough_block *medium = ram(899);
    struct bough_store *store;
    struct bough_store_info info;
    enum bough_err err = BOUGH_OK;
    unsigned n = 0;
    unsigned synced = 0;

    (void)unused;
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    store = open_on(medium);
    while (err == BOUGH_OK) { /* one commit a unit: about a thousand */
        err = put_number(store, key_of(n + 1), n + 1);
        if (err != BOUGH_OK)
            break;
        n++;
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        synced = n;
    }
    assert_int_equal(err, BOUGH_FULL);
    bough_store_info(store, &info);
    assert_false(info.read_only);
    check_state(store, synced);
    bough_store_close(store);
}

static void test_journal__only_a_blank_disk_is_blank(void **unused)
{
    struct bough_block *dev = ram(1100);
    enum bough_journal_state state;
    uint8_t block[BLOCK_SIZE] = {0};
    struct block_borrow borrow;
    static const uint64_t places[] = {0, 1, 16, 255, 1084, 1099};

    (void)unused;
    assert_int_equal(bough_journal_probe(host_env(), dev, &state), BOUGH_OK);
    assert_int_equal(state, BOUGH_JOURNAL_BLANK);
    assert_null(open_on(block_borrow(&borrow, dev)));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        block[1080] = 0x53; /* where ext4 has its mark, for one */
        assert_int_equal(bough_block_write(dev, places[i], 1, block), BOUGH_OK);
        assert_int_equal(bough_journal_probe(host_env(), dev, &state), BOUGH_OK);
        assert_int_equal(state, BOUGH_JOURNAL_FOREIGN);
        block[1080] = 0;
        assert_int_equal(bough_block_write(dev, places[i], 1, block), BOUGH_OK);
    }
    assert_int_equal(bough_journal_format(host_env(), dev, NULL), BOUGH_OK);
    assert_int_equal(bough_journal_probe(host_env(), dev, &state), BOUGH_OK);
    assert_int_equal(state, BOUGH_JOURNAL_OURS);
    bough_block_close(dev);
}

static void test_journal__wrong_devices_are_refused(void **unused)
{
    struct bough_block *dev = ram(1100);
    struct block_borrow borrow;
    struct bough_backend *backend;
    uint8_t super[BLOCK_SIZE];
    struct bough_block *small = ram(114);
    enum bough_journal_state state;

    (void)unused;
    assert_int_equal(bough_journal_probe(host_env(), small, &state), BOUGH_TOO_BIG);
    assert_int_equal(bough_journal_format(host_env(), small, NULL), BOUGH_TOO_BIG);
    bough_block_close(small);
    small = ram(115);
    assert_int_equal(bough_journal_format(host_env(), small, NULL), BOUGH_OK);
    bough_block_close(small);

    assert_int_equal(bough_journal_format(host_env(), dev, NULL), BOUGH_OK);
    block_borrow(&borrow, dev);
    borrow.base.block_count = 1050; /* cut short */
    assert_int_equal(bough_journal_open(host_env(), &borrow.base, &backend), BOUGH_CORRUPT);
    assert_int_equal(bough_block_read(dev, 0, 1, super), BOUGH_OK);
    super[8] = 0x7f; /* version: a newer one */
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(bough_block_write(dev, i == 2 ? 1099 : i, 1, super), BOUGH_OK);
    assert_int_equal(bough_journal_open(host_env(), block_borrow(&borrow, dev), &backend),
                     BOUGH_WRONG_VERSION);
    bough_block_close(dev);
}

static void test_journal__two_lost_superblocks_are_survived(void **unused)
{
    struct bough_block *dev = ram(1100);
    struct block_borrow borrow;
    struct bough_store *store;
    uint8_t zeros[BLOCK_SIZE] = {0};

    (void)unused;
    assert_int_equal(bough_journal_format(host_env(), dev, NULL), BOUGH_OK);
    assert_int_equal(bough_block_write(dev, 0, 1, zeros), BOUGH_OK);
    assert_int_equal(bough_block_write(dev, 1, 1, zeros), BOUGH_OK);
    store = open_on(block_borrow(&borrow, dev));
    assert_non_null(store);
    bough_store_close(store);
    assert_int_equal(bough_block_write(dev, 1099, 1, zeros), BOUGH_OK);
    assert_null(open_on(block_borrow(&borrow, dev)));
    bough_block_close(dev);
}

/* A killed process leaves writes in the device's cache; its successor shows them, so they stay. */
static void test_journal__what_a_killed_process_left_is_durable_once_shown(void **unused)
{
    const struct bough_faulty_options failing = {
        .lossy = true, .fail_ops = BOUGH_FAULTY_FLUSH, .fail_at = 1};
    const struct bough_faulty_options good = {.lossy = true};
    struct bough_block *medium = ram(120);
    struct block_borrow borrow;
    struct bough_block *faulty;
    struct bough_store *store;

    (void)unused;
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    assert_int_equal(bough_faulty_open(host_env(), medium, &good, &faulty), BOUGH_OK);
    store = open_on(block_borrow(&borrow, faulty));
    bough_faulty_set(faulty, &failing);
    assert_int_equal(put_number(store, 1, 1), BOUGH_OK);
    assert_int_equal(bough_store_sync(store), BOUGH_IO); /* killed between write and flush */
    bough_store_close(store);
    bough_faulty_set(faulty, &good);
    store = open_on(block_borrow(&borrow, faulty));
    assert_int_equal(count_of(store), 1);
    bough_store_close(store);
    assert_int_equal(bough_faulty_cut(faulty), BOUGH_OK);
    assert_ptr_equal(bough_faulty_detach(faulty), medium);
    store = open_on(medium);
    assert_int_equal(count_of(store), 1);
    bough_store_close(store);
}

/* The first thing after a restart is a move of a branch to where it is. */
static void test_journal__a_move_that_changes_nothing_after_a_restart_loses_no_ref(void **unused)
{
    struct bough_block *medium = ram(120);
    struct bough_ref_move move = {.name = bough_bytes_text("heads/main")};
    struct block_borrow borrow;
    struct bough_store *store;

    (void)unused;
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    store = open_on(block_borrow(&borrow, medium));
    assert_int_equal(put_number(store, 1, 1), BOUGH_OK);
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
    bough_store_close(store);
    store = open_on(block_borrow(&borrow, medium));
    assert_int_equal(bough_ref_get(store, move.name, &move.next), BOUGH_OK);
    assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
    assert_int_equal(count_of(store), 1);
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
    bough_store_close(store);
    store = open_on(medium);
    assert_int_equal(count_of(store), 1);
    bough_store_close(store);
}

/* The device after one transaction and sync on an empty store. */
static void attempt(struct bough_block *medium, unsigned number, uint8_t *image)
{
    struct block_borrow borrow;
    struct bough_store *store;
    uint8_t zeros[BLOCK_SIZE] = {0};

    for (uint64_t i = 2; i < 16; i++)
        assert_int_equal(bough_block_write(medium, i, 1, zeros), BOUGH_OK);
    store = open_on(block_borrow(&borrow, medium));
    assert_int_equal(put_number(store, 1, number), BOUGH_OK);
    assert_int_equal(bough_store_sync(store), BOUGH_OK);
    bough_store_close(store);
    assert_int_equal(bough_block_read(medium, 0, 16, image), BOUGH_OK);
}

/* The first attempt at a group is torn and given up; the second, of the same layout, is torn, too,
 * and what stands there are records of both. */
static void test_journal__two_torn_attempts_do_not_make_a_group(void **unused)
{
    static uint8_t first[16 * BLOCK_SIZE];
    static uint8_t second[16 * BLOCK_SIZE];
    static uint8_t mixed[16 * BLOCK_SIZE];
    struct bough_block *medium = ram(120);
    struct block_borrow borrow;
    struct bough_store *store;
    unsigned mixed_count = 0;

    (void)unused;
    assert_int_equal(bough_journal_format(host_env(), medium, NULL), BOUGH_OK);
    attempt(medium, 17, first);
    attempt(medium, 17 + 690, second); /* as long */
    for (size_t cut = 2 * BLOCK_SIZE; cut < sizeof(mixed); cut += 8) {
        memcpy(mixed, first, cut);
        memcpy(mixed + cut, second + cut, sizeof(mixed) - cut);
        assert_int_equal(bough_block_write(medium, 0, 16, mixed), BOUGH_OK);
        store = open_on(block_borrow(&borrow, medium));
        assert_non_null(store);
        if (memcmp(mixed, first, sizeof(mixed)) == 0 || memcmp(mixed, second, sizeof(mixed)) == 0)
            assert_int_equal(count_of(store), 1);
        else
            assert_int_equal(count_of(store), 0);
        mixed_count += count_of(store) == 0;
        bough_store_close(store);
    }
    assert_true(mixed_count > 50);
    bough_block_close(medium);
}

/* Two nodes of equal bytes may lead to equal values at two places: each keeps its own alive, so one
 * must not pass for the other. */
static void test_journal__equal_bytes_that_lead_elsewhere_are_another_object(void **unused)
{
    struct bough_block *dev = ram(1100);
    struct bough_backend *backend;
    struct bough_arena arena;
    const uint64_t here[2] = {0x1000, 0x2000};
    const uint64_t there[2] = {0x1000, 0x3000};
    struct bough_object object = {.kind = BOUGH_KIND_NODE,
                                  .bytes = bough_bytes_text("two names"),
                                  .addresses = here,
                                  .address_count = 2};
    struct bough_object got;
    struct bough_place places[3];
    struct bough_link link;

    (void)unused;
    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    assert_int_equal(bough_journal_format(host_env(), dev, NULL), BOUGH_OK);
    assert_int_equal(bough_journal_open(host_env(), dev, &backend), BOUGH_OK);
    hash_of(BOUGH_KIND_NODE, object.bytes, &link.name);
    assert_int_equal(bough_backend_put(backend, &link.name, &object, &places[0]), BOUGH_OK);
    assert_int_equal(bough_backend_put(backend, &link.name, &object, &places[1]), BOUGH_OK);
    assert_int_equal(places[0].address, places[1].address); /* nothing is written twice */
    object.addresses = there;
    assert_int_equal(bough_backend_put(backend, &link.name, &object, &places[2]), BOUGH_OK);
    link.address = places[2].address;
    assert_int_equal(bough_backend_get(backend, &link, &arena, &got), BOUGH_OK);
    assert_int_equal(got.addresses[1], there[1]);
    link.address = places[0].address;
    assert_int_equal(bough_backend_get(backend, &link, &arena, &got), BOUGH_OK);
    assert_int_equal(got.addresses[1], here[1]);
    bough_arena_release(&arena);
    bough_backend_close(backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAWS_BACKEND_TESTS,
        cmocka_unit_test(test_journal__a_power_cut_loses_nothing_acknowledged),
        cmocka_unit_test(test_journal__every_flipped_byte_is_noticed_or_harmless),
        cmocka_unit_test(test_journal__a_full_device_answers_full_and_still_reads),
        cmocka_unit_test(test_journal__what_a_killed_process_left_is_durable_once_shown),
        cmocka_unit_test(test_journal__equal_bytes_that_lead_elsewhere_are_another_object),
        cmocka_unit_test(test_journal__two_torn_attempts_do_not_make_a_group),
        cmocka_unit_test(test_journal__a_move_that_changes_nothing_after_a_restart_loses_no_ref),
        cmocka_unit_test(test_journal__only_a_blank_disk_is_blank),
        cmocka_unit_test(test_journal__wrong_devices_are_refused),
        cmocka_unit_test(test_journal__two_lost_superblocks_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
