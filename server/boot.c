/* SPDX-License-Identifier: ISC
 *
 * boot.c - puts a service together, the same way on the host and in the image: the composition
 * root.
 *
 * Here, in service_host.c and in boot_image.c, and nowhere else, backends, devices and networks
 * have names.  Owns nothing but what the caller's struct holds. (1) A device is written to only if
 * it is a store, or all zeros. (2) The service says how durable it is before it takes the first
 * write.
 */
#include "boot.h"
#include "bough/blockdev.h"
#include "bough/journal.h"
#include "bough/memory.h"
#include <stdio.h>

void boot_begin(struct service *service, struct bough_env *env, const struct config *config)
{
    *service = (struct service){.env = env, .config = *config};
    service->started_ns = bough_clock_now_ns(env->clock);
    env->log->at_least = (enum bough_level)config->log;
    if (bough_entropy_fill(env->entropy, &service->id_base, sizeof(service->id_base)) != BOUGH_OK)
        service->id_base = service->started_ns << 16; /* ids need not be secret, only new */
}

/* Logs what is wrong and puts it into `error`; gives `err` back. */
static enum bough_err fail(struct service *service, enum bough_err err, const char *what,
                           char error[CONFIG_ERROR_BYTES_MAX])
{
    (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "%s (%s)", what, bough_err_name(err));
    bough_log(service->env->log, BOUGH_ERROR, "boot", "%s", error);
    return err;
}

/* A copy that cannot be read now may be readable, or written anew, later. */
#define RESYNC_BYTES   (512u << 10)
#define RESYNC_WAIT_NS ((uint64_t)60000000000)

/* What /v1/stats shows. */
static void count_mirror(struct service *service)
{
    const struct bough_block *dev = service->upkeep_dev;
    struct bough_mirror_report report = bough_mirror_report(dev);

    service->mirror = (struct service_mirror){
        .present = true,
        .degraded = report.degraded,
        .resync_done_bytes = report.resync_done_count * dev->block_size,
        .resync_bytes = report.resync_count * dev->block_size,
        .fault_count = report.copies[0].fault_count + report.copies[1].fault_count,
        .healed_count = report.copies[0].healed_count + report.copies[1].healed_count,
    };
}

/* A step of bringing a copy up to date. */
static bool upkeep(struct service *service)
{
    uint64_t now_ns = bough_clock_now_ns(service->env->clock);
    bool done = true;

    if (service->store == NULL || service->read_only)
        return false;
    if (now_ns >= service->upkeep_from_ns &&
        bough_mirror_resync(service->upkeep_dev, RESYNC_BYTES, &done) != BOUGH_OK) {
        service->upkeep_from_ns = now_ns + RESYNC_WAIT_NS;
        done = true;
    }
    count_mirror(service);
    return !done;
}

enum bough_err boot_mirror(struct service *service, struct bough_block *const copies[2],
                           const char *const names[2], char error[CONFIG_ERROR_BYTES_MAX],
                           struct bough_block **dev)
{
    enum bough_err err = bough_mirror_open(service->env, copies, names, dev);

    if (err == BOUGH_OK) {
        service->upkeep = upkeep;
        service->upkeep_dev = *dev;
        count_mirror(service);
        return BOUGH_OK;
    }
    bough_block_close(copies[0]);
    bough_block_close(copies[1]);
    return fail(service, err,
                err == BOUGH_CONFLICT ? "each copy of the mirror was written without the other: "
                                        "name the one that counts, and \"none\""
                : err == BOUGH_STALE  ? "this copy of the mirror is older than the one left out"
                                      : "the two are no mirror, and no two blank devices",
                error);
}

/* What to say of a device that is neither blank nor a store. */
static const char *foreign(struct service *service, struct bough_block *dev)
{
    bool is_copy;

    return bough_mirror_probe(service->env, dev, &is_copy) == BOUGH_OK && is_copy
               ? "the device is one copy of a mirror: name both, or this one and \"none\""
               : "the device holds something that is no bough store; it was not touched";
}

