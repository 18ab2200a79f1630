/* SPDX-License-Identifier: ISC
 *
 * test_git_exchange.c - the git view against git itself: scripts of git commands run against a
 * store in memory, and git's own fsck, rev-parse and diff judge what came out.
 */
#include "bough/memory.h"
#include "bough/protection.h"
#include "bough/txn.h"
#include "git_bridge.h"
#include "host_env.h"

struct world {
    struct bough_store *store;
    struct bough_git *git;
    struct bough_arena arena;
    char home[64];
};

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct bough_identity identity = {
        .salt = "0123456789abcde", .leaf_window_bytes = 1024, .inner_window_bytes = 1024};
    struct bough_backend *backend;

    snprintf(world->home, sizeof(world->home), "/tmp/bough-git-XXXXXX");
    assert_non_null(mkdtemp(world->home));
    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &world->store), BOUGH_OK);
    assert_int_equal(bough_git_open(world->store, 0, &world->git), BOUGH_OK);
    bough_arena_init(&world->arena, host_env()->heap, 64 << 20);
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

/* Writes one value natively, as one commit at a fixed time. */
static void put(struct world *world, const char *key, const char *value)
{
    struct bough_edit edit = {.path = bough_bytes_text(key)};
    struct bough_txn txn = {.branch = bough_bytes_text("heads/main"),
                            .edits = &edit,
                            .edit_count = 1,
                            .author = {.name = bough_bytes_text("Ann"),
                                       .email = bough_bytes_text("ann@example.org"),
                                       .time_s = 1700000000,
                                       .zone_minutes = 90},
                            .message = bough_bytes_text("put\n")};
    struct bough_txn_result result;

    edit.entry.mode = BOUGH_MODE_FILE;
    assert_int_equal(
        bough_value_put(world->store, bough_bytes_text(value), &world->arena, &edit.entry.value),
        BOUGH_OK);
    assert_int_equal(bough_txn_commit(world->store, &txn, &world->arena, &result), BOUGH_OK);
    assert_int_equal(bough_store_sync(world->store), BOUGH_OK);
}

/* The bytes under a key of main, or NULL. */
static const char *get(struct world *world, const char *key)
{
    struct bough_ref ref;
    struct bough_commit commit;
    struct bough_entry entry;
    struct bough_bytes bytes;
    char *text;

    assert_int_equal(bough_ref_get(world->store, bough_bytes_text("heads/main"), &ref), BOUGH_OK);
    assert_int_equal(bough_commit_get(world->store, &ref.link, &world->arena, &commit), BOUGH_OK);
    if (bough_tree_find(world->store, &commit.tree, bough_bytes_text(key), &world->arena, &entry) !=
            BOUGH_OK ||
        entry.kind != BOUGH_ENTRY_VALUE)
        return NULL;
    assert_int_equal(bough_value_get(world->store, &entry.value, 1 << 24, &world->arena, &bytes),
                     BOUGH_OK);
    text = bough_arena_take(&world->arena, bytes.len + 1);
    memcpy(text, bytes.at, bytes.len);
    text[bytes.len] = '\0';
    return text;
}

static int run(struct world *world, const char *script)
{
    return git_bridge_run(world->git, world->home, script);
}

static void test_git_exchange__an_empty_store_clones(void **state)
{
    for (int version = 0; version <= 2; version++) {
        char script[300];

        snprintf(script, sizeof(script),
                 "rm -rf c; git -c protocol.version=%d clone -q $URL c 2>err;"
                 "test \"$(git -C c symbolic-ref HEAD)\" = refs/heads/%s",
                 version, version == 2 ? "main" : "master");
        assert_int_equal(run(*state, script), 0);
    }
}

static void test_git_exchange__native_commits_clone_as_real_history(void **state)
{
    struct world *world = *state;

    put(world, "a.txt", "one\n");
    put(world, "dir/b.txt", "two\n");
    put(world, "dir.x", "between dir and dir/\n");
    put(world, "dir0", "after dir/\n");
    put(world, "a.txt", "three\n");
    for (int version = 0; version <= 2; version++) {
        char script[900];

        snprintf(script, sizeof(script),
                 "rm -rf c; git -c protocol.version=%d clone -q $URL c; cd c;"
                 "git fsck --full --strict; test $(git rev-list --count HEAD) = 5;"
                 "test \"$(cat a.txt dir/b.txt)\" = 'three\ntwo';"
                 "test \"$(git show HEAD~4:a.txt)\" = one;"
                 "test \"$(git log -1 --format='%%an <%%ae> %%ad %%s' --date=raw)\" ="
                 " 'Ann <ann@example.org> 1700000000 +0130 put';"
                 "git rev-parse HEAD >../id; test \"$(cat ../id)\" = \"$(git ls-remote $URL main |"
                 " cut -c1-40)\"",
                 version);
        assert_int_equal(run(world, script), 0);
    }
}

