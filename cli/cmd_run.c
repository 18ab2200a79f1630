/* SPDX-License-Identifier: ISC
 *
 * cmd_run.c - the verb run: boot the image on a disk image, in the foreground, until Ctrl-C.
 *
 * The guest's console goes to standard error as it comes; once the store answers, standard output
 * says where it is and what to do first.
 */
#include "cmd_run.h"
#include "http_client.h"
#include "interrupt.h"
#include "session.h"
#include "size.h"
#include "vmm_qemu.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DISK_BYTES_DEFAULT ((uint64_t)1 << 30)
#define MEMORY_MIB_DEFAULT 256u
#define POLL_MS            50
/* The guest's place in QEMU's user network; without DHCP it is up sooner. */
#define GUEST_WORDS "ip=10.0.2.15/24,10.0.2.2 port=80"
/* No disk at all: the store dies with the machine. */
#define IN_MEMORY "memory:"

/* Makes a disk image of `size` bytes if there is none: sparse, so it costs what is in it. */
static bool make_disk(const char *path, uint64_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0 && errno == EEXIST)
        return true;
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0) {
        fprintf(stderr, "bough: %s: %s\n", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    close(fd);
    fprintf(stderr, "bough: made %s, %llu MiB\n", path, (unsigned long long)(size >> 20));
    return true;
}

/* How large a file or block device is. */
static bool find_size(const char *path, uint64_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

    if (end < 0)
        fprintf(stderr, "bough: %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    *size = (uint64_t)end;
    return end >= 0;
}

/* Whether two names are of one file; QEMU would open it twice. */
static bool is_same_file(const char *left, const char *right)
{
    struct stat a;
    struct stat b;

    return stat(left, &a) == 0 && stat(right, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* The mirror's second image; it is made as large as the first one. */
static bool choose_second(const struct options *options, struct vmm_qemu *vmm)
{
    uint64_t size;

    if (strcmp(options->mirror, "none") == 0) {
        vmm->command_line = GUEST_WORDS " disk=virtio0,none";
        return true;
    }
    if (!find_size(vmm->disks[0], &size) || !make_disk(options->mirror, size))
        return false;
    if (is_same_file(vmm->disks[0], options->mirror)) {
        fprintf(stderr, "bough: --mirror %s is the image that --disk names\n", options->mirror);
        return false;
    }
    vmm->disks[1] = options->mirror;
    vmm->command_line = GUEST_WORDS " disk=virtio0,virtio1";
    return true;
}

/* Fills in the disks, and makes those that are missing. */
static bool choose_disks(const struct options *options, struct vmm_qemu *vmm)
{
    uint64_t size = DISK_BYTES_DEFAULT;

    vmm->disks[0] = options->disk != NULL ? options->disk : "bough.img";
    vmm->command_line = GUEST_WORDS;
    if (options->size != NULL && !size_parse(options->size, &size)) {
        fprintf(stderr, "bough: --size %s is no size like 512M or 1G\n", options->size);
        return false;
    }
    if (strcmp(vmm->disks[0], IN_MEMORY) != 0)
        return make_disk(vmm->disks[0], size) &&
               (options->mirror == NULL || choose_second(options, vmm));
    if (options->mirror != NULL) {
        fprintf(stderr, "bough: a store in " IN_MEMORY " has no mirror\n");
        return false;
    }
    vmm->disks[0] = NULL;
    vmm->command_line = GUEST_WORDS " disk=memory";
    return true;
}

/* The image beside this program, unless one is named. */
static const char *find_image(const struct options *options, char *path, size_t max)
{
    ssize_t len;
    char *slash;

    if (options->image != NULL)
        return options->image;
    len = readlink("/proc/self/exe", path, max - 1);
    if (len < 0)
        return "bough.elf";
    path[len] = '\0';
    slash = strrchr(path, '/');
    if (slash == NULL || (size_t)(slash - path) + sizeof("/bough.elf") > max)
        return "bough.elf";
    memcpy(slash, "/bough.elf", sizeof("/bough.elf"));
    return path;
}

/* Splits "ADDR:PORT"; both live in `text`. */
static bool split_listen(const char *listen, char *text, size_t max, const char **host,
                         const char **port)
{
    char *colon;

    if (strlen(listen) >= max)
        return false;
    memcpy(text, listen, strlen(listen) + 1);
    colon = strrchr(text, ':');
    if (colon == NULL || colon == text || colon[1] == '\0')
        return false;
    *colon = '\0';
    *host = text;
    *port = colon + 1;
    return true;
}

/* Says where the store is, for people on a terminal and for scripts alike. */
static void say_ready(const char *url)
{
    printf("bough is at %s\n"
           "  curl -X PUT --data-binary 'hello' %s/v1/b/main/k/greeting\n"
           "  git clone %s/bough.git\n",
           url, url, url);
    fflush(stdout);
}

/* Whether the store answers that it is ready. */
static bool is_ready(struct session *session)
{
    struct http_request request = {.method = "GET", .target = "/readyz"};
    struct http_response response;
    struct bough_arena_mark mark = bough_arena_now(&session->arena);
    enum bough_err err =
        http_client_call(&session->client, &request, &session->arena, NULL, &response);

    bough_arena_back(&session->arena, mark);
    http_client_release(&session->client);
    return err == BOUGH_OK && response.status == 200;
}

/* Hands the guest's console on until it ends or we are interrupted. */
static void follow(struct vmm_qemu *vmm, struct session *session)
{
    struct pollfd console = {.fd = vmm->output, .events = POLLIN};
    bool ready = false;
    bool booted = false;

    while (!interrupt_seen()) {
        char text[4096];
        int some = poll(&console, 1, ready ? -1 : POLL_MS);
        ssize_t got = some > 0 ? read(vmm->output, text, sizeof(text)) : 0;

        if (some > 0 && got <= 0)
            return;
        if (got > 0)
            (void)!write(2, text, (size_t)got);
        /* Asked only once the guest has spoken: QEMU's forwarded port accepts before that. */
        booted = booted || got > 0;
        if (booted && !ready && is_ready(session)) {
            ready = true;
            say_ready(session->url);
        }
    }
}

/* Fills in what runs the image. */
static enum exit_status choose(const struct options *options, struct vmm_qemu *vmm)
{
    const char *accel = options->accel != NULL ? options->accel : "auto";
    char *end;

    vmm->machine = options->machine != NULL ? options->machine : "microvm";
    vmm->memory_mib = MEMORY_MIB_DEFAULT;
    if (options->memory != NULL) {
        unsigned long mib = strtoul(options->memory, &end, 10);

        if (*end != '\0' || mib < 8 || mib > 1u << 20) {
            fprintf(stderr, "bough: --memory is a number of MiB from 8 on\n");
            return EXIT_USAGE;
        }
        vmm->memory_mib = (unsigned)mib;
    }
    if (options->vmm != NULL && strcmp(options->vmm, "qemu") != 0) {
        fprintf(stderr, "bough: --vmm %s is not known; there is: qemu\n", options->vmm);
        return EXIT_USAGE;
    }
    if (strcmp(vmm->machine, "microvm") != 0 && strcmp(vmm->machine, "q35") != 0) {
        fprintf(stderr, "bough: --machine is microvm or q35\n");
        return EXIT_USAGE;
    }
    if (access(vmm->image, R_OK) != 0) {
        fprintf(stderr, "bough: no image: %s: %s\n", vmm->image, strerror(errno));
        return EXIT_NOT_FOUND;
    }
    if (strcmp(accel, "auto") == 0)
        accel = vmm_qemu_probe_kvm(vmm->image, vmm->machine) ? "kvm" : "tcg";
    if (strcmp(accel, "kvm") != 0 && strcmp(accel, "tcg") != 0) {
        fprintf(stderr, "bough: --accel is auto, kvm or tcg\n");
        return EXIT_USAGE;
    }
    vmm->accel = accel;
    return EXIT_OK;
}

/* QEMU's end as our own: isa-debug-exit makes 2 * status + 1 of the guest's status. */
static enum exit_status exit_of(int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
        return EXIT_OK;
    fprintf(stderr, "bough: the machine ended with status %d\n",
            WIFEXITED(status) ? WEXITSTATUS(status) / 2 : -1);
    return EXIT_CORRUPT;
}

static enum exit_status run(struct vmm_qemu *vmm, struct session *session)
{
    int status;

    interrupt_catch();
    fprintf(stderr, "bough: booting on %s%s%s (%s)\n",
            vmm->disks[0] != NULL ? vmm->disks[0] : IN_MEMORY, vmm->disks[1] != NULL ? " and " : "",
            vmm->disks[1] != NULL ? vmm->disks[1] : "", vmm->accel);
    if (!vmm_qemu_start(vmm)) {
        fprintf(stderr, "bough: starting QEMU: %s\n", strerror(errno));
        return EXIT_UNREACHABLE;
    }
    follow(vmm, session);
    if (interrupt_seen())
        fprintf(stderr, "\nbough: shutting down\n");
    status = vmm_qemu_stop(vmm);
    return exit_of(status);
}

enum exit_status cmd_run(struct options *options)
{
    const char *listen = options->listen != NULL ? options->listen : "127.0.0.1:8080";
    struct vmm_qemu vmm = {.host = NULL};
    char image[PATH_MAX];
    char text[64];
    char url[80];
    struct session session;
    enum exit_status status;

    if (!split_listen(listen, text, sizeof(text), &vmm.host, &vmm.port)) {
        fprintf(stderr, "bough: --listen is ADDR:PORT, not %s\n", listen);
        return EXIT_USAGE;
    }
    vmm.image = find_image(options, image, sizeof(image));
    status = choose(options, &vmm);
    if (status != EXIT_OK)
        return status;
    if (!choose_disks(options, &vmm))
        return EXIT_USAGE;
    snprintf(url, sizeof(url), "http://%s", listen);
    options->url = url;
    options->mirror = NULL; /* the guest's matter, not the session's */
    status = session_open(&session, options);
    if (status == EXIT_OK)
        status = run(&vmm, &session);
    session_close(&session);
    return status;
}
