/* SPDX-License-Identifier: ISC
 *
 * test_api_protection.c - rules over HTTP, and the requests that they forbid.
 */
#include "api_setup.h"

static const char rules[] = "{\"rules\":[{\"branch\":\"main\",\"delete\":true},"
                            "{\"branch\":\"ci/*\",\"force\":true,\"delete\":false}]}";

static void test_api_protection__a_protected_branch_loses_nothing(void **state)
{
    (void)state;
    assert_int_equal(api_status("PUT", "/v1/b/main/k/a", "1"), 201);
    assert_int_equal(api_status("PUT", "/v1/branches/old", "{}"), 201);
    assert_int_equal(api_status("PUT", "/v1/branches/ci%2F1", "{}"), 201);
    assert_int_equal(api_status("PUT", "/v1/b/main/k/a", "2"), 200);
    assert_int_equal(api_status("PUT", "/v1/b/ci%2F1/k/b", "3"), 201);
    assert_int_equal(api_status("PUT", "/v1/protection", rules), 204);
    assert_int_equal(api_status("PATCH", "/v1/branches/main", "{\"to\":\"old\",\"force\":true}"),
                     403);
    assert_int_equal(api_status("POST", "/v1/b/main/reset", "{\"to\":\"old\"}"), 403);
    assert_int_equal(api_status("POST", "/v1/b/main/rebase", "{\"onto\":\"ci/1\"}"), 403);
    assert_int_equal(api_status("DELETE", "/v1/branches/ci%2F1", ""), 403);
    assert_int_equal(api_status("PUT", "/v1/b/main/k/a", "4"), 200);
    assert_int_equal(api_status("PATCH", "/v1/branches/ci%2F1", "{\"to\":\"old\",\"force\":true}"),
                     200);
    assert_int_equal(api_status("DELETE", "/v1/branches/old", ""), 204);
    assert_non_null(strstr(api_ask("GET", "/v1/b/main/k/a", ""), "\r\n\r\n4"));
}

static void test_api_protection__rules_come_back_as_they_were_put(void **state)
{
    (void)state;
    assert_non_null(strstr(api_ask("GET", "/v1/protection", ""), "{\"rules\":[]}"));
    assert_int_equal(api_status("PUT", "/v1/protection", rules), 204);
    assert_non_null(strstr(api_ask("GET", "/v1/protection", ""),
                           "{\"rules\":[{\"branch\":\"main\",\"force\":false,\"delete\":true},"
                           "{\"branch\":\"ci/*\",\"force\":true,\"delete\":false}]}"));
    assert_int_equal(api_status("PUT", "/v1/protection", "{\"rules\":[]}"), 204);
    assert_non_null(strstr(api_ask("GET", "/v1/protection", ""), "{\"rules\":[]}"));
}

static void test_api_protection__what_is_no_rule_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"rules\":{}}",
        "{\"rules\":[1]}",
        "{\"rules\":[{}]}",
        "{\"rules\":[{\"branch\":\"\"}]}",
        "{\"rules\":[{\"branch\":\"x\",\"force\":1}]}",
        "{\"rules\":[{\"branch\":\"x\",\"delete\":null}]}",
        "{\"rules\":[{\"branch\":\"x\",\"push\":true}]}",
        "{\"rules\":[],\"more\":1}",
    };
    static char many[8000] = "{\"rules\":[";

    (void)state;
    assert_int_equal(api_status("PUT", "/v1/protection", rules), 204);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(api_status("PUT", "/v1/protection", bad[i]), 422);
    for (unsigned i = 0; i <= BOUGH_PROTECTION_MAX; i++)
        strcat(many, i == 0 ? "{\"branch\":\"x\"}" : ",{\"branch\":\"x\"}");
    strcat(many, "]}");
    assert_int_equal(api_status("PUT", "/v1/protection", many), 422);
    assert_non_null(strstr(api_ask("GET", "/v1/protection", ""), "\"ci/*\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_api_protection__a_protected_branch_loses_nothing,
                                        api_begin, api_end),
        cmocka_unit_test_setup_teardown(test_api_protection__rules_come_back_as_they_were_put,
                                        api_begin, api_end),
        cmocka_unit_test_setup_teardown(test_api_protection__what_is_no_rule_changes_nothing,
                                        api_begin, api_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
