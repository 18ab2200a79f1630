/* SPDX-License-Identifier: ISC
 *
 * vmm_qemu.h - QEMU as a child process that runs the image.
 */
#ifndef VMM_QEMU_H
#define VMM_QEMU_H

#include "options.h"
#include <sys/types.h>

struct vmm_qemu {
    const char *image;
    const char *disks[2]; /* NULL = none */
    const char *machine;  /* "microvm" or "q35" */
    const char *accel;    /* "kvm" or "tcg" */
    const char *host;     /* the host's side of the forwarded port; NULL = no network */
    const char *port;
    const char *command_line; /* the guest's */
    unsigned memory_mib;
    pid_t pid;  /* set by start */
    int input;  /* the guest's console, to it */
    int output; /* and from it */
};

/* Starts QEMU in a process group of its own, so that Ctrl-C reaches only us; it dies with this
 * process.  False: errno says why (ENOENT: no qemu-system-x86_64 on PATH). */
bool vmm_qemu_start(struct vmm_qemu *vmm);

/* Asks the guest to stop, then QEMU, then insists.  Gives QEMU's wait status. */
int vmm_qemu_stop(struct vmm_qemu *vmm);

/* Whether `accel=kvm` really runs a guest here: boots the image without a disk and waits a moment
 * for its first line.  At most about two seconds. */
bool vmm_qemu_probe_kvm(const char *image, const char *machine);

#endif
