/* SPDX-License-Identifier: ISC
 *
 * file_host.c - a file or block device of the host as a block device.
 *
 * Owns one descriptor.
 *   (1) While it is open for writing no other process, and no other open of this one, has it open:
 *       flock(2), released by the kernel when the process dies.
 *   (2) Its size is that of the moment of opening; growing it behind our back is not noticed.
 * The moment that matters is fdatasync(2).  After it failed the kernel may have dropped the dirty
 * pages and would answer OK to a retry, so the error goes up and nobody asks again.
 */
#include "bough/blockdev.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BLOCK_BYTES  4096u
#define SECTOR_BYTES 512u /* what disks promise to write as a whole */

/* statfs(2): file systems that live in memory. */
#define TMPFS_MAGIC_NUMBER 0x01021994
#define RAMFS_MAGIC_NUMBER 0x858458f6

struct file {
    struct bough_block base;
    struct bough_env *env;
    int fd;
};

static struct file *file_of(struct bough_block *dev)
{
    return (struct file *)dev;
}

static enum bough_err err_of(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return BOUGH_FULL;
    case ENOENT:
    case ENOTDIR:
        return BOUGH_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return BOUGH_READ_ONLY;
    case EISDIR:
        return BOUGH_INVALID;
    case EWOULDBLOCK:
        return BOUGH_BUSY;
    default:
        return BOUGH_IO;
    }
}

/* Logs a failed system call and gives its error; errno must still be that of the call. */
static enum bough_err failed(struct bough_env *env, const char *call, uint64_t offset)
{
    int number = errno;

    bough_log(env->log, BOUGH_ERROR, "file", "%s at byte %llu: %s", call,
              (unsigned long long)offset, strerror(number));
    return err_of(number);
}

static enum bough_err file_read(struct bough_block *dev, uint64_t first, uint32_t count, void *into)
{
    struct file *file = file_of(dev);
    uint64_t offset = first * BLOCK_BYTES;
    size_t left = (size_t)count * BLOCK_BYTES;
    uint8_t *at = into;

    while (left > 0) {
        ssize_t got = pread(file->fd, at, left, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* somebody made the file shorter */
        if (got <= 0)
            return failed(file->env, "read", offset);
        at += got;
        left -= (size_t)got;
        offset += (uint64_t)got;
    }
    return BOUGH_OK;
}

static enum bough_err file_write(struct bough_block *dev, uint64_t first, uint32_t count,
                                 const void *from)
{
    struct file *file = file_of(dev);
    uint64_t offset = first * BLOCK_BYTES;
    size_t left = (size_t)count * BLOCK_BYTES;
    const uint8_t *at = from;

    while (left > 0) {
        ssize_t put = pwrite(file->fd, at, left, (off_t)offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return failed(file->env, "write", offset);
        at += put;
        left -= (size_t)put;
        offset += (uint64_t)put;
    }
    return BOUGH_OK;
}

static enum bough_err file_flush(struct bough_block *dev)
{
    struct file *file = file_of(dev);

    return fdatasync(file->fd) == 0 ? BOUGH_OK : failed(file->env, "flush", 0);
}

static void file_close(struct bough_block *dev)
{
    struct file *file = file_of(dev);

    (void)close(file->fd); /* nothing is buffered here; the lock goes with the descriptor */
    bough_heap_give(file->env->heap, file, sizeof(*file));
}

static const struct bough_block_ops ops = {
    .read = file_read, .write = file_write, .flush = file_flush, .close = file_close};

/* The name of a new file is durable only when its directory is. */
static enum bough_err flush_directory(struct bough_env *env, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    char folder[4096];
    int fd;
    bool done;

    if (len >= sizeof(folder))
        return BOUGH_INVALID;
    memcpy(folder, path, len);
    memcpy(folder + len, ".", 2);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(env, "open the folder", 0);
    done = fsync(fd) == 0;
    (void)close(fd);
    return done ? BOUGH_OK : failed(env, "flush the folder", 0);
}

/* Opens, and makes the file where that is asked for; *made tells which. */
static enum bough_err open_path(struct bough_env *env, const char *path,
                                const struct bough_file_options *options, int *fd, bool *made)
{
    int flags = (options->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;

    *made = false;
    *fd = open(path, flags);
    if (*fd < 0 && errno == ENOENT && options->create && !options->read_only) {
        *fd = open(path, flags | O_CREAT | O_EXCL, 0666);
        *made = *fd >= 0;
    }
    if (*fd >= 0)
        return BOUGH_OK;
    bough_log(env->log, BOUGH_ERROR, "file", "%s: %s", path, strerror(errno));
    return err_of(errno);
}

/* Takes the lock, and learns or sets the size. */
static enum bough_err take_hold(struct bough_env *env, const char *path,
                                const struct bough_file_options *options, int fd, bool made,
                                uint64_t *size_bytes)
{
    struct stat facts;
    off_t end;

    if (flock(fd, (options->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
        bough_log(env->log, BOUGH_ERROR, "file", "%s is in use by another process", path);
        return err_of(errno);
    }
    if (fstat(fd, &facts) != 0)
        return failed(env, "stat", 0);
    if (!S_ISREG(facts.st_mode) && !S_ISBLK(facts.st_mode))
        return BOUGH_INVALID;
    if (made) {
        if (ftruncate(fd, (off_t)(options->size_bytes / BLOCK_BYTES * BLOCK_BYTES)) != 0)
            return failed(env, "set the size", options->size_bytes);
        BOUGH_TRY(flush_directory(env, path));
    }
    end = lseek(fd, 0, SEEK_END);
    if (end < 0)
        return failed(env, "find the size", 0);
    *size_bytes = (uint64_t)end;
    return *size_bytes < BLOCK_BYTES ? BOUGH_INVALID : BOUGH_OK;
}

/* A file system in memory keeps its promise to the process only. */
static enum bough_durability durability_of(int fd)
{
    struct statfs facts;

    if (fstatfs(fd, &facts) == 0 && ((uint32_t)facts.f_type == TMPFS_MAGIC_NUMBER ||
                                     (uint32_t)facts.f_type == RAMFS_MAGIC_NUMBER))
        return BOUGH_SURVIVES_GUEST;
    return BOUGH_SURVIVES_POWER;
}

enum bough_err bough_file_open(struct bough_env *env, const char *path,
                               const struct bough_file_options *options, struct bough_block **dev)
{
    struct file *file = NULL;
    uint64_t size_bytes = 0;
    bool made = false;
    int fd = -1;
    enum bough_err err = open_path(env, path, options, &fd, &made);

    if (err != BOUGH_OK)
        goto out;
    err = take_hold(env, path, options, fd, made, &size_bytes);
    if (err != BOUGH_OK)
        goto out;
    file = bough_heap_take(env->heap, sizeof(*file));
    if (file == NULL) {
        err = BOUGH_NO_MEMORY;
        goto out;
    }
    *file = (struct file){
        .base = {.ops = &ops,
                 .block_size = BLOCK_BYTES,
                 .atomic_bytes = SECTOR_BYTES,
                 .block_count = size_bytes / BLOCK_BYTES,
                 .flush_survives = durability_of(fd),
                 .read_only = options->read_only},
        .env = env,
        .fd = fd,
    };
    *dev = &file->base;
out:
    if (err != BOUGH_OK && fd >= 0)
        (void)close(fd);
    return err;
}
