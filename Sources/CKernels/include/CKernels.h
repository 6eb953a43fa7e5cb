/* Integer kernels of the device runtime.
 *
 * The parameter structures below are the parameter blocks of the operator records of a program,
 * byte for byte: little-endian 32-bit words without padding. The loader proves every field before
 * a kernel sees it; the kernels check nothing. Even so no value of a parameter makes a kernel
 * compute with signed overflow.
 *
 * Rules: no float, no allocation, no global state, no call back. Arrays are row-major, images
 * [N, H, W, C]. `q` is a stored integer, `z` a zero point; real = scale * (q - z).
 */
#ifndef MARTLET_CKERNELS_H
#define MARTLET_CKERNELS_H

#include <stdint.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "parameter blocks are read in place: the target must be little-endian"
#endif

/* Extents and strides of the general copy and of broadcasting. */
#define MARTLET_RANK_MAX 6

/* How x * multiplier * 2^(exponent - 31) is rounded. */
#define MARTLET_ROUND_DOUBLE 0    /* doubling high multiply, then shift half away from zero */
#define MARTLET_ROUND_HALF_UP 1   /* once, ties towards positive infinity */
#define MARTLET_ROUND_HALF_AWAY 2 /* once, ties away from zero */
#define MARTLET_ROUND_NARROW 3    /* 64-bit sums: once, by 15 bits of the multiplier, ties up */

/* A fixed-point factor: 0 <= multiplier < 2^31, -31 <= exponent <= 30. */
struct martlet_scale {
    int32_t multiplier, exponent;
};

/* Geometry and clamp of convolutions and pools. Pools use neither groups nor zero points. */
struct martlet_window {
    int32_t batches;
    int32_t input_height, input_width, input_channels;
    int32_t output_height, output_width, output_channels;
    int32_t kernel_height, kernel_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t pad_top, pad_left, pad_bottom, pad_right;
    int32_t groups, depth_multiplier;
    int32_t input_zero, weight_zero, output_zero;
    int32_t clamp_min, clamp_max;
    int32_t rounding;
};

/* y[rows, outputs] = clamp(requantize(sum (w - weight_zero) * (x - input_zero) + bias) + z). */
struct martlet_dense {
    int32_t rows, inputs, outputs;
    int32_t input_zero, weight_zero, output_zero;
    int32_t clamp_min, clamp_max;
    int32_t rounding;
};

#define MARTLET_ADD 0
#define MARTLET_SUBTRACT 1
#define MARTLET_MAXIMUM 0
#define MARTLET_MINIMUM 1

/* Two inputs that broadcast: a stride of 0 repeats an element. The output is dense. */
struct martlet_binary {
    int32_t extents[MARTLET_RANK_MAX];
    int32_t a_strides[MARTLET_RANK_MAX];
    int32_t b_strides[MARTLET_RANK_MAX];
    int32_t a_zero, b_zero, output_zero;
    struct martlet_scale a_scale, b_scale, output_scale;
    int32_t clamp_min, clamp_max;
    int32_t kind, rounding;
};

/* Mean over the middle extent of [outer, reduced, inner]. */
struct martlet_mean {
    int32_t outer, reduced, inner;
    int32_t input_zero, output_zero;
    struct martlet_scale scale;
    int32_t rounding;
};

/* Rows of `depth` elements; differences below `difference_min` count as zero probability. */
struct martlet_softmax {
    int32_t rows, depth;
    struct martlet_scale scale;
    int32_t difference_min;
};

/* y[i] = table[x[i] as an unsigned byte]. */
struct martlet_lookup {
    int32_t count;
};

/* Copies elements of 1, 2, 4 or 8 bytes; strides and offsets in bytes, strides of any sign. */
struct martlet_copy {
    int32_t extents[MARTLET_RANK_MAX];
    int32_t source_strides[MARTLET_RANK_MAX];
    int32_t target_strides[MARTLET_RANK_MAX];
    int32_t source_offset, target_offset;
    int32_t element_size;
};

/* Fills bytes. */
struct martlet_fill {
    int32_t count, value;
};

/* Resizes of [batches, height, width, channels] by tables that hold every row and column. The
 * nearest resize moves bytes: its `channels` are the bytes of a pixel. */
struct martlet_resize {
    int32_t batches, input_height, input_width, channels;
    int32_t output_height, output_width;
};

/* One output row or column of a bilinear resize: pixels and the weight of `high` in 1/1024. */
struct martlet_tap {
    int32_t low, high, weight;
};

/* Index of the first maximum over the middle extent of [outer, extent, inner]. */
struct martlet_arg_max {
    int32_t outer, extent, inner;
    int32_t element_size;
};

