/* SPDX-License-Identifier: ISC
 *
 * test_lines_merge.c - texts are merged as git merges them.
 *
 * Proves it with random texts, small and large, with few and with many different lines, that are
 * given to this library and to git: `git merge-file` (which compares with Myers) and, thousands of
 * files in one merge, `git merge-tree` (which compares by histogram).  All bytes must be equal,
 * markers included; a run that saw too few conflicts or too few clean merges fails.
 */
#include "bough/limits.h"
#include "git_run.h"
#include "host_env.h"
#include "lines_diff.h"
#include "lines_merge.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FILE_CASES 300u
#define TREE_CASES 4000u

static struct bough_arena arena;
static uint64_t seed;

static int begin(void **state)
{
    (void)state;
    bough_arena_init(&arena, host_env()->heap, (size_t)1 << 30);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bough_arena_release(&arena);
    return 0;
}

/* Texts are made of numbers, so that lines are easy to drop, add and repeat. */
struct lines {
    uint32_t at[65536];
    size_t count;
};

struct kind {
    size_t lines;
    uint32_t alphabet;
    bool words_only; /* each line has a letter */
    bool ends;       /* texts may end without a newline, or with CR LF */
    bool lonely;     /* what is new is often nowhere else */
};

/* A line that is new. */
static uint32_t new_line(const struct kind *kind)
{
    if (kind->lonely && test_below(&seed, 2) == 0)
        return 1000000 + (uint32_t)test_below(&seed, 1000000000);
    return (uint32_t)test_below(&seed, kind->alphabet);
}

static struct kind some_kind(bool words_only)
{
    static const size_t sizes[] = {0, 1, 3, 8, 20, 60, 200, 600};
    static const uint32_t alphabets[] = {1, 2, 4, 12, 50, 1000};
    struct kind kind = {.lines = sizes[test_below(&seed, 8)],
                        .alphabet = alphabets[test_below(&seed, 6)],
                        .words_only = words_only,
                        .ends = test_below(&seed, 3) == 0,
                        .lonely = test_below(&seed, 3) == 0};

    if (test_below(&seed, 50) == 0)
        kind.lines = 4000;
    return kind;
}

static void make_base(const struct kind *kind, struct lines *base)
{
    size_t count = kind->lines > 4000 ? kind->lines
                   : kind->lines == 0 ? 0
                                      : test_below(&seed, kind->lines + 1);

    base->count = 0;
    for (size_t i = 0; i < count; i++)
        base->at[base->count++] = (uint32_t)test_below(&seed, kind->alphabet);
}

/* A copy with some edits: runs dropped, replaced, added, repeated from elsewhere. */
static void edit(const struct kind *kind, const struct lines *base, struct lines *side)
{
    uint64_t rate = 2 + test_below(&seed, test_below(&seed, 3) == 0 ? 4 : 60);

    side->count = 0;
    for (size_t i = 0; i <= base->count && side->count < 60000; i++) {
        size_t run = 1 + test_below(&seed, kind->lonely ? 30 : 4);

        if (test_below(&seed, rate) == 0) {
            switch (test_below(&seed, 3)) {
            case 0:
                i += run - 1;
                continue;
            case 1:
                for (size_t k = 0; k < run; k++)
                    side->at[side->count++] = new_line(kind);
                break;
            default:
                for (size_t k = test_below(&seed, base->count + 1); k < base->count && run > 0;
                     run--)
                    side->at[side->count++] = base->at[k++];
                break;
            }
        }
        if (i < base->count)
            side->at[side->count++] = base->at[i];
    }
}

/* Long stretches of the base, or of anything, one behind the other: dear to compare, and with
 * equal runs that are worth to be found early. */
static void shuffle(const struct kind *kind, const struct lines *base, struct lines *side)
{
    side->count = 0;
    while (side->count < kind->lines - 1000) {
        size_t run = 5 + test_below(&seed, test_below(&seed, 2) == 0 ? 40 : 900);
        bool large = kind->lines > 10000; /* in order, or it would take too many steps */
        size_t from = large ? side->count : test_below(&seed, base->count + 1);
        bool copy = test_below(&seed, large ? 12 : 2) != 0;

        for (size_t k = 0; k < run; k++)
            side->at[side->count++] =
                copy && from + k < base->count ? base->at[from + k] : new_line(kind);
    }
}

static struct bough_bytes text_of(const struct kind *kind, const struct lines *lines)
{
    size_t max = lines->count * 16 + 16;
    char *at = bough_arena_take(&arena, max);
    size_t len = 0;
    bool crlf = kind->ends && test_below(&seed, 4) == 0;

