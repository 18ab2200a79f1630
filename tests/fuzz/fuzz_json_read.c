/* SPDX-License-Identifier: ISC
 *
 * fuzz_json_read.c - any bytes as JSON: what is accepted is written out again, and must read as the
 * same document.
 */
#include "env_unix.h"
#include "json_read.h"
#include "json_write.h"
#include "utf8.h"
#include <stdlib.h>

/* Names come from strangers here, and json_write takes only our own: a document is written without
 * them. */
static void write_again(struct json_write *json, const struct json *value)
{
    int64_t number;

    if (value->kind == JSON_ARRAY || value->kind == JSON_OBJECT) {
        json_write_array(json, NULL);
        for (const struct json *item = value->first; item != NULL; item = item->next) {
            if (value->kind == JSON_OBJECT)
                json_write_bytes(json, NULL, item->name);
            write_again(json, item);
        }
        json_write_end(json);
    } else if (value->kind == JSON_STRING) {
        if (!utf8_is(value->text))
            abort();
        json_write_bytes(json, NULL, value->text);
    } else if (json_read_integer(value, &number)) {
        json_write_signed(json, NULL, number);
    } else if (value->kind == JSON_TRUE || value->kind == JSON_FALSE) {
        json_write_bool(json, NULL, value->kind == JSON_TRUE);
    } else {
        json_write_null(json, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env_unix env;
    struct bough_arena arena;
    const struct json *value;
    const struct json *again;
    uint8_t *exact = malloc(size + 1);
    size_t error_at = 0;

    for (size_t i = 0; i < size; i++)
        exact[i + 1] = data[i];
    env_unix_open(&env, (size_t)1 << 28);
    bough_arena_init(&arena, env.base.heap, (size_t)1 << 28);
    if (json_read(bough_bytes_of(exact + 1, size), &arena, &value, &error_at) == BOUGH_OK) {
        struct out out = out_begin(&arena);
        struct json_write json = json_write_into(&out);
        struct bough_bytes text;

        write_again(&json, value);
        if (out_end(&out, &text) != BOUGH_OK || json_read(text, &arena, &again, NULL) != BOUGH_OK)
            abort();
    } else if (error_at > size) {
        abort();
    }
    bough_arena_release(&arena);
    free(exact);
    return 0;
}
