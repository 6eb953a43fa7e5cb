/* Functions of one int16 input, and changes of scale and width (fixed-point specification, 2.4,
 * 6.3 and 6.4). No table's content makes a kernel compute with overflow. */
#include "requantize.h"
#include "scalar_int16.h"

/* The value at x of a function that is linear between the entries, 128 apart. */
static inline int32_t interpolated(const int16_t *table, int32_t x) {
    int32_t index = 256 + (x >> 7), base = table[index];
    int32_t slope = table[index + 1] - base;
    return base + ((slope * (x & 127) + 64) >> 7);
}

void s16_lookup__scalar(
    const struct martlet_lookup *p, const int16_t *x, const int16_t *restrict table,
    int16_t *y) {
    for (int32_t i = 0; i < p->count; i++) y[i] = (int16_t)interpolated(table, x[i]);
}

static inline int32_t saturated(int32_t x) { return martlet_clamp(x, INT16_MIN, INT16_MAX); }

/* Probabilities in Q0.15. The depth is at most 2^15, so that a sum stays below 2^30. */
static void softmax_row(
    const struct martlet_softmax *p, const int16_t *restrict x, const int16_t *exponentials,
    const int16_t *reciprocals, int16_t *restrict y) {
    int32_t maximum = x[0];
    for (int32_t i = 1; i < p->depth; i++) maximum = x[i] > maximum ? x[i] : maximum;
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        int32_t scaled = martlet_requantize_double(x[i] - maximum, p->scale);
        int32_t argument = saturated(martlet_wrapping_add(scaled, INT16_MAX));
        int32_t power = interpolated(exponentials, argument);
        y[i] = (int16_t)(power > 0 ? power : 0);
        sum += y[i];
    }
    if (sum < 2) sum = 2; /* the maximum alone adds 2^15 - 1, if its table says so */
    int32_t headroom = __builtin_clz((uint32_t)sum) - 1;
    int32_t fraction = (int32_t)((((int64_t)sum << headroom) + (1 << 13)) >> 14);
    int64_t factor = interpolated(reciprocals, saturated(fraction - (3 << 15)));
    int32_t shift = 30 - headroom;
    for (int32_t i = 0; i < p->depth; i++) {
        int64_t product = (y[i] * factor + (INT64_C(1) << (shift - 1))) >> shift;
        y[i] = (int16_t)(product < 0 ? 0 : product > INT16_MAX ? INT16_MAX : product);
    }
}

void s16_softmax__scalar(
    const struct martlet_softmax *p, const int16_t *restrict x, const int16_t *restrict tables,
    int16_t *restrict y) {
    const int16_t *reciprocals = tables + MARTLET_INTERPOLATED_ENTRIES;
    for (int32_t row = 0; row < p->rows; row++, x += p->depth, y += p->depth)
        softmax_row(p, x, tables, reciprocals, y);
}

/* 2^16 * logistic, or 2^16 * (1 + tanh) / 2, at |v| with `bits` of fraction between entries. */
static inline int32_t half_curve(const uint16_t *table, uint64_t v, int32_t bits, int32_t end) {
    uint64_t index = v >> bits;
    if (index >= 255) return end;
    int32_t base = table[index], slope = table[index + 1] - base;
    return base * (1 << bits) + slope * (int32_t)(v & ((UINT64_C(1) << bits) - 1));
}

static inline int16_t logistic(const uint16_t *table, int64_t v) {
    int32_t curve = half_curve(table, (uint64_t)(v < 0 ? -v : v), 9, 0x7FFF << 10);
    int32_t y = v >= 0 ? curve + 512 : (1 << 25) - curve + 511;
    return (int16_t)saturated(y >> 10);
}

static inline int16_t hyperbolic(const uint16_t *table, int64_t v) {
    int32_t curve = half_curve(table, (uint64_t)(v < 0 ? -v : v), 8, 0xFFFF << 8);
    int32_t y = v >= 0 ? curve - (1 << 23) + 128 : -curve + (1 << 23) + 127;
    return (int16_t)saturated(y >> 8);
}

void s16_sigmoid__scalar(
    const struct martlet_sigmoid *p, const int16_t *x, const uint16_t *restrict table,
    int16_t *y) {
    int64_t half = p->shift > 0 ? INT64_C(1) << (p->shift - 1) : 0;
    for (int32_t i = 0; i < p->count; i++) {
        int64_t v = ((int64_t)x[i] * p->multiplier + half) >> p->shift;
        y[i] = p->kind == MARTLET_TANH ? hyperbolic(table, v) : logistic(table, v);
    }
}

static inline int32_t rescaled(const struct martlet_rescale *p, int32_t x) {
    int32_t difference = x - p->input_zero;
    struct martlet_scale scale = difference < 0 ? p->negative_scale : p->scale;
    int32_t y = martlet_requantize_double(difference, scale);
    return martlet_clamp(
        martlet_wrapping_add(y, p->output_zero), p->clamp_min, p->clamp_max);
}

void x_rescale__scalar(const struct martlet_rescale *p, const void *x, void *y) {
    const int8_t *narrow = x;
    const int16_t *wide = x;
    for (int32_t i = 0; i < p->count; i++) {
        int32_t value = rescaled(p, p->input_size == 1 ? narrow[i] : wide[i]);
        if (p->output_size == 1)
            ((int8_t *)y)[i] = (int8_t)value;
        else
            ((int16_t *)y)[i] = (int16_t)value;
    }
}
