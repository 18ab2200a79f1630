/* SPDX-License-Identifier: ISC
 *
 * test_git_name.c - a table of names that git's fsck refuses (checked against git 2.39), and the
 * escape as a property: over all short strings of the bytes that matter, and random ones.
 */
#include "git_name.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_git_name__every_spelling_of_dot_git_is_refused(void **unused)
{
    static const char *const refused[] = {
        ".git",       ".GIT",         ".gIt",       ".git ",      ".git.",
        ".git. .",    ".git::$INDEX", "git~1",      "GIT~1",      "git~1 .",
        "git~1:x",    "a\\.git",      "a\\GIT~1",   "\\.git",     ".git\\",
        ".git\\x",    "a\\.git\\b",   ".g\u200cit", ".gi\u200dt", "\ufeff.git",
        ".git\u206f", ".git\xff",     ".",          "..",         ""};
    static const char *const fine[] = {".gitx",  "git",    ".gi",         "x.git",      "git~2",
                                       "git~10", ".git~1", ".gitmodules", "%2Egit",     "...",
                                       "a\\b",   ". ",     "gıt~1",       ".g\u00a0it", "x\\y.git"};

    (void)unused;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (!git_name_refused(bough_bytes_text(refused[i])))
            fail_msg("taken: %s", refused[i]);
    }
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        if (git_name_refused(bough_bytes_text(fine[i])))
            fail_msg("refused: %s", fine[i]);
    }
}

static void test_git_name__every_spelling_of_dot_gitmodules_is_known(void **unused)
{
    static const char *const known[] = {".gitmodules",    ".GitModules", ".gitmodules ",
                                        ".gitmodules:$x", "gitmod~1",    "GITMOD~4",
                                        "gi7eba~1",       "gi7eb~10",    "~1000000",
                                        "gi7eba~9",       "a\\gitmod~2", ".gitm\u200codules"};
    static const char *const others[] = {".gitmodule", "gitmod~5",       "gitmod~0",  "gi7eba~0",
                                         "gi7eba~x",   ".gitmodules\\x", "gitmodules"};

    (void)unused;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!git_name_is_modules(bough_bytes_text(known[i])))
            fail_msg("not known: %s", known[i]);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (git_name_is_modules(bough_bytes_text(others[i])))
            fail_msg("known: %s", others[i]);
    }
}

/* Laws (1) to (3) of git_name.c for one string. */
static void check(struct bough_bytes name)
{
    uint8_t room[GIT_NAME_BYTES_MAX];
    uint8_t again[GIT_NAME_BYTES_MAX];
    bool is_step = !(name.len <= 2 && name.at[0] == '.' && name.at[name.len - 1] == '.');
    struct bough_bytes other = git_name_shown(name, room);

    if (is_step) {
        assert_false(git_name_refused(other));
        assert_true(bough_bytes_equal(git_name_stored(other, again), name));
    }
    if (!git_name_refused(name)) {
        other = git_name_stored(name, room);
        assert_true(bough_bytes_equal(git_name_shown(other, again), name));
    }
}

static void test_git_name__the_escape_is_one_to_one_over_short_names(void **unused)
{
    static const char *const parts[] = {".",   "g",   "i",   "t",   "~",    "1",     "%",      "2",
                                        "E",   "5",   "C",   "\\",  " ",    ":",     "\u200c", "G",
                                        "%2E", "%25", "%5C", "git", ".git", "git~1", "\xff"};
    size_t count = sizeof(parts) / sizeof(parts[0]);

    (void)unused;
    for (size_t n = 0; n < count * count * count * count; n++) {
        char name[32] = "";

        for (size_t rest = n + 1; rest > 0; rest /= count)
            strcat(name, parts[rest % count]);
        check(bough_bytes_text(name));
    }
}

static void test_git_name__the_escape_is_one_to_one_over_long_names(void **unused)
{
    uint8_t name[BOUGH_STEP_BYTES_MAX];
    uint8_t room[GIT_NAME_BYTES_MAX];
    struct bough_bytes shown;

    (void)unused;
    memset(name, '\\', sizeof(name));
    memcpy(name, "%2E\\.git\\", 9);
    shown = git_name_shown(bough_bytes_of(name, sizeof(name)), room);
    assert_true(shown.len > 700 && shown.len <= GIT_NAME_BYTES_MAX);
    check(bough_bytes_of(name, sizeof(name)));
    srand(test_seed());
    for (int i = 0; i < 100000; i++) {
        size_t len = 1 + (size_t)rand() % sizeof(name);

        for (size_t k = 0; k < len; k++)
            name[k] = (uint8_t) "%25ECgit~1.\\ :x"[rand() % 15];
        check(bough_bytes_of(name, len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_git_name__every_spelling_of_dot_git_is_refused),
        cmocka_unit_test(test_git_name__every_spelling_of_dot_gitmodules_is_known),
        cmocka_unit_test(test_git_name__the_escape_is_one_to_one_over_short_names),
        cmocka_unit_test(test_git_name__the_escape_is_one_to_one_over_long_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
