/* SPDX-License-Identifier: ISC
 *
 * glue.c - what compiler and libraries expect to exist.
 *
 * Owns nothing.  All that can go wrong here is our own bug, or memory that was overwritten: it ends
 * in a report on the console, never in a return.
 */
#include "glue.h"

#include "trap.h"
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 256u

void glue_stack_broken(void)
{
    trap_stop("stack overwritten");
}

void glue_overflow(void)
{
    trap_stop("copy past the end of an object");
}

void glue_assert(const char *text, const char *file, int line, const char *function)
{
    char message[TEXT_BYTES];
    const char *name = strrchr(file, '/');

    (void)snprintf(message, sizeof(message), "%s:%d: %s: assertion %s",
                   name == NULL ? file : name + 1, line, function, text);
    trap_stop(message);
}

void glue_abort(void)
{
    trap_stop("abort");
}

void *glue_malloc(size_t bytes)
{
    (void)bytes;
    return NULL;
}

void *glue_calloc(size_t count, size_t bytes)
{
    (void)count;
    (void)bytes;
    return NULL;
}

void *glue_realloc(void *at, size_t bytes)
{
    (void)at;
    (void)bytes;
    return NULL;
}

void glue_free(void *at)
{
    if (at != NULL)
        trap_stop("free of memory that is not from malloc");
}

int glue_lock(void *file)
{
    (void)file;
    return 0;
}

void glue_unlock(void *file)
{
    (void)file;
}

void *glue_memcpy(void *to, const void *from, size_t len, size_t room)
{
    if (len > room)
        glue_overflow();
    return memcpy(to, from, len);
}

void *glue_memset(void *to, int value, size_t len, size_t room)
{
    if (len > room)
        glue_overflow();
    return memset(to, value, len);
}

void glue_wipe(void *at, size_t len)
{
    (void)memset(at, 0, len);
    __asm__ volatile("" : : "r"(at) : "memory");
}
