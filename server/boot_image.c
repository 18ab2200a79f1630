/* SPDX-License-Identifier: ISC
 *
 * boot_image.c - the application of the image: the kernel calls bough_main, once.
 *
 * Owns the devices it opens, for as long as the machine runs.  Every step says in one line what it
 * did, so that a console shows where a boot stopped.
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

/* Everything that lives as long as the machine. */
struct image {
    struct service service;
    struct loop loop;
    struct bough_frames *frames;
    struct bough_net *net;
};

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

static enum bough_err open_store(struct image *image, const struct bough_machine *machine)
{
    struct bough_env *env = image->service.env;
    const char *name = image->service.config.disk;
    const struct bough_device *device;
    struct bough_block *dev = NULL;
    char error[CONFIG_ERROR_BYTES_MAX];

    if (strcmp(name, "memory") != 0) {
        device = find_device(machine, BOUGH_DEVICE_BLOCK, name);
        if (device == NULL) {
            bough_log(env->log, BOUGH_ERROR, "boot",
                      "no block device%s%s; disk=memory keeps the store in memory",
                      name[0] != '\0' ? " called " : "", name);
            return BOUGH_NOT_FOUND;
        }
        BOUGH_TRY(bough_virtio_block_open(env, device->bus, &dev));
        bough_log(env->log, BOUGH_INFO, "boot", "disk: %s", device->name);
    }
    return boot_open(&image->service, dev, error);
}

static enum bough_err open_net(struct image *image, const struct bough_machine *machine)
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

    if (device == NULL) {
        bough_log(env->log, BOUGH_ERROR, "boot", "no network card");
        return BOUGH_NOT_FOUND;
    }
    BOUGH_TRY(bough_virtio_net_open(env, device->bus, &image->frames));
    return bough_lwip_open(env, image->frames, &lwip, &image->net);
}

/* Waits for DHCP, so that the ready line can name the address. */
static enum bough_err wait_for_address(struct image *image)
{
    struct bough_clock *clock = image->service.env->clock;

    if (image->net->address[0] == '\0')
        bough_log(image->service.env->log, BOUGH_INFO, "boot", "asking for an address by DHCP");
    while (image->net->address[0] == '\0')
        BOUGH_TRY(bough_net_wait(image->net, bough_clock_now_ns(clock) + 100000000u));
    return BOUGH_OK;
}

static int run(struct image *image, const struct bough_machine *machine)
{
    volatile int stop = 0;

    if (open_store(image, machine) != BOUGH_OK)
        return STATUS_STORE;
    if (open_net(image, machine) != BOUGH_OK || wait_for_address(image) != BOUGH_OK)
        return STATUS_NET;
    return boot_serve(&image->service, image->net, &image->loop, &stop) == BOUGH_OK ? STATUS_OK
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
    bough_net_close(image->net);
    bough_frames_close(image->frames);
    bough_heap_give(env->heap, image, sizeof(*image));
    return status;
}
