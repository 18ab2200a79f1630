/* SPDX-License-Identifier: ISC
 *
 * exit.c - errors and HTTP statuses as exit statuses.
 *
 * The one place of the command line where they are translated.
 */
#include "exit.h"

enum exit_status exit_of_http(unsigned status)
{
    switch (status) {
    case 404:
    case 410:
        return EXIT_NOT_FOUND;
    case 401:
    case 403:
        return EXIT_AUTH;
    case 409:
    case 412:
    case 428:
        return EXIT_PRECONDITION;
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
        return EXIT_UNREACHABLE;
    case 413:
    case 414:
    case 431:
    case 507:
        return EXIT_LIMIT;
    case 500:
        return EXIT_CORRUPT;
    default:
        return status < 400 ? EXIT_OK : EXIT_USAGE;
    }
}

enum exit_status exit_of_err(enum bough_err err)
{
    switch (err) {
    case BOUGH_OK:
        return EXIT_OK;
    case BOUGH_NOT_FOUND:
        return EXIT_NOT_FOUND;
    case BOUGH_INVALID:
    case BOUGH_UNSUPPORTED:
        return EXIT_USAGE;
    case BOUGH_EXISTS:
    case BOUGH_CONFLICT:
    case BOUGH_STALE:
        return EXIT_PRECONDITION;
    case BOUGH_DENIED:
        return EXIT_AUTH;
    case BOUGH_TOO_BIG:
    case BOUGH_FULL:
    case BOUGH_NO_MEMORY:
        return EXIT_LIMIT;
    case BOUGH_IO:
    case BOUGH_BUSY:
    case BOUGH_NOT_READY:
    case BOUGH_READ_ONLY:
    case BOUGH_TIMEOUT:
    case BOUGH_CLOSED:
        return EXIT_UNREACHABLE;
    case BOUGH_CORRUPT:
    case BOUGH_WRONG_VERSION:
        return EXIT_CORRUPT;
    case BOUGH_ERR_COUNT:
        break;
    }
    return EXIT_USAGE;
}
