/* SPDX-License-Identifier: ISC
 *
 * test_git_commit.c - commits and tags: golden ids that "git hash-object" gives (git 2.39), random
 * native commits that must parse back into themselves, and shapes that must be refused.
 */
#include "git_commit.h"
#include "git_tag.h"
#include "host_env.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TREE   "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
#define PARENT "parent 1111111111111111111111111111111111111111\n"
#define AUTHOR "author A U Thor <author@example.org> 1700000000 +0130\n"
#define COMMIT "committer C <> -5 -0700\n"

static void test_git_commit__the_id_is_gits(void **unused)
{
    const struct bough_commit commit = {
        .parent_count = 1,
        .author = {.name = bough_bytes_text("A U Thor"),
                   .email = bough_bytes_text("author@example.org"),
                   .time_s = 1700000000,
                   .zone_minutes = 90},
        .committer = {.name = bough_bytes_text("C"), .time_s = -5, .zone_minutes = -420},
        .headers = bough_bytes_text("encoding latin1\n"),
        .message = bough_bytes_text("why\n")};
    struct sha1 tree;
    struct sha1 parent;
    struct sha1 id;
    struct buffer out;
    char hex[SHA1_HEX + 1];

    (void)unused;
    sha1_object(GIT_TREE, bough_bytes_text(""), &tree);
    memset(parent.at, 0x11, sizeof(parent.at));
    buffer_init(&out, host_env()->heap, 1 << 20);
    assert_int_equal(git_commit_format(&out, &commit, &tree, &parent), BOUGH_OK);
    assert_true(
        bough_bytes_equal(buffer_bytes(&out),
                          bough_bytes_text(TREE PARENT AUTHOR COMMIT "encoding latin1\n\nwhy\n")));
    sha1_object(GIT_COMMIT, buffer_bytes(&out), &id);
    sha1_hex(&id, hex);
    assert_string_equal(hex, "2ab2a3e7f02620b34e0d745366198aba5bcd6b34");
    buffer_release(&out);
}

static struct bough_bytes random_text(uint64_t *seed, char *into, size_t max, const char *from)
{
    size_t len = test_below(seed, max);

    for (size_t i = 0; i < len; i++)
        into[i] = from[test_below(seed, strlen(from) + 1)];
    return bough_bytes_of(into, len);
}

static void random_ident(uint64_t *seed, char *room, struct bough_ident *ident)
{
    static const char letters[] = "aB .,\t\xc3\xbc@-+0";

    ident->name = random_text(seed, room, 20, letters);
    ident->email = random_text(seed, room + 20, 20, letters);
    for (size_t i = 0; i < 40; i++)
        room[i] = room[i] == '\0' ? 'z' : room[i];
    ident->time_s = (int64_t)test_below(seed, 1ull << (1 + test_below(seed, 58)));
    if (test_below(seed, 8) == 0)
        ident->time_s = -ident->time_s;
    ident->zone_minutes = (int32_t)test_below(seed, test_below(seed, 9) == 0 ? 5000000 : 1441);
    if (test_below(seed, 2) == 0)
        ident->zone_minutes = -ident->zone_minutes;
}

static void same_ident(const struct bough_ident *a, const struct bough_ident *b)
{
    assert_true(bough_bytes_equal(a->name, b->name));
    assert_true(bough_bytes_equal(a->email, b->email));
    assert_true(a->time_s == b->time_s);
    assert_int_equal(a->zone_minutes, b->zone_minutes);
}

static void test_git_commit__what_is_formatted_parses_back(void **unused)
{
    uint64_t seed = test_seed();
    struct sha1 ids[4] = {{{1}}, {{2}}, {{3}}, {{4}}};
    struct buffer out;

    (void)unused;
    buffer_init(&out, host_env()->heap, 1 << 20);
    for (unsigned round = 0; round < 20000; round++) {
        char rooms[2][40];
        char message[60];
        struct bough_commit commit = {.parent_count = (uint32_t)test_below(&seed, 4)};
        struct git_commit back;
        struct sha1 parent;
        const char *why;

        random_ident(&seed, rooms[0], &commit.author);
        random_ident(&seed, rooms[1], &commit.committer);
        commit.message = random_text(&seed, message, 60, "ab\n\nparent <>");
        commit.headers = bough_bytes_text(test_below(&seed, 2) == 0 ? "" : "gpgsig x\n y\n \nz\n");
        out.len = 0;
        assert_int_equal(git_commit_format(&out, &commit, &ids[3], ids), BOUGH_OK);
        assert_int_equal(git_commit_parse(buffer_bytes(&out), &back, &why), BOUGH_OK);
        same_ident(&commit.author, &back.author);
        same_ident(&commit.committer, &back.committer);
        assert_true(bough_bytes_equal(commit.message, back.message));
        assert_true(bough_bytes_equal(commit.headers, back.headers));
        assert_true(sha1_equal(&back.tree, &ids[3]));
        assert_int_equal(back.parent_count, commit.parent_count);
        for (uint32_t i = 0; i < back.parent_count; i++) {
            git_commit_parent(&back, i, &parent);
            assert_true(sha1_equal(&parent, &ids[i]));
        }
    }
    buffer_release(&out);
}

