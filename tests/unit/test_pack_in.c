/* SPDX-License-Identifier: ISC
 *
 * test_pack_in.c - packs built by hand: right ones come out as the objects that went in, however
 * the bytes are cut; each wrong one is refused for its own reason, and nothing stays allocated.
 */
#include "pack_build.h"
#include "pack_resolve.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t key[16] = {1};

/* A source that has one blob. */
struct one_base {
    struct pack_bases base;
    struct bough_bytes blob;
    unsigned loads;
};

static enum bough_err one_find(struct pack_bases *base, struct pack_in *pack,
                               const struct sha1 *ids, size_t count)
{
    (void)base;
    (void)pack;
    for (size_t i = 1; i < count; i++)
        assert_true(memcmp(ids[i - 1].at, ids[i].at, SHA1_BYTES) < 0);
    return BOUGH_OK;
}

static enum bough_err one_load(struct pack_bases *base, const struct sha1 *id, enum git_kind *kind,
                               struct buffer *into)
{
    struct one_base *one = (struct one_base *)base;
    struct sha1 mine;

    sha1_object(GIT_BLOB, one->blob, &mine);
    if (!sha1_equal(&mine, id))
        return BOUGH_NOT_FOUND;
    *kind = GIT_BLOB;
    one->loads++;
    return buffer_add(into, one->blob);
}

static struct one_base one_base(const char *blob)
{
    return (struct one_base){.base = {.find = one_find, .load = one_load},
                             .blob = bough_bytes_text(blob)};
}

/* Takes a pack in, in pieces of `piece` bytes. */
static enum bough_err take(struct pack_in *pack, struct bough_bytes bytes, size_t piece)
{
    pack_in_init(pack, host_env(), key);
    while (bytes.len > 0) {
        size_t part = bytes.len < piece ? bytes.len : piece;
        enum bough_err err = pack_in_add(pack, bough_bytes_of(bytes.at, part));

        if (err != BOUGH_OK)
            return err;
        bytes.at += part;
        bytes.len -= part;
    }
    return pack_in_end(pack);
}

/* Takes in and resolves; everything is given back again. */
static enum bough_err verdict(struct pack_build *build, char why[PACK_WHY_BYTES])
{
    struct one_base bases = one_base("external");
    struct pack_in *pack = malloc(sizeof(*pack));
    enum bough_err err = take(pack, buffer_bytes(&build->bytes), 1000);

    if (err == BOUGH_OK)
        err = pack_resolve(pack, &bases.base);
    memcpy(why, pack->why, PACK_WHY_BYTES);
    pack_in_release(pack);
    free(pack);
    buffer_release(&build->bytes);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
    return err;
}

static void expect(struct pack_in *pack, enum git_kind kind, const char *text)
{
    struct bough_bytes bytes;
    struct sha1 id;
    uint32_t n;

    sha1_object(kind, bough_bytes_text(text), &id);
    n = pack_resolve_find(pack, &id);
    assert_int_not_equal(n, PACK_NONE);
    assert_int_equal(pack_in_entry(pack, n)->kind, kind);
    assert_int_equal(pack_object_take(pack, n, &bytes), BOUGH_OK);
    assert_true(bough_bytes_equal(bytes, bough_bytes_text(text)));
    pack_object_give(pack, n);
}

/* "hello world" -> "hello there", by copying the first six bytes. */
#define DELTA "\x0b\x0b\x90\x06\x05there"

