/* SPDX-License-Identifier: ISC
 *
 * test_virtio_block.c - the virtio block driver against a disk that the test plays.
 *
 * Proves it by reading the requests as the device gets them (virtio 1.2 section 5.2.6): where they
 * go, how they are cut, what a flush and a discard look like; and by answering wrongly, late, or
 * not at all.  Time is a counter that every look at the clock moves on.
 */
#include "bus/virtio.c"
#include "bus/virtqueue.c"
#include "fake_virtio.h"
#include "host_env.h"
#include "virtio_block.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define DISK_BYTES    (8u << 20)
#define CLOCK_STEP_NS 1000000u
#define LEN_WRONG     7u

enum manner { ANSWER, ANSWER_LATE, REFUSE, WRONG_ID, WRONG_LENGTH, SILENT };

struct disk {
    struct fake_virtio fake; /* first */
    struct bough_env env;
    struct bough_clock clock;
    struct bough_block *dev;
    enum manner manner;
    bool late; /* a request waits for the next `wait` */
    uint8_t *bytes;
    uint8_t *buffer;
    uint32_t request_count;
    uint32_t request_types[64];
    uint32_t pieces_max;
    uint32_t piece_bytes_max;
    struct discard_range discarded;
};

static uint64_t now_ns;

static uint64_t fake_now(struct bough_clock *clock)
{
    (void)clock;
    now_ns += CLOCK_STEP_NS;
    return now_ns;
}

static const struct bough_clock_ops clock_ops = {.now_ns = fake_now, .wall_ns = fake_now};

/* Moves one piece of data; returns the bytes written to the driver. */
static uint32_t move(struct disk *disk, uint32_t type, uint64_t at, struct fake_descriptor *piece)
{
    void *memory = (void *)(uintptr_t)piece->address;

    if (piece->len > disk->piece_bytes_max)
        disk->piece_bytes_max = piece->len;
    if (type == REQUEST_DISCARD) {
        memcpy(&disk->discarded, memory, sizeof(disk->discarded));
        return 0;
    }
    assert_true(at + piece->len <= DISK_BYTES);
    assert_true(((piece->flags & 2u) != 0) == (type == REQUEST_READ));
    if (type == REQUEST_READ)
        memcpy(memory, disk->bytes + at, piece->len);
    else
        memcpy(disk->bytes + at, memory, piece->len);
    return type == REQUEST_READ ? piece->len : 0;
}

/* Does one request as a device would. */
static void serve(struct disk *disk, uint16_t head)
{
    struct fake_descriptor *piece = fake_descriptor(&disk->fake, 0, head);
    struct request request;
    uint64_t at;
    uint32_t written = 1;
    uint32_t pieces = 0;

    assert_int_equal(piece->len, sizeof(request));
    memcpy(&request, (void *)(uintptr_t)piece->address, sizeof(request));
    disk->request_types[disk->request_count++ % 64] = request.type;
    at = request.sector * 512;
    for (;;) {
        piece = fake_descriptor(&disk->fake, 0, piece->next);
        if ((piece->flags & 1u) == 0)
            break;
        written += move(disk, request.type, at, piece);
        at += piece->len;
        pieces++;
    }
    disk->pieces_max = pieces > disk->pieces_max ? pieces : disk->pieces_max;
    assert_int_equal(piece->len, 1);
    *(uint8_t *)(uintptr_t)piece->address = disk->manner == REFUSE ? 1 : 0;
    fake_answer(&disk->fake, 0, disk->manner == WRONG_ID ? head + 1u : head,
                disk->manner == WRONG_LENGTH ? written + LEN_WRONG : written);
}

static void serve_all(struct disk *disk)
{
    uint16_t head;

    while (fake_next(&disk->fake, 0, &head))
        serve(disk, head);
}

static void disk_notify(struct fake_virtio *fake, uint16_t queue)
{
    struct disk *disk = (struct disk *)fake;

    assert_int_equal(queue, 0);
    if (disk->manner == ANSWER_LATE)
        disk->late = true;
    else if (disk->manner != SILENT)
        serve_all(disk);
}

static void disk_wait(struct bus_device *dev, uint64_t until_ns)
{
    struct disk *disk = (struct disk *)dev;

    fake_wait(dev, until_ns);
    if (disk->late)
        serve_all(disk);
    disk->late = false;
}

static void put32(struct disk *disk, uint32_t at, uint32_t value)
{
    memcpy(disk->fake.config + at, &value, sizeof(value));
}

/* A disk with these features; not opened yet. */
static struct disk *make_disk(uint64_t features)
{
    struct disk *disk = calloc(1, sizeof(*disk));
    uint64_t sectors = DISK_BYTES / 512;

    assert_non_null(disk);
    fake_init(&disk->fake, BUS_KIND_BLOCK, features);
    disk->fake.on_notify = disk_notify;
    disk->fake.base.wait = disk_wait;
    disk->clock.ops = &clock_ops;
    disk->env = *host_env();
    disk->env.clock = &disk->clock;
    disk->bytes = calloc(1, DISK_BYTES);
    disk->buffer = calloc(1, DISK_BYTES);
    memcpy(disk->fake.config + CONFIG_CAPACITY, &sectors, sizeof(sectors));
    return disk;
}

