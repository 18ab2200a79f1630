/* SPDX-License-Identifier: ISC
 *
 * backup_format.h - the bytes of a dump (docs/backup.md).
 *
 *   dump    := head since:hash... record... END
 *   head    := magic "boughd\n\x1a" version:u32 uuid:16 salt:16 leaf_window:u32 inner_window:u32
 *              generation:u64 state:hash since_count:u32
 *   OBJECT  := 1:u8 kind:u8 name:hash len:u32 bytes      after all that it leads to
 *   CHECK   := 2:u8 hash                                 of the stream up to here
 *   LINK    := 3:u8 kind:u8 name:hash path_len:u16 path  an entry of the state: "refs/heads/main"
 *   SETTING := 4:u8 mode:u32 path_len:u16 len:u32 path bytes
 *   END     := 5:u8 objects:u64 links:u64 hash
 */
#ifndef BACKUP_FORMAT_H
#define BACKUP_FORMAT_H

#include "bough/backup.h"
#include "bough/limits.h"

#define BACKUP_FORMAT_VERSION     1u
#define BACKUP_FORMAT_HASH_DOMAIN 0x6d64u
#define BACKUP_FORMAT_CHECK_BYTES (4u << 20) /* a CHECK follows the first object past each */
#define BACKUP_FORMAT_SETTING_MAX (64u << 10)

enum backup_format_record {
    BACKUP_FORMAT_OBJECT = 1,
    BACKUP_FORMAT_CHECK = 2,
    BACKUP_FORMAT_LINK = 3,
    BACKUP_FORMAT_SETTING = 4,
    BACKUP_FORMAT_END = 5
};

/* Sizes of what comes before the variable part. */
#define BACKUP_FORMAT_OBJECT_BYTES  38u
#define BACKUP_FORMAT_CHECK_RECORD  33u
#define BACKUP_FORMAT_LINK_BYTES    36u
#define BACKUP_FORMAT_SETTING_BYTES 11u
#define BACKUP_FORMAT_END_BYTES     49u

/* Writes a head. */
void backup_format_head_put(const struct bough_backup_head *head,
                            uint8_t into[BOUGH_BACKUP_HEAD_BYTES]);

/* The way back; errors as bough_backup_head_read. */
BOUGH_MUST_CHECK enum bough_err backup_format_head_get(const uint8_t *at,
                                                       struct bough_backup_head *head);

#endif
