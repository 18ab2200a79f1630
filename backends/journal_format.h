/* SPDX-License-Identifier: ISC
 *
 * journal_format.h - the bytes of a store on a block device.  docs/format.md says the
 * same in prose, and tests/unit/test_journal.c holds golden bytes.
 *
 *   unit       = max(4096, the device's block size); everything below starts on a unit
 *   device     := super super segment... super(last unit)
 *   super      := magic:8 version:u32 unit:u32 device_bytes:u64 segment_bytes:u64 segment_count:u32
 *                 uuid:16 salt:16 leaf_window:u32 inner_window:u32
 *                 checkpoint:u64 opening:u64 count:u64 head:u64 sequence:u64 chain:hash
 *                 check:hash                               the rest of the unit is zero
 *   log        := group...                                 through the segments, as NEXT leads
 *   group      := record(GROUP) record(object)... record(ROOT) zeros up to the next unit
 *   segment    := record(SEGMENT) at its start; the last record in use is NEXT
 *   record     := crc:u32 payload_len:u32 kind:u8 settled:u8 address_count:u16 nonce:u32 payload
 *                 zeros up to a multiple of 8, and to 32 bytes at least
 *                 crc = CRC-32 of uuid, position:u64 (not of GROUP and SEGMENT), and all that
 *                 follows the crc but the zeros
 *   GROUP      := sequence:u64 chain:hash nonce:u32        chain = hash of the ROOT payload before
 *   SEGMENT    := opening:u64 sequence:u64                 counts the openings of segments
 *   NEXT       := segment:u32 opening:u64                  where the log goes on
 *   INDEX      := key:u64 address:u64 (key:varint address:signed)...
 *                                                          a part of a run (journal_map.h): each
 *                                                          as its difference from the one before
 *   CHECKPOINT := generation:u64 state:hash state_address:u64 mended:u8 segments:u32
 *                 (opening:u64 excess:u32)... map map map moves, names, onward; opening 0 = free
 *   map        := runs:u32 (parts:u32 (first_key:u64 address:u64)...)...
 *   ROOT       := generation:u64 state:hash state_address:u64 record_count:u32 records_crc:u32
 *   object     := [base:u64] [before:u64] content          base: kind + 32; before: kind + 16
 *   content    := bytes address:u64...                     without a base
 *               | patch patch                              with one: bytes, then addresses, as
 *                                                          patches of those of the base (patch.h)
 * `before` is the address of the node that this one took the place of; it may be gone.  `settled`
 * is 0 as long as an object is kept as it was put.  Where collection has found one to be history,
 * it is 1 for one kept whole, else one more than that of its base; 128 more where the record is a
 * copy that collection made.  Numbers are little-endian.
 * Addresses: journal_address.h.  The hash of a super is in the domain JOURNAL_DOMAIN_SUPER, that of
 * a chain in JOURNAL_DOMAIN_CHAIN (hash.h).
 */
#ifndef JOURNAL_FORMAT_H
#define JOURNAL_FORMAT_H

#include "bough/bytes.h"
#include "bough/env.h"
#include "bough/err.h"
#include "bough/port/backend.h"

#define JOURNAL_VERSION           5u
#define JOURNAL_UNIT_BYTES_MIN    4096u
#define JOURNAL_SEGMENTS_MIN      7u
#define JOURNAL_SEGMENTS_MAX      65536u
#define JOURNAL_SEGMENT_BYTES_MIN (64u << 10) /* only where the device has no room for better */
#define JOURNAL_SEGMENT_BYTES_MAX (16u << 20)
#define JOURNAL_SUPER_BYTES       (8u + 4u + 4u + 8u + 8u + 4u + 32u + 8u + 5u * 8u + 32u + 32u)
#define JOURNAL_RECORD_HEADER     16u
#define JOURNAL_RECORD_MIN        32u
#define JOURNAL_ALIGNMENT         8u
#define JOURNAL_KIND_GROUP        0x40u
#define JOURNAL_KIND_ROOT         0x41u
#define JOURNAL_KIND_SEGMENT      0x42u
#define JOURNAL_KIND_NEXT         0x43u
#define JOURNAL_KIND_INDEX        0x44u
#define JOURNAL_KIND_CHECKPOINT   0x45u
#define JOURNAL_KIND_BEFORE       0x10u /* added to an object's kind: says what was before it */
#define JOURNAL_KIND_BASED        0x20u /* added to an object's kind: a patch of another */
#define JOURNAL_CHAIN_MAX         16u   /* patches of history in a row */
#define JOURNAL_GROUP_BYTES       (8u + 32u + 4u)
#define JOURNAL_ROOT_BYTES        (8u + 32u + 8u + 4u + 4u)
#define JOURNAL_SEGMENT_PAYLOAD   16u
#define JOURNAL_NEXT_BYTES        (4u + 8u)
#define JOURNAL_DOMAIN_SUPER      0x6a73u
#define JOURNAL_DOMAIN_CHAIN      0x6a63u

