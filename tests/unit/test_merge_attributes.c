/* SPDX-License-Identifier: ISC
 *
 * test_merge_attributes.c - `.gitattributes` files say what git takes them to say.
 *
 * Proves it with random files in several directories, and random paths, that are given to this
 * library and to `git check-attr`: patterns with all that is special in them, well-formed and not,
 * quoted ones, macros, comments.  Then with the limits, and with patterns that take exponential
 * time where every way to match is tried.
 */
#include "bough/limits.h"
#include "bough/merge_attributes.h"
#include "git_run.h"
#include "host_env.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROUNDS          80u
#define PATHS_PER_ROUND 250u
#define FILES           4u

static uint64_t seed;

static const char *const folders[FILES] = {"", "a", "a/b", "b.c"};

/* What read() answers from. */
struct tree {
    char texts[FILES][8192];
    size_t reads;
    enum bough_err err;
};

static enum bough_err read_tree(void *context, struct bough_bytes directory,
                                struct bough_arena *arena, struct bough_bytes *text)
{
    struct tree *tree = context;

    (void)arena;
    tree->reads++;
    if (tree->err != BOUGH_OK)
        return tree->err;
    for (size_t i = 0; i < FILES; i++)
        if (bough_bytes_equal(directory, bough_bytes_text(folders[i])))
            *text = bough_bytes_text(tree->texts[i]);
    return BOUGH_OK;
}

static void open_tree(struct bough_merge_attributes *attributes, struct tree *tree)
{
    const struct bough_merge_attributes_source source = {.read = read_tree, .context = tree};

    bough_merge_attributes_init(attributes, &source, host_env()->heap, 1u << 24);
}

static const char *one_of(const char *const *list)
{
    size_t count = 0;

    while (list[count] != NULL)
        count++;
    return list[test_below(&seed, count)];
}

static void add(char *text, size_t max, const char *piece)
{
    size_t len = strlen(text);

    if (len + strlen(piece) + 1 < max)
        memcpy(text + len, piece, strlen(piece) + 1);
}

/* A pattern; sometimes one that no document describes. */
static void add_pattern(char *text, size_t max)
{
    static const char *const usual[] = {"a",   "b",    "c",    "ab",  "b.c", "a.c", "/",
                                        "/",   "*",    "*",    "**",  "?",   ".",   "**/",
                                        "/**", "[ab]", "[!a]", "*.c", NULL};
    static const char *const odd[] = {
        "[a-c]",      "[^b-]",   "[]a]",  "[[:alpha:]]",          "\\*", "\\a",     "[a-", "***",
        "[[:nope:]]", "\\",      "[\\]]", "[[:digit:][:punct:]]", "[!",  "[a\\-c]", "!",   "-",
        "[[:a]",      "[b-\\c]", "//",    "[[:space:]]",          "\\/", "#",       "=",   NULL};
    size_t pieces = 1 + test_below(&seed, 5);
    bool quoted = test_below(&seed, 6) == 0;
    bool is_odd = test_below(&seed, 3) == 0;

    add(text, max, quoted ? "\"" : "");
    for (size_t i = 0; i < pieces; i++)
        add(text, max, one_of(is_odd && test_below(&seed, 2) == 0 ? odd : usual));
    if (quoted) {
        static const char *const escapes[] = {"",    "\\141", "\\\"", " ",     "\\t", "\\\\",
                                              "\\q", "x",     "\\40", "\\057", NULL};

        add(text, max, one_of(escapes));
        add(text, max, test_below(&seed, 10) == 0 ? "" : "\"");
    }
}