/* Invariant (1).  `dev` stays the caller's. */
static enum bough_err prepare(struct service *service, struct bough_block *dev,
                              char error[CONFIG_ERROR_BYTES_MAX])
{
    struct bough_log *log = service->env->log;
    enum bough_journal_state state;
    enum bough_err err = bough_journal_probe(service->env, dev, &state);

    if (err == BOUGH_TOO_BIG)
        return fail(service, err, "the device is too small for a store", error);
    if (err != BOUGH_OK)
        return fail(service, err, "the device cannot be read", error);
    if (state == BOUGH_JOURNAL_OURS)
        return BOUGH_OK;
    if (state == BOUGH_JOURNAL_FOREIGN)
        return fail(service, BOUGH_INVALID, foreign(service, dev), error);
    if (dev->read_only)
        return fail(service, BOUGH_READ_ONLY, "the device is blank and read-only", error);
    bough_log(log, BOUGH_INFO, "boot", "the device is blank: making a store on it");
    err = bough_journal_format(service->env, dev, NULL);
    return err == BOUGH_OK ? err : fail(service, err, "no store can be made on the device", error);
}

static enum bough_err open_backend(struct service *service, struct bough_block *dev,
                                   char error[CONFIG_ERROR_BYTES_MAX],
                                   struct bough_backend **backend)
{
    enum bough_err err;

    if (dev == NULL) {
        err = bough_memory_open(service->env, NULL, backend);
        return err == BOUGH_OK ? err : fail(service, err, "no store can be made in memory", error);
    }
    bough_log(service->env->log, BOUGH_INFO, "boot", "device: %llu blocks of %u bytes%s",
              (unsigned long long)dev->block_count, dev->block_size,
              dev->read_only ? ", read-only" : "");
    err = prepare(service, dev, error);
    if (err != BOUGH_OK) {
        bough_block_close(dev);
        return err;
    }
    err = bough_journal_open(service->env, dev, backend);
    return err == BOUGH_OK ? err : fail(service, err, "the store cannot be opened", error);
}

/* Whether the store keeps what the configuration asks for; says how durable it is. */
static enum bough_err check_durability(struct service *service, char error[CONFIG_ERROR_BYTES_MAX])
{
    static const enum bough_durability least[] = {
        [CONFIG_DURABILITY_ANY] = BOUGH_SURVIVES_NOTHING,
        [CONFIG_DURABILITY_HOST] = BOUGH_SURVIVES_GUEST,
        [CONFIG_DURABILITY_POWER] = BOUGH_SURVIVES_POWER,
    };
    struct bough_store_info info;

    bough_store_info(service->store, &info);
    service->read_only = info.read_only;
    bough_log(service->env->log, BOUGH_INFO, "boot",
              "store open: generation %llu, %llu of %llu bytes used, durability %s%s",
              (unsigned long long)info.generation, (unsigned long long)info.used_bytes,
              (unsigned long long)info.capacity_bytes, bough_durability_name(info.durability),
              info.read_only ? ", read-only" : "");
    if (info.durability < least[service->config.durability])
        return fail(service, BOUGH_UNSUPPORTED,
                    "the store is less durable than durability= asks for", error);
    return BOUGH_OK;
}

enum bough_err boot_open(struct service *service, struct bough_block *dev,
                         char error[CONFIG_ERROR_BYTES_MAX])
{
    struct bough_backend *backend = NULL;
    enum bough_err err = open_backend(service, dev, error, &backend);

    if (err != BOUGH_OK)
        return err;
    err = bough_store_open(service->env, backend, (size_t)service->config.cache_bytes,
                           &service->store);
    if (err != BOUGH_OK)
        return fail(service, err, "the store cannot be opened", error);
    err = check_durability(service, error);
    if (err == BOUGH_OK) {
        err = bough_git_open(service->store, (size_t)service->config.memo_bytes, &service->git);
        if (err != BOUGH_OK)
            err = fail(service, err, "the git view cannot be opened", error);
    }
    if (err != BOUGH_OK)
        boot_end(service);
    return err;
}

enum bough_err boot_serve(struct service *service, struct bough_net *net, struct loop *loop,
                          const volatile int *stop)
{
    enum bough_err err;
    enum bough_err synced = BOUGH_OK;

    loop_init(loop, service, net);
    if (net->address[0] != '\0')
        bough_log(service->env->log, BOUGH_INFO, "boot", "ready: http://%s", net->address);
    err = loop_run(loop, stop);
    loop_close(loop);
    if (service->store != NULL && !service->failed && !service->read_only)
        synced = bough_store_sync(service->store);
    bough_log(service->env->log, BOUGH_INFO, "boot", "stopped: %s",
              err != BOUGH_OK      ? "the network failed"
              : synced != BOUGH_OK ? "the last sync failed"
                                   : "all is synced");
    return err != BOUGH_OK ? err : synced;
}

void boot_end(struct service *service)
{
    bough_git_close(service->git);
    bough_store_close(service->store);
    service->git = NULL;
    service->store = NULL;
    service->upkeep = NULL;
    service->upkeep_dev = NULL;
}