    assert_non_null(at);
    for (size_t i = 0; i < lines->count; i++) {
        uint32_t number = lines->at[i];
        const char *end = crlf ? "\r\n" : "\n";

        if (kind->ends && i + 1 == lines->count && test_below(&seed, 3) == 0)
            end = "";
        if (!kind->words_only && number % 4 == 3)
            len += (size_t)snprintf(at + len, max - len, "%.*s%s", (int)(number % 7), "}-{ + /",
                                    *end == '\0' ? "." : end);
        else
            len += (size_t)snprintf(at + len, max - len, "l%u%s", number, end);
    }
    return bough_bytes_of(at, len);
}

/* `dear_lines` of a base that is hard to compare with, or 0. */
static struct lines_merge make_case(bool words_only, size_t dear_lines)
{
    static struct lines base, side;
    struct kind kind = some_kind(words_only);
    struct lines_merge merge = {.marker_len = 7};

    if (dear_lines > 0) {
        kind.lines = dear_lines;
        kind.alphabet = 2 + (uint32_t)test_below(&seed, 16);
    }
    make_base(&kind, &base);
    merge.base = text_of(&kind, &base);
    if (dear_lines > 0)
        shuffle(&kind, &base, &side);
    else
        edit(&kind, &base, &side);
    merge.ours = text_of(&kind, &side);
    edit(&kind, &base, &side);
    merge.theirs = text_of(&kind, &side);
    merge.our_label = bough_bytes_text("ours");
    merge.base_label = bough_bytes_text("base");
    merge.their_label = bough_bytes_text("theirs");
    return merge;
}

static bool has_marker(struct bough_bytes text)
{
    for (size_t i = 0; i + 12 <= text.len; i++)
        if (memcmp(text.at + i, "<<<<<<< ours", 12) == 0)
            return true;
    return false;
}

static void expect(const struct lines_merge *merge, struct bough_bytes theirs, unsigned number)
{
    struct bough_bytes merged;
    size_t conflicts;

    enum bough_err err = lines_merge(merge, &arena, &merged, &conflicts);

    if (err == BOUGH_TOO_BIG && merge->base.len > 100000) {
        printf("case %u takes too many steps\n", number);
        return;
    }
    assert_int_equal(err, BOUGH_OK);
    if (bough_bytes_equal(merged, theirs))
        return;
    printf("case %u\n--- base\n%.*s\n--- ours\n%.*s\n--- theirs\n%.*s\n--- git\n%.*s\n"
           "--- here\n%.*s\n",
           number, (int)merge->base.len, (const char *)merge->base.at, (int)merge->ours.len,
           (const char *)merge->ours.at, (int)merge->theirs.len, (const char *)merge->theirs.at,
           (int)theirs.len, (const char *)theirs.at, (int)merged.len, (const char *)merged.at);
    fail_msg("not what git gives");
}

/* The last cases are large: paths are given up early only in more than 65,536 lines. */
static size_t dear(unsigned number)
{
    return number >= FILE_CASES - 3 ? 45000 : number % 40 == 39 ? 5000 : 0;
}

/* `git merge-file` with an option on many cases. */
static void compare_files(const char *option, bool take_both, bool with_base)
{
    static struct lines_merge cases[FILE_CASES];
    struct git_run run;
    size_t conflicts = 0;
    char name[32];

    git_run_begin(&run);
    for (unsigned i = 0; i < FILE_CASES; i++) {
        cases[i] = make_case(true, dear(i));
        cases[i].how = LINES_MYERS;
        cases[i].take_both = take_both;
        cases[i].with_base = with_base;
        snprintf(name, sizeof(name), "o%u", i);
        git_run_write(&run, name, cases[i].base);
        snprintf(name, sizeof(name), "a%u", i);
        git_run_write(&run, name, cases[i].ours);
        snprintf(name, sizeof(name), "b%u", i);
        git_run_write(&run, name, cases[i].theirs);
    }
    assert_int_equal(git_run(&run,
                             "for i in $(seq 0 %u); do git merge-file -q -p %s -L ours -L base "
                             "-L theirs a$i o$i b$i >r$i; [ $? -lt 128 ] || exit 1; done",
                             FILE_CASES - 1, option),
                     0);
    for (unsigned i = 0; i < FILE_CASES; i++) {
        struct bough_bytes merged;

        snprintf(name, sizeof(name), "r%u", i);
        merged = git_run_read(&run, name);
        expect(&cases[i], merged, i);
        conflicts += has_marker(merged);
        free((void *)(uintptr_t)merged.at);
    }
    git_run_end(&run);
    printf("%u merges, %zu with conflicts\n", FILE_CASES, conflicts);
    assert_true(take_both ? conflicts == 0 : conflicts > FILE_CASES / 10);
    assert_true(conflicts < FILE_CASES - FILE_CASES / 10);
}

