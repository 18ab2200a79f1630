/* SPDX-License-Identifier: ISC
 *
 * cmd_serve.h - the verb serve.
 */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H

#include "options.h"

/* bough serve: the service as a process, until SIGINT or SIGTERM. */
enum exit_status cmd_serve(struct options *options);

#endif
