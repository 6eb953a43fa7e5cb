/* Sums of int16 products scaled back to int16 (fixed-point specification, 2.4 and 2.5). */
#ifndef MARTLET_REQUANTIZE_INT16_H
#define MARTLET_REQUANTIZE_INT16_H

#include "requantize.h"

/* round(x * m / 2^(15 - exponent)), ties up, m being 15 bits of the multiplier. |x| < 2^47 and
 * exponent <= 7, so that no term reaches 2^62. */
static inline int64_t martlet_requantize_narrow(int64_t x, struct martlet_scale scale) {
    int32_t multiplier =
        scale.multiplier < 0x7FFF0000 ? (scale.multiplier + (1 << 15)) >> 16 : 0x7FFF;
    int32_t shift = 15 - scale.exponent;
    return (x * multiplier + (INT64_C(1) << (shift - 1))) >> shift;
}

/* round(x * multiplier / 2^(31 - exponent)), ties away from zero, saturated at 2^62. |x| < 2^47:
 * the product has up to 78 bits, here in two words. The exponent is at most 7. */
static inline int64_t martlet_requantize_away(int64_t x, struct martlet_scale scale) {
    uint64_t magnitude = (uint64_t)(x < 0 ? -x : x);
    uint64_t factor = (uint64_t)scale.multiplier;
    int32_t shift = 31 - scale.exponent; /* 24...62 */
    uint64_t low = (magnitude & UINT32_MAX) * factor, high = (magnitude >> 32) * factor;
    uint64_t word = low + (high << 32);
    uint64_t rest = (high >> 32) + (word < low ? 1 : 0);
    uint64_t rounded = word + (UINT64_C(1) << (shift - 1));
    rest += rounded < word ? 1 : 0;
    const uint64_t limit = UINT64_C(1) << 62;
    uint64_t scaled =
        rest >> (shift - 2) > 0 ? limit : rounded >> shift | rest << (64 - shift);
    return x < 0 ? -(int64_t)scaled : (int64_t)scaled;
}

/* The stored output for a sum; the rounding is NARROW or HALF_AWAY. */
static inline int16_t martlet_output_int16(
    int64_t x, struct martlet_scale scale, int32_t rounding, int32_t low, int32_t high) {
    int64_t y = rounding == MARTLET_ROUND_NARROW ? martlet_requantize_narrow(x, scale)
                                                 : martlet_requantize_away(x, scale);
    return (int16_t)(y < low ? low : y > high ? high : y);
}

#endif
