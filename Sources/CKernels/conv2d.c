/* Convolution and dense product: acc = sum (w - zw) * (x - zx) + bias, taps inside the image.
 *
 * |w - zw| * |x - zx| * taps + |bias| < 2^31 is proved at load, so int32 suffices.
 */
#include <stddef.h>

#include "requantize.h"
#include "scalar.h"
#include "window.h"

#define BLOCK 4

/* Inlined, the compiler loses sight of the 16-bit range and multiplies twice as slowly. */
#define SEPARATE __attribute__((noinline))

/* Adds the products of one run of `count` bytes for BLOCK rows of weights, `pitch` apart. */
static SEPARATE void dot_block(
    const int8_t *restrict x, const int8_t *restrict w, size_t pitch, int32_t count,
    int16_t x_zero, int16_t w_zero, int32_t *restrict sums) {
    const int8_t *w1 = w + pitch, *w2 = w1 + pitch, *w3 = w2 + pitch;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (int32_t i = 0; i < count; i++) {
        int16_t v = (int16_t)(x[i] - x_zero);
        s0 += (int16_t)(w[i] - w_zero) * v;
        s1 += (int16_t)(w1[i] - w_zero) * v;
        s2 += (int16_t)(w2[i] - w_zero) * v;
        s3 += (int16_t)(w3[i] - w_zero) * v;
    }
    sums[0] += s0;
    sums[1] += s1;
    sums[2] += s2;
    sums[3] += s3;
}

static SEPARATE int32_t dot_one(
    const int8_t *restrict x, const int8_t *restrict w, int32_t count, int16_t x_zero,
    int16_t w_zero) {
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++)
        sum += (int16_t)(w[i] - w_zero) * (int16_t)(x[i] - x_zero);
    return sum;
}

/* The part of a window that is inside the image, as runs of adjacent bytes. */
struct patch {
    const int8_t *x;            /* first byte of the first run */
    ptrdiff_t row_step, tap_step; /* between runs in x */
    ptrdiff_t w_first, w_row_step, w_tap_step;
    int32_t rows, taps, run;    /* rows * taps runs of `run` bytes */
};

static inline void accumulate(
    const struct patch *patch, const int8_t *w, size_t pitch, int32_t block, int16_t x_zero,
    int16_t w_zero, int32_t *restrict sums) {
    for (int32_t ky = 0; ky < patch->rows; ky++) {
        for (int32_t kx = 0; kx < patch->taps; kx++) {
            const int8_t *run = patch->x + ky * patch->row_step + kx * patch->tap_step;
            const int8_t *row =
                w + patch->w_first + ky * patch->w_row_step + kx * patch->w_tap_step;
            if (block == BLOCK)
                dot_block(run, row, pitch, patch->run, x_zero, w_zero, sums);
            else
                sums[0] += dot_one(run, row, patch->run, x_zero, w_zero);
        }
    }
}

static void output_pixel(
    const struct martlet_window *p, const struct patch *patch, const int8_t *weights,
    const int32_t *bias, const struct martlet_scale *scales, int32_t channels, size_t pitch,
    int8_t *restrict y) {
    int16_t x_zero = (int16_t)p->input_zero, w_zero = (int16_t)p->weight_zero;
    for (int32_t c = 0; c < channels;) {
        int32_t block = channels - c >= BLOCK ? BLOCK : 1;
        int32_t sums[BLOCK] = {0};
        accumulate(patch, weights + (size_t)c * pitch, pitch, block, x_zero, w_zero, sums);
        for (int32_t i = 0; i < block; i++, c++)
            y[c] = martlet_output(
                sums[i] + bias[c], scales[c], p->rounding, p->output_zero, p->clamp_min,
                p->clamp_max);
    }
}

/* The window at one output position. Adjacent runs of a row are joined. */
static struct patch make_patch(
    const struct martlet_window *p, const int8_t *x, struct martlet_span rows,
    struct martlet_span columns, int32_t depth) {
    int32_t channels = p->input_channels;
    ptrdiff_t row = (ptrdiff_t)p->input_width * channels;
    int32_t top = rows.start + rows.first * p->dilation_height;
    int32_t left = columns.start + columns.first * p->dilation_width;
    struct patch patch = {
        .x = x + top * row + (ptrdiff_t)left * channels,
        .row_step = p->dilation_height * row,
        .tap_step = (ptrdiff_t)p->dilation_width * channels,
        .w_first = ((ptrdiff_t)rows.first * p->kernel_width + columns.first) * depth,
        .w_row_step = (ptrdiff_t)p->kernel_width * depth,
        .w_tap_step = depth,
        .rows = rows.last - rows.first,
        .taps = columns.last - columns.first,
        .run = depth,
    };
    if (depth == channels && p->dilation_width == 1) {
        patch.run *= patch.taps;
        patch.taps = patch.taps > 0 ? 1 : 0;
    }
    if (patch.rows == 0 || patch.taps == 0) patch.x = x;
    return patch;
}

void s8_conv2d__scalar(
    const struct martlet_window *p, const int8_t *restrict x, const int8_t *restrict weights,
    const int32_t *restrict bias, const struct martlet_scale *restrict scales,
    int8_t *restrict y) {
    int32_t depth = p->input_channels / p->groups;
    int32_t channels = p->output_channels / p->groups;
    size_t pitch = (size_t)p->kernel_height * (size_t)p->kernel_width * (size_t)depth;
    size_t image = (size_t)p->input_height * (size_t)p->input_width * (size_t)p->input_channels;
    for (int32_t n = 0; n < p->batches; n++, x += image) {
        for (int32_t oy = 0; oy < p->output_height; oy++) {
            struct martlet_span rows = martlet_taps(
                oy, p->stride_height, p->pad_top, p->kernel_height, p->dilation_height,
                p->input_height);
            for (int32_t ox = 0; ox < p->output_width; ox++) {
                struct martlet_span columns = martlet_taps(
                    ox, p->stride_width, p->pad_left, p->kernel_width, p->dilation_width,
                    p->input_width);
                struct patch patch = make_patch(p, x, rows, columns, depth);
                for (int32_t g = 0; g < p->groups; g++, y += channels, patch.x += depth) {
                    size_t first = (size_t)g * (size_t)channels;
                    output_pixel(
                        p, &patch, weights + first * pitch, bias + first, scales + first,
                        channels, pitch, y);
                }
            }
        }
    }
}

void s8_fully_connected__scalar(
    const struct martlet_dense *p, const int8_t *restrict x, const int8_t *restrict weights,
    const int32_t *restrict bias, const struct martlet_scale *restrict scales,
    int8_t *restrict y) {
    struct martlet_window window = {
        .input_zero = p->input_zero,
        .weight_zero = p->weight_zero,
        .output_zero = p->output_zero,
        .clamp_min = p->clamp_min,
        .clamp_max = p->clamp_max,
        .rounding = p->rounding,
    };
    struct patch patch = {.x = x, .rows = 1, .taps = 1, .run = p->inputs};
    for (int32_t row = 0; row < p->rows; row++, y += p->outputs, patch.x += p->inputs)
        output_pixel(
            &window, &patch, weights, bias, scales, p->outputs, (size_t)p->inputs, y);
}
