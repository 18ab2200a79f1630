/* SPDX-License-Identifier: ISC
 *
 * test_command.c - which words of the command line the kernel keeps.
 *
 * Proves it by lines as machine monitors write them, and by what is left of them.
 */
#include "command.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct command command;

/* Takes the kernel's words out of `text` and compares the rest. */
static void expect(const char *text, const char *rest)
{
    char line[512];

    assert_true(strlen(text) < sizeof(line));
    memcpy(line, text, strlen(text) + 1);
    command_take(line, &command);
    assert_string_equal(line, rest);
}

static void test_command__other_words_stay(void **state)
{
    (void)state;
    expect("", "");
    expect("   ", "");
    expect("disk=virtio0", "disk=virtio0");
    expect("  disk=virtio0\t port=80 \n", "disk=virtio0 port=80");
    expect("row=1 route console rwx panic", "row=1 route console rwx panic");
    assert_int_equal(command.mmio_count, 0);
}

static void test_command__words_for_linux_are_dropped(void **state)
{
    (void)state;
    expect("console=ttyS0 reboot=k panic=1 pci=off disk=a root=/dev/vda rw", "disk=a");
    expect("a ro b", "a b");
}

static void test_command__devices_are_noted_in_their_order(void **state)
{
    (void)state;
    expect("a virtio_mmio.device=4K@0xc0001000:5 b virtio_mmio.device=512@0xfeb00e00:12", "a b");
    assert_int_equal(command.mmio_count, 2);
    assert_true(command.mmio[0].address == 0xc0001000u && command.mmio[0].line == 5);
    assert_true(command.mmio[1].address == 0xfeb00e00u && command.mmio[1].line == 12);
}

static void test_command__malformed_devices_are_dropped(void **state)
{
    (void)state;
    expect("virtio_mmio.device= virtio_mmio.device=4K virtio_mmio.device=4K@ "
           "virtio_mmio.device=4K@0x1000 virtio_mmio.device=4K@x:1 a@1:2",
           "a@1:2");
    assert_int_equal(command.mmio_count, 0);
}

static void test_command__more_devices_than_fit_are_left_out(void **state)
{
    char line[4096] = "";

    (void)state;
    for (uint32_t i = 0; i <= COMMAND_MMIO_MAX; i++)
        strcat(line, "virtio_mmio.device=4K@0x1000:1 ");
    command_take(line, &command);
    assert_string_equal(line, "");
    assert_int_equal(command.mmio_count, COMMAND_MMIO_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command__other_words_stay),
        cmocka_unit_test(test_command__words_for_linux_are_dropped),
        cmocka_unit_test(test_command__devices_are_noted_in_their_order),
        cmocka_unit_test(test_command__malformed_devices_are_dropped),
        cmocka_unit_test(test_command__more_devices_than_fit_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
