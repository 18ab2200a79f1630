/* SPDX-License-Identifier: ISC
 *
 * names.S - the names by which compiler and libraries call what the image must provide; each is a
 * jump to the function in glue.c that does it.  musl's own versions of these make system calls.
 */
    .macro NAME theirs, ours
    .section .text.\theirs, "ax"
    .globl \theirs
    .type \theirs, @function
\theirs:
    jmp \ours
    .size \theirs, . - \theirs
    .endm

    NAME __stack_chk_fail, glue_stack_broken
    NAME __chk_fail, glue_overflow
    NAME __assert_fail, glue_assert
    NAME abort, glue_abort
    NAME malloc, glue_malloc
    NAME calloc, glue_calloc
    NAME realloc, glue_realloc
    NAME free, glue_free
    NAME __lockfile, glue_lock
    NAME __unlockfile, glue_unlock
    NAME __memcpy_chk, glue_memcpy
    NAME __memset_chk, glue_memset
    NAME __explicit_bzero_chk, glue_wipe
    NAME explicit_bzero, glue_wipe

    .section .note.GNU-stack, "", @progbits
