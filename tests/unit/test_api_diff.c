/* SPDX-License-Identifier: ISC
 *
 * test_api_diff.c - what differs between two revisions, over HTTP.
 *
 * Proves it by reading all pages, of every size, and comparing them with what was written.  Patches
 * are those of `git diff` on the same files, byte for byte, and git applies them: what it makes of
 * the older files are the newer ones.
 */
#include "api_setup.h"
#include "bough/limits.h"
#include "git_run.h"
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

/* The older files and the newer ones, as a shell writes them and as a transaction does. */
static const char older_files[] =
    "mkdir d && printf '1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\nx\\n9\\n' > long && printf gone > d/gone "
    "&& "
    "printf 'end' > 'a b' && printf 'same\\n' > mode && printf 'q\\n' > '\"q\\\xc3\xa4' && "
    "printf 'to\\n' > type && ln -s long link && : > empty && printf 'x\\n' > file";
static const char older_txn[] =
    "{\"ops\":[{\"op\":\"put\",\"key\":\"long\",\"value\":"
    "\"1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\nx\\n9\\n\"},"
    "{\"op\":\"put\",\"key\":\"d/gone\",\"value\":\"gone\"},"
    "{\"op\":\"put\",\"key\":\"a b\",\"value\":\"end\"},"
    "{\"op\":\"put\",\"key\":\"mode\",\"value\":\"same\\n\"},"
    "{\"op\":\"put\",\"key\":\"\\\"q\\\\\xc3\xa4\",\"value\":\"q\\n\"},"
    "{\"op\":\"put\",\"key\":\"type\",\"value\":\"to\\n\"},"
    "{\"op\":\"put\",\"key\":\"link\",\"value\":\"long\",\"mode\":\"120000\"},"
    "{\"op\":\"put\",\"key\":\"empty\",\"value\":\"\"},"
    "{\"op\":\"put\",\"key\":\"file\",\"value\":\"x\\n\"}]}";
static const char newer_files[] =
    "rm -r d type empty file && printf '0\\n1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\nx\\n' > long && "
    "printf 'end\\n' > 'a b' && chmod +x mode && printf 'Q' > '\"q\\\xc3\xa4' && "
    "ln -s to type && ln -sf mode link && : > new && mkdir file && printf 'y\\n' > file/x";
static const char newer_txn[] =
    "{\"ops\":[{\"op\":\"put\",\"key\":\"long\",\"value\":"
    "\"0\\n1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\nx\\n\"},"
    "{\"op\":\"delete\",\"key\":\"d/gone\"},{\"op\":\"delete\",\"key\":\"empty\"},"
    "{\"op\":\"delete\",\"key\":\"file\"},"
    "{\"op\":\"put\",\"key\":\"a b\",\"value\":\"end\\n\"},"
    "{\"op\":\"put\",\"key\":\"mode\",\"value\":\"same\\n\",\"mode\":\"100755\"},"
    "{\"op\":\"put\",\"key\":\"\\\"q\\\\\xc3\xa4\",\"value\":\"Q\"},"
    "{\"op\":\"put\",\"key\":\"type\",\"value\":\"to\",\"mode\":\"120000\"},"
    "{\"op\":\"put\",\"key\":\"link\",\"value\":\"mode\",\"mode\":\"120000\"},"
    "{\"op\":\"put\",\"key\":\"new\",\"value\":\"\"},"
    "{\"op\":\"put\",\"key\":\"file/x\",\"value\":\"y\\n\"}]}";

/* Asks for all pages of a patch, and writes them to a file of the folder. */
static void keep_patch(const struct git_run *run, const char *first, const char *name)
{
    char target[512];
    FILE *file = git_run_open(run, name, "wb");

    (void)snprintf(target, sizeof(target), "%s", first);
    while (target[0] != '\0') {
        const char *got = get(target, "Accept: text/x-diff\r\n");
        const char *link;

        assert_int_equal(host_service_status(got), 200);
        assert_string_equal(host_service_field(got, "Content-Type"), "text/x-diff");
        fputs(host_service_body(got), file);
        link = host_service_field(got, "Link");
        target[0] = '\0';
        if (link[0] != '\0')
            assert_int_equal(sscanf(link, "<%511[^>]>", target), 1);
    }
    fclose(file);
}

