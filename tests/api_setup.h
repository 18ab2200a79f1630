/* SPDX-License-Identifier: ISC
 *
 * api_setup.h - a fresh service for each test of a resource, and the shortest way to ask it.
 */
#ifndef API_SETUP_H
#define API_SETUP_H

#include "host_service.h"

static struct host_service host;

/* For cmocka_unit_test_setup_teardown: an empty store in memory, of which nothing may be left. */
static inline int api_begin(void **state)
{
    (void)state;
    host_service_begin(&host, NULL);
    return 0;
}

static inline int api_end(void **state)
{
    (void)state;
    host_service_end(&host);
    return 0;
}

/* The response to a request without fields of its own; valid until the next one. */
static inline const char *api_ask(const char *method, const char *target, const char *body)
{
    return host_service_ask(&host, method, target, "", body);
}

/* The status alone. */
static inline int api_status(const char *method, const char *target, const char *body)
{
    return host_service_status(api_ask(method, target, body));
}

#endif
