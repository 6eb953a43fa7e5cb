/* What the files of this target share: errno as a result, and time as nanoseconds. */
#pragma once
#include <errno.h>
#include <stdint.h>

static inline int32_t result(int value) { return value < 0 ? -errno : value; }

static inline int64_t nanoseconds(int64_t seconds, int64_t rest) {
    return seconds * 1000000000 + rest;
}