static void test_api_diff__patches_are_those_of_git_and_are_applied(void **state)
{
    struct git_run run;

    (void)state;
    git_run_begin(&run);
    txn(older_txn);
    txn(newer_txn);
    keep_patch(&run, "/v1/diff?from=main~1&to=main", "got");
    keep_patch(&run, "/v1/diff?from=main~1&to=main&limit=1", "paged");
    assert_int_equal(git_run(&run, "cmp got paged"), 0);
    assert_int_equal(git_run(&run,
                             "git init -q -b main r && cd r && %s && git add . && git commit -qm 1",
                             older_files),
                     0);
    assert_int_equal(git_run(&run, "cd r && %s && git add . && git commit -qm 2", newer_files), 0);
    assert_int_equal(git_run(&run, "cd r && git diff --no-renames HEAD~1 HEAD "
                                   "| grep -v '^index ' > ../wanted && diff ../wanted ../got"),
                     0);
    assert_int_equal(git_run(&run, "cd r && git checkout -q HEAD~1 && git apply --index ../got && "
                                   "test $(git write-tree) = $(git rev-parse main^{tree})"),
                     0);
    git_run_end(&run);
}

static void test_api_diff__a_page_of_a_patch_ends_when_much_was_compared(void **state)
{
    static char value[300001];
    const char *got;
    char target[64];

    (void)state;
    memset(value, 'x', sizeof(value) - 1);
    txn("{\"ops\":[{\"op\":\"put\",\"key\":\"x\",\"value\":\"1\"}]}");
    assert_int_equal(api_status("PUT", "/v1/branches/old", "{}"), 201);
    for (char c = 'a'; c <= 'f'; c++) {
        (void)snprintf(target, sizeof(target), "/v1/b/main/k/%c", c);
        assert_int_equal(api_status("PUT", target, value), 201);
    }
    got = get("/v1/diff?from=old&to=main", "Accept: text/x-diff\r\n");
    assert_non_null(strstr(got, "+++ b/b\n"));
    assert_null(strstr(got, "+++ b/c\n"));
    assert_non_null(strstr(host_service_field(got, "Link"), "&after=b>"));
}

/* The patch between old and main, whose first key has a value of `len` bytes in main alone. */
static const char *patch_with(const char *key, char *value, size_t len)
{
    char target[64];

    (void)snprintf(target, sizeof(target), "/v1/b/main/k/%s", key);
    memset(value, 'x', len);
    value[len] = '\0';
    assert_int_equal(api_status("PUT", target, value) / 100, 2);
    return get("/v1/diff?from=old&to=main", "Accept: text/x-diff\r\n");
}

/* What is compared and what is written count alike: the value does twice. */
static void test_api_diff__a_page_of_a_patch_may_have_so_much_and_not_a_byte_more(void **state)
{
    char *value = malloc(BOUGH_DIFF_PAGE_BYTES_MAX);
    const char *key = "a";
    size_t about, len;
    const char *got;

    (void)state;
    assert_non_null(value);
    txn("{\"ops\":[{\"op\":\"put\",\"key\":\"x\",\"value\":\"1\"}]}");
    assert_int_equal(api_status("PUT", "/v1/branches/old", "{}"), 201);
    about = strlen(host_service_body(patch_with(key, value, 100))) - 100;
    if (about % 2 != 0) { /* three times in its header */
        assert_int_equal(api_status("DELETE", "/v1/b/main/k/a", NULL) / 100, 2);
        key = "aa";
        about = strlen(host_service_body(patch_with(key, value, 100))) - 100;
    }
    assert_int_equal(about % 2, 0);
    assert_int_equal(api_status("PUT", "/v1/b/main/k/b", "1"), 201);
    len = (BOUGH_DIFF_PAGE_BYTES_MAX - about) / 2;
    got = patch_with(key, value, len);
    assert_non_null(strstr(got, "+++ b/b\n"));
    assert_string_equal(host_service_field(got, "Link"), "");
    got = patch_with(key, value, len + 1);
    assert_null(strstr(got, "+++ b/b\n"));
    assert_non_null(strstr(host_service_field(got, "Link"), "&after=a"));
    free(value);
}