/* So that offsets and lengths stay far from the ends of their numbers. */
#define JOURNAL_RECORD_BYTES_MAX ((1u << 27) - 8u)
#define JOURNAL_DEVICE_BYTES_MAX ((uint64_t)1 << 43)

struct journal_super {
    uint32_t version;
    uint32_t unit_bytes;
    uint64_t device_bytes;
    uint64_t segment_bytes;
    uint32_t segment_count;
    struct bough_identity identity;
    uint64_t checkpoint;     /* the offset of the CHECKPOINT record; 0 = none yet */
    uint64_t opening;        /* of the segment that it is in, and the head */
    uint64_t count;          /* of checkpoints: of two supers the one with the greater is newer */
    uint64_t head;           /* where the log goes on behind the checkpoint */
    uint64_t sequence;       /* of the group that holds it */
    struct bough_hash chain; /* of that group's ROOT payload */
};

struct journal_record {
    uint32_t crc;
    uint32_t payload_len;
    uint8_t kind;
    uint8_t settled;
    bool copy; /* made by collection: no address of it was given out */
    uint16_t address_count;
    uint32_t nonce; /* its group's */
};

struct journal_root {
    struct bough_root root;
    uint32_t record_count; /* objects of the group */
    uint32_t records_crc;  /* over the crc fields of all its records before this one */
};

/* What JOURNAL_MAGIC is: "bough" and three bytes that text tools would damage. */
extern const uint8_t journal_format_magic[8];

/* The super as JOURNAL_SUPER_BYTES bytes. */
void journal_format_super_put(const struct journal_super *super, uint8_t *into);

/* The way back; BOUGH_INVALID (no magic), BOUGH_WRONG_VERSION, BOUGH_CORRUPT. */
BOUGH_MUST_CHECK enum bough_err journal_format_super_get(const uint8_t *from,
                                                         struct journal_super *super);

/* The unit of a device with this block size. */
uint32_t journal_format_unit(uint32_t block_size);

/* The size of a device in bytes. */
uint64_t journal_format_device_bytes(const struct bough_block *dev);

/* Where the three superblocks of a device are. */
void journal_format_places(const struct bough_block *dev, uint64_t places[3]);

/* BOUGH_OK, or BOUGH_TOO_BIG (logged) for a device that is too small or too large for a store. */
BOUGH_MUST_CHECK enum bough_err journal_format_check_size(struct bough_env *env,
                                                          const struct bough_block *dev);

/* As many segments of super->segment_bytes as a device of super->device_bytes has room for. */
uint32_t journal_format_segment_count(const struct journal_super *super);

/* Where a segment begins. */
uint64_t journal_format_segment_at(const struct journal_super *super, uint32_t segment);

/* The segment that holds an offset; segment_count or more when none does. */
uint64_t journal_format_segment_of(const struct journal_super *super, uint64_t offset);

/* Where a CRC of this store begins. */
uint32_t journal_format_crc_begin(const struct bough_identity *identity);

/* Where that of a record of this kind at a position begins. */
uint32_t journal_format_crc_at(uint32_t begin, uint8_t kind, uint64_t position);

/* The same, its encoded header included: short pieces cost more than they are long. */
uint32_t journal_format_crc_header(uint32_t begin, uint8_t kind, uint64_t position,
                                   const uint8_t *header);

/* The CRC continued over more bytes. */
uint32_t journal_format_crc_add(uint32_t crc, struct bough_bytes bytes);

/* The CRC of a list of CRCs, `list`, after one more; an empty list has 0. */
uint32_t journal_format_crc_list(uint32_t list, uint32_t crc);

/* A record's header as JOURNAL_RECORD_HEADER bytes; crc as given. */
void journal_format_record_put(const struct journal_record *record, uint8_t *into);

/* The way back, unchecked. */
void journal_format_record_get(const uint8_t *from, struct journal_record *record);

/* Whether a record of this kind holds an object; *kind is which then. */
bool journal_format_is_object(uint8_t record_kind, enum bough_kind *kind);

/* The bytes of a record with its header and padding. */
uint64_t journal_format_record_bytes(const struct journal_record *record);

/* The ROOT payload. */
void journal_format_root_put(const struct journal_root *root, uint8_t *into);
/* The way back. */
void journal_format_root_get(const uint8_t *from, struct journal_root *root);

#endif
