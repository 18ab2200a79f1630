/* SPDX-License-Identifier: ISC
 *
 * git_sides.c - what stock git lets a merge driver find out.
 *
 * Owns no data.  git hands no commits to drivers: ours is HEAD, theirs is what `git merge` names in
 * its environment (GITHEAD_<id>), if that is one.  While it merges common ancestors both are still
 * those of the outer merge, and tell nothing; but then it asks for longer markers than the path's
 * attribute says.
 */
#include "git_sides.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_DIGITS_MAX 64u
#define MARKER_LEN    7u /* where no attribute says otherwise */

extern char **environ;

/* The first line that a command of our own words prints; false where there is none. */
static bool ask(const char *command, char *line, int size)
{
    FILE *git = popen(command, "r");
    bool got;

    if (git == NULL)
        return false;
    got = fgets(line, size, git) != NULL;
    (void)pclose(git);
    return got;
}

/* The committer's time of a commit; `rev` is one of our own words, or digits. */
static bool time_of(const char *rev, int64_t *time_s)
{
    char command[256];
    char line[64];
    char *end;

    snprintf(command, sizeof(command),
             "git log -1 --no-show-signature --format=%%ct %s -- 2>/dev/null", rev);
    if (!ask(command, line, sizeof(line)))
        return false;
    *time_s = strtoll(line, &end, 10);
    return end != line;
}

/* How long the path's markers are in a merge that is no inner one; without git, any length is. */
static uint32_t marker_len_of(const char *path)
{
    static const char command[] =
        "git check-attr -z conflict-marker-size -- \"$BOUGH_MERGE_PATH\" 2>/dev/null |"
        " tr '\\0\\n' '\\n/' | sed -n 3p";
    char line[64];
    long len;

    if (setenv("BOUGH_MERGE_PATH", path, 1) != 0 || !ask(command, line, sizeof(line)))
        return UINT32_MAX;
    len = strtol(line, NULL, 10);
    return len > 0 ? (uint32_t)len : MARKER_LEN;
}

/* The commit that is merged, if the environment names exactly one, and what it was called. */
static const char *merged_name(char id[ID_DIGITS_MAX + 1])
{
    static const char prefix[] = "GITHEAD_";
    const char *name = NULL;

    for (char **at = environ; *at != NULL; at++) {
        size_t len;

        if (strncmp(*at, prefix, sizeof(prefix) - 1) != 0)
            continue;
        len = strspn(*at + sizeof(prefix) - 1, "0123456789abcdef");
        if (len > ID_DIGITS_MAX || (*at)[sizeof(prefix) - 1 + len] != '=')
            continue;
        if (name != NULL)
            return NULL;
        memcpy(id, *at + sizeof(prefix) - 1, len);
        id[len] = '\0';
        name = *at + sizeof(prefix) + len;
    }
    return name;
}

void git_sides_find(const char *path, uint32_t marker_len, bool times, struct git_sides *sides)
{
    char id[ID_DIGITS_MAX + 1];

    *sides = (struct git_sides){.theirs = merged_name(id)};
    sides->inner = marker_len > marker_len_of(path);
    sides->known = times && !sides->inner && sides->theirs != NULL &&
                   time_of("HEAD", &sides->ours_s) && time_of(id, &sides->theirs_s);
}