/* y = clamp(requantize(x - input_zero) + output_zero), elements of 1 or 2 bytes on either side.
 * Differences below zero have a factor of their own: leaky relu. */
struct martlet_rescale {
    int32_t count;
    int32_t input_size, output_size;
    int32_t input_zero, output_zero;
    struct martlet_scale scale, negative_scale;
    int32_t clamp_min, clamp_max;
};

#define MARTLET_LOGISTIC 0
#define MARTLET_TANH 1

/* Logistic and tanh of int16: v = round(x * multiplier / 2^shift), 0 <= shift <= 31, is looked up
 * and interpolated in `table[256]`, where table[i] is nearly 2^16 * logistic(i / 24). */
struct martlet_sigmoid {
    int32_t count, multiplier, shift;
    int32_t kind;
};

/* An interpolated function of int16 has 513 entries, for -32768, -32640, ... 32768. */
#define MARTLET_INTERPOLATED_ENTRIES 513

/* A sequence [batches, steps, inputs], or [steps, batches, inputs], to as many hidden values
 * [units]. Gates in the order input, forget, cell, output; the hidden values have the scale and
 * zero point of the output, the cell the scale 2^cell_exponent. The two tensors that keep hidden
 * values and cell are named by their records; only the loader and the executor read these. */
struct martlet_lstm {
    int32_t batches, steps, inputs, units;
    int32_t is_time_major;
    int32_t hidden_tensor, cell_tensor;
    int32_t input_zero, output_zero;
    struct martlet_scale input_scales[4];
    struct martlet_scale recurrent_scales[4];
    struct martlet_scale hidden_scale;
    int32_t cell_exponent; /* -15 to -9 */
    int32_t cell_clip;     /* 0, or the largest magnitude of a cell */
};

/* One implementation of every kernel. Tensors do not overlap, but for the elementwise kernels
 * (add, mul, max, lookup, sigmoid, rescale), whose output may be exactly an input that is not
 * broadcast. */
struct martlet_kernel_table {
    void (*_Nonnull conv2d)(
        const struct martlet_window *_Nonnull, const int8_t *_Nonnull x,
        const int8_t *_Nonnull weights, const int32_t *_Nonnull bias,
        const struct martlet_scale *_Nonnull scales, int8_t *_Nonnull y);
    void (*_Nonnull depthwise_conv2d)(
        const struct martlet_window *_Nonnull, const int8_t *_Nonnull x,
        const int8_t *_Nonnull weights, const int32_t *_Nonnull bias,
        const struct martlet_scale *_Nonnull scales, int8_t *_Nonnull y);
    void (*_Nonnull fully_connected)(
        const struct martlet_dense *_Nonnull, const int8_t *_Nonnull x,
        const int8_t *_Nonnull weights, const int32_t *_Nonnull bias,
        const struct martlet_scale *_Nonnull scales, int8_t *_Nonnull y);
    void (*_Nonnull average_pool2d)(
        const struct martlet_window *_Nonnull, const int8_t *_Nonnull x, int8_t *_Nonnull y);
    void (*_Nonnull max_pool2d)(
        const struct martlet_window *_Nonnull, const int8_t *_Nonnull x, int8_t *_Nonnull y);
    void (*_Nonnull add)(
        const struct martlet_binary *_Nonnull, const int8_t *_Nonnull a,
        const int8_t *_Nonnull b, int8_t *_Nonnull y);
    void (*_Nonnull mul)(
        const struct martlet_binary *_Nonnull, const int8_t *_Nonnull a,
        const int8_t *_Nonnull b, int8_t *_Nonnull y);
    void (*_Nonnull max)(
        const struct martlet_binary *_Nonnull, const int8_t *_Nonnull a,
        const int8_t *_Nonnull b, int8_t *_Nonnull y);
    void (*_Nonnull mean)(
        const struct martlet_mean *_Nonnull, const int8_t *_Nonnull x, int8_t *_Nonnull y);
    void (*_Nonnull softmax)(
        const struct martlet_softmax *_Nonnull, const int8_t *_Nonnull x, int8_t *_Nonnull y);
    void (*_Nonnull lookup)(
        const struct martlet_lookup *_Nonnull, const uint8_t *_Nonnull x,
        const uint8_t *_Nonnull table, uint8_t *_Nonnull y);
    void (*_Nonnull copy)(
        const struct martlet_copy *_Nonnull, const uint8_t *_Nonnull x, uint8_t *_Nonnull y);
    void (*_Nonnull fill)(const struct martlet_fill *_Nonnull, uint8_t *_Nonnull y);
    void (*_Nonnull resize_bilinear)(
        const struct martlet_resize *_Nonnull, const int8_t *_Nonnull x,
        const struct martlet_tap *_Nonnull rows, const struct martlet_tap *_Nonnull columns,
        int8_t *_Nonnull y);
    void (*_Nonnull resize_nearest)(
        const struct martlet_resize *_Nonnull, const int8_t *_Nonnull x,
        const int32_t *_Nonnull rows, const int32_t *_Nonnull columns, int8_t *_Nonnull y);
    void (*_Nonnull arg_max)(
        const struct martlet_arg_max *_Nonnull, const int8_t *_Nonnull x, void *_Nonnull y);

