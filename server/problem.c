/* SPDX-License-Identifier: ISC
 *
 * problem.c - everything that can be wrong, in HTTP's words (RFC 9457).
 *
 * Owns one table; docs/api.md lists the same rows.  The switch over errors has no default: the
 * compiler names a forgotten one.
 */
#include "problem.h"
#include <assert.h>
#include <stddef.h>

static const struct problem problems[PROBLEM_KIND_COUNT] = {
    [PROBLEM_BAD_REQUEST] = {"bad-request", 400, "The request is malformed", false},
    [PROBLEM_BAD_KEY] = {"bad-key", 400, "This cannot be a key", false},
    [PROBLEM_BAD_BODY] = {"bad-body", 400, "The body is malformed", false},
    [PROBLEM_NO_SUCH_PATH] = {"no-such-path", 404, "Nothing is served at this path", false},
    [PROBLEM_NO_SUCH_KEY] = {"no-such-key", 404, "The key does not exist", false},
    [PROBLEM_NO_SUCH_BRANCH] = {"no-such-branch", 404, "The branch does not exist", false},
    [PROBLEM_NO_SUCH_TAG] = {"no-such-tag", 404, "The tag does not exist", false},
    [PROBLEM_NO_SUCH_REVISION] = {"no-such-revision", 404, "The revision does not exist", false},
    [PROBLEM_NO_SUCH_MERGE] = {"no-such-merge", 404, "No merge is in progress on the branch",
                               false},
    [PROBLEM_METHOD_NOT_ALLOWED] = {"method-not-allowed", 405, "The method is not for this path",
                                    false},
    [PROBLEM_NOT_ACCEPTABLE] = {"not-acceptable", 406, "There is no form that is accepted", false},
    [PROBLEM_TIMEOUT] = {"timeout", 408, "The request took too long to arrive", true},
    [PROBLEM_EXISTS] = {"exists", 409, "It already exists", false},
    [PROBLEM_CONFLICT] = {"conflict", 409, "A value and a directory would share a path", false},
    [PROBLEM_HEAD_MOVED] = {"head-moved", 409, "The head is not the expected commit", true},
    [PROBLEM_NOT_FAST_FORWARD] = {"not-fast-forward", 409, "The new head does not contain the old",
                                  false},
    [PROBLEM_MERGE_CONFLICT] = {"merge-conflict", 409, "The merge has conflicts", false},
    [PROBLEM_MERGE_OPEN] = {"merge-in-progress", 409, "Another merge is in progress on the branch",
                            false},
    [PROBLEM_UNRELATED] = {"unrelated-histories", 409, "There is no common ancestor", false},
    [PROBLEM_PROTECTED] = {"protected", 403, "This may not be done to it", false},
    [PROBLEM_LENGTH_REQUIRED] = {"length-required", 411, "The body's length must be given", false},
    [PROBLEM_PRECONDITION] = {"precondition-failed", 412, "A condition does not hold", false},
    [PROBLEM_TOO_BIG] = {"too-big", 413, "It is larger than the limit", false},
    [PROBLEM_URI_TOO_LONG] = {"uri-too-long", 414, "The target is longer than the limit", false},
    [PROBLEM_UNSUPPORTED_TYPE] = {"unsupported-type", 415, "The body's type is not known here",
                                  false},
    [PROBLEM_RANGE] = {"range", 416, "The range lies outside the value", false},
    [PROBLEM_EXPECTATION] = {"expectation", 417, "The expectation cannot be met", false},
    [PROBLEM_UNPROCESSABLE] = {"unprocessable", 422, "The document makes no sense here", false},
    [PROBLEM_FIELDS_TOO_LARGE] = {"fields-too-large", 431, "The header is larger than the limit",
                                  false},
    [PROBLEM_INTERNAL] = {"internal", 500, "A bug or a broken device", false},
    [PROBLEM_CORRUPTION] = {"corruption", 500, "Stored bytes are damaged", false},
    [PROBLEM_NOT_IMPLEMENTED] = {"not-implemented", 501, "The method or coding is unknown", false},
    [PROBLEM_UNSUPPORTED] = {"unsupported", 501, "This is not built in", false},
    [PROBLEM_VERSION] = {"http-version", 505, "The HTTP version is not spoken here", false},
    [PROBLEM_OVERLOAD] = {"overload", 503, "There is no room for the request now", true},
    [PROBLEM_NOT_READY] = {"not-ready", 503, "The store is still being opened", true},
    [PROBLEM_READ_ONLY] = {"read-only", 503, "The store does not take writes", true},
    [PROBLEM_STORAGE_FAILED] = {"storage-failed", 503, "The storage device failed", true},
    [PROBLEM_FULL] = {"full", 507, "There is no room on the device", true},
};

const struct problem *problem_of(enum problem_kind kind)
{
    assert(kind < PROBLEM_KIND_COUNT && problems[kind].code != NULL);
    return &problems[kind];
}

enum problem_kind problem_of_err(enum bough_err err)
{
    switch (err) {
    case BOUGH_INVALID:
        return PROBLEM_BAD_REQUEST;
    case BOUGH_NOT_FOUND:
        return PROBLEM_NO_SUCH_PATH;
    case BOUGH_EXISTS:
        return PROBLEM_EXISTS;
    case BOUGH_CONFLICT:
        return PROBLEM_CONFLICT;
    case BOUGH_STALE:
        return PROBLEM_HEAD_MOVED;
    case BOUGH_DENIED:
        return PROBLEM_PROTECTED;
    case BOUGH_TOO_BIG:
        return PROBLEM_TOO_BIG;
    case BOUGH_UNSUPPORTED:
        return PROBLEM_UNSUPPORTED;
    case BOUGH_IO:
        return PROBLEM_STORAGE_FAILED;
    case BOUGH_FULL:
        return PROBLEM_FULL;
    case BOUGH_NO_MEMORY:
    case BOUGH_BUSY:
        return PROBLEM_OVERLOAD;
    case BOUGH_NOT_READY:
        return PROBLEM_NOT_READY;
    case BOUGH_READ_ONLY:
        return PROBLEM_READ_ONLY;
    case BOUGH_TIMEOUT:
        return PROBLEM_TIMEOUT;
    case BOUGH_CORRUPT:
        return PROBLEM_CORRUPTION;
    case BOUGH_OK:
    case BOUGH_CLOSED:
    case BOUGH_WRONG_VERSION:
    case BOUGH_ERR_COUNT:
        break;
    }
    return PROBLEM_INTERNAL;
}

enum problem_kind problem_of_status(unsigned status)
{
    switch (status) {
    case 408:
        return PROBLEM_TIMEOUT;
    case 413:
        return PROBLEM_TOO_BIG;
    case 414:
        return PROBLEM_URI_TOO_LONG;
    case 415:
        return PROBLEM_UNSUPPORTED_TYPE;
    case 417:
        return PROBLEM_EXPECTATION;
    case 431:
        return PROBLEM_FIELDS_TOO_LARGE;
    case 501:
        return PROBLEM_NOT_IMPLEMENTED;
    case 505:
        return PROBLEM_VERSION;
    default:
        return PROBLEM_BAD_REQUEST;
    }
}
