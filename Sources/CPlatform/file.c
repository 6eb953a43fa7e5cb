/* Files by descriptor: whole reads and writes, durability, size and kind, the lock. */
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "result.h"

_Static_assert(AT_FDCWD == -100 && ENOENT == 2 && EIO == 5 && EAGAIN == 11, "Linux");
_Static_assert(ENOMEM == 12 && EACCES == 13 && EEXIST == 17 && EINVAL == 22, "Linux");
_Static_assert(ENOSPC == 28 && EPIPE == 32, "Linux");
_Static_assert(ENAMETOOLONG == 36 && ENOTSOCK == 88 && EADDRINUSE == 98, "Linux");
_Static_assert(ECONNRESET == 104 && ETIMEDOUT == 110 && ECONNREFUSED == 111, "Linux");
_Static_assert(EHOSTUNREACH == 113 && EINPROGRESS == 115 && EWOULDBLOCK == EAGAIN, "Linux");
_Static_assert(sizeof(off_t) == 8, "64-bit offsets");

/* The largest single transfer: what Linux itself moves at most, a multiple of any page size. */
#define TRANSFER_MAX ((size_t)0x7fff0000)

static size_t transfer_size(size_t size) { return size < TRANSFER_MAX ? size : TRANSFER_MAX; }

int32_t platform_open(int32_t directory, const uint8_t *path, int32_t how, uint32_t permissions) {
    static const struct { int32_t how; int flag; } table[] = {
        {platform_open_write, O_WRONLY},      {platform_open_read_write, O_RDWR},
        {platform_open_create, O_CREAT},      {platform_open_exclusive, O_EXCL},
        {platform_open_truncate, O_TRUNC},    {platform_open_append, O_APPEND},
        {platform_open_directory, O_DIRECTORY}, {platform_open_no_follow, O_NOFOLLOW},
        {platform_open_durable, O_DSYNC},     {platform_open_no_wait, O_NONBLOCK},
    };
    int flags = O_CLOEXEC | O_NOCTTY;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (how & table[i].how) flags |= table[i].flag;
    int descriptor;
    do descriptor = openat(directory, (const char *)path, flags, permissions);
    while (descriptor < 0 && errno == EINTR);
    return result(descriptor);
}

int32_t platform_close(int32_t descriptor) {
    /* Linux closes even when interrupted; a second try could close another thread's file. */
    int status = close(descriptor);
    return status < 0 && errno != EINTR ? -errno : 0;
}

int64_t platform_read(int32_t descriptor, void *buffer, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(descriptor, (uint8_t *)buffer + done, transfer_size(size - done));
        if (n == 0) break;
        if (n < 0 && errno != EINTR) return -errno;
        if (n > 0) done += (size_t)n;
    }
    return (int64_t)done;
}

int64_t platform_read_at(int32_t descriptor, void *buffer, size_t size, int64_t offset) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = pread(
            descriptor, (uint8_t *)buffer + done, transfer_size(size - done),
            offset + (int64_t)done);
        if (n == 0) break;
        if (n < 0 && errno != EINTR) return -errno;
        if (n > 0) done += (size_t)n;
    }
    return (int64_t)done;
}

int64_t platform_write(int32_t descriptor, const void *buffer, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = write(descriptor, (const uint8_t *)buffer + done, transfer_size(size - done));
        if (n == 0) return -EIO;
        if (n < 0 && errno != EINTR) return -errno;
        if (n > 0) done += (size_t)n;
    }
    return (int64_t)done;
}

int64_t platform_write_at(
    int32_t descriptor, const void *buffer, size_t size, int64_t offset) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = pwrite(
            descriptor, (const uint8_t *)buffer + done, transfer_size(size - done),
            offset + (int64_t)done);
        if (n == 0) return -EIO;
        if (n < 0 && errno != EINTR) return -errno;
        if (n > 0) done += (size_t)n;
    }
    return (int64_t)done;
}