static struct disk *open_disk(uint64_t features)
{
    struct disk *disk = make_disk(features);

    assert_int_equal(bough_virtio_block_open(&disk->env, &disk->fake.base, &disk->dev), BOUGH_OK);
    return disk;
}

static void drop_disk(struct disk *disk)
{
    bough_block_close(disk->dev);
    assert_int_equal(disk->fake.status, 0);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
    free(disk->bytes);
    free(disk->buffer);
    free(disk);
}

static void test_virtio_block__what_is_written_is_read(void **state)
{
    struct disk *disk = open_disk(F_FLUSH);
    uint32_t count = DISK_BYTES / 512 - 3;

    (void)state;
    assert_int_equal(disk->dev->block_size, 512);
    assert_int_equal(disk->dev->block_count, DISK_BYTES / 512);
    for (uint32_t i = 0; i < DISK_BYTES; i++)
        disk->buffer[i] = (uint8_t)(i * 31 + (i >> 9));
    assert_int_equal(bough_block_write(disk->dev, 3, count, disk->buffer), BOUGH_OK);
    assert_memory_equal(disk->bytes + 3 * 512, disk->buffer, (size_t)count * 512);
    memset(disk->buffer, 0, DISK_BYTES);
    assert_int_equal(bough_block_read(disk->dev, 3, count, disk->buffer), BOUGH_OK);
    assert_memory_equal(disk->bytes + 3 * 512, disk->buffer, (size_t)count * 512);
    assert_int_equal(bough_block_read(disk->dev, 4, count, disk->buffer), BOUGH_INVALID);
    drop_disk(disk);
}

static void test_virtio_block__a_megabyte_is_one_request_of_one_piece(void **state)
{
    struct disk *disk = open_disk(F_FLUSH);

    (void)state;
    assert_int_equal(bough_block_write(disk->dev, 0, (1u << 20) / 512, disk->buffer), BOUGH_OK);
    assert_int_equal(disk->request_count, 1);
    assert_int_equal(disk->pieces_max, 1);
    drop_disk(disk);
}

static void test_virtio_block__the_limits_of_the_device_are_kept(void **state)
{
    struct disk *disk = make_disk(F_SIZE_MAX | F_SEG_MAX);

    (void)state;
    put32(disk, CONFIG_SIZE_MAX, 3000);
    put32(disk, CONFIG_SEG_MAX, 3);
    assert_int_equal(bough_virtio_block_open(&disk->env, &disk->fake.base, &disk->dev), BOUGH_OK);
    for (uint32_t i = 0; i < 100 * 512; i++)
        disk->buffer[i] = (uint8_t)(i * 7);
    assert_int_equal(bough_block_write(disk->dev, 5, 100, disk->buffer), BOUGH_OK);
    assert_memory_equal(disk->bytes + 5 * 512, disk->buffer, 100 * 512);
    assert_int_equal(disk->pieces_max, 3);
    assert_int_equal(disk->piece_bytes_max, 3000);
    assert_int_equal(disk->request_count, 6); /* of 17 blocks, 9000 bytes rounded down */
    drop_disk(disk);
}

static void test_virtio_block__only_a_flush_command_survives_a_power_cut(void **state)
{
    struct disk *with = open_disk(F_FLUSH);
    struct disk *without;

    (void)state;
    assert_int_equal(with->dev->flush_survives, BOUGH_SURVIVES_POWER);
    assert_int_equal(bough_block_flush(with->dev), BOUGH_OK);
    assert_int_equal(with->request_types[0], REQUEST_FLUSH);
    drop_disk(with);
    without = open_disk(0);
    assert_int_equal(without->dev->flush_survives, BOUGH_SURVIVES_GUEST);
    assert_int_equal(bough_block_flush(without->dev), BOUGH_OK);
    assert_int_equal(without->request_count, 0);
    drop_disk(without);
}

static void test_virtio_block__a_refused_request_is_an_error_and_the_next_one_works(void **state)
{
    struct disk *disk = open_disk(F_FLUSH);

    (void)state;
    disk->manner = REFUSE;
    assert_int_equal(bough_block_write(disk->dev, 0, 1, disk->buffer), BOUGH_IO);
    assert_int_equal(bough_block_read(disk->dev, 0, 1, disk->buffer), BOUGH_IO);
    assert_int_equal(bough_block_flush(disk->dev), BOUGH_IO);
    disk->manner = ANSWER;
    assert_int_equal(bough_block_write(disk->dev, 0, 1, disk->buffer), BOUGH_OK);
    drop_disk(disk);
}

static void test_virtio_block__a_late_answer_is_slept_for(void **state)
{
    struct disk *disk = open_disk(F_FLUSH);

    (void)state;
    disk->manner = ANSWER_LATE;
    assert_int_equal(bough_block_flush(disk->dev), BOUGH_OK);
    assert_int_equal(disk->fake.wait_count, 1);
    drop_disk(disk);
}

