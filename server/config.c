/* SPDX-License-Identifier: ISC
 *
 * config.c - the configuration: words "name=value", the same on the kernel command line and in
 * argv.
 *
 * Owns one table, from which words are read, /v1/config is shown and docs/config.md is printed.
 *   (1) A word that is not in the table, or whose value is not allowed, is refused: a mistyped
 * limit must not silently be none. (2) The last of two equal words counts.
 */
#include "config.h"
#include "bough/limits.h"
#include "bough/port/log.h"
#include <stdio.h>

enum config_kind { CONFIG_NUMBER, CONFIG_SIZE, CONFIG_CHOICE, CONFIG_TEXT, CONFIG_IP };

struct config_row {
    const char *name;
    enum config_kind kind;
    size_t offset;          /* of the member of struct config */
    const char *initial;    /* as a word would give it */
    uint64_t min;           /* number, size */
    uint64_t max;           /* number, size */
    const char *choices[5]; /* choice: the value is the index */
    const char *help;
};

#define AT(member) offsetof(struct config, member)

static const struct config_row rows[] = {
    {.name = "disk",
     .kind = CONFIG_TEXT,
     .offset = AT(disk),
     .initial = "",
     .help = "the block device that holds the store: `virtio0`, the first one if empty; two, "
             "`virtio0,virtio1`, are a mirror, and `virtio0,none` is one copy of a mirror without "
             "the other (docs/mirror.md); `memory` keeps the store in memory, where it dies with "
             "the machine"},
    {.name = "name",
     .kind = CONFIG_TEXT,
     .offset = AT(name),
     .initial = "bough",
     .help = "the repository's name in git URLs: `http://host/NAME.git`"},
    {.name = "ip",
     .kind = CONFIG_IP,
     .offset = AT(ip),
     .initial = "dhcp",
     .help = "`dhcp`, or address, prefix length and gateway: `10.0.0.2/24,10.0.0.1`; the gateway "
             "may be left out"},
    {.name = "port",
     .kind = CONFIG_NUMBER,
     .offset = AT(port),
     .initial = "80",
     .max = 65535,
     .help = "the TCP port to listen on; 0 = any free one (host process only)"},
    {.name = "log",
     .kind = CONFIG_CHOICE,
     .offset = AT(log),
     .initial = "info",
     .choices = {"debug", "info", "warn", "error"},
     .help = "lines below this level are not written"},
    {.name = "durability",
     .kind = CONFIG_CHOICE,
     .offset = AT(durability),
     .initial = "any",
     .choices = {"any", "require-host", "require-power"},
     .help = "refuse to serve a store whose acknowledged writes would not survive this much"},
    {.name = "cache",
     .kind = CONFIG_SIZE,
     .offset = AT(cache_bytes),
     .initial = "4m",
     .max = (uint64_t)1 << 40,
     .help = "memory for objects that were read"},
    {.name = "memo",
     .kind = CONFIG_SIZE,
     .offset = AT(memo_bytes),
     .initial = "0",
     .max = (uint64_t)1 << 40,
     .help = "memory for git's ids of objects; 0 = the built-in figure"},
    {.name = "request",
     .kind = CONFIG_SIZE,
     .offset = AT(request_bytes),
     .initial = "64m",
     .min = 1 << 20,
     .max = BOUGH_REQUEST_ARENA_BYTES_MAX,
     .help = "memory that one request may take"},
    {.name = "value",
     .kind = CONFIG_SIZE,
     .offset = AT(value_bytes),
     .initial = "16m",
     .max = BOUGH_HTTP_VALUE_BYTES_TOP,
     .help = "the largest value taken over HTTP"},
    {.name = "connections",
     .kind = CONFIG_NUMBER,
     .offset = AT(connections),
     .initial = "256",
     .min = 1,
     .max = BOUGH_CONNECTIONS_MAX,
     .help = "connections served at once; one more is told to come back"},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static uint64_t *number_of(struct config *config, const struct config_row *row)
{
    return (uint64_t *)(void *)((char *)config + row->offset);
}

/* Digits only; false past 2^63. */
static bool parse_digits(struct bough_bytes text, uint64_t *number)
{
    *number = 0;
    if (text.len == 0 || text.len > 18)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(text.at[i] - '0');
    }
    return true;
}

