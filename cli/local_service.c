/* SPDX-License-Identifier: ISC
 *
 * local_service.c - a store served by this process to itself.
 *
 * The service runs in a thread with an environment of its own and shares nothing with the verb but
 * the connection between them; so a verb needs no second way to do its work.
 */
#include "local_service.h"
#include "bough/service.h"
#include "env_unix.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_BYTES_MAX ((size_t)1 << 30)

struct local_service {
    struct env_unix env;
    struct bough_service *service;
    pthread_t thread;
    enum bough_err result;
    char url[96];
};

static void *run(void *context)
{
    struct local_service *local = context;

    local->result = bough_service_run(local->service);
    return NULL;
}

enum exit_status local_service_open(const struct options *options, struct local_service **service)
{
    static const char *const words[] = {"log=error"}; /* the verb does the talking */
    const struct bough_service_options how = {
        .store = options->store, .mirror = options->mirror, .words = words, .word_count = 1};
    struct local_service *local = calloc(1, sizeof(*local));
    char error[BOUGH_SERVICE_ERROR_BYTES];
    enum bough_err err;

    if (strcmp(options->store, "memory:") == 0) {
        free(local);
        fprintf(stderr, "bough: a store in memory lives as long as its service: start one with "
                        "`bough serve --store memory:` and name it with --url\n");
        return EXIT_USAGE;
    }
    if (local == NULL)
        return EXIT_LIMIT;
    env_unix_open(&local->env, HEAP_BYTES_MAX);
    err = bough_service_open(&local->env.base, &how, error, &local->service);
    if (err != BOUGH_OK) {
        fprintf(stderr, "bough: %s\n", error);
        free(local);
        return exit_of_err(err);
    }
    snprintf(local->url, sizeof(local->url), "http://%s", bough_service_address(local->service));
    if (pthread_create(&local->thread, NULL, run, local) != 0) {
        fprintf(stderr, "bough: no thread to serve %s from\n", options->store);
        bough_service_close(local->service);
        free(local);
        return EXIT_LIMIT;
    }
    *service = local;
    return EXIT_OK;
}

const char *local_service_url(const struct local_service *service)
{
    return service->url;
}

void local_service_close(struct local_service *service)
{
    if (service == NULL)
        return;
    bough_service_stop(service->service);
    (void)pthread_join(service->thread, NULL);
    if (service->result != BOUGH_OK)
        fprintf(stderr, "bough: the store could not be closed cleanly: %s\n",
                bough_err_name(service->result));
    bough_service_close(service->service);
    free(service);
}
