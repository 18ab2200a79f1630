/* SPDX-License-Identifier: ISC
 *
 * test_upload.c - fetches by hand: the exact bytes of advertisements and listings, and for each
 * thing that is not served the words a client is told.  What git itself makes of it is in
 * test_git_exchange.c.
 */
#include "git_request.h"

static const char empty_head[] = "0000000000000000000000000000000000000000 capabilities^{}";

static const char *fetch(struct git_request *request, const char *protocol)
{
    return git_request_send(request, BOUGH_GIT_UPLOAD, false, protocol, 13);
}

static void test_upload__an_empty_store_advertises_its_capabilities(void **unused)
{
    struct git_request request;
    const char *answer;

    (void)unused;
    git_request_open(&request);
    answer = git_request_send(&request, BOUGH_GIT_UPLOAD, true, "", 1);
    assert_memory_equal(answer, "001e# service=git-upload-pack\n0000", 34);
    assert_memory_equal(answer + 38, empty_head, strlen(empty_head));
    assert_non_null(strstr(answer + 38 + strlen(empty_head) + 1, " no-done "));
    assert_non_null(strstr(answer + 38 + strlen(empty_head) + 1, " symref=HEAD:refs/heads/main\n"));
    answer = git_request_send(&request, BOUGH_GIT_UPLOAD, true, "x:version=1", 1);
    assert_memory_equal(answer + 34, "000eversion 1\n", 14);
    git_request_close(&request);
}

static void test_upload__protocol_2_names_what_is_served(void **unused)
{
    struct git_request request;
    const char *answer;

    (void)unused;
    git_request_open(&request);
    answer = git_request_send(&request, BOUGH_GIT_UPLOAD, true, "version=1:version=2", 1);
    assert_memory_equal(answer, "000eversion 2\n", 14);
    assert_non_null(strstr(answer, "0013ls-refs=unborn\n"));
    assert_non_null(strstr(answer, "object-format=sha1\n0000"));
    assert_non_null(strstr(answer, "fetch=shallow wait-for-done filter\n"));
    assert_null(strstr(answer, "ref-in-want"));
    assert_null(strstr(answer, "sideband-all"));
    git_request_close(&request);
}

static void test_upload__ls_refs_lists_heads_and_what_is_unborn(void **unused)
{
    static const char listed[] =
        "0050%s HEAD symref-target:refs/heads/main\n003d%s refs/heads/main\n0000";
    struct git_request request;
    const char *answer;
    char want[300];
    char id[41];

    (void)unused;
    git_request_open(&request);
    git_request_line(&request, "command=ls-refs\n");
    git_request_line(&request, "0001");
    git_request_line(&request, "unborn\n");
    git_request_line(&request, "0000");
    assert_string_equal(fetch(&request, "version=2"),
                        "002eunborn HEAD symref-target:refs/heads/main\n0000");
    git_request_put(&request, "a", "b");
    answer = git_request_send(&request, BOUGH_GIT_UPLOAD, true, "", 1);
    snprintf(id, sizeof(id), "%.40s", answer + 38);
    git_request_line(&request, "command=ls-refs");
    git_request_line(&request, "agent=git/x");
    git_request_line(&request, "0001");
    git_request_line(&request, "symrefs");
    git_request_line(&request, "ref-prefix HEAD");
    git_request_line(&request, "ref-prefix refs/heads/m");
    git_request_line(&request, "0000");
    snprintf(want, sizeof(want), listed, id, id);
    assert_string_equal(fetch(&request, "version=2"), want);
    git_request_line(&request, "command=ls-refs");
    git_request_line(&request, "0001");
    git_request_line(&request, "ref-prefix refs/tags/");
    git_request_line(&request, "0000");
    assert_string_equal(fetch(&request, "version=2"), "0000");
    git_request_close(&request);
}

/* One protocol 2 request of up to four packets, and what its answer must say. */
static void expect(struct git_request *request, const char *const *lines, const char *words)
{
    const char *answer;

    for (size_t i = 0; i < 4 && lines[i] != NULL; i++)
        git_request_line(request, lines[i]);
    answer = fetch(request, "version=2");
    if (strncmp(answer + 4, "ERR ", 4) != 0 || strstr(answer, words) == NULL)
        fail_msg("'%s' does not say '%s'", answer, words);
}

