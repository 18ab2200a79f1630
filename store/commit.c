/* SPDX-License-Identifier: ISC
 *
 * commit.c - commits as objects (docs/format.md).
 *
 *   commit := tree parents generation:varint author:ident committer:ident
 *             message:bytes headers:bytes verbatim:bytes
 *   tree    := keys:varint root:hash verbatim:hash
 *   parents := count:varint name:hash...
 *   ident   := name:bytes email:bytes time:signed zone:signed
 * Its addresses are those of root, verbatim and the parents, in this order.
 */
#include "bough/commit.h"
#include "bough/limits.h"
#include "decode.h"
#include "encode.h"
#include "horizon.h"
#include "object.h"

/* All of a commit but its texts: sizes of hashes, and of varints at their longest. */
#define COMMIT_FIXED_BYTES ((2u + BOUGH_PARENTS_MAX) * BOUGH_HASH_BYTES + 16u * 10u)

/* Git's own syntax keeps these out of names and addresses. */
static bool ident_text_ok(struct bough_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (c == '<' || c == '>' || c == '\n' || c == '\0')
            return false;
    }
    return true;
}

static enum bough_err check_ident(const struct bough_ident *ident, bool verbatim)
{
    if (ident->name.len > BOUGH_IDENT_BYTES_MAX || ident->email.len > BOUGH_IDENT_BYTES_MAX)
        return BOUGH_TOO_BIG;
    if (!verbatim && !(ident_text_ok(ident->name) && ident_text_ok(ident->email)))
        return BOUGH_INVALID;
    return BOUGH_OK;
}

static enum bough_err check(const struct bough_commit *commit)
{
    bool verbatim = commit->verbatim.len > 0;

    if (commit->parent_count > BOUGH_PARENTS_MAX ||
        commit->message.len + commit->headers.len > BOUGH_MESSAGE_BYTES_MAX ||
        commit->verbatim.len > 2 * BOUGH_MESSAGE_BYTES_MAX)
        return BOUGH_TOO_BIG;
    BOUGH_TRY(check_ident(&commit->author, verbatim));
    return check_ident(&commit->committer, verbatim);
}

static void encode_ident(struct encode *out, const struct bough_ident *ident)
{
    encode_bytes(out, ident->name);
    encode_bytes(out, ident->email);
    encode_signed(out, ident->time_s);
    encode_signed(out, ident->zone_minutes);
}

static struct bough_ident decode_ident(struct decode *in)
{
    struct bough_ident ident = {.name = decode_bytes(in)};
    int64_t zone;

    ident.email = decode_bytes(in);
    ident.time_s = decode_signed(in);
    zone = decode_signed(in);
    in->bad = in->bad || zone < INT32_MIN || zone > INT32_MAX;
    ident.zone_minutes = (int32_t)zone;
    return ident;
}

/* 1 + the greatest generation of the parents, which must be commits. */
static enum bough_err count_generation(struct bough_store *store, struct bough_commit *commit,
                                       struct bough_arena *arena)
{
    commit->generation = 1;
    for (uint32_t i = 0; i < commit->parent_count; i++) {
        struct bough_arena_mark mark = bough_arena_now(arena);
        struct bough_commit parent;
        enum bough_err err = bough_commit_get(store, &commit->parents[i], arena, &parent);

        bough_arena_back(arena, mark);
        if (err != BOUGH_OK)
            return err;
        if (parent.generation >= commit->generation)
            commit->generation = parent.generation + 1;
    }
    return BOUGH_OK;
}

static void encode_commit(struct encode *out, const struct bough_commit *commit,
                          uint64_t *addresses)
{
    addresses[0] = commit->tree.root.address;
    addresses[1] = commit->tree.verbatim.address;
    encode_varint(out, commit->tree.key_count);
    encode_hash(out, &commit->tree.root.name);
    encode_hash(out, &commit->tree.verbatim.name);
    encode_varint(out, commit->parent_count);
    for (uint32_t i = 0; i < commit->parent_count; i++) {
        encode_hash(out, &commit->parents[i].name);
        addresses[2 + i] = commit->parents[i].address;
    }
    encode_varint(out, commit->generation);
    encode_ident(out, &commit->author);
    encode_ident(out, &commit->committer);
    encode_bytes(out, commit->message);
    encode_bytes(out, commit->headers);
    encode_bytes(out, commit->verbatim);
}

enum bough_err bough_commit_put(struct bough_store *store, struct bough_commit *commit,
                                struct bough_arena *arena, struct bough_link *link)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    uint64_t addresses[2 + BOUGH_PARENTS_MAX];
    size_t max = COMMIT_FIXED_BYTES + commit->message.len + commit->headers.len +
                 commit->verbatim.len + commit->author.name.len + commit->author.email.len +
                 commit->committer.name.len + commit->committer.email.len;
    struct encode out;
    enum bough_err err = check(commit);

    if (err == BOUGH_OK)
        err = count_generation(store, commit, arena);
    if (err != BOUGH_OK)
        return err;
    out = encode_into(bough_arena_take(arena, max), max);
    if (out.at == NULL)
        return BOUGH_NO_MEMORY;
    encode_commit(&out, commit, addresses);
    assert(!out.overflow && commit->generation > 0);
    assert(commit->parent_count > 0 || commit->generation == 1);
    err = object_put(store, BOUGH_KIND_COMMIT, bough_bytes_of(out.at, out.len), addresses,
                     2 + commit->parent_count, link);
    bough_arena_back(arena, mark);
    return err;
}

/* The parents, with their addresses; those that were dropped have none. */
static enum bough_err read_parents(struct bough_store *store, struct decode *in,
                                   const struct bough_object *object, struct bough_arena *arena,
                                   struct bough_commit *commit)
{
    uint64_t count = decode_varint(in);
    struct bough_link *parents;

    if (in->bad || count > BOUGH_PARENTS_MAX || object->address_count != 2 + count) {
        in->bad = true;
        return BOUGH_OK;
    }
    parents = bough_arena_zeros(arena, (size_t)count, sizeof(*parents));
    if (parents == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        bool cut;

        parents[i].name = decode_hash(in);
        BOUGH_TRY(horizon_has(store, &parents[i].name, &cut));
        parents[i].address = cut ? 0 : object->addresses[2 + i];
    }
    commit->parents = parents;
    commit->parent_count = (uint32_t)count;
    return BOUGH_OK;
}

enum bough_err bough_commit_get(struct bough_store *store, const struct bough_link *link,
                                struct bough_arena *arena, struct bough_commit *commit)
{
    struct bough_object object;
    struct decode in;

    BOUGH_TRY(object_get_kind(store, link, BOUGH_KIND_COMMIT, arena, &object));
    in = decode_from(object.bytes);
    *commit = (struct bough_commit){0};
    commit->tree.key_count = decode_varint(&in);
    commit->tree.root.name = decode_hash(&in);
    commit->tree.verbatim.name = decode_hash(&in);
    BOUGH_TRY(read_parents(store, &in, &object, arena, commit));
    if (!in.bad) {
        commit->tree.root.address = object.addresses[0];
        commit->tree.verbatim.address = object.addresses[1];
    }
    commit->generation = decode_varint(&in);
    commit->author = decode_ident(&in);
    commit->committer = decode_ident(&in);
    commit->message = decode_bytes(&in);
    commit->headers = decode_bytes(&in);
    commit->verbatim = decode_bytes(&in);
    if (in.bad || in.left > 0)
        return object_corrupt(store, link, "bad commit");
    return BOUGH_OK;
}
