/* SPDX-License-Identifier: ISC
 *
 * fuzz_backup_load.c - a dump of any bytes; and, if the first byte is odd, a dump whose names and
 * hashes are right, so that what it says is looked at: a byte for the kind, two for the length, the
 * object.
 *
 * Whatever it is, the store's root moves only after a good end, and what can then be reached is
 * read without a crash.
 */
#include "backup_format.h"
#include "bough/fsck.h"
#include "bough/memory.h"
#include "bough/tree.h"
#include "encode.h"
#include "hash.h"
#include "host_env.h"
#include <stdlib.h>

#define STREAM_MAX (1u << 20)

static const struct bough_identity identity = {
    .salt = "salt of a test", .leaf_window_bytes = 512, .inner_window_bytes = 512};

/* The state in which one branch points at an object. */
static struct bough_hash state_of(enum bough_kind kind, const struct bough_hash *name)
{
    const struct bough_edit edit = {.path = bough_bytes_text("refs/heads/a"),
                                    .entry = {.kind = BOUGH_ENTRY_LINK,
                                              .link = {.name = *name, .address = 1},
                                              .link_kind = kind}};
    struct bough_tree tree = {.key_count = 0};
    struct bough_backend *backend;
    struct bough_store *store;
    struct bough_arena arena;

    bough_arena_init(&arena, host_env()->heap, 1 << 20);
    if (bough_memory_open(host_env(), &identity, &backend) != BOUGH_OK ||
        bough_store_open(host_env(), backend, 0, &store) != BOUGH_OK ||
        bough_tree_edit(store, &tree, &edit, 1, &arena, NULL, &tree) != BOUGH_OK)
        abort();
    bough_arena_release(&arena);
    bough_store_close(store);
    return tree.root.name;
}

/* Makes a dump of the objects that `data` describes; its length.  One may be a branch's. */
static size_t forge(const uint8_t *data, size_t size, uint8_t *stream)
{
    struct bough_backup_head head = {.identity = identity};
    struct encode out = encode_into(stream, STREAM_MAX);
    struct bough_hash hash;
    uint64_t objects = 0;
    uint64_t links = 0;

    backup_format_head_put(&head, stream);
    out.len = BOUGH_BACKUP_HEAD_BYTES;
    while (size >= 3) {
        size_t len = (size_t)data[1] | (size_t)data[2] << 8;
        uint8_t kind = data[0];

        len = len < size - 3 ? len : size - 3;
        hash_of(kind & 7u, bough_bytes_of(data + 3, len), &hash);
        encode_u8(&out, BACKUP_FORMAT_OBJECT);
        encode_u8(&out, kind & 7u);
        encode_hash(&out, &hash);
        encode_u32(&out, (uint32_t)len);
        encode_raw(&out, bough_bytes_of(data + 3, len));
        objects++;
        if ((kind & 0x80) != 0 && links == 0) {
            head.state = state_of((enum bough_kind)(kind & 7u), &hash);
            backup_format_head_put(&head, stream);
            encode_u8(&out, BACKUP_FORMAT_LINK);
            encode_u8(&out, kind & 7u);
            encode_hash(&out, &hash);
            encode_u16(&out, 12);
            encode_raw(&out, bough_bytes_text("refs/heads/a"));
            links++;
        }
        data += 3 + len;
        size -= 3 + len;
    }
    encode_u8(&out, BACKUP_FORMAT_END);
    encode_u64(&out, objects);
    encode_u64(&out, links);
    if (out.overflow)
        return 0;
    hash_of(BACKUP_FORMAT_HASH_DOMAIN, bough_bytes_of(stream, out.len), &hash);
    encode_hash(&out, &hash);
    return out.overflow ? 0 : out.len;
}

static void read_all(struct bough_store *store)
{
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;

    if (bough_fsck(store, &options, &report) != BOUGH_OK)
        return;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t stream[STREAM_MAX];
    struct bough_backend *backend;
    struct bough_store *store;
    struct bough_backup_load *load;
    struct bough_root root;
    enum bough_err err;
    bool forged = size > 0 && (data[0] & 1) != 0;
    struct bough_bytes in = bough_bytes_of(data + (size > 0), size - (size > 0));

    if (forged)
        in = bough_bytes_of(stream, forge(in.at, in.len, stream));
    if (bough_memory_open(host_env(), &identity, &backend) != BOUGH_OK ||
        bough_store_open(host_env(), backend, 1 << 16, &store) != BOUGH_OK ||
        bough_backup_load_open(store, true, &load) != BOUGH_OK)
        abort();
    err = bough_backup_load_add(load, in);
    if (err == BOUGH_OK)
        err = bough_backup_load_end(load);
    bough_backup_load_close(load);
    bough_backend_root_get(backend, &root);
    if (err != BOUGH_OK && root.generation != 0)
        abort();
    if (err == BOUGH_OK)
        read_all(store);
    bough_store_close(store);
    if (host_env()->heap->taken_bytes != 0)
        abort();
    return 0;
}
