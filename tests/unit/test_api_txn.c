/* SPDX-License-Identifier: ISC
 *
 * test_api_txn.c - a transaction is one commit or nothing.
 *
 * Proves it by listing keys and head after each: a refused one leaves both as they were.
 */
#include "api_setup.h"
#include "hash.h"

static const char *txn(const char *body)
{
    return host_service_ask(&host, "POST", "/v1/b/main/txn", "", body);
}

static const char *value(const char *key)
{
    char target[256];
    const char *got;

    (void)snprintf(target, sizeof(target), "/v1/b/main/k/%s", key);
    got = host_service_ask(&host, "GET", target, "", NULL);
    return host_service_status(got) == 200 ? host_service_body(got) : "(none)";
}

static void head(char hex[80])
{
    const char *got = host_service_ask(&host, "GET", "/v1/branches/main", "", NULL);

    hex[0] = '\0';
    if (host_service_status(got) == 200)
        host_service_keep(hex, 80, got, "Bough-Commit");
}

static void test_api_txn__several_keys_change_in_one_commit(void **state)
{
    const char *got = txn("{\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"1\"},"
                          "{\"op\":\"put\",\"key\":\"d/b\",\"value_base64\":\"AP8=\"},"
                          "{\"op\":\"put\",\"key_encoded\":\"%FF\",\"value\":\"\"}],"
                          "\"message\":\"three\",\"author\":\"A <a@b>\"}");

    (void)state;
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"parents\":[],\"changed\":3,\"unchanged\":false"));
    assert_string_equal(value("a"), "1");
    assert_string_equal(value("%FF"), "");
    got = host_service_ask(&host, "GET", "/v1/b/main/k/d/b", "", NULL);
    assert_memory_equal(host_service_body(got), "\0\xff", 2);
    got = host_service_ask(&host, "GET", "/v1/commits", "", NULL);
    assert_non_null(strstr(got, "\"message\":\"three\\n\""));
    assert_non_null(strstr(got, "\"generation\":1"));
    assert_null(strstr(got, "\"generation\":2"));
}

static void test_api_txn__operations_see_what_came_before_them(void **state)
{
    const char *got = txn("{\"ops\":["
                          "{\"op\":\"put\",\"key\":\"d/a\",\"value\":\"1\"},"
                          "{\"op\":\"put\",\"key\":\"d/e/b\",\"value\":\"2\"},"
                          "{\"op\":\"copy\",\"from\":\"d\",\"to\":\"c\"},"
                          "{\"op\":\"put\",\"key\":\"d/a\",\"value\":\"3\"},"
                          "{\"op\":\"move\",\"from\":\"c/a\",\"to\":\"m/a\"},"
                          "{\"op\":\"copy\",\"from\":\"d/a\",\"to\":\"last\"},"
                          "{\"op\":\"delete\",\"key\":\"never-there\"}]}");

    (void)state;
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(value("d/a"), "3");
    assert_string_equal(value("c/a"), "(none)");
    assert_string_equal(value("c/e/b"), "2");
    assert_string_equal(value("m/a"), "1");
    assert_string_equal(value("last"), "3");
}

static void test_api_txn__delete_prefix_takes_values_and_directories(void **state)
{
    (void)state;
    assert_int_equal(
        host_service_status(txn("{\"ops\":[{\"op\":\"put\",\"key\":\"tmp/a\",\"value\":\"\"},"
                                "{\"op\":\"put\",\"key\":\"tmp/b/c\",\"value\":\"\"},"
                                "{\"op\":\"put\",\"key\":\"tmpx\",\"value\":\"\"},"
                                "{\"op\":\"put\",\"key\":\"tm\",\"value\":\"\"},"
                                "{\"op\":\"put\",\"key\":\"x/tmp/y\",\"value\":\"\"}]}")),
        200);
    assert_int_equal(host_service_status(txn("{\"ops\":[{\"op\":\"delete_prefix\","
                                             "\"prefix\":\"tmp/b\"}]}")),
                     200);
    assert_string_equal(value("tmp/a"), "");
    assert_string_equal(value("tmp/b/c"), "(none)");
    assert_int_equal(host_service_status(txn("{\"ops\":[{\"op\":\"delete_prefix\","
                                             "\"prefix\":\"tmp\"}]}")),
                     200);
    assert_string_equal(value("tmp/a"), "(none)");
    assert_string_equal(value("tmpx"), "(none)");
    assert_string_equal(value("tm"), "");
    assert_string_equal(value("x/tmp/y"), "");
    assert_int_equal(host_service_status(txn("{\"ops\":[{\"op\":\"delete_prefix\",\"prefix\":\"\"},"
                                             "{\"op\":\"put\",\"key\":\"only\",\"value\":\"\"}]}")),
                     200);
    assert_string_equal(value("tm"), "(none)");
    assert_string_equal(value("only"), "");
}

