/* SPDX-License-Identifier: ISC
 *
 * test_git_tree.c - git's tree objects by hand: what is taken, what is refused and why, and the
 * order against a plain comparison of names with their slash.
 */
#include "bough/limits.h"
#include "git_tree.h"
#include "host_env.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A tree of entries "mode name", separated by commas, all with the same id. */
static struct bough_bytes tree_of(struct buffer *out, const char *entries)
{
    out->len = 0;
    while (*entries != '\0') {
        size_t len = strcspn(entries, ",");
        uint8_t id[SHA1_BYTES];

        memset(id, 0x22, sizeof(id));
        assert_int_equal(buffer_add(out, bough_bytes_of(entries, len)), BOUGH_OK);
        assert_int_equal(buffer_add(out, bough_bytes_of("", 1)), BOUGH_OK);
        assert_int_equal(buffer_add(out, bough_bytes_of(id, sizeof(id))), BOUGH_OK);
        entries += len + (entries[len] == ',' ? 1 : 0);
    }
    return buffer_bytes(out);
}

static void test_git_tree__good_trees_are_taken(void **unused)
{
    static const char *const good[] = {
        "",
        "100644 a,40000 a.b,100755 b,120000 l,160000 m",
        "100644 a-,40000 a,100644 a0", /* a directory sorts as if it ended in a slash */
        "100644 a,100644 a-,100644 a.,100644 aa",
        "100664 f,0100644 g,040000 h,40755 i",
        "100644 %2Egit,100644 .gitignore,100644 .gitmodules"};
    struct buffer out;
    const char *why;

    (void)unused;
    buffer_init(&out, host_env()->heap, 1 << 20);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (git_tree_check(tree_of(&out, good[i]), &why) != BOUGH_OK)
            fail_msg("refused: %s: %s", good[i], why);
    }
    buffer_release(&out);
}

static void test_git_tree__bad_trees_are_refused_for_their_reason(void **unused)
{
    static const char *const bad[][2] = {{"100644 b,100644 a", "not sorted"},
                                         {"40000 a,100644 a-", "not sorted"},
                                         {"100644 a,100644 a", "twice"},
                                         {"100644 a,40000 a", "twice"},
                                         {"100644 a,100644 a-,100644 a--,40000 a", "twice"},
                                         {"100644 a,40000 a-,40000 a", "twice"},
                                         {"100644 .git", "'.git'"},
                                         {"40000 ..", "'..'"},
                                         {"100644 ", "empty name"},
                                         {"100644 a/b", "slash"},
                                         {"120000 .gitmodules", "symbolic link"},
                                         {"100648 a", "malformed"},
                                         {"1006440000 a", "malformed"},
                                         {"100644a", "malformed"},
                                         {" a", "malformed"},
                                         {"644 a", "no known type"},
                                         {"777777 a", "no known type"}};
    struct buffer out;
    const char *why;
    char text[300] = "100644 ";

    (void)unused;
    buffer_init(&out, host_env()->heap, 1 << 20);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (git_tree_check(tree_of(&out, bad[i][0]), &why) != BOUGH_INVALID)
            fail_msg("taken: %s", bad[i][0]);
        if (strstr(why, bad[i][1]) == NULL)
            fail_msg("%s: '%s' does not say '%s'", bad[i][0], why, bad[i][1]);
    }
    memset(text + 7, 'n', BOUGH_STEP_BYTES_MAX);
    assert_int_equal(git_tree_check(tree_of(&out, text), &why), BOUGH_OK);
    text[7 + BOUGH_STEP_BYTES_MAX] = 'n';
    assert_int_equal(git_tree_check(tree_of(&out, text), &why), BOUGH_INVALID);
    assert_non_null(strstr(why, "255"));
    buffer_release(&out);
}

static void test_git_tree__null_ids_and_cut_entries_are_refused(void **unused)
{
    struct buffer out;
    const char *why;
    size_t len;

    (void)unused;
    buffer_init(&out, host_env()->heap, 1 << 20);
    (void)tree_of(&out, "100644 a");
    memset(out.at + 9, 0, SHA1_BYTES);
    assert_int_equal(git_tree_check(buffer_bytes(&out), &why), BOUGH_INVALID);
    assert_non_null(strstr(why, "null id"));
    len = tree_of(&out, "100644 a").len;
    for (size_t cut = 1; cut < len; cut++)
        assert_int_equal(git_tree_check(bough_bytes_of(out.at, cut), &why), BOUGH_INVALID);
    buffer_release(&out);
}

static void test_git_tree__the_order_is_that_of_names_with_their_slash(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    for (unsigned round = 0; round < 200000; round++) {
        char names[2][8] = {"", ""};
        bool is_tree[2];
        int order;
        int want;

        for (unsigned side = 0; side < 2; side++) {
            size_t len = 1 + test_below(&seed, 4);

            for (size_t i = 0; i < len; i++)
                names[side][i] = "a-.0"[test_below(&seed, 4)];
            is_tree[side] = test_below(&seed, 2) == 0;
        }
        order = git_tree_compare(bough_bytes_text(names[0]), is_tree[0], bough_bytes_text(names[1]),
                                 is_tree[1]);
        for (unsigned side = 0; side < 2; side++) {
            if (is_tree[side])
                strcat(names[side], "/");
        }
        want = strcmp(names[0], names[1]);
        assert_int_equal((order > 0) - (order < 0), (want > 0) - (want < 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_git_tree__good_trees_are_taken),
        cmocka_unit_test(test_git_tree__bad_trees_are_refused_for_their_reason),
        cmocka_unit_test(test_git_tree__null_ids_and_cut_entries_are_refused),
        cmocka_unit_test(test_git_tree__the_order_is_that_of_names_with_their_slash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
