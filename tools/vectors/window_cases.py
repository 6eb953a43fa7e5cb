"""CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED and pools, int8 and legacy uint8."""
import math

import numpy as np

from single_operator import Operator, constant, options
from vector_case import Sketch

SAME, VALID = 0, 1
NONE, RELU, RELU_N1, RELU6 = 0, 1, 2, 3
# What a random accumulator of one tap spreads over, in stored steps of the output.
STEPS_A_TAP = 75.0


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def output_size(size, kernel, stride, dilation, padding):
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == SAME else (size - reach) // stride + 1


def output_image(image, kernel, stride, dilation, padding):
    sizes = zip(image[:2], pair(kernel), pair(stride), pair(dilation))
    return tuple(output_size(*size, padding) for size in sizes)


def quantized_output(sketch, shape, activation, y):
    """The output; by default of a scale at which the fused clamp cuts inside the range."""
    low, high = sketch.range
    scale = {RELU6: 0.045, RELU_N1: 0.02}.get(activation) or sketch.scale(0.02, 0.1)
    zero = {RELU: low, RELU6: low, RELU_N1: low + 130}.get(activation)
    given_scale, given_zero = y or (None, None)
    return sketch.activation(
        shape,
        scale if given_scale is None else given_scale,
        zero if given_zero is None else given_zero,
    )


def weights_and_bias(sketch, x, y, shape, axis, taps, per_channel, bias, w):
    """Weights and bias such that random inputs use the output's whole range."""
    channels = shape[axis]
    scale = y.scale / (x.scale * math.sqrt(taps) * STEPS_A_TAP) if w is None else w[0]
    low, high = (-127, 127) if sketch.dtype == "int8" else (0, 255)
    zero = 0 if sketch.dtype == "int8" else int(sketch.random.integers(90, 166))
    if w is not None and len(w) > 1:
        zero, low, high = w[1:]
    if per_channel:
        scale = (scale * sketch.random.uniform(0.3, 2, channels)).astype(np.float32)
    scale = np.float32(scale)
    weights = constant(sketch.stored(shape, low, high), sketch.dtype, scale, zero, axis)
    if not bias:
        return weights, None
    # The bias takes away what a mean input would give, as a trained one would.
    others = tuple(index for index in range(len(shape)) if index != axis)
    mean = sum(sketch.range) / 2 - x.zero
    middle = mean * (weights.data.astype(np.int64) - zero).sum(axis=others)
    spread = np.minimum(40 * y.scale / (x.scale * scale), 2**24)
    values = np.rint(sketch.random.uniform(-1, 1, channels) * spread - middle)
    return weights, constant(values, "int32", np.float32(x.scale) * scale, 0)


