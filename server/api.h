/* SPDX-License-Identifier: ISC
 *
 * api.h - the handlers, one file per resource (docs/api.md).
 *
 * Each answers as reply.h says.  Handlers of routes that take the body in pieces end in `_put` or
 * `_post` and run before the body.
 */
#ifndef API_H
#define API_H

#include "request.h"

/* GET / : a small page with the first three commands. */
enum bough_err api_health_page(struct request *request);
/* GET /healthz : the process answers. */
enum bough_err api_health_live(struct request *request);
/* GET /readyz : the store is open and healthy, and how durable it is. */
enum bough_err api_health_ready(struct request *request);
/* GET /v1/version */
enum bough_err api_health_version(struct request *request);
/* GET /v1/stats */
enum bough_err api_health_stats(struct request *request);
/* GET /v1/config */
enum bough_err api_health_config(struct request *request);

#endif