/* Digits with an optional k, m or g, powers of 1024. */
static bool parse_size(struct bough_bytes text, uint64_t *number)
{
    static const char suffixes[] = "kmg";
    uint8_t last = text.len == 0 ? 0 : text.at[text.len - 1];
    const char *suffix = last == 0 ? NULL : strchr(suffixes, last);
    unsigned shift = suffix == NULL ? 0 : 10u * (unsigned)(suffix - suffixes + 1);

    if (suffix != NULL)
        text.len--;
    if (!parse_digits(text, number) || *number > UINT64_MAX >> shift)
        return false;
    *number <<= shift;
    return true;
}

/* Four numbers of 0..255 with dots between, as they would be printed. */
static bool parse_ipv4(struct bough_bytes text, char into[16])
{
    unsigned part = 0;
    uint64_t number;

    if (text.len > 15)
        return false;
    for (size_t at = 0, from = 0; at <= text.len; at++) {
        if (at < text.len && text.at[at] != '.')
            continue;
        if (!parse_digits(bough_bytes_of(text.at + from, at - from), &number) || number > 255)
            return false;
        from = at + 1;
        part++;
    }
    if (part != 4)
        return false;
    memcpy(into, text.at, text.len);
    into[text.len] = '\0';
    return true;
}

/* "dhcp" or ADDRESS/PREFIX[,GATEWAY]. */
static bool parse_ip(struct bough_bytes text, struct config_address *ip)
{
    const uint8_t *slash = text.len == 0 ? NULL : memchr(text.at, '/', text.len);
    struct bough_bytes rest;
    const uint8_t *comma;
    uint64_t bits;

    *ip = (struct config_address){.dhcp = bough_bytes_equal(text, bough_bytes_text("dhcp"))};
    if (ip->dhcp)
        return true;
    if (slash == NULL ||
        !parse_ipv4(bough_bytes_of(text.at, (size_t)(slash - text.at)), ip->address))
        return false;
    rest = bough_bytes_of(slash + 1, text.len - (size_t)(slash - text.at) - 1);
    comma = rest.len == 0 ? NULL : memchr(rest.at, ',', rest.len);
    if (comma != NULL) {
        size_t len = (size_t)(comma - rest.at);

        if (!parse_ipv4(bough_bytes_of(comma + 1, rest.len - len - 1), ip->gateway))
            return false;
        rest.len = len;
    }
    if (!parse_digits(rest, &bits) || bits < 1 || bits > 31)
        return false;
    ip->prefix_bits = (uint8_t)bits;
    return true;
}

/* Printable ASCII without quotes, so that it can be shown anywhere. */
static bool parse_text(struct bough_bytes text, char into[CONFIG_TEXT_BYTES_MAX])
{
    if (text.len >= CONFIG_TEXT_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= 0x20 || text.at[i] >= 0x7f || text.at[i] == '"' || text.at[i] == '\\')
            return false;
    if (text.len > 0)
        memcpy(into, text.at, text.len);
    into[text.len] = '\0';
    return true;
}

static bool parse_choice(struct bough_bytes text, const struct config_row *row, uint64_t *number)
{
    for (uint64_t i = 0; row->choices[i] != NULL; i++) {
        if (bough_bytes_equal(text, bough_bytes_text(row->choices[i]))) {
            *number = i;
            return true;
        }
    }
    return false;
}

static bool set_value(struct config *config, const struct config_row *row, struct bough_bytes value)
{
    uint64_t *number = number_of(config, row);
    uint64_t parsed;

    switch (row->kind) {
    case CONFIG_NUMBER:
    case CONFIG_SIZE:
        if (!(row->kind == CONFIG_SIZE ? parse_size(value, &parsed) : parse_digits(value, &parsed)))
            return false;
        if (parsed < row->min || parsed > row->max)
            return false;
        *number = parsed;
        return true;
    case CONFIG_CHOICE:
        return parse_choice(value, row, number);
    case CONFIG_TEXT:
        return parse_text(value, (char *)config + row->offset);
    case CONFIG_IP:
        return parse_ip(value, (struct config_address *)(void *)((char *)config + row->offset));
    }
    return false;
}

/* What a row's value may be, in words. */
static void describe(const struct config_row *row, char *text, size_t max)
{
    size_t len = 0;

    switch (row->kind) {
    case CONFIG_NUMBER:
    case CONFIG_SIZE:
        (void)snprintf(text, max, "%s of %llu to %llu",
                       row->kind == CONFIG_SIZE ? "a size (k, m, g may follow)" : "a number",
                       (unsigned long long)row->min, (unsigned long long)row->max);
        return;
    case CONFIG_CHOICE:
        text[0] = '\0';
        for (size_t i = 0; row->choices[i] != NULL && len < max; i++)
            len +=
                (size_t)snprintf(text + len, max - len, "%s%s", i > 0 ? ", " : "", row->choices[i]);
        return;
    case CONFIG_TEXT:
        (void)snprintf(text, max, "at most %u printable characters", CONFIG_TEXT_BYTES_MAX - 1);
        return;
    case CONFIG_IP:
        (void)snprintf(text, max, "dhcp, or ADDRESS/PREFIX[,GATEWAY]");
        return;
    }
}

