/* SPDX-License-Identifier: ISC
 *
 * test_api_merge_base.c - where histories meet, over HTTP.
 *
 * Proves it on histories whose shape is known, a criss-cross among them, from both sides.
 */
#include "api_setup.h"
#include "hash.h"

/* Puts a value and gives the commit. */
static void put(const char *branch, const char *key, char hex[80])
{
    char target[128];

    (void)snprintf(target, sizeof(target), "/v1/b/%s/k/%s", branch, key);
    host_service_keep(hex, 80, api_ask("PUT", target, "1"), "Bough-Commit");
}

static void test_api_merge_base__both_sides_are_counted_from_where_they_met(void **state)
{
    char base[80];
    char other[80];
    char bases[128];
    const char *got;

    (void)state;
    put("main", "a", other);
    put("main", "b", base);
    assert_int_equal(host_service_status(api_ask("PUT", "/v1/branches/dev", NULL)), 201);
    put("main", "c", other);
    put("dev", "d", other);
    put("dev", "e", other);
    got = api_ask("GET", "/v1/merge-base?a=main&b=dev", NULL);
    assert_int_equal(host_service_status(got), 200);
    (void)snprintf(bases, sizeof(bases), "\"bases\":[\"%s\"],\"base_count\":1", base);
    assert_non_null(strstr(got, bases));
    assert_non_null(strstr(got, "\"ahead\":1,\"behind\":2,\"is_ancestor\":false"));
    got = api_ask("GET", "/v1/merge-base?a=dev&b=main", NULL);
    assert_non_null(strstr(got, bases));
    assert_non_null(strstr(got, "\"ahead\":2,\"behind\":1,\"is_ancestor\":false"));
    got = api_ask("GET", "/v1/merge-base?a=dev~2&b=dev", NULL);
    assert_non_null(strstr(got, bases));
    assert_non_null(strstr(got, "\"ahead\":0,\"behind\":2,\"is_ancestor\":true"));
}

static void test_api_merge_base__a_criss_cross_has_two(void **state)
{
    char one[80];
    char two[80];
    const char *got;

    (void)state;
    put("main", "a", one);
    assert_int_equal(host_service_status(api_ask("PUT", "/v1/branches/dev", NULL)), 201);
    put("main", "b", one);
    put("dev", "c", two);
    assert_int_equal(host_service_status(api_ask("POST", "/v1/b/main/merge", "{\"from\":\"dev\"}")),
                     200);
    assert_int_equal(
        host_service_status(api_ask("POST", "/v1/b/dev/merge", "{\"from\":\"main~1\"}")), 200);
    got = api_ask("GET", "/v1/merge-base?a=main&b=dev", NULL);
    assert_non_null(strstr(got, "\"base_count\":2"));
    assert_non_null(strstr(strstr(got, "\"bases\""), one));
    assert_non_null(strstr(strstr(got, "\"bases\""), two));
}

static void test_api_merge_base__what_names_no_commit_is_refused(void **state)
{
    char one[80];

    (void)state;
    assert_int_equal(host_service_status(api_ask("GET", "/v1/merge-base?a=main&b=main", NULL)),
                     404);
    put("main", "a", one);
    assert_int_equal(host_service_status(api_ask("GET", "/v1/merge-base?a=main&b=main", NULL)),
                     200);
    assert_int_equal(host_service_status(api_ask("GET", "/v1/merge-base?a=main", NULL)), 422);
    assert_int_equal(host_service_status(api_ask("GET", "/v1/merge-base?a=main&b=", NULL)), 400);
    assert_int_equal(host_service_status(api_ask("GET", "/v1/merge-base?a=main&b=none", NULL)),
                     404);
    assert_int_equal(host_service_status(api_ask("GET", "/v1/merge-base?a=main&c=main", NULL)),
                     400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_begin, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_api_merge_base__both_sides_are_counted_from_where_they_met),
        TEST(test_api_merge_base__a_criss_cross_has_two),
        TEST(test_api_merge_base__what_names_no_commit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
