/* SPDX-License-Identifier: ISC
 *
 * bench_cold.c - a file is out of the kernel's cache.
 *
 * posix_fadvise(2) drops clean pages that nobody has mapped; so the file is synced first, and its
 * users have closed it.
 */
#include "bench_storage.h"
#include <fcntl.h>
#include <unistd.h>

void bench_cold_drop(const char *path)
{
    int fd = open(path, O_RDWR);

    bench_keys_must(fd >= 0 && fsync(fd) == 0, "syncing a file");
    bench_keys_must(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0, "dropping a file's pages");
    (void)close(fd);
}