static void test_api_txn__all_failed_conditions_are_listed(void **state)
{
    char before[80];
    char after[80];
    const char *got;

    (void)state;
    assert_int_equal(
        host_service_status(txn("{\"ops\":[{\"op\":\"put\",\"key\":\"k\",\"value\":\"v\"}]}")),
        200);
    head(before);
    got = txn(
        "{\"if\":[{\"key\":\"k\",\"absent\":true},{\"key\":\"none\",\"exists\":true},"
        "{\"key\":\"k\",\"exists\":true},{\"key\":\"none\",\"absent\":true},"
        "{\"key\":\"k\",\"etag\":\"0000000000000000000000000000000000000000000000000000000000000001"
        "\"}],\"ops\":[{\"op\":\"put\",\"key\":\"x\",\"value\":\"\"}]}");
    assert_int_equal(host_service_status(got), 412);
    assert_string_equal(host_service_field(got, "Content-Type"), "application/problem+json");
    assert_non_null(strstr(got, "\"errors\":[{\"key\":\"k\",\"condition\":\"absent\",\"etag\":\""));
    assert_non_null(strstr(got, "{\"key\":\"none\",\"condition\":\"exists\",\"etag\":null},"
                                "{\"key\":\"k\",\"condition\":\"etag\""));
    assert_null(strstr(got, "{\"key\":\"none\",\"condition\":\"absent\""));
    head(after);
    assert_string_equal(before, after);
    assert_string_equal(value("x"), "(none)");
}

static void test_api_txn__expect_is_a_compare_and_set_of_the_head(void **state)
{
    char body[256];
    char hex[80];
    const char *got;

    (void)state;
    got = txn("{\"expect\":null,\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"1\"}]}");
    assert_int_equal(host_service_status(got), 200);
    head(hex);
    got = txn("{\"expect\":null,\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"2\"}]}");
    assert_int_equal(host_service_status(got), 409);
    assert_string_equal(host_service_field(got, "Bough-Commit"), hex);
    (void)snprintf(body, sizeof(body),
                   "{\"expect\":\"%s\",\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"2\"}]}",
                   hex);
    assert_int_equal(host_service_status(txn(body)), 200);
    got = txn(body);
    assert_int_equal(host_service_status(got), 409);
    assert_non_null(strstr(got, "\"code\":\"head-moved\""));
    assert_int_equal(host_service_status(txn("{\"expect\":\"main\",\"ops\":[]}")), 422);
}