static void test_git_exchange__git_writes_the_same_id_for_the_same_commit(void **state)
{
    struct world *world = *state;

    put(world, "a.txt", "one\n");
    assert_int_equal(
        run(world, "git init -q -b main c; cd c; echo one >a.txt; git add a.txt;"
                   "export GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=ann@example.org"
                   " GIT_COMMITTER_NAME=Ann GIT_COMMITTER_EMAIL=ann@example.org"
                   " GIT_AUTHOR_DATE='1700000000 +0130' GIT_COMMITTER_DATE='1700000000 +0130';"
                   "git commit -q -m put;"
                   "test \"$(git rev-parse HEAD)\" = \"$(git ls-remote $URL main | cut -c1-40)\""),
        0);
}

static void test_git_exchange__a_fetch_brings_only_what_is_new(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 50; i++) {
        char key[32];

        snprintf(key, sizeof(key), "k/%d", i);
        put(world, key, key);
    }
    assert_int_equal(run(world, "git clone -q $URL c; git clone -q $URL d"), 0);
    put(world, "k/7", "changed");
    put(world, "new", "new");
    for (int version = 0; version <= 2; version++) {
        char script[500];

        snprintf(script, sizeof(script),
                 "cp -r c e%d; cd e%d; git -c protocol.version=%d fetch -q;"
                 "git fsck --full --strict; test \"$(git show origin/main:k/7)\" = changed;"
                 "git count-objects -v | grep -q '^count: 7$'",
                 version, version, version);
        /* 7: two commits; the root twice; the directory k once; two values */
        assert_int_equal(run(world, script), 0);
    }
    assert_int_equal(run(world, "cd d; git commit -q --allow-empty -m mine; git pull -q --rebase;"
                                "test \"$(cat k/7)\" = changed"),
                     0);
}

static void test_git_exchange__a_push_becomes_keys_and_comes_back_bit_for_bit(void **state)
{
    struct world *world = *state;

    assert_int_equal(
        run(world,
            "git init -q -b main c; cd c; echo one >a; mkdir -p x/y; echo deep >x/y/z;"
            "ln -s a link; echo '#!' >run; chmod +x run; seq 1 50000 >big; git add .;"
            "git commit -q -m first; seq 1 49999 >big; echo 50000x >>big; git add .;"
            "git commit -q -m second; git tag -a -m 'a tag' v1; git tag light;"
            "git push -q $URL main v1 light; cd ..; git clone -q $URL d; cd d;"
            "git fsck --full --strict; test \"$(git rev-parse HEAD v1 light)\" ="
            " \"$(git -C ../c rev-parse HEAD v1 light)\"; git diff --exit-code HEAD; test -L link;"
            "test -x run"),
        0);
    assert_string_equal(get(world, "x/y/z"), "deep\n");
    assert_string_equal(get(world, "link"), "a");
    assert_null(get(world, "x/y"));
}

static void test_git_exchange__pushes_build_on_what_is_there(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 200; i++) {
        char key[32];

        snprintf(key, sizeof(key), "k/%d", i);
        put(world, key, key);
    }
    assert_int_equal(run(world,
                         "git clone -q $URL c; cd c; for i in 1 2 3 4 5; do echo line >>k/7;"
                         "git mv k/1$i moved$i; git commit -q -a -m c$i; git push -q; done;"
                         "mkdir new; git mv k/2? new/; git commit -q -m moved; git rm -q -r new;"
                         "git commit -q -m gone; git revert --no-edit HEAD >/dev/null; git push -q;"
                         "cd ..; git clone -q $URL d; cd d; git fsck --full --strict;"
                         "test $(git rev-parse HEAD) = $(git -C ../c rev-parse HEAD)"),
                     0);
    assert_string_equal(get(world, "new/21"), "k/21");
    assert_null(get(world, "k/21"));
}

