"""Elementwise operators, MEAN, SOFTMAX, ARG_MAX, QUANTIZE and the model's edges."""
import numpy as np

from single_operator import Operator, Tensor, constant, options
from vector_case import Sketch
from window_cases import NONE, RELU, RELU6, RELU_N1

ARITHMETIC = {"ADD": "Add", "SUB": "Sub", "MUL": "Mul"}
NUMPY = {"ADD": np.add, "SUB": np.subtract, "MUL": np.multiply}
BROADCASTS = {
    "row": ((2, 3, 4), (4,)),
    "column": ((1, 3, 4, 2), (1, 3, 1, 1)),
    "left": ((5,), (3, 2, 5)),
    "both": ((1, 4, 1, 3), (1, 1, 5, 3)),
    "one_element": ((3, 7), (1,)),
    "scalar": ((3, 7), ()),
    "channel": ((1, 3, 3, 17), (1, 1, 1, 17)),
    "inner_one": ((2, 5, 1), (2, 5, 6)),
    "rank_5": ((2, 1, 3, 1, 2), (1, 2, 1, 3, 2)),
}


def fit(values, dtype):
    """Scale and zero point that hold nearly all of `values`, as a converter would choose."""
    low, high = (float(limit) for limit in np.percentile(values, [2, 98]))
    low, high = min(low, 0.0), max(high, 1e-3)
    scale = float(np.float32((high - low) / 255))
    return scale, int(np.iinfo(dtype).min + round(-low / scale))


def real_values(sketch, tensor):
    """The real numbers of a random content, without drawing on the case's own randomness."""
    stored = tensor.data
    if stored is None:
        stored = np.random.default_rng(1).integers(*sketch.range, tensor.shape, endpoint=True)
    return (np.float64(stored) - tensor.zero) * tensor.scale


def binary(name, kind, a, b, activation=NONE, x0=None, x1=None, y=None, fixed=None,
           dtype="int8"):
    """ADD, SUB or MUL; `fixed` names the operand (0 or 1) that is a constant."""
    sketch = Sketch(name, dtype)
    middle = sum(sketch.range) // 2
    default = (None, None if activation == NONE else middle + 7)
    operands = [sketch.activation(a, *(x0 or default)), sketch.activation(b, *(x1 or default))]
    if fixed is not None:
        old = operands[fixed]
        operands[fixed] = sketch.constant(old.shape, old.scale, old.zero)
    if y is None:
        values = NUMPY[kind](*(real_values(sketch, operand) for operand in operands))
        y = fit(values, dtype)
        if activation in (RELU6, RELU_N1):
            y = (0.045 if activation == RELU6 else 0.02, middle - 30)
    sink = sketch.activation(np.broadcast_shapes(a, b), *y)
    table = options(ARITHMETIC[kind], fusedActivationFunction=activation)
    sources = [operand for operand in operands if operand.data is None]
    version = 1 if dtype == "uint8" else 2
    return sketch.case(Operator(kind, operands, [sink], table, version), sources, [sink])