/* The device is stopped before the driver gives the memory back to its caller. */
static void expect_dead(enum manner manner)
{
    struct disk *disk = open_disk(F_FLUSH);

    disk->manner = manner;
    assert_int_equal(bough_block_read(disk->dev, 0, 8, disk->buffer), BOUGH_IO);
    assert_int_equal(disk->fake.status, 0);
    disk->manner = ANSWER;
    assert_int_equal(bough_block_read(disk->dev, 0, 8, disk->buffer), BOUGH_IO);
    assert_int_equal(bough_block_flush(disk->dev), BOUGH_IO);
    assert_true(disk->request_count <= 1);
    drop_disk(disk);
}

static void test_virtio_block__a_device_that_does_not_answer_is_given_up(void **state)
{
    uint64_t begin_ns = now_ns;

    (void)state;
    expect_dead(SILENT);
    assert_true(now_ns - begin_ns >= BOUGH_DEVICE_TIMEOUT_MS * NS_PER_MS);
    assert_true(now_ns - begin_ns < 2 * BOUGH_DEVICE_TIMEOUT_MS * NS_PER_MS);
}

static void test_virtio_block__a_device_that_lies_is_given_up(void **state)
{
    (void)state;
    expect_dead(WRONG_ID);
    expect_dead(WRONG_LENGTH);
}

static void test_virtio_block__the_block_size_is_the_devices(void **state)
{
    static const uint32_t bad[] = {256, 513, 4095, 65536};
    struct disk *disk = make_disk(F_BLK_SIZE);

    (void)state;
    put32(disk, CONFIG_BLK_SIZE, 4096);
    assert_int_equal(bough_virtio_block_open(&disk->env, &disk->fake.base, &disk->dev), BOUGH_OK);
    assert_int_equal(disk->dev->block_size, 4096);
    assert_int_equal(disk->dev->block_count, DISK_BYTES / 4096);
    assert_int_equal(bough_block_write(disk->dev, DISK_BYTES / 4096 - 1, 1, disk->buffer),
                     BOUGH_OK);
    bough_block_close(disk->dev);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put32(disk, CONFIG_BLK_SIZE, bad[i]);
        assert_int_equal(bough_virtio_block_open(&disk->env, &disk->fake.base, &disk->dev),
                         BOUGH_UNSUPPORTED);
    }
    disk->dev = NULL;
    drop_disk(disk);
}

static void test_virtio_block__a_read_only_disk_is_not_written(void **state)
{
    struct disk *disk = open_disk(F_RO);

    (void)state;
    assert_true(disk->dev->read_only);
    assert_int_equal(bough_block_write(disk->dev, 0, 1, disk->buffer), BOUGH_READ_ONLY);
    assert_int_equal(disk->request_count, 0);
    drop_disk(disk);
}

static void test_virtio_block__a_discard_is_cut_to_the_devices_limit(void **state)
{
    struct disk *disk = make_disk(F_DISCARD);

    (void)state;
    put32(disk, CONFIG_DISCARD_MAX, 1000);
    assert_int_equal(bough_virtio_block_open(&disk->env, &disk->fake.base, &disk->dev), BOUGH_OK);
    assert_int_equal(bough_block_discard(disk->dev, 10, 2500), BOUGH_OK);
    assert_int_equal(disk->request_count, 3);
    assert_int_equal(disk->discarded.sector, 2010);
    assert_int_equal(disk->discarded.sector_count, 500);
    drop_disk(disk);
}

static void test_virtio_block__another_device_is_refused(void **state)
{
    struct disk *disk = make_disk(0);

    (void)state;
    disk->fake.base.kind = BUS_KIND_NET;
    assert_int_equal(bough_virtio_block_open(&disk->env, &disk->fake.base, &disk->dev),
                     BOUGH_UNSUPPORTED);
    disk->fake.base.kind = BUS_KIND_BLOCK;
    for (uint16_t size = 0; size < 4; size++) {
        disk->fake.queue_size = size; /* a request needs three entries, a queue a power of two */
        assert_int_equal(bough_virtio_block_open(&disk->env, &disk->fake.base, &disk->dev),
                         BOUGH_UNSUPPORTED);
    }
    disk->dev = NULL;
    drop_disk(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_virtio_block__what_is_written_is_read),
        cmocka_unit_test(test_virtio_block__a_megabyte_is_one_request_of_one_piece),
        cmocka_unit_test(test_virtio_block__the_limits_of_the_device_are_kept),
        cmocka_unit_test(test_virtio_block__only_a_flush_command_survives_a_power_cut),
        cmocka_unit_test(test_virtio_block__a_refused_request_is_an_error_and_the_next_one_works),
        cmocka_unit_test(test_virtio_block__a_late_answer_is_slept_for),
        cmocka_unit_test(test_virtio_block__a_device_that_does_not_answer_is_given_up),
        cmocka_unit_test(test_virtio_block__a_device_that_lies_is_given_up),
        cmocka_unit_test(test_virtio_block__the_block_size_is_the_devices),
        cmocka_unit_test(test_virtio_block__a_read_only_disk_is_not_written),
        cmocka_unit_test(test_virtio_block__a_discard_is_cut_to_the_devices_limit),
        cmocka_unit_test(test_virtio_block__another_device_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
