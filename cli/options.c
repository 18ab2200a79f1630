/* SPDX-License-Identifier: ISC
 *
 * options.c - the command line: one table of options, from which parsing and help both follow.
 *
 * Options may stand anywhere behind the verb; "--" ends them.  "--name=value" and "--name value"
 * are the same.
 */
#include "options.h"
#include <string.h>

enum option_kind { OPTION_TEXT, OPTION_FLAG, OPTION_SINCE };

struct option {
    const char *name;
    char letter; /* 0 = none */
    enum option_kind kind;
    size_t offset; /* in struct options */
    const char *value;
    const char *help;
};

#define TEXT(member) OPTION_TEXT, offsetof(struct options, member)
#define FLAG(member) OPTION_FLAG, offsetof(struct options, member)

static const struct option table[] = {
    {"url", 'u', TEXT(url), "URL", "the server (BOUGH_URL; default http://127.0.0.1:8080)"},
    {"store", 's', TEXT(store), "FILE", "work on this disk image (serve: or memory:)"},
    {"mirror", 0, TEXT(mirror), "FILE", "the mirror's other image, or none"},
    {"branch", 'b', TEXT(branch), "NAME", "the branch (default main)"},
    {"rev", 'r', TEXT(rev), "REV", "a commit, branch or tag, or one of these with ~N"},
    {"author", 0, TEXT(author), "\"NAME <MAIL>\"", "who commits (BOUGH_AUTHOR)"},
    {"message", 'm', TEXT(message), "TEXT", "the commit's message"},
    {"output", 'o', TEXT(output), "FILE", "write there instead of standard output"},
    {"prefix", 'p', TEXT(prefix), "PATH", "put everything below this path"},
    {"if-etag", 0, TEXT(if_etag), "ETAG", "only if the value is still this one"},
    {"create", 0, FLAG(create), NULL, "only if the key does not exist"},
    {"recursive", 'R', FLAG(recursive), NULL, "everything below"},
    {"details", 'l', FLAG(details), NULL, "size, mode and etag of each"},
    {"limit", 'n', TEXT(limit), "N", "at most so many"},
    {"json", 0, FLAG(json), NULL, "print JSON"},
    {"quiet", 'q', FLAG(quiet), NULL, "no progress and no notes on standard error"},
    {"listen", 0, TEXT(listen), "ADDR:PORT", "where to listen (default 127.0.0.1:8080)"},
    {"tap", 0, TEXT(tap), "NAME", "serve on this tap device, with lwIP instead of sockets"},
    {"ip", 0, TEXT(ip), "ADDR/BITS[,GW]", "the address on the tap device, or dhcp"},
    {"disk", 'd', TEXT(disk), "FILE", "the disk image (made if it is missing), or memory:"},
    {"memory", 0, TEXT(memory), "MIB", "memory of the machine (default 256)"},
    {"vmm", 0, TEXT(vmm), "NAME", "what runs it: qemu"},
    {"machine", 0, TEXT(machine), "NAME", "microvm (default) or q35"},
    {"accel", 0, TEXT(accel), "NAME", "auto (default), kvm or tcg"},
    {"image", 0, TEXT(image), "FILE", "the bootable image (default: beside this program)"},
    {"size", 0, TEXT(size), "BYTES", "of a new image: 512M, 1G (default 1G)"},
    {"salt", 0, TEXT(salt), "HEX", "32 hexadecimal digits that fix how trees are cut"},
    {"since", 0, OPTION_SINCE, 0, "REV", "leave out what this commit has (may be repeated)"},
    {"offset", 0, TEXT(offset), "BYTES", "go on with a dump of which so many bytes are there"},
    {"repair-from", 0, TEXT(repair_from), "FILE|URL",
     "take what is damaged from this store, by name"},
    {"force", 'f', FLAG(force), NULL, "even if something is lost by it"},
    {"install", 0, FLAG(install), NULL, "write the configuration of git, in this repository"},
    {"dry-run", 0, FLAG(dry_run), NULL, "only tell what would come of it"},
    {"no-ff", 0, FLAG(no_ff), NULL, "make a commit also where a fast-forward would do"},
    {"allow-unrelated", 0, FLAG(allow_unrelated), NULL, "merge what has no common ancestor"},
    {"abort", 0, FLAG(abort), NULL, "give up the merge in progress"},
    {"undelete", 0, FLAG(undelete), NULL, "bring back the merge that was given up last"},
    {"strategy", 0, TEXT(strategy), "NAME", "three-way, ours, theirs or union, without a policy"},
    {"favor", 'X', TEXT(favor), "SIDE", "ours or theirs, where both changed a value"},
    {"mainline", 0, TEXT(mainline), "N", "of a merge: the parent that its change is seen from"},
    {"as", 0, TEXT(as), "NAME", "what the other repository is called here (default origin)"},
    {"prune", 0, FLAG(prune), NULL, "remove what the other repository does not have any more"},
    {"tags", 0, FLAG(tags), NULL, "all tags, too"},
    {"stat", 0, FLAG(stat), NULL, "count, do not list"},
    {"patch", 0, FLAG(patch), NULL, "print a patch, as `git apply` takes it"},
    {"help", 'h', FLAG(help), NULL, "this text"},
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

/* Whether `name` is one of the words of `list`. */
static bool is_word_of(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = list; (at = strstr(at, name)) != NULL; at += len) {
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    }
    return false;
}