static void test_upload__what_is_not_served_is_refused_by_name(void **unused)
{
#define ID "1111111111111111111111111111111111111111"
    static const struct {
        const char *lines[4];
        const char *words;
    } cases[] = {
        {{"command=fetch", "0001", "deepen 0", "0000"}, "invalid deepen: '0'"},
        {{"command=fetch", "0001", "deepen", "0000"}, "unexpected argument 'deepen'"},
        {{"command=fetch", "0001", "shallow x", "0000"}, "malformed shallow 'x'"},
        {{"command=fetch", "0001", "deepen-not heads/no", "0000"}, "no such ref"},
        {{"command=fetch", "0001", "filter sparse:oid=x", "0000"}, "filter is not supported"},
        {{"command=fetch", "0001", "sideband-all", "0000"}, "unexpected argument 'sideband-all'"},
        {{"command=fetch", "0001", "want " ID, "0000"}, "not our ref " ID},
        {{"command=fetch", "0001", "want x", "0000"}, "malformed want"},
        {{"command=fetch", "0001", "have x", "0000"}, "malformed have"},
        {{"command=bundle-uri", "0000", NULL, NULL}, "invalid command 'bundle-uri'"},
        {{"command=object-info", "0001", "oid x", "0000"}, "malformed oid"},
        {{"command=object-info", "0001", "type", "0000"}, "unexpected argument 'type'"},
        {{"command=fetch", "command=fetch", "0000", NULL}, "requested twice"},
        {{"command=fetch", "session-id=1", "0000", NULL}, "unknown capability 'session-id=1'"},
        {{"object-format=sha256", "0000", NULL, NULL}, "mismatched object format"},
        {{"command=ls-refs", "0001", "x", "0000"}, "unexpected argument 'x'"},
        {{"command=ls-refs", "0001", "0001", "0000"}, "unexpected delimiter"},
        {{"command=ls-refs", "0001", NULL, NULL}, "ends early"},
        {{"command=ls-refs", "0000", "0000", NULL}, "unexpected packet"}};
    struct git_request request;

    (void)unused;
    git_request_open(&request);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect(&request, cases[i].lines, cases[i].words);
    git_request_line(&request, "want " ID " side-band-64k\n");
    git_request_line(&request, "0000");
    assert_non_null(strstr(fetch(&request, ""), "ERR upload-pack: not our ref"));
    git_request_line(&request, "depth 1\n");
    assert_non_null(strstr(fetch(&request, ""), "ERR upload-pack: protocol error"));
    git_request_close(&request);
}

static void test_upload__the_limit_of_shallow_commits_holds(void **unused)
{
    struct git_request request;
    const char *answer;
    char shallow[60];
    char want[60];

    (void)unused;
    git_request_open(&request);
    git_request_put(&request, "a", "b");
    answer = git_request_send(&request, BOUGH_GIT_UPLOAD, true, "", 1);
    snprintf(shallow, sizeof(shallow), "shallow %.40s", answer + 38);
    snprintf(want, sizeof(want), "want %.40s", answer + 38);
    for (unsigned past = 0; past <= 1; past++) {
        git_request_line(&request, "command=fetch");
        git_request_line(&request, "0001");
        for (unsigned i = 0; i < BOUGH_SHALLOWS_MAX + past; i++)
            git_request_line(&request, shallow);
        git_request_line(&request, want);
        git_request_line(&request, "done");
        git_request_line(&request, "0000");
        answer = fetch(&request, "version=2");
        if (past == 1)
            assert_non_null(strstr(answer, "too many shallow commits or excluded refs (limit "
                                           "65536)"));
        else
            assert_memory_equal(answer, "000dpackfile\n", 13);
    }
    git_request_close(&request);
}

/* Depth and time together are refused, as git does; a time that leaves nothing is, too. */
static void test_upload__parts_that_make_no_sense_are_refused(void **unused)
{
    struct git_request request;
    const char *answer;
    char want[60];

    (void)unused;
    git_request_open(&request);
    git_request_put(&request, "a", "b");
    answer = git_request_send(&request, BOUGH_GIT_UPLOAD, true, "", 1);
    snprintf(want, sizeof(want), "want %.40s", answer + 38);
    for (unsigned both = 0; both <= 1; both++) {
        git_request_line(&request, "command=fetch");
        git_request_line(&request, "0001");
        git_request_line(&request, want);
        git_request_line(&request, "deepen-since 99999999999");
        if (both == 1)
            git_request_line(&request, "deepen 1");
        git_request_line(&request, "done");
        git_request_line(&request, "0000");
        answer = fetch(&request, "version=2");
        assert_memory_equal(answer + 4, "ERR ", 4);
        assert_non_null(
            strstr(answer, both == 1 ? "cannot be used together" : "no commits selected"));
    }
    git_request_close(&request);
}