static void test_api_txn__a_refused_operation_names_itself_and_changes_nothing(void **state)
{
    static const struct {
        const char *op;
        int status;
    } rows[] = {
        {"{\"op\":\"put\",\"key\":\"k/below\",\"value\":\"\"}", 409},
        {"{\"op\":\"put\",\"key\":\"d\",\"value\":\"\"}", 409},
        {"{\"op\":\"copy\",\"from\":\"none\",\"to\":\"x\"}", 422},
        {"{\"op\":\"put\",\"key\":\"x\"}", 422},
        {"{\"op\":\"put\",\"key\":\"x\",\"value\":\"\",\"value_base64\":\"\"}", 422},
        {"{\"op\":\"put\",\"key\":\"x\",\"value\":1}", 422},
        {"{\"op\":\"put\",\"key\":\"x\",\"value_base64\":\"Zg\"}", 422},
        {"{\"op\":\"put\",\"key\":\"\",\"value\":\"\"}", 422},
        {"{\"op\":\"put\",\"key\":\"a//b\",\"value\":\"\"}", 422},
        {"{\"op\":\"put\",\"key\":\"x\",\"key_encoded\":\"x\",\"value\":\"\"}", 422},
        {"{\"op\":\"put\",\"key_encoded\":\"%\",\"value\":\"\"}", 422},
        {"{\"op\":\"put\",\"key\":\"x\",\"value\":\"\",\"mode\":\"040000\"}", 422},
        {"{\"op\":\"put\",\"key\":\"x\",\"value\":\"\",\"ttl\":1}", 422},
        {"{\"op\":\"delete\"}", 422},
        {"{\"op\":\"delete_prefix\"}", 422},
        {"{\"op\":\"explode\",\"key\":\"x\"}", 422},
        {"{}", 422},
        {"1", 422},
    };
    char before[80];
    char after[80];

    (void)state;
    assert_int_equal(
        host_service_status(txn("{\"ops\":[{\"op\":\"put\",\"key\":\"k\",\"value\":\"v\"},"
                                "{\"op\":\"put\",\"key\":\"d/e\",\"value\":\"v\"}]}")),
        200);
    head(before);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char body[400];
        const char *got;

        (void)snprintf(body, sizeof(body),
                       "{\"ops\":[{\"op\":\"put\",\"key\":\"fine\",\"value\":\"\"},%s]}",
                       rows[i].op);
        got = txn(body);
        if (host_service_status(got) != rows[i].status || strstr(got, "ops[1]") == NULL)
            fail_msg("%s: %s", rows[i].op, got);
    }
    head(after);
    assert_string_equal(before, after);
    assert_string_equal(value("fine"), "(none)");
}

