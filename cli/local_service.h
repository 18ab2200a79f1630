/* SPDX-License-Identifier: ISC
 *
 * local_service.h - a store served by this process to itself, on a free port of 127.0.0.1.
 */
#ifndef LOCAL_SERVICE_H
#define LOCAL_SERVICE_H

#include "options.h"

struct local_service;

/* Opens options->store (a disk image, which must exist, or memory:) and serves it from a thread.
 * Says on stderr what is wrong. */
enum exit_status local_service_open(const struct options *options, struct local_service **service);

/* Where it is served, "http://127.0.0.1:PORT". */
const char *local_service_url(const struct local_service *service);

/* Stops serving, syncs and closes the store; NULL is allowed. */
void local_service_close(struct local_service *service);

#endif
