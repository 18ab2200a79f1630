/* SPDX-License-Identifier: ISC
 *
 * cmd_key.h - the verbs get, put and del.
 */
#ifndef CMD_KEY_H
#define CMD_KEY_H

#include "options.h"

/* bough get KEY: the value on standard output, or in --output. */
enum exit_status cmd_key_get(struct options *options);

/* bough put KEY [FILE]: the file, or standard input, becomes the value. */
enum exit_status cmd_key_put(struct options *options);

/* bough del KEY: the value, or with --recursive everything below, goes. */
enum exit_status cmd_key_del(struct options *options);

#endif
