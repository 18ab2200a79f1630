/* SPDX-License-Identifier: ISC
 *
 * test_receive.c - pushes by hand, of packs that no git would send: each is refused in the report,
 * for its own reason, and afterwards the refs are what they were.
 */
#include "git_request.h"
#include "pack_build.h"

#define ZERO "0000000000000000000000000000000000000000"
#define IDENTS                 \
    "author A <a@b> 1 +0000\n" \
    "committer A <a@b> 1 +0000\n\nm\n"

static const char caps[] = " report-status atomic";

/* "old new name", with capabilities behind the first. */
static void command(struct git_request *request, const char *old_id, const char *new_id,
                    const char *name, const char *capabilities)
{
    char line[400];
    int len = snprintf(line, sizeof(line), "%s %s %s%c%s", old_id, new_id, name, 0, capabilities);

    assert_int_equal(pkt_line_add(&request->body, bough_bytes_of(line, (size_t)len)), BOUGH_OK);
}

static const char *push(struct git_request *request, struct pack_build *pack)
{
    git_request_line(request, "0000");
    if (pack != NULL) {
        assert_int_equal(buffer_add(&request->body, buffer_bytes(&pack->bytes)), BOUGH_OK);
        buffer_release(&pack->bytes);
    }
    return git_request_send(request, BOUGH_GIT_RECEIVE, false, "version=2", 17);
}

static void hex_of(enum git_kind kind, struct bough_bytes bytes, char hex[SHA1_HEX + 1])
{
    struct sha1 id;

    sha1_object(kind, bytes, &id);
    sha1_hex(&id, hex);
}

/* A commit of a tree of one blob into the pack; what is not `with` is left out. */
static void one_commit(struct pack_build *pack, bool with_blob, bool with_tree,
                       char hex[SHA1_HEX + 1])
{
    struct bough_bytes blob = bough_bytes_text("contents\n");
    uint8_t tree[9 + SHA1_BYTES] = "100644 a";
    char tree_hex[SHA1_HEX + 1];
    char text[300];
    struct sha1 id;

    sha1_object(GIT_BLOB, blob, &id);
    memcpy(tree + 9, id.at, SHA1_BYTES);
    pack_build_open(pack);
    if (with_blob)
        pack_build_object(pack, GIT_BLOB, blob);
    hex_of(GIT_TREE, bough_bytes_of(tree, sizeof(tree)), tree_hex);
    if (with_tree)
        pack_build_object(pack, GIT_TREE, bough_bytes_of(tree, sizeof(tree)));
    snprintf(text, sizeof(text), "tree %s\n" IDENTS, tree_hex);
    hex_of(GIT_COMMIT, bough_bytes_text(text), hex);
    pack_build_object(pack, GIT_COMMIT, bough_bytes_text(text));
    pack_build_close(pack);
}

/* How many refs there are. */
static unsigned refs(struct git_request *request)
{
    struct bough_bytes after = {0};
    struct bough_arena arena;
    struct bough_ref ref;
    unsigned count = 0;

    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    while (bough_ref_next(request->store, (struct bough_bytes){0}, after, &arena, &after, &ref) ==
           BOUGH_OK)
        count++;
    bough_arena_release(&arena);
    return count;
}

static void test_receive__a_good_push_is_reported_in_the_band(void **unused)
{
    struct git_request request;
    struct pack_build pack;
    char id[SHA1_HEX + 1];

    (void)unused;
    git_request_open(&request);
    one_commit(&pack, true, true, id);
    command(&request, ZERO, id, "refs/heads/x", "report-status side-band-64k");
    assert_string_equal(push(&request, &pack),
                        "002b\001000eunpack ok\n0014ok refs/heads/x\n00000000");
    assert_int_equal(refs(&request), 1);
    command(&request, id, ZERO, "refs/heads/x", "report-status");
    assert_string_equal(push(&request, NULL), "000eunpack ok\n0014ok refs/heads/x\n0000");
    assert_int_equal(refs(&request), 0);
    git_request_close(&request);
}

