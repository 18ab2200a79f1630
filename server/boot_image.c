/* SPDX-License-Identifier: ISC
 *
 * boot_image.c - the application of the image: the kernel calls bough_main, once.
 *
 * Owns the devices it opens, for as long as the machine runs.  Every step says in one line what it
 * did, so that a console shows where a boot stopped.  Between the loop and the network stands a
 * watch: each wait looks whether the console asks for the end, so a second after it at most the
 * loop ends its turn and what it has acknowledged is closed in order.
 */
#include "boot.h"
#include "bough/blockdev.h"
#include "bough/machine.h"
#include "bough/net.h"
#include "bough/virtio.h"

#define STATUS_OK     0
#define STATUS_CONFIG 2
#define STATUS_STORE  3
#define STATUS_NET    4
#define STATUS_MEMORY 5

/* The network, and with each wait for it a look at the console. */
struct watch {
    struct bough_net base; /* the address is copied from `net` */
    struct bough_net *net;
    struct bough_machine *machine;
    struct bough_log *log;
    volatile int stop;
};

/* Everything that lives as long as the machine. */
struct image {
    struct service service;
    struct loop loop;
    struct bough_frames *frames;
    struct watch watch;
};

static enum bough_err watch_accept(struct bough_net *base, struct bough_stream **stream)
{
    struct watch *watch = (struct watch *)base;

    return bough_net_accept(watch->net, stream);
}

static enum bough_err watch_wait(struct bough_net *base, uint64_t until_ns)
{
    struct watch *watch = (struct watch *)base;
    enum bough_err err = bough_net_wait(watch->net, until_ns);

    memcpy(base->address, watch->net->address, sizeof(base->address));
    if (watch->stop == 0 && watch->machine->stop_requested(watch->machine)) {
        bough_log(watch->log, BOUGH_INFO, "boot", "shutting down");
        watch->stop = 1;
    }
    return err;
}

static void watch_close(struct bough_net *base)
{
    struct watch *watch = (struct watch *)base;

    bough_net_close(watch->net);
    watch->net = NULL;
}

static const struct bough_net_ops watch_ops = {
    .accept = watch_accept, .wait = watch_wait, .close = watch_close};

/* Puts the watch before a network, which is its own from then on. */
static void watch_init(struct watch *watch, struct bough_net *net, struct bough_machine *machine,
                       struct bough_log *log)
{
    *watch =
        (struct watch){.base = {.ops = &watch_ops}, .net = net, .machine = machine, .log = log};
    memcpy(watch->base.address, net->address, sizeof(watch->base.address));
}

/* The first device of a kind, or the one with that name. */
static const struct bough_device *find_device(const struct bough_machine *machine,
                                              enum bough_device_kind kind, const char *name)
{
    for (uint32_t i = 0; i < machine->device_count; i++) {
        const struct bough_device *device = &machine->devices[i];

        if (device->kind == kind && (name[0] == '\0' || strcmp(name, device->name) == 0))
            return device;
    }
    return NULL;
}

static enum bough_err open_disk(struct image *image, const struct bough_machine *machine,
                                const char *name, struct bough_block **dev)
{
    struct bough_env *env = image->service.env;
    const struct bough_device *device = find_device(machine, BOUGH_DEVICE_BLOCK, name);

    if (device == NULL) {
        bough_log(env->log, BOUGH_ERROR, "boot",
                  "no block device%s%s; disk=memory keeps the store in memory",
                  name[0] != '\0' ? " called " : "", name);
        return BOUGH_NOT_FOUND;
    }
    BOUGH_TRY(bough_virtio_block_open(env, device->bus, dev));
    bough_log(env->log, BOUGH_INFO, "boot", "disk: %s", device->name);
    return BOUGH_OK;
}

/* "FIRST,SECOND" or "FIRST,none": a mirror. */
static enum bough_err open_mirror(struct image *image, const struct bough_machine *machine,
                                  const char *comma, struct bough_block **dev)
{
    char first[CONFIG_TEXT_BYTES_MAX] = "";
    const char *const names[2] = {first, comma + 1};
    struct bough_block *copies[2] = {NULL, NULL};
    char error[CONFIG_ERROR_BYTES_MAX];
    enum bough_err err;

    memcpy(first, image->service.config.disk, (size_t)(comma - image->service.config.disk));
    if (names[0][0] == '\0' || names[1][0] == '\0' || strcmp(names[0], names[1]) == 0) {
        bough_log(image->service.env->log, BOUGH_ERROR, "boot",
                  "disk= takes two different devices, or one and \"none\"");
        return BOUGH_INVALID;
    }
    BOUGH_TRY(open_disk(image, machine, names[0], &copies[0]));
    if (strcmp(names[1], "none") != 0) {
        err = open_disk(image, machine, names[1], &copies[1]);
        if (err != BOUGH_OK) {
            bough_block_close(copies[0]);
            return err;
        }
    }
    return boot_mirror(&image->service, copies, names, error, dev);
}

