/* Kernels of the rarer operators: one implementation, whatever the tier of the weights.
 *
 * The rules of CKernels.h hold here too: little-endian words without padding, proved by the
 * loader; no float, no allocation, no signed overflow whatever a parameter's value.
 */
#ifndef MARTLET_CKERNELS_RARE_H
#define MARTLET_CKERNELS_RARE_H

#include "CKernels.h"

/* Operators of two inputs with the block of `martlet_binary`. The output may be exactly an input
 * that is not broadcast, but for `x8_move_selected`.
 *
 * prelu: v = a - a_zero; v >= 0 ? requantize(v, a_scale) : requantize(v * (b - b_zero), b_scale).
 * squared_difference: as add, with 7 bits of headroom, then squared.
 * divide: by the reciprocal of |b - b_zero| in Q0.31; nothing divided by 0 is the output's zero,
 * anything else divided by 0 the end of the clamp on its side.
 * lookup_pair: table[256 * (a as an unsigned byte) + (b as an unsigned byte)].
 * move_selected: writes b where a differs from a_zero, and leaves the output's byte elsewhere. */
void s8_prelu__scalar(
    const struct martlet_binary *_Nonnull, const int8_t *_Nonnull a, const int8_t *_Nonnull b,
    int8_t *_Nonnull y);
void s8_squared_difference__scalar(
    const struct martlet_binary *_Nonnull, const int8_t *_Nonnull a, const int8_t *_Nonnull b,
    int8_t *_Nonnull y);
void s8_divide__scalar(
    const struct martlet_binary *_Nonnull, const int8_t *_Nonnull a, const int8_t *_Nonnull b,
    int8_t *_Nonnull y);
void x8_lookup_pair__scalar(
    const struct martlet_binary *_Nonnull, const int8_t *_Nonnull a, const int8_t *_Nonnull b,
    const int8_t *_Nonnull table, int8_t *_Nonnull y);
void x8_move_selected__scalar(
    const struct martlet_binary *_Nonnull, const int8_t *_Nonnull a, const int8_t *_Nonnull b,
    int8_t *_Nonnull y);

#define MARTLET_BATCH_RANK 4

/* y[batches, rows, columns] = clamp(requantize(sum (a - a_zero) * (b - b_zero)) + output_zero);
 * strides are in elements, a stride of 0 repeats a matrix. */
struct martlet_matmul {
    int32_t extents[MARTLET_BATCH_RANK];
    int32_t a_strides[MARTLET_BATCH_RANK];
    int32_t b_strides[MARTLET_BATCH_RANK];
    int32_t rows, inner, columns;
    int32_t a_row, a_inner, b_inner, b_column;
    int32_t a_zero, b_zero, output_zero;
    struct martlet_scale scale;
    int32_t clamp_min, clamp_max;
};

void s8_matmul__scalar(
    const struct martlet_matmul *_Nonnull, const int8_t *_Nonnull a, const int8_t *_Nonnull b,
    int8_t *_Nonnull y);

/* Slices of [outer, extent, inner bytes] that `count` indices of 4 or 8 bytes name. A negative
 * index counts from the end; one outside the extent reads the nearest slice. */
struct martlet_gather {
    int32_t outer, extent, inner, count;
    int32_t index_size;
};

void x8_gather__scalar(
    const struct martlet_gather *_Nonnull, const uint8_t *_Nonnull x,
    const void *_Nonnull indices, uint8_t *_Nonnull y);

/* Rows of `depth` elements; `reverse` brings Q5.26 back to steps of the input. */
struct martlet_log_softmax {
    int32_t rows, depth;
    struct martlet_scale scale, reverse;
    int32_t difference_min;
};

void s8_log_softmax__scalar(
    const struct martlet_log_softmax *_Nonnull, const int8_t *_Nonnull x, int8_t *_Nonnull y);

/* Rows of `depth` elements; see layer_normalization.c. */
struct martlet_layer_normalization {
    int32_t rows, depth;
    int32_t output_zero;
    int32_t variance_shift;
    uint32_t epsilon_low, epsilon_high;
    int32_t gain_exponent;
};

void s8_layer_normalization__scalar(
    const struct martlet_layer_normalization *_Nonnull, const int8_t *_Nonnull x,
    const int32_t *_Nonnull gain, const int32_t *_Nonnull bias, int8_t *_Nonnull y);

#endif
