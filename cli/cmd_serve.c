/* SPDX-License-Identifier: ISC
 *
 * cmd_serve.c - the verb serve: the image's service as a process.
 *
 * A signal only sets the stop flag; the loop ends its turn, syncs and returns.
 */
#include "cmd_serve.h"
#include "bough/service.h"
#include "env_unix.h"
#include "size.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_BYTES_MAX ((size_t)1 << 30)

static struct bough_service *running;

static void on_signal(int number)
{
    (void)number;
    bough_service_stop(running);
}

/* Splits "ADDR:PORT", "[ADDR]:PORT" or ":PORT" into `host` and *port. */
static bool parse_listen(const char *text, char *host, size_t max, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    size_t len;
    unsigned long number;
    char *end;

    if (colon == NULL || colon[1] < '0' || colon[1] > '9')
        return false;
    number = strtoul(colon + 1, &end, 10);
    len = (size_t)(colon - text);
    if (*end != '\0' || number > UINT16_MAX || len >= max)
        return false;
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    *port = (uint16_t)number;
    return true;
}

/* What the options say, for the service. */
static enum exit_status fill(const struct options *options, struct bough_service_options *service,
                             char *host, size_t host_max, char *ip, size_t ip_max,
                             const char **words)
{
    *service = (struct bough_service_options){.store = options->store,
                                              .mirror = options->mirror,
                                              .create = true,
                                              .listen_host = host,
                                              .words = words};
    if (options->store == NULL) {
        fprintf(stderr, "bough: serve needs --store FILE or --store memory:\n");
        return EXIT_USAGE;
    }
    if (!parse_listen(options->listen != NULL ? options->listen : "127.0.0.1:8080", host, host_max,
                      &service->listen_port)) {
        fprintf(stderr, "bough: --listen is ADDR:PORT\n");
        return EXIT_USAGE;
    }
    if (options->size != NULL && !size_parse(options->size, &service->size_bytes)) {
        fprintf(stderr, "bough: --size %s is no size like 512M or 1G\n", options->size);
        return EXIT_USAGE;
    }
    if (options->ip != NULL) {
        snprintf(ip, ip_max, "ip=%s", options->ip);
        words[service->word_count++] = ip;
    }
    if (options->quiet)
        words[service->word_count++] = "log=warn";
    service->tap = options->tap;
    return EXIT_OK;
}

enum exit_status cmd_serve(struct options *options)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct bough_service_options how;
    struct bough_service *service;
    char error[BOUGH_SERVICE_ERROR_BYTES];
    char host[64];
    char ip[96];
    const char *words[2];
    struct env_unix env;
    enum bough_err err;
    enum exit_status status = fill(options, &how, host, sizeof(host), ip, sizeof(ip), words);

    if (status != EXIT_OK)
        return status;
    env_unix_open(&env, HEAP_BYTES_MAX);
    err = bough_service_open(&env.base, &how, error, &service);
    if (err != BOUGH_OK) {
        fprintf(stderr, "bough: %s\n", error);
        return exit_of_err(err);
    }
    running = service;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    printf("bough is at http://%s\n", bough_service_address(service));
    fflush(stdout);
    err = bough_service_run(service);
    bough_service_close(service);
    return exit_of_err(err);
}