static void test_receive__history_without_its_objects_is_refused(void **unused)
{
    struct git_request request;
    struct pack_build pack;
    const char *answer;
    char id[SHA1_HEX + 1];

    (void)unused;
    git_request_open(&request);
    for (int missing = 0; missing < 3; missing++) {
        one_commit(&pack, missing != 0, missing != 1, id);
        if (missing == 2)
            id[0] = id[0] == 'f' ? 'e' : 'f';
        command(&request, ZERO, id, "refs/heads/x", caps);
        answer = push(&request, &pack);
        assert_non_null(strstr(answer, "unpack ok\n"));
        assert_non_null(strstr(answer, missing == 0   ? "ng refs/heads/x missing blob "
                                       : missing == 1 ? "ng refs/heads/x missing tree "
                                                      : "ng refs/heads/x missing object "));
        assert_int_equal(refs(&request), 0);
    }
    git_request_close(&request);
}

static void test_receive__a_damaged_pack_refuses_every_command(void **unused)
{
    struct git_request request;
    struct pack_build pack;
    const char *answer;
    char id[SHA1_HEX + 1];

    (void)unused;
    git_request_open(&request);
    for (size_t cut = 1; cut < 60; cut += 7) {
        one_commit(&pack, true, true, id);
        command(&request, ZERO, id, "refs/heads/x", "report-status");
        command(&request, ZERO, id, "refs/heads/y", "");
        pack.bytes.len -= cut;
        answer = push(&request, &pack);
        assert_non_null(strstr(answer, "unpack pack ends early"));
        assert_non_null(strstr(answer, "ng refs/heads/x unpacker error\n"));
        assert_non_null(strstr(answer, "ng refs/heads/y unpacker error\n"));
        assert_int_equal(refs(&request), 0);
    }
    git_request_close(&request);
}

static void test_receive__commands_out_of_order_are_refused(void **unused)
{
    static const struct {
        const char *old_id;
        const char *name;
        const char *why;
    } cases[] = {{ZERO, "HEAD", "ng HEAD funny refname"},
                 {ZERO, "refs/heads", "funny refname"},
                 {ZERO, "refs/heads/../x", "funny refname"},
                 {ZERO, "refs/heads/a.lock", "funny refname"},
                 {ZERO, "refs/heads/main", "it has moved, fetch first"},
                 {"1111111111111111111111111111111111111111", "refs/heads/main", "it has moved"},
                 {"1111111111111111111111111111111111111111", "refs/heads/new", "does not exist"},
                 {ZERO, "refs/heads/main/x", "a folder of refs"}};
    struct git_request request;
    struct pack_build pack;
    const char *answer;
    char id[SHA1_HEX + 1];

    (void)unused;
    git_request_open(&request);
    git_request_put(&request, "k", "v");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        one_commit(&pack, true, true, id);
        command(&request, cases[i].old_id, id, cases[i].name, "report-status");
        answer = push(&request, &pack);
        if (strstr(answer, cases[i].why) == NULL)
            fail_msg("%s: '%s' does not say '%s'", cases[i].name, answer, cases[i].why);
        assert_int_equal(refs(&request), 1);
    }
    command(&request, ZERO, ZERO, "refs/heads/none", "report-status");
    assert_non_null(strstr(push(&request, NULL), "ng refs/heads/none failed to update ref"));
    git_request_close(&request);
}

static void test_receive__one_ref_named_twice_is_refused_both_times(void **unused)
{
    struct git_request request;
    struct pack_build pack;
    const char *answer;
    char id[SHA1_HEX + 1];

    (void)unused;
    git_request_open(&request);
    one_commit(&pack, true, true, id);
    command(&request, ZERO, id, "refs/heads/x", "report-status");
    command(&request, ZERO, id, "refs/heads/x", "");
    command(&request, ZERO, id, "refs/heads/y", "");
    answer = push(&request, &pack);
    answer = strstr(answer, "ng refs/heads/x multiple updates");
    assert_non_null(answer);
    assert_non_null(strstr(answer + 1, "ng refs/heads/x multiple updates"));
    assert_non_null(strstr(answer + 1, "ok refs/heads/y\n"));
    assert_int_equal(refs(&request), 1);
    git_request_close(&request);
}

