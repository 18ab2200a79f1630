/* SPDX-License-Identifier: ISC
 *
 * test_git_lift.c - the law "lossless git": random native histories go through a real git
 * repository into a second store of the same identity, and every ref names the same native commit
 * there, so every byte behind it is the same.  The second store gets them in several pushes, so
 * that its trees are built from other bases than the first one's were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bough/memory.h"
#include "bough/txn.h"
#include "git_bridge.h"
#include "host_env.h"
#include "test_seed.h"

struct side {
    struct bough_store *store;
    struct bough_git *git;
};

static void open_side(struct side *side, size_t memo_bytes)
{
    struct bough_identity identity = {
        .salt = "0123456789abcde", .leaf_window_bytes = 512, .inner_window_bytes = 512};
    struct bough_backend *backend;

    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &side->store), BOUGH_OK);
    assert_int_equal(bough_git_open(side->store, memo_bytes, &side->git), BOUGH_OK);
}

static void close_side(struct side *side)
{
    bough_git_close(side->git);
    bough_store_close(side->store);
}

/* A step: mostly plain, sometimes one that git refuses or that sorts oddly. */
static void random_step(uint64_t *seed, char *into)
{
    static const char *const odd[] = {".git",     "%2Egit", "a",      "a-",      "a.",
                                      "a0",       "git~1",  ".GIT",   "%2Egitx", "x\\.git",
                                      "\xff\x01", " ",      "%25%25", "..."};

    if (test_below(seed, 3) == 0)
        strcpy(into, odd[test_below(seed, sizeof(odd) / sizeof(odd[0]))]);
    else
        sprintf(into, "k%u", (unsigned)test_below(seed, 40));
}

/* One native commit that changes a few keys. */
static void random_commit(uint64_t *seed, struct side *side, struct bough_arena *arena)
{
    struct bough_edit edits[8] = {0};
    char paths[8][200];
    char message[40];
    size_t count = 1 + test_below(seed, 8);
    struct bough_txn txn = {.branch = bough_bytes_text("heads/main"), .edits = edits};
    struct bough_txn_result result;

    for (size_t i = 0; i < count; i++) {
        size_t depth = 1 + test_below(seed, 3);
        size_t size = test_below(seed, 20) == 0 ? 200000 : test_below(seed, 1500);
        uint8_t *bytes = bough_arena_take(arena, size);

        paths[i][0] = '\0';
        for (size_t d = 0; d < depth; d++) {
            if (d > 0)
                strcat(paths[i], "/");
            random_step(seed, paths[i] + strlen(paths[i]));
        }
        for (size_t k = 0; k < size; k++)
            bytes[k] = (uint8_t)test_below(seed, 4);
        edits[i].path = bough_bytes_text(paths[i]);
        edits[i].remove = test_below(seed, 5) == 0;
        edits[i].entry.mode = test_below(seed, 4) == 0 ? BOUGH_MODE_EXEC : BOUGH_MODE_FILE;
        assert_int_equal(
            bough_value_put(side->store, bough_bytes_of(bytes, size), arena, &edits[i].entry.value),
            BOUGH_OK);
    }
    snprintf(message, sizeof(message), "m%llu%s", (unsigned long long)test_random(seed),
             test_below(seed, 2) == 0 ? "\n" : "");
    txn.author = (struct bough_ident){.name = bough_bytes_text("\xc3\xbc  x "),
                                      .email = bough_bytes_text(""),
                                      .time_s = (int64_t)test_below(seed, 1u << 31),
                                      .zone_minutes = (int32_t)test_below(seed, 1500) - 700};
    txn.message = bough_bytes_text(message);
    txn.edit_count = count;
    while (bough_txn_commit(side->store, &txn, arena, &result) == BOUGH_CONFLICT)
        txn.edit_count--; /* a value met a directory: fewer edits, at last none */
}

static struct bough_hash head_of(struct side *side)
{
    struct bough_ref ref;

    assert_int_equal(bough_ref_get(side->store, bough_bytes_text("heads/main"), &ref), BOUGH_OK);
    return ref.link.name;
}

/* One history of `commits` commits, over to the other side and back again. */
static void round_trip(uint64_t *seed, unsigned commits, size_t memo_bytes)
{
    char home[] = "/tmp/bough-lift-XXXXXX";
    char command[100];
    struct bough_arena arena;
    struct side here;
    struct side there;
    struct side again;
    struct bough_hash want;
    struct bough_hash got;

    assert_non_null(mkdtemp(home));
    open_side(&here, memo_bytes);
    open_side(&there, memo_bytes);
    open_side(&again, memo_bytes);
    bough_arena_init(&arena, host_env()->heap, 64 << 20);
    for (unsigned i = 0; i < commits; i++)
        random_commit(seed, &here, &arena);
    want = head_of(&here);
    assert_int_equal(git_bridge_run(here.git, home,
                                    "git clone -q --mirror $URL c; cd c;"
                                    "git fsck --full --strict"),
                     0);
    assert_int_equal(git_bridge_run(there.git, home,
                                    "cd c; for back in 17 9 4 1; do git push -q $URL"
                                    " main~$back:refs/heads/main 2>/dev/null || true; done;"
                                    "git push -q $URL main"),
                     0);
    got = head_of(&there);
    assert_memory_equal(&want, &got, sizeof(want));
    assert_int_equal(git_bridge_run(there.git, home,
                                    "git clone -q --mirror $URL d; test"
                                    " $(git -C c rev-parse main) ="
                                    " $(git -C d rev-parse main)"),
                     0);
    assert_int_equal(git_bridge_run(again.git, home, "git -C d push -q $URL main"), 0);
    got = head_of(&again);
    assert_memory_equal(&want, &got, sizeof(want));
    bough_arena_release(&arena);
    close_side(&here);
    close_side(&there);
    close_side(&again);
    snprintf(command, sizeof(command), "rm -rf %s", home);
    assert_int_equal(system(command), 0);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_git_lift__lossless_git_for_random_native_histories(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    for (unsigned round = 0; round < 6; round++)
        round_trip(&seed, 25, 0);
}

static void test_git_lift__a_memo_that_forgets_changes_nothing(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    round_trip(&seed, 40, 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_git_lift__lossless_git_for_random_native_histories),
        cmocka_unit_test(test_git_lift__a_memo_that_forgets_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