def conv(name, image, kernel, filters, padding=SAME, stride=1, dilation=1, activation=NONE,
         groups=1, batch=1, per_channel=True, x=None, y=None, w=None, dtype="int8"):
    """A CONV_2D case; `x` and `y` are (scale, zero point), `w` (scale[, zero, low, high]).

    The reference takes no CONV_2D without a bias.
    """
    sketch = Sketch(name, dtype)
    kernel_size, taps = pair(kernel), math.prod(pair(kernel)) * image[2] // groups
    source = sketch.activation((batch, *image), *(x or (None, None)))
    size = output_image(image, kernel, stride, dilation, padding)
    sink = quantized_output(sketch, (batch, *size, filters), activation, y)
    shape = (filters, *kernel_size, image[2] // groups)
    weights, biases = weights_and_bias(
        sketch, source, sink, shape, 0, taps, per_channel, True, w)
    table = options(
        "Conv2D", padding=padding, strideH=pair(stride)[0], strideW=pair(stride)[1],
        dilationHFactor=pair(dilation)[0], dilationWFactor=pair(dilation)[1],
        fusedActivationFunction=activation)
    version = 1 if dtype == "uint8" else 6 if groups > 1 else 3
    operands = [source, weights, biases]
    return sketch.case(Operator("CONV_2D", operands, [sink], table, version), [source], [sink])


def depthwise(name, image, kernel, multiplier=1, padding=SAME, stride=1, dilation=1,
              activation=NONE, batch=1, per_channel=True, bias=True, x=None, y=None, w=None,
              dtype="int8"):
    """A DEPTHWISE_CONV_2D case, parameters as in `conv`."""
    sketch = Sketch(name, dtype)
    channels = image[2] * multiplier
    source = sketch.activation((batch, *image), *(x or (None, None)))
    size = output_image(image, kernel, stride, dilation, padding)
    sink = quantized_output(sketch, (batch, *size, channels), activation, y)
    shape = (1, *pair(kernel), channels)
    weights, biases = weights_and_bias(
        sketch, source, sink, shape, 3, math.prod(pair(kernel)), per_channel, bias, w)
    table = options(
        "DepthwiseConv2D", padding=padding, strideH=pair(stride)[0], strideW=pair(stride)[1],
        dilationHFactor=pair(dilation)[0], dilationWFactor=pair(dilation)[1],
        depthMultiplier=multiplier, fusedActivationFunction=activation)
    operator = Operator(
        "DEPTHWISE_CONV_2D", [source, weights] + ([biases] if bias else []), [sink], table,
        1 if dtype == "uint8" else 3)
    return sketch.case(operator, [source], [sink])


def dense(name, inputs, outputs, rows=(1,), activation=NONE, per_channel=False, bias=True,
          keep=False, x=None, y=None, w=None, dtype="int8"):
    """A FULLY_CONNECTED case; `rows` are the dimensions before the last."""
    sketch = Sketch(name, dtype)
    source = sketch.activation((*rows, inputs), *(x or (None, None)))
    shape = (*rows, outputs) if keep else (math.prod(rows), outputs)
    sink = quantized_output(sketch, shape, activation, y)
    weights, biases = weights_and_bias(
        sketch, source, sink, (outputs, inputs), 0, inputs, per_channel, bias, w)
    table = options("FullyConnected", fusedActivationFunction=activation, keepNumDims=keep)
    version = 1 if dtype == "uint8" else 12 if per_channel else 5 if keep else 4
    operands = [source, weights, biases]
    return sketch.case(
        Operator("FULLY_CONNECTED", operands, [sink], table, version), [source], [sink])


def pool(name, kind, image, kernel, padding=VALID, stride=1, activation=NONE, batch=1,
         x=None, dtype="int8"):
    """An AVERAGE_POOL_2D or MAX_POOL_2D case; input and output share `x`."""
    sketch = Sketch(name, dtype)
    if x is None and activation != NONE:
        x = (0.045 if activation == RELU6 else 0.02, None)
    source = sketch.activation((batch, *image), *(x or (None, None)))
    size = output_image(image, kernel, stride, 1, padding)
    sink = sketch.activation((batch, *size, image[2]), source.scale, source.zero)
    table = options(
        "Pool2D", padding=padding, strideH=pair(stride)[0], strideW=pair(stride)[1],
        filterHeight=pair(kernel)[0], filterWidth=pair(kernel)[1],
        fusedActivationFunction=activation)
    version = 1 if dtype == "uint8" else 2
    return sketch.case(Operator(kind, [source], [sink], table, version), [source], [sink])


def convolution_cases():
    yield conv("conv_2d_1x1", (3, 3, 4), 1, 5)
    yield conv("conv_2d_1x1_image_1x1", (1, 1, 7), 1, 3)
    yield conv("conv_2d_1x1_stride_2", (5, 4, 6), 1, 8, stride=2)
    yield conv("conv_2d_one_channel", (6, 6, 1), 3, 1)
    yield conv("conv_2d_same", (5, 5, 3), 3, 4)
    yield conv("conv_2d_same_stride_2_odd", (7, 5, 3), 3, 8, stride=2)
    yield conv("conv_2d_same_stride_2_even", (8, 6, 3), 3, 8, stride=2)
    yield conv("conv_2d_same_stride_3", (8, 7, 2), 5, 3, stride=3)
    yield conv("conv_2d_same_even_kernel", (5, 6, 2), (2, 4), 3)
    yield conv("conv_2d_valid", (6, 5, 3), 3, 4, VALID)
    yield conv("conv_2d_valid_stride_3", (9, 8, 2), (2, 3), 5, VALID, stride=3)
    yield conv("conv_2d_valid_window_is_image", (4, 3, 5), (4, 3), 6, VALID)
    yield conv("conv_2d_strides_differ", (7, 7, 2), 3, 3, stride=(2, 1))
    yield conv("conv_2d_kernel_1x5", (3, 9, 3), (1, 5), 4)
    yield conv("conv_2d_kernel_5x1", (9, 3, 3), (5, 1), 4, VALID)
    yield conv("conv_2d_image_below_kernel", (2, 1, 3), 5, 4)
    yield conv("conv_2d_dilation_2", (7, 6, 2), 3, 3, dilation=2)
    yield conv("conv_2d_dilation_2_3_valid", (8, 9, 2), 3, 3, VALID, dilation=(2, 3))
    yield conv("conv_2d_dilation_2_stride_2", (9, 9, 2), 3, 3, stride=2, dilation=2)
    yield conv("conv_2d_dilation_beyond_image", (3, 3, 2), 3, 3, dilation=4)
    yield conv("conv_2d_groups_2", (4, 5, 6), 3, 4, groups=2)
    yield conv("conv_2d_groups_3_stride_2", (5, 4, 6), (2, 3), 9, stride=2, groups=3)
    yield conv("conv_2d_groups_are_channels", (4, 4, 5), 3, 10, groups=5)
    yield conv("conv_2d_per_tensor", (4, 5, 3), 3, 6, per_channel=False)
    yield conv("conv_2d_batch_3", (4, 3, 4), 3, 5, batch=3)
    yield conv("conv_2d_relu", (4, 4, 4), 3, 5, activation=RELU)
    yield conv("conv_2d_relu_high_zero", (4, 4, 4), 3, 5, activation=RELU, y=(0.05, 60))
    yield conv("conv_2d_relu6", (4, 4, 4), 3, 5, activation=RELU6)
    yield conv("conv_2d_relu_n1_to_1", (4, 4, 4), 3, 5, activation=RELU_N1)
    yield conv("conv_2d_zeros_low_high", (4, 5, 3), 3, 4, x=(0.05, -128), y=(0.05, 127))
    yield conv("conv_2d_zeros_high_low", (4, 5, 3), 3, 4, x=(0.05, 127), y=(0.05, -128))
    yield conv("conv_2d_ties", (5, 5, 3), 3, 4, x=(0.5, 3), y=(1.0, -5), w=(2.0**-9,),
               per_channel=False)
    yield conv("conv_2d_ties_1x1", (6, 6, 4), 1, 8, x=(0.25, -7), y=(0.5, 1), w=(2.0**-7,),
               per_channel=False)
    yield conv("conv_2d_gain_above_1", (4, 4, 2), 1, 4, x=(0.5, 0), y=(0.25, -3),
               w=(0.8, 0, -1, 1), per_channel=False)
    yield conv("conv_2d_tiny_multiplier", (3, 3, 8), 3, 4, x=(0.01, 1), y=(6.0, 0), w=(1e-3,))
    yield conv("conv_2d_extreme_weights", (4, 4, 6), 3, 4, w=(0.002, 0, -127, -127))
    yield conv("conv_2d_channels_15_17", (3, 3, 15), 1, 17)
    yield conv("conv_2d_channels_16_32", (3, 2, 16), 1, 32)
    yield conv("conv_2d_channels_33_9", (2, 3, 33), (1, 2), 9)
    yield conv("conv_2d_channels_64_8", (2, 2, 64), 1, 8)
    yield conv("conv_2d_wide_row", (1, 37, 3), (1, 3), 8)
    yield conv("conv_2d_first_layer", (9, 9, 3), 3, 8, stride=2, activation=RELU6)


def depthwise_cases():
    yield depthwise("depthwise_conv_2d_same", (5, 5, 4), 3)
    yield depthwise("depthwise_conv_2d_valid", (6, 5, 3), 3, padding=VALID)
    yield depthwise("depthwise_conv_2d_1x1", (3, 4, 5), 1)
    yield depthwise("depthwise_conv_2d_one_channel", (6, 5, 1), 3)
    yield depthwise("depthwise_conv_2d_multiplier_2", (5, 4, 3), 3, 2)
    yield depthwise("depthwise_conv_2d_multiplier_3", (4, 5, 5), (2, 3), 3, stride=2)
    yield depthwise("depthwise_conv_2d_multiplier_8", (6, 6, 1), 3, 8, stride=2)
    yield depthwise("depthwise_conv_2d_stride_2_odd", (7, 5, 8), 3, stride=2)
    yield depthwise("depthwise_conv_2d_stride_2_even", (6, 8, 8), 3, stride=2)
    yield depthwise("depthwise_conv_2d_stride_3", (8, 7, 4), 5, stride=3)
    yield depthwise("depthwise_conv_2d_strides_differ", (7, 8, 4), 3, stride=(1, 2))
    yield depthwise("depthwise_conv_2d_dilation_2", (7, 6, 4), 3, dilation=2)
    yield depthwise("depthwise_conv_2d_dilation_3_valid", (8, 9, 3), 3, 2, VALID, dilation=3)
    yield depthwise("depthwise_conv_2d_dilation_stride", (9, 9, 3), 3, stride=2, dilation=2)
    yield depthwise("depthwise_conv_2d_image_below_kernel", (2, 1, 4), 5)
    yield depthwise("depthwise_conv_2d_window_is_image", (4, 3, 6), (4, 3), padding=VALID)
    yield depthwise("depthwise_conv_2d_kernel_1x7", (3, 9, 4), (1, 7))
    yield depthwise("depthwise_conv_2d_kernel_10x4", (12, 6, 1), (10, 4), 4, stride=2)
    yield depthwise("depthwise_conv_2d_per_tensor", (4, 4, 4), 3, per_channel=False)
    yield depthwise("depthwise_conv_2d_no_bias", (4, 4, 4), 3, bias=False)
    yield depthwise("depthwise_conv_2d_batch_2", (4, 4, 3), 3, batch=2)
    yield depthwise("depthwise_conv_2d_relu", (4, 4, 6), 3, activation=RELU)
    yield depthwise("depthwise_conv_2d_relu6", (4, 4, 6), 3, activation=RELU6)
    yield depthwise("depthwise_conv_2d_relu_n1_to_1", (4, 4, 6), 3, activation=RELU_N1)
    yield depthwise("depthwise_conv_2d_zeros_low_high", (4, 5, 4), 3, x=(0.05, -128),
                    y=(0.05, 127))
    yield depthwise("depthwise_conv_2d_zeros_high_low", (4, 5, 4), 3, x=(0.05, 127),
                    y=(0.05, -128))
    yield depthwise("depthwise_conv_2d_ties", (5, 5, 4), 3, x=(0.5, 3), y=(1.0, -5),
                    w=(2.0**-7,), per_channel=False)
    yield depthwise("depthwise_conv_2d_gain_above_1", (4, 4, 4), 1, x=(0.5, 0), y=(0.25, -3),
                    w=(0.9, 0, -1, 1), per_channel=False)
    yield depthwise("depthwise_conv_2d_channels_16", (3, 4, 16), 3)
    yield depthwise("depthwise_conv_2d_channels_17", (4, 3, 17), 3, stride=2)
    yield depthwise("depthwise_conv_2d_channels_33", (3, 3, 33), (2, 1))


def dense_cases():
    yield dense("fully_connected_per_tensor", 20, 10)
    yield dense("fully_connected_per_channel", 20, 10, per_channel=True)
    yield dense("fully_connected_no_bias", 13, 7, bias=False)
    yield dense("fully_connected_per_channel_no_bias", 13, 7, per_channel=True, bias=False)
    yield dense("fully_connected_1_to_1", 1, 1)
    yield dense("fully_connected_1_to_9", 1, 9, per_channel=True)
    yield dense("fully_connected_600_to_3", 600, 3)
    yield dense("fully_connected_64_to_33", 64, 33, per_channel=True)
    yield dense("fully_connected_17_to_16", 17, 16)
    yield dense("fully_connected_batch_5", 12, 6, rows=(5,))
    yield dense("fully_connected_image", 8, 5, rows=(1, 2, 3))
    yield dense("fully_connected_keeps_dimensions", 8, 5, rows=(2, 3), keep=True)
    yield dense("fully_connected_relu", 16, 8, activation=RELU)
    yield dense("fully_connected_relu6", 16, 8, activation=RELU6, per_channel=True)
    yield dense("fully_connected_relu_n1_to_1", 16, 8, activation=RELU_N1)
    yield dense("fully_connected_zeros_low_high", 16, 8, x=(0.05, -128), y=(0.05, 127))
    yield dense("fully_connected_zeros_high_low", 16, 8, x=(0.05, 127), y=(0.05, -128))
    yield dense("fully_connected_weight_zero", 16, 8, w=(0.003, -17, -128, 127))
    yield dense("fully_connected_weight_zero_high", 16, 8, w=(0.002, 127, -128, 127))
    yield dense("fully_connected_ties", 24, 16, rows=(4,), x=(0.5, 2), y=(1.0, 9),
                w=(2.0**-9,))
    yield dense("fully_connected_ties_per_channel_like", 24, 16, rows=(3,), x=(0.25, -2),
                y=(0.5, -9), w=(2.0**-8,), bias=False)
    yield dense("fully_connected_gain_above_1", 2, 12, rows=(4,), x=(0.5, 0), y=(0.25, -3),
                w=(0.9, 0, -1, 1))
    yield dense("fully_connected_extreme_weights", 64, 4, w=(0.002, 0, 127, 127))


def pool_cases():
    for kind, short in (("AVERAGE_POOL_2D", "average_pool_2d"), ("MAX_POOL_2D", "max_pool_2d")):
        yield pool(f"{short}_2x2", kind, (6, 4, 5), 2, stride=2)
        yield pool(f"{short}_2x2_zero_low", kind, (6, 6, 3), 2, stride=2, x=(0.1, -128))
        yield pool(f"{short}_3x3_same", kind, (5, 5, 4), 3, SAME)
        yield pool(f"{short}_3x3_same_stride_2", kind, (7, 6, 3), 3, SAME, stride=2)
        yield pool(f"{short}_3x2_stride_3", kind, (8, 9, 3), (3, 2), stride=3)
        yield pool(f"{short}_strides_differ", kind, (6, 7, 3), 2, SAME, stride=(1, 3))
        yield pool(f"{short}_1x1", kind, (3, 4, 3), 1)
        yield pool(f"{short}_1x1_stride_2", kind, (5, 4, 3), 1, stride=2)
        yield pool(f"{short}_whole_image", kind, (7, 5, 6), (7, 5))
        yield pool(f"{short}_window_above_image", kind, (2, 3, 3), 5, SAME)
        yield pool(f"{short}_1x8_row", kind, (1, 16, 2), (1, 8), stride=4)
        yield pool(f"{short}_batch_2", kind, (4, 4, 3), 2, stride=2, batch=2)
        yield pool(f"{short}_relu", kind, (4, 4, 4), 2, activation=RELU)
        yield pool(f"{short}_relu6", kind, (4, 4, 4), 2, activation=RELU6, x=(0.04, -100))
        yield pool(f"{short}_relu_n1_to_1", kind, (4, 4, 4), 2, activation=RELU_N1, x=(0.02, 5))
        yield pool(f"{short}_channels_17", kind, (4, 4, 17), 2, stride=2)


def uint8_window_cases():
    """The legacy uint8 kernels: one scale a tensor, weights with a zero point."""
    u8 = {"dtype": "uint8"}
    legacy = {"per_channel": False, **u8}
    yield conv("uint8_conv_2d_same", (5, 5, 3), 3, 4, **legacy)
    yield conv("uint8_conv_2d_valid_stride_2", (7, 6, 3), 3, 5, VALID, stride=2, **legacy)
    yield conv("uint8_conv_2d_1x1", (4, 4, 8), 1, 9, **legacy)
    yield conv("uint8_conv_2d_dilation_2", (7, 6, 2), 3, 3, dilation=2, **legacy)
    yield conv("uint8_conv_2d_relu6", (4, 4, 4), 3, 5, activation=RELU6, **legacy)
    yield conv("uint8_conv_2d_batch_2", (4, 3, 4), 3, 5, batch=2, **legacy)
    yield conv("uint8_conv_2d_zeros_at_ends", (4, 5, 3), 3, 4, x=(0.05, 0), y=(0.05, 255),
               w=(0.002, 255, 0, 255), **legacy)
    yield conv("uint8_conv_2d_weight_zero_0", (4, 5, 3), 3, 4, x=(0.05, 255), y=(0.05, 0),
               w=(0.002, 0, 0, 255), **legacy)
    yield conv("uint8_conv_2d_ties", (5, 5, 3), 3, 4, x=(0.5, 131), y=(1.0, 120),
               w=(2.0**-9, 125, 0, 255), **legacy)
    yield depthwise("uint8_depthwise_conv_2d_same", (5, 5, 4), 3, **legacy)
    yield depthwise("uint8_depthwise_conv_2d_multiplier_2", (6, 5, 3), 3, 2, stride=2, **legacy)
    yield depthwise("uint8_depthwise_conv_2d_valid_relu6", (6, 5, 3), 3, padding=VALID,
                    activation=RELU6, **legacy)
    yield depthwise("uint8_depthwise_conv_2d_dilation_2", (7, 6, 4), 3, dilation=2, **legacy)
    yield depthwise("uint8_depthwise_conv_2d_ties", (5, 5, 4), 3, x=(0.5, 131), y=(1.0, 120),
                    w=(2.0**-7, 125, 0, 255), **legacy)
    yield dense("uint8_fully_connected", 20, 10, **u8)
    yield dense("uint8_fully_connected_batch_4", 17, 9, rows=(4,), **u8)
    yield dense("uint8_fully_connected_no_bias", 13, 7, bias=False, **u8)
    yield dense("uint8_fully_connected_relu", 16, 8, activation=RELU, **u8)
    yield dense("uint8_fully_connected_zeros_at_ends", 16, 8, x=(0.05, 255), y=(0.05, 0),
                w=(0.002, 255, 0, 255), **u8)
    yield dense("uint8_fully_connected_ties", 24, 16, rows=(4,), x=(0.5, 130), y=(1.0, 119),
                w=(2.0**-9, 131, 0, 255), **u8)
    for kind, short in (("AVERAGE_POOL_2D", "average_pool_2d"), ("MAX_POOL_2D", "max_pool_2d")):
        yield pool(f"uint8_{short}_2x2_ties", kind, (8, 8, 4), 2, stride=2, **u8)
        yield pool(f"uint8_{short}_4x1", kind, (8, 5, 3), (4, 1), stride=(4, 1), **u8)
        yield pool(f"uint8_{short}_3x3_same", kind, (5, 6, 4), 3, SAME, stride=2, **u8)
        yield pool(f"uint8_{short}_whole_image", kind, (7, 5, 6), (7, 5), **u8)
        yield pool(f"uint8_{short}_relu6", kind, (4, 4, 4), 2, activation=RELU6,
                   x=(0.04, 30), **u8)
