/* Reductions over the middle extent of [outer, reduced, inner]. */
#include <stddef.h>

#include "requantize.h"
#include "scalar.h"

/* The count is folded into the factor. |q - z| * reduced < 2^30 is proved at load. */
void s8_mean__scalar(
    const struct martlet_mean *p, const int8_t *restrict x, int8_t *restrict y) {
    for (int32_t outer = 0; outer < p->outer; outer++) {
        for (int32_t inner = 0; inner < p->inner; inner++) {
            int32_t sum = 0;
            for (int32_t i = 0; i < p->reduced; i++)
                sum += x[(ptrdiff_t)i * p->inner + inner] - p->input_zero;
            *y++ = martlet_output(sum, p->scale, p->rounding, p->output_zero, -128, 127);
        }
        x += (ptrdiff_t)p->reduced * p->inner;
    }
}

void s8_arg_max__scalar(
    const struct martlet_arg_max *p, const int8_t *restrict x, void *restrict y) {
    int32_t *narrow = y;
    int64_t *wide = y;
    for (int32_t outer = 0; outer < p->outer; outer++) {
        for (int32_t inner = 0; inner < p->inner; inner++) {
            int32_t best = 0;
            for (int32_t i = 1; i < p->extent; i++)
                if (x[(ptrdiff_t)i * p->inner + inner] > x[(ptrdiff_t)best * p->inner + inner])
                    best = i;
            if (p->element_size == 8)
                *wide++ = best;
            else
                *narrow++ = best;
        }
        x += (ptrdiff_t)p->extent * p->inner;
    }
}
