/* SPDX-License-Identifier: ISC
 *
 * image_open.h - disk images for verbs that work on them without a service: alone, or as a mirror.
 */
#ifndef IMAGE_OPEN_H
#define IMAGE_OPEN_H

#include "bough/blockdev.h"
#include "options.h"

/* Opens FILE (options->args[0]), together with --mirror if that is given.  A copy of a mirror needs
 * it ("none" = without the other), unless `lenient`: then it is opened alone, with a note.  After
 * an error a message has been printed; otherwise the caller closes the device. */
enum exit_status image_open(const struct options *options, struct bough_env *env,
                            const struct bough_file_options *file, bool lenient,
                            struct bough_block **dev);

/* Prints that FILE is `err`; the exit status for it. */
enum exit_status image_open_complain(const struct options *options, enum bough_err err);

#endif
