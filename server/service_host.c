/* SPDX-License-Identifier: ISC
 *
 * service_host.c - the whole service in a process of the host: a file, two or memory for the
 * store, sockets or a tap device for the network.
 *
 * Owns the service, its network and the interface below that.  `stop` is the one member that
 * another thread or a signal handler may touch.
 */
#include "boot.h"
#include "bough/blockdev.h"
#include "bough/net.h"
#include "bough/service.h"
#include <stdio.h>
#include <stdlib.h>

#define STORE_BYTES_DEFAULT ((uint64_t)1 << 30)

_Static_assert(BOUGH_SERVICE_ERROR_BYTES == CONFIG_ERROR_BYTES_MAX, "one buffer serves both");

struct bough_service {
    struct service service;
    struct loop loop;
    struct bough_net *net;
    struct bough_frames *frames; /* below lwIP; NULL with sockets */
    volatile int stop;
};

/* Says what is wrong in `error`; gives `err` back. */
static enum bough_err fail(enum bough_err err, const char *what, const char *name,
                           char error[BOUGH_SERVICE_ERROR_BYTES])
{
    (void)snprintf(error, BOUGH_SERVICE_ERROR_BYTES, "%s %.150s: %s", what, name,
                   bough_err_name(err));
    return err;
}

static enum bough_err read_words(const struct bough_service_options *options, struct config *config,
                                 char error[BOUGH_SERVICE_ERROR_BYTES])
{
    config_init(config);
    for (size_t i = 0; i < options->word_count; i++)
        BOUGH_TRY(config_word(config, bough_bytes_text(options->words[i]), error));
    return BOUGH_OK;
}

/* The two files of a mirror, as one device. */
static enum bough_err open_mirror(struct bough_service *service,
                                  const struct bough_service_options *options,
                                  const struct bough_file_options *file, struct bough_block *first,
                                  char error[BOUGH_SERVICE_ERROR_BYTES], struct bough_block **dev)
{
    const char *const names[2] = {options->store, options->mirror};
    struct bough_block *copies[2] = {first, NULL};
    struct bough_file_options second = *file;
    enum bough_err err;

    if (strcmp(options->mirror, "none") != 0) {
        second.size_bytes = first->block_count * first->block_size;
        err = bough_file_open(service->service.env, options->mirror, &second, &copies[1]);
        if (err != BOUGH_OK) {
            bough_block_close(first);
            return fail(err, "cannot open", options->mirror, error);
        }
    }
    return boot_mirror(&service->service, copies, names, error, dev);
}

static enum bough_err open_store(struct bough_service *service,
                                 const struct bough_service_options *options,
                                 char error[BOUGH_SERVICE_ERROR_BYTES])
{
    const struct bough_file_options file = {
        .create = options->create,
        .read_only = options->read_only,
        .size_bytes = options->size_bytes != 0 ? options->size_bytes : STORE_BYTES_DEFAULT,
    };
    bool in_memory = strcmp(options->store, "memory:") == 0;
    struct bough_block *dev = NULL;
    enum bough_err err;

    if (in_memory && options->mirror != NULL)
        return fail(BOUGH_INVALID, "nothing mirrors", options->store, error);
    if (!in_memory) {
        err = bough_file_open(service->service.env, options->store, &file, &dev);
        if (err != BOUGH_OK)
            return fail(err, "cannot open", options->store, error);
    }
    if (options->mirror != NULL)
        BOUGH_TRY(open_mirror(service, options, &file, dev, error, &dev));
    return boot_open(&service->service, dev, error);
}

#ifdef BOUGH_LWIP
static enum bough_err open_tap(struct bough_service *service, const char *name,
                               char error[BOUGH_SERVICE_ERROR_BYTES])
{
    const struct config *config = &service->service.config;
    const struct bough_lwip_config lwip = {
        .dhcp = config->ip.dhcp,
        .address = config->ip.address,
        .prefix_bits = config->ip.prefix_bits,
        .gateway = config->ip.gateway,
        .port = (uint16_t)config->port,
    };
    enum bough_err err = bough_tap_open(service->service.env, name, &service->frames);

    if (err == BOUGH_OK)
        err = bough_lwip_open(service->service.env, service->frames, &lwip, &service->net);
    return err == BOUGH_OK ? err : fail(err, "cannot use the tap device", name, error);
}
#else
static enum bough_err open_tap(struct bough_service *service, const char *name,
                               char error[BOUGH_SERVICE_ERROR_BYTES])
{
    (void)service;
    return fail(BOUGH_UNSUPPORTED, "built without lwIP: cannot use the tap device", name, error);
}
#endif

static enum bough_err open_net(struct bough_service *service,
                               const struct bough_service_options *options,
                               char error[BOUGH_SERVICE_ERROR_BYTES])
{
    const char *host = options->listen_host != NULL ? options->listen_host : "127.0.0.1";
    enum bough_err err;

    if (options->tap != NULL)
        return open_tap(service, options->tap, error);
    err = bough_sockets_open(service->service.env, host, options->listen_port, &service->net);
    if (err != BOUGH_OK)
        return fail(err, "cannot listen at", host, error);
    service->service.config.port = strtoul(strrchr(service->net->address, ':') + 1, NULL, 10);
    return BOUGH_OK;
}

enum bough_err bough_service_open(struct bough_env *env,
                                  const struct bough_service_options *options,
                                  char error[BOUGH_SERVICE_ERROR_BYTES],
                                  struct bough_service **result)
{
    struct bough_service *service = bough_heap_take(env->heap, sizeof(*service));
    struct config config;
    enum bough_err err;

    error[0] = '\0';
    if (service == NULL)
        return BOUGH_NO_MEMORY;
    memset(service, 0, sizeof(*service));
    service->service.env = env;
    err = read_words(options, &config, error);
    if (err == BOUGH_OK) {
        boot_begin(&service->service, env, &config);
        err = open_store(service, options, error);
    }
    if (err == BOUGH_OK)
        err = open_net(service, options, error);
    if (err != BOUGH_OK) {
        bough_service_close(service);
        return err;
    }
    *result = service;
    return BOUGH_OK;
}

const char *bough_service_address(const struct bough_service *service)
{
    return service->net->address;
}

enum bough_err bough_service_run(struct bough_service *service)
{
    return boot_serve(&service->service, service->net, &service->loop, &service->stop);
}

void bough_service_stop(struct bough_service *service)
{
    service->stop = 1;
    if (service->frames == NULL)
        bough_sockets_wake(service->net);
}

void bough_service_close(struct bough_service *service)
{
    if (service == NULL)
        return;
    boot_end(&service->service);
    bough_net_close(service->net);
    bough_frames_close(service->frames);
    bough_heap_give(service->service.env->heap, service, sizeof(*service));
}
