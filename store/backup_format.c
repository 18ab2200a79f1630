/* SPDX-License-Identifier: ISC
 *
 * backup_format.c - the head of a dump.
 *
 * The authority for the format is backup_format.h with docs/backup.md; golden bytes stand in
 * tests/unit/test_backup.c.  Owns nothing.
 */
#include "backup_format.h"
#include "decode.h"
#include "encode.h"

static const uint8_t magic[8] = {'b', 'o', 'u', 'g', 'h', 'd', '\n', 0x1a};

void backup_format_head_put(const struct bough_backup_head *head,
                            uint8_t into[BOUGH_BACKUP_HEAD_BYTES])
{
    struct encode out = encode_into(into, BOUGH_BACKUP_HEAD_BYTES);

    encode_raw(&out, bough_bytes_of(magic, sizeof(magic)));
    encode_u32(&out, BACKUP_FORMAT_VERSION);
    encode_raw(&out, bough_bytes_of(head->identity.uuid, sizeof(head->identity.uuid)));
    encode_raw(&out, bough_bytes_of(head->identity.salt, sizeof(head->identity.salt)));
    encode_u32(&out, head->identity.leaf_window_bytes);
    encode_u32(&out, head->identity.inner_window_bytes);
    encode_u64(&out, head->generation);
    encode_hash(&out, &head->state);
    encode_u32(&out, head->since_count);
    assert(!out.overflow && out.len == BOUGH_BACKUP_HEAD_BYTES);
}

enum bough_err backup_format_head_get(const uint8_t *at, struct bough_backup_head *head)
{
    struct decode in = decode_from(bough_bytes_of(at, BOUGH_BACKUP_HEAD_BYTES));
    uint32_t version;

    if (memcmp(decode_raw(&in, sizeof(magic)).at, magic, sizeof(magic)) != 0)
        return BOUGH_INVALID;
    version = decode_u32(&in);
    if (version != BACKUP_FORMAT_VERSION)
        return BOUGH_WRONG_VERSION;
    *head = (struct bough_backup_head){0};
    memcpy(head->identity.uuid, decode_raw(&in, 16).at, 16);
    memcpy(head->identity.salt, decode_raw(&in, 16).at, 16);
    head->identity.leaf_window_bytes = decode_u32(&in);
    head->identity.inner_window_bytes = decode_u32(&in);
    head->generation = decode_u64(&in);
    head->state = decode_hash(&in);
    head->since_count = decode_u32(&in);
    return in.bad || head->since_count > BOUGH_BACKUP_SINCE_MAX ? BOUGH_CORRUPT : BOUGH_OK;
}
