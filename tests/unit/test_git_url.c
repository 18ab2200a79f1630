/* SPDX-License-Identifier: ISC
 *
 * test_git_url.c - what is secret in a git URL, and what is left of it.
 *
 * Proves it by a table of URLs as people write them; no clean form may hold what is secret.
 */
#include "git_url.c"

#include "host_env.h"
#include "laws_block.h"

static struct bough_arena arena;

static int begin(void **state)
{
    (void)state;
    bough_arena_init(&arena, host_env()->heap, 1u << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bough_arena_release(&arena);
    return 0;
}

static void assert_text(const char *got, const char *expected)
{
    if (expected == NULL)
        assert_null(got);
    else
        assert_string_equal(got, expected);
}

static void test_git_url__user_and_password_are_taken_out(void **state)
{
    static const struct {
        const char *text, *clean, *user, *password;
    } cases[] = {
        {"http://h/x.git", "http://h/x.git", NULL, NULL},
        {"https://u:p@h/x.git", "https://h/x.git", "u", "p"},
        {"https://u@h:81/x", "https://h:81/x", "u", NULL},
        {"https://:p@h", "https://h", "", "p"},
        {"https://u:@h", "https://h", "u", ""},
        {"https://a%40b:p%3Aq%2f@h/x", "https://h/x", "a@b", "p:q/"},
        {"https://u:a:b@c@h/x", "https://h/x", "u", "a:b@c"},
        {"https://h/x@y:z", "https://h/x@y:z", NULL, NULL},
        {"https://h?u:p@x", "https://h?u:p@x", NULL, NULL},
        {"https://u:p@", "https://", "u", "p"},
        {"https://u:p@[::1]:80/x", "https://[::1]:80/x", "u", "p"},
        {"https://[::1]/x", "https://[::1]/x", NULL, NULL},
        {"https://h:/x", "https://h:/x", NULL, NULL},
        {"file:///x", "file:///x", NULL, NULL},
        {"/srv/a:b@c/x.git", "/srv/a:b@c/x.git", NULL, NULL},
        {"dir/x://u:p@h", "dir/x://u:p@h", NULL, NULL},
        {"git@host:x.git", "git@host:x.git", NULL, NULL},
        {"", "", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct git_url url;

        assert_int_equal(git_url_parse(cases[i].text, &arena, &url), BOUGH_OK);
        assert_text(url.clean, cases[i].clean);
        assert_text(url.user, cases[i].user);
        assert_text(url.password, cases[i].password);
    }
}

static void test_git_url__what_may_be_a_secret_cut_short_is_refused(void **state)
{
    static const char *const cases[] = {"https://u%0ahost=evil:p@h",
                                        "https://u:p%0d@h",
                                        "https://u:p%00@h",
                                        "https://u:100%@h",
                                        "https://%zz@h",
                                        "https://u:pass/word@h/x",
                                        "https://u:p@h:x/y",
                                        "https://u:a1/b@h",
                                        "https://[::1]x/",
                                        "https://h\nusername=x/",
                                        "a\tb"};
    struct git_url url;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(git_url_parse(cases[i], &arena, &url), BOUGH_INVALID);
}

static void test_git_url__scheme_and_host_are_told(void **state)
{
    struct git_url url;

    (void)state;
    assert_int_equal(git_url_parse("https://u:p@h.example:81/x.git", &arena, &url), BOUGH_OK);
    assert_text(url.scheme, "https");
    assert_text(url.host, "h.example:81");
    assert_int_equal(git_url_parse("file:///x", &arena, &url), BOUGH_OK);
    assert_text(url.host, "");
    assert_int_equal(git_url_parse("/srv/x", &arena, &url), BOUGH_OK);
    assert_text(url.scheme, NULL);
    assert_text(url.host, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_git_url__user_and_password_are_taken_out),
        T(test_git_url__scheme_and_host_are_told),
        T(test_git_url__what_may_be_a_secret_cut_short_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
