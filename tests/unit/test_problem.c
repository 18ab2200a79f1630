/* SPDX-License-Identifier: ISC
 *
 * test_problem.c - every problem has its words, and docs/api.md lists it.
 *
 * Proves it by looking for each row of the table in the page, in the row of its status.
 */
#include "http_out.h"
#include "problem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char page[65536];

/* The page stands in the same checkout as this file. */
static int read_page(void **state)
{
    static const char here[] = __FILE__;
    const char *end = strstr(here, "tests/unit/test_problem.c");
    char path[4096];
    FILE *file;

    (void)state;
    if (end == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%.*sdocs/api.md", (int)(end - here), here);
    file = fopen(path, "r");
    if (file == NULL)
        return -1;
    page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
    return fclose(file);
}

static void test_problem__the_page_lists_every_code_at_its_status(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROBLEM_KIND_COUNT; i++) {
        const struct problem *problem = problem_of((enum problem_kind)i);
        char row[32];
        char code[64];
        const char *line;
        const char *found;

        (void)snprintf(row, sizeof(row), "\n| %u | ", problem->status);
        (void)snprintf(code, sizeof(code), "`%s`", problem->code);
        line = strstr(page, row);
        found = line == NULL ? NULL : strstr(line, code);
        if (found == NULL || found > strchr(line + 1, '\n'))
            fail_msg("%u %s", problem->status, problem->code);
    }
}

static void test_problem__codes_differ_and_statuses_have_reasons(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROBLEM_KIND_COUNT; i++) {
        const struct problem *problem = problem_of((enum problem_kind)i);

        assert_string_not_equal(http_out_reason(problem->status), "Unknown");
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(problem->code, problem_of((enum problem_kind)k)->code);
    }
}

static void test_problem__every_error_becomes_a_refusal(void **state)
{
    (void)state;
    for (unsigned err = BOUGH_OK + 1; err < BOUGH_ERR_COUNT; err++)
        assert_true(problem_of(problem_of_err((enum bough_err)err))->status >= 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problem__the_page_lists_every_code_at_its_status),
        cmocka_unit_test(test_problem__codes_differ_and_statuses_have_reasons),
        cmocka_unit_test(test_problem__every_error_becomes_a_refusal),
    };

    return cmocka_run_group_tests(tests, read_page, NULL);
}
