/* SPDX-License-Identifier: ISC
 *
 * problem.h - everything that can be wrong, in HTTP's words (RFC 9457).
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "bough/err.h"
#include <stdbool.h>

enum problem_kind {
    PROBLEM_BAD_REQUEST,
    PROBLEM_BAD_KEY,
    PROBLEM_BAD_BODY,
    PROBLEM_NO_SUCH_PATH,
    PROBLEM_NO_SUCH_KEY,
    PROBLEM_NO_SUCH_BRANCH,
    PROBLEM_NO_SUCH_TAG,
    PROBLEM_NO_SUCH_REVISION,
    PROBLEM_NO_SUCH_MERGE,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_NOT_ACCEPTABLE,
    PROBLEM_TIMEOUT,
    PROBLEM_EXISTS,
    PROBLEM_CONFLICT,
    PROBLEM_HEAD_MOVED,
    PROBLEM_NOT_FAST_FORWARD,
    PROBLEM_MERGE_CONFLICT,
    PROBLEM_MERGE_OPEN,
    PROBLEM_UNRELATED,
    PROBLEM_PROTECTED,
    PROBLEM_LENGTH_REQUIRED,
    PROBLEM_PRECONDITION,
    PROBLEM_TOO_BIG,
    PROBLEM_URI_TOO_LONG,
    PROBLEM_UNSUPPORTED_TYPE,
    PROBLEM_RANGE,
    PROBLEM_EXPECTATION,
    PROBLEM_UNPROCESSABLE,
    PROBLEM_FIELDS_TOO_LARGE,
    PROBLEM_INTERNAL,
    PROBLEM_CORRUPTION,
    PROBLEM_NOT_IMPLEMENTED,
    PROBLEM_UNSUPPORTED,
    PROBLEM_VERSION,
    PROBLEM_OVERLOAD,
    PROBLEM_NOT_READY,
    PROBLEM_READ_ONLY,
    PROBLEM_STORAGE_FAILED,
    PROBLEM_FULL,
    PROBLEM_KIND_COUNT
};

struct problem {
    const char *code; /* its type is "/errors/" + code */
    unsigned status;
    const char *title;
    bool retryable; /* the same request may succeed later */
};

/* What is known of a kind.  Static. */
const struct problem *problem_of(enum problem_kind kind);

/* The kind that an error becomes when nobody closer to it chose a better one. */
enum problem_kind problem_of_err(enum bough_err err);

/* The kind for a status of http_in.h and http_chunk.h. */
enum problem_kind problem_of_status(unsigned status);

#endif
