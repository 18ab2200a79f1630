/* SPDX-License-Identifier: ISC
 *
 * test_config.c - configuration words mean what the table says, and nothing else is a word.
 *
 * Proves it with tables of words that must and must not be taken, and by comparing docs/config.md
 * with what the table prints (BOUGH_DOCS_WRITE=1 in the environment renews the page).
 */
#include "config.h"
#include "host_env.h"
#include "json_read.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The page stands in the same checkout as this file. */
static FILE *open_page(const char *mode)
{
    static const char here[] = __FILE__;
    const char *end = strstr(here, "tests/unit/test_config.c");
    char path[4096];

    assert_non_null(end);
    (void)snprintf(path, sizeof(path), "%.*sdocs/config.md", (int)(end - here), here);
    return fopen(path, mode);
}

static void test_config__defaults_are_what_the_table_says(void **state)
{
    struct config config;

    (void)state;
    config_init(&config);
    assert_true(config.ip.dhcp);
    assert_int_equal(config.port, 80);
    assert_int_equal(config.log, BOUGH_INFO);
    assert_int_equal(config.value_bytes, 16u << 20);
    assert_string_equal(config.name, "bough");
}

static void test_config__a_line_sets_what_it_names(void **state)
{
    char error[CONFIG_ERROR_BYTES_MAX] = "";
    struct config config;

    (void)state;
    config_init(&config);
    assert_int_equal(config_line(&config,
                                 "  ip=10.0.0.2/24,10.0.0.1 port=8080\tlog=warn disk=virtio0 "
                                 "cache=512k durability=require-power port=81 name=x ",
                                 error),
                     BOUGH_OK);
    assert_false(config.ip.dhcp);
    assert_string_equal(config.ip.address, "10.0.0.2");
    assert_string_equal(config.ip.gateway, "10.0.0.1");
    assert_int_equal(config.ip.prefix_bits, 24);
    assert_int_equal(config.port, 81);
    assert_int_equal(config.log, BOUGH_WARN);
    assert_int_equal(config.cache_bytes, 512u << 10);
    assert_int_equal(config.durability, CONFIG_DURABILITY_POWER);
    assert_string_equal(config.disk, "virtio0");
    assert_int_equal(config_line(&config, "ip=10.0.0.2/8", error), BOUGH_OK);
    assert_string_equal(config.ip.gateway, "");
}

static void test_config__anything_else_is_refused_by_name(void **state)
{
    static const char *const bad[] = {
        "prot=80",
        "port",
        "port=",
        "port=-1",
        "port=65536",
        "port=80x",
        "port= 80",
        "port=8080808080808080808080",
        "=80",
        "log=loud",
        "log=",
        "ip=",
        "ip=10.0.0.2",
        "ip=10.0.0/24",
        "ip=10.0.0.256/24",
        "ip=10.0.0.2/0",
        "ip=10.0.0.2/32",
        "ip=10.0.0.2/24,",
        "ip=10.0.0.2/24,10.0.0.1.1",
        "ip=1.2.3.4.5/8",
        "ip=::1/64",
        "cache=1t",
        "cache=k",
        "cache=99999999999999999g",
        "connections=0",
        "connections=257",
        "Port=80",
        "name=a\"b",
        "request=1023k",
        "--port=80",
        "x",
    };
    char error[CONFIG_ERROR_BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct config config;
        char first[64];

        config_init(&config);
        error[0] = '\0';
        if (config_line(&config, bad[i], error) != BOUGH_INVALID)
            fail_msg("accepted: %s", bad[i]);
        (void)snprintf(first, sizeof(first), "\"%.*s\"", (int)strcspn(bad[i], " "), bad[i]);
        if (strstr(error, first) == NULL)
            fail_msg("%s: the message does not name it: %s", bad[i], error);
    }
}

static void test_config__texts_have_a_longest_length(void **state)
{
    char error[CONFIG_ERROR_BYTES_MAX];
    char word[256] = "name=";
    struct config config;

    (void)state;
    config_init(&config);
    memset(word + 5, 'n', CONFIG_TEXT_BYTES_MAX - 1);
    assert_int_equal(config_line(&config, word, error), BOUGH_OK);
    word[5 + CONFIG_TEXT_BYTES_MAX - 1] = 'n';
    assert_int_equal(config_line(&config, word, error), BOUGH_INVALID);
}

static void test_config__the_page_is_what_the_table_prints(void **state)
{
    struct bough_arena arena;
    struct bough_bytes text;
    struct out out;
    char page[16384];
    size_t len;
    FILE *file;

    (void)state;
    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    out = out_begin(&arena);
    config_document(&out);
    assert_int_equal(out_end(&out, &text), BOUGH_OK);
    if (getenv("BOUGH_DOCS_WRITE") != NULL) {
        file = open_page("w");
        assert_non_null(file);
        assert_int_equal(fwrite(text.at, 1, text.len, file), text.len);
        assert_int_equal(fclose(file), 0);
    }
    file = open_page("r");
    assert_non_null(file);
    len = fread(page, 1, sizeof(page), file);
    fclose(file);
    assert_int_equal(len, text.len);
    assert_memory_equal(page, text.at, len);
    bough_arena_release(&arena);
}

static void test_config__shown_values_are_words_again(void **state)
{
    char error[CONFIG_ERROR_BYTES_MAX];
    struct config config;
    struct config again;
    struct bough_arena arena;
    struct bough_bytes text;
    const struct json *shown;
    struct out out;
    struct json_write json;

    (void)state;
    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    config_init(&config);
    assert_int_equal(config_line(&config, "ip=10.0.0.2/24,10.0.0.1 cache=3m log=error", error),
                     BOUGH_OK);
    out = out_begin(&arena);
    json = json_write_into(&out);
    json_write_object(&json, NULL);
    config_json(&config, &json);
    json_write_end(&json);
    assert_int_equal(out_end(&out, &text), BOUGH_OK);
    assert_int_equal(json_read(text, &arena, &shown, NULL), BOUGH_OK);
    config_init(&again);
    for (const struct json *item = shown->first; item != NULL; item = item->next) {
        char word[256];

        (void)snprintf(word, sizeof(word), "%.*s=%.*s", (int)item->name.len,
                       (const char *)item->name.at, (int)item->text.len,
                       (const char *)item->text.at);
        assert_int_equal(config_line(&again, word, error), BOUGH_OK);
    }
    assert_memory_equal(&config, &again, sizeof(config));
    bough_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config__defaults_are_what_the_table_says),
        cmocka_unit_test(test_config__a_line_sets_what_it_names),
        cmocka_unit_test(test_config__anything_else_is_refused_by_name),
        cmocka_unit_test(test_config__texts_have_a_longest_length),
        cmocka_unit_test(test_config__the_page_is_what_the_table_prints),
        cmocka_unit_test(test_config__shown_values_are_words_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
