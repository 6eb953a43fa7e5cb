/* The scalar kernels of int16 activations. Every zero point of them is 0. */
#ifndef MARTLET_SCALAR_INT16_H
#define MARTLET_SCALAR_INT16_H

#include "CKernels.h"

void s16_conv2d__scalar(
    const struct martlet_window *params, const int16_t *restrict x,
    const int8_t *restrict weights, const int64_t *restrict bias,
    const struct martlet_scale *restrict scales, int16_t *restrict y);
void s16_depthwise_conv2d__scalar(
    const struct martlet_window *params, const int16_t *restrict x,
    const int8_t *restrict weights, const int64_t *restrict bias,
    const struct martlet_scale *restrict scales, int16_t *restrict y);
void s16_fully_connected__scalar(
    const struct martlet_dense *params, const int16_t *restrict x,
    const int8_t *restrict weights, const int64_t *restrict bias,
    const struct martlet_scale *restrict scales, int16_t *restrict y);
void s16_average_pool2d__scalar(
    const struct martlet_window *params, const int16_t *restrict x, int16_t *restrict y);
void s16_max_pool2d__scalar(
    const struct martlet_window *params, const int16_t *restrict x, int16_t *restrict y);
void s16_add__scalar(
    const struct martlet_binary *params, const int16_t *a, const int16_t *b, int16_t *y);
void s16_mul__scalar(
    const struct martlet_binary *params, const int16_t *a, const int16_t *b, int16_t *y);
void s16_max__scalar(
    const struct martlet_binary *params, const int16_t *a, const int16_t *b, int16_t *y);
void s16_mean__scalar(
    const struct martlet_mean *params, const int16_t *restrict x, int16_t *restrict y);
void s16_softmax__scalar(
    const struct martlet_softmax *params, const int16_t *restrict x,
    const int16_t *restrict tables, int16_t *restrict y);
void s16_lookup__scalar(
    const struct martlet_lookup *params, const int16_t *x, const int16_t *restrict table,
    int16_t *y);
void s16_sigmoid__scalar(
    const struct martlet_sigmoid *params, const int16_t *x, const uint16_t *restrict table,
    int16_t *y);
void x_rescale__scalar(const struct martlet_rescale *params, const void *x, void *y);
void s16_resize_bilinear__scalar(
    const struct martlet_resize *params, const int16_t *restrict x,
    const struct martlet_tap *restrict rows, const struct martlet_tap *restrict columns,
    int16_t *restrict y);

#endif
