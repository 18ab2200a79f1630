/* SPDX-License-Identifier: ISC
 *
 * options.h - the command line: one table of options and one of verbs, from which parsing and help
 * both follow.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "exit.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTIONS_ARGS_MAX 64u

struct options {
    const char *url;
    const char *store;
    const char *mirror;
    const char *branch;
    const char *rev;
    const char *author;
    const char *message;
    const char *output;
    const char *prefix;
    const char *if_etag;
    const char *listen;
    const char *tap;
    const char *ip;
    const char *disk;
    const char *image;
    const char *vmm;
    const char *machine;
    const char *accel;
    const char *salt;
    const char *size;
    const char *memory;
    const char *limit;
    bool json;
    bool quiet;
    bool recursive;
    bool details;
    bool create;
    bool force;
    bool install;
    bool dry_run;
    bool no_ff;
    bool allow_unrelated;
    bool abort;
    bool undelete;
    bool stat;
    bool patch;
    const char *strategy;
    const char *favor;
    const char *mainline;
    const char *as;
    bool prune;
    bool tags;
    bool help;
    const char *offset;
    const char *repair_from;
    const char *since[OPTIONS_ARGS_MAX];
    size_t since_count;
    const char *args[OPTIONS_ARGS_MAX]; /* what is no option, the verb left out */
    size_t arg_count;
};

struct options_verb {
    const char *name;
    const char *usage;   /* behind the name: "KEY [FILE]" */
    const char *summary; /* one line */
    const char *examples;
    const char *accepts; /* names of the options it takes, separated by blanks */
    size_t args_min;
    size_t args_max;
    enum exit_status (*run)(struct options *options);
};

/* Parses the words behind the verb.  Complains on stderr and answers false when a word is unknown,
 * a value is missing, or there are too few or too many arguments. */
bool options_parse(const struct options_verb *verb, int argc, char **argv, struct options *options);

/* Prints how the verb is used, examples first. */
void options_help(const struct options_verb *verb, FILE *into);

#endif
