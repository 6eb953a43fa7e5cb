/* The logarithm of softmax, from -8 to 0 or lower in steps of 1/16 below 127: the reference's
 * integer_ops/log_softmax.h. Qi.f has i integer bits.
 *
 * log(z) = p * log(2) + log(r) with z = r * 2^p. Of the two normalisations r of z and of z * √½
 * that with the smaller r is taken, whose distance from 2^(-1/4) is small; there the logarithm
 * is a rational function.
 */
#include "exponential.h"
#include "requantize.h"

static MARTLET_SMALL int32_t multiply(int32_t a, int32_t b) { return high_mul(a, b); }

static inline int32_t wrapping_subtract(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

/* round(x * 2^shift), saturating. */
static MARTLET_SMALL int32_t power_of_two(int32_t x, int32_t shift) {
    if (shift < 0) return martlet_rounding_shift(x, -shift);
    return saturate((int64_t)x * (INT64_C(1) << shift));
}

/* log(z) in Q5.26 for z >= 1 in Q12.19. */
static MARTLET_SMALL int32_t logarithm(int32_t z) {
    const int32_t half_root = 1518500250, quarter_root = 1805811301; /* √½ and its root, Q0.31 */
    const int32_t quarter = 1 << 23;                                 /* in Q6.25 */
    int32_t leading = __builtin_clz((uint32_t)z);
    int32_t r_a = power_of_two(multiply(power_of_two(z, leading - 1), half_root), 1);
    int32_t p_a = saturate(power_of_two(12 - leading, 25) + (int64_t)quarter);
    int32_t headroom = __builtin_clz((uint32_t)multiply(z, half_root)) - 1;
    int32_t r_b = power_of_two(z, headroom);
    int32_t p_b = saturate(power_of_two(12 - headroom, 25) - (int64_t)quarter);
    int32_t r = r_a < r_b ? r_a : r_b, power = p_a > p_b ? p_a : p_b;

    int64_t sum = (int64_t)r + quarter_root;
    int32_t p = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
    int32_t q = wrapping_subtract(r, quarter_root);
    q = martlet_wrapping_add(q, q);
    int32_t square = multiply(q, q);
    int32_t numerator =
        martlet_wrapping_add(multiply(q, r), multiply(multiply(q, square), 117049297));
    int32_t inner = martlet_wrapping_add(
        martlet_wrapping_add(1057819769, q), multiply(127690142, square));
    int32_t denominator = martlet_wrapping_add(multiply(p, inner), multiply(638450708, q));
    int32_t quotient =
        multiply(martlet_rounding_shift(numerator, 6), martlet_reciprocal(denominator));
    return power_of_two(martlet_wrapping_add(multiply(power, 1488522236), quotient), 1);
}

static MARTLET_SMALL void log_softmax_row(
    const struct martlet_log_softmax *p, const int8_t *restrict x, int8_t *restrict y) {
    int32_t maximum = x[0];
    for (int32_t i = 1; i < p->depth; i++) maximum = x[i] > maximum ? x[i] : maximum;
    uint32_t sum = 0; /* Q12.19; the depth is at most 4095, so it stays below 2^31 */
    for (int32_t i = 0; i < p->depth; i++) {
        if (x[i] - maximum < p->difference_min) continue;
        int32_t scaled = martlet_requantize_double(x[i] - maximum, p->scale);
        sum += (uint32_t)martlet_rounding_shift(martlet_exp_negative(scaled < 0 ? scaled : 0), 12);
    }
    int32_t log_sum = logarithm((int32_t)sum); /* the maximum itself adds 2^19 */
    int32_t least = martlet_requantize_double(
        martlet_wrapping_add(log_sum, INT32_MIN), p->reverse);
    if (least < p->difference_min - 1) least = p->difference_min - 1;
    for (int32_t i = 0; i < p->depth; i++) {
        int32_t difference = x[i] - maximum;
        y[i] = INT8_MIN;
        if (difference <= least) continue;
        int32_t scaled = martlet_requantize_double(difference, p->scale);
        int32_t steps = martlet_rounding_shift(wrapping_subtract(scaled, log_sum), 22);
        y[i] = (int8_t)martlet_clamp(steps + 127, -128, 127);
    }
}

void s8_log_softmax__scalar(
    const struct martlet_log_softmax *p, const int8_t *x, int8_t *y) {
    for (int32_t row = 0; row < p->rows; row++, x += p->depth, y += p->depth)
        log_softmax_row(p, x, y);
}
