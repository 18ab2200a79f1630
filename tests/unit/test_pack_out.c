/* SPDX-License-Identifier: ISC
 *
 * test_pack_out.c - packs against git itself: histories made by dice are fetched by clients of
 * every kind (protocols 0 and 2, with and without bases by offset, thin or not, at once or step by
 * step), and git's fsck and its list of all ids judge them.  The seed is printed.
 */
#include "bough/memory.h"
#include "bough/txn.h"
#include "git_bridge.h"
#include "host_env.h"
#include "test_seed.h"

struct world {
    struct bough_store *store;
    struct bough_git *git;
    struct bough_arena arena;
    char home[64];
    uint64_t state;
};

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct bough_identity identity = {
        .salt = "0123456789abcde", .leaf_window_bytes = 1024, .inner_window_bytes = 1024};
    struct bough_backend *backend;

    snprintf(world->home, sizeof(world->home), "/tmp/bough-pack-XXXXXX");
    assert_non_null(mkdtemp(world->home));
    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &world->store), BOUGH_OK);
    assert_int_equal(bough_git_open(world->store, 0, &world->git), BOUGH_OK);
    bough_arena_init(&world->arena, host_env()->heap, 64 << 20);
    world->state = test_seed();
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    char command[100];

    bough_git_close(world->git);
    bough_arena_release(&world->arena);
    bough_store_close(world->store);
    snprintf(command, sizeof(command), "rm -rf %s", world->home);
    assert_int_equal(system(command), 0);
    free(world);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
    return 0;
}

static void put(struct world *world, const char *path, struct bough_bytes value)
{
    struct bough_edit edit = {.path = bough_bytes_text(path)};
    struct bough_txn txn = {.branch = bough_bytes_text("heads/main"),
                            .edits = &edit,
                            .edit_count = 1,
                            .message = bough_bytes_text("put\n")};
    struct bough_arena_mark mark = bough_arena_now(&world->arena);
    struct bough_txn_result result;

    edit.entry.mode = BOUGH_MODE_FILE;
    assert_int_equal(bough_value_put(world->store, value, &world->arena, &edit.entry.value),
                     BOUGH_OK);
    assert_int_equal(bough_txn_commit(world->store, &txn, &world->arena, &result), BOUGH_OK);
    bough_arena_back(&world->arena, mark);
}

static size_t dice(struct world *world, size_t below)
{
    return (size_t)(test_random(&world->state) % below);
}

/* Changes some of the store's values: lines of text that grow, binary ones that change here and
 * there, empty and long ones, in directories small and large. */
static void change(struct world *world, unsigned count)
{
    static uint8_t bytes[300000];

    for (unsigned i = 0; i < count; i++) {
        size_t which = dice(world, 40);
        size_t len = which == 0 ? 0 : which < 3 ? sizeof(bytes) : which * 150;
        char path[64];

        snprintf(path, sizeof(path), "%s/%zu", which % 4 == 0 ? "deep/down/in/it" : "wide",
                 which + (which % 4 == 1 ? 40 * dice(world, 20) : 0));
        for (size_t at = 0; at < len; at++)
            bytes[at] = which % 2 == 0 ? (uint8_t) "0123456789abcdef\n"[at * which % 17]
                                       : (uint8_t)((at * at * (which + 1)) >> 7);
        for (size_t n = dice(world, 6); len > 0 && n > 0; n--)
            bytes[dice(world, len)] = (uint8_t)dice(world, 256);
        put(world, path, bough_bytes_of(bytes, len - (len > 0 ? dice(world, 50) : 0)));
    }
}

static int run(struct world *world, const char *script)
{
    return git_bridge_run(world->git, world->home, script);
}

/* What a clone must look like: sound, and with the objects that the first clone has. */
static const char check[] = "sound() { git -C $1 fsck --full --strict;"
                            " git -C $1 rev-list --objects --all | cut -c1-40 | sort >$1.ids;"
                            " cmp $1.ids $2.ids; };";