static void test_lines_merge__myers_gives_what_git_merge_file_gives(void **state)
{
    (void)state;
    compare_files("", false, false);
}

static void test_lines_merge__both_sides_as_git_merge_file_union(void **state)
{
    (void)state;
    compare_files("--union", true, false);
}

static void test_lines_merge__the_base_in_conflicts_as_git_merge_file_diff3(void **state)
{
    (void)state;
    compare_files("--diff3", false, true);
}

static void import_commit(FILE *into, const char *branch, bool has_parent,
                          const struct lines_merge *cases, size_t which)
{
    fprintf(into, "commit refs/heads/%s\ncommitter A <a@b> 1 +0000\ndata 1\nx\n", branch);
    if (has_parent)
        fprintf(into, "from refs/heads/base\n");
    for (unsigned i = 0; i < TREE_CASES; i++) {
        struct bough_bytes text = which == 0   ? cases[i].base
                                  : which == 1 ? cases[i].ours
                                               : cases[i].theirs;

        fprintf(into, "M 100644 inline f%u.%s\ndata %zu\n", i, cases[i].take_both ? "u" : "t",
                text.len);
        fwrite(text.at, 1, text.len, into);
        fprintf(into, "\n");
    }
}

/* Thousands of files in one merge. */
static void test_lines_merge__histogram_gives_what_git_merges_give(void **state)
{
    static struct lines_merge cases[TREE_CASES];
    struct git_run run;
    struct bough_bytes results;
    const uint8_t *at;
    size_t conflicts = 0;
    FILE *into;

    (void)state;
    for (unsigned i = 0; i < TREE_CASES; i++) {
        cases[i] = make_case(test_below(&seed, 2) == 0, i % 100 == 99 ? 5000 : 0);
        cases[i].take_both = test_below(&seed, 3) == 0;
    }
    git_run_begin(&run);
    into = git_run_open(&run, "import", "wb");
    import_commit(into, "base", false, cases, 0);
    import_commit(into, "ours", true, cases, 1);
    import_commit(into, "theirs", true, cases, 2);
    assert_int_equal(fclose(into), 0);
    assert_int_equal(
        git_run(&run,
                "git init -q --bare r && cd r && echo '*.u merge=union' >info/attributes && "
                "git fast-import --quiet <../import && "
                "git merge-tree --write-tree --no-messages ours theirs >../out; "
                "[ $? -le 1 ] || exit 1; tree=$(head -n 1 ../out); for i in $(seq 0 %u); do "
                "if [ $i -gt %u ]; then break; fi; echo $tree:f$i.t; echo $tree:f$i.u; done | "
                "git cat-file --batch='%%(objectsize)' | cat >../results",
                TREE_CASES - 1, TREE_CASES - 1),
        0);
    results = git_run_read(&run, "results");
    at = results.at;
    for (unsigned i = 0; i < TREE_CASES; i++) {
        for (int u = 0; u < 2; u++) {
            const uint8_t *newline = memchr(at, '\n', 100);
            size_t len = strtoul((const char *)at, NULL, 10);

            assert_non_null(newline);
            at = newline + 1;
            if (cases[i].take_both != (u == 1))
                continue; /* "... missing" */
            expect(&cases[i], bough_bytes_of(at, len), i);
            conflicts += has_marker(bough_bytes_of(at, len));
            at += len + 1;
        }
    }
    assert_ptr_equal(at, results.at + results.len);
    free((void *)(uintptr_t)results.at);
    git_run_end(&run);
    printf("%u merges, %zu with conflicts\n", TREE_CASES, conflicts);
    assert_true(conflicts > TREE_CASES / 10 && conflicts < TREE_CASES - TREE_CASES / 10);
}

static void test_lines_merge__a_nul_near_the_start_is_binary(void **state)
{
    static uint8_t text[9000];
    struct lines_merge merge = {.ours = bough_bytes_of(text, sizeof(text)), .marker_len = 7};
    struct bough_bytes merged;
    size_t conflicts;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[8000] = 0;
    assert_int_equal(lines_merge(&merge, &arena, &merged, &conflicts), BOUGH_OK);
    text[7999] = 0;
    assert_int_equal(lines_merge(&merge, &arena, &merged, &conflicts), BOUGH_INVALID);
}

