/* SPDX-License-Identifier: ISC
 *
 * test_api_history.c - the history of keys, and the commit each is from, over HTTP.
 *
 * Proves it by writing keys in turn, one commit each, with the commit's number in its message: so
 * what every page must show is known, and pages of every size are read and compared with it.
 */
#include "api_setup.h"

#define COMMITS 24u

static void put(const char *key, unsigned number)
{
    char body[256];

    (void)snprintf(body, sizeof(body),
                   "{\"message\":\"no %u\",\"ops\":[{\"op\":\"put\",\"key\":\"%s\","
                   "\"value\":\"%u\"}]}",
                   number, key, number);
    assert_int_equal(api_status("POST", "/v1/b/main/txn", body), 200);
}

/* Commit n writes a, d/x or d/y, in turn. */
static const char *key_of(unsigned number)
{
    static const char *const keys[] = {"a", "d/x", "d/y"};

    return keys[number % 3];
}

static void put_all(void)
{
    for (unsigned i = 0; i < COMMITS; i++)
        put(key_of(i), i);
}

/* The number of commits that a page shows, whose messages must be those of the commits that touched
 * `keys`, downwards from *next. */
static unsigned check_page(const char *got, const char *keys, unsigned *next)
{
    unsigned shown = 0;

    assert_int_equal(host_service_status(got), 200);
    for (const char *at = got; (at = strstr(at, "\"message\":\"no ")) != NULL; at++, shown++) {
        unsigned number;

        assert_int_equal(sscanf(at, "\"message\":\"no %u", &number), 1);
        do {
            assert_true(*next > 0);
            --*next;
        } while (strncmp(key_of(*next), keys, strlen(keys)) != 0);
        assert_int_equal(number, *next);
    }
    return shown;
}

static void follow(char target[16384], const char *got)
{
    const char *link = host_service_field(got, "Link");

    target[0] = '\0';
    if (link[0] != '\0')
        assert_int_equal(sscanf(link, "<%16383[^>]>", target), 1);
}

static void test_api_history__pages_of_any_size_fit_together(void **state)
{
    static const struct {
        const char *key;
        unsigned commits;
    } cases[] = {{"a", COMMITS / 3}, {"d/x", COMMITS / 3}, {"d", 2 * COMMITS / 3}};

    (void)state;
    put_all();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned limit = 1; limit <= COMMITS; limit += 5) {
            char target[16384];
            unsigned next = COMMITS;
            unsigned met = 0;

            (void)snprintf(target, sizeof(target), "/v1/b/main/history/%s?limit=%u", cases[i].key,
                           limit);
            while (target[0] != '\0') {
                const char *got = api_ask("GET", target, NULL);
                unsigned shown = check_page(got, cases[i].key, &next);

                assert_true(shown <= limit);
                met += shown;
                assert_non_null(strstr(got, "\"truncated\":false"));
                follow(target, got);
                put("other", met);
            }
            assert_int_equal(met, cases[i].commits);
        }
    }
}

static void test_api_history__removed_keys_have_one_and_unknown_ones_none(void **state)
{
    const char *got;

    (void)state;
    assert_non_null(strstr(api_ask("GET", "/v1/b/main/history/a", NULL),
                           "{\"commits\":[],\"next\":null,\"truncated\":false}"));
    put("d%20e", 1);
    assert_int_equal(api_status("DELETE", "/v1/b/main/k/d%2520e", NULL), 204);
    got = api_ask("GET", "/v1/b/main/history/d%2520e?limit=1", NULL);
    assert_null(strstr(got, "no 1"));
    assert_non_null(strstr(got, "\"next\":\"/v1/b/main/history/d%2520e?limit=1&from="));
    assert_non_null(strstr(api_ask("GET", "/v1/b/main/history/d%2520e", NULL), "no 1"));
    assert_non_null(
        strstr(api_ask("GET", "/v1/b/main/history/none", NULL), "\"commits\":[],\"next\":null"));
}

