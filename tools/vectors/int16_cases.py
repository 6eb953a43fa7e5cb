"""Operators of int16 activations with zero point 0, int8 weights and int64 biases.

The reference has no kernel for int32 biases beside int16: it reads them as int64.
"""
import math

import numpy as np

from elementwise_cases import BROADCASTS, NUMPY, real_values
from single_operator import Operator, Tensor, constant, options
from vector_case import Sketch
from window_cases import NONE, RELU, RELU6, RELU_N1, SAME, VALID, output_image, pair

# What a random accumulator of one tap spreads over, in stored steps of the output.
STEPS_A_TAP = 15000.0
CLAMPED = {RELU6: 6 / 9000, RELU_N1: 1 / 9000}
FINE = (0.0001, 0.001)


def activation(sketch, shape, scale=None):
    return sketch.activation(shape, sketch.scale(*FINE) if scale is None else scale, 0)


def product(sketch, kind, source, shape, weight_shape, axis, taps, table, version,
            fused=NONE, bias=True, scales=None, limit=127):
    """A convolution or dense product; `scales` are (weights, output)."""
    weight_scale, sink_scale = scales or (None, CLAMPED.get(fused))
    sink = activation(sketch, shape, sink_scale)
    if weight_scale is None:
        weight_scale = sink.scale * STEPS_A_TAP / (source.scale * math.sqrt(taps) * 1.4e6)
        weight_scale *= sketch.random.uniform(0.3, 2, weight_shape[axis])
    weight_scale = np.float32(weight_scale)
    values = sketch.random.integers(-limit, limit + 1, weight_shape)
    weights = constant(values, "int8", weight_scale, 0, axis)
    operands = [source, weights]
    if bias:
        biases = sketch.random.integers(-(2**26), 2**26, weight_shape[axis])
        operands.append(constant(biases, "int64", np.float32(source.scale) * weight_scale))
    elif kind == "FULLY_CONNECTED":
        operands.append(None)
    operator = Operator(kind, operands, [sink], table, version)
    return sketch.case(operator, [source], [sink])


