/* Long short-term memory over a sequence (fixed-point specification, 8.1 and 6.2 with 16 bits).
 *
 * A 16-bit number Qi has i integer bits and 15 - i fractional ones. Gates are Q3.12 before and
 * Q0.15 after their function, the cell is Q(15 + k) with the scale 2^k.
 */
#include "requantize.h"
#include "scalar.h"

/* The products take the time: a function of its own keeps the code of the curves small. */
#define SEPARATE __attribute__((noinline))

static inline int16_t saturate16(int64_t x) {
    return (int16_t)(x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x);
}

/* x modulo 2^16, as the reference's 16-bit sums wrap. */
static inline int32_t wrap16(int32_t x) { return (int16_t)(uint16_t)(uint32_t)x; }

/* round(a * b / 2^15) as the reference divides: truncation after a nudge by the sign. */
static inline int32_t high_mul16(int32_t a, int32_t b) {
    if (a == INT16_MIN && b == INT16_MIN) return INT16_MAX;
    int32_t product = a * b;
    return (product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15);
}

/* exp(a) for a in [-1/4, 0), Q0. */
static int32_t exp_quarter16(int32_t a) {
    const int32_t constant = 28918, third = 10923; /* exp(-1/8), 1/3 */
    int32_t x = wrap16(a + (1 << 12));
    int32_t x2 = high_mul16(x, x), x3 = high_mul16(x2, x), x4 = high_mul16(x2, x2);
    int32_t series = high_mul16(wrap16(martlet_rounding_shift(x4, 2) + x3), third) + x2;
    int32_t t = martlet_rounding_shift(wrap16(series), 1);
    return saturate16(constant + high_mul16(constant, wrap16(x + t)));
}

/* exp(a) for a <= 0 in Qi, 0 <= i <= 7, result Q0. */
static SEPARATE int32_t exp_negative16(int32_t a, int32_t integer_bits) {
    static const int32_t factors[7] = {25520, 19875, 12055, 4435, 600, 11, 0};
    const int32_t fraction_bits = 15 - integer_bits;
    const int32_t quarter = 1 << (fraction_bits - 2);
    if (a == 0) return INT16_MAX;
    if (integer_bits > 5 && a < -(1 << (fraction_bits + 5))) return 0;
    int32_t fraction = (a & (quarter - 1)) - quarter;
    int32_t result = exp_quarter16(saturate16(fraction * (1 << integer_bits)));
    int32_t remainder = fraction - a;
    for (int32_t k = -2; k < 5 && k < integer_bits; k++)
        if (remainder & (1 << (fraction_bits + k))) result = high_mul16(result, factors[k + 2]);
    return result;
}

/* 1 / ((1 + a) / 2) in Q2 for a in [0, 1) of Q0, by three Newton steps. */
static SEPARATE int32_t newton16(int32_t a) {
    int32_t sum = a + INT16_MAX;
    int32_t half = (sum + (sum >= 0 ? 1 : -1)) / 2;
    int32_t x = wrap16(23130 + high_mul16(half, -15420));
    for (int32_t step = 0; step < 3; step++) {
        int32_t error = wrap16((1 << 13) - high_mul16(half, x));
        x = wrap16(x + saturate16(high_mul16(x, error) * 4));
    }
    return x;
}

/* 1 / (1 + exp(-a)) for a in Q3, result Q0. */
static SEPARATE int32_t logistic16(int32_t a) {
    if (a == 0) return 1 << 14;
    int32_t tail = exp_negative16(a > 0 ? wrap16(-a) : a, 3);
    int32_t upper = saturate16(newton16(tail) * 2);
    return a > 0 ? upper : wrap16(INT16_MAX - upper);
}

/* tanh(a) for a in Qi, 0 <= i <= 6, result Q0: (1 - e) / (1 + e) with e = exp(-2 |a|). */
static SEPARATE int32_t tanh16(int32_t a, int32_t integer_bits) {
    if (a == 0) return 0;
    int32_t tail = exp_negative16(a > 0 ? wrap16(-a) : a, integer_bits + 1);
    int32_t upper = saturate16(wrap16(newton16(tail) - (1 << 13)) * 4);
    return a > 0 ? upper : wrap16(-upper);
}

/* sum w * (x - zero): at most 2^31 by the loader's check of the number of products. */
static inline int32_t dot(
    const int8_t *restrict weights, const int8_t *restrict x, int32_t count, int32_t zero) {
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++) sum += weights[i] * (x[i] - zero);
    return sum;
}

/* The four gates of one unit before their functions, Q3.12: input, forget, cell, output. */
static void gates(
    const struct martlet_lstm *p, int32_t unit, const int8_t *restrict x,
    const int8_t *restrict hidden, const int8_t *restrict weights, const int32_t *restrict bias,
    int32_t values[4]) {
    const int8_t *recurrent = weights + 4 * (int64_t)p->units * p->inputs;
    for (int32_t gate = 0; gate < 4; gate++) {
        int64_t row = (int64_t)gate * p->units + unit;
        int32_t sum = dot(weights + row * p->inputs, x, p->inputs, p->input_zero) + bias[row];
        int32_t value = saturate16(martlet_requantize_double(sum, p->input_scales[gate]));
        sum = dot(recurrent + row * p->units, hidden, p->units, p->output_zero);
        int32_t more = martlet_requantize_double(sum, p->recurrent_scales[gate]);
        values[gate] = saturate16((int64_t)value + more);
    }
}

/* One unit of one step: the new cell in place, and the new hidden value. */
static int8_t unit_output(
    const struct martlet_lstm *p, const int32_t values[4], int16_t *restrict cell) {
    int32_t integer_bits = 15 + p->cell_exponent;
    int32_t kept = logistic16(values[1]) * *cell;
    int32_t added = logistic16(values[0]) * tanh16(values[2], 3);
    int32_t sum = martlet_rounding_shift(kept, 15)
                  + martlet_rounding_shift(added, 30 + p->cell_exponent);
    sum = saturate16(sum);
    if (p->cell_clip > 0) sum = martlet_clamp(sum, -p->cell_clip, p->cell_clip);
    *cell = (int16_t)sum;
    int32_t product = logistic16(values[3]) * tanh16(sum, integer_bits);
    return martlet_output(
        product, p->hidden_scale, MARTLET_ROUND_DOUBLE, p->output_zero, INT8_MIN, INT8_MAX);
}

/* A step reads the hidden values that the step before wrote to `y`; the first reads `hidden`. */
void s8_lstm__scalar(
    const struct martlet_lstm *p, const int8_t *restrict x, const int8_t *restrict weights,
    const int32_t *restrict bias, int8_t *restrict hidden, int16_t *restrict cell,
    int8_t *restrict y) {
    int32_t step_rows = p->is_time_major ? p->batches : 1;
    int32_t batch_rows = p->is_time_major ? 1 : p->steps;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int8_t *last = hidden + (int64_t)batch * p->units;
        const int8_t *before = last;
        int16_t *cells = cell + (int64_t)batch * p->units;
        for (int32_t step = 0; step < p->steps; step++) {
            int64_t row = (int64_t)batch * batch_rows + (int64_t)step * step_rows;
            int8_t *output = y + row * p->units;
            for (int32_t unit = 0; unit < p->units; unit++) {
                int32_t values[4];
                gates(p, unit, x + row * p->inputs, before, weights, bias, values);
                output[unit] = unit_output(p, values, cells + unit);
            }
            before = output;
        }
        for (int32_t unit = 0; unit < p->units; unit++) last[unit] = before[unit];
    }
}
