/* SPDX-License-Identifier: ISC
 *
 * trap_entry.S - where the processor goes for exceptions and interrupts.
 *
 *   (1) Exceptions never return: they end in trap_report.
 *   (2) Interrupts run no C: each notes its vector and returns with interrupts off, to boot_halt,
 *       the only place where they are on.  idle.c does the rest.
 */
    .set VECTORS_EXCEPTION, 32
    .set FLAG_INTERRUPTS,   0x200

    .text
/* 16 bytes each.  Exceptions 8, 10-14, 17, 21, 29 and 30 bring an error code (Intel SDM volume 3,
 * table 6-1); for the others a zero stands in its place. */
    .balign 16
    .globl trap_exceptions
trap_exceptions:
    .set vector, 0
    .rept VECTORS_EXCEPTION
    .balign 16
    .if ((1 << vector) & 0x60227d00) == 0
    push $0
    .endif
    push $vector
    jmp exception
    .set vector, vector + 1
    .endr

/* 32 bytes each. */
    .balign 32
    .globl trap_interrupts
trap_interrupts:
    .rept 256 - VECTORS_EXCEPTION
    .balign 32
    movl $vector, trap_vector(%rip)
    andq $~FLAG_INTERRUPTS, 16(%rsp)
    iretq
    .set vector, vector + 1
    .endr

/* Builds a struct trap_frame on the stack. */
exception:
    push %r15
    push %r14
    push %r13
    push %r12
    push %r11
    push %r10
    push %r9
    push %r8
    push %rbp
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rbx
    push %rax
    mov %cr2, %rax
    push %rax
    mov %rsp, %rdi
    and $~15, %rsp
    cld
    call trap_report
    ud2

    .section .note.GNU-stack, "", @progbits