/* One commit that puts `count` keys, numbered from `first` on. */
static void put_many(unsigned first, unsigned count)
{
    size_t room = 64 * ((size_t)count + 1), len;
    char *body = malloc(room);

    assert_non_null(body);
    len = (size_t)snprintf(body, room, "{\"ops\":[");
    for (unsigned i = first; i < first + count; i++)
        len += (size_t)snprintf(body + len, room - len,
                                "%s{\"op\":\"put\",\"key\":\"k%06u\",\"value\":\"12\"}",
                                i == first ? "" : ",", i);
    (void)snprintf(body + len, room - len, "]}");
    txn(body);
    free(body);
}

static void test_api_diff__so_many_are_counted_and_no_more(void **state)
{
    (void)state;
    put_many(0, 1);
    assert_int_equal(api_status("PUT", "/v1/branches/old", "{}"), 201);
    for (unsigned done = 0; done < BOUGH_DIFF_STAT_MAX; done += BOUGH_TXN_OPS_MAX)
        put_many(1 + done, BOUGH_TXN_OPS_MAX);
    assert_non_null(strstr(get("/v1/diff?from=old&to=main&stat", ""),
                           "\"added\":100000,\"removed\":0,\"modified\":0,\"old_bytes\":0,"
                           "\"new_bytes\":200000,\"truncated\":false"));
    put_many(1 + BOUGH_DIFF_STAT_MAX, 1);
    assert_non_null(strstr(get("/v1/diff?from=old&to=main&stat", ""),
                           "\"added\":100000,\"removed\":0,\"modified\":0,\"old_bytes\":0,"
                           "\"new_bytes\":200000,\"truncated\":true"));
}

static void test_api_diff__binary_values_differ_in_a_patch_without_hunks(void **state)
{
    const char *got;

    (void)state;
    txn("{\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"1\"}]}");
    txn("{\"ops\":[{\"op\":\"put\",\"key\":\"a\",\"value_base64\":\"AAE=\"},"
        "{\"op\":\"put\",\"key\":\"b\",\"value_base64\":\"AAE=\"}]}");
    got = get("/v1/diff?from=main~1&to=main", "Accept: text/x-diff\r\n");
    assert_string_equal(host_service_body(got),
                        "diff --git a/a b/a\nBinary files a/a and b/a differ\n"
                        "diff --git a/b b/b\nnew file mode 100644\n"
                        "Binary files /dev/null and b/b differ\n");
    got = get("/v1/diff?from=main&to=main", "Accept: text/x-diff\r\n");
    assert_int_equal(host_service_status(got), 200);
    assert_string_equal(host_service_body(got), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_begin, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_api_diff__every_kind_of_change_is_told_apart),
        TEST(test_api_diff__pages_of_any_size_fit_together),
        TEST(test_api_diff__patches_are_those_of_git_and_are_applied),
        TEST(test_api_diff__a_page_of_a_patch_ends_when_much_was_compared),
        TEST(test_api_diff__a_page_of_a_patch_may_have_so_much_and_not_a_byte_more),
        TEST(test_api_diff__so_many_are_counted_and_no_more),
        TEST(test_api_diff__binary_values_differ_in_a_patch_without_hunks),
        TEST(test_api_diff__wrong_requests_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