def conv(name, image, kernel, filters, padding=SAME, stride=1, dilation=1, fused=NONE, groups=1,
         batch=1, **more):
    sketch = Sketch(name, "int16")
    source = activation(sketch, (batch, *image), more.pop("x", None))
    size = output_image(image, kernel, stride, dilation, padding)
    weights = (filters, *pair(kernel), image[2] // groups)
    table = options(
        "Conv2D", padding=padding, strideH=pair(stride)[0], strideW=pair(stride)[1],
        dilationHFactor=pair(dilation)[0], dilationWFactor=pair(dilation)[1],
        fusedActivationFunction=fused)
    return product(sketch, "CONV_2D", source, (batch, *size, filters), weights, 0,
                   math.prod(weights[1:]), table, 6 if groups > 1 else 4, fused, **more)


def depthwise(name, image, kernel, multiplier=1, padding=SAME, stride=1, dilation=1, fused=NONE,
              batch=1, **more):
    sketch = Sketch(name, "int16")
    source = activation(sketch, (batch, *image))
    size = output_image(image, kernel, stride, dilation, padding)
    channels = image[2] * multiplier
    weights = (1, *pair(kernel), channels)
    table = options(
        "DepthwiseConv2D", padding=padding, strideH=pair(stride)[0], strideW=pair(stride)[1],
        dilationHFactor=pair(dilation)[0], dilationWFactor=pair(dilation)[1],
        depthMultiplier=multiplier, fusedActivationFunction=fused)
    return product(sketch, "DEPTHWISE_CONV_2D", source, (batch, *size, channels), weights, 3,
                   math.prod(pair(kernel)), table, 5, fused, **more)


def dense(name, inputs, outputs, rows=1, fused=NONE, per_channel=False, **more):
    sketch = Sketch(name, "int16")
    source = activation(sketch, (rows, inputs), more.pop("x", None))
    table = options("FullyConnected", fusedActivationFunction=fused)
    if not per_channel and "scales" not in more:
        sink = float(np.float32(CLAMPED.get(fused, 0.0004)))
        weight = sink * STEPS_A_TAP / (source.scale * math.sqrt(inputs) * 1.4e6)
        more["scales"] = (weight, sink)
    return product(sketch, "FULLY_CONNECTED", source, (rows, outputs), (outputs, inputs), 0,
                   inputs, table, 12 if per_channel else 7, fused, **more)


def product_cases():
    yield conv("conv_2d_same", (5, 4, 3), 3, 5)
    yield conv("conv_2d_channels_33", (2, 3, 33), (1, 2), 7)
    yield depthwise("depthwise_conv_2d_same", (5, 4, 5), 3)
    yield dense("fully_connected", 37, 5, 2)
    yield conv("conv_2d_valid_stride_2", (7, 6, 2), (3, 2), 4, VALID, stride=2)
    yield conv("conv_2d_dilation_2", (6, 7, 2), 3, 3, dilation=2)
    yield conv("conv_2d_groups_2", (4, 3, 6), 3, 4, groups=2)
    yield conv("conv_2d_batch_2", (3, 4, 4), 3, 3, batch=2)
    yield conv("conv_2d_relu", (4, 4, 4), 3, 5, fused=RELU)
    yield conv("conv_2d_relu6", (4, 4, 4), 3, 5, fused=RELU6)
    yield conv("conv_2d_relu_n1_to_1", (4, 4, 4), 3, 5, fused=RELU_N1)
    yield conv("conv_2d_ties", (5, 5, 3), 1, 4, x=2.0**-8, scales=(2.0**-9, 2.0**-6))
    yield conv("conv_2d_gain_above_1", (3, 3, 2), 1, 4, x=0.001, scales=(2.9, 0.0005), limit=2)
    yield conv("conv_2d_600_taps", (2, 2, 150), 2, 3, VALID)
    yield conv("conv_2d_saturates", (3, 3, 8), 3, 4, x=0.001, scales=(0.01, 0.0005))
    yield depthwise("depthwise_conv_2d_no_bias", (4, 5, 3), 3, bias=False)
    yield depthwise("depthwise_conv_2d_multiplier_3", (4, 5, 5), (2, 3), 3, stride=2)
    yield depthwise("depthwise_conv_2d_valid_relu", (6, 5, 35), 3, padding=VALID, fused=RELU)
    yield depthwise("depthwise_conv_2d_dilation_2", (6, 5, 2), 3, dilation=2, batch=2)
    yield dense("fully_connected_no_bias", 19, 4, bias=False)
    yield dense("fully_connected_per_channel", 21, 9, 3, per_channel=True)
    yield dense("fully_connected_relu", 16, 8, 2, RELU)
    yield dense("fully_connected_relu6", 16, 8, 2, RELU6)
    yield dense("fully_connected_600", 600, 3)
    yield dense("fully_connected_ties", 8, 8, 4, x=2.0**-8, scales=(2.0**-9, 2.0**-6))
    yield dense("fully_connected_one_input", 1, 3)


def pool(name, kind, image, kernel, padding=VALID, stride=1, fused=NONE):
    sketch = Sketch(name, "int16")
    source = activation(sketch, (1, *image), CLAMPED.get(fused))
    size = output_image(image, kernel, stride, 1, padding)
    sink = activation(sketch, (1, *size, image[2]), source.scale)
    table = options(
        "Pool2D", padding=padding, strideH=stride, strideW=stride,
        filterHeight=pair(kernel)[0], filterWidth=pair(kernel)[1], fusedActivationFunction=fused)
    return sketch.case(Operator(kind, [source], [sink], table, 3), [source], [sink])


def pool_cases():
    for kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        short = kind.lower()
        yield pool(f"{short}_2x2", kind, (4, 6, 3), 2, stride=2)
        yield pool(f"{short}_same_3x3", kind, (5, 4, 2), 3, SAME)
        yield pool(f"{short}_channels_65", kind, (2, 3, 65), 2)
        yield pool(f"{short}_relu6", kind, (4, 4, 4), (2, 3), SAME, fused=RELU6)


def mean(name, shape, axes, x=None, y=None):
    sketch = Sketch(name, "int16")
    source = activation(sketch, shape, x)
    sizes = [size for axis, size in enumerate(shape) if axis not in axes]
    sink = activation(sketch, sizes, source.scale * 0.7 if y is None else y)
    operands = [source, constant(list(axes))]
    operator = Operator("MEAN", operands, [sink], options("Reducer", keepDims=False), 3)
    return sketch.case(operator, [source], [sink])


def mean_cases():
    yield mean("mean_height_width", (1, 5, 6, 4), (1, 2))
    yield mean("mean_channel", (2, 3, 7), (2,))
    yield mean("mean_1_and_3", (2, 3, 4, 5), (1, 3))
    yield mean("mean_same_scale", (1, 7, 7, 5), (1, 2), 0.0005, 0.0005)
    yield mean("mean_ties", (1, 2, 2, 20), (1, 2), 0.25, 0.25)


def binary(name, kind, a, b, fused=NONE, scales=None, fixed=False):
    sketch = Sketch(name, "int16")
    s = scales or (None, None, None)
    operands = [activation(sketch, a, s[0]), activation(sketch, b, s[1])]
    if fixed:
        operands[1] = sketch.constant(b, operands[1].scale, 0)
    if s[2] is None:
        values = NUMPY[kind](*(real_values(sketch, operand) for operand in operands))
        scale = CLAMPED.get(fused) or float(np.percentile(np.abs(values), 97)) / 32768
    else:
        scale = s[2]
    sink = activation(sketch, np.broadcast_shapes(a, b), scale)
    table_name = {"ADD": "Add", "SUB": "Sub", "MUL": "Mul"}[kind]
    table = options(table_name, fusedActivationFunction=fused)
    if kind != "MUL":
        table.potScaleInt16 = False
    version = {"ADD": 4, "SUB": 5, "MUL": 4}[kind]
    sources = [operand for operand in operands if operand.data is None]
    return sketch.case(Operator(kind, operands, [sink], table, version), sources, [sink])


def extremum(name, kind, a, b):
    sketch = Sketch(name, "int16")
    first = activation(sketch, a)
    second = activation(sketch, b, first.scale)
    sink = activation(sketch, np.broadcast_shapes(a, b), first.scale)
    operator = Operator(kind, [first, second], [sink], options("MaximumMinimum"), 3)
    return sketch.case(operator, [first, second], [sink])


def arithmetic_cases():
    for kind in ("ADD", "SUB", "MUL"):
        short = kind.lower()
        yield binary(short, kind, (1, 5, 4, 3), (1, 5, 4, 3))
        yield binary(f"{short}_relu", kind, (1, 3, 4, 3), (1, 3, 4, 3), RELU)
        yield binary(f"{short}_relu6", kind, (67,), (67,), RELU6)
        yield binary(f"{short}_relu_n1_to_1", kind, (67,), (67,), RELU_N1)
        yield binary(f"{short}_scales_far_apart", kind, (9, 9), (9, 9), NONE,
                     (0.01, 0.0000071, 0.009))
        yield binary(f"{short}_ties", kind, (12, 12), (12, 12), NONE,
                     (0.5, 0.5, 8192.0 if kind == "MUL" else 1.0))
        yield binary(f"{short}_saturates", kind, (7, 7), (7, 7), NONE, (0.01, 0.02, 0.004))
        yield binary(f"{short}_constant_row", kind, (1, 3, 3, 8), (8,), fixed=True)
        for way in ("row", "both", "scalar"):
            yield binary(f"{short}_broadcast_{way}", kind, *BROADCASTS[way])
    for kind in ("MAXIMUM", "MINIMUM"):
        yield extremum(kind.lower(), kind, (67,), (67,))
        yield extremum(f"{kind.lower()}_broadcast_both", kind, *BROADCASTS["both"])


def spread_values(shape):
    """Stored values over the whole range, with the least and the greatest."""
    count = math.prod(shape)
    values = np.round(np.linspace(-32768, 32767, count)).astype(np.int16)
    return values.reshape(1, *shape)


def unary(name, kind, x, y, table=None, version=3, shape=(13, 31)):
    sketch = Sketch(name, "int16")
    source, sink = activation(sketch, shape, x), activation(sketch, shape, y)
    operator = Operator(kind, [source], [sink], table, version)
    return sketch.case(operator, [source], [sink], [spread_values(shape)])


def unary_cases():
    q15 = 2.0**-15
    for number, x in enumerate([2.0**-12, 2.0**-11, 0.00031, 0.0002441, 0.01, 0.7, 0.00001]):
        yield unary(f"logistic_{number}", "LOGISTIC", x, q15)
        yield unary(f"tanh_{number}", "TANH", x, q15)
    for number, (x, y) in enumerate([(0.001, 0.001), (0.001, 0.00037), (0.5, 1.0)]):
        yield unary(f"relu_{number}", "RELU", x, y)
        yield unary(f"relu6_{number}", "RELU6", x, y)
        for alpha in (0.1, 0.0, 1.7):
            table = options("LeakyRelu", alpha=alpha)
            yield unary(f"leaky_relu_{number}_{int(alpha * 10)}", "LEAKY_RELU", x, y, table, 2)
    for number, (x, y) in enumerate([(0.0002, 0.03), (0.0001, 0.001), (0.0004, 6.0)]):
        yield unary(f"exp_{number}", "EXP", x, y, options("Exp"), 2)
    for number, (x, y) in enumerate([(0.0002, 0.0003), (0.1, 0.0005), (0.01, 0.0002)]):
        yield unary(f"log_{number}", "LOG", x, y, None, 2)


def softmax(name, shape, scale, beta=1.0):
    sketch = Sketch(name, "int16")
    source, sink = activation(sketch, shape, scale), activation(sketch, shape, 2.0**-15)
    operator = Operator("SOFTMAX", [source], [sink], options("Softmax", beta=beta), 3)
    samples = sketch.feed(source, 6)
    width = min(65535, max(1, round(8 / (scale * beta))))
    samples[1::2] = -32768 + sketch.random.integers(0, width + 1, samples[1::2].shape)
    return sketch.case(operator, [source], [sink], [samples])


def softmax_cases():
    yield softmax("softmax_10", (1, 10), 0.0003)
    yield softmax("softmax_rows_5", (5, 9), 0.001)
    yield softmax("softmax_one_class", (3, 1), 0.001)
    yield softmax("softmax_100_classes", (1, 100), 0.0002)
    yield softmax("softmax_coarse_scale", (2, 16), 0.1)
    yield softmax("softmax_fine_scale", (2, 16), 0.0000003)
    yield softmax("softmax_beta_half", (2, 11), 0.0006, 0.5)
    yield softmax("softmax_beta_3", (2, 11), 0.0006, 3.0)


def quantize(name, x, y, source_type, sink_type):
    sketch = Sketch(name)
    shape = (16, 16) if source_type == "int8" else (13, 31)
    source, sink = Tensor(shape, source_type, *x), Tensor(shape, sink_type, *y)
    samples = spread_values(shape)
    if source_type == "int8":
        samples = np.arange(-128, 128).astype(np.int8).reshape(1, *shape)
    operator = Operator("QUANTIZE", [source], [sink], options("Quantize"), 2)
    return sketch.case(operator, [source], [sink], [samples])


def quantize_cases():
    for number, (narrow, wide) in enumerate([
        ((0.05, 3), (0.0002, 0)), ((0.05, -128), (0.05, 0)), ((0.02, 127), (0.00013, 0)),
        ((0.5, 0), (0.25, 0)), ((0.001, 5), (0.1, 0)),
    ]):
        yield quantize(f"quantize_int8_to_int16_{number}", narrow, wide, "int8", "int16")
        yield quantize(f"quantize_int16_to_int8_{number}", wide, narrow, "int16", "int8")
    for number, scales in enumerate([(0.001, 0.001), (0.001, 0.00037), (0.5, 1.0), (0.1, 7.0)]):
        x, y = ((scale, 0) for scale in scales)
        yield quantize(f"quantize_int16_{number}", x, y, "int16", "int16")


def moved(name, kind, shape, result, operands=(), table=None, version=1):
    sketch = Sketch(name, "int16")
    source = activation(sketch, shape)
    sink = activation(sketch, result, source.scale)
    operator = Operator(kind, [source, *operands], [sink], table, version)
    return sketch.case(operator, [source], [sink])


def resize(name, kind, image, size, align=False, half=False):
    table_name = "ResizeBilinear" if kind == "RESIZE_BILINEAR" else "ResizeNearestNeighbor"
    table = options(table_name, alignCorners=align, halfPixelCenters=half)
    version = 3 if kind == "RESIZE_NEAREST_NEIGHBOR" and not (align or half) else 4
    return moved(name, kind, (1, *image), (1, *size, image[2]), [constant(list(size))], table,
                 version)


def shape_cases():
    yield moved("reshape", "RESHAPE", (1, 3, 4, 5), (1, 60), [constant([1, 60])],
                options("Reshape", newShape=[1, 60]))
    yield moved("transpose_rank_3", "TRANSPOSE", (2, 5, 3), (3, 2, 5), [constant([2, 0, 1])],
                options("Transpose"), 5)
    pads = constant([[0, 0], [1, 2], [0, 1], [2, 0]])
    yield moved("pad_image", "PAD", (1, 3, 2, 3), (1, 6, 3, 5), [pads], options("Pad"), 4)
    fill = constant(-12345, "int16", Sketch("padv2_image", "int16").scale(*FINE))
    yield moved("padv2_image", "PADV2", (1, 3, 2, 3), (1, 6, 3, 5), [pads, fill],
                options("PadV2"), 4)
    yield moved("slice", "SLICE", (3, 5, 4), (2, 3, 2),
                [constant([1, 1, 2]), constant([2, 3, 2])], options("Slice"), 4)
    yield moved("strided_slice", "STRIDED_SLICE", (7, 9), (3, 3),
                [constant([1, 0]), constant([6, 9]), constant([2, 3])],
                options("StridedSlice"), 4)
    for axis, b in ((3, (1, 3, 2, 3)), (1, (1, 2, 2, 4))):
        sketch = Sketch(f"concatenation_{axis}", "int16")
        parts = [activation(sketch, (1, 3, 2, 4), 0.0004), activation(sketch, b, 0.0004)]
        whole = [(1, 3, 2, 7), (1, 5, 2, 4)][axis == 1]
        sink = activation(sketch, whole, 0.0004)
        operator = Operator("CONCATENATION", parts, [sink], options("Concatenation", axis=axis), 3)
        yield sketch.case(operator, parts, [sink])
    sketch = Sketch("split", "int16")
    source = activation(sketch, (2, 9), 0.0004)
    sinks = [activation(sketch, (2, 3), 0.0004) for _ in range(3)]
    operator = Operator("SPLIT", [constant(1), source], sinks, options("Split", numSplits=3), 4)
    yield sketch.case(operator, [source], sinks)
    for kind in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"):
        short = kind.lower()
        yield resize(f"{short}_odd", kind, (3, 5, 3), (7, 4))
        yield resize(f"{short}_aligned", kind, (3, 4, 2), (6, 7), align=True)
        yield resize(f"{short}_half_pixel", kind, (3, 4, 2), (7, 3), half=True)


def mixed_cases():
    """int8, then int16, then int8, joined by QUANTIZE."""
    sketch = Sketch("mixed_int8_int16", "int16")
    ends = [Tensor((1, 4, 4, 3), "int8", 0.05, 3), Tensor((1, 4, 4, 3), "int8", 0.03, -7)]
    wide = [activation(sketch, (1, 4, 4, 3), scale) for scale in (0.0002, 0.0003, 0.0001)]
    operators = [
        Operator("QUANTIZE", [ends[0]], [wide[0]], options("Quantize"), 2),
        Operator("ADD", [wide[0], wide[0]], [wide[1]], options("Add", potScaleInt16=False), 4),
        Operator("MUL", [wide[0], wide[1]], [wide[2]], options("Mul"), 4),
        Operator("QUANTIZE", [wide[2]], [ends[1]], options("Quantize"), 2),
    ]
    yield sketch.case(operators, ends[:1], ends[1:])


def network_cases():
    """One network of int16 layers between int8 ends, with an operator of nearly every kernel."""
    sketch = Sketch("network", "int16")

    def layer(kind, inputs, shape, scale, table=None, version=4, dtype="int16", zero=0):
        sink = Tensor(tuple(shape), dtype, scale, zero)
        return Operator(kind, inputs, [sink], table, version), sink

    def learned(shape, axis, scale):
        values = sketch.random.integers(-127, 128, shape)
        scales = np.float32(scale * sketch.random.uniform(0.5, 1.5, shape[axis]))
        bias = sketch.random.integers(-(2**22), 2**22, shape[axis])
        return [constant(values, "int8", scales, 0, axis), constant(bias, "int64", scales)]

    steps = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    window = options("Conv2D", padding=SAME, fusedActivationFunction=RELU, **steps)
    lane = options("DepthwiseConv2D", padding=SAME, depthMultiplier=1, **steps)
    half = options("Pool2D", padding=VALID, strideH=2, strideW=2, filterHeight=2, filterWidth=2)
    x = Tensor((1, 8, 8, 3), "int8", 0.05, 3)
    image, small, q15 = (1, 8, 8, 10), (1, 4, 4, 10), 2.0**-15
    chain = [layer("QUANTIZE", [x], x.shape, 0.0002, options("Quantize"), 2)]
    chain.append(layer(
        "CONV_2D", [chain[-1][1], *learned((10, 3, 3, 3), 0, 0.01)], image, 0.0005, window))
    chain.append(layer(
        "DEPTHWISE_CONV_2D", [chain[-1][1], *learned((1, 3, 3, 10), 3, 0.004)], image, 0.0003,
        lane, 5))
    skip = options("Add", potScaleInt16=False)
    chain.append(layer("ADD", [chain[-1][1], chain[-2][1]], image, 0.0006, skip))
    chain.append(layer("AVERAGE_POOL_2D", [chain[-1][1]], small, 0.0006, half, 3))
    chain.append(layer("TANH", [chain[-1][1]], small, q15, None, 3))
    chain.append(layer("LOGISTIC", [chain[-2][1]], small, q15, None, 3))
    chain.append(layer("MUL", [chain[-1][1], chain[-2][1]], small, q15, options("Mul")))
    chain.append(layer(
        "LEAKY_RELU", [chain[-1][1]], small, 0.00004, options("LeakyRelu", alpha=0.1), 2))
    chain.append(layer(
        "MEAN", [chain[-1][1], constant([1, 2])], (1, 10), 0.00002,
        options("Reducer", keepDims=False), 3))
    chain.append(layer(
        "FULLY_CONNECTED", [chain[-1][1], *learned((7, 10), 0, 0.02)], (1, 7), 0.0005,
        options("FullyConnected"), 12))
    chain.append(layer("SOFTMAX", [chain[-1][1]], (1, 7), q15, options("Softmax", beta=1.0), 3))
    chain.append(layer("QUANTIZE", [chain[-1][1]], (1, 7), 1 / 256, options("Quantize"), 2,
                       "int8", -128))
    y = chain[-1][1]
    samples = np.concatenate([feed(x, kind, 8) for kind in (0, 1)])
    yield sketch.case([operator for operator, _ in chain], [x], [y], [samples])


def feed(tensor, kind, count):
    sketch = Sketch(f"network_{kind}")
    return np.stack([sketch.sample(tensor, kind) for _ in range(count)])