static void test_api_history__both_lines_before_a_merge_are_shown(void **state)
{
    char target[16384] = "/v1/b/main/history/d?limit=1";
    unsigned met = 0;

    (void)state;
    put("base", 0);
    assert_int_equal(api_status("PUT", "/v1/branches/s%2Fide", "{}"), 201);
    assert_int_equal(api_status("PUT", "/v1/b/s%2Fide/k/d/ours", "1"), 201);
    put("d/theirs", 1);
    assert_int_equal(api_status("POST", "/v1/b/main/merge", "{\"from\":\"s/ide\"}"), 200);
    for (; target[0] != '\0'; met++)
        follow(target, api_ask("GET", target, NULL));
    assert_int_equal(met, 3 + 1); /* the last page is empty: what is below the two is looked at */
    assert_non_null(strstr(api_ask("GET", "/v1/b/s%2Fide/history/d?limit=1", NULL),
                           "/v1/b/s%2Fide/history/d?limit=1&from="));
}

static void test_api_history__every_key_has_its_last_commit(void **state)
{
    char target[16384] = "/v1/b/main/blame?limit=1&prefix=d/";
    const char *got;

    (void)state;
    got = api_ask("GET", "/v1/b/main/blame", NULL);
    assert_non_null(strstr(got, "{\"commit\":null,\"keys\":[],\"next\":null}"));
    put_all();
    for (unsigned i = 1; i <= 2; i++) {
        char commit[65];
        char wanted[64];
        char message[64];
        char which[128];

        got = api_ask("GET", target, NULL);
        assert_int_equal(host_service_status(got), 200);
        (void)snprintf(wanted, sizeof(wanted), "\"keys\":[{\"key\":\"%s\",\"commit\":\"",
                       key_of(i));
        assert_non_null(strstr(got, wanted));
        assert_int_equal(sscanf(strstr(got, wanted) + strlen(wanted), "%64[0-9a-f]", commit), 1);
        follow(target, got);
        assert_true((target[0] == '\0') == (i == 2));
        (void)snprintf(which, sizeof(which), "/v1/commits/%s", commit);
        (void)snprintf(message, sizeof(message), "\"message\":\"no %u\\n\"", COMMITS - 3 + i);
        got = api_ask("GET", which, NULL);
        assert_non_null(strstr(got, message));
        put("d/x", 100); /* the pages go on where they began */
    }
}

static void test_api_history__wrong_requests_are_refused(void **state)
{
    (void)state;
    put("a", 1);
    assert_int_equal(api_status("GET", "/v1/b/none/history/a", NULL), 404);
    assert_int_equal(api_status("GET", "/v1/b/none/blame", NULL), 404);
    assert_int_equal(api_status("GET", "/v1/b/main/history/a?from=none", NULL), 404);
    assert_int_equal(api_status("GET", "/v1/b/main/history/a//b", NULL), 400);
    assert_int_equal(api_status("GET", "/v1/b/main/history/a?limit=1001", NULL), 400);
    assert_int_equal(api_status("GET", "/v1/b/main/history/a?until=main", NULL), 400);
    assert_int_equal(api_status("GET", "/v1/b/main/blame?limit=0", NULL), 400);
    assert_int_equal(api_status("GET", "/v1/b/main/blame?from=main,main", NULL), 400);
    assert_int_equal(api_status("GET", "/v1/b/main/history/a?from=main,main", NULL), 200);
    assert_int_equal(api_status("POST", "/v1/b/main/blame", ""), 405);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_begin, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_api_history__pages_of_any_size_fit_together),
        TEST(test_api_history__removed_keys_have_one_and_unknown_ones_none),
        TEST(test_api_history__both_lines_before_a_merge_are_shown),
        TEST(test_api_history__every_key_has_its_last_commit),
        TEST(test_api_history__wrong_requests_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