static enum bough_err open_store(struct image *image, const struct bough_machine *machine)
{
    const char *name = image->service.config.disk;
    const char *comma = strchr(name, ',');
    struct bough_block *dev = NULL;
    char error[CONFIG_ERROR_BYTES_MAX];

    if (comma != NULL)
        BOUGH_TRY(open_mirror(image, machine, comma, &dev));
    else if (strcmp(name, "memory") != 0)
        BOUGH_TRY(open_disk(image, machine, name, &dev));
    return boot_open(&image->service, dev, error);
}

static enum bough_err open_net(struct image *image, struct bough_machine *machine)
{
    struct bough_env *env = image->service.env;
    const struct config *config = &image->service.config;
    const struct bough_device *device = find_device(machine, BOUGH_DEVICE_NET, "");
    const struct bough_lwip_config lwip = {
        .dhcp = config->ip.dhcp,
        .address = config->ip.address,
        .prefix_bits = config->ip.prefix_bits,
        .gateway = config->ip.gateway,
        .port = (uint16_t)config->port,
    };
    struct bough_net *net;

    if (device == NULL) {
        bough_log(env->log, BOUGH_ERROR, "boot", "no network card");
        return BOUGH_NOT_FOUND;
    }
    BOUGH_TRY(bough_virtio_net_open(env, device->bus, &image->frames));
    BOUGH_TRY(bough_lwip_open(env, image->frames, &lwip, &net));
    watch_init(&image->watch, net, machine, env->log);
    return BOUGH_OK;
}

/* Waits for DHCP, so that the ready line can name the address. */
static enum bough_err wait_for_address(struct image *image)
{
    struct bough_clock *clock = image->service.env->clock;
    struct watch *watch = &image->watch;

    if (watch->base.address[0] == '\0')
        bough_log(image->service.env->log, BOUGH_INFO, "boot", "asking for an address by DHCP");
    while (watch->base.address[0] == '\0' && watch->stop == 0)
        BOUGH_TRY(bough_net_wait(&watch->base, bough_clock_now_ns(clock) + 100000000u));
    return BOUGH_OK;
}

static int run(struct image *image, struct bough_machine *machine)
{
    struct watch *watch = &image->watch;

    if (open_store(image, machine) != BOUGH_OK)
        return STATUS_STORE;
    if (open_net(image, machine) != BOUGH_OK || wait_for_address(image) != BOUGH_OK)
        return STATUS_NET;
    return boot_serve(&image->service, &watch->base, &image->loop, &watch->stop) == BOUGH_OK
               ? STATUS_OK
               : STATUS_NET;
}

int bough_main(struct bough_env *env, struct bough_machine *machine)
{
    struct image *image = bough_heap_take(env->heap, sizeof(*image));
    char error[CONFIG_ERROR_BYTES_MAX];
    struct config config;
    int status;

    bough_log(env->log, BOUGH_INFO, "boot",
              "bough %s on %s, %llu MiB, entropy: %s, up after %llu us", BOUGH_VERSION,
              machine->name, (unsigned long long)(machine->memory_bytes >> 20),
              machine->entropy_names[0] != '\0' ? machine->entropy_names : "none",
              (unsigned long long)(machine->boot_ns / 1000));
    if (image == NULL)
        return STATUS_MEMORY;
    memset(image, 0, sizeof(*image));
    config_init(&config);
    if (config_line(&config, machine->command_line, error) != BOUGH_OK) {
        bough_log(env->log, BOUGH_ERROR, "boot", "command line: %s", error);
        return STATUS_CONFIG;
    }
    boot_begin(&image->service, env, &config);
    status = run(image, machine);
    boot_end(&image->service);
    bough_net_close(image->watch.net);
    bough_frames_close(image->frames);
    bough_heap_give(env->heap, image, sizeof(*image));
    return status;
}
