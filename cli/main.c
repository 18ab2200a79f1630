/* SPDX-License-Identifier: ISC
 *
 * main.c - the command `bough`: picks a verb and runs it.
 *
 * One table of verbs; help, suggestions and parsing follow from it.
 */
#include "bough/limits.h"
#include "cmd_backup.h"
#include "cmd_branch.h"
#include "cmd_clone.h"
#include "cmd_diff.h"
#include "cmd_export.h"
#include "cmd_fetch.h"
#include "cmd_gc.h"
#include "cmd_image.h"
#include "cmd_import.h"
#include "cmd_info.h"
#include "cmd_key.h"
#include "cmd_log.h"
#include "cmd_ls.h"
#include "cmd_merge.h"
#include "cmd_merge_driver.h"
#include "cmd_protection.h"
#include "cmd_push.h"
#include "cmd_reflog.h"
#include "cmd_retention.h"
#include "cmd_rewrite.h"
#include "cmd_run.h"
#include "cmd_serve.h"
#include "cmd_tag.h"
#include <string.h>

#define TARGET "url store mirror json quiet "
#define WRITE  TARGET "branch author message "

static enum exit_status help(struct options *options);
static enum exit_status version(struct options *options);

static const struct options_verb verbs[] = {
    {"run", "[options]", "Boot the storage image, in the foreground, until Ctrl-C.",
     "  bough run\n"
     "  bough run --disk /dev/vg0/bough --listen 127.0.0.1:9000 --memory 256\n"
     "  bough run --disk /disk1/bough.img --mirror /disk2/bough.img\n",
     "disk mirror listen memory vmm machine accel image size", 0, 0, cmd_run},
    {"serve", "[options]", "Serve a store from this process, until Ctrl-C.",
     "  bough serve --store bough.img\n"
     "  bough serve --store memory: --listen 127.0.0.1:0\n"
     "  bough serve --store /disk1/bough.img --mirror /disk2/bough.img\n"
     "  bough serve --store bough.img --tap tap0 --ip 10.0.0.2/24,10.0.0.1\n",
     "listen store mirror tap ip size quiet", 0, 0, cmd_serve},
    {"get", "KEY", "Print a value.",
     "  bough get etc/motd\n"
     "  bough get etc/motd --rev main~3 -o motd.old\n",
     TARGET "branch rev output", 1, 1, cmd_key_get},
    {"put", "KEY [FILE]", "Write a value, from a file or standard input.",
     "  echo hello | bough put greeting\n"
     "  bough put img/photo.bin photo.bin --create -m 'First photo'\n",
     WRITE "create if-etag", 1, 2, cmd_key_put},
    {"del", "KEY", "Remove a value, or with --recursive everything below.",
     "  bough del greeting\n"
     "  bough del img --recursive\n",
     WRITE "if-etag recursive", 1, 1, cmd_key_del},
    {"ls", "[PREFIX]", "List keys in order.",
     "  bough ls\n"
     "  bough ls img/ --recursive --details\n",
     TARGET "branch rev recursive details", 0, 1, cmd_ls},
    {"log", "[REV | KEY]", "List commits, or those that changed a key or directory, newest first.",
     "  bough log\n"
     "  bough log release --limit 5 --json\n"
     "  bough log etc/motd\n"
     "  bough log etc --branch dev\n",
     TARGET "branch limit", 0, 1, cmd_log},
    {"blame", "[PREFIX]", "List keys with the commit that changed each last.",
     "  bough blame etc/\n"
     "  bough blame --branch dev --rev dev~10\n",
     TARGET "branch rev", 0, 1, cmd_log_blame},
    {"branch",
     "[list | create NAME [FROM] | move NAME TO | default NAME | delete NAME | undelete NAME]",
     "List, create, move, delete branches, bring them back, and choose the default.",
     "  bough branch\n"
     "  bough branch create dev main\n"
     "  bough branch undelete dev\n",
     TARGET "force", 0, 3, cmd_branch},
    {"tag", "[list | create NAME [REV] | delete NAME]", "List, make or delete tags.",
     "  bough tag create v1 main\n"
     "  bough tag create v2 -m 'The second one'\n",
     TARGET "message author", 0, 3, cmd_tag},
    {"merge", "[FROM ...]",
     "Merge revisions into a branch, in one commit, or go on with the merge in progress.",
     "  bough merge dev\n"
     "  bough merge dev topic fixes\n"
     "  bough merge main --branch dev -X theirs\n"
     "  bough merge --abort\n",
     WRITE "strategy favor dry-run no-ff allow-unrelated abort undelete", 0, BOUGH_MERGE_HEADS_MAX,
     cmd_merge},
    {"conflicts", "", "List what is open in the merge in progress.",
     "  bough conflicts\n"
     "  bough conflicts --branch dev --json\n",
     TARGET "branch", 0, 0, cmd_merge_conflicts},
    {"resolve", "ours|theirs|base|delete|value KEY ...",
     "Settle conflicts by a side, by removing the key, or by a value from standard input.",
     "  bough resolve theirs etc/motd etc/hosts\n"
     "  bough resolve value etc/motd < motd\n",
     TARGET "branch", 2, 16, cmd_merge_resolve},
    {"merge-base", "A B", "Print where two histories met.", "  bough merge-base main dev\n", TARGET,
     2, 2, cmd_diff_base},
    {"diff", "FROM TO [PREFIX]", "List the keys that differ between two revisions, or how.",
     "  bough diff main dev\n"
     "  bough diff main~10 main etc/ --stat\n"
     "  bough diff main dev --patch | git apply\n",
     TARGET "prefix stat patch", 2, 3, cmd_diff},
    {"cherry-pick", "REV", "Make a commit's change once more, on a branch.",
     "  bough cherry-pick dev~2\n", WRITE "strategy favor mainline dry-run", 1, 1,
     cmd_rewrite_pick},
    {"revert", "REV", "Take a commit's change back.", "  bough revert main~3\n",
     WRITE "strategy favor mainline dry-run", 1, 1, cmd_rewrite_revert},
    {"squash", "FROM", "Merge as one commit with one parent.",
     "  bough squash dev -m 'All of it'\n", WRITE "strategy favor allow-unrelated dry-run", 1, 1,
     cmd_rewrite_squash},
    {"rebase", "ONTO", "Make a branch's own commits once more, on another base.",
     "  bough rebase main --branch dev\n", TARGET "branch author strategy favor dry-run", 1, 1,
     cmd_rewrite_rebase},
    {"reset", "TO", "Put a branch somewhere else.", "  bough reset main~1 --force\n",
     TARGET "branch author force", 1, 1, cmd_rewrite_reset},
    {"reflog", "[BRANCH]", "List what a branch pointed at before, or which refs have such a list.",
     "  bough reflog\n"
     "  bough reflog dev --limit 5\n",
     TARGET "limit", 0, 1, cmd_reflog},
    {"retention", "[none | BRANCH COMMITS DAYS ...]",
     "Show or replace the policies that say how much history branches keep.",
     "  bough retention\n"
     "  bough retention 'ci/*' 100 0 main 10000 365\n",
     TARGET, 0, 15, cmd_retention},
    {"protection", "[none | BRANCH force|delete|both ...]",
     "Show or replace the rules that say what nobody may do to branches.",
     "  bough protection\n"
     "  bough protection main both 'release/*' force\n",
     TARGET, 0, 14, cmd_protection},
    {"gc", "", "Have the store collect its garbage, and wait for it.",
     "  bough gc\n"
     "  bough gc --store bough.img --json\n",
     TARGET, 0, 0, cmd_gc},
    {"scrub", "", "Have the store read and check everything, and wait for it.",
     "  bough scrub\n"
     "  bough scrub --store left.img --mirror right.img\n",
     TARGET, 0, 0, cmd_gc_scrub},
    {"import", "DIR|REPOSITORY", "Take in a directory's files, or a git repository's history.",
     "  bough import /usr/share/zoneinfo --prefix zoneinfo\n"
     "  bough import ~/src/project\n",
     WRITE "prefix", 1, 1, cmd_import},
    {"export", "DIR|NAME.git", "Write a state out as files, or all history as a git repository.",
     "  bough export ./state --rev main~1\n"
     "  bough export backup.git\n",
     TARGET "branch rev prefix", 1, 1, cmd_export},
    {"clone", "URL", "Take in all branches and tags of a git repository.",
     "  bough clone https://example.org/project.git --store project.img\n"
     "  bough clone ~/src/project\n",
     TARGET "size", 1, 1, cmd_clone},
    {"fetch", "URL", "Bring what is new in a git repository, below remotes/.",
     "  bough fetch https://example.org/project.git\n"
     "  bough fetch http://10.0.0.7:8080/bough.git --as other --prune\n"
     "  bough diff main remotes/origin/main\n",
     TARGET "as prune", 1, 1, cmd_fetch},
    {"pull", "URL [BRANCH]", "Fetch, and merge the branch of that name, or BRANCH.",
     "  bough pull https://example.org/project.git\n"
     "  bough pull ~/src/project topic --branch main -X theirs\n",
     WRITE "as prune strategy favor no-ff allow-unrelated", 1, 2, cmd_fetch_pull},
    {"push", "URL [BRANCH ...]",
     "Send branches to a git repository; the default branch if none is named.",
     "  bough push https://me:secret@example.org/project.git\n"
     "  bough push backup.git main dev --tags\n",
     TARGET "force tags", 1, OPTIONS_ARGS_MAX, cmd_push},
    {"mkfs", "FILE", "Make an empty store in a new or blank image.",
     "  bough mkfs bough.img --size 10G\n", "size salt force quiet", 1, 1, cmd_image_mkfs},
    {"fsck", "FILE", "Read and check everything in an image.",
     "  bough fsck bough.img\n"
     "  bough fsck bough.img --repair-from copy.img\n"
     "  bough fsck bough.img --repair-from http://127.0.0.1:8080\n",
     "mirror repair-from json quiet", 1, 1, cmd_image_fsck},
    {"info", "FILE", "Tell what an image holds, as far as it can be read.",
     "  bough info bough.img\n"
     "  bough info bough.img --json\n",
     "mirror json", 1, 1, cmd_info},
    {"dump", "FILE|URL", "Write a whole store, or what is new in it, as a stream.",
     "  bough dump bough.img > all.dump\n"
     "  bough dump http://127.0.0.1:8080 > all.dump\n"
     "  bough dump bough.img --since main~10 > new.dump\n"
     "  bough dump bough.img --offset $(stat -c %s cut.dump) >> cut.dump\n",
     "mirror since offset output quiet", 1, 1, cmd_backup_dump},
    {"load", "FILE", "Make an image hold what a dump on standard input does.",
     "  bough load copy.img < all.dump\n"
     "  bough load copy.img --size 10G < all.dump\n",
     "mirror size force quiet", 1, 1, cmd_backup_load},
    {"merge-driver", "POLICY BASE OURS THEIRS [MARKER-LEN [PATH [BASE OURS THEIRS labels]]]",
     "Merge a file for git, by a policy; --install tells git to ask.",
     "  bough merge-driver --install\n"
     "  git config merge.counter.driver 'bough merge-driver counter -- %O %A %B %L %P'\n",
     "install", 0, 9, cmd_merge_driver},
    {"version", "", "Print the version.", "  bough version --json\n", "json", 0, 0, version},
    {"help", "[VERB]", "Print what there is, or how a verb is used.", "  bough help put\n", "", 0,
     1, help},
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static const struct options_verb *find(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

/* How many letters have to be changed, added or left out (Levenshtein); short words only. */
static size_t distance(const char *a, const char *b)
{
    size_t row[33];
    size_t b_len = strlen(b);

    if (strlen(a) > 32 || b_len > 32)
        return 33;
    for (size_t i = 0; i <= b_len; i++)
        row[i] = i;
    for (; *a != '\0'; a++) {
        size_t corner = row[0]++;

        for (size_t i = 1; i <= b_len; i++) {
            size_t best = corner + (*a != b[i - 1]);

            corner = row[i];
            best = best < row[i] + 1 ? best : row[i] + 1;
            row[i] = best < row[i - 1] + 1 ? best : row[i - 1] + 1;
        }
    }
    return row[b_len];
}

static enum exit_status unknown(const char *name)
{
    const struct options_verb *nearest = &verbs[0];

    for (size_t i = 1; i < VERB_COUNT; i++) {
        if (distance(name, verbs[i].name) < distance(name, nearest->name))
            nearest = &verbs[i];
    }
    fprintf(stderr, "bough: there is no verb %s; did you mean %s? `bough help` lists them\n", name,
            nearest->name);
    return EXIT_USAGE;
}

static void print_verbs(FILE *into)
{
    fprintf(into, "bough " BOUGH_VERSION
                  " - a branchable key-value store that boots, and that git can clone\n\n"
                  "  bough run                      boot it: then http://127.0.0.1:8080\n"
                  "  echo hello | bough put key     write\n"
                  "  git clone http://127.0.0.1:8080/bough.git\n\n");
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(into, "  %-12s %s\n", verbs[i].name, verbs[i].summary);
    fprintf(into,
            "\n`bough help VERB` tells more.  Exit status: 0 done, 1 not found, 2 usage, 3 merge\n"
            "conflict, 4 precondition, 5 not allowed, 6 no answer, 7 damaged, 8 full or past "
            "a limit.\n");
}

static enum exit_status help(struct options *options)
{
    const struct options_verb *verb;

    if (options->arg_count == 0) {
        print_verbs(stdout);
        return EXIT_OK;
    }
    verb = find(options->args[0]);
    if (verb == NULL)
        return unknown(options->args[0]);
    options_help(verb, stdout);
    return EXIT_OK;
}

static enum exit_status version(struct options *options)
{
    printf(options->json ? "{\"version\":\"%s\"}\n" : "bough %s\n", BOUGH_VERSION);
    return EXIT_OK;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    const struct options_verb *verb;
    const char *name = argc < 2 ? "help" : argv[1];

    if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    verb = find(name);
    if (verb == NULL)
        return (int)unknown(name);
    if (!options_parse(verb, argc < 2 ? 0 : argc - 2, argv + (argc < 2 ? argc : 2), &options))
        return EXIT_USAGE;
    if (options.help) {
        options_help(verb, stdout);
        return EXIT_OK;
    }
    return (int)verb->run(&options);
}
