/* SPDX-License-Identifier: ISC
 *
 * linux_init.c - the first user process of the Linux that bough's boot is measured beside.
 *
 * It says that it runs and switches the machine off: nothing could reach user mode sooner.  Linked
 * statically, the whole of the initramfs.
 */
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
    static const char line[] = "first user process\n";

    (void)!write(1, line, sizeof(line) - 1);
    (void)reboot(RB_POWER_OFF);
    for (;;)
        pause();
}
