/* SPDX-License-Identifier: ISC
 *
 * json_text.h - JSON values as text, in the style of another text.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include "json_node.h"
#include "out.h"

/* How a text is laid out. */
struct json_text_style {
    bool is_tall;              /* an item a line */
    struct bough_bytes indent; /* of each level, where it is tall */
    bool space_after_colon;
    bool space_after_comma; /* where it is not tall */
    bool is_ascii;          /* other characters are escaped */
    bool has_newline;       /* at the end */
};

/* The style of a text, which must outlive it; any bytes will do. */
struct json_text_style json_text_style_of(struct bough_bytes text);

/* Appends a value, recursively; out_end says whether there was memory. */
void json_text_write(const struct json_text_style *style, const struct json_node *node,
                     struct out *out);

#endif
