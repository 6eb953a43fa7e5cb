#!/usr/bin/env python3
"""Writes Tests/Vectors/exact: operators without a usable int8 reference, from exact arithmetic.

    python3 -m venv .build/venv-vectors
    .build/venv-vectors/bin/pip install -r tools/vectors/requirements.txt
    .build/venv-vectors/bin/python tools/vectors/make_exact.py

Expected integers are real results of the stored numbers in 60 decimal digits, rounded half away
from zero and saturated. Where the device's own error could turn a rounding, the case is drawn
again, so `tolerance` 0 means equal. Every case is seeded by its name; takes a few seconds.
"""
import json
import math
import zlib
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np

OUTPUT = Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "exact"
mpmath.mp.dps = 60


def bits(value):
    return int(np.float32(value).view(np.uint32))


def real(value):
    """A float32 as the number that it stands for."""
    return mpmath.mpf(float(np.float32(value)))


def rounded(value):
    """Nearest integer, halves away from zero."""
    whole = mpmath.floor(abs(value) + mpmath.mpf(1) / 2)
    return int(whole) if value >= 0 else -int(whole)


def saturated(value):
    return max(-128, min(127, value))


def margin(value):
    """How far a number is from the nearest half."""
    return abs(abs(value) - mpmath.floor(abs(value)) - mpmath.mpf(1) / 2)


def tensor(values, scale=0.0, zero=0, kind="int8", is_constant=False):
    array = np.asarray(values)
    stored = [bits(x) for x in array.flat] if kind == "float32" else [int(x) for x in array.flat]
    return {"shape": list(array.shape), "type": kind, "scale": bits(scale), "zero": zero,
            "isConstant": is_constant, "values": stored}


def sink(shape, scale, zero):
    return {"shape": list(shape), "type": "int8", "scale": bits(scale), "zero": zero,
            "isConstant": False, "values": []}


def generator(name, attempt=0):
    return np.random.default_rng(zlib.crc32(f"{name}/{attempt}".encode()))


def case(name, operator, inputs, output, expected, tolerance=0, **fields):
    return {"name": name, "operator": operator, "inputs": inputs, "output": output,
            "expected": [int(x) for x in expected], "tolerance": tolerance, "epsilon": 0,
            "axis": 0, **fields}


def layer_normalization(name, shape, x, y, epsilon, spread=255, gain=1.0, shift=0.5, bias=True):
    """Rows of which every other is nearly constant; the error bound is the kernel's own."""
    for attempt in range(1000):
        random = generator(name, attempt)
        center = random.integers(-128, 128, (*shape[:-1], 1))
        width = np.full((*shape[:-1], 1), spread)
        width.reshape(-1)[1::2] = 2
        values = center + random.integers(-width, width + 1, shape)
        values = np.clip(values, -128, 127)
        gamma = np.float32(random.normal(gain, abs(gain) / 4 + 1e-9, shape[-1]))
        beta = np.float32(random.normal(0, shift, shape[-1]))
        if not bias:
            beta = np.zeros_like(beta)
        exact = normalized(values, x, y, epsilon, gamma, beta)
        steps = max(abs(real(g)) for g in gamma) / real(y[0])
        bound = (steps + 2) * mpmath.mpf(2) ** -17
        if all(margin(value) > bound for value in exact):
            break
    else:
        raise ValueError(f"{name}: every attempt has a rounding within the error bound")
    inputs = [tensor(values, *x), tensor(gamma, kind="float32", is_constant=True)]
    if bias:
        inputs.append(tensor(beta, kind="float32", is_constant=True))
    expected = [saturated(rounded(value) + y[1]) for value in exact]
    return case(name, "layerNormalization", inputs, sink(shape, *y), expected,
                epsilon=bits(epsilon))