static void test_pack_out__every_kind_of_client_gets_every_object(void **state)
{
    struct world *world = *state;
    char script[2000];

    for (unsigned round = 0; round < 4; round++) {
        change(world, 60);
        snprintf(script, sizeof(script),
                 "%s rm -rf a b c d; git clone -q --bare $URL a; sound a a;"
                 "git -c protocol.version=0 clone -q --bare $URL b; sound b a;"
                 "git -c repack.usedeltabaseoffset=false clone -q --bare $URL c; sound c a;"
                 "git -c protocol.version=0 -c repack.usedeltabaseoffset=false clone -q --bare $URL"
                 " d; sound d a;"
                 "for i in 1 2 3 4; do test -e e$i || git init -q --bare e$i; done; r=main:main;"
                 "git -C e1 fetch -q $URL $r; sound e1 a;"
                 "git -C e2 -c protocol.version=0 fetch -q $URL $r; sound e2 a;"
                 "git -C e3 -c repack.usedeltabaseoffset=false fetch -q $URL $r; sound e3 a;"
                 "git -C e4 -c fetch.unpackLimit=1 fetch -q $URL $r; sound e4 a;",
                 check);
        assert_int_equal(run(world, script), 0);
        if (round == 2)
            bough_git_forget(world->git); /* what is kept only saves time */
    }
}

/* Puts lines of text, of which one says `which`. */
static void put_text(struct world *world, const char *path, unsigned which)
{
    static char text[2000];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 40 == 39 ? '\n' : (char)('a' + i * i % 26);
    text[1000] = (char)('A' + which);
    put(world, path, bough_bytes_of(text, sizeof(text)));
}

static void test_pack_out__what_comes_back_is_no_base_outside(void **state)
{
    struct world *world = *state;

    put_text(world, "d/f", 0);
    put_text(world, "d/g", 0);
    assert_int_equal(run(world, "git clone -q --bare $URL a; git clone -q --bare $URL b"), 0);
    for (unsigned i = 1; i < 6; i++) {
        put_text(world, "d/f", i % 4);
        put_text(world, i % 2 == 0 ? "d/g" : "e/f", i % 3);
    }
    assert_int_equal(run(world, "for i in a b; do git -C $i -c repack.usedeltabaseoffset=$(test $i "
                                "= a && echo true || echo false) -c fetch.unpackLimit=1 fetch -q "
                                "$URL main:main; git -C $i fsck --full --strict; done"),
                     0);
}

static void test_pack_out__what_was_pushed_comes_back_smaller_than_whole(void **state)
{
    struct world *world = *state;
    char script[2000];

    snprintf(
        script, sizeof(script),
        "%s git init -q -b main w; cd w; seq 1 20000 >text; head -c 30000 /dev/urandom >noise;"
        "for i in $(seq 1 70); do echo line $i >>text; mkdir -p d$((i%%7)); echo $i >d$((i%%7))"
        "/$i; git add .; git commit -q -m $i; done; git checkout -q -b side HEAD~30;"
        "seq 5 20000 >text; git mv noise moved; git commit -q -a -m side; git checkout -q main;"
        "git merge -q -s ours side -m merge; git revert --no-edit -X ours HEAD~3 >/dev/null;"
        "git push -q $URL main side; cd ..; git clone -q --bare w a; sound a a;"
        "for n in 1 2; do rm -rf b; git clone -q --bare $URL b; sound b a;"
        "test $(cat b/objects/pack/*.pack | wc -c) -lt 250000;"
        "git verify-pack -v b/objects/pack/*.idx | sed -n 's/^chain length = \\([0-9]*\\):.*"
        "/\\1/p' | sort -n | tail -1 >depth; test $(cat depth) -le 50;"
        "test $(cat depth) -gt 20; done",
        check);
    assert_int_equal(run(world, script), 0);
}

static void test_pack_out__the_next_clone_gets_the_same_bytes(void **state)
{
    struct world *world = *state;
    const char *script = "for n in 1 2 3; do rm -rf a; git clone -q --bare $URL a;"
                         "git -C a fsck --full --strict; cat a/objects/pack/*.pack | sha1sum >s$n;"
                         "done; cmp s1 s2; cmp s1 s3; cmp s1 s && exit 1; cp s1 s";

    for (unsigned i = 0; i < 3; i++) {
        change(world, 20);
        assert_int_equal(run(world, script), 0);
    }
    bough_git_forget(world->git);
    assert_int_equal(run(world, "git clone -q --bare $URL b; git -C b fsck --full --strict"), 0);
}

static void test_pack_out__little_memory_makes_worse_packs_but_whole_ones(void **state)
{
    struct world *world = *state;
    struct bough_heap *heap = host_env()->heap;
    size_t limit_bytes = heap->limit_bytes;
    unsigned served = 0;

    change(world, 40);
    assert_int_equal(run(world, "git clone -q --bare $URL a"), 0);
    for (size_t room = 300000; room < 4000000; room += room / 2) {
        bough_git_forget(world->git);
        heap->limit_bytes = heap->taken_bytes + room;
        served += run(world, "rm -rf b; git clone -q --bare $URL b 2>err || exit 7;"
                             "git -C b fsck --full --strict;"
                             "test $(git -C b rev-parse main) = $(git -C a rev-parse main)"
                             " || exit 1") == 0;
        heap->limit_bytes = limit_bytes;
    }
    assert_in_range(served, 3, 7);
}

