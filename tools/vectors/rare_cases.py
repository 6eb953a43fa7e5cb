"""Operators that few models have: TRANSPOSE_CONV, PRELU, BATCH_MATMUL, reductions, GATHER."""
import numpy as np

from elementwise_cases import BROADCASTS, fit, real_values
from shape_cases import moved
from single_operator import Operator, Tensor, constant, options
from vector_case import Sketch
from window_cases import NONE, RELU, RELU6, RELU_N1, SAME, VALID, pair, quantized_output, weights_and_bias


def transpose_conv(name, image, channels, kernel, stride, padding, result=None, activation=NONE,
                   per_channel=True, bias=True, y=None, w=None):
    """`result` is the output's height and width; by default the least that fits."""
    sketch = Sketch(name)
    (k_h, k_w), (s_h, s_w) = pair(kernel), pair(stride)
    if result is None:
        grown = [size * step if padding == SAME else (size - 1) * step + taps
                 for size, step, taps in zip(image[:2], (s_h, s_w), (k_h, k_w))]
        result = tuple(grown)
    source = sketch.activation((1, *image))
    sink = quantized_output(sketch, (1, *result, channels), activation, y)
    taps = k_h * k_w * image[2] / (s_h * s_w)
    shape = (channels, k_h, k_w, image[2])
    weights, addend = weights_and_bias(
        sketch, source, sink, shape, 0, max(taps, 1), per_channel, bias, w)
    table = options("TransposeConv", padding=padding, strideH=s_h, strideW=s_w,
                    fusedActivationFunction=activation)
    operands = [constant([1, *result, channels]), weights, source]
    if addend is not None:
        operands.append(addend)
    version = 4 if activation != NONE else 3 if bias else 2
    return sketch.case(Operator("TRANSPOSE_CONV", operands, [sink], table, version),
                       [source], [sink])


def transpose_conv_cases():
    for padding in (SAME, VALID):
        tail = "same" if padding == SAME else "valid"
        for kernel, stride in ((3, 2), (2, 2), (4, 2), (3, 1), (1, 1), (5, 3), (1, 2), (2, 3)):
            yield transpose_conv(f"transpose_conv_{kernel}_by_{stride}_{tail}", (4, 3, 3), 4,
                                 kernel, stride, padding)
    yield transpose_conv("transpose_conv_uneven", (3, 5, 2), 3, (2, 5), (1, 3), SAME)
    yield transpose_conv("transpose_conv_smaller", (4, 4, 2), 3, 3, 2, SAME, (7, 7))
    yield transpose_conv("transpose_conv_larger", (3, 3, 2), 3, 2, 3, VALID, (8, 8))
    yield transpose_conv("transpose_conv_no_bias", (4, 4, 2), 3, 3, 2, SAME, bias=False)
    yield transpose_conv("transpose_conv_per_tensor", (4, 4, 2), 3, 3, 2, SAME,
                         per_channel=False)
    yield transpose_conv("transpose_conv_relu", (4, 4, 2), 3, 3, 2, SAME, activation=RELU)
    yield transpose_conv("transpose_conv_relu6", (4, 4, 2), 3, 3, 2, SAME, activation=RELU6)
    yield transpose_conv("transpose_conv_ties", (4, 4, 2), 3, 3, 2, SAME, y=(1.0, 3),
                         w=(0.03125,))