def arithmetic_cases():
    shape = (1, 5, 4, 3)
    for kind in ARITHMETIC:
        short = kind.lower()
        yield binary(short, kind, shape, shape)
        yield binary(f"{short}_vector_67", kind, (67,), (67,))
        yield binary(f"{short}_batch_2", kind, (2, 3, 3), (2, 3, 3))
        yield binary(f"{short}_relu", kind, shape, shape, RELU)
        yield binary(f"{short}_relu6", kind, shape, shape, RELU6)
        yield binary(f"{short}_relu_n1_to_1", kind, shape, shape, RELU_N1)
        yield binary(f"{short}_zeros_at_ends", kind, shape, shape, NONE, (0.05, -128),
                     (0.02, 127))
        yield binary(f"{short}_zeros_at_ends_2", kind, shape, shape, NONE, (0.05, 127),
                     (0.02, 127))
        yield binary(f"{short}_scales_far_apart", kind, shape, shape, NONE, (0.9, 3),
                     (0.0007, -9), (0.8, 5))
        yield binary(f"{short}_ties", kind, (16, 16), (16, 16), NONE, (0.5, 1), (0.5, -2),
                     (2.0 if kind == "MUL" else 1.0, 3))
        yield binary(f"{short}_ties_quarter", kind, (16, 16), (16, 16), NONE, (0.25, 0),
                     (1.0, 0), (2.0, -1))
        yield binary(f"{short}_coarse_output", kind, shape, shape, NONE, (0.01, 1), (0.02, 2),
                     (0.4, 0))
        yield binary(f"{short}_fine_output", kind, shape, shape, NONE, (0.02, 1), (0.05, 2),
                     (0.01, 0))
        yield binary(f"{short}_constant_row", kind, (1, 4, 4, 8), (8,), fixed=1)
        yield binary(f"{short}_constant_scalar_first", kind, (), (5, 6), fixed=0)
        for way, (a, b) in BROADCASTS.items():
            yield binary(f"{short}_broadcast_{way}", kind, a, b)
    for kind in ("MAXIMUM", "MINIMUM"):
        short = kind.lower()
        yield extremum(short, kind, shape, shape)
        yield extremum(f"{short}_vector_67", kind, (67,), (67,))
        yield extremum(f"{short}_constant", kind, (4, 9), (1, 9), fixed=True)
        for way, (a, b) in BROADCASTS.items():
            if way != "rank_5":
                yield extremum(f"{short}_broadcast_{way}", kind, a, b)


def extremum(name, kind, a, b, fixed=False):
    """MAXIMUM or MINIMUM, whose tensors all have one scale and zero point."""
    sketch = Sketch(name)
    first = sketch.activation(a)
    second = sketch.activation(b, first.scale, first.zero)
    if fixed:
        second = sketch.constant(b, first.scale, first.zero)
    sink = sketch.activation(np.broadcast_shapes(a, b), first.scale, first.zero)
    sources = [tensor for tensor in (first, second) if tensor.data is None]
    operator = Operator(kind, [first, second], [sink], options("MaximumMinimum"), 2)
    return sketch.case(operator, sources, [sink])


def every_value(shape, dtype):
    """Samples that hold each of the 256 stored values, from the least up."""
    info = np.iinfo(dtype)
    return np.arange(info.min, info.max + 1).astype(dtype).reshape(1, *shape)


def unary(name, kind, x=None, y=None, table=None, version=1, dtype="int8", shape=(16, 16)):
    """A one-input operator over all 256 stored values."""
    sketch = Sketch(name, dtype)
    source = sketch.activation(shape, *(x or (None, None)))
    sink = sketch.activation(shape, *(y or (None, None)))
    operator = Operator(kind, [source], [sink], table, version)
    return sketch.case(operator, [source], [sink], [every_value(shape, dtype)])


def unary_cases():
    low = -128
    for number, x in enumerate([(0.05, 0), (0.02, -128), (0.004, 127), (0.3, -37), (2.5, 90)]):
        yield unary(f"logistic_{number}", "LOGISTIC", x, (1 / 256, low))
        yield unary(f"tanh_{number}", "TANH", x, (1 / 128, 0))
    for kind, version in (("RELU", 2), ("RELU6", 2), ("RELU_N1_TO_1", 1)):
        short = kind.lower()
        yield unary(f"{short}_same_scale", kind, (0.05, -3), (0.05, -3), version=version)
        yield unary(f"{short}_zero_moves", kind, (0.05, -3), (0.05, -128), version=version)
        yield unary(f"{short}_finer", kind, (0.05, -20), (0.031, -128), version=version)
        yield unary(f"{short}_coarser", kind, (0.05, 40), (0.11, 17), version=version)
        yield unary(f"{short}_ties", kind, (0.5, 1), (1.0, -60), version=version)
        end = 127 if kind == "RELU_N1_TO_1" else -128
        yield unary(f"{short}_zero_at_end", kind, (0.02, end), (0.03, end), version=version)
    for number, (alpha, x, y) in enumerate([
        (0.1, (0.05, -3), (0.05, -3)), (0.3, (0.04, 20), (0.023, -90)),
        (0.01, (0.1, 100), (0.05, 5)), (0.0, (0.05, 0), (0.05, -128)),
        (2.0, (0.03, 5), (0.07, 40)), (0.5, (1.0, 0), (1.0, 0)), (0.25, (0.5, 3), (1.0, -7)),
    ]):
        table = options("LeakyRelu", alpha=alpha)
        yield unary(f"leaky_relu_{number}", "LEAKY_RELU", x, y, table, 2)
    for number, (x, y) in enumerate([
        ((0.05, 0), (0.03, -115)), ((0.1, -20), (0.1, -128)), ((0.02, 50), (0.03, 10)),
        ((0.3, 10), (0.3, -125)), ((0.01, -128), (0.02, -128)), ((0.06, 127), (0.004, 100)),
    ]):
        yield unary(f"hard_swish_{number}", "HARD_SWISH", x, y)