static bool accepts(const struct options_verb *verb, const struct option *option)
{
    return strcmp(option->name, "help") == 0 || is_word_of(verb->accepts, option->name);
}

/* The option a word names, or NULL; *value is what follows its '='. */
static const struct option *find(const struct options_verb *verb, const char *word,
                                 const char **value)
{
    size_t len;

    *value = NULL;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (!accepts(verb, &table[i]))
            continue;
        if (word[1] != '-') {
            if (table[i].letter != 0 && word[1] == table[i].letter && word[2] == '\0')
                return &table[i];
            continue;
        }
        len = strlen(table[i].name);
        if (strncmp(word + 2, table[i].name, len) != 0)
            continue;
        if (word[2 + len] == '=')
            *value = word + 2 + len + 1;
        if (word[2 + len] == '\0' || word[2 + len] == '=')
            return &table[i];
    }
    return NULL;
}

/* Takes one option; *used says whether the next word was its value. */
static bool take(const struct options_verb *verb, const char *word, const char *next,
                 struct options *options, bool *used)
{
    const char *value;
    const struct option *option = find(verb, word, &value);
    char *member = option == NULL ? NULL : (char *)options + option->offset;

    *used = false;
    if (option == NULL) {
        fprintf(stderr, "bough %s: unknown option %s; `bough help %s` lists them\n", verb->name,
                word, verb->name);
        return false;
    }
    if (option->kind == OPTION_FLAG) {
        *(bool *)(void *)member = true;
        return value == NULL;
    }
    if (value == NULL) {
        value = next;
        *used = true;
    }
    if (value == NULL) {
        fprintf(stderr, "bough %s: %s needs a value: %s\n", verb->name, word, option->value);
        return false;
    }
    if (option->kind == OPTION_TEXT) {
        *(const char **)(void *)member = value;
    } else if (options->since_count < OPTIONS_ARGS_MAX) {
        options->since[options->since_count++] = value;
    } else {
        fprintf(stderr, "bough %s: %s stands there too often\n", verb->name, word);
        return false;
    }
    return true;
}

bool options_parse(const struct options_verb *verb, int argc, char **argv, struct options *options)
{
    bool only_args = false;

    for (int i = 0; i < argc; i++) {
        bool used = false;

        if (!only_args && strcmp(argv[i], "--") == 0) {
            only_args = true;
        } else if (!only_args && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take(verb, argv[i], i + 1 < argc ? argv[i + 1] : NULL, options, &used))
                return false;
            i += used ? 1 : 0;
        } else if (options->arg_count == OPTIONS_ARGS_MAX || options->arg_count == verb->args_max) {
            fprintf(stderr, "bough %s: %s is one argument too many\n", verb->name, argv[i]);
            return false;
        } else {
            options->args[options->arg_count++] = argv[i];
        }
    }
    if (options->arg_count < verb->args_min && !options->help) {
        fprintf(stderr, "usage: bough %s %s\n", verb->name, verb->usage);
        return false;
    }
    return true;
}

void options_help(const struct options_verb *verb, FILE *into)
{
    fprintf(into, "%s\n\nusage: bough %s %s\n\n%s\n", verb->summary, verb->name, verb->usage,
            verb->examples);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        char left[64];

        if (!accepts(verb, &table[i]))
            continue;
        snprintf(left, sizeof(left), "%c%c%s--%s %s", table[i].letter == 0 ? ' ' : '-',
                 table[i].letter == 0 ? ' ' : table[i].letter, table[i].letter == 0 ? "  " : ", ",
                 table[i].name, table[i].value == NULL ? "" : table[i].value);
        fprintf(into, "  %-30s %s\n", left, table[i].help);
    }
}
