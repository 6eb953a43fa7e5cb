/* Softmax in fixed point (fixed-point specification, section 6). Qi.f has i integer bits. */
#include "exponential.h"
#include "requantize.h"
#include "scalar.h"

/* exp(a) for a in [-1/4, 0), Q0.31. */
static int32_t exp_quarter(int32_t a) {
    int32_t x = martlet_wrapping_add(a, 1 << 28);
    int32_t x2 = high_mul(x, x), x3 = high_mul(x2, x), x4 = high_mul(x2, x2);
    int32_t series = high_mul(martlet_rounding_shift(x4, 2) + x3, 715827883) + x2;
    int32_t t = martlet_rounding_shift(series, 1);
    return saturate(INT64_C(1895147668) + high_mul(1895147668, martlet_wrapping_add(x, t)));
}

/* exp(a) for a <= 0 in Q5.26, result Q0.31: exp of the remainder below 1/4 times powers. */
int32_t martlet_exp_negative(int32_t a) {
    static const int32_t factors[7] = {
        1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = 1 << 24;
    if (a == 0) return INT32_MAX;
    int32_t fraction = (a & (quarter - 1)) - quarter;
    int32_t result = exp_quarter((int32_t)((uint32_t)fraction << 5));
    int32_t remainder = (int32_t)((uint32_t)fraction - (uint32_t)a);
    for (int32_t k = -2; k < 5; k++)
        if (remainder & (int32_t)(UINT32_C(1) << (26 + k)))
            result = high_mul(result, factors[k + 2]);
    return result;
}

/* 1 / (1 + a) for a in [0, 1) of Q0.31, by three Newton steps in Q2.29. */
int32_t martlet_reciprocal(int32_t a) {
    int64_t sum = (int64_t)a + INT32_MAX;
    int32_t half = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
    int32_t x = 1515870810 + high_mul(half, -1010580540);
    for (int32_t step = 0; step < 3; step++) {
        int32_t error = martlet_wrapping_add(1 << 29, -high_mul(half, x));
        x = martlet_wrapping_add(x, saturate((int64_t)high_mul(x, error) * 4));
    }
    return saturate((int64_t)x * 2);
}

/* round(x / 2^shift), ties away from zero, for x >= 0 and any shift below 62. */
static inline int32_t shift_away(int32_t x, int32_t shift) {
    return (int32_t)(((int64_t)x + (INT64_C(1) << (shift - 1))) >> shift);
}

static inline int32_t exponential(const struct martlet_softmax *p, int32_t difference) {
    int32_t shifted = martlet_wrapping_shift(difference, p->scale.exponent);
    int32_t scaled = martlet_scaled_high(shifted, p->scale.multiplier);
    return martlet_exp_negative(scaled < 0 ? scaled : 0);
}

static void softmax_row(
    const struct martlet_softmax *p, const int8_t *restrict x, int8_t *restrict y) {
    int32_t maximum = x[0];
    for (int32_t i = 1; i < p->depth; i++) maximum = x[i] > maximum ? x[i] : maximum;
    uint32_t sum = 0; /* Q12.19; the depth is at most 4095, so it stays below 2^31 */
    for (int32_t i = 0; i < p->depth; i++) {
        int32_t difference = x[i] - maximum;
        if (difference >= p->difference_min)
            sum += (uint32_t)martlet_rounding_shift(exponential(p, difference), 12);
    }
    int32_t headroom = __builtin_clz(sum); /* the maximum itself adds 2^19 */
    int32_t factor = martlet_reciprocal((int32_t)((sum << headroom) - (UINT32_C(1) << 31)));
    for (int32_t i = 0; i < p->depth; i++) {
        int32_t difference = x[i] - maximum;
        y[i] = INT8_MIN;
        if (difference < p->difference_min) continue;
        int32_t product = high_mul(factor, exponential(p, difference));
        y[i] = (int8_t)martlet_clamp(shift_away(product, 35 - headroom) - 128, -128, 127);
    }
}

void s8_softmax__scalar(
    const struct martlet_softmax *p, const int8_t *restrict x, int8_t *restrict y) {
    for (int32_t row = 0; row < p->rows; row++, x += p->depth, y += p->depth)
        softmax_row(p, x, y);
}