def normalized(values, x, y, epsilon, gamma, beta):
    results = []
    for row in values.reshape(-1, values.shape[-1]):
        numbers = [real(x[0]) * (int(q) - x[1]) for q in row]
        mean = mpmath.fsum(numbers) / len(numbers)
        variance = mpmath.fsum((v - mean) ** 2 for v in numbers) / len(numbers)
        root = mpmath.sqrt(variance + real(epsilon))
        for number, g, b in zip(numbers, gamma, beta):
            unit = (number - mean) / root if root else mpmath.mpf(0)
            results.append((unit * real(g) + real(b)) / real(y[0]))
    return results


def layer_normalization_cases():
    yield layer_normalization("layer_norm_small", (4, 8), (0.05, 3), (0.03, -5), 1e-5)
    yield layer_normalization("layer_norm_rank_3", (1, 3, 24), (0.1, -128), (0.025, 0), 1e-6)
    yield layer_normalization("layer_norm_320", (2, 320), (0.02, 127), (0.04, 10), 1e-5)
    yield layer_normalization("layer_norm_no_bias", (3, 16), (0.05, 0), (0.03, 0), 1e-3,
                              bias=False)
    yield layer_normalization("layer_norm_epsilon_0", (4, 8), (0.05, 3), (0.03, -5), 0.0)
    yield layer_normalization("layer_norm_epsilon_large", (4, 8), (0.001, 3), (0.01, 0), 100.0)
    yield layer_normalization("layer_norm_epsilon_huge", (4, 8), (1e-6, 3), (0.01, 0), 1e3)
    yield layer_normalization("layer_norm_two", (40, 2), (0.05, 3), (0.01, 0), 1e-5)
    yield layer_normalization("layer_norm_one", (5, 1), (0.05, 3), (0.01, 0), 1e-5)
    yield layer_normalization("layer_norm_gain_small", (3, 16), (0.05, 0), (0.03, 0), 1e-5,
                              gain=1e-4, shift=1.0)
    yield layer_normalization("layer_norm_gain_large", (3, 16), (0.05, 0), (0.01, 0), 1e-5,
                              gain=40.0, shift=60.0)
    yield layer_normalization("layer_norm_gain_negative", (3, 16), (0.05, 0), (0.03, 0), 1e-5,
                              gain=-1.0)
    yield layer_normalization("layer_norm_bias_far", (3, 16), (0.05, 0), (0.03, 0), 1e-5,
                              gain=1e-3, shift=1e4)


def divide(name, a, b, x0, x1, y):
    """Within one step of the quotient; the kernel's reciprocal is short of exact."""
    expected = []
    for p, q in zip(a, b):
        v, w = int(p) - x0[1], int(q) - x1[1]
        if w == 0:
            expected.append(y[1] if v == 0 else 127 if v > 0 else -128)
            continue
        ratio = Fraction(float(np.float32(x0[0]))) / Fraction(float(np.float32(x1[0])))
        steps = ratio * Fraction(v, w) / Fraction(float(np.float32(y[0])))
        sign = 1 if steps >= 0 else -1
        expected.append(saturated(sign * math.floor(abs(steps) + Fraction(1, 2)) + y[1]))
    inputs = [tensor(a, *x0), tensor(b, *x1)]
    return case(name, "divide", inputs, sink((len(a),), *y), expected, 1)


def divide_cases():
    for name, x0, x1, y in (
        ("divide", (0.05, 3), (0.03, -7), (0.04, 5)),
        ("divide_coarse", (0.05, 3), (0.03, -7), (2.0, 5)),
        ("divide_coarsest", (0.05, -128), (0.03, 127), (100.0, 0)),
        ("divide_fine", (0.05, 3), (0.03, -7), (1e-5, -9)),
        ("divide_equal", (0.5, 0), (0.5, 0), (1.0, 0)),
    ):
        random = generator(name)
        a, b = random.integers(-128, 128, (2, 160))
        b[:20] = x1[1]
        a[10:20] = x0[1]
        a[20:30] = x0[1]
        yield divide(name, a, b, x0, x1, y)


