/* SPDX-License-Identifier: ISC
 *
 * session.h - a verb's conversation with a store: a server by URL, or a disk image served by this
 * very process.  Either way the verb speaks HTTP, so there is one code for both.
 */
#ifndef SESSION_H
#define SESSION_H

#include "env_unix.h"
#include "http_client.h"
#include "json_read.h"
#include "options.h"
#include "out.h"

struct session {
    struct env_unix env;
    struct bough_arena arena;
    struct http_client client;
    struct local_service *local; /* NULL unless --store was given */
    const struct options *options;
    char url[96];
};

/* Begins the conversation that the options ask for.  Says on stderr what is wrong. */
enum exit_status session_open(struct session *session, const struct options *options);

/* Ends it; a store that was opened is synced and closed. */
void session_close(struct session *session);

/* Calls the server.  Complains on stderr about every answer that is not 2xx or 304, in the words of
 * its problem document, and gives the exit status for it. */
enum exit_status session_call(struct session *session, const struct http_request *request,
                              FILE *into, struct http_response *response);

/* Looks at a page of a list.  Who has seen enough empties response->next. */
typedef enum exit_status session_page(struct session *session, struct http_response *response,
                                      const struct json *document, void *context);

/* Asks for the pages of a list, from `target` on, and hands each to `page` until that answers other
 * than EXIT_OK.  What a page takes from the arena is given back before the next. */
enum exit_status session_pages(struct session *session, const char *target, session_page *page,
                               void *context);

/* Gets the document at `target`.  With --json it is printed as it is, and *document is NULL. */
enum exit_status session_document(struct session *session, const char *target,
                                  const struct json **document);

/* Puts the document that `out` holds to `target`. */
enum exit_status session_put(struct session *session, const char *target, struct out *out);

/* Shows an item of the list in `document`. */
typedef enum exit_status session_item(const struct json *document, const struct json *item);

/* Gets all pages of the list of refs at `target`, whose items are in the member `list`, and has
 * each item shown.  With --json the pages are printed as they are, a document each. */
enum exit_status session_refs(struct session *session, const char *target, const char *list,
                              session_item *show);

/* "/v1/b/{branch}{rest}" or, with --rev, "/v1/at/{rev}{rest}", percent-encoded, in the arena; `key`
 * is appended with its slashes kept, NULL = none. */
const char *session_target(struct session *session, const char *rest, const char *key);

/* The headers Bough-Author and Bough-Message as the options have them, and `more`; in the arena. */
const char *session_headers(struct session *session, const char *more);

/* `text` percent-encoded, in the arena. */
const char *session_encoded(struct session *session, const char *text, bool keep_slash);

/* A C string in the arena, as printf would make it. */
BOUGH_PRINTF(2, 3)
const char *session_text(struct session *session, const char *format, ...);

#endif
