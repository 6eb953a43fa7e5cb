/* Average and maximum over the taps inside the image. Every window holds at least one pixel. */
#include <stddef.h>

#include "requantize.h"
#include "scalar.h"
#include "window.h"

/* Channels whose accumulators stay on the stack. */
#define BLOCK 64

/* An average keeps its sign's symmetry, or is that of the bytes q + 128 (uint8-born models). */
static inline int32_t average(int32_t sum, int32_t count, int32_t rounding) {
    if (rounding == MARTLET_ROUND_HALF_UP)
        return (sum + 128 * count + count / 2) / count - 128;
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

static inline void pool_pixel(
    const struct martlet_window *p, const int8_t *restrict x, struct martlet_span rows,
    struct martlet_span columns, int is_max, int8_t *restrict y) {
    int32_t taps = (rows.last - rows.first) * (columns.last - columns.first);
    for (int32_t first = 0; first < p->output_channels; first += BLOCK) {
        int32_t left = p->output_channels - first;
        int32_t block = left < BLOCK ? left : BLOCK;
        int32_t values[BLOCK];
        for (int32_t i = 0; i < block; i++) values[i] = is_max ? INT8_MIN : 0;
        for (int32_t ky = rows.first; ky < rows.last; ky++) {
            for (int32_t kx = columns.first; kx < columns.last; kx++) {
                ptrdiff_t iy = rows.start + ky, ix = columns.start + kx;
                const int8_t *pixel =
                    x + (iy * p->input_width + ix) * p->input_channels + first;
                for (int32_t i = 0; i < block; i++) {
                    int32_t q = pixel[i];
                    values[i] = is_max ? (q > values[i] ? q : values[i]) : values[i] + q;
                }
            }
        }
        for (int32_t i = 0; i < block; i++) {
            int32_t value = is_max ? values[i] : average(values[i], taps, p->rounding);
            y[first + i] = (int8_t)martlet_clamp(value, p->clamp_min, p->clamp_max);
        }
    }
}

static inline void pool(
    const struct martlet_window *p, const int8_t *restrict x, int is_max, int8_t *restrict y) {
    size_t image = (size_t)p->input_height * (size_t)p->input_width * (size_t)p->input_channels;
    for (int32_t n = 0; n < p->batches; n++, x += image) {
        for (int32_t oy = 0; oy < p->output_height; oy++) {
            struct martlet_span rows = martlet_taps(
                oy, p->stride_height, p->pad_top, p->kernel_height, 1, p->input_height);
            for (int32_t ox = 0; ox < p->output_width; ox++, y += p->output_channels) {
                struct martlet_span columns = martlet_taps(
                    ox, p->stride_width, p->pad_left, p->kernel_width, 1, p->input_width);
                pool_pixel(p, x, rows, columns, is_max, y);
            }
        }
    }
}

void s8_average_pool2d__scalar(
    const struct martlet_window *p, const int8_t *restrict x, int8_t *restrict y) {
    pool(p, x, 0, y);
}

void s8_max_pool2d__scalar(
    const struct martlet_window *p, const int8_t *restrict x, int8_t *restrict y) {
    pool(p, x, 1, y);
}