def power(name, x0, x1, y):
    for attempt in range(1000):
        random = generator(name, attempt)
        a, b = random.integers(-128, 128, (2, 160))
        a[:20] = x0[1]
        exact = [powered(real(x0[0]) * (int(p) - x0[1]), real(x1[0]) * (int(q) - x1[1]))
                 for p, q in zip(a, b)]
        steps = [None if value is None else value / real(y[0]) for value in exact]
        if all(value is None or not mpmath.isfinite(value) or abs(value) > 1e6
               or margin(value) > 1e-6 for value in steps):
            break
    else:
        raise ValueError(f"{name}: every attempt has a rounding close to a half")
    expected = []
    for value in steps:
        if value is None:
            expected.append(y[1])
        elif not mpmath.isfinite(value) or abs(value) > 1e6:
            expected.append(127 if value > 0 else -128)
        else:
            expected.append(saturated(rounded(value) + y[1]))
    inputs = [tensor(a, *x0), tensor(b, *x1)]
    return case(name, "power", inputs, sink((160,), *y), expected)


def powered(base, exponent):
    """The real power, or None where there is none."""
    if base == 0:
        return mpmath.mpf(1) if exponent == 0 else mpmath.inf if exponent < 0 else mpmath.mpf(0)
    if base < 0 and exponent != mpmath.floor(exponent):
        return None
    return mpmath.power(base, int(exponent) if base < 0 else exponent)


def power_cases():
    yield power("power", (0.03, -128), (0.02, -20), (0.05, -100))
    yield power("power_negative_base", (0.03, 5), (0.5, 0), (0.05, -10))


def total(name, shape, axis, x, y):
    """SUM after the fixed-point specification; LiteRT's int8 reference sums into garbage."""
    random = generator(name)
    values = random.integers(-128, 128, shape)
    fraction, exponent = math.frexp(float(np.float32(x[0])) / float(np.float32(y[0])))
    multiplier = math.floor(fraction * 2**31 + 0.5)
    expected = []
    for sum_ in (values - x[1]).sum(axis=axis).flat:
        high = (int(sum_) * 2 ** max(exponent, 0) * multiplier * 2 + 2**31) >> 32
        shift = max(-exponent, 0)
        away = (abs(high) + (1 << shift >> 1)) >> shift
        expected.append(saturated((away if high >= 0 else -away) + y[1]))
    size = [extent for index, extent in enumerate(shape) if index != axis]
    return case(name, "sum", [tensor(values, *x)], sink(size, *y), expected, axis=axis)


def sum_cases():
    yield total("sum_last", (6, 20), 1, (0.05, 3), (0.3, -5))
    yield total("sum_first", (30, 7), 0, (0.05, -128), (0.9, -128))
    yield total("sum_same_scale", (5, 3, 4), 1, (0.05, 3), (0.05, 3))
    yield total("sum_finer", (5, 3), 1, (0.05, 3), (0.01, 0))


def gather(name, kind):
    """Indices from outside, of which some are negative and some beyond the slices."""
    random = generator(name)
    values = random.integers(-128, 128, (3, 5, 2))
    indices = np.array([0, 4, -1, -5, 5, 1000, -6, -(2**31), 2**31 - 1, 2], np.int64)
    places = np.clip(np.where(indices < 0, indices + 5, indices), 0, 4)
    inputs = [tensor(values, 0.05, 3), tensor(indices, kind=kind)]
    return case(name, "gather", inputs, sink((3, 10, 2), 0.05, 3),
                values[:, places].reshape(-1), axis=1)


def main():
    cases = [*layer_normalization_cases(), *divide_cases(), *power_cases(), *sum_cases(),
             gather("gather_int32", "int32"), gather("gather_int64", "int64")]
    OUTPUT.mkdir(parents=True, exist_ok=True)
    rows = [json.dumps(item, separators=(",", ":")) for item in cases]
    (OUTPUT / "index.json").write_text('{"cases": [\n' + ",\n".join(rows) + "\n]}\n")
    print(f"{len(rows)} cases, {(OUTPUT / 'index.json').stat().st_size} bytes")


if __name__ == "__main__":
    main()