static void test_git_commit__shapes_that_are_no_commit_are_refused(void **unused)
{
    static const char *const bad[] = {
        "",
        TREE,
        TREE AUTHOR,
        TREE COMMIT AUTHOR "\n",
        AUTHOR COMMIT "\n",
        PARENT TREE AUTHOR COMMIT "\n",
        TREE AUTHOR COMMIT AUTHOR "\n",
        TREE AUTHOR COMMIT COMMIT "\n",
        TREE AUTHOR COMMIT "unterminated",
        "tree 4b825dc642cb6eb9a060e54bf8d69288fbee490\n" AUTHOR COMMIT "\n",
        "tree 4B825DC642CB6EB9A060E54BF8D69288FBEE4904\n" AUTHOR COMMIT "\n",
        "tree 0000000000000000000000000000000000000000\n" AUTHOR COMMIT "\n",
        TREE "parent 0000000000000000000000000000000000000000\n" AUTHOR COMMIT "\n",
        TREE "parent x\n" AUTHOR COMMIT "\n"};
    static const char nul[] = TREE "author A\0 <a> 1 +0000\n" COMMIT "\n";
    struct git_commit commit;
    const char *why;

    (void)unused;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (git_commit_parse(bough_bytes_text(bad[i]), &commit, &why) != BOUGH_INVALID)
            fail_msg("taken: %s", bad[i]);
    }
    assert_int_equal(git_commit_parse(bough_bytes_of(nul, sizeof(nul) - 1), &commit, &why),
                     BOUGH_INVALID);
    assert_non_null(strstr(why, "NUL"));
}

static void test_git_commit__odd_idents_are_taken(void **unused)
{
    static const char *const odd[] = {"author ",
                                      "author A",
                                      "author <a@b> 1 +0000",
                                      "author A <a@b>",
                                      "author A <a@b> x y",
                                      "author A <a@b> 1 +0",
                                      "author A <<a>> 1 +0000",
                                      "author A <a 1 +0000"};
    struct git_commit commit;
    const char *why;

    (void)unused;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        char text[300];

        snprintf(text, sizeof(text), TREE "%s\n" COMMIT "\nm", odd[i]);
        assert_int_equal(git_commit_parse(bough_bytes_text(text), &commit, &why), BOUGH_OK);
    }
}

static void test_git_commit__tags_name_their_target(void **unused)
{
    static const char good[] = "object 1111111111111111111111111111111111111111\ntype tree\n"
                               "tag v1\n\nm";
    static const char *const bad[] = {
        "",
        "object 1111111111111111111111111111111111111111\ntype tree\n",
        "object 1111111111111111111111111111111111111111\ntype trees\ntag v\n",
        "object 0000000000000000000000000000000000000000\ntype tree\ntag v\n",
        "object 1111111111111111111111111111111111111111\ntype tree\ntag \n",
        "type tree\nobject 1111111111111111111111111111111111111111\ntag v\n"};
    struct git_tag tag;
    const char *why;

    (void)unused;
    assert_int_equal(git_tag_parse(bough_bytes_text(good), &tag, &why), BOUGH_OK);
    assert_int_equal(tag.target_kind, GIT_TREE);
    assert_int_equal(tag.target.at[19], 0x11);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(git_tag_parse(bough_bytes_text(bad[i]), &tag, &why), BOUGH_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_git_commit__the_id_is_gits),
        cmocka_unit_test(test_git_commit__what_is_formatted_parses_back),
        cmocka_unit_test(test_git_commit__shapes_that_are_no_commit_are_refused),
        cmocka_unit_test(test_git_commit__odd_idents_are_taken),
        cmocka_unit_test(test_git_commit__tags_name_their_target),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
