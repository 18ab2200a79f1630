/* SPDX-License-Identifier: ISC
 *
 * cmd_info.c - the verb info: what an image holds.
 *
 * Reads only.  The superblocks are shown also where the store behind them cannot be opened.
 */
#include "cmd_info.h"
#include "bough/journal.h"
#include "bough/limits.h"
#include "bough/ref.h"
#include "env_unix.h"
#include "image_open.h"

#define HEAP_BYTES_MAX ((size_t)1 << 30)
#define CACHE_BYTES    ((size_t)4 << 20)

/* Prints members, as JSON or as lines. */
struct page {
    bool json;
    bool begun;
};

static void begin(struct page *page, const char *name)
{
    if (page->json)
        printf("%s\"%s\":", page->begun ? "," : "{", name);
    else
        printf("%-18s ", name);
    page->begun = true;
}

static void text(struct page *page, const char *name, const char *value)
{
    begin(page, name);
    printf(page->json ? "\"%s\"" : "%s\n", value);
}

static void number(struct page *page, const char *name, uint64_t value)
{
    begin(page, name);
    printf(page->json ? "%llu" : "%llu\n", (unsigned long long)value);
}

static void truth(struct page *page, const char *name, bool value)
{
    begin(page, name);
    printf(page->json ? "%s" : "%s\n", page->json ? value ? "true" : "false"
                                       : value    ? "yes"
                                                  : "no");
}

static void bytes16(struct page *page, const char *name, const uint8_t bytes[16])
{
    char digits[33];

    for (unsigned i = 0; i < 16; i++)
        (void)snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
    text(page, name, digits);
}

static void show_geometry(struct page *page, const struct bough_journal_geometry *geometry)
{
    number(page, "format_version", geometry->version);
    if (geometry->unit_bytes == 0)
        return;
    bytes16(page, "uuid", geometry->identity.uuid);
    bytes16(page, "salt", geometry->identity.salt);
    number(page, "leaf_window", geometry->identity.leaf_window_bytes);
    number(page, "inner_window", geometry->identity.inner_window_bytes);
    number(page, "unit_bytes", geometry->unit_bytes);
    number(page, "device_bytes", geometry->device_bytes);
    number(page, "segment_bytes", geometry->segment_bytes);
    number(page, "segments", geometry->segment_count);
    number(page, "checkpoints", geometry->checkpoint_count);
    number(page, "superblocks", geometry->super_count);
}

/* How many branches and tags there are, and the default branch; what cannot be read is left out. */
static enum bough_err show_refs(struct page *page, struct bough_store *store)
{
    struct bough_arena arena;
    struct bough_bytes name = {0};
    uint8_t after[BOUGH_REF_BYTES_MAX];
    size_t after_len = 0;
    struct bough_ref ref;
    uint64_t count = 0;
    char head[BOUGH_REF_BYTES_MAX + 1];
    enum bough_err err = BOUGH_OK;

    bough_arena_init(&arena, bough_store_env(store)->heap, HEAP_BYTES_MAX);
    while (err == BOUGH_OK) {
        err = bough_ref_next(store, (struct bough_bytes){0}, bough_bytes_of(after, after_len),
                             &arena, &name, &ref);
        if (err == BOUGH_OK) {
            memcpy(after, name.at, name.len);
            after_len = name.len;
            count++;
        }
        bough_arena_release(&arena);
    }
    if (err == BOUGH_NOT_FOUND) {
        number(page, "refs", count);
        err = bough_ref_head(store, &arena, &name);
    }
    if (err == BOUGH_OK) {
        (void)snprintf(head, sizeof(head), "%.*s", (int)name.len, (const char *)name.at);
        text(page, "default_branch", head);
    }
    bough_arena_release(&arena);
    return err;
}

static enum bough_err show_store(struct page *page, struct bough_env *env,
                                 struct bough_backend *backend)
{
    bool damaged = backend->damaged;
    struct bough_store_info info;
    struct bough_store *store;
    struct bough_root root;
    char state[2 * BOUGH_HASH_BYTES + 1];
    enum bough_err err;

    bough_backend_root_get(backend, &root);
    err = bough_store_open(env, backend, CACHE_BYTES, &store);
    if (err != BOUGH_OK)
        return err;
    bough_store_info(store, &info);
    for (unsigned i = 0; i < BOUGH_HASH_BYTES; i++)
        (void)snprintf(state + 2 * i, 3, "%02x", root.state.name.at[i]);
    number(page, "generation", info.generation);
    text(page, "state", state);
    number(page, "capacity_bytes", info.capacity_bytes);
    number(page, "used_bytes", info.used_bytes);
    text(page, "durability", bough_durability_name(info.durability));
    truth(page, "damaged", damaged);
    err = show_refs(page, store);
    bough_store_close(store);
    return err == BOUGH_OK && damaged ? BOUGH_CORRUPT : err;
}

enum exit_status cmd_info(struct options *options)
{
    const struct bough_file_options file = {.read_only = true};
    struct page page = {.json = options->json};
    struct bough_journal_geometry geometry;
    struct bough_backend *backend;
    struct bough_block *dev;
    struct env_unix env;
    enum exit_status status;
    enum bough_err described;
    enum bough_err err;

    env_unix_open(&env, HEAP_BYTES_MAX);
    env.log.base.at_least = BOUGH_WARN;
    status = image_open(options, &env.base, &file, true, &dev);
    if (status != EXIT_OK)
        return status;
    text(&page, "version", BOUGH_VERSION);
    number(&page, "image_bytes", dev->block_count * dev->block_size);
    truth(&page, "mirror", bough_block_copies(dev) > 1);
    described = bough_journal_describe(&env.base, dev, &geometry);
    if (described == BOUGH_OK || geometry.version != 0)
        show_geometry(&page, &geometry);
    err = bough_journal_open(&env.base, dev, &backend); /* owns dev from now on */
    if (err == BOUGH_OK)
        err = show_store(&page, &env.base, backend);
    text(&page, "opened", err == BOUGH_OK ? "ok" : bough_err_name(err));
    printf(page.json ? "}\n" : "");
    return err == BOUGH_OK ? EXIT_OK : image_open_complain(options, err);
}