def softmax(name, shape, scale, beta=1.0, dtype="int8", zero=None):
    sketch = Sketch(name, dtype)
    source = sketch.activation(shape, scale, zero)
    sink = sketch.activation(shape, 1 / 256, sketch.range[0])
    version = 1 if dtype == "uint8" else 2
    operator = Operator("SOFTMAX", [source], [sink], options("Softmax", beta=beta), version)
    # Every other sample spans 8 real units only, so that several classes share the outcome.
    low, high = sketch.range
    width = min(high - low, max(1, round(8 / (scale * beta))))
    samples = sketch.feed(source, 8)
    samples[1::2] = low + sketch.random.integers(0, width + 1, samples[1::2].shape)
    return sketch.case(operator, [source], [sink], [samples])


def softmax_cases():
    yield softmax("softmax_10", (1, 10), 0.1)
    yield softmax("softmax_rank_1", (12,), 0.2)
    yield softmax("softmax_rank_3", (2, 3, 7), 0.15)
    yield softmax("softmax_rank_4", (1, 2, 2, 5), 0.3)
    yield softmax("softmax_rows_5", (5, 9), 0.25)
    yield softmax("softmax_one_class", (3, 1), 0.1)
    yield softmax("softmax_two_classes", (4, 2), 0.03)
    yield softmax("softmax_100_classes", (1, 100), 0.08)
    yield softmax("softmax_fine_scale", (2, 16), 0.0004)
    yield softmax("softmax_coarse_scale", (2, 16), 3.0)
    yield softmax("softmax_huge_scale", (2, 16), 40.0)
    yield softmax("softmax_beta_half", (2, 11), 0.2, 0.5)
    yield softmax("softmax_beta_3", (2, 11), 0.1, 3.0)
    yield softmax("softmax_zero_high", (2, 11), 0.1, zero=127)


def mean(name, shape, axes, keep=False, x=None, y=None, dtype="int8"):
    sketch = Sketch(name, dtype)
    source = sketch.activation(shape, *(x or (None, None)))
    reduced = {axis % len(shape) for axis in axes}
    sizes = [1 if index in reduced else size for index, size in enumerate(shape)]
    if not keep:
        sizes = [size for index, size in enumerate(sizes) if index not in reduced]
    values = real_values(sketch, source).mean(axis=tuple(reduced))
    sink = sketch.activation(sizes, *(y or fit(values, dtype)))
    operands = [source, constant(list(axes))]
    version = 1 if dtype == "uint8" else 2
    operator = Operator("MEAN", operands, [sink], options("Reducer", keepDims=keep), version)
    return sketch.case(operator, [source], [sink])


