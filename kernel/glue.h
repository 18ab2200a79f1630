/* SPDX-License-Identifier: ISC
 *
 * glue.h - what compiler and libraries expect to exist; names.S gives these their names.
 */
#ifndef GLUE_H
#define GLUE_H

#include <stddef.h>

/* A function found its stack canary overwritten. */
_Noreturn void glue_stack_broken(void);

/* A checked copy would have gone past its object. */
_Noreturn void glue_overflow(void);

/* An assertion failed; musl's assert.h calls it. */
_Noreturn void glue_assert(const char *text, const char *file, int line, const char *function);

/* C's abort. */
_Noreturn void glue_abort(void);

/* C's malloc: there is none, so NULL.  Memory comes from the heap port; zlib is given its own. */
void *glue_malloc(size_t bytes);

/* As glue_malloc. */
void *glue_calloc(size_t count, size_t bytes);

/* As glue_malloc. */
void *glue_realloc(void *at, size_t bytes);

/* C's free, for what glue_malloc gave: only NULL. */
void glue_free(void *at);

/* musl's lock of a FILE: there is one thread.  0 = not taken, so not to be given back. */
int glue_lock(void *file);

/* As glue_lock. */
void glue_unlock(void *file);

/* memcpy and memset as called by code built with glibc's checks: `room` bytes are there. */
void *glue_memcpy(void *to, const void *from, size_t len, size_t room);

/* As glue_memcpy. */
void *glue_memset(void *to, int value, size_t len, size_t room);

/* Zeroes memory that must not keep a secret. */
void glue_wipe(void *at, size_t len);

#endif
