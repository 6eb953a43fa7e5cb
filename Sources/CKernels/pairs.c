/* The rarer operators of two inputs with broadcasting (fixed-point specification, section 5).
 *
 * They share one walk that calls the element's function through a pointer: small before fast.
 * The output may be exactly one of the inputs, so no pointer here is restrict. |q - z| <= 255.
 */
#include <stddef.h>

#include "exponential.h"
#include "broadcast.h"
#include "requantize.h"

typedef void (*element)(
    const struct martlet_binary *p, const int8_t *table, int8_t a, int8_t b, int8_t *y);

static inline int8_t clamped(const struct martlet_binary *p, int32_t scaled) {
    int32_t shifted = martlet_wrapping_add(scaled, p->output_zero);
    return (int8_t)martlet_clamp(shifted, p->clamp_min, p->clamp_max);
}

static MARTLET_SMALL void prelu_element(
    const struct martlet_binary *p, const int8_t *table, int8_t a, int8_t b, int8_t *y) {
    (void)table;
    int32_t v = a - p->a_zero;
    int32_t scaled = v >= 0 ? martlet_requantize_double(v, p->a_scale)
                            : martlet_requantize_double(v * (b - p->b_zero), p->b_scale);
    *y = clamped(p, scaled);
}

/* With factors of at most 1/2, as the planner makes them, the square stays below 2^30. */
static MARTLET_SMALL void squared_difference_element(
    const struct martlet_binary *p, const int8_t *table, int8_t a, int8_t b, int8_t *y) {
    (void)table;
    int32_t left = martlet_requantize_double((a - p->a_zero) * 128, p->a_scale);
    int32_t right = martlet_requantize_double((b - p->b_zero) * 128, p->b_scale);
    uint32_t difference = (uint32_t)left - (uint32_t)right;
    int32_t square = (int32_t)(difference * difference);
    *y = clamped(p, martlet_requantize_double(square, p->output_scale));
}

/* The reference's div.h: a is shifted up to bit 30, so that its product with the reciprocal keeps
 * 31 bits, and the rounding shift takes all shifts back at once. Beyond 31 bits the quotient is
 * below 1/2; there the reference shifts by more than its word has, and with b = b_zero too.
 *
 * Error in steps of the output: the reciprocals of 1...255 are within 2^-27.9 of themselves, each
 * product within 2^-30 and the factor within 2^-31, so at most |y - z| * 2^-27 before the last
 * rounding: the real quotient rounded wherever that is no closer to a half, within 1 always. */
static MARTLET_SMALL void divide_element(
    const struct martlet_binary *p, const int8_t *table, int8_t a, int8_t b, int8_t *y) {
    (void)table;
    int32_t v = a - p->a_zero, w = b - p->b_zero;
    if (w < 0) {
        v = -v;
        w = -w;
    }
    if (v == 0 || w == 0) {
        int32_t end = v > 0 ? p->clamp_max : p->clamp_min;
        *y = v == 0 ? clamped(p, 0) : (int8_t)end;
        return;
    }
    int32_t leading = __builtin_clz((uint32_t)w);
    int32_t inverse = martlet_reciprocal((int32_t)(((uint32_t)w << leading) ^ 0x80000000u));
    uint32_t magnitude = v > 0 ? (uint32_t)v : 2 * (uint32_t)-v - 1;
    int32_t headroom = __builtin_clz(magnitude) - (v > 0 ? 1 : 0);
    int32_t quotient = high_mul(martlet_wrapping_shift(v, headroom), inverse);
    int32_t scaled = high_mul(quotient, p->output_scale.multiplier);
    int32_t shift = 31 - leading + headroom - p->output_scale.exponent;
    if (shift < 0)
        scaled = saturate((int64_t)scaled * (INT64_C(1) << (-shift & 31)));
    else
        scaled = shift > 31 ? 0 : martlet_rounding_shift(scaled, shift);
    *y = clamped(p, martlet_clamp(scaled, -512, 512));
}

static void lookup_element(
    const struct martlet_binary *p, const int8_t *table, int8_t a, int8_t b, int8_t *y) {
    (void)p;
    *y = table[256 * (uint8_t)a + (uint8_t)b];
}

static void move_element(
    const struct martlet_binary *p, const int8_t *table, int8_t a, int8_t b, int8_t *y) {
    (void)table;
    if (a != p->a_zero) *y = b;
}

static MARTLET_SMALL void walk(
    const struct martlet_binary *p, const int8_t *a, const int8_t *b, const int8_t *table,
    int8_t *y, element apply) {
    int32_t index[MARTLET_RANK_MAX] = {0};
    ptrdiff_t left = 0, right = 0;
    do {
        apply(p, table, a[left], b[right], y++);
    } while (martlet_next(
        MARTLET_RANK_MAX, p->extents, p->a_strides, p->b_strides, index, &left, &right));
}

void s8_prelu__scalar(
    const struct martlet_binary *p, const int8_t *a, const int8_t *b, int8_t *y) {
    walk(p, a, b, a, y, prelu_element);
}

void s8_squared_difference__scalar(
    const struct martlet_binary *p, const int8_t *a, const int8_t *b, int8_t *y) {
    walk(p, a, b, a, y, squared_difference_element);
}

void s8_divide__scalar(
    const struct martlet_binary *p, const int8_t *a, const int8_t *b, int8_t *y) {
    walk(p, a, b, a, y, divide_element);
}

void x8_lookup_pair__scalar(
    const struct martlet_binary *p, const int8_t *a, const int8_t *b, const int8_t *table,
    int8_t *y) {
    walk(p, a, b, table, y, lookup_element);
}

void x8_move_selected__scalar(
    const struct martlet_binary *p, const int8_t *a, const int8_t *b, int8_t *y) {
    walk(p, a, b, a, y, move_element);
}
