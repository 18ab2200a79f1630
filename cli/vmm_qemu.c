/* SPDX-License-Identifier: ISC
 *
 * vmm_qemu.c - QEMU as a child process that runs the image.
 *
 * Flushes of the guest reach the disk file (QEMU's default, cache=writeback, is fdatasync on each
 * flush), so what the guest acknowledges survives the power cut it promises to survive.
 */
#include "vmm_qemu.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGS_MAX         48u
#define PROBE_MS         1500
#define STOP_GUEST_MS    5000
#define ASK_AGAIN_MS     500
#define STOP_QEMU_MS     2000
#define CONSOLE_END_BYTE 0x04 /* what the guest's console takes for "please stop": end of file */

/* The command line; texts live in `text`. */
struct command {
    const char *args[ARGS_MAX];
    size_t count;
    char text[8192];
    size_t len;
};

static void add(struct command *command, const char *arg)
{
    if (command->count + 1 < ARGS_MAX)
        command->args[command->count++] = arg;
}

/* Adds what printf would make of the format. */
BOUGH_PRINTF(2, 3)
static void add_format(struct command *command, const char *format, ...)
{
    char *at = command->text + command->len;
    size_t room = sizeof(command->text) - command->len;
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(at, room, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= room)
        return;
    command->len += (size_t)len + 1;
    add(command, at);
}

/* A file name inside a QEMU option: commas are doubled there. */
static const char *escaped(struct command *command, const char *path)
{
    char *at = command->text + command->len;
    size_t len = 0;

    for (; *path != '\0' && command->len + len + 3 < sizeof(command->text); path++) {
        at[len++] = *path;
        if (*path == ',')
            at[len++] = ',';
    }
    at[len] = '\0';
    command->len += len + 1;
    return at;
}

static void build(const struct vmm_qemu *vmm, struct command *command)
{
    bool pci = strcmp(vmm->machine, "q35") == 0;
    const char *bus = pci ? "pci" : "device";

    add(command, "qemu-system-x86_64");
    add(command, "-machine");
    add(command, pci ? "q35" : "microvm,x-option-roms=off,acpi=off");
    if (!pci) {
        add(command, "-global");
        add(command, "virtio-mmio.force-legacy=false");
    }
    add(command, "-accel");
    add(command, vmm->accel);
    add(command, "-cpu");
    add(command, strcmp(vmm->accel, "kvm") == 0 ? "host" : "max");
    add(command, "-m");
    add_format(command, "%u", vmm->memory_mib);
    add(command, "-nodefaults");
    add(command, "-display");
    add(command, "none");
    add(command, "-serial");
    add(command, "stdio");
    add(command, "-no-reboot");
    add(command, "-device");
    add(command, "isa-debug-exit");
    add(command, "-kernel");
    add(command, vmm->image);
    add(command, "-append");
    add(command, vmm->command_line);
    add(command, "-device");
    add_format(command, "virtio-rng-%s", bus);
    for (unsigned i = 0; i < 2 && vmm->disks[i] != NULL; i++) {
        const char *disk = escaped(command, vmm->disks[i]);

        add(command, "-drive");
        add_format(command, "id=disk%u,file=%s,if=none,format=raw", i, disk);
        add(command, "-device");
        add_format(command, "virtio-blk-%s,drive=disk%u", bus, i);
    }
    if (vmm->host != NULL) {
        add(command, "-netdev");
        add_format(command, "user,id=net0,hostfwd=tcp:%s:%s-:80", vmm->host, vmm->port);
        add(command, "-device");
        add_format(command, "virtio-net-%s,netdev=net0", bus);
    }
    command->args[command->count] = NULL;
}

/* In the child: becomes QEMU. */
static void become(const struct command *command, int input, int output, pid_t parent)
{
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(127);
    (void)dup2(input, 0);
    (void)dup2(output, 1);
    (void)dup2(output, 2);
    execvp(command->args[0], (char *const *)command->args);
    dprintf(2, "%s: %s\n", command->args[0], strerror(errno));
    _exit(127);
}

bool vmm_qemu_start(struct vmm_qemu *vmm)
{
    struct command command = {.count = 0};
    pid_t parent = getpid();
    int to[2];
    int from[2];

    build(vmm, &command);
    if (pipe2(to, O_CLOEXEC) != 0)
        return false;
    if (pipe2(from, O_CLOEXEC) != 0) {
        close(to[0]);
        close(to[1]);
        return false;
    }
    vmm->pid = fork();
    if (vmm->pid == 0)
        become(&command, to[0], from[1], parent);
    close(to[0]);
    close(from[1]);
    vmm->input = to[1];
    vmm->output = from[0];
    if (vmm->pid > 0)
        return true;
    close(to[1]);
    close(from[0]);
    return false;
}

/* Waits for QEMU to end, up to `ms`, while reading away what the guest still says. */
static bool wait_for_end(struct vmm_qemu *vmm, int ms, int *status)
{
    for (int waited = 0; waited < ms; waited += 20) {
        struct pollfd ready = {.fd = vmm->output, .events = POLLIN};
        char text[4096];

        if (waitpid(vmm->pid, status, WNOHANG) == vmm->pid)
            return true;
        if (poll(&ready, 1, 20) > 0 && (ready.revents & POLLIN) != 0) {
            ssize_t got = read(vmm->output, text, sizeof(text));

            if (got > 0)
                (void)!write(2, text, (size_t)got);
        }
    }
    return false;
}

/* Asks the guest to stop, again and again: one that has just started forgets what was typed. */
static bool ask_to_end(struct vmm_qemu *vmm, int *status)
{
    const char end = CONSOLE_END_BYTE;

    for (int waited = 0; waited < STOP_GUEST_MS; waited += ASK_AGAIN_MS) {
        (void)!write(vmm->input, &end, 1);
        if (wait_for_end(vmm, ASK_AGAIN_MS, status))
            return true;
    }
    return false;
}

int vmm_qemu_stop(struct vmm_qemu *vmm)
{
    int status = 0;

    if (!ask_to_end(vmm, &status)) {
        kill(vmm->pid, SIGTERM);
        if (!wait_for_end(vmm, STOP_QEMU_MS, &status)) {
            kill(vmm->pid, SIGKILL);
            (void)waitpid(vmm->pid, &status, 0);
        }
    }
    close(vmm->input);
    close(vmm->output);
    return status;
}

bool vmm_qemu_probe_kvm(const char *image, const char *machine)
{
    struct vmm_qemu vmm = {
        .image = image, .machine = machine, .accel = "kvm", .command_line = "", .memory_mib = 32};
    struct pollfd ready = {.events = POLLIN};
    char text[4096];
    size_t len = 0;
    bool runs = false;
    int status;

    if (access("/dev/kvm", R_OK | W_OK) != 0 || !vmm_qemu_start(&vmm))
        return false;
    ready.fd = vmm.output;
    while (!runs && len + 1 < sizeof(text) && poll(&ready, 1, PROBE_MS) > 0) {
        ssize_t got = read(vmm.output, text + len, sizeof(text) - 1 - len);

        if (got <= 0)
            break;
        len += (size_t)got;
        text[len] = '\0';
        runs = strstr(text, "] info  kernel") != NULL; /* the image's own first line */
    }
    kill(vmm.pid, SIGKILL);
    (void)waitpid(vmm.pid, &status, 0);
    close(vmm.input);
    close(vmm.output);
    return runs;
}
