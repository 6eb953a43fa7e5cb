/* Convolutions and dense product of int16 activations and int8 weights, taps inside the image.
 *
 * A product is at most 2^22 in magnitude; products + |bias| < 2^47 is proved at load.
 */
#include <stddef.h>

#include "requantize_int16.h"
#include "scalar_int16.h"
#include "window.h"

/* Products that an int32 holds: 256 * 2^22 = 2^30. */
#define RUN 256
/* Channels of a depthwise convolution whose sums stay on the stack. */
#define BLOCK 32

/* Called, not copied, as is the rounding below: the device's binary stays small. */
static __attribute__((noinline)) int64_t dot(
    const int16_t *restrict x, const int8_t *restrict w, int32_t count) {
    int64_t sum = 0;
    while (count > 0) {
        int32_t run = count < RUN ? count : RUN, part = 0;
        for (int32_t i = 0; i < run; i++) part += x[i] * w[i];
        sum += part;
        x += run;
        w += run;
        count -= run;
    }
    return sum;
}

static __attribute__((noinline)) int16_t output(
    int64_t sum, struct martlet_scale scale, int32_t rounding, int32_t low, int32_t high) {
    return martlet_output_int16(sum, scale, rounding, low, high);
}

/* Which taps of the window at one output position are in the image. */
struct place {
    struct martlet_span rows, columns;
};

static __attribute__((noinline)) struct place place_at(
    const struct martlet_window *p, int32_t oy, int32_t ox) {
    struct place place = {
        martlet_taps(
            oy, p->stride_height, p->pad_top, p->kernel_height, p->dilation_height,
            p->input_height),
        martlet_taps(
            ox, p->stride_width, p->pad_left, p->kernel_width, p->dilation_width,
            p->input_width),
    };
    return place;
}

/* Where the pixel under a tap starts in an image. */
static inline ptrdiff_t pixel_at(
    const struct martlet_window *p, const struct place *place, int32_t ky, int32_t kx) {
    ptrdiff_t iy = place->rows.start + ky * p->dilation_height;
    ptrdiff_t ix = place->columns.start + kx * p->dilation_width;
    return (iy * p->input_width + ix) * p->input_channels;
}

/* The sum of one output channel: `depth` input channels from `x` on. */
static int64_t window_sum(
    const struct martlet_window *p, const int16_t *x, const int8_t *w, struct place place,
    int32_t depth) {
    int64_t sum = 0;
    /* Taps whose inputs and weights are both adjacent are one run. */
    int joins = depth == p->input_channels && p->dilation_width == 1;
    int32_t step = joins ? place.columns.last - place.columns.first : 1;
    for (int32_t ky = place.rows.first; ky < place.rows.last; ky++) {
        for (int32_t kx = place.columns.first; kx < place.columns.last; kx += step) {
            const int8_t *tap = w + ((ptrdiff_t)ky * p->kernel_width + kx) * depth;
            sum += dot(x + pixel_at(p, &place, ky, kx), tap, depth * step);
        }
    }
    return sum;
}

void s16_conv2d__scalar(
    const struct martlet_window *p, const int16_t *restrict x, const int8_t *restrict weights,
    const int64_t *restrict bias, const struct martlet_scale *restrict scales,
    int16_t *restrict y) {
    int32_t depth = p->input_channels / p->groups;
    int32_t group = p->output_channels / p->groups;
    size_t pitch = (size_t)p->kernel_height * (size_t)p->kernel_width * (size_t)depth;
    size_t image = (size_t)p->input_height * (size_t)p->input_width * (size_t)p->input_channels;
    for (int32_t n = 0; n < p->batches; n++, x += image) {
        for (int32_t oy = 0; oy < p->output_height; oy++) {
            for (int32_t ox = 0; ox < p->output_width; ox++) {
                struct place place = place_at(p, oy, ox);
                for (int32_t c = 0; c < p->output_channels; c++) {
                    const int16_t *lanes = x + (ptrdiff_t)(c / group) * depth;
                    int64_t sum = window_sum(
                        p, lanes, weights + (size_t)c * pitch, place, depth);
                    *y++ = output(
                        sum + bias[c], scales[c], p->rounding, p->clamp_min, p->clamp_max);
                }
            }
        }
    }
}

static void depthwise_pixel(
    const struct martlet_window *p, const int16_t *restrict x, const int8_t *restrict weights,
    const int64_t *restrict bias, const struct martlet_scale *restrict scales,
    struct place place, int16_t *restrict y) {
    for (int32_t first = 0; first < p->output_channels; first += BLOCK) {
        int32_t left = p->output_channels - first, count = left < BLOCK ? left : BLOCK;
        int64_t sums[BLOCK];
        for (int32_t i = 0; i < count; i++) sums[i] = bias[first + i];
        for (int32_t ky = place.rows.first; ky < place.rows.last; ky++) {
            for (int32_t kx = place.columns.first; kx < place.columns.last; kx++) {
                const int16_t *pixel = x + pixel_at(p, &place, ky, kx);
                const int8_t *tap =
                    weights + ((ptrdiff_t)ky * p->kernel_width + kx) * p->output_channels + first;
                if (p->depth_multiplier == 1)
                    for (int32_t i = 0; i < count; i++) sums[i] += pixel[first + i] * tap[i];
                else
                    for (int32_t i = 0; i < count; i++)
                        sums[i] += pixel[(first + i) / p->depth_multiplier] * tap[i];
            }
        }
        for (int32_t i = 0; i < count; i++)
            y[first + i] = output(
                sums[i], scales[first + i], p->rounding, p->clamp_min, p->clamp_max);
    }
}

void s16_depthwise_conv2d__scalar(
    const struct martlet_window *p, const int16_t *restrict x, const int8_t *restrict weights,
    const int64_t *restrict bias, const struct martlet_scale *restrict scales,
    int16_t *restrict y) {
    size_t image = (size_t)p->input_height * (size_t)p->input_width * (size_t)p->input_channels;
    for (int32_t n = 0; n < p->batches; n++, x += image)
        for (int32_t oy = 0; oy < p->output_height; oy++)
            for (int32_t ox = 0; ox < p->output_width; ox++, y += p->output_channels)
                depthwise_pixel(p, x, weights, bias, scales, place_at(p, oy, ox), y);
}

void s16_fully_connected__scalar(
    const struct martlet_dense *p, const int16_t *restrict x, const int8_t *restrict weights,
    const int64_t *restrict bias, const struct martlet_scale *restrict scales,
    int16_t *restrict y) {
    for (int32_t row = 0; row < p->rows; row++, x += p->inputs) {
        for (int32_t c = 0; c < p->outputs; c++) {
            int64_t sum = dot(x, weights + (ptrdiff_t)c * p->inputs, p->inputs);
            *y++ = output(
                sum + bias[c], scales[c], p->rounding, p->clamp_min, p->clamp_max);
        }
    }
}
