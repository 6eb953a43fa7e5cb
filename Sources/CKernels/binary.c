/* Elementwise operators of two inputs with broadcasting (fixed-point specification, section 5).
 *
 * The output may be exactly one of the inputs, so no pointer here is restrict. |q - z| <= 255.
 */
#include <stddef.h>

#include "broadcast.h"
#include "requantize.h"
#include "scalar.h"

typedef int8_t (*element)(const struct martlet_binary *p, int8_t a, int8_t b);

/* Operands are scaled up by 2^20 first, so their scales lose nothing. */
static inline int8_t add_element(const struct martlet_binary *p, int8_t a, int8_t b) {
    int32_t left = (a - p->a_zero) * (1 << 20), right = (b - p->b_zero) * (1 << 20);
    left = martlet_requantize(left, p->a_scale, p->rounding);
    right = martlet_requantize(right, p->b_scale, p->rounding);
    int32_t sum = p->kind == MARTLET_SUBTRACT ? left - right : left + right;
    return martlet_output(
        sum, p->output_scale, p->rounding, p->output_zero, p->clamp_min, p->clamp_max);
}

static inline int8_t mul_element(const struct martlet_binary *p, int8_t a, int8_t b) {
    int32_t product = (a - p->a_zero) * (b - p->b_zero);
    return martlet_output(
        product, p->output_scale, p->rounding, p->output_zero, p->clamp_min, p->clamp_max);
}

static inline int8_t max_element(const struct martlet_binary *p, int8_t a, int8_t b) {
    int8_t larger = a > b ? a : b, smaller = a > b ? b : a;
    int32_t chosen = p->kind == MARTLET_MINIMUM ? smaller : larger;
    return (int8_t)martlet_clamp(chosen, p->clamp_min, p->clamp_max);
}

static inline int8_t *innermost(
    const struct martlet_binary *p, const int8_t *a, const int8_t *b, int8_t *y, element apply) {
    const int32_t last = MARTLET_RANK_MAX - 1;
    ptrdiff_t a_step = p->a_strides[last], b_step = p->b_strides[last];
    for (int32_t i = 0; i < p->extents[last]; i++, a += a_step, b += b_step)
        *y++ = apply(p, *a, *b);
    return y;
}

/* Walks the outer extents; `apply` is a constant at each call, so it is inlined. */
static inline __attribute__((always_inline)) void broadcast(
    const struct martlet_binary *p, const int8_t *a, const int8_t *b, int8_t *y, element apply) {
    int32_t index[MARTLET_RANK_MAX] = {0};
    ptrdiff_t left = 0, right = 0;
    do {
        y = innermost(p, a + left, b + right, y, apply);
    } while (martlet_next(
        MARTLET_RANK_MAX - 1, p->extents, p->a_strides, p->b_strides, index, &left, &right));
}

void s8_add__scalar(
    const struct martlet_binary *p, const int8_t *a, const int8_t *b, int8_t *y) {
    broadcast(p, a, b, y, add_element);
}

void s8_mul__scalar(
    const struct martlet_binary *p, const int8_t *a, const int8_t *b, int8_t *y) {
    broadcast(p, a, b, y, mul_element);
}

void s8_max__scalar(
    const struct martlet_binary *p, const int8_t *a, const int8_t *b, int8_t *y) {
    broadcast(p, a, b, y, max_element);
}
