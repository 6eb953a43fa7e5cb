/* Names: make, remove, rename, link, and the walk over a directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "CPlatform.h"
#include "result.h"

int32_t platform_make_directory(int32_t directory, const uint8_t *path, uint32_t permissions) {
    return result(mkdirat(directory, (const char *)path, permissions));
}

int32_t platform_remove(int32_t directory, const uint8_t *path) {
    return result(unlinkat(directory, (const char *)path, 0));
}

int32_t platform_remove_directory(int32_t directory, const uint8_t *path) {
    return result(unlinkat(directory, (const char *)path, AT_REMOVEDIR));
}

int32_t platform_rename(int32_t directory, const uint8_t *from, const uint8_t *to) {
    return result(renameat(directory, (const char *)from, directory, (const char *)to));
}

int32_t platform_link(int32_t directory, const uint8_t *from, const uint8_t *to) {
    return result(linkat(directory, (const char *)from, directory, (const char *)to, 0));
}

int32_t platform_directory_open(
    int32_t directory, const uint8_t *path, platform_directory *cursor) {
    cursor->stream = NULL;
    int32_t descriptor = platform_open(directory, path, platform_open_directory, 0);
    if (descriptor < 0) return descriptor;
    DIR *stream = fdopendir(descriptor);
    if (stream == NULL) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    cursor->stream = stream;
    return 0;
}

static int is_self_or_parent(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int32_t platform_directory_next(platform_directory *cursor, uint8_t *name, size_t capacity) {
    if (cursor->stream == NULL) return -EBADF;
    const struct dirent *entry;
    do {
        errno = 0;
        entry = readdir(cursor->stream);
        if (entry == NULL) return -errno;
    } while (is_self_or_parent(entry->d_name));
    size_t length = strlen(entry->d_name);
    if (length >= capacity) return -ENAMETOOLONG;
    memcpy(name, entry->d_name, length + 1);
    return (int32_t)length;
}

void platform_directory_close(platform_directory *cursor) {
    if (cursor->stream != NULL) closedir(cursor->stream);
    cursor->stream = NULL;
}
