/* SPDX-License-Identifier: ISC
 *
 * author.c - who writes, and why: from header fields or from a document.
 *
 * Owns no data.  What comes out of here can stand in a git commit: names without angle brackets and
 * line ends, messages that end with a newline.
 */
#include "author.h"
#include "bough/txn.h"
#include "reply.h"

#define ANONYMOUS_NAME  "anonymous"
#define ANONYMOUS_EMAIL "anonymous@localhost"

static struct bough_bytes trim(struct bough_bytes bytes)
{
    while (bytes.len > 0 && bytes.at[0] == ' ')
        bytes = bough_bytes_of(bytes.at + 1, bytes.len - 1);
    while (bytes.len > 0 && bytes.at[bytes.len - 1] == ' ')
        bytes.len--;
    return bytes;
}

/* Neither control characters nor what separates the parts of an ident. */
static bool is_plain(struct bough_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.at[i] < 0x20 || bytes.at[i] == 0x7f || bytes.at[i] == '<' || bytes.at[i] == '>')
            return false;
    return bytes.len <= BOUGH_IDENT_BYTES_MAX;
}

/* "Name <e-mail>". */
static bool split(struct bough_bytes text, struct bough_bytes *name, struct bough_bytes *email)
{
    const uint8_t *open = text.len == 0 ? NULL : memchr(text.at, '<', text.len);

    if (open == NULL || text.at[text.len - 1] != '>')
        return false;
    *name = trim(bough_bytes_of(text.at, (size_t)(open - text.at)));
    *email = trim(bough_bytes_of(open + 1, text.len - (size_t)(open - text.at) - 2));
    return name->len > 0 && is_plain(*name) && is_plain(*email);
}

bool author_ident(struct request *request, struct bough_bytes text, struct bough_ident *ident)
{
    struct bough_bytes name = bough_bytes_text(ANONYMOUS_NAME);
    struct bough_bytes email = bough_bytes_text(ANONYMOUS_EMAIL);

    if (text.at == NULL)
        text = http_in_field(&request->in, "Bough-Author", 0);
    if (text.at != NULL && !split(text, &name, &email)) {
        (void)reply_problem(request, PROBLEM_BAD_REQUEST,
                            "the author must be given as \"Name <e-mail>\"");
        return false;
    }
    *ident = bough_txn_ident(request->service->env, name, email);
    return true;
}

enum bough_err author_message(struct request *request, struct bough_bytes text, const char *verb,
                              struct bough_bytes what, struct bough_bytes *message)
{
    struct out out = out_begin(&request->arena);

    if (text.at == NULL)
        text = http_in_field(&request->in, "Bough-Message", 0);
    if (text.at == NULL) {
        out_text(&out, verb);
        if (what.len > 0) {
            out_text(&out, " ");
            out_bytes(&out, what);
        }
    } else {
        out_bytes(&out, text);
    }
    if (out.len == 0 || out.at[out.len - 1] != '\n')
        out_text(&out, "\n");
    return out_end(&out, message);
}