static void test_upload__object_info_tells_sizes(void **unused)
{
    static const char one[] = "d00491fd7e5bb6fa28c517a0bb32b8b506539d4d"; /* the blob "1\n" */
    struct git_request request;
    char wanted[300];
    char line[60];
    char id[41];

    (void)unused;
    git_request_open(&request);
    git_request_put(&request, "a", "1\n");
    snprintf(id, sizeof(id), "%.40s",
             git_request_send(&request, BOUGH_GIT_UPLOAD, true, "", 1) + 38);
    for (unsigned with = 0; with <= 1; with++) {
        git_request_line(&request, "command=object-info");
        git_request_line(&request, "0001");
        if (with)
            git_request_line(&request, "size");
        snprintf(line, sizeof(line), "oid %s", one);
        git_request_line(&request, line);
        snprintf(line, sizeof(line), "oid %s\n", id);
        git_request_line(&request, line);
        git_request_line(&request, "oid " ID);
        git_request_line(&request, "0000");
        snprintf(wanted, sizeof(wanted),
                 with ? "0008size002e%s 2002f%s 88002d" ID " 0000" : "002c%s002c%s002c" ID "0000",
                 one, id);
        assert_string_equal(fetch(&request, "version=2"), wanted);
    }
    git_request_close(&request);
}

static void test_upload__a_probe_is_answered_with_nothing(void **unused)
{
    struct git_request request;

    (void)unused;
    git_request_open(&request);
    for (int version = 0; version <= 2; version++) {
        char protocol[20];

        snprintf(protocol, sizeof(protocol), "version=%d", version);
        git_request_line(&request, "0000");
        assert_string_equal(fetch(&request, protocol), "");
    }
    git_request_close(&request);
}

static void test_upload__the_limit_of_wants_holds(void **unused)
{
    struct git_request request;
    const char *answer;
    char line[60];

    (void)unused;
    git_request_open(&request);
    git_request_put(&request, "a", "b");
    answer = git_request_send(&request, BOUGH_GIT_UPLOAD, true, "", 1);
    snprintf(line, sizeof(line), "want %.40s", answer + 38);
    for (unsigned past = 0; past <= 1; past++) {
        git_request_line(&request, "command=fetch");
        git_request_line(&request, "0001");
        for (unsigned i = 0; i < BOUGH_WANTS_MAX + past; i++)
            git_request_line(&request, line);
        git_request_line(&request, "done");
        git_request_line(&request, "0000");
        answer = fetch(&request, "version=2");
        if (past == 0)
            assert_memory_equal(answer, "000dpackfile\n", 13);
        else
            assert_non_null(strstr(answer, "too many wants (limit 65536)"));
    }
    git_request_close(&request);
}

static void test_upload__a_broken_frame_is_an_error(void **unused)
{
    struct bough_git_request asked = {.service = BOUGH_GIT_UPLOAD};
    struct bough_git_exchange *exchange;
    struct git_request request;

    (void)unused;
    git_request_open(&request);
    assert_int_equal(bough_git_exchange_open(request.git, &asked, &exchange), BOUGH_OK);
    assert_int_equal(bough_git_exchange_add(exchange, bough_bytes_text("zzzz")), BOUGH_OK);
    assert_int_equal(bough_git_exchange_end(exchange), BOUGH_INVALID);
    bough_git_exchange_close(exchange);
    assert_int_equal(bough_git_exchange_open(request.git, &asked, &exchange), BOUGH_OK);
    assert_int_equal(bough_git_exchange_add(exchange, bough_bytes_text("0010want")), BOUGH_OK);
    assert_int_equal(bough_git_exchange_end(exchange), BOUGH_INVALID);
    bough_git_exchange_close(exchange);
    git_request_close(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upload__an_empty_store_advertises_its_capabilities),
        cmocka_unit_test(test_upload__protocol_2_names_what_is_served),
        cmocka_unit_test(test_upload__ls_refs_lists_heads_and_what_is_unborn),
        cmocka_unit_test(test_upload__what_is_not_served_is_refused_by_name),
        cmocka_unit_test(test_upload__object_info_tells_sizes),
        cmocka_unit_test(test_upload__a_probe_is_answered_with_nothing),
        cmocka_unit_test(test_upload__the_limit_of_wants_holds),
        cmocka_unit_test(test_upload__the_limit_of_shallow_commits_holds),
        cmocka_unit_test(test_upload__parts_that_make_no_sense_are_refused),
        cmocka_unit_test(test_upload__a_broken_frame_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
