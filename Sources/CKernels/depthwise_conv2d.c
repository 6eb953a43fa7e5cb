/* Depthwise convolution: output channel o reads input channel o / depth_multiplier. */
#include <stddef.h>

#include "requantize.h"
#include "scalar.h"
#include "window.h"

/* Channels whose accumulators stay on the stack. */
#define BLOCK 64

/* Adds one tap for `count` channels of a depthwise convolution with multiplier 1. */
static inline void add_tap(
    const int8_t *restrict x, const int8_t *restrict w, int32_t count, int16_t x_zero,
    int16_t w_zero, int32_t *restrict sums) {
    if (w_zero == 0) { /* |w * (x - zx)| <= 128 * 255 fits int16 */
        for (int32_t i = 0; i < count; i++)
            sums[i] += (int16_t)(w[i] * (int16_t)(x[i] - x_zero));
    } else {
        for (int32_t i = 0; i < count; i++)
            sums[i] += (int16_t)(w[i] - w_zero) * (int16_t)(x[i] - x_zero);
    }
}

static inline void add_tap_multiplied(
    const int8_t *restrict x, const int8_t *restrict w, int32_t first, int32_t count,
    int32_t multiplier, int16_t x_zero, int16_t w_zero, int32_t *restrict sums) {
    int32_t channel = first / multiplier, lane = first % multiplier;
    for (int32_t i = 0; i < count; i++) {
        sums[i] += (int16_t)(w[i] - w_zero) * (int16_t)(x[channel] - x_zero);
        if (++lane == multiplier) {
            lane = 0;
            channel++;
        }
    }
}

static void output_pixel(
    const struct martlet_window *p, const int8_t *restrict x, struct martlet_span rows,
    struct martlet_span columns, const int8_t *restrict weights, const int32_t *restrict bias,
    const struct martlet_scale *restrict scales, int8_t *restrict y) {
    int16_t x_zero = (int16_t)p->input_zero, w_zero = (int16_t)p->weight_zero;
    for (int32_t first = 0; first < p->output_channels; first += BLOCK) {
        int32_t left = p->output_channels - first;
        int32_t count = left < BLOCK ? left : BLOCK;
        int32_t sums[BLOCK];
        for (int32_t i = 0; i < count; i++) sums[i] = bias[first + i];
        for (int32_t ky = rows.first; ky < rows.last; ky++) {
            for (int32_t kx = columns.first; kx < columns.last; kx++) {
                ptrdiff_t iy = rows.start + ky * p->dilation_height;
                ptrdiff_t ix = columns.start + kx * p->dilation_width;
                const int8_t *pixel = x + (iy * p->input_width + ix) * p->input_channels;
                const int8_t *tap =
                    weights + ((ptrdiff_t)ky * p->kernel_width + kx) * p->output_channels + first;
                if (p->depth_multiplier == 1)
                    add_tap(pixel + first, tap, count, x_zero, w_zero, sums);
                else
                    add_tap_multiplied(
                        pixel, tap, first, count, p->depth_multiplier, x_zero, w_zero, sums);
            }
        }
        for (int32_t i = 0; i < count; i++)
            y[first + i] = martlet_output(
                sums[i], scales[first + i], p->rounding, p->output_zero, p->clamp_min,
                p->clamp_max);
    }
}

void s8_depthwise_conv2d__scalar(
    const struct martlet_window *p, const int8_t *restrict x, const int8_t *restrict weights,
    const int32_t *restrict bias, const struct martlet_scale *restrict scales,
    int8_t *restrict y) {
    size_t image = (size_t)p->input_height * (size_t)p->input_width * (size_t)p->input_channels;
    for (int32_t n = 0; n < p->batches; n++, x += image) {
        for (int32_t oy = 0; oy < p->output_height; oy++) {
            struct martlet_span rows = martlet_taps(
                oy, p->stride_height, p->pad_top, p->kernel_height, p->dilation_height,
                p->input_height);
            for (int32_t ox = 0; ox < p->output_width; ox++, y += p->output_channels) {
                struct martlet_span columns = martlet_taps(
                    ox, p->stride_width, p->pad_left, p->kernel_width, p->dilation_width,
                    p->input_width);
                output_pixel(p, x, rows, columns, weights, bias, scales, y);
            }
        }
    }
}
