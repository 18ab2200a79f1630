/* SPDX-License-Identifier: ISC
 *
 * test_text_diff.c - two texts are compared as git compares them.
 *
 * Proves it with random texts of few and of many different lines, with and without a newline at the
 * end, and with texts that look like programs, with blocks, indentation and empty lines, which may
 * be read in more than one way; all are given to this library and to `git diff --no-index`: all
 * bytes of all hunks must be equal.  A run that met no text with several hunks fails, and so does
 * one in which indentation never mattered.
 */
#include "bough/limits.h"
#include "bough/text_diff.h"
#include "git_run.h"
#include "host_env.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define CASES      400u
#define TEXT_BYTES 65536u

static struct bough_arena arena;
static struct git_run run;

static int begin(void **state)
{
    (void)state;
    bough_arena_init(&arena, host_env()->heap, (size_t)1 << 28);
    git_run_begin(&run);
    return 0;
}

static int end(void **state)
{
    (void)state;
    git_run_end(&run);
    bough_arena_release(&arena);
    return 0;
}

struct text {
    char at[TEXT_BYTES];
    size_t len;
};

static void add_line(struct text *text, uint64_t number)
{
    static const char *const forms[] = {"",         "%llu\n",   "word %llu \t\n", "_%llu\r\n",
                                        "  %llu\n", "$ %llu\n", "\xc3\xa4%llu\n", "}\n"};

    assert_true(text->len + 200 < TEXT_BYTES);
    if (number % 11 == 0)
        text->len +=
            (size_t)sprintf(text->at + text->len, "long_%0100llu\n", (unsigned long long)number);
    else if (number % 8 == 0)
        text->at[text->len++] = '\n';
    else
        text->len +=
            (size_t)sprintf(text->at + text->len, forms[number % 8], (unsigned long long)number);
}

/* Two texts with some lines in common. */
static void make(uint64_t *seed, struct text *from, struct text *to)
{
    uint64_t lines = test_below(seed, 120);
    uint64_t alphabet = 2 + test_below(seed, 300);
    uint64_t rate = 2 + test_below(seed, 30);

    from->len = to->len = 0;
    for (uint64_t i = 0; i < lines; i++) {
        uint64_t number = test_below(seed, alphabet);
        uint64_t how = test_below(seed, rate);

        if (how != 0)
            add_line(from, number);
        if (how != 1)
            add_line(to, number);
    }
    from->len -= from->len > 0 && test_below(seed, 4) == 0;
    to->len -= to->len > 0 && test_below(seed, 4) == 0;
}

/* A line that is indented in one of several ways, or an empty one. */
static void add_indented(struct text *text, uint64_t *seed, unsigned depth, unsigned words)
{
    static const char *const indents[] = {"    ", "\t", "  ", "   \t", "\r \f"};
    static const char *const blanks[] = {"\n", "\n", "\n", "   \n", "\t\r\n"};
    static const char *const forms[] = {"}\n", "begin\n", "end\n", "x = %u;\n", "f(%u)\n"};
    unsigned style = test_below(seed, 30) == 0 ? (unsigned)test_below(seed, 5) : 0;

    assert_true(text->len + 1000 < TEXT_BYTES);
    if (test_below(seed, 5) == 0) {
        for (uint64_t i = test_below(seed, 40) == 0 ? test_below(seed, 25) : 0;; i--) {
            const char *blank = blanks[test_below(seed, 5)];

            memcpy(text->at + text->len, blank, strlen(blank));
            text->len += strlen(blank);
            if (i == 0)
                return;
        }
    }
    if (test_below(seed, 200) == 0)
        depth += 60; /* what is deeper than that is as deep */
    for (unsigned i = 0; i < depth; i++) {
        memcpy(text->at + text->len, indents[style], strlen(indents[style]));
        text->len += strlen(indents[style]);
    }
    text->len += (size_t)snprintf(text->at + text->len, 40, forms[test_below(seed, 5)],
                                  (unsigned)test_below(seed, words));
}

/* A text of blocks, and the same with some of them put in, taken out or made twice: so groups of
 * lines that differ can stand in several places. */
static void make_indented(uint64_t *seed, struct text *from, struct text *to)
{
    uint64_t blocks = test_below(seed, 30);
    unsigned words = 1 + (unsigned)test_below(seed, 4);
    unsigned depth = 0;

    from->len = to->len = 0;
    for (uint64_t i = 0; i < blocks; i++) {
        size_t start = from->len;
        uint64_t how = test_below(seed, 8);

        for (uint64_t lines = 1 + test_below(seed, 8); lines > 0; lines--) {
            depth = test_below(seed, 3) > 0 ? depth : (unsigned)test_below(seed, 4);
            add_indented(from, seed, depth, words);
        }
        for (uint64_t times = how == 0   ? 0
                              : how == 1 ? 1 + test_below(seed, 30)
                                         : 1;
             times > 0; times--) {
            if (to->len + from->len - start + 1000 > TEXT_BYTES)
                break;
            memcpy(to->at + to->len, from->at + start, from->len - start);
            to->len += from->len - start;
        }
        if (how == 2)
            from->len = start;
        if (how == 3)
            add_indented(to, seed, depth, words);
    }
    from->len -= from->len > 0 && test_below(seed, 4) == 0;
    to->len -= to->len > 0 && test_below(seed, 4) == 0;
}

