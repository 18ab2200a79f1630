/* SPDX-License-Identifier: ISC
 *
 * cmd_import.h - the verb import: a directory's files, or a git repository with its history.
 */
#ifndef CMD_IMPORT_H
#define CMD_IMPORT_H

#include "options.h"

/* bough import DIR|REPOSITORY */
enum exit_status cmd_import(struct options *options);

#endif
