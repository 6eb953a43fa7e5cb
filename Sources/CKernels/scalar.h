/* The scalar kernels: the definition that every faster kernel must equal. */
#ifndef MARTLET_SCALAR_H
#define MARTLET_SCALAR_H

#include "CKernels.h"

void s8_conv2d__scalar(
    const struct martlet_window *params, const int8_t *restrict x,
    const int8_t *restrict weights, const int32_t *restrict bias,
    const struct martlet_scale *restrict scales, int8_t *restrict y);
void s8_depthwise_conv2d__scalar(
    const struct martlet_window *params, const int8_t *restrict x,
    const int8_t *restrict weights, const int32_t *restrict bias,
    const struct martlet_scale *restrict scales, int8_t *restrict y);
void s8_fully_connected__scalar(
    const struct martlet_dense *params, const int8_t *restrict x,
    const int8_t *restrict weights, const int32_t *restrict bias,
    const struct martlet_scale *restrict scales, int8_t *restrict y);
void s8_average_pool2d__scalar(
    const struct martlet_window *params, const int8_t *restrict x, int8_t *restrict y);
void s8_max_pool2d__scalar(
    const struct martlet_window *params, const int8_t *restrict x, int8_t *restrict y);
void s8_add__scalar(
    const struct martlet_binary *params, const int8_t *a, const int8_t *b, int8_t *y);
void s8_mul__scalar(
    const struct martlet_binary *params, const int8_t *a, const int8_t *b, int8_t *y);
void s8_max__scalar(
    const struct martlet_binary *params, const int8_t *a, const int8_t *b, int8_t *y);
void s8_mean__scalar(
    const struct martlet_mean *params, const int8_t *restrict x, int8_t *restrict y);
void s8_softmax__scalar(
    const struct martlet_softmax *params, const int8_t *restrict x, int8_t *restrict y);
void x8_lookup__scalar(
    const struct martlet_lookup *params, const uint8_t *x, const uint8_t *restrict table,
    uint8_t *y);
void x8_copy__scalar(
    const struct martlet_copy *params, const uint8_t *restrict x, uint8_t *restrict y);
void x8_fill__scalar(const struct martlet_fill *params, uint8_t *restrict y);
void s8_resize_bilinear__scalar(
    const struct martlet_resize *params, const int8_t *restrict x,
    const struct martlet_tap *restrict rows, const struct martlet_tap *restrict columns,
    int8_t *restrict y);
void s8_resize_nearest__scalar(
    const struct martlet_resize *params, const int8_t *restrict x,
    const int32_t *restrict rows, const int32_t *restrict columns, int8_t *restrict y);
void s8_arg_max__scalar(
    const struct martlet_arg_max *params, const int8_t *restrict x, void *restrict y);
void s8_lstm__scalar(
    const struct martlet_lstm *params, const int8_t *restrict x, const int8_t *restrict weights,
    const int32_t *restrict bias, int8_t *restrict hidden, int16_t *restrict cell,
    int8_t *restrict y);

#endif
