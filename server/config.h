/* SPDX-License-Identifier: ISC
 *
 * config.h - the configuration: words "name=value", the same on the kernel command line and in
 * argv.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "bough/bytes.h"
#include "bough/err.h"
#include "json_write.h"

#define CONFIG_TEXT_BYTES_MAX  128u
#define CONFIG_ERROR_BYTES_MAX 256u

/* How durable a store must be to be served. */
enum config_durability { CONFIG_DURABILITY_ANY, CONFIG_DURABILITY_HOST, CONFIG_DURABILITY_POWER };

struct config_address {
    bool dhcp;
    char address[16];
    uint8_t prefix_bits;
    char gateway[16]; /* empty = none */
};

struct config {
    char disk[CONFIG_TEXT_BYTES_MAX];
    char name[CONFIG_TEXT_BYTES_MAX];
    struct config_address ip;
    uint64_t port;
    uint64_t log;        /* an enum bough_level */
    uint64_t durability; /* an enum config_durability */
    uint64_t cache_bytes;
    uint64_t memo_bytes;
    uint64_t request_bytes;
    uint64_t value_bytes;
    uint64_t connections;
};

/* Every word at its default. */
void config_init(struct config *config);

/* Takes one word.  BOUGH_INVALID for an unknown name or a value that is not allowed; then `error`
 * says which word it was, what is wrong and what would be right. */
BOUGH_MUST_CHECK enum bough_err config_word(struct config *config, struct bough_bytes word,
                                            char error[CONFIG_ERROR_BYTES_MAX]);

/* Takes all words of a line, separated by blanks; stops at the first that is refused. */
BOUGH_MUST_CHECK enum bough_err config_line(struct config *config, const char *line,
                                            char error[CONFIG_ERROR_BYTES_MAX]);

/* The effective values as members of the open JSON object. */
void config_json(const struct config *config, struct json_write *json);

/* docs/config.md, whole. */
void config_document(struct out *out);

#endif