    /* int16 activations with zero point 0, int8 weights, int64 biases and sums below 2^47. */
    void (*_Nonnull conv2d_int16)(
        const struct martlet_window *_Nonnull, const int16_t *_Nonnull x,
        const int8_t *_Nonnull weights, const int64_t *_Nonnull bias,
        const struct martlet_scale *_Nonnull scales, int16_t *_Nonnull y);
    void (*_Nonnull depthwise_conv2d_int16)(
        const struct martlet_window *_Nonnull, const int16_t *_Nonnull x,
        const int8_t *_Nonnull weights, const int64_t *_Nonnull bias,
        const struct martlet_scale *_Nonnull scales, int16_t *_Nonnull y);
    void (*_Nonnull fully_connected_int16)(
        const struct martlet_dense *_Nonnull, const int16_t *_Nonnull x,
        const int8_t *_Nonnull weights, const int64_t *_Nonnull bias,
        const struct martlet_scale *_Nonnull scales, int16_t *_Nonnull y);
    void (*_Nonnull average_pool2d_int16)(
        const struct martlet_window *_Nonnull, const int16_t *_Nonnull x, int16_t *_Nonnull y);
    void (*_Nonnull max_pool2d_int16)(
        const struct martlet_window *_Nonnull, const int16_t *_Nonnull x, int16_t *_Nonnull y);
    void (*_Nonnull add_int16)(
        const struct martlet_binary *_Nonnull, const int16_t *_Nonnull a,
        const int16_t *_Nonnull b, int16_t *_Nonnull y);
    void (*_Nonnull mul_int16)(
        const struct martlet_binary *_Nonnull, const int16_t *_Nonnull a,
        const int16_t *_Nonnull b, int16_t *_Nonnull y);
    void (*_Nonnull max_int16)(
        const struct martlet_binary *_Nonnull, const int16_t *_Nonnull a,
        const int16_t *_Nonnull b, int16_t *_Nonnull y);
    void (*_Nonnull mean_int16)(
        const struct martlet_mean *_Nonnull, const int16_t *_Nonnull x, int16_t *_Nonnull y);
    /* `tables`: exp on [-10, 0], then 1 / (1 + x) on [0, 1]. */
    void (*_Nonnull softmax_int16)(
        const struct martlet_softmax *_Nonnull, const int16_t *_Nonnull x,
        const int16_t *_Nonnull tables, int16_t *_Nonnull y);
    void (*_Nonnull lookup_int16)(
        const struct martlet_lookup *_Nonnull, const int16_t *_Nonnull x,
        const int16_t *_Nonnull table, int16_t *_Nonnull y);
    void (*_Nonnull sigmoid_int16)(
        const struct martlet_sigmoid *_Nonnull, const int16_t *_Nonnull x,
        const uint16_t *_Nonnull table, int16_t *_Nonnull y);
    void (*_Nonnull rescale)(
        const struct martlet_rescale *_Nonnull, const void *_Nonnull x, void *_Nonnull y);
    void (*_Nonnull resize_bilinear_int16)(
        const struct martlet_resize *_Nonnull, const int16_t *_Nonnull x,
        const struct martlet_tap *_Nonnull rows, const struct martlet_tap *_Nonnull columns,
        int16_t *_Nonnull y);
    /* Weights: a matrix [units, inputs] a gate, then [units, units] a gate. Bias: [units] a gate.
     * Reads and writes `hidden` and `cell`, both [batches, units]. */
    void (*_Nonnull lstm)(
        const struct martlet_lstm *_Nonnull, const int8_t *_Nonnull x,
        const int8_t *_Nonnull weights, const int32_t *_Nonnull bias,
        int8_t *_Nonnull hidden, int16_t *_Nonnull cell, int8_t *_Nonnull y);
};

/* Weights as the model stores them: OHWI, 1HWO, [O, I]. Runs everywhere. */
#define MARTLET_TIER_SCALAR 0

/* The kernels for a weight layout, or null when this build or this CPU has none. */
const struct martlet_kernel_table *_Nullable martlet_kernels(uint16_t tier);

#include "CKernelsRare.h"

#endif
