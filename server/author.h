/* SPDX-License-Identifier: ISC
 *
 * author.h - who writes, and why: from header fields or from a document.
 */
#ifndef AUTHOR_H
#define AUTHOR_H

#include "bough/commit.h"
#include "request.h"

/* The ident that `text` ("Name <e-mail>") or, if its .at is NULL, the field Bough-Author names;
 * with neither, an anonymous one.  False: it is not of that form, which the reply says already. */
bool author_ident(struct request *request, struct bough_bytes text, struct bough_ident *ident);

/* The message: `text`, or the field Bough-Message, or `verb` and `what`; ends with a newline.
 * BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err author_message(struct request *request, struct bough_bytes text,
                                               const char *verb, struct bough_bytes what,
                                               struct bough_bytes *message);

#endif
