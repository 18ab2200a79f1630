/* SPDX-License-Identifier: ISC
 *
 * start.S - from the PVH entry (32 bits, no paging, no stack) to boot_main in 64 bits.
 *
 * Owns the first page tables (the first 4 GiB as they are, everything allowed; paging.c replaces
 * them), the GDT, and the block that FS points at.  Entry state: Xen's docs/misc/pvh.pandoc.
 *   (1) SSE works and FS has a block with the stack canary before any C runs: the libraries' code
 *       uses both.
 *   (2) Interrupts are on only inside boot_halt.
 */
    .set CODE_SELECTOR, 0x08
    .set DATA_SELECTOR, 0x10
    .set MSR_EFER,      0xc0000080
    .set MSR_FS_BASE,   0xc0000100
    .set EFER_LONG,     0x100
    .set EFER_NX,       0x800
    .set CR0_MP,        0x2
    .set CR0_EM,        0x4
    .set CR0_TS,        0x8
    .set CR0_WP,        0x10000
    .set CR0_PAGING,    0x80000000
    .set CR4_PAE_SSE,   0x620 /* PAE, OSFXSR, OSXMMEXCPT */
    .set CR4_XSAVE,     0x40000

/* XEN_ELFNOTE_PHYS32_ENTRY; eight bytes of value suit every loader known. */
    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad boot_start32

    .section .text.boot, "ax"
    .code32
    .globl boot_start32
boot_start32:
    cli
    cld
    mov %ebx, boot_info
    movl $(boot_pdpt + 3), boot_pml4
    movl $(boot_pd + 0x0003), boot_pdpt
    movl $(boot_pd + 0x1003), boot_pdpt + 8
    movl $(boot_pd + 0x2003), boot_pdpt + 16
    movl $(boot_pd + 0x3003), boot_pdpt + 24
    mov $boot_pd, %edi
    mov $0x83, %eax /* present, writable, 2 MiB */
    mov $2048, %ecx
1:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    dec %ecx
    jnz 1b

    mov %cr4, %eax
    or $CR4_PAE_SSE, %eax
    mov %eax, %cr4
    mov $boot_pml4, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $(EFER_LONG | EFER_NX), %eax
    wrmsr
    mov %cr0, %eax
    and $~(CR0_EM | CR0_TS), %eax
    or $(CR0_PAGING | CR0_WP | CR0_MP), %eax
    mov %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $CODE_SELECTOR, $boot_start64

    .code64
boot_start64:
    mov $DATA_SELECTOR, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    lea image_stack_top(%rip), %rsp
    fninit

    /* musl takes the block's address from its first word; libraries the canary from 0x28. */
    lea boot_thread(%rip), %rax
    mov %rax, (%rax)
    mov %rax, %rdx
    shr $32, %rdx
    mov $MSR_FS_BASE, %ecx
    wrmsr

    /* AVX needs the system's consent: CPUID.1:ECX bits 26 (XSAVE) and 28 (AVX). */
    mov $1, %eax
    cpuid
    bt $26, %ecx
    jnc 2f
    mov %ecx, %esi
    mov %cr4, %rax
    or $CR4_XSAVE, %rax
    mov %rax, %cr4
    mov $3, %eax
    bt $28, %esi
    jnc 3f
    or $4, %eax
3:  xor %edx, %edx
    xor %ecx, %ecx
    xsetbv
2:  mov boot_info(%rip), %edi
    xor %ebp, %ebp
    call boot_main
    ud2

/* Sleeps until one interrupt.  The handler switches interrupts off in the flags it returns to, so
 * exactly one is taken; and this function has nothing in a red zone. */
    .section .text.boot_halt, "ax"
    .globl boot_halt
boot_halt:
    sti
    hlt
    cli
    ret

    .section .data.boot_gdt, "aw"
    .balign 16
    .globl boot_gdt
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 64-bit code */
    .quad 0x00cf93000000ffff /* data */
    .quad 0, 0               /* task state segment: trap.c */
boot_gdt_pointer:
    .word . - boot_gdt - 1
    .long boot_gdt
    .long 0

    .section .bss.boot, "aw", @nobits
    .balign 4096
boot_pml4:
    .skip 4096
boot_pdpt:
    .skip 4096
boot_pd:
    .skip 16384
    .globl boot_thread
boot_thread:
    .skip 1024
boot_info:
    .skip 8

    .section .note.GNU-stack, "", @progbits
