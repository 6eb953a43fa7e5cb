"""Cases whose inputs lie where the plausible roundings and widths of scales disagree.

Random inputs seldom tell a scale computed in float32 from one computed in float64. Here the bias,
or the scales themselves, are searched until the candidates give different outputs. What is right
is still what the reference kernels answer.
"""
import math

import numpy as np

from single_operator import Operator, constant, options
from vector_case import Sketch
from window_cases import SAME

F32 = np.float32


def multiplier(scale):
    """The 31-bit multiplier and exponent of a positive scale."""
    fraction, exponent = math.frexp(scale)
    rounded = math.floor(fraction * 2**31 + 0.5)
    return (rounded // 2, exponent + 1) if rounded == 2**31 else (rounded, exponent)


def rounded_twice(x, scale):
    """gemmlowp's high multiplication, then a rounding shift; int64 in, int64 out."""
    m, e = multiplier(scale)
    product = (x << max(e, 0)) * m + np.where(x >= 0, 2**30, 1 - 2**30)
    high = np.where(product >= 0, product >> 31, -(-product >> 31))
    if e >= 0:
        return high
    mask = (1 << -e) - 1
    return (high >> -e) + ((high & mask) > (mask >> 1) + (high < 0))


def rounded_once(x, scale):
    """Half away from zero, exactly."""
    m, e = multiplier(scale)
    magnitude = (np.abs(x) * m + (1 << (30 - e))) >> (31 - e)
    return np.where(x < 0, -magnitude, magnitude)


def rounded_real(x, scale):
    """Half away from zero of a product in float64."""
    value = x * scale
    return np.where(value < 0, -np.floor(0.5 - value), np.floor(value + 0.5)).astype(np.int64)


def widths(first, second, output):
    """first * second / output with 64-bit, 32-bit product, and 32-bit arithmetic."""
    first, second, output = F32(first), F32(second), F32(output)
    return [
        float(first) * float(second) / float(output), float(first * second) / float(output),
        float(first * second / output),
    ]


def telling_sums(sketch, scales, count, limit):
    """Sums below `limit` at which the scales or the roundings disagree."""
    found = np.zeros(0, np.int64)
    while len(found) < count:
        steps = sketch.random.integers(-100, 100, 100_000) + 0.5
        sums = np.rint(steps / scales[0]).astype(np.int64)
        sums += sketch.random.integers(-40, 41, len(sums))
        sums = sums[np.abs(sums) < limit]
        answers = [
            rounding(sums, scale)
            for scale in scales for rounding in (rounded_twice, rounded_once)
        ]
        tells = np.any([answer != answers[0] for answer in answers], axis=0)
        # Only Double arithmetic itself knows these; no integer runtime is asked to.
        same = np.all([rounded_once(sums, s) == rounded_real(sums, s) for s in scales], axis=0)
        found = np.concatenate([found, sums[tells & same]])
    return found[:count]


def telling_product(name, kind, dtype):
    """A dot product over inputs at the zero point, whose bias alone decides."""
    sketch, count = Sketch(name, dtype), 48
    low, high = sketch.range
    source = sketch.activation((1, 4) if kind == "FULLY_CONNECTED" else (1, 1, 1, 4))
    zero = 0 if dtype == "int8" else int(sketch.random.integers(low, high + 1))
    shape, axis = {
        "CONV_2D": ((count, 1, 1, 4), 0), "FULLY_CONNECTED": ((count, 4), 0),
        "DEPTHWISE_CONV_2D": ((1, 1, 1, count), 3),
    }[kind]
    scale = sketch.scale(0.002, 0.02)
    # Sums up to about 2^28, where a float32 rounding of the scale is worth several units.
    y = float(F32(source.scale * scale * 2.0 ** sketch.random.uniform(20, 21)))
    sink = sketch.activation((1, count) if kind == "FULLY_CONNECTED" else (1, 1, 1, count), y,
                             low + 128)
    weights = constant(sketch.stored(shape, low + 1), dtype, scale, zero, axis)
    sums = telling_sums(sketch, widths(source.scale, scale, y), count, 2**28)
    bias = constant(sums, "int32", F32(source.scale) * F32(scale))
    version = {"uint8": 1, "int8": 4 if kind == "FULLY_CONNECTED" else 3}[dtype]
    stride = {"padding": SAME, "strideH": 1, "strideW": 1}
    table = {
        "CONV_2D": lambda: options("Conv2D", **stride),
        "DEPTHWISE_CONV_2D": lambda: options(
            "DepthwiseConv2D", depthMultiplier=count // 4, **stride),
        "FULLY_CONNECTED": lambda: options("FullyConnected"),
    }[kind]()
    operator = Operator(kind, [source, weights, bias], [sink], table, version)
    samples = np.full((1, *source.shape), source.zero, dtype)
    return sketch.case(operator, [source], [sink], [samples])


def telling_scales(sketch, values, candidates, output_zero):
    """Round scales (a, b, y) at which `candidates` differ over the integers `values`."""
    low, high = sketch.range
    for _ in range(20_000):
        parts = sketch.random.integers(1, 80, 2)
        a, b = (float(F32(part / 200)) for part in parts)
        y = float(F32(parts[0] * parts[1] / 40_000 * 2.0 ** sketch.random.integers(-2, 8)))
        answers = [
            np.clip(rounded_twice(values, scale) + output_zero, low, high)
            for scale in candidates(a, b, y)
        ]
        if min((answer != answers[0]).sum() for answer in answers[1:]) >= 3:
            return a, b, y
    raise ValueError(f"{sketch.name}: no scales tell the candidates apart")


def telling_mul(name, dtype):
    sketch = Sketch(name, dtype)
    middle, shape = sum(sketch.range) // 2 + 1, (1, 600)
    samples = [sketch.stored((1, *shape)) for _ in range(2)]
    products = math.prod(sample.astype(np.int64) - middle for sample in samples)
    a, b, y = telling_scales(sketch, products, lambda *s: widths(*s)[:2], middle)
    tensors = [sketch.activation(shape, scale, middle) for scale in (a, b, y)]
    operator = Operator("MUL", tensors[:2], tensors[2:], options("Mul"),
                        1 if dtype == "uint8" else 2)
    return sketch.case(operator, tensors[:2], tensors[2:], samples)


def telling_unary(name, kind, table, version, factor=1.0):
    """QUANTIZE, RELU or LEAKY_RELU over every stored value, with zero points 0."""
    sketch = Sketch(name)
    values = np.arange(-128, 128).reshape(1, 16, 16)

    def candidates(a, b, y):
        return [float(F32(a)) * float(F32(factor)) / float(F32(y)),
                float(F32(a) * F32(factor) / F32(y))]

    a, _, y = telling_scales(sketch, values, candidates, 0)
    source, sink = sketch.activation((16, 16), a, 0), sketch.activation((16, 16), y, 0)
    operator = Operator(kind, [source], [sink], table, version)
    return sketch.case(operator, [source], [sink], [values.astype(np.int8)])


def rounding_cases():
    for dtype, prefix in (("int8", ""), ("uint8", "uint8_")):
        for kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            yield telling_product(f"{prefix}{kind.lower()}_scale_width", kind, dtype)
        yield telling_mul(f"{prefix}mul_scale_width", dtype)
    yield telling_unary("quantize_scale_width", "QUANTIZE", options("Quantize"), 2)
    yield telling_unary("relu_scale_width", "RELU", None, 2)
    table = options("LeakyRelu", alpha=0.3)
    yield telling_unary("leaky_relu_scale_width", "LEAKY_RELU", table, 2, 0.3)
