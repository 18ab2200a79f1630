/* SPDX-License-Identifier: ISC
 *
 * cmd_backup.h - the verbs dump and load: a store as a stream.
 */
#ifndef CMD_BACKUP_H
#define CMD_BACKUP_H

#include "options.h"

/* bough dump FILE: the store to standard output, or to --output. */
enum exit_status cmd_backup_dump(struct options *options);

/* bough load FILE: standard input into an image, which is made if it is missing or blank. */
enum exit_status cmd_backup_load(struct options *options);

#endif
