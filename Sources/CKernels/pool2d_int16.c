/* Pools, mean and bilinear resize of int16 (fixed-point specification, section 7). */
#include <stddef.h>

#include "requantize.h"
#include "scalar_int16.h"
#include "window.h"

/* Channels whose accumulators stay on the stack. */
#define BLOCK 64

/* At most 2^15 taps: a sum is at most 2^30 in magnitude. */
static void pool_pixel(
    const struct martlet_window *p, const int16_t *restrict x, struct martlet_span rows,
    struct martlet_span columns, int is_max, int16_t *restrict y) {
    int32_t taps = (rows.last - rows.first) * (columns.last - columns.first);
    for (int32_t first = 0; first < p->output_channels; first += BLOCK) {
        int32_t left = p->output_channels - first;
        int32_t block = left < BLOCK ? left : BLOCK;
        int32_t values[BLOCK];
        for (int32_t i = 0; i < block; i++) values[i] = is_max ? INT16_MIN : 0;
        for (int32_t ky = rows.first; ky < rows.last; ky++) {
            for (int32_t kx = columns.first; kx < columns.last; kx++) {
                ptrdiff_t iy = rows.start + ky, ix = columns.start + kx;
                const int16_t *pixel =
                    x + (iy * p->input_width + ix) * p->input_channels + first;
                for (int32_t i = 0; i < block; i++) {
                    int32_t q = pixel[i];
                    values[i] = is_max ? (q > values[i] ? q : values[i]) : values[i] + q;
                }
            }
        }
        for (int32_t i = 0; i < block; i++) {
            int32_t half = values[i] > 0 ? taps / 2 : -(taps / 2);
            int32_t value = is_max ? values[i] : (values[i] + half) / taps;
            y[first + i] = (int16_t)martlet_clamp(value, p->clamp_min, p->clamp_max);
        }
    }
}

static __attribute__((noinline)) void pool(
    const struct martlet_window *p, const int16_t *restrict x, int is_max,
    int16_t *restrict y) {
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

void s16_average_pool2d__scalar(
    const struct martlet_window *p, const int16_t *restrict x, int16_t *restrict y) {
    pool(p, x, 0, y);
}

void s16_max_pool2d__scalar(
    const struct martlet_window *p, const int16_t *restrict x, int16_t *restrict y) {
    pool(p, x, 1, y);
}

/* At most 2^15 elements are reduced. */
void s16_mean__scalar(
    const struct martlet_mean *p, const int16_t *restrict x, int16_t *restrict y) {
    for (int32_t outer = 0; outer < p->outer; outer++) {
        for (int32_t inner = 0; inner < p->inner; inner++) {
            int32_t sum = 0;
            for (int32_t i = 0; i < p->reduced; i++)
                sum += x[(ptrdiff_t)i * p->inner + inner];
            int32_t mean = martlet_requantize(sum, p->scale, p->rounding);
            *y++ = (int16_t)martlet_clamp(mean, INT16_MIN, INT16_MAX);
        }
        x += (ptrdiff_t)p->reduced * p->inner;
    }
}

/* Weights are in 1/1024 and within [-1024, 2048]: a row's sum is below 2^27. Called, not copied, so
 * that the device's binary stays small. */
static __attribute__((noinline)) int16_t interpolate(
    const int16_t *top, const int16_t *bottom, ptrdiff_t left, ptrdiff_t right,
    int32_t row_weight, int32_t column_weight) {
    int32_t above = top[left] * (1024 - column_weight) + top[right] * column_weight;
    int32_t below = bottom[left] * (1024 - column_weight) + bottom[right] * column_weight;
    int64_t sum = (int64_t)above * (1024 - row_weight) + (int64_t)below * row_weight;
    int64_t half = sum > 0 ? INT64_C(1) << 19 : -(INT64_C(1) << 19);
    return (int16_t)martlet_clamp((int32_t)((sum + half) / (1 << 20)), INT16_MIN, INT16_MAX);
}

void s16_resize_bilinear__scalar(
    const struct martlet_resize *p, const int16_t *restrict x,
    const struct martlet_tap *restrict rows, const struct martlet_tap *restrict columns,
    int16_t *restrict y) {
    ptrdiff_t row = (ptrdiff_t)p->input_width * p->channels;
    for (int32_t n = 0; n < p->batches; n++, x += row * p->input_height) {
        for (int32_t oy = 0; oy < p->output_height; oy++) {
            const int16_t *top = x + rows[oy].low * row, *bottom = x + rows[oy].high * row;
            for (int32_t ox = 0; ox < p->output_width; ox++) {
                ptrdiff_t left = (ptrdiff_t)columns[ox].low * p->channels;
                ptrdiff_t right = (ptrdiff_t)columns[ox].high * p->channels;
                for (int32_t c = 0; c < p->channels; c++)
                    *y++ = interpolate(
                        top, bottom, left + c, right + c, rows[oy].weight, columns[ox].weight);
            }
        }
    }
}