int32_t platform_sync(int32_t descriptor) {
    int status;
    do status = fsync(descriptor);
    while (status < 0 && errno == EINTR);
    return result(status);
}

int32_t platform_sync_data(int32_t descriptor) {
    int status;
    do status = fdatasync(descriptor);
    while (status < 0 && errno == EINTR);
    return result(status);
}

int32_t platform_sync_directory(int32_t directory, const uint8_t *path) {
    int32_t descriptor = platform_open(directory, path, platform_open_directory, 0);
    if (descriptor < 0) return descriptor;
    int32_t status = platform_sync(descriptor);
    int32_t closed = platform_close(descriptor);
    return status < 0 ? status : closed;
}

int32_t platform_truncate(int32_t descriptor, int64_t size_bytes) {
    int status;
    do status = ftruncate(descriptor, size_bytes);
    while (status < 0 && errno == EINTR);
    return result(status);
}

/* Gives [from, to), which lies past the end of the file, blocks by writing zeros. */
static int32_t write_zeros(int32_t descriptor, int64_t from, int64_t to) {
    static const uint8_t zeros[4096];
    while (from < to) {
        size_t size = to - from < (int64_t)sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        int64_t written = platform_write_at(descriptor, zeros, size, from);
        if (written < 0) return (int32_t)written;
        from += written;
    }
    return 0;
}

int32_t platform_reserve(int32_t descriptor, int64_t size_bytes) {
    if (size_bytes <= 0) return size_bytes < 0 ? -EINVAL : 0;
    int status;
    do status = fallocate(descriptor, 0, 0, size_bytes);
    while (status < 0 && errno == EINTR);
    if (status == 0) return 0;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return -errno;
    struct stat s;
    if (fstat(descriptor, &s) < 0) return -errno;
    return write_zeros(descriptor, s.st_size, size_bytes);
}

static int32_t kind_of(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFREG: return platform_kind_file;
    case S_IFDIR: return platform_kind_directory;
    case S_IFSOCK: return platform_kind_socket;
    case S_IFBLK: return platform_kind_block_device;
    case S_IFCHR: return platform_kind_character_device;
    default: return platform_kind_other;
    }
}

static void fill_status(const struct stat *s, platform_status *status) {
    status->size_bytes = s->st_size;
    status->modified_ns = nanoseconds(s->st_mtim.tv_sec, s->st_mtim.tv_nsec);
    status->device = (uint64_t)s->st_dev;
    status->node = (uint64_t)s->st_ino;
    status->permissions = s->st_mode & 07777;
    status->kind = kind_of(s->st_mode);
}

int32_t platform_status_of(int32_t descriptor, platform_status *status) {
    struct stat s;
    if (fstat(descriptor, &s) < 0) return -errno;
    fill_status(&s, status);
    if (status->kind == platform_kind_block_device) {
        off_t position = lseek(descriptor, 0, SEEK_CUR);
        status->size_bytes = lseek(descriptor, 0, SEEK_END);
        if (status->size_bytes < 0) return -errno;
        lseek(descriptor, position, SEEK_SET);
    }
    return 0;
}

int32_t platform_status_at(int32_t directory, const uint8_t *path, platform_status *status) {
    struct stat s;
    if (fstatat(directory, (const char *)path, &s, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    fill_status(&s, status);
    return 0;
}

int64_t platform_free_bytes(int32_t descriptor) {
    struct statvfs s;
    int status;
    do status = fstatvfs(descriptor, &s);
    while (status < 0 && errno == EINTR);
    if (status < 0) return -errno;
    int64_t bytes;
    if (__builtin_mul_overflow(s.f_bavail, s.f_frsize, &bytes)) return INT64_MAX;
    return bytes;
}

int32_t platform_lock(int32_t descriptor) {
    int status;
    do status = flock(descriptor, LOCK_EX | LOCK_NB);
    while (status < 0 && errno == EINTR);
    return result(status);
}
