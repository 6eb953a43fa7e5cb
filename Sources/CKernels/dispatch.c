/* The one place that chooses an implementation. No ifunc: static musl does not resolve them. */
#include <stddef.h>

#include "scalar.h"
#include "scalar_int16.h"

static const struct martlet_kernel_table scalar_kernels = {
    .conv2d = s8_conv2d__scalar,
    .depthwise_conv2d = s8_depthwise_conv2d__scalar,
    .fully_connected = s8_fully_connected__scalar,
    .average_pool2d = s8_average_pool2d__scalar,
    .max_pool2d = s8_max_pool2d__scalar,
    .add = s8_add__scalar,
    .mul = s8_mul__scalar,
    .max = s8_max__scalar,
    .mean = s8_mean__scalar,
    .softmax = s8_softmax__scalar,
    .lookup = x8_lookup__scalar,
    .copy = x8_copy__scalar,
    .fill = x8_fill__scalar,
    .resize_bilinear = s8_resize_bilinear__scalar,
    .resize_nearest = s8_resize_nearest__scalar,
    .arg_max = s8_arg_max__scalar,
    .conv2d_int16 = s16_conv2d__scalar,
    .depthwise_conv2d_int16 = s16_depthwise_conv2d__scalar,
    .fully_connected_int16 = s16_fully_connected__scalar,
    .average_pool2d_int16 = s16_average_pool2d__scalar,
    .max_pool2d_int16 = s16_max_pool2d__scalar,
    .add_int16 = s16_add__scalar,
    .mul_int16 = s16_mul__scalar,
    .max_int16 = s16_max__scalar,
    .mean_int16 = s16_mean__scalar,
    .softmax_int16 = s16_softmax__scalar,
    .lookup_int16 = s16_lookup__scalar,
    .sigmoid_int16 = s16_sigmoid__scalar,
    .rescale = x_rescale__scalar,
    .resize_bilinear_int16 = s16_resize_bilinear__scalar,
    .lstm = s8_lstm__scalar,
};

const struct martlet_kernel_table *martlet_kernels(uint16_t tier) {
    return tier == MARTLET_TIER_SCALAR ? &scalar_kernels : NULL;
}