void config_init(struct config *config)
{
    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < ROW_COUNT; i++) {
        bool fine = set_value(config, &rows[i], bough_bytes_text(rows[i].initial));

        assert(fine);
        (void)fine;
    }
}

enum bough_err config_word(struct config *config, struct bough_bytes word,
                           char error[CONFIG_ERROR_BYTES_MAX])
{
    const uint8_t *equals = word.len == 0 ? NULL : memchr(word.at, '=', word.len);
    size_t name_len = equals == NULL ? word.len : (size_t)(equals - word.at);
    int shown = word.len < 64 ? (int)word.len : 64;
    char allowed[96];

    for (size_t i = 0; equals != NULL && i < ROW_COUNT; i++) {
        struct bough_bytes value = bough_bytes_of(equals + 1, word.len - name_len - 1);

        if (!bough_bytes_equal(bough_bytes_of(word.at, name_len), bough_bytes_text(rows[i].name)))
            continue;
        if (set_value(config, &rows[i], value))
            return BOUGH_OK;
        describe(&rows[i], allowed, sizeof(allowed));
        (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "\"%.*s\": %s must be %s", shown,
                       (const char *)word.at, rows[i].name, allowed);
        return BOUGH_INVALID;
    }
    (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "\"%.*s\" is no word of the configuration", shown,
                   word.len == 0 ? "" : (const char *)word.at);
    return BOUGH_INVALID;
}

enum bough_err config_line(struct config *config, const char *line,
                           char error[CONFIG_ERROR_BYTES_MAX])
{
    const char *at = line;

    for (;;) {
        size_t len;

        while (*at == ' ' || *at == '\t')
            at++;
        len = strcspn(at, " \t");
        if (len == 0)
            return BOUGH_OK;
        BOUGH_TRY(config_word(config, bough_bytes_of(at, len), error));
        at += len;
    }
}

/* A value as a word would give it. */
static void print_value(const struct config *config, const struct config_row *row, char *text,
                        size_t max)
{
    const void *at = (const char *)config + row->offset;
    const struct config_address *ip = at;
    const uint64_t *number = at;

    switch (row->kind) {
    case CONFIG_NUMBER:
    case CONFIG_SIZE:
        (void)snprintf(text, max, "%llu", (unsigned long long)*number);
        return;
    case CONFIG_CHOICE:
        (void)snprintf(text, max, "%s", row->choices[*number]);
        return;
    case CONFIG_TEXT:
        (void)snprintf(text, max, "%s", (const char *)at);
        return;
    case CONFIG_IP:
        if (ip->dhcp)
            (void)snprintf(text, max, "dhcp");
        else
            (void)snprintf(text, max, "%s/%u%s%s", ip->address, ip->prefix_bits,
                           ip->gateway[0] != '\0' ? "," : "", ip->gateway);
        return;
    }
}

void config_json(const struct config *config, struct json_write *json)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char text[CONFIG_TEXT_BYTES_MAX];

        print_value(config, &rows[i], text, sizeof(text));
        json_write_text(json, rows[i].name, text);
    }
}

void config_document(struct out *out)
{
    out_text(out,
             "# Configuration\n\n"
             "Words `name=value`, separated by blanks: on the kernel command line of the image "
             "and behind\n`bough serve` alike. There are no configuration files. A word that is "
             "not in this table, or whose\nvalue is not allowed, stops the start with a message "
             "that names it; of two equal words the last\ncounts. `GET /v1/config` shows the "
             "values in effect. Sizes take the suffixes `k`, `m`, `g`\n(powers of 1024).\n\n"
             "This page is printed from the table in `server/config.c`; a test compares the "
             "two.\n\n"
             "| Word | Default | Allowed | Meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char allowed[96];

        describe(&rows[i], allowed, sizeof(allowed));
        out_format(out, "| `%s` | %s%s%s | %s | ", rows[i].name, rows[i].initial[0] ? "`" : "",
                   rows[i].initial[0] ? rows[i].initial : "(empty)", rows[i].initial[0] ? "`" : "",
                   allowed);
        out_text(out, rows[i].help);
        out_text(out, " |\n");
    }
}
