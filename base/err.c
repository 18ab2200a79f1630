/* SPDX-License-Identifier: ISC
 *
 * err.c - the names of the errors.
 *
 * One switch without default: the compiler names a forgotten error.
 */
#include "bough/err.h"

const char *bough_err_name(enum bough_err err)
{
    switch (err) {
    case BOUGH_OK:
        return "ok";
    case BOUGH_INVALID:
        return "invalid";
    case BOUGH_NOT_FOUND:
        return "not-found";
    case BOUGH_EXISTS:
        return "exists";
    case BOUGH_CONFLICT:
        return "conflict";
    case BOUGH_STALE:
        return "stale";
    case BOUGH_DENIED:
        return "denied";
    case BOUGH_TOO_BIG:
        return "too-big";
    case BOUGH_UNSUPPORTED:
        return "unsupported";
    case BOUGH_IO:
        return "io";
    case BOUGH_FULL:
        return "full";
    case BOUGH_BUSY:
        return "busy";
    case BOUGH_NOT_READY:
        return "not-ready";
    case BOUGH_READ_ONLY:
        return "read-only";
    case BOUGH_NO_MEMORY:
        return "no-memory";
    case BOUGH_TIMEOUT:
        return "timeout";
    case BOUGH_CLOSED:
        return "closed";
    case BOUGH_CORRUPT:
        return "corrupt";
    case BOUGH_WRONG_VERSION:
        return "wrong-version";
    case BOUGH_ERR_COUNT:
        break;
    }
    return "unknown";
}