static void test_receive__an_atomic_push_moves_all_refs_or_none(void **unused)
{
    struct git_request request;
    struct pack_build pack;
    const char *answer;
    char id[SHA1_HEX + 1];

    (void)unused;
    git_request_open(&request);
    one_commit(&pack, true, true, id);
    command(&request, ZERO, id, "refs/heads/x", caps);
    command(&request, ZERO, id, "refs/heads/x/y", "");
    command(&request, ZERO, id, "refs/heads/z", "");
    answer = push(&request, &pack);
    assert_null(strstr(answer, "ok refs/"));
    assert_non_null(strstr(answer, "ng refs/heads/z atomic transaction failed"));
    assert_int_equal(refs(&request), 0);
    one_commit(&pack, true, true, id);
    command(&request, ZERO, id, "refs/heads/x", caps);
    command(&request, ZERO, id, "refs/tags/z", "");
    assert_null(strstr(push(&request, &pack), "ng "));
    assert_int_equal(refs(&request), 2);
    git_request_close(&request);
}

static void test_receive__malformed_commands_and_shallow_pushes_are_refused(void **unused)
{
    struct git_request request;
    struct pack_build pack;
    const char *answer;
    char id[SHA1_HEX + 1];

    (void)unused;
    git_request_open(&request);
    one_commit(&pack, true, true, id);
    command(&request, ZERO, id, "refs/heads/x", "report-status");
    git_request_line(&request, "nonsense");
    answer = push(&request, &pack);
    assert_non_null(strstr(answer, "unpack malformed command\n"));
    assert_non_null(strstr(answer, "ng refs/heads/x unpacker error"));
    one_commit(&pack, true, false, id); /* what is missing is not a fault of the pack then */
    git_request_line(&request, "shallow " ZERO);
    command(&request, ZERO, id, "refs/heads/x", "report-status");
    assert_non_null(strstr(push(&request, &pack), "shallow update not allowed"));
    one_commit(&pack, true, true, id);
    command(&request, ZERO, id, "refs/heads/x", "report-status object-format=sha256");
    assert_non_null(strstr(push(&request, &pack), "unsupported object format"));
    assert_int_equal(refs(&request), 0);
    git_request_close(&request);
}

static void test_receive__the_limit_of_commands_holds(void **unused)
{
    struct git_request request;
    struct pack_build pack;
    const char *answer;
    char id[SHA1_HEX + 1];

    (void)unused;
    git_request_open(&request);
    for (unsigned round = 0; round <= 1; round++) {
        unsigned past = 1 - round;

        one_commit(&pack, true, true, id);
        for (unsigned i = 0; i < BOUGH_PUSH_COMMANDS_MAX + past; i++) {
            char name[40];

            snprintf(name, sizeof(name), "refs/heads/x%u", i);
            command(&request, ZERO, id, name, i == 0 ? caps : "");
        }
        answer = push(&request, &pack);
        assert_non_null(strstr(answer, past == 1 ? "unpack too many commands" : "unpack ok"));
        assert_int_equal(refs(&request), past == 1 ? 0 : BOUGH_PUSH_COMMANDS_MAX);
    }
    git_request_close(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receive__a_good_push_is_reported_in_the_band),
        cmocka_unit_test(test_receive__history_without_its_objects_is_refused),
        cmocka_unit_test(test_receive__a_damaged_pack_refuses_every_command),
        cmocka_unit_test(test_receive__commands_out_of_order_are_refused),
        cmocka_unit_test(test_receive__one_ref_named_twice_is_refused_both_times),
        cmocka_unit_test(test_receive__an_atomic_push_moves_all_refs_or_none),
        cmocka_unit_test(test_receive__malformed_commands_and_shallow_pushes_are_refused),
        cmocka_unit_test(test_receive__the_limit_of_commands_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