static void test_git_exchange__refused_pushes_say_why_and_change_nothing(void **state)
{
    const struct bough_protection rule = {.pattern = bough_bytes_text("heads/m*"),
                                          .from_force = true};
    struct world *world = *state;

    put(world, "a", "one\n");
    assert_int_equal(bough_protection_set(world->store, &rule, 1), BOUGH_OK);
    assert_int_equal(
        run(world,
            "git clone -q $URL c; cd c; id=$(git rev-parse HEAD); git checkout -q --orphan other;"
            "git commit -q -m other; git push -q -f $URL other:main 2>err && exit 1;"
            "grep -q non-fast-forward err; grep -q 'bough: refs/heads/main: a rule' err; git push "
            "-q $URL :main 2>err && exit 1;"
            "grep -q 'deletion of the current branch prohibited' err;"
            "git push -q $URL other:refs/heads/x; git push -q $URL other:refs/heads/x/y 2>err"
            " && exit 1; grep -q 'failed to update ref' err;"
            "git push -q $URL other^{tree}:refs/tags/t 2>err && exit 1;"
            "grep -q 'commits and annotated tags' err;"
            "git push -q --atomic $URL other:refs/heads/y other:main -f 2>err && exit 1;"
            "grep -q 'atomic transaction failed' err; git ls-remote $URL >refs;"
            "test $(grep -c . refs) = 3; grep -q \"$id.refs/heads/main\" refs;"
            "git push -q $URL :refs/heads/x; test $(git ls-remote $URL | grep -c .) = 2;"
            "git push -q $URL other:refs/heads/x:y 2>/dev/null && exit 1; true"),
        0);
}

/* What a forced push leaves behind is in the log of refs, with the reason that was given. */
static void test_git_exchange__forced_pushes_and_push_options(void **state)
{
    const struct bough_protection rule = {.pattern = bough_bytes_text("heads/x*"),
                                          .from_delete = true};
    struct world *world = *state;
    struct bough_ref_log_entry entry;
    struct bough_arena arena;
    struct bough_ref before;
    struct bough_ref after;

    put(world, "a", "one\n");
    assert_int_equal(bough_ref_get(world->store, bough_bytes_text("heads/main"), &before),
                     BOUGH_OK);
    assert_int_equal(bough_protection_set(world->store, &rule, 1), BOUGH_OK);
    assert_int_equal(
        run(world,
            "git clone -q $URL c; cd c; git checkout -q --orphan other; git commit -q -m other;"
            "git push -q $URL other:main 2>err && exit 1; grep -q 'rejected' err;"
            "git push -q -f -o reason='back to the start' -o ci.skip $URL other:main 2>err;"
            "grep -q \"push option 'ci.skip' is not known\" err;"
            "test $(git ls-remote $URL main | cut -f1) = $(git rev-parse other);"
            "git push -q $URL other:xy; git push -q $URL :xy 2>err && exit 1;"
            "grep -q 'deletion prohibited' err; git commit -q --allow-empty --amend -m again;"
            "git push -q -f -o x $URL HEAD:xy; git push -q -f $URL HEAD:refs/heads/z;"
            "git push -q -o y $URL :z"),
        0);
    assert_int_equal(bough_ref_get(world->store, bough_bytes_text("heads/main"), &after), BOUGH_OK);
    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    assert_int_equal(
        bough_ref_log_prev(world->store, bough_bytes_text("heads/main"), 0, &arena, &entry),
        BOUGH_OK);
    assert_true(bough_hash_equal(&entry.old.link.name, &before.link.name));
    assert_true(bough_hash_equal(&entry.next, &after.link.name));
    assert_true(bough_bytes_equal(entry.why, bough_bytes_text("back to the start")));
    bough_arena_release(&arena);
}

