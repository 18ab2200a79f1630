/* SPDX-License-Identifier: ISC
 *
 * exit.h - what the command's exit status means (docs/cli.md).
 */
#ifndef EXIT_H
#define EXIT_H

#include "bough/err.h"

enum exit_status {
    EXIT_OK = 0,
    EXIT_NOT_FOUND = 1,       /* no such key, or things differ */
    EXIT_DRIVER_CONFLICT = 1, /* merge-driver, which answers as git wants it */
    EXIT_USAGE = 2,
    EXIT_CONFLICT = 3,     /* merge conflict */
    EXIT_PRECONDITION = 4, /* the head moved, or a condition does not hold */
    EXIT_AUTH = 5,
    EXIT_UNREACHABLE = 6, /* no answer, or not in time */
    EXIT_CORRUPT = 7,
    EXIT_LIMIT = 8,          /* full, or past a limit */
    EXIT_DRIVER_ERROR = 129, /* merge-driver: there is no result (git: anything above 128) */
    EXIT_INTERRUPTED = 130
};

/* The exit status that an HTTP status stands for. */
enum exit_status exit_of_http(unsigned status);

/* The exit status that an error stands for. */
enum exit_status exit_of_err(enum bough_err err);

#endif