static void add_line(char *text, size_t max)
{
    static const char *const states[] = {
        "merge",    "-merge",  "!merge",    "merge=counter", "merge=json", "merge=x=y",
        "merge=",   "binary",  "-binary",   "mine",          "!mine",      "yours",
        "diff",     "-text",   "foo=bar",   "-merge=odd",    "eol=lf",     "mergeable",
        "mine=yes", "merge.x", "merge=lww", "merge=text",    "-yours",     NULL};
    static const char *const bad[] = {"--merge", "mer$ge", "=x", "-", "!", "m\\erge", NULL};
    static const char *const blanks[] = {" ", " ", "\t", "  ", " \r", NULL};
    static const char *const macros[] = {"[attr]mine",     "[attr]yours",  "[attr]mine",
                                         "[attr]text",     "[attr]",       "[attr]-x",
                                         "\"[attr]mine\"", "[attr]binary", NULL};
    size_t count = test_below(&seed, 4);

    if (test_below(&seed, 12) == 0) {
        add(text, max,
            one_of((const char *const[]){"# merge", "", " ", "\t#x", "  a merge", NULL}));
        add(text, max, "\n");
        return;
    }
    if (test_below(&seed, 8) == 0)
        add(text, max, one_of(macros));
    else
        add_pattern(text, max);
    for (size_t i = 0; i < count; i++) {
        add(text, max, one_of(blanks));
        add(text, max, one_of(test_below(&seed, 25) == 0 ? bad : states));
    }
    add(text, max, test_below(&seed, 10) == 0 ? " \r\n" : "\n");
}

static void make_path(char *path, size_t max)
{
    static const char *const steps[] = {"a",   "b",   "c",  "ab",  "b.c", "a.c", "x",
                                        "abc", "a b", "-",  "a\\", "[a]", "A",   "1",
                                        "*",   "!",   "\t", "#",   NULL};
    size_t count = 1 + test_below(&seed, 4);

    path[0] = '\0';
    if (test_below(&seed, 2) == 0)
        add(path, max, one_of((const char *const[]){"a/", "a/b/", "b.c/", NULL}));
    for (size_t i = 0; i < count; i++) {
        add(path, max, i > 0 ? "/" : "");
        add(path, max, one_of(steps));
    }
}

/* What git says, in our words. */
static const char *in_our_words(const char *state)
{
    static const char *const words[][2] = {
        {"unspecified", "default"}, {"set", "text"}, {"unset", "binary"}};

    for (size_t i = 0; i < 3; i++)
        if (strcmp(state, words[i][0]) == 0)
            return words[i][1];
    return state;
}

static size_t round_of(const struct git_run *run)
{
    static char paths[PATHS_PER_ROUND][256];
    static struct tree tree;
    struct bough_merge_attributes attributes;
    struct bough_bytes answer;
    const char *at;
    size_t special = 0;
    FILE *list = git_run_open(run, "paths", "wb");

    memset(&tree, 0, sizeof(tree));
    assert_int_equal(git_run(run, "mkdir -p r/a/b r/b.c && rm -f r/.g*s r/*/.g*s r/*/*/.g*s"), 0);
    for (size_t i = 0; i < FILES; i++) {
        char name[64];

        if (i > 0 && test_below(&seed, 3) == 0)
            continue;
        for (uint64_t lines = test_below(&seed, 9); lines > 0; lines--)
            add_line(tree.texts[i], sizeof(tree.texts[i]));
        snprintf(name, sizeof(name), "r/%s/.gitattributes", folders[i]);
        git_run_write(run, name, bough_bytes_text(tree.texts[i]));
    }
    for (size_t i = 0; i < PATHS_PER_ROUND; i++) {
        make_path(paths[i], sizeof(paths[i]));
        fwrite(paths[i], 1, strlen(paths[i]) + 1, list);
    }
    fclose(list);
    assert_int_equal(
        git_run(run, "cd r && git check-attr -z --stdin merge <../paths >../answer 2>../errors"),
        0);
    answer = git_run_read(run, "answer");
    at = (const char *)answer.at;
    open_tree(&attributes, &tree);
    for (size_t i = 0; i < PATHS_PER_ROUND; i++) {
        struct bough_bytes policy;
        const char *git;

        assert_string_equal(at, paths[i]);
        at += strlen(at) + 1;
        at += strlen(at) + 1; /* "merge" */
        git = in_our_words(at);
        at += strlen(at) + 1;
        assert_int_equal(
            bough_merge_attributes_find(&attributes, bough_bytes_text(paths[i]), &policy),
            BOUGH_OK);
        if (!bough_bytes_equal(policy, bough_bytes_text(git))) {
            for (size_t k = 0; k < FILES; k++)
                printf("--- %s/.gitattributes\n%s\n", folders[k], tree.texts[k]);
            fail_msg("%s: git says %s, here is %.*s", paths[i], git, (int)policy.len,
                     (const char *)policy.at);
        }
        special += strcmp(git, "default") != 0;
    }
    bough_merge_attributes_release(&attributes);
    free((void *)(uintptr_t)answer.at);
    return special;
}

