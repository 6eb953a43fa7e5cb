/* What Linux offers for block devices and sparse files, as the Swift module CBlock. The macros of
 * the kernel's headers do not reach Swift, so each call has one name here. Every function returns
 * 0 or a value on success and -errno on failure. */
#pragma once
#include <errno.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

/* Declared, not included: their headers would make this module the owner of Glibc's types. */
extern long syscall(long number, ...);
extern int ioctl(int fd, unsigned long request, ...);

static inline int64_t block_device_size(int fd) {
    uint64_t size = 0;
    if (ioctl(fd, BLKGETSIZE64, &size) != 0) return -errno;
    return size > (uint64_t)INT64_MAX ? -EOVERFLOW : (int64_t)size;
}

static inline int block_device_is_read_only(int fd) {
    int value = 0;
    return ioctl(fd, BLKROGET, &value) != 0 ? -errno : value != 0;
}

static inline int block_device_discard(int fd, uint64_t offset, uint64_t size) {
    uint64_t range[2] = {offset, size};
    return ioctl(fd, BLKDISCARD, range) != 0 ? -errno : 0;
}

static inline int block_device_zero(int fd, uint64_t offset, uint64_t size) {
    uint64_t range[2] = {offset, size};
    return ioctl(fd, BLKZEROOUT, range) != 0 ? -errno : 0;
}

static inline int block_device_drop_caches(int fd) {
    return ioctl(fd, BLKFLSBUF, 0) != 0 ? -errno : 0;
}

static inline int block_device_reread_table(int fd) {
    return ioctl(fd, BLKRRPART, 0) != 0 ? -errno : 0;
}

/* Makes a range of a file read as zero and gives its blocks back (fallocate(2)). */
static inline int file_punch_hole(int fd, int64_t offset, int64_t size) {
    long status = syscall(
        SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
    return status != 0 ? -errno : 0;
}

/* lseek(2): SEEK_DATA is 3 and SEEK_HOLE is 4 on every Linux. */
static inline int64_t file_next_data(int fd, int64_t offset) {
    int64_t found = syscall(SYS_lseek, fd, offset, 3);
    return found < 0 ? -errno : found;
}

static inline int64_t file_next_hole(int fd, int64_t offset) {
    int64_t found = syscall(SYS_lseek, fd, offset, 4);
    return found < 0 ? -errno : found;
}

/* Hosts have 64 bits: the order of the arguments below is theirs.
 * Starts the write-back of a range; with `waits`, also waits for its end (sync_file_range(2):
 * 1 waits before, 2 writes, 4 waits after). */
static inline int file_write_back(int fd, int64_t offset, int64_t size, int waits) {
    long status = syscall(SYS_sync_file_range, fd, offset, size, waits ? 7 : 2);
    return status != 0 ? -errno : 0;
}

static inline int file_drop_caches(int fd) {
    return syscall(SYS_fadvise64, fd, (int64_t)0, (int64_t)0, 4 /* DONTNEED */) != 0 ? -errno : 0;
}

/* A second descriptor of the same open file, read past the caches (O_DIRECT). */
static inline int file_open_direct(const char *descriptor_path) {
#if defined(__aarch64__) || defined(__arm__)
    int flags = 0200000 /* O_DIRECT */ | 02000000 /* O_CLOEXEC */;
#else
    int flags = 040000 /* O_DIRECT */ | 02000000 /* O_CLOEXEC */;
#endif
    long fd = syscall(SYS_openat, -100 /* AT_FDCWD */, descriptor_path, flags, 0);
    return fd < 0 ? -errno : (int)fd;
}