static void test_api_txn__documents_that_make_no_sense_are_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
    } rows[] = {
        {"", 422},
        {"{", 400},
        {"[]", 422},
        {"{}", 422},
        {"{\"ops\":{}}", 422},
        {"{\"ops\":[],\"opps\":[]}", 422},
        {"{\"ops\":[],\"ops\":[]}", 400},
        {"{\"ops\":[],\"if\":1}", 422},
        {"{\"ops\":[],\"if\":[{\"key\":\"a\"}]}", 422},
        {"{\"ops\":[],\"if\":[{\"key\":\"a\",\"absent\":false}]}", 422},
        {"{\"ops\":[],\"if\":[{\"key\":\"a\",\"absent\":true,\"exists\":true}]}", 422},
        {"{\"ops\":[],\"if\":[{\"key\":\"a\",\"etag\":\"12\"}]}", 422},
        {"{\"ops\":[],\"if\":[{\"absent\":true,\"exists\":true}]}", 422},
        {"{\"ops\":[],\"message\":1}", 422},
        {"{\"ops\":[],\"author\":\"x\"}", 400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (host_service_status(txn(rows[i].body)) != rows[i].status)
            fail_msg("%s: %s", rows[i].body, txn(rows[i].body));
}

static void test_api_txn__what_changes_nothing_makes_no_commit(void **state)
{
    const char *got = txn("{\"ops\":[]}");

    (void)state;
    assert_int_equal(host_service_status(got), 200);
    assert_non_null(strstr(got, "\"unchanged\":true"));
    assert_int_equal(
        host_service_status(txn("{\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"1\"}]}")),
        200);
    got = txn("{\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"1\"},{\"op\":\"delete\",\"key\":"
              "\"b\"}]}");
    assert_non_null(strstr(got, "\"parents\":[],\"changed\":0,\"unchanged\":true"));
    assert_string_equal(host_service_field(got, "Bough-Unchanged"), "1");
}

static void test_api_txn__the_number_of_operations_has_a_limit(void **state)
{
    size_t room = (BOUGH_TXN_OPS_MAX + 2) * 32;
    char *body = malloc(room);
    size_t len = 0;

    (void)state;
    for (unsigned count = BOUGH_TXN_OPS_MAX; count <= BOUGH_TXN_OPS_MAX + 1; count++) {
        len = (size_t)snprintf(body, room, "{\"ops\":[");
        for (unsigned i = 0; i < count; i++)
            len += (size_t)snprintf(body + len, room - len, "%s{\"op\":\"delete\",\"key\":\"a\"}",
                                    i > 0 ? "," : "");
        (void)snprintf(body + len, room - len, "]}");
        assert_int_equal(host_service_status(txn(body)), count > BOUGH_TXN_OPS_MAX ? 422 : 200);
    }
    free(body);
}

static void test_api_txn__a_late_one_is_merged_if_it_wants_to_be(void **state)
{
    static const char form[] = "{\"expect\":\"%s\",\"merge\":true,%s\"ops\":[{\"op\":\"put\","
                               "\"key\":\"%s\",\"value\":\"%s\"}]}";
    char seen[80];
    char body[512];
    const char *got = NULL;

    (void)state;
    assert_int_equal(
        host_service_status(txn("{\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"0\"}]}")),
        200);
    head(seen);
    for (unsigned i = 0; i < 20; i++) {
        char key[16];

        (void)snprintf(key, sizeof(key), "k%u", i);
        (void)snprintf(body, sizeof(body), form, seen, "", key, "1");
        got = txn(body);
        assert_int_equal(host_service_status(got), 200);
    }
    assert_non_null(strstr(got, "\"changed\":1,\"unchanged\":false"));
    assert_string_equal(value("k0"), "1");
    assert_string_equal(value("k19"), "1");
    assert_non_null(
        strstr(host_service_ask(&host, "GET", "/v1/commits/main", "", NULL), "\"generation\":21"));
    (void)snprintf(body, sizeof(body), form, seen, "", "k0", "2");
    got = txn(body);
    assert_int_equal(host_service_status(got), 409);
    assert_non_null(strstr(got, "\"code\":\"merge-conflict\""));
    assert_non_null(strstr(got, "\"conflicts\":[{\"key\":\"k0\",\"kind\":\"add/add\""));
    assert_string_equal(value("k0"), "1");
    (void)snprintf(body, sizeof(body), form, seen, "\"favor\":\"theirs\",", "k0", "2");
    assert_int_equal(host_service_status(txn(body)), 200);
    assert_string_equal(value("k0"), "2");
    assert_int_equal(host_service_status(txn("{\"merge\":true,\"ops\":[]}")), 422);
    assert_int_equal(host_service_status(txn("{\"merge\":1,\"ops\":[]}")), 422);
    assert_int_equal(host_service_status(txn("{\"favor\":\"ours\",\"ops\":[]}")), 422);
    (void)snprintf(body, sizeof(body), form,
                   "0000000000000000000000000000000000000000000000000000000000000001", "", "x",
                   "1");
    got = txn(body);
    assert_int_equal(host_service_status(got), 409);
    assert_non_null(strstr(got, "\"code\":\"head-moved\""));
    assert_string_equal(value("x"), "(none)");
}

#define T(name) cmocka_unit_test_setup_teardown(name, api_begin, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_api_txn__several_keys_change_in_one_commit),
        T(test_api_txn__operations_see_what_came_before_them),
        T(test_api_txn__delete_prefix_takes_values_and_directories),
        T(test_api_txn__all_failed_conditions_are_listed),
        T(test_api_txn__expect_is_a_compare_and_set_of_the_head),
        T(test_api_txn__a_refused_operation_names_itself_and_changes_nothing),
        T(test_api_txn__documents_that_make_no_sense_are_refused),
        T(test_api_txn__what_changes_nothing_makes_no_commit),
        T(test_api_txn__a_late_one_is_merged_if_it_wants_to_be),
        T(test_api_txn__the_number_of_operations_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