/* The hunks in what `git diff` wrote: from the first "@@" at a line's begin on. */
static struct bough_bytes hunks_of(struct bough_bytes patch)
{
    for (size_t i = 0; i + 3 < patch.len; i++)
        if (memcmp(patch.at + i, "\n@@", 3) == 0)
            return bough_bytes_of(patch.at + i + 1, patch.len - i - 1);
    return bough_bytes_of(NULL, 0);
}

/* Whether two files are compared as git compares them; *several: in more than one hunk. */
static void compare(const struct text *from, const struct text *to, unsigned *several)
{
    struct bough_bytes hunks, patch, wanted;

    git_run_write(&run, "from", bough_bytes_of(from->at, from->len));
    git_run_write(&run, "to", bough_bytes_of(to->at, to->len));
    (void)git_run(&run, "git diff --no-index from to > patch");
    patch = git_run_read(&run, "patch");
    wanted = hunks_of(patch);
    assert_int_equal(bough_text_diff(bough_bytes_of(from->at, from->len),
                                     bough_bytes_of(to->at, to->len), &arena, &hunks),
                     BOUGH_OK);
    assert_int_equal(hunks.len, wanted.len);
    if (hunks.len > 0) {
        assert_memory_equal(hunks.at, wanted.at, hunks.len);
        *several += hunks_of(hunks).len > 0;
    }
    free((void *)(uintptr_t)patch.at);
}

static void test_text_diff__hunks_are_those_of_git(void **state)
{
    static struct text from, to;
    uint64_t seed = test_seed();
    unsigned several = 0;

    (void)state;
    for (unsigned i = 0; i < CASES; i++) {
        make(&seed, &from, &to);
        compare(&from, &to, &several);
    }
    assert_true(several > CASES / 10);
}

static void test_text_diff__what_differs_stands_where_indentation_says(void **state)
{
    static struct text from, to;
    uint64_t seed = test_seed();
    unsigned several = 0;
    unsigned mattered = 0;

    (void)state;
    for (unsigned i = 0; i < CASES; i++) {
        make_indented(&seed, &from, &to);
        compare(&from, &to, &several);
        mattered += git_run(&run, "git diff --no-index --no-indent-heuristic from to > plain; "
                                  "cmp -s patch plain") != 0;
        bough_arena_release(&arena);
    }
    printf("%u texts of several hunks, indentation mattered in %u\n", several, mattered);
    assert_true(several > CASES / 10 && mattered > CASES / 10);
}

static void test_text_diff__what_is_binary_or_long_is_refused(void **state)
{
    static const char nul[] = {'a', '\0', 'b'};
    uint8_t *big = bough_arena_zeros(&arena, 1, BOUGH_DIFF_TEXT_BYTES_MAX + 1);
    struct bough_bytes text = bough_bytes_text("a\n");
    struct bough_bytes hunks;

    (void)state;
    assert_non_null(big);
    memset(big, 'x', BOUGH_DIFF_TEXT_BYTES_MAX + 1);
    assert_int_equal(bough_text_diff(text, bough_bytes_of(nul, 3), &arena, &hunks), BOUGH_INVALID);
    assert_int_equal(bough_text_diff(bough_bytes_of(nul, 3), text, &arena, &hunks), BOUGH_INVALID);
    assert_int_equal(
        bough_text_diff(text, bough_bytes_of(big, BOUGH_DIFF_TEXT_BYTES_MAX + 1), &arena, &hunks),
        BOUGH_TOO_BIG);
    assert_int_equal(
        bough_text_diff(text, bough_bytes_of(big, BOUGH_DIFF_TEXT_BYTES_MAX), &arena, &hunks),
        BOUGH_OK);
    memset(big, '\n', BOUGH_DIFF_TEXT_BYTES_MAX);
    assert_int_equal(
        bough_text_diff(text, bough_bytes_of(big, BOUGH_DIFF_TEXT_BYTES_MAX), &arena, &hunks),
        BOUGH_TOO_BIG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_text_diff__hunks_are_those_of_git),
        TEST(test_text_diff__what_differs_stands_where_indentation_says),
        TEST(test_text_diff__what_is_binary_or_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
