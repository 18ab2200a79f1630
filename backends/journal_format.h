/* SPDX-License-Identifier: ISC
 *
 * journal_format.h - the bytes of a store on a block device, version 2.  docs/format.md says the
 * same in prose, and tests/unit/test_journal.c holds golden bytes.
 *
 *   unit    = max(4096, the device's block size); everything below starts on a unit
 *   device := super super group... super(last unit)
 *   super  := magic:8 version:u32 unit:u32 device_bytes:u64 log_start:u64 log_end:u64 uuid:16
 *             salt:16 leaf_window:u32 inner_window:u32 check:hash, and zeros
 *   group  := record(GROUP) record(object)... record(ROOT), and zeros up to the next unit
 *   record := crc:u32 payload_len:u32 kind:u8 0:u8 address_count:u16 sequence:u32 payload, and
 *             zeros up to a multiple of 8
 *   GROUP  := sequence:u64 chain:hash
 *   ROOT   := generation:u64 state:hash state_address:u64 record_count:u32 objects_crc:u32
 *   object := bytes address:u64...
 *   address = (offset / 8) << 24 | record_len / 8, offset in bytes from the device's start
 *
 * A crc is the CRC-32 of all that follows it, begun with the uuid; objects_crc that of the crc
 * fields of the group's objects; chain the hash of the ROOT payload before.  Numbers are
 * little-endian.  The hash of a super is in the domain JOURNAL_DOMAIN_SUPER, that of a chain in
 * JOURNAL_DOMAIN_CHAIN (hash.h).
 */
#ifndef JOURNAL_FORMAT_H
#define JOURNAL_FORMAT_H

#include "bough/bytes.h"
#include "bough/env.h"
#include "bough/err.h"
#include "bough/port/backend.h"

#define JOURNAL_VERSION        2u
#define JOURNAL_UNIT_BYTES_MIN 4096u
#define JOURNAL_UNITS_MIN      64u /* a device smaller than this holds nothing of use */
#define JOURNAL_SUPER_BYTES    (8u + 2u * 4u + 3u * 8u + 32u + 2u * 4u + 32u)
#define JOURNAL_RECORD_HEADER  16u
#define JOURNAL_ALIGNMENT      8u
#define JOURNAL_KIND_GROUP     0x40u
#define JOURNAL_KIND_ROOT      0x41u
#define JOURNAL_GROUP_BYTES    (8u + 32u)
#define JOURNAL_ROOT_BYTES     (8u + 32u + 8u + 4u + 4u)
#define JOURNAL_DOMAIN_SUPER   0x6a73u
#define JOURNAL_DOMAIN_CHAIN   0x6a63u

/* An address has 24 bits for the length in steps of 8 bytes, and 40 for the offset. */
#define JOURNAL_RECORD_BYTES_MAX ((1u << 27) - 8u)
#define JOURNAL_DEVICE_BYTES_MAX ((uint64_t)1 << 43)

struct journal_super {
    uint32_t version;
    uint32_t unit_bytes;
    uint64_t device_bytes;
    uint64_t log_start;
    uint64_t log_end;
    struct bough_identity identity;
};

struct journal_record {
    uint32_t crc;
    uint32_t payload_len;
    uint8_t kind;
    uint16_t address_count;
    uint32_t sequence; /* the low half of its group's */
};

struct journal_root {
    struct bough_root root;
    uint32_t record_count; /* objects of the group */
    uint32_t objects_crc;  /* over the crc fields of their records */
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

/* Where a CRC of this store begins. */
uint32_t journal_format_crc_begin(const struct bough_identity *identity);

/* The CRC continued over more bytes. */
uint32_t journal_format_crc_add(uint32_t crc, struct bough_bytes bytes);

/* A record's header as JOURNAL_RECORD_HEADER bytes; crc as given. */
void journal_format_record_put(const struct journal_record *record, uint8_t *into);

/* The way back, unchecked. */
void journal_format_record_get(const uint8_t *from, struct journal_record *record);

/* The bytes of a record with its header and padding. */
uint64_t journal_format_record_bytes(const struct journal_record *record);

/* The ROOT payload. */
void journal_format_root_put(const struct journal_root *root, uint8_t *into);
/* The way back. */
void journal_format_root_get(const uint8_t *from, struct journal_root *root);

/* An address from a record's place and whole length, both multiples of 8. */
uint64_t journal_format_address(uint64_t offset, uint64_t record_bytes);
/* The place in an address. */
uint64_t journal_format_address_offset(uint64_t address);
/* The length in an address. */
uint64_t journal_format_address_bytes(uint64_t address);

#endif