/* Twenty files that are alike come in one commit: that they are is known to git's search only. */
static void test_pack_out__what_a_push_brought_is_sent_as_it_came(void **state)
{
    struct world *world = *state;
    const char *clone = "rm -rf a; git clone -q --bare $URL a; git -C a fsck --full --strict;"
                        "cat a/objects/pack/*.pack | wc -c >size;";

    assert_int_equal(
        run(world, "git init -q -b main w; cd w; head -c 20000 /dev/urandom >noise;"
                   "for i in $(seq 20); do (cat noise; echo $i) >f$i; done; git add .;"
                   "git commit -q -m 1; for i in 1 2 3; do echo $i >>f5; git commit -q -a -m $i;"
                   "done; git repack -adq; git push -q $URL main"),
        0);
    assert_int_equal(run(world, clone), 0);
    assert_int_equal(run(world, "test $(cat size) -lt 25000"), 0);
    bough_git_forget(world->git);
    assert_int_equal(run(world, clone), 0);
    assert_int_equal(run(world, "test $(cat size) -gt 300000"), 0);
}

/* It has no native name, which elsewhere means that there is no base. */
static void test_pack_out__the_empty_tree_is_nobody_s_base(void **state)
{
    assert_int_equal(
        run(*state, "git init -q -b main w; cd w; git commit -q --allow-empty -m 1; for i in 1 2 3;"
                    "do for f in a b c d e; do echo $f >$f$i; done; git add .; git commit -q -m 2;"
                    "git rm -q -r .; git commit -q -m 3; done; git push -q $URL main; cd ..;"
                    "for n in 1 2 3; do rm -rf a; git clone -q --bare $URL a;"
                    "git -C a fsck --full --strict;"
                    "test $(git -C a rev-parse main) = $(git -C w rev-parse main); done"),
        0);
}

static void test_pack_out__one_key_of_a_large_directory_costs_little(void **state)
{
    struct world *world = *state;
    struct bough_edit *edits = calloc(10000, sizeof(*edits));
    struct bough_txn txn = {.branch = bough_bytes_text("heads/main"),
                            .edits = edits,
                            .edit_count = 10000,
                            .message = bough_bytes_text("many\n")};
    struct bough_txn_result result;

    for (size_t i = 0; i < txn.edit_count; i++) {
        char *path = bough_arena_take(&world->arena, 32);

        snprintf(path, 32, "flat/key-%05zu", i);
        edits[i].path = bough_bytes_text(path);
        edits[i].entry.mode = BOUGH_MODE_FILE;
        edits[i].entry.value =
            (struct bough_value){.size_bytes = strlen(path), .data = bough_bytes_text(path)};
    }
    assert_int_equal(bough_txn_commit(world->store, &txn, &world->arena, &result), BOUGH_OK);
    free(edits);
    assert_int_equal(run(world, "git clone -q --bare $URL a"), 0);
    put(world, "flat/key-05000", bough_bytes_text("changed"));
    assert_int_equal(run(world, "git -C a -c fetch.unpackLimit=1 fetch -q $URL main:main;"
                                "git -C a fsck --full --strict;"
                                "GIT_TRACE_CURL=$PWD/trace git -C a fetch -q $URL main:main;"
                                "test \"$(git -C a show main:flat/key-05000)\" = changed"),
                     0);
    put(world, "flat/key-05001", bough_bytes_text("changed"));
    assert_int_equal(run(world, "GIT_TRACE_CURL=$PWD/trace git -C a fetch -q $URL main:main;"
                                "grep -o 'data, [0-9]* bytes' trace | grep -o '[0-9]*' >sizes;"
                                "test $(awk '{n+=$1} END {print n}' sizes) -lt 3000"),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pack_out__every_kind_of_client_gets_every_object,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(test_pack_out__what_comes_back_is_no_base_outside,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(
            test_pack_out__what_was_pushed_comes_back_smaller_than_whole, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_pack_out__the_next_clone_gets_the_same_bytes,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(
            test_pack_out__little_memory_makes_worse_packs_but_whole_ones, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_pack_out__what_a_push_brought_is_sent_as_it_came,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(test_pack_out__the_empty_tree_is_nobody_s_base, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_pack_out__one_key_of_a_large_directory_costs_little,
                                        open_world, close_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
