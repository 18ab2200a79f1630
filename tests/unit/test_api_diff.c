/* SPDX-License-Identifier: ISC
 *
 * test_api_diff.c - what differs between two revisions, over HTTP.
 *
 * Proves it by reading all pages, of every size, and comparing them with what was written.
 */
#include "api_setup.h"
#include "hash.h"

static const char *get(const char *target, const char *fields)
{
    return host_service_ask(&host, "GET", target, fields, NULL);
}

static void txn(const char *body)
{
    assert_int_equal(
        host_service_status(host_service_ask(&host, "POST", "/v1/b/main/txn", "", body)), 200);
}

static void test_api_diff__every_kind_of_change_is_told_apart(void **state)
{
    const char *got;

    (void)state;
    txn("{\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"1\"},"
        "{\"op\":\"put\",\"key\":\"b\",\"value\":\"1\"},"
        "{\"op\":\"put\",\"key\":\"m\",\"value\":\"1\"},"
        "{\"op\":\"put\",\"key\":\"s\",\"value\":\"same\"}]}");
    txn("{\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"22\"},"
        "{\"op\":\"delete\",\"key\":\"b\"},"
        "{\"op\":\"put\",\"key_encoded\":\"c%FF\",\"value\":\"3\"},"
        "{\"op\":\"put\",\"key\":\"m\",\"value\":\"1\",\"mode\":\"100755\"}]}");
    got = get("/v1/diff?from=main~1&to=main", "");
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(
        strstr(got, "\"changes\":[{\"key\":\"a\",\"change\":\"modified\",\"old\":{\"etag\":\""));
    assert_non_null(strstr(got, "{\"key\":\"b\",\"change\":\"removed\",\"old\":{\"etag\":\""));
    assert_non_null(
        strstr(got, "{\"key_encoded\":\"c%FF\",\"change\":\"added\",\"old\":null,\"new\":{"));
    assert_non_null(strstr(got, "\"size\":1,\"mode\":\"100755\"}}"));
    assert_null(strstr(got, "\"key\":\"s\""));
    assert_non_null(strstr(got, "\"next\":null"));
    got = get("/v1/diff?from=main~1&to=main&stat", "");
    assert_non_null(strstr(got, "\"added\":1,\"removed\":1,\"modified\":2,\"old_bytes\":3,"
                                "\"new_bytes\":4,\"truncated\":false"));
    got = get("/v1/diff?from=main&to=main", "");
    assert_non_null(strstr(got, "\"changes\":[],\"next\":null"));
    got = get("/v1/diff?from=main~1&to=main", "Accept: application/x-ndjson\r\n");
    assert_string_equal(host_service_field(got, "Content-Type"), "application/x-ndjson");
    assert_memory_equal(host_service_body(got), "{\"key\":\"a\",", 11);
    assert_non_null(strstr(got, "}\n{\"key\":\"b\","));
}

static void test_api_diff__pages_of_any_size_fit_together(void **state)
{
    char body[16384] = "{\"ops\":[";

    (void)state;
    txn("{\"ops\":[{\"op\":\"put\",\"key\":\"x\",\"value\":\"1\"}]}");
    for (unsigned i = 0; i < 60; i++)
        (void)snprintf(body + strlen(body), 80,
                       "%s{\"op\":\"put\",\"key\":\"%s/k%02u\",\"value\":\"1\"}", i > 0 ? "," : "",
                       i < 30 ? "d" : "e", i);
    strcat(body, "]}");
    txn(body);
    for (unsigned limit = 1; limit < 70; limit += 11) {
        char target[512];
        unsigned met = 0;

        (void)snprintf(target, sizeof(target), "/v1/diff?from=main~1&to=main&limit=%u", limit);
        while (target[0] != '\0') {
            const char *got = get(target, "");
            const char *link;

            assert_int_equal(host_service_status(got), 200);
            for (const char *at = got; (at = strstr(at, "{\"key\":\"")) != NULL; at++) {
                unsigned number;

                assert_int_equal(sscanf(at + 10, "k%u", &number), 1);
                assert_int_equal(number, met++);
            }
            link = host_service_field(got, "Link");
            target[0] = '\0';
            if (link[0] != '\0')
                assert_int_equal(sscanf(link, "<%511[^>]>", target), 1);
        }
        assert_int_equal(met, 60);
    }
    assert_non_null(
        strstr(get("/v1/diff?from=main~1&to=main&prefix=e/k3&stat=1", ""), "\"added\":10,"));
    assert_non_null(strstr(get("/v1/diff?from=main~1&to=main&after=e/k57", ""),
                           "\"changes\":[{\"key\":\"e/k58\""));
}

static void test_api_diff__wrong_requests_are_refused(void **state)
{
    (void)state;
    assert_non_null(strstr(get("/v1/diff?from=main&to=main", ""), "\"from\":null"));
    assert_int_equal(host_service_status(get("/v1/diff?from=main", "")), 400);
    assert_int_equal(host_service_status(get("/v1/diff?from=main&to=none", "")), 404);
    assert_int_equal(host_service_status(get("/v1/diff?from=main&to=main&limit=0", "")), 400);
    assert_int_equal(host_service_status(get("/v1/diff?from=main&to=main&limit=1001", "")), 400);
    assert_int_equal(host_service_status(get("/v1/diff?from=main&to=main&unknown", "")), 400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_begin, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_api_diff__every_kind_of_change_is_told_apart),
        TEST(test_api_diff__pages_of_any_size_fit_together),
        TEST(test_api_diff__wrong_requests_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