static void test_lines_merge__lines_at_the_limit_and_one_more(void **state)
{
    size_t len = (size_t)BOUGH_MERGE_LINES_MAX + 1;
    uint8_t *text = malloc(len);
    struct lines_merge merge = {.marker_len = 7};
    struct bough_bytes merged;
    size_t conflicts;

    (void)state;
    assert_non_null(text);
    memset(text, '\n', len);
    merge.ours = bough_bytes_of(text, len - 1);
    assert_int_equal(lines_merge(&merge, &arena, &merged, &conflicts), BOUGH_OK);
    assert_true(bough_bytes_equal(merged, merge.ours));
    merge.ours.len = len;
    assert_int_equal(lines_merge(&merge, &arena, &merged, &conflicts), BOUGH_TOO_BIG);
    free(text);
}

/* Compares two texts when all but `left` of the steps are taken. */
static enum bough_err compare(const struct bough_bytes texts[2], enum lines_how how, uint64_t left,
                              struct lines_work *work)
{
    struct lines_text split[2];
    struct lines_edit *edits;
    size_t count;

    assert_int_equal(lines_split(work, &arena, texts, 2, split), BOUGH_OK);
    assert_true(lines_split_spend(work, BOUGH_MERGE_STEPS_MAX - left));
    return lines_diff(work, how, split[0].classes, split[0].count, split[1].classes, split[1].count,
                      &edits, &count);
}

static void test_lines_merge__steps_at_the_limit_and_one_more(void **state)
{
    static char lines[2][400];
    struct bough_bytes texts[2] = {0};
    struct lines_text split;
    struct lines_work work;

    (void)state;
    assert_int_equal(lines_split(&work, &arena, texts, 1, &split), BOUGH_OK);
    assert_true(lines_split_spend(&work, BOUGH_MERGE_STEPS_MAX));
    assert_false(lines_split_spend(&work, 1));
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned i = 0; i + 1 < sizeof(lines[0]); i += 2)
            memcpy(&lines[side][i], (char[2]){(char)('a' + test_below(&seed, 3)), '\n'}, 2);
        texts[side] = bough_bytes_of((uint8_t *)lines[side], sizeof(lines[0]));
    }
    for (enum lines_how how = LINES_HISTOGRAM; how <= LINES_MYERS; how++) {
        uint64_t steps;

        assert_int_equal(compare(texts, how, BOUGH_MERGE_STEPS_MAX, &work), BOUGH_OK);
        for (steps = 0; lines_split_spend(&work, 1); steps++)
            ;
        steps = BOUGH_MERGE_STEPS_MAX - steps;
        printf("%u steps\n", (unsigned)steps);
        assert_true(steps > 400);
        assert_int_equal(compare(texts, how, steps, &work), BOUGH_OK);
        assert_int_equal(compare(texts, how, steps - 1, &work), BOUGH_TOO_BIG);
    }
}

/* Two large texts of few different lines, in no order: no diff of them is worth having. */
static void test_lines_merge__what_differs_too_much_is_given_up(void **state)
{
    size_t lines = BOUGH_MERGE_LINES_MAX - 1;
    struct lines_merge merge = {.marker_len = 7};
    struct bough_bytes merged;
    uint8_t *texts[2];
    size_t conflicts;

    (void)state;
    for (int side = 0; side < 2; side++) {
        texts[side] = malloc(2 * lines);
        assert_non_null(texts[side]);
        for (size_t i = 0; i < lines; i++) {
            texts[side][2 * i] = (uint8_t)('a' + test_below(&seed, 4));
            texts[side][2 * i + 1] = '\n';
        }
    }
    merge.base = bough_bytes_of(texts[0], 2 * lines);
    merge.ours = bough_bytes_of(texts[1], 2 * lines);
    merge.theirs = bough_bytes_of(texts[1], 2);
    assert_int_equal(lines_merge(&merge, &arena, &merged, &conflicts), BOUGH_TOO_BIG);
    free(texts[0]);
    free(texts[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines_merge__myers_gives_what_git_merge_file_gives,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_lines_merge__both_sides_as_git_merge_file_union, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            test_lines_merge__the_base_in_conflicts_as_git_merge_file_diff3, begin, end),
        cmocka_unit_test_setup_teardown(test_lines_merge__histogram_gives_what_git_merges_give,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_lines_merge__a_nul_near_the_start_is_binary, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_lines_merge__lines_at_the_limit_and_one_more, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_lines_merge__steps_at_the_limit_and_one_more, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_lines_merge__what_differs_too_much_is_given_up, begin,
                                        end),
    };

    seed = test_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
