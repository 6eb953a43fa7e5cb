/* Layer normalization over the last extent, in integers.
 *
 * With n = depth, S = sum q, D = n * sum q² - S² (n² times the variance, exact) and d = n * q - S:
 *
 *     (x - mean) / √(variance + epsilon) = d / √(D + n² * epsilon / scale²)
 *
 * D' = D * 2^f + E, where E = round(n² * epsilon / scale² * 2^f) comes from the planner;
 * f = variance_shift. s = floor(√(D' * 4^k)) with 2^30 <= s < 2^31, R = floor(2^61 / s),
 * v = d * R * 2^(f/2 + k - 61) rounded to 20 bits of fraction (f is even), and
 *
 *     y = clamp(z + round((v * gain + bias * 2^(gain_exponent + 4)) / 2^(20 + gain_exponent)))
 *
 * with halves up, gain = round(γ / scale_y * 2^gain_exponent) and bias = round(β / scale_y * 2^16).
 *
 * Bounds: n <= 2^15, so |S| < 2^22, D < 2^44 and |d| < 2^23. f <= 16 and E < 2^61, so D' < 2^62.
 * d² <= (n - 1) * D, so |v| < 182 * 2^20 < 2^28; |gain| <= 2^30 and |bias| * 2^(gain_exponent + 4)
 * < 2^61 keep the sum below 2^62.
 *
 * Error in steps of the output, before the last rounding, where Γ = max |γ| / scale_y: √ and R
 * are each off by at most 2^-30 of themselves, E by 1/2 (2^-17 in D, 2^-18 of the result when D is
 * 1), v by 2^-21, gain by 182 * 2^-30 * Γ, bias by 2^-17. Together below Γ * 2^-17 + 2^-16, so y is
 * the real result rounded wherever that is no closer to a half; within 1 step for Γ < 2^16.
 */
#include <stddef.h>

#include "requantize.h"

/* floor(√x), digit by digit, for x < 2^62. */
static uint32_t square_root(uint64_t x) {
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 60; bit != 0; bit >>= 2) {
        uint64_t trial = root + bit;
        root >>= 1;
        if (x >= trial) {
            x -= trial;
            root += bit;
        }
    }
    return (uint32_t)root;
}

static void normalize_row(
    const struct martlet_layer_normalization *p, const int8_t *restrict x,
    const int32_t *restrict gain, const int32_t *restrict bias, int8_t *restrict y) {
    int32_t sum = 0, squares = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        sum += x[i];
        squares += x[i] * x[i];
    }
    uint64_t variance = (uint64_t)((int64_t)p->depth * squares - (int64_t)sum * sum);
    variance = (variance << p->variance_shift) + ((uint64_t)p->epsilon_high << 32)
               + p->epsilon_low;
    if (variance == 0) variance = 1; /* every d is 0 then */
    int32_t lift = (__builtin_clzll(variance) - 2) / 2;
    uint64_t root = square_root(variance << (2 * lift));
    int64_t inverse = (int64_t)((UINT64_C(1) << 61) / root);
    int32_t fall = 41 - lift - p->variance_shift / 2; /* 3...41: leaves 20 bits of fraction */
    int64_t half = INT64_C(1) << (19 + p->gain_exponent);
    for (int32_t i = 0; i < p->depth; i++) {
        int64_t product = (p->depth * x[i] - sum) * inverse;
        int64_t v = (product + (INT64_C(1) << (fall - 1))) >> fall;
        int64_t scaled = v * gain[i] + bias[i] * (INT64_C(1) << (p->gain_exponent + 4));
        int64_t steps = ((scaled + half) >> (20 + p->gain_exponent)) + p->output_zero;
        y[i] = (int8_t)(steps < -128 ? -128 : steps > 127 ? 127 : steps);
    }
}

void s8_layer_normalization__scalar(
    const struct martlet_layer_normalization *p, const int8_t *x, const int32_t *gain,
    const int32_t *bias, int8_t *y) {
    for (int32_t row = 0; row < p->rows; row++, x += p->depth, y += p->depth)
        normalize_row(p, x, gain, bias, y);
}
