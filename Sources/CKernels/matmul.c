/* Products of two computed matrices (fixed-point specification, 4.3).
 *
 * The loader proves inner * 255 * 255 < 2^31. Rows of `a` outside, so that it is read once.
 */
#include <stddef.h>

#include "broadcast.h"
#include "requantize.h"

static int8_t *multiply(
    const struct martlet_matmul *p, const int8_t *restrict a, const int8_t *restrict b,
    int8_t *restrict y) {
    for (int32_t row = 0; row < p->rows; row++, a += p->a_row) {
        const int8_t *column = b;
        for (int32_t i = 0; i < p->columns; i++, column += p->b_column) {
            const int8_t *left = a, *right = column;
            int32_t sum = 0;
            for (int32_t k = 0; k < p->inner; k++) {
                sum += (*left - p->a_zero) * (*right - p->b_zero);
                left += p->a_inner;
                right += p->b_inner;
            }
            *y++ = martlet_output(
                sum, p->scale, MARTLET_ROUND_DOUBLE, p->output_zero, p->clamp_min, p->clamp_max);
        }
    }
    return y;
}

void s8_matmul__scalar(
    const struct martlet_matmul *p, const int8_t *a, const int8_t *b, int8_t *y) {
    int32_t index[MARTLET_BATCH_RANK] = {0};
    ptrdiff_t left = 0, right = 0;
    do {
        y = multiply(p, a + left, b + right, y);
    } while (martlet_next(
        MARTLET_BATCH_RANK, p->extents, p->a_strides, p->b_strides, index, &left, &right));
}