def mean_cases(prefix="", dtype="int8"):
    image = (1, 5, 6, 4)
    for keep in (False, True):
        tail = "_keeps" if keep else ""
        yield mean(f"{prefix}mean_height_width{tail}", image, (1, 2), keep, dtype=dtype)
        yield mean(f"{prefix}mean_channel{tail}", image, (3,), keep, dtype=dtype)
        yield mean(f"{prefix}mean_last_negative{tail}", image, (-1,), keep, dtype=dtype)
        yield mean(f"{prefix}mean_outer{tail}", (3, 4, 5), (0,), keep, dtype=dtype)
        yield mean(f"{prefix}mean_1_and_3{tail}", (2, 3, 4, 5), (1, 3), keep, dtype=dtype)
        yield mean(f"{prefix}mean_rows{tail}", (3, 7), (1,), keep, dtype=dtype)
    middle = 128 if dtype == "uint8" else 0
    yield mean(f"{prefix}mean_2_1_order", image, (2, 1), dtype=dtype)
    yield mean(f"{prefix}mean_all_but_batch", image, (1, 2, 3), True, dtype=dtype)
    yield mean(f"{prefix}mean_of_one", (1, 1, 1, 6), (1, 2), True, dtype=dtype)
    yield mean(f"{prefix}mean_same_scale", (1, 7, 7, 5), (1, 2), False, (0.05, 3 + middle),
               (0.05, 3 + middle), dtype)
    yield mean(f"{prefix}mean_49_ties", (1, 7, 7, 5), (1, 2), False, (0.5, 1 + middle),
               (1.0, middle), dtype)
    yield mean(f"{prefix}mean_4_ties", (1, 2, 2, 40), (1, 2), False, (1.0, middle),
               (1.0, middle), dtype)
    yield mean(f"{prefix}mean_zeros_low", image, (1, 2), True, (0.05, middle - 128),
               (0.04, middle - 128), dtype)
    yield mean(f"{prefix}mean_zeros_high", image, (1, 2), True, (0.05, middle + 127),
               (0.03, middle + 127), dtype)
    yield mean(f"{prefix}mean_batch_3", (3, 3, 3, 2), (1, 2), dtype=dtype)