/* Commits and trees as they stand in public histories: not one byte may change. */
static void test_git_exchange__odd_objects_come_back_bit_for_bit(void **state)
{
    struct world *world = *state;

    assert_int_equal(
        run(world,
            "git init -q -b main c; cd c; echo x >f; git add f; t=$(git write-tree); b=$(git"
            " hash-object -w f); obj() { git hash-object -t $1 -w --literally --stdin; };"
            "hex() { printf %s $1 | sed 's/../\\\\x&/g'; };"
            "head=\"tree $t\"; n=0; ref() { n=$((n+1)); git update-ref refs/heads/odd$n $1; };"
            "c() { printf \"$head\\n$1\" | obj commit >id; ref $(cat id); };"
            "c 'author A <a@b> 1 +051800\\ncommitter A <a@b> 1 +0000\\n\\nzone\\n';"
            "c 'author A <a@b> 1 +7\\ncommitter A <a@b> 1 -0000\\n\\nzone\\n';"
            "c 'author <a@b> 1 +0000\\ncommitter A <a@b> 1 +0000\\n\\nno name\\n';"
            "c 'author A <a@b> 01 +0000\\ncommitter A <a@b> 1 +0000\\n\\nzero\\n';"
            "c 'author A <a@b> 1 +0000\\ncommitter A <a@b> 1 +0000\\n\\nno newline';"
            "c 'author A <a@b> 1 +0000\\ncommitter A <a@b> 1 +0000\\n\\n';"
            "c 'author A <a@b> 1 +0000\\ncommitter A <a@b> 1 +0000\\n';"
            "c 'author A <a@b> 1 +0000\\ncommitter A <a@b> 1 +0000\\nencoding latin1\\nx "
            "y\\n\\nm\\n';"
            "c 'author A <a@b> 1 +0000\\ncommitter A <a@b> 1 +0000\\ngpgsig a\\n b\\n c\\n\\nm\\n';"
            "c 'author A a@b 1 +0000\\ncommitter A <a@b> 1 +0000\\n\\nno brackets\\n';"
            "c 'author A <a@b> 99999999999999999999 +0000\\ncommitter <> 1 +0000\\n\\ntime\\n';"
            "c 'author A  <a b>  1 +0000 \\ncommitter A <a<b> 1 +0000\\n\\nspaces\\n';"
            "c 'author A <a@b> 1 +0000\\ncommitter A <a@b> 1 +0000\\n\\nnul\\000in it\\n';"
            "tr() { printf \"$1\" | obj tree >id; head=\"tree $(cat id)\";"
            " c 'author A <a@b> 1 +0000\\ncommitter A <a@b> 1 +0000\\n\\ntree\\n'; };"
            "B=$(hex $b | sed 's/\\\\x/\\\\\\\\x/g'); true"),
        0);
    assert_int_equal(
        run(world,
            "cd c; cat >../tree.py <<'END'\n"
            "import subprocess, sys\n"
            "def obj(kind, data):\n"
            "    return "
            "subprocess.run(['git','hash-object','-t',kind,'-w','--literally','--stdin'],\n"
            "        input=data, capture_output=True, check=True).stdout.decode().strip()\n"
            "blob = bytes.fromhex(obj('blob', b'x\\n'))\n"
            "sub = bytes.fromhex(obj('tree', b'100644 f\\0' + blob))\n"
            "empty = bytes.fromhex(obj('tree', b''))\n"
            "n = 0\n"
            "for data in [b'100664 f\\0' + blob, b'0100644 f\\0' + blob, b'040000 d\\0' + sub,\n"
            "             b'40755 d\\0' + sub, b'40000 e\\0' + empty, b'', b'120000 l\\0' + blob,\n"
            "             b'160000 m\\0' + b'\\1' * 20, b'160644 m\\0' + b'\\1' * 20,\n"
            "             b'100644 %2Egit\\0' + blob, b'100644 %2Egitx\\0' + blob,\n"
            "             b'100644 a-\\0' + blob + b'40000 a\\0' + sub + b'100644 a0\\0' + blob,\n"
            "             b'100644 %252Egit\\0' + blob + b'100644 %2Egit\\0' + blob,\n"
            "             b'100644 \\xff\\xfe\\0' + blob, b'40000 0\\0' + "
            "bytes.fromhex(obj('tree',\n"
            "                 b'0100600 g\\0' + blob))]:\n"
            "    tree = obj('tree', data)\n"
            "    c = obj('commit', b'tree ' + tree.encode() + b'\\nauthor A <a@b> 1 +0000\\n'\n"
            "        b'committer A <a@b> 1 +0000\\n\\nm\\n')\n"
            "    n += 1\n"
            "    subprocess.run(['git','update-ref',f'refs/heads/tree{n}',c], check=True)\n"
            "    t = obj('tag', b'object ' + tree.encode() + b'\\ntype tree\\ntag t%d\\n\\nm' % "
            "n)\n"
            "    subprocess.run(['git','update-ref',f'refs/tags/t{n}',t], check=True)\n"
            "b = obj('tag', b'object ' + blob.hex().encode() + b'\\ntype blob\\ntag b\\n'\n"
            "    b'tagger A <a@b> 1 +0000\\n\\nm\\n')\n"
            "subprocess.run(['git','update-ref','refs/tags/b',b], check=True)\n"
            "bb = obj('tag', b'object ' + b.encode() + b'\\ntype tag\\ntag bb\\n\\nm\\n')\n"
            "subprocess.run(['git','update-ref','refs/tags/bb',bb], check=True)\n"
            "END\n"
            "python3 ../tree.py; git push -q $URL 'refs/*:refs/*'; git for-each-ref --format="
            "'%(objectname) %(refname)' >../want; git ls-remote $URL | grep -v HEAD |"
            "grep -v '\\^{}$' | tr '\\t' ' ' >../got; diff ../want ../got; test $(grep -c . "
            "../got) = 45; cd ..;"
            "for v in 0 2; do rm -rf d; git init -q d; git -C d -c protocol.version=$v fetch -q"
            " $URL 'refs/*:refs/*'; git -C d for-each-ref --format='%(objectname) %(refname)' "
            ">got2;"
            "diff want got2; git -C d rev-list --objects --all >/dev/null; done"),
        0);
    /* What is remembered is disposable. */
    bough_git_forget(world->git);
    assert_int_equal(run(world, "git ls-remote $URL | grep -v HEAD | grep -v '\\^{}$' |"
                                "tr '\\t' ' ' >got3; diff want got3; rm -rf d; git init -q d;"
                                "git -C d fetch -q $URL 'refs/*:refs/*'; git -C d for-each-ref"
                                " --format='%(objectname) %(refname)' >got2; diff want got2"),
                     0);
}

