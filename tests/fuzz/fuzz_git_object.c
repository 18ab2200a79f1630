/* SPDX-License-Identifier: ISC
 *
 * fuzz_git_object.c - any bytes as a commit, a tag and a tree.  Of a commit that is taken the
 * fields make a commit again that has the same fields; a tree that is taken is written back.
 */
#include "git_commit.h"
#include "git_name.h"
#include "git_tag.h"
#include "git_tree.h"
#include "host_env.h"

static void must(bool yes)
{
    if (!yes)
        abort();
}

static void try_commit(struct bough_bytes bytes)
{
    struct git_commit first;
    struct git_commit again;
    struct sha1 *parents;
    struct bough_commit commit = {0};
    struct buffer out;
    const char *why;

    if (git_commit_parse(bytes, &first, &why) != BOUGH_OK)
        return;
    parents = malloc((first.parent_count + 1) * sizeof(*parents));
    for (uint32_t i = 0; i < first.parent_count; i++)
        git_commit_parent(&first, i, &parents[i]);
    commit.parent_count = first.parent_count;
    commit.author = first.author;
    commit.committer = first.committer;
    commit.headers = first.headers;
    commit.message = first.message;
    buffer_init(&out, host_env()->heap, 1 << 24);
    must(git_commit_format(&out, &commit, &first.tree, parents) == BOUGH_OK);
    must(git_commit_parse(buffer_bytes(&out), &again, &why) == BOUGH_OK);
    must(bough_bytes_equal(first.message, again.message));
    must(bough_bytes_equal(first.headers, again.headers));
    must(bough_bytes_equal(first.author.name, again.author.name));
    must(bough_bytes_equal(first.committer.email, again.committer.email));
    must(first.author.time_s == again.author.time_s);
    must(first.committer.zone_minutes == again.committer.zone_minutes);
    buffer_release(&out);
    free(parents);
}

static void try_tree(struct bough_bytes bytes)
{
    struct bough_bytes rest = bytes;
    struct git_tree_entry entry;
    bool padded = false;
    struct buffer out;
    const char *why;

    if (git_tree_check(bytes, &why) != BOUGH_OK)
        return;
    buffer_init(&out, host_env()->heap, 1 << 24);
    while (git_tree_next(&rest, &entry) == BOUGH_OK) {
        uint8_t room[GIT_NAME_BYTES_MAX];
        uint8_t again[GIT_NAME_BYTES_MAX];
        struct bough_bytes stored = git_name_stored(entry.name, room);

        padded = padded || entry.padded;
        must(stored.len > 0 && stored.len <= BOUGH_STEP_BYTES_MAX);
        must(bough_bytes_equal(git_name_shown(stored, again), entry.name));
        must(git_tree_add(&out, entry.mode, entry.name, &entry.id) == BOUGH_OK);
    }
    must(rest.len == 0);
    must(padded || bough_bytes_equal(buffer_bytes(&out), bytes));
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bough_bytes bytes = bough_bytes_of(data, size);
    struct git_tag tag;
    const char *why;

    try_commit(bytes);
    try_tree(bytes);
    (void)!git_tag_parse(bytes, &tag, &why);
    return 0;
}
