/* Fixed-point primitives (fixed-point specification, section 2), shared by all kernels. */
#ifndef MARTLET_REQUANTIZE_H
#define MARTLET_REQUANTIZE_H

#include "CKernels.h"

/* round(a * b / 2^31), ties up, for b >= 0: doublingHighMul where the factor is positive. */
static inline int32_t martlet_scaled_high(int32_t a, int32_t b) {
    int64_t product = (int64_t)a * b;
    return (int32_t)((product + (INT64_C(1) << 30)) >> 31);
}

/* round(x / 2^shift), ties away from zero, 0 <= shift <= 31. */
static inline int32_t martlet_rounding_shift(int32_t x, int32_t shift) {
    int32_t mask = (int32_t)((UINT32_C(1) << shift) - 1);
    int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> shift) + ((x & mask) > threshold ? 1 : 0);
}

/* x * 2^shift modulo 2^32, 0 <= shift <= 31. The packager proves that nothing is lost. */
static inline int32_t martlet_wrapping_shift(int32_t x, int32_t shift) {
    return (int32_t)((uint32_t)x << shift);
}

static inline int32_t martlet_requantize_double(int32_t x, struct martlet_scale scale) {
    int32_t left = scale.exponent > 0 ? scale.exponent : 0;
    int32_t right = scale.exponent < 0 ? -scale.exponent : 0;
    int32_t high = martlet_scaled_high(martlet_wrapping_shift(x, left), scale.multiplier);
    return martlet_rounding_shift(high, right);
}

/* |x| * multiplier < 2^62 and the rounding term is at most 2^61, so the sum fits int64. */
static inline int32_t martlet_requantize_single(
    int32_t x, struct martlet_scale scale, int32_t rounding) {
    int32_t shift = 31 - scale.exponent;
    int64_t half = INT64_C(1) << (shift - 1);
    int64_t product = (int64_t)x * scale.multiplier;
    if (rounding == MARTLET_ROUND_HALF_AWAY && product < 0)
        return (int32_t)-((half - product) >> shift);
    return (int32_t)((product + half) >> shift);
}

static inline int32_t martlet_requantize(
    int32_t x, struct martlet_scale scale, int32_t rounding) {
    return rounding == MARTLET_ROUND_DOUBLE ? martlet_requantize_double(x, scale)
                                            : martlet_requantize_single(x, scale, rounding);
}

static inline int32_t martlet_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : x;
}

/* a + b modulo 2^32: a requantized value near the type's bound plus a zero point. */
static inline int32_t martlet_wrapping_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* The stored output for an accumulator: clamp(requantize(x) + zero). */
static inline int8_t martlet_output(
    int32_t x, struct martlet_scale scale, int32_t rounding, int32_t zero, int32_t low,
    int32_t high) {
    int32_t scaled = martlet_wrapping_add(martlet_requantize(x, scale, rounding), zero);
    return (int8_t)martlet_clamp(scaled, low, high);
}

#endif
