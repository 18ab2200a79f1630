/* SPDX-License-Identifier: ISC
 *
 * fuzz_pack_in.c - any bytes as a pack.  Its checksum is mended first, since nothing behind it
 * would ever be reached otherwise; every object of a pack that is taken can be read and has its
 * name.
 */
#include "host_env.h"
#include "pack_resolve.h"

static enum bough_err no_find(struct pack_bases *bases, struct pack_in *pack,
                              const struct sha1 *ids, size_t count)
{
    (void)bases;
    (void)pack;
    (void)ids;
    (void)count;
    return BOUGH_OK;
}

/* Ids that end in a zero byte are blobs of their own bytes. */
static enum bough_err some_load(struct pack_bases *bases, const struct sha1 *id,
                                enum git_kind *kind, struct buffer *into)
{
    (void)bases;
    if (id->at[SHA1_BYTES - 1] != 0)
        return BOUGH_NOT_FOUND;
    *kind = GIT_BLOB;
    return buffer_add(into, bough_bytes_of(id->at, SHA1_BYTES));
}

static void read_all(struct pack_in *pack)
{
    for (uint32_t n = 0; n < pack->entry_count; n++) {
        struct bough_bytes bytes;
        struct sha1 id;

        if (pack_object_take(pack, n, &bytes) != BOUGH_OK)
            abort();
        sha1_object((enum git_kind)pack_in_entry(pack, n)->kind, bytes, &id);
        if (!sha1_equal(&id, &pack_in_entry(pack, n)->id) ||
            pack_resolve_find(pack, &id) == PACK_NONE)
            abort();
        pack_object_give(pack, n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[16];
    struct pack_bases bases = {.find = no_find, .load = some_load};
    struct pack_in *pack = malloc(sizeof(*pack));
    struct sha1_state state;
    struct sha1 sum;
    size_t body = size > SHA1_BYTES ? size - SHA1_BYTES : 0;
    enum bough_err err;

    sha1_begin(&state);
    sha1_add(&state, bough_bytes_of(data, body));
    sha1_end(&state, &sum);
    pack_in_init(pack, host_env(), key);
    err = pack_in_add(pack, bough_bytes_of(data, body));
    if (err == BOUGH_OK)
        err = pack_in_add(pack, bough_bytes_of(sum.at, SHA1_BYTES));
    if (err == BOUGH_OK)
        err = pack_in_end(pack);
    if (err == BOUGH_OK)
        err = pack_resolve(pack, &bases);
    if (err == BOUGH_OK)
        read_all(pack);
    pack_in_release(pack);
    free(pack);
    if (host_env()->heap->taken_bytes != 0)
        abort();
    return 0;
}
