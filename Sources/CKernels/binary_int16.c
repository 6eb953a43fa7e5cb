/* Elementwise operators of two int16 inputs with broadcasting (fixed-point specification, 5).
 *
 * The output may be exactly one of the inputs, so no pointer here is restrict.
 */
#include <stddef.h>

#include "broadcast.h"
#include "requantize.h"
#include "scalar_int16.h"

/* One run of the innermost extent. */
typedef void (*row)(
    const struct martlet_binary *p, const int16_t *a, const int16_t *b, int16_t *y);

/* Operands are scaled up by 2^15; each is at most 2^30 in magnitude afterwards. */
static inline int32_t sum(const struct martlet_binary *p, int32_t a, int32_t b) {
    int32_t left = martlet_requantize(a * (1 << 15), p->a_scale, p->rounding);
    int32_t right = martlet_requantize(b * (1 << 15), p->b_scale, p->rounding);
    int32_t sum = p->kind == MARTLET_SUBTRACT ? left - right : left + right;
    return martlet_requantize(sum, p->output_scale, p->rounding);
}

static inline int32_t product(const struct martlet_binary *p, int32_t a, int32_t b) {
    return martlet_requantize(a * b, p->output_scale, p->rounding);
}

static inline int32_t extreme(const struct martlet_binary *p, int32_t a, int32_t b) {
    int32_t larger = a > b ? a : b, smaller = a > b ? b : a;
    return p->kind == MARTLET_MINIMUM ? smaller : larger;
}

#define ROW(element)                                                                            \
    static void element##_row(                                                                  \
        const struct martlet_binary *p, const int16_t *a, const int16_t *b, int16_t *y) {       \
        const int32_t last = MARTLET_RANK_MAX - 1;                                              \
        ptrdiff_t a_step = p->a_strides[last], b_step = p->b_strides[last];                     \
        for (int32_t i = 0; i < p->extents[last]; i++, a += a_step, b += b_step)                \
            y[i] = (int16_t)martlet_clamp(element(p, *a, *b), p->clamp_min, p->clamp_max);      \
    }

ROW(sum)
ROW(product)
ROW(extreme)

/* Walks the outer extents. One copy serves all operators: rows are long enough for a call. */
static __attribute__((noinline)) void broadcast(
    const struct martlet_binary *p, const int16_t *a, const int16_t *b, int16_t *y, row apply) {
    int32_t index[MARTLET_RANK_MAX] = {0};
    ptrdiff_t left = 0, right = 0;
    do {
        apply(p, a + left, b + right, y);
        y += p->extents[MARTLET_RANK_MAX - 1];
    } while (martlet_next(
        MARTLET_RANK_MAX - 1, p->extents, p->a_strides, p->b_strides, index, &left, &right));
}

void s16_add__scalar(
    const struct martlet_binary *p, const int16_t *a, const int16_t *b, int16_t *y) {
    broadcast(p, a, b, y, sum_row);
}

void s16_mul__scalar(
    const struct martlet_binary *p, const int16_t *a, const int16_t *b, int16_t *y) {
    broadcast(p, a, b, y, product_row);
}

void s16_max__scalar(
    const struct martlet_binary *p, const int16_t *a, const int16_t *b, int16_t *y) {
    broadcast(p, a, b, y, extreme_row);
}