static void test_git_exchange__native_names_that_git_refuses_are_escaped_in_the_view(void **state)
{
    struct world *world = *state;

    put(world, ".git", "1");
    put(world, "%2Egit", "2");
    put(world, "a/git~1/x", "3");
    put(world, "w\\.git", "4");
    put(world, "%2Efoo", "5");
    assert_int_equal(
        run(world, "git clone -q $URL c; cd c; git fsck --full --strict;"
                   "test \"$(cat %2Egit %252Egit a/%67it~1/x %77%5C.git %2Efoo)\" = 12345;"
                   "echo 6 >%2Egit; echo 7 >y; git add .; git commit -q -m edit; git push -q"),
        0);
    assert_string_equal(get(world, ".git"), "6\n");
    assert_string_equal(get(world, "%2Egit"), "2");
    assert_string_equal(get(world, "y"), "7\n");
}

static void test_git_exchange__tags_come_along_with_what_they_name(void **state)
{
    struct world *world = *state;

    put(world, "a", "one\n");
    assert_int_equal(
        run(world,
            "git clone -q $URL c; git clone -q $URL d; cd c; echo 2 >a; git commit -q -a -m"
            " two; git tag -a -m t t1; git tag -a -m tt tt1 t1; git push -q $URL main t1 tt1;"
            "cd ../d; for v in 0 2; do git -c protocol.version=$v fetch -q; git rev-parse t1"
            " tt1 >/dev/null; git fsck --full --strict; git tag -d t1 tt1 >/dev/null; done"),
        0);
}

static void test_git_exchange__many_rounds_of_negotiation_end_well(void **state)
{
    struct world *world = *state;

    put(world, "a", "one\n");
    assert_int_equal(run(world,
                         "git clone -q $URL c; cd c; for i in $(seq 300); do"
                         " git commit -q --allow-empty -m mine$i; done; git clone -q $URL ../e"),
                     0);
    put(world, "a", "two\n");
    assert_int_equal(run(world, "cd c; for v in 0 1 2; do rm -rf ../f; cp -r . ../f; git -C ../f -c"
                                " protocol.version=$v fetch -q; git -C ../f fsck --full --strict;"
                                "git -C ../f count-objects -v | grep -q '^count: 303$'; done"),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_git_exchange__an_empty_store_clones, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_git_exchange__native_commits_clone_as_real_history,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(
            test_git_exchange__git_writes_the_same_id_for_the_same_commit, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_git_exchange__a_fetch_brings_only_what_is_new,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(
            test_git_exchange__a_push_becomes_keys_and_comes_back_bit_for_bit, open_world,
            close_world),
        cmocka_unit_test_setup_teardown(test_git_exchange__pushes_build_on_what_is_there,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(
            test_git_exchange__refused_pushes_say_why_and_change_nothing, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_git_exchange__forced_pushes_and_push_options,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(test_git_exchange__odd_objects_come_back_bit_for_bit,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(
            test_git_exchange__native_names_that_git_refuses_are_escaped_in_the_view, open_world,
            close_world),
        cmocka_unit_test_setup_teardown(test_git_exchange__tags_come_along_with_what_they_name,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(test_git_exchange__many_rounds_of_negotiation_end_well,
                                        open_world, close_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