static void test_merge_attributes__files_say_what_git_check_attr_says(void **state)
{
    struct git_run run;
    size_t special = 0;
    size_t before = host_env()->heap->taken_bytes;

    (void)state;
    git_run_begin(&run);
    assert_int_equal(git_run(&run, "git init -q r"), 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        special += round_of(&run);
    git_run_end(&run);
    printf("%u paths, %zu with a policy\n", ROUNDS * PATHS_PER_ROUND, special);
    assert_true(special > ROUNDS * PATHS_PER_ROUND / 20);
    assert_int_equal(host_env()->heap->taken_bytes, before);
}

static void expect(struct tree *tree, const char *path, const char *wanted)
{
    struct bough_merge_attributes attributes;
    const struct bough_merge_policy *found;
    struct bough_bytes policy;

    open_tree(&attributes, tree);
    assert_int_equal(bough_merge_attributes_find(&attributes, bough_bytes_text(path), &policy),
                     BOUGH_OK);
    assert_true(bough_bytes_equal(policy, bough_bytes_text(wanted)));
    assert_int_equal(bough_merge_attributes_policy(&attributes, bough_bytes_text(path), &found),
                     BOUGH_OK);
    assert_ptr_equal(found, bough_merge_policy_find(policy));
    bough_merge_attributes_release(&attributes);
}

/* The policy of a path in one file. */
static const char *policy_in(struct tree *tree, const char *path)
{
    static char name[64];
    struct bough_merge_attributes attributes;
    struct bough_bytes policy;

    open_tree(&attributes, tree);
    assert_int_equal(bough_merge_attributes_find(&attributes, bough_bytes_text(path), &policy),
                     BOUGH_OK);
    snprintf(name, sizeof(name), "%.*s", (int)policy.len, (const char *)policy.at);
    bough_merge_attributes_release(&attributes);
    return name;
}

/* Each pattern in a file of its own, with all paths below it. */
static void test_merge_attributes__odd_patterns_match_what_git_lets_them_match(void **state)
{
    static const char *const patterns[] = {"a/b**",
                                           "/a[!x]b",
                                           "!a",
                                           "a**",
                                           "a/**/c",
                                           "**/c",
                                           "a/**",
                                           "/**/c",
                                           "**",
                                           "*",
                                           "/*",
                                           "a/*/c",
                                           "a*/c",
                                           "*/",
                                           "a/b/",
                                           "[a/b]c",
                                           "/[a-c]/b",
                                           "a/b/**/*",
                                           "***/c",
                                           "a?b",
                                           "/a?b",
                                           "\\!a",
                                           "a\\/b",
                                           "/",
                                           "//a",
                                           "a//b",
                                           "**b/c",
                                           "a/**b",
                                           "[[:punct:]]a",
                                           "/a/[^b]",
                                           "a/[[:alpha:]-z]",
                                           "[a-",
                                           "[]-a]",
                                           "a/*b*/**",
                                           "\"a/b\""};
    static const char *const paths[] = {"a",      "b",   "c",       "a/b",   "a/c", "a/b/c",
                                        "!a",     "axb", "a/b/c/c", "ab/c",  "b/c", "a/bb",
                                        "a/bx/y", "-a",  "]a",      "a/x/c", "x/a", "x/b/c",
                                        "a/!",    "a/-", "]",       "-",     "ac",  "a/xbx/c"};
    const size_t pattern_count = sizeof(patterns) / sizeof(patterns[0]);
    const size_t path_count = sizeof(paths) / sizeof(paths[0]);
    struct git_run run;
    struct bough_bytes answer;
    const char *at;
    size_t matched = 0;
    FILE *list;

    (void)state;
    git_run_begin(&run);
    list = git_run_open(&run, "paths", "wb");
    assert_int_equal(git_run(&run, "git init -q r"), 0);
    for (size_t i = 0; i < pattern_count; i++) {
        char name[64], text[128];

        assert_int_equal(git_run(&run, "mkdir r/d%zu", i), 0);
        snprintf(name, sizeof(name), "r/d%zu/.gitattributes", i);
        snprintf(text, sizeof(text), "%s merge=yes\n", patterns[i]);
        git_run_write(&run, name, bough_bytes_text(text));
        for (size_t k = 0; k < path_count; k++)
            fprintf(list, "d%zu/%s%c", i, paths[k], 0);
    }
    fclose(list);
    assert_int_equal(git_run(&run, "cd r && git check-attr -z --stdin merge <../paths "
                                   ">../answer 2>../errors"),
                     0);
    answer = git_run_read(&run, "answer");
    at = (const char *)answer.at;
    for (size_t i = 0; i < pattern_count; i++) {
        static struct tree tree;

        snprintf(tree.texts[0], sizeof(tree.texts[0]), "%s merge=yes\n", patterns[i]);
        for (size_t k = 0; k < path_count; k++) {
            at += strlen(at) + 1;
            at += strlen(at) + 1; /* "merge" */
            if (strcmp(in_our_words(at), policy_in(&tree, paths[k])) != 0)
                fail_msg("%s and %s: git says %s", patterns[i], paths[k], at);
            matched += strcmp(at, "yes") == 0;
            at += strlen(at) + 1;
        }
    }
    free((void *)(uintptr_t)answer.at);
    git_run_end(&run);
    assert_true(matched > 100);
}

static void test_merge_attributes__negation_directories_and_nesting_work(void **state)
{
    static struct tree tree = {
        .texts = {"counters/* merge=counter\n*.json merge=json\nlogs/** merge=log\n"
                  "*.bin binary\nCHANGES merge=union\n/a/*.md merge\n",
                  "*.json -merge\n", "x.json !merge\ny.json merge=set\n", ""}};

    (void)state;
    expect(&tree, "counters/hits", "counter");
    expect(&tree, "counters/deep/hits", "default");
    expect(&tree, "x.json", "json");
    expect(&tree, "q/x.json", "json");
    expect(&tree, "a/x.json", "binary");
    expect(&tree, "a/b/x.json", "default");
    expect(&tree, "a/b/y.json", "set");
    expect(&tree, "a/b/c/y.json", "set");
    expect(&tree, "logs/2026/11/20", "log");
    expect(&tree, "image.bin", "binary");
    expect(&tree, "a/CHANGES", "union");
    expect(&tree, "a/x.md", "text");
    expect(&tree, "b/x.md", "default");
}

static void test_merge_attributes__a_directory_is_read_once_in_the_order_of_a_tree(void **state)
{
    static struct tree tree = {.texts = {"* merge=set\n"}};
    static const char *const paths[] = {"a/1", "a/b/1", "a/b/2", "a/b/c/d/3",
                                        "a/c", "b",     "c/x/1", "c/x/2"};
    struct bough_merge_attributes attributes;
    struct bough_bytes policy;

    (void)state;
    open_tree(&attributes, &tree);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_int_equal(
            bough_merge_attributes_find(&attributes, bough_bytes_text(paths[i]), &policy),
            BOUGH_OK);
    assert_int_equal(tree.reads, 7); /* top, a, a/b, a/b/c, a/b/c/d, c, c/x */
    bough_merge_attributes_release(&attributes);
}

static void test_merge_attributes__an_error_is_passed_on_and_can_be_got_over(void **state)
{
    static struct tree tree = {.texts = {"", "* merge=set\n"}};
    struct bough_merge_attributes attributes;
    struct bough_bytes policy;

    (void)state;
    open_tree(&attributes, &tree);
    tree.err = BOUGH_CORRUPT;
    for (int i = 0; i < 3; i++)
        assert_int_equal(bough_merge_attributes_find(&attributes, bough_bytes_text("a/x"), &policy),
                         BOUGH_CORRUPT);
    tree.err = BOUGH_OK;
    assert_int_equal(bough_merge_attributes_find(&attributes, bough_bytes_text("a/x"), &policy),
                     BOUGH_OK);
    assert_true(bough_bytes_equal(policy, bough_bytes_text("set")));
    bough_merge_attributes_release(&attributes);
}

/* A file of any size: one rule over and over. */
struct big {
    char *text;
    size_t len;
};

static enum bough_err read_big(void *context, struct bough_bytes directory,
                               struct bough_arena *arena, struct bough_bytes *text)
{
    const struct big *big = context;

    (void)arena;
    if (directory.len == 0)
        *text = bough_bytes_of(big->text, big->len);
    return BOUGH_OK;
}

static enum bough_err find_in(char *text, size_t len, const char *path)
{
    struct big big = {text, len};
    const struct bough_merge_attributes_source source = {.read = read_big, .context = &big};
    struct bough_merge_attributes attributes;
    struct bough_bytes policy;
    enum bough_err err;

    bough_merge_attributes_init(&attributes, &source, host_env()->heap, 1u << 24);
    err = bough_merge_attributes_find(&attributes, bough_bytes_text(path), &policy);
    bough_merge_attributes_release(&attributes);
    return err;
}

static void test_merge_attributes__limits_hold_and_one_more_is_too_big(void **state)
{
    static char text[BOUGH_ATTRIBUTES_BYTES_MAX + 1];
    static char path[2 * BOUGH_PATH_STEPS_MAX + 8];
    size_t len = 0;

    (void)state;
    memset(text, '\n', sizeof(text));
    assert_int_equal(find_in(text, sizeof(text) - 1, "x"), BOUGH_OK);
    assert_int_equal(find_in(text, sizeof(text), "x"), BOUGH_TOO_BIG);
    for (unsigned i = 0; i <= BOUGH_ATTRIBUTES_MACROS_MAX; i++) {
        if (i == BOUGH_ATTRIBUTES_MACROS_MAX)
            assert_int_equal(find_in(text, len, "x"), BOUGH_OK);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "[attr]m%u -m%u\n", i, i + 1);
    }
    assert_int_equal(find_in(text, len, "x"), BOUGH_TOO_BIG);
    for (unsigned i = 0; i < BOUGH_PATH_STEPS_MAX; i++) {
        memcpy(path + 2 * i, "d/", 2);
        path[2 * i + 2] = '\0';
    }
    path[2 * BOUGH_PATH_STEPS_MAX] = 'x';
    assert_int_equal(find_in(text, 0, path), BOUGH_OK);
    memcpy(path + 2 * BOUGH_PATH_STEPS_MAX, "d/x", 4);
    assert_int_equal(find_in(text, 0, path), BOUGH_TOO_BIG);
}

