/* Resizes by precomputed tables of rows and columns (fixed-point specification, section 7). */
#include <stddef.h>
#include <string.h>

#include "requantize.h"
#include "scalar.h"

/* Weights are in 1/1024 and within [-1024, 2048], so the weighted sum is below 2^31. */
static inline int8_t interpolate(
    const int8_t *top, const int8_t *bottom, ptrdiff_t left, ptrdiff_t right, int32_t row_weight,
    int32_t column_weight) {
    int32_t above = top[left] * (1024 - column_weight) + top[right] * column_weight;
    int32_t below = bottom[left] * (1024 - column_weight) + bottom[right] * column_weight;
    int64_t sum = (int64_t)above * (1024 - row_weight) + (int64_t)below * row_weight;
    int64_t half = sum > 0 ? INT64_C(1) << 19 : -(INT64_C(1) << 19);
    return (int8_t)martlet_clamp((int32_t)((sum + half) / (1 << 20)), -128, 127);
}

void s8_resize_bilinear__scalar(
    const struct martlet_resize *p, const int8_t *restrict x,
    const struct martlet_tap *restrict rows, const struct martlet_tap *restrict columns,
    int8_t *restrict y) {
    ptrdiff_t row = (ptrdiff_t)p->input_width * p->channels;
    for (int32_t n = 0; n < p->batches; n++, x += row * p->input_height) {
        for (int32_t oy = 0; oy < p->output_height; oy++) {
            const int8_t *top = x + rows[oy].low * row, *bottom = x + rows[oy].high * row;
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

void s8_resize_nearest__scalar(
    const struct martlet_resize *p, const int8_t *restrict x, const int32_t *restrict rows,
    const int32_t *restrict columns, int8_t *restrict y) {
    ptrdiff_t row = (ptrdiff_t)p->input_width * p->channels;
    for (int32_t n = 0; n < p->batches; n++, x += row * p->input_height) {
        for (int32_t oy = 0; oy < p->output_height; oy++) {
            for (int32_t ox = 0; ox < p->output_width; ox++, y += p->channels) {
                const int8_t *pixel = x + rows[oy] * row + (ptrdiff_t)columns[ox] * p->channels;
                memcpy(y, pixel, (size_t)p->channels);
            }
        }
    }
}