def prelu(name, shape, slope, x=None, alpha=None, y=None, fixed=True, dtype="int8"):
    sketch = Sketch(name, dtype)
    source = sketch.activation(shape, *(x or (None, None)))
    scale, zero = alpha or (0.01, sum(sketch.range) // 2 + 5)
    factor = sketch.constant(slope, scale, zero) if fixed else sketch.activation(slope, scale, zero)
    sink = sketch.activation(shape, *(y or (source.scale * 0.9, None)))
    sources = [source] if fixed else [source, factor]
    return sketch.case(Operator("PRELU", [source, factor], [sink], None, 1), sources, [sink])


def squared_difference(name, a, b, x0=None, x1=None, y=None):
    sketch = Sketch(name)
    operands = [sketch.activation(a, *(x0 or (None, None))),
                sketch.activation(b, *(x1 or (None, None)))]
    values = (real_values(sketch, operands[0]) - real_values(sketch, operands[1])) ** 2
    sink = sketch.activation(np.broadcast_shapes(a, b), *(y or fit(values, "int8")))
    operator = Operator("SQUARED_DIFFERENCE", operands, [sink], options("SquaredDifference"), 2)
    return sketch.case(operator, operands, [sink])


def divide(name, a, b, x0=None, x1=None, y=None, activation=NONE):
    """DIV; the divisor's samples are never its zero point, where the reference is undefined.

    So it is where it shifts by more than 31 bits: from 0 / 128 on when the ratio of scales is
    below 64.
    """
    sketch = Sketch(name)
    left = sketch.activation(a, *(x0 or (None, None)))
    right = sketch.activation(b, *(x1 or (None, None)))
    ratio = left.scale / right.scale
    sink = sketch.activation(np.broadcast_shapes(a, b), *(y or (ratio / 90, None)))
    samples = [sketch.feed(left), sketch.feed(right)]
    step = -1 if right.zero == 127 else 1
    samples[1] = np.where(samples[1] == right.zero, right.zero + step, samples[1]).astype(np.int8)
    table = options("Div", fusedActivationFunction=activation)
    return sketch.case(Operator("DIV", [left, right], [sink], table, 1), [left, right], [sink],
                       samples)


def pair_cases():
    image = (1, 4, 4, 6)
    for dtype in ("int8", "uint8"):
        short = "prelu" if dtype == "int8" else "uint8_prelu"
        yield prelu(f"{short}_channel", image, (1, 1, 6), dtype=dtype)
        yield prelu(f"{short}_element", image, image, dtype=dtype)
        yield prelu(f"{short}_coarse", image, (1, 1, 6), y=(0.5, None), dtype=dtype)
        yield prelu(f"{short}_fine", image, (1, 1, 6), y=(0.004, None), dtype=dtype)
    yield prelu("prelu_scalar", (3, 7), (1,))
    yield prelu("prelu_computed", image, (1, 1, 6), fixed=False)
    yield prelu("prelu_ties", (16, 16), (16,), (0.5, 1), (0.5, -2), (1.0, 3))
    yield prelu("prelu_zeros_at_ends", (16, 16), (16,), (0.05, -90), (0.02, 127), (0.06, -128))
    shape = (1, 5, 4, 3)
    yield squared_difference("squared_difference", shape, shape)
    yield squared_difference("squared_difference_ties", (16, 16), (16, 16), (0.5, 1), (0.5, -2),
                             (1.0, -100))
    yield squared_difference("squared_difference_far", shape, shape, (0.9, 3), (0.0007, -9))
    yield squared_difference("squared_difference_zeros_at_ends", shape, shape, (0.05, -128),
                             (0.02, 127))
    yield squared_difference("squared_difference_fine", shape, shape, y=(0.001, -128))
    yield divide("div", shape, shape)
    yield divide("div_relu6", shape, shape, (0.3, 3), (0.05, -9), (0.045, -30), RELU6)
    yield divide("div_relu_n1_to_1", shape, shape, (0.2, 3), (0.05, -9), (0.02, -30), RELU_N1)
    yield divide("div_zeros_at_ends", shape, shape, (0.05, -128), (0.02, 127), (0.03, 0))
    yield divide("div_ties", (16, 16), (16, 16), (0.5, 1), (0.5, -2), (0.015625, 3))
    yield divide("div_fine", shape, shape, (0.01, 3), (0.5, -2), (0.0001, 3))
    for way, (a, b) in BROADCASTS.items():
        if way in ("row", "left", "both", "channel"):
            yield squared_difference(f"squared_difference_broadcast_{way}", a, b)
            yield divide(f"div_broadcast_{way}", a, b)


def batch_matmul(name, a, b, left=False, right=False, x0=None, x1=None, y=None):
    sketch = Sketch(name)
    operands = [sketch.activation(a, *(x0 or (None, None))),
                sketch.activation(b, *(x1 or (None, None)))]
    real = [real_values(sketch, operand) for operand in operands]
    real = [np.swapaxes(value, -1, -2) if flag else value for value, flag in zip(real, (left, right))]
    values = real[0] @ real[1]
    sink = sketch.activation(values.shape, *(y or fit(values, "int8")))
    table = options("BatchMatMul", adjX=left, adjY=right)
    return sketch.case(Operator("BATCH_MATMUL", operands, [sink], table, 2), operands, [sink])


def matmul_cases():
    yield batch_matmul("batch_matmul_rank_2", (3, 5), (5, 4))
    yield batch_matmul("batch_matmul_rank_3", (2, 3, 5), (2, 5, 4))
    yield batch_matmul("batch_matmul_rank_4", (1, 2, 3, 5), (1, 2, 5, 4))
    yield batch_matmul("batch_matmul_left", (2, 5, 3), (2, 5, 4), left=True)
    yield batch_matmul("batch_matmul_right", (2, 3, 5), (2, 4, 5), right=True)
    yield batch_matmul("batch_matmul_both", (2, 5, 3), (2, 4, 5), left=True, right=True)
    yield batch_matmul("batch_matmul_broadcast", (2, 3, 5), (5, 4))
    yield batch_matmul("batch_matmul_broadcast_left", (1, 3, 5), (3, 5, 4))
    yield batch_matmul("batch_matmul_broadcast_both", (2, 1, 3, 5), (1, 3, 5, 2))
    yield batch_matmul("batch_matmul_vectors", (4, 1, 9), (4, 9, 1))
    yield batch_matmul("batch_matmul_ties", (4, 6), (6, 5), x0=(0.5, 1), x1=(0.25, -2),
                       y=(1.0, 3))
    yield batch_matmul("batch_matmul_zeros_at_ends", (4, 6), (6, 5), x0=(0.05, -128),
                       x1=(0.02, 127))


def reduction(name, kind, shape, axes, keep=False, levels=False):
    sketch = Sketch(name)
    source = sketch.activation(shape)
    reduced = {axis % len(shape) for axis in axes}
    sizes = [1 if index in reduced else size for index, size in enumerate(shape)]
    if not keep:
        sizes = [size for index, size in enumerate(sizes) if index not in reduced]
    sink = sketch.activation(sizes, source.scale, source.zero)
    table = options("Reducer", keepDims=keep)
    operator = Operator(kind, [source, constant(list(axes))], [sink], table, 2)
    return sketch.case(operator, [source], [sink])


def reduction_cases():
    for kind in ("REDUCE_MAX", "REDUCE_MIN"):
        short = kind.lower()
        yield reduction(f"{short}_height_width", kind, (1, 5, 6, 4), (1, 2))
        yield reduction(f"{short}_channel_keeps", kind, (1, 5, 6, 4), (3,), True)
        yield reduction(f"{short}_last_negative", kind, (3, 4, 5), (-1,))
        yield reduction(f"{short}_outer", kind, (3, 4, 5), (0,))
        yield reduction(f"{short}_1_and_3", kind, (2, 3, 4, 5), (1, 3))
        yield reduction(f"{short}_all", kind, (3, 7), (0, 1))
        yield reduction(f"{short}_of_one", kind, (4, 1), (1,))
        yield reduction(f"{short}_5000", kind, (5000, 2), (0,))


def log_softmax(name, shape, scale, zero=None):
    sketch = Sketch(name)
    source = sketch.activation(shape, scale, zero)
    sink = sketch.activation(shape, 16 / 256, 127)
    return sketch.case(Operator("LOG_SOFTMAX", [source], [sink], options("LogSoftmax"), 2),
                       [source], [sink], [sketch.feed(source, 8)])


def log_softmax_cases():
    yield log_softmax("log_softmax_10", (1, 10), 0.1)
    yield log_softmax("log_softmax_rows_5", (5, 9), 0.25)
    yield log_softmax("log_softmax_one_class", (3, 1), 0.1)
    yield log_softmax("log_softmax_two_classes", (40, 2), 0.03)
    yield log_softmax("log_softmax_500_classes", (1, 500), 0.08)
    yield log_softmax("log_softmax_fine_scale", (2, 16), 0.0004)
    yield log_softmax("log_softmax_coarse_scale", (2, 16), 3.0)
    yield log_softmax("log_softmax_zero_high", (2, 11), 0.05, 127)


def gather(name, shape, axis, indices, dtype="int32", computed=False):
    sketch = Sketch(name)
    source = sketch.activation(shape)
    indices = np.asarray(indices, dtype)
    place = axis % len(shape)
    result = (*shape[:place], *indices.shape, *shape[place + 1:])
    sink = sketch.activation(result, source.scale, source.zero)
    table = options("Gather", axis=axis)
    if not computed:
        operator = Operator("GATHER", [source, constant(indices, dtype)], [sink], table, 2)
        return sketch.case(operator, [source], [sink])
    named = Tensor(indices.shape, dtype)
    samples = [sketch.feed(source),
               sketch.random.integers(0, shape[place], (4, *indices.shape)).astype(dtype)]
    operator = Operator("GATHER", [source, named], [sink], table, 2)
    return sketch.case(operator, [source, named], [sink], samples)


def embedding(name, count, depth, length):
    """GATHER of a constant table by indices from outside."""
    sketch = Sketch(name)
    table = sketch.constant((count, depth), 0.05, 3)
    named = Tensor((1, length), "int32")
    sink = sketch.activation((1, length, depth), 0.05, 3)
    samples = [sketch.random.integers(0, count, (4, 1, length)).astype(np.int32)]
    operator = Operator("GATHER", [table, named], [sink], options("Gather", axis=0), 2)
    return sketch.case(operator, [named], [sink], samples)


def gather_cases():
    yield gather("gather_outer", (5, 4), 0, [3, 0, 1, 2, 4, 4])
    yield gather("gather_middle", (2, 5, 3), 1, [4, 2, 0, 1])
    yield gather("gather_last", (2, 3, 7), -1, [0, 2, 4, 6, 1])
    yield gather("gather_one", (5, 4), 0, 2)
    yield gather("gather_matrix", (5, 4), 0, [[1, 2], [4, 0]])
    yield gather("gather_int64", (5, 4), 0, [1, 3, 0], "int64")
    random = np.random.default_rng(5)
    yield gather("gather_many", (200, 2), 0, random.integers(0, 200, 150))
    yield gather("gather_computed", (2, 5, 3), 1, [0, 0, 0], computed=True)
    yield gather("gather_computed_int64", (5, 4), 0, [0, 0], "int64", computed=True)
    yield embedding("gather_embedding", 20, 6, 5)


def select(name, kind, condition, a, b, fixed=False):
    sketch = Sketch(name)
    first = sketch.activation(a)
    second = sketch.activation(b, first.scale, first.zero)
    chosen = sketch.random.integers(0, 2, (4, *condition)).astype(bool)
    flag = constant(chosen[0], "bool") if fixed else Tensor(tuple(condition), "bool")
    shape = a if kind == "SELECT" else np.broadcast_shapes(condition, a, b)
    sink = sketch.activation(shape, first.scale, first.zero)
    samples = [sketch.feed(first), sketch.feed(second)]
    sources = [first, second]
    if not fixed:
        sources, samples = [flag, *sources], [chosen, *samples]
    table = options("Select" if kind == "SELECT" else "SelectV2")
    operator = Operator(kind, [flag, first, second], [sink], table, 1)
    return sketch.case(operator, sources, [sink], samples)


def repeat_cases():
    yield select("select", "SELECT", (3, 5), (3, 5), (3, 5))
    yield select("select_slices_constant", "SELECT", (3,), (3, 5), (3, 5), fixed=True)
    yield select("select_v2", "SELECT_V2", (2, 3, 4), (2, 3, 4), (2, 3, 4))
    yield select("select_v2_broadcast", "SELECT_V2", (2, 1, 4), (3, 1), (1, 3, 4))
    yield select("select_v2_constant", "SELECT_V2", (1, 4), (3, 4), (1,), fixed=True)
    for name, shape, multiples in (
        ("tile_rows", (2, 3), (3, 1)), ("tile_columns", (2, 3), (1, 3)),
        ("tile_both", (2, 3), (2, 3)), ("tile_image", (1, 2, 3, 2), (1, 3, 2, 2)),
        ("tile_once", (2, 3), (1, 1)), ("tile_rank_5", (2, 2, 2, 2, 2), (2, 3, 2, 2, 2)),
    ):
        result = tuple(size * times for size, times in zip(shape, multiples))
        yield moved(name, "TILE", shape, result, [constant(list(multiples))], options("Tile"), 1)
    for name, shape, result in (
        ("broadcast_to_rows", (1, 4), (3, 4)), ("broadcast_to_columns", (3, 1), (3, 4)),
        ("broadcast_to_rank", (4,), (2, 3, 4)), ("broadcast_to_both", (1, 3, 1, 2), (2, 3, 4, 2)),
        ("broadcast_to_same", (3, 4), (3, 4)),
    ):
        yield moved(name, "BROADCAST_TO", shape, result, [constant(list(result))],
                    options("BroadcastTo"), 3)


def argmin_cases():
    for name, shape, axis in (("last", (3, 10), 1), ("outer", (5, 7), 0)):
        sketch = Sketch(f"arg_min_{name}")
        source = sketch.activation(shape)
        sizes = [size for index, size in enumerate(shape) if index != axis]
        sink = Tensor(tuple(sizes), "int32")
        operator = Operator("ARG_MIN", [source, constant(axis)], [sink],
                            options("ArgMin", outputType=2), 2)
        yield sketch.case(operator, [source], [sink])


def rare_cases():
    for family in (transpose_conv_cases, pair_cases, matmul_cases, reduction_cases,
                   log_softmax_cases, gather_cases, repeat_cases, argmin_cases):
        yield from family()