/* Stars are followed to the path's end: each byte, and the end, takes a step for each byte of the
 * pattern, and its end. */
static void test_merge_attributes__patterns_may_take_so_many_steps(void **state)
{
    enum { PATTERN = 1024, PATH = 1024, LINES = BOUGH_ATTRIBUTES_STEPS_MAX / (PATTERN * PATH) };
    static char text[LINES * (PATTERN + 16) + 16];
    static char path[PATH];
    char line[PATTERN];
    size_t len = 0;

    (void)state;
    assert_int_equal(LINES * PATTERN * PATH, BOUGH_ATTRIBUTES_STEPS_MAX);
    memset(path, 'a', PATH - 1);
    memset(line, 'a', PATTERN - 1);
    line[0] = '*';
    line[PATTERN - 2] = 'b';
    line[PATTERN - 1] = '\0';
    for (unsigned i = 0; i < LINES; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s merge=set\n", line);
    assert_int_equal(find_in(text, len, path), BOUGH_OK);
    len += (size_t)snprintf(text + len, sizeof(text) - len, "? merge=set\n");
    assert_int_equal(find_in(text, len, path), BOUGH_TOO_BIG);
}

/* A longer line is passed over, as by git. */
static void test_merge_attributes__a_line_may_be_long_but_not_longer(void **state)
{
    static struct tree tree;
    char line[BOUGH_ATTRIBUTES_LINE_MAX + 2] = "x merge=set";

    (void)state;
    for (size_t len = BOUGH_ATTRIBUTES_LINE_MAX - 1; len <= BOUGH_ATTRIBUTES_LINE_MAX; len++) {
        memset(line + strlen("x merge=set"), ' ', len - strlen("x merge=set"));
        line[len] = '\n';
        line[len + 1] = '\0';
        tree.texts[0][0] = '\0';
        add(tree.texts[0], sizeof(tree.texts[0]), line);
        expect(&tree, "x", len < BOUGH_ATTRIBUTES_LINE_MAX ? "set" : "default");
    }
}

/* A macro for each but the last stands for the next one: the deepest recursion there is. */
static void test_merge_attributes__macros_lead_to_macros(void **state)
{
    static struct tree tree;

    (void)state;
    for (unsigned i = 0; i + 1 < BOUGH_ATTRIBUTES_MACROS_MAX; i++) {
        char line[64];

        snprintf(line, sizeof(line), "[attr]m%u m%u m0\n", i, i + 1);
        add(tree.texts[0], sizeof(tree.texts[0]), line);
    }
    add(tree.texts[0], sizeof(tree.texts[0]), "[attr]m63 merge=log\nx m0\ny m62\nz m0 !m30\n");
    expect(&tree, "x", "log");
    expect(&tree, "y", "log");
    expect(&tree, "z", "default");
}

static void test_merge_attributes__absurd_patterns_take_bounded_time(void **state)
{
    static char text[BOUGH_ATTRIBUTES_BYTES_MAX];
    static char path[1000];
    size_t len = 0;

    (void)state;
    memset(path, 'a', sizeof(path) - 1);
    while (len < 500)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "*a");
    len += (size_t)snprintf(text + len, sizeof(text) - len, "b merge=set\n");
    assert_int_equal(find_in(text, len, path), BOUGH_OK);
    for (size_t line = len; len + line < sizeof(text); len += line)
        memcpy(text + len, text, line);
    assert_int_equal(find_in(text, len, path), BOUGH_TOO_BIG);
    assert_int_equal(find_in(text, len, "short"), BOUGH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_attributes__files_say_what_git_check_attr_says),
        cmocka_unit_test(test_merge_attributes__odd_patterns_match_what_git_lets_them_match),
        cmocka_unit_test(test_merge_attributes__negation_directories_and_nesting_work),
        cmocka_unit_test(test_merge_attributes__a_directory_is_read_once_in_the_order_of_a_tree),
        cmocka_unit_test(test_merge_attributes__an_error_is_passed_on_and_can_be_got_over),
        cmocka_unit_test(test_merge_attributes__limits_hold_and_one_more_is_too_big),
        cmocka_unit_test(test_merge_attributes__patterns_may_take_so_many_steps),
        cmocka_unit_test(test_merge_attributes__a_line_may_be_long_but_not_longer),
        cmocka_unit_test(test_merge_attributes__macros_lead_to_macros),
        cmocka_unit_test(test_merge_attributes__absurd_patterns_take_bounded_time),
    };

    seed = test_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