static void test_pack_in__objects_come_out_however_the_bytes_are_cut(void **unused)
{
    struct one_base bases = one_base("hello world");
    struct pack_in *pack = malloc(sizeof(*pack));
    struct pack_build build;
    struct sha1 base;
    size_t at;

    (void)unused;
    pack_build_open(&build);
    sha1_object(GIT_TAG, bough_bytes_text("hello world"), &base);
    pack_build_ref(&build, &base, bough_bytes_text(DELTA)); /* its base comes later */
    at = pack_build_object(&build, GIT_COMMIT, bough_bytes_text("hello world"));
    pack_build_object(&build, GIT_BLOB, bough_bytes_text(""));
    pack_build_ofs(&build, build.bytes.len - at, bough_bytes_text(DELTA));
    pack_build_object(&build, GIT_TAG, bough_bytes_text("hello world"));
    sha1_object(GIT_BLOB, bases.blob, &base);
    pack_build_ref(&build, &base, bough_bytes_text(DELTA)); /* its base is in the store */
    pack_build_close(&build);
    for (size_t piece = 1; piece < 40; piece++) {
        assert_int_equal(take(pack, buffer_bytes(&build.bytes), piece), BOUGH_OK);
        assert_int_equal(pack_resolve(pack, &bases.base), BOUGH_OK);
        assert_int_equal(pack->entry_count, 6);
        expect(pack, GIT_COMMIT, "hello world");
        expect(pack, GIT_COMMIT, "hello there");
        expect(pack, GIT_TAG, "hello there");
        expect(pack, GIT_BLOB, "hello there");
        expect(pack, GIT_BLOB, "");
        pack_in_release(pack);
    }
    buffer_release(&build.bytes);
    free(pack);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_pack_in__a_chain_of_9000_deltas_resolves(void **unused)
{
    struct one_base bases = one_base("");
    struct pack_in *pack = malloc(sizeof(*pack));
    struct bough_bytes bytes;
    struct pack_build build;
    size_t last;

    (void)unused;
    pack_build_open(&build);
    last = pack_build_object(&build, GIT_BLOB, bough_bytes_text("0123456789"));
    for (unsigned i = 0; i < 9000; i++) {
        char delta[] = "\x0a\x0a\x90\x09\x01x";

        delta[5] = (char)('a' + i % 26);
        last = pack_build_ofs(&build, build.bytes.len - last, bough_bytes_text(delta));
    }
    pack_build_close(&build);
    assert_int_equal(take(pack, buffer_bytes(&build.bytes), 4096), BOUGH_OK);
    assert_int_equal(pack_resolve(pack, &bases.base), BOUGH_OK);
    assert_int_equal(pack_object_take(pack, 9000, &bytes), BOUGH_OK);
    assert_memory_equal(bytes.at, "012345678", 9);
    pack_object_give(pack, 9000);
    pack_in_release(pack);
    free(pack);
    buffer_release(&build.bytes);
}

/* One wrong pack and the words that must be in the reason. */
static void refuse(struct pack_build *build, enum bough_err err, const char *words)
{
    char why[PACK_WHY_BYTES];

    assert_int_equal(verdict(build, why), err);
    if (strstr(why, words) == NULL)
        fail_msg("'%s' does not say '%s'", why, words);
}

static void test_pack_in__wrong_entries_are_refused(void **unused)
{
    struct pack_build build;
    uint8_t byte = 0x50;

    (void)unused;
    pack_build_open(&build);
    pack_build_add(&build, &byte, 1); /* type 5 */
    build.count = 1;
    pack_build_close(&build);
    refuse(&build, BOUGH_INVALID, "bad object type 5");

    pack_build_open(&build);
    pack_build_head(&build, GIT_BLOB, 4);
    pack_build_data(&build, bough_bytes_text("longer than it says"));
    pack_build_close(&build);
    refuse(&build, BOUGH_INVALID, "size at offset 12");

    pack_build_open(&build);
    pack_build_head(&build, GIT_BLOB, 40);
    pack_build_data(&build, bough_bytes_text("shorter than it says"));
    pack_build_close(&build);
    refuse(&build, BOUGH_INVALID, "size at offset 12");

    pack_build_open(&build);
    pack_build_head(&build, GIT_BLOB, 4);
    pack_build_add(&build, "not zlib at all, but long enough", 32);
    pack_build_close(&build);
    refuse(&build, BOUGH_INVALID, "bad zlib data");

    pack_build_open(&build);
    pack_build_head(&build, GIT_BLOB, BOUGH_PUSH_OBJECT_BYTES_MAX + 1ull);
    pack_build_close(&build);
    refuse(&build, BOUGH_TOO_BIG, "object too large (limit 67108864 bytes)");

    pack_build_open(&build);
    pack_build_head(&build, GIT_BLOB, UINT64_MAX);
    pack_build_close(&build);
    refuse(&build, BOUGH_INVALID, "bad object size");
}

static void test_pack_in__wrong_deltas_are_refused(void **unused)
{
    struct sha1 nowhere = {{9}};
    struct pack_build build;
    size_t at;

    (void)unused;
    pack_build_open(&build);
    at = pack_build_object(&build, GIT_BLOB, bough_bytes_text("hello world"));
    pack_build_ofs(&build, build.bytes.len - at - 1, bough_bytes_text(DELTA));
    pack_build_close(&build);
    refuse(&build, BOUGH_INVALID, "delta base is no object");

    pack_build_open(&build);
    pack_build_ofs(&build, 0, bough_bytes_text(DELTA));
    pack_build_close(&build);
    refuse(&build, BOUGH_INVALID, "delta base is no object");

    pack_build_open(&build);
    pack_build_ofs(&build, 1ull << 40, bough_bytes_text(DELTA));
    pack_build_close(&build);
    refuse(&build, BOUGH_INVALID, "bad delta offset");

    pack_build_open(&build);
    pack_build_ref(&build, &nowhere, bough_bytes_text(DELTA));
    pack_build_close(&build);
    refuse(&build, BOUGH_INVALID, "1 deltas without their base");

    pack_build_open(&build);
    at = pack_build_object(&build, GIT_BLOB, bough_bytes_text("hello worlds"));
    pack_build_ofs(&build, build.bytes.len - at, bough_bytes_text(DELTA));
    pack_build_close(&build);
    refuse(&build, BOUGH_INVALID, "bad delta at offset");

    pack_build_open(&build);
    at = pack_build_object(&build, GIT_BLOB, bough_bytes_text("hello world"));
    pack_build_ofs(&build, build.bytes.len - at, bough_bytes_text("\x0b\x81\x80\x80\x20"));
    pack_build_close(&build);
    refuse(&build, BOUGH_TOO_BIG, "object too large");
}

static void test_pack_in__wrong_frames_are_refused(void **unused)
{
    struct pack_build build;

    (void)unused;
    pack_build_open(&build);
    pack_build_object(&build, GIT_BLOB, bough_bytes_text("x"));
    pack_build_close(&build);
    build.bytes.at[build.bytes.len - 1] ^= 1;
    refuse(&build, BOUGH_INVALID, "checksum");

    pack_build_open(&build);
    pack_build_object(&build, GIT_BLOB, bough_bytes_text("x"));
    pack_build_close(&build);
    pack_build_add(&build, "x", 1);
    refuse(&build, BOUGH_INVALID, "garbage");

    pack_build_open(&build);
    build.bytes.at[7] = 4;
    pack_build_close(&build);
    refuse(&build, BOUGH_INVALID, "bad pack header");

    pack_build_open(&build);
    build.count = BOUGH_PUSH_OBJECTS_MAX + 1;
    pack_build_close(&build);
    refuse(&build, BOUGH_TOO_BIG, "too many objects");

    pack_build_open(&build);
    build.count = BOUGH_PUSH_OBJECTS_MAX; /* a claim costs nothing */
    pack_build_close(&build);
    build.bytes.len = 12;
    refuse(&build, BOUGH_INVALID, "0 of 1048576 objects");
}

static void test_pack_in__cut_anywhere_it_is_refused(void **unused)
{
    struct pack_build build;
    size_t len;

    (void)unused;
    pack_build_open(&build);
    pack_build_object(&build, GIT_BLOB, bough_bytes_text("some bytes that are more than one"));
    pack_build_close(&build);
    len = build.bytes.len;
    for (size_t cut = 0; cut < len; cut++) {
        struct pack_in *pack = malloc(sizeof(*pack));

        assert_int_equal(take(pack, bough_bytes_of(build.bytes.at, cut), 7), BOUGH_INVALID);
        assert_non_null(strstr(pack->why, "pack ends early"));
        pack_in_release(pack);
        free(pack);
    }
    buffer_release(&build.bytes);
}

static void test_pack_in__a_changed_byte_is_never_overlooked(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    for (unsigned round = 0; round < 2000; round++) {
        struct pack_build build;
        char why[PACK_WHY_BYTES];
        size_t at;

        pack_build_open(&build);
        at = pack_build_object(&build, GIT_BLOB, bough_bytes_text("hello world"));
        pack_build_ofs(&build, build.bytes.len - at, bough_bytes_text(DELTA));
        pack_build_close(&build);
        build.bytes.at[test_below(&seed, build.bytes.len)] ^= (uint8_t)(1u << test_below(&seed, 8));
        assert_int_not_equal(verdict(&build, why), BOUGH_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack_in__objects_come_out_however_the_bytes_are_cut),
        cmocka_unit_test(test_pack_in__a_chain_of_9000_deltas_resolves),
        cmocka_unit_test(test_pack_in__wrong_entries_are_refused),
        cmocka_unit_test(test_pack_in__wrong_deltas_are_refused),
        cmocka_unit_test(test_pack_in__wrong_frames_are_refused),
        cmocka_unit_test(test_pack_in__cut_anywhere_it_is_refused),
        cmocka_unit_test(test_pack_in__a_changed_byte_is_never_overlooked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