def argmax(name, shape, axis, output, levels=None):
    """ARG_MAX; with few `levels` the maximum is seldom alone."""
    sketch = Sketch(name)
    source = sketch.activation(shape)
    sizes = [size for index, size in enumerate(shape) if index != axis % len(shape)]
    sink = Tensor(tuple(sizes), output)
    table = options("ArgMax", outputType={"int32": 2, "int64": 4}[output])
    operator = Operator("ARG_MAX", [source, constant(axis)], [sink], table, 2)
    samples = sketch.feed(source)
    if levels:
        samples = (samples.astype(np.int32) // (256 // levels) * (256 // levels)).astype(np.int8)
    return sketch.case(operator, [source], [sink], [samples])


def argmax_cases():
    for output in ("int32", "int64"):
        yield argmax(f"arg_max_last_{output}", (3, 10), 1, output)
        yield argmax(f"arg_max_negative_{output}", (1, 4, 4, 5), -1, output)
        yield argmax(f"arg_max_ties_{output}", (6, 12), 1, output, 4)
        yield argmax(f"arg_max_outer_{output}", (5, 7), 0, output)
        yield argmax(f"arg_max_height_{output}", (2, 6, 3, 2), 1, output, 8)
        yield argmax(f"arg_max_vector_{output}", (33,), 0, output)


def quantize(name, x, y, source_type="int8", sink_type="int8"):
    sketch = Sketch(name)
    source = Tensor((16, 16), source_type, *x)
    sink = Tensor((16, 16), sink_type, *y)
    operator = Operator("QUANTIZE", [source], [sink], options("Quantize"), 2)
    return sketch.case(operator, [source], [sink], [every_value((16, 16), source_type)])


def quantize_cases():
    for number, (x, y) in enumerate([
        ((0.05, 3), (0.05, 3)), ((0.05, 3), (0.05, -20)), ((0.05, -128), (0.03, -100)),
        ((0.02, 127), (0.11, 100)), ((0.5, 0), (1.0, 0)), ((0.25, 1), (1.0, -3)),
        ((1.0, 5), (0.3, 0)), ((0.001, 0), (0.05, 1)),
    ]):
        yield quantize(f"quantize_int8_{number}", x, y)
    for number, (x, y) in enumerate([
        ((0.05, 131), (0.05, 3)), ((0.05, 0), (0.05, -128)), ((0.05, 100), (0.03, 7)),
        ((0.5, 128), (1.0, 0)), ((0.1, 255), (0.2, 127)),
    ]):
        yield quantize(f"quantize_uint8_to_int8_{number}", x, y, "uint8", "int8")
        yield quantize(f"quantize_int8_to_uint8_{number}", y, x, "int8", "uint8")
    yield quantize("quantize_uint8_0", (0.05, 131), (0.03, 90), "uint8", "uint8")
    yield quantize("quantize_uint8_1", (0.5, 7), (1.0, 250), "uint8", "uint8")


def edge_cases():
    """Models whose ports are float32 while everything inside is int8."""
    for number, (scale, zero) in enumerate([(0.0371, -5), (0.25, 3), (0.05, -128), (0.5, 90)]):
        sketch = Sketch(f"edge_input_{number}")
        real, inner = Tensor((8, 8), "float32"), sketch.activation((8, 8), scale, zero)
        sink = sketch.activation((8, 8), scale, zero)
        operators = [
            Operator("QUANTIZE", [real], [inner], options("Quantize"), 1),
            Operator("RELU", [inner], [sink], None, 2),
        ]
        # The second sample is ties and values a step around them, the third leaves the range.
        steps = sketch.random.integers(-300, 300, (8, 8)) / 2
        nearby = np.nextafter((steps * scale).astype(np.float32), np.float32(np.inf))
        samples = np.stack([
            sketch.sample(real, 0), (steps * scale).astype(np.float32), nearby,
            sketch.random.uniform(-1e5, 1e5, (8, 8)).astype(np.float32),
        ])
        yield sketch.case(operators, [real], [sink], [samples])
        sketch = Sketch(f"edge_output_{number}")
        source = sketch.activation((16, 16), scale, zero)
        inner, real = sketch.activation((16, 16), scale, zero), Tensor((16, 16), "float32")
        operators = [
            Operator("RELU6", [source], [inner], None, 2),
            Operator("DEQUANTIZE", [inner], [real], options("Dequantize"), 2),
        ]
        yield sketch.case(operators, [source], [real], [every_value((16, 16), "int8")])
    sketch = Sketch("edge_both")
    reals = [Tensor((1, 4, 5, 3), "float32") for _ in range(3)]
    inner = [sketch.activation((1, 4, 5, 3), scale) for scale in (0.06, 0.05, 0.11)]
    operators = [
        Operator("QUANTIZE", [reals[0]], [inner[0]], options("Quantize"), 1),
        Operator("QUANTIZE", [reals[1]], [inner[1]], options("Quantize"), 1),
        Operator("ADD", inner[:2], [inner[2]], options("Add"), 2),
        Operator("DEQUANTIZE", [inner[2]], [reals[2]], options("Dequantize"), 2),
    ]
    yield sketch.case(operators, reals[:2], reals[2:])


def uint8_elementwise_cases():
    shape, u8 = (1, 5, 4, 3), {"dtype": "uint8"}
    for kind in ARITHMETIC:
        short = f"uint8_{kind.lower()}"
        yield binary(short, kind, shape, shape, **u8)
        yield binary(f"{short}_broadcast_row", kind, shape, (3,), **u8)
        yield binary(f"{short}_relu6", kind, shape, shape, RELU6, **u8)
        yield binary(f"{short}_zeros_at_ends", kind, shape, shape, NONE, (0.05, 0), (0.02, 255),
                     **u8)
        yield binary(f"{short}_ties", kind, (16, 16), (16, 16), NONE, (0.5, 129), (0.5, 126),
                     (2.0 if kind == "MUL" else 1.0, 131), **u8)
    yield from mean_cases("uint8_", "uint8")
    for number, x in enumerate([(0.05, 128), (0.02, 0), (0.3, 91)]):
        yield unary(f"uint8_logistic_{number}", "LOGISTIC", x, (1 / 256, 0), **u8)
        yield unary(f"uint8_tanh_{number}", "TANH", x, (1 / 128, 128), **u8)
    yield softmax("uint8_softmax_10", (1, 10), 0.1, **u8)
    yield softmax("uint8_softmax_rows_5", (5, 9), 0.25, **u8)
    yield softmax("uint8_softmax_beta_3", (2, 11), 0.1, 3.0, **u8)
