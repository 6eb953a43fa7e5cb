/* Which taps of a window lie inside the image. */
#ifndef MARTLET_WINDOW_H
#define MARTLET_WINDOW_H

#include <stdint.h>

/* Taps [first, last) of one dimension; `start` is the image position of tap 0, maybe outside. */
struct martlet_span {
    int32_t start, first, last;
};

/* The loader bounds all extents such that no product here reaches 2^31. */
static inline struct martlet_span martlet_taps(
    int32_t output, int32_t stride, int32_t pad, int32_t taps, int32_t dilation, int32_t extent) {
    struct martlet_span span = {output * stride - pad, 0, taps};
    if (span.start < 0) span.first = (-span.start + dilation - 1) / dilation;
    int32_t room = extent - span.start;
    int32_t inside = room > 0 ? (room + dilation - 1) / dilation : 0;
    if (inside < taps) span.last = inside;
    if (span.last < span.first) span.last = span.first;
    return span;
}

#endif
