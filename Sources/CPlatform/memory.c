/* Mappings, and how much memory and processor time the process uses. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "CPlatform.h"
#include "result.h"

static platform_mapping mapping_of(void *base, size_t size) {
    if (base == MAP_FAILED) return (platform_mapping){NULL, 0, -errno};
    return (platform_mapping){base, size, 0};
}

platform_mapping platform_map_file(int32_t descriptor, int64_t offset, size_t size) {
    return mapping_of(mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, offset), size);
}

platform_mapping platform_map_anonymous(size_t size, int32_t populate) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (populate ? MAP_POPULATE : 0);
    return mapping_of(mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0), size);
}

void platform_unmap(platform_mapping mapping) {
    if (mapping.base != NULL) munmap(mapping.base, mapping.size);
}

int64_t platform_page_size(void) { return sysconf(_SC_PAGESIZE); }

/* The second number of /proc/self/statm is the count of resident pages. */
static int64_t resident_bytes(void) {
    uint8_t text[64];
    int32_t file = platform_open(
        platform_working_directory, (const uint8_t *)"/proc/self/statm", platform_open_read, 0);
    if (file < 0) return 0;
    int64_t size = platform_read(file, text, sizeof text);
    platform_close(file);
    int64_t i = 0, pages = 0;
    while (i < size && text[i] != ' ') i++;
    for (i++; i < size && text[i] >= '0' && text[i] <= '9'; i++)
        pages = pages * 10 + (text[i] - '0');
    return pages * platform_page_size();
}

int32_t platform_usage_now(platform_usage *usage) {
    struct rusage r;
    if (getrusage(RUSAGE_SELF, &r) < 0) return -errno;
    usage->resident_bytes = resident_bytes();
    usage->resident_peak_bytes = (int64_t)r.ru_maxrss * 1024;
    usage->user_ns = nanoseconds(r.ru_utime.tv_sec, (int64_t)r.ru_utime.tv_usec * 1000);
    usage->system_ns = nanoseconds(r.ru_stime.tv_sec, (int64_t)r.ru_stime.tv_usec * 1000);
    return 0;
}
