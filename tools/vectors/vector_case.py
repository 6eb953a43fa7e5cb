"""One case of the operator vectors: a model, its inputs, and the seeded choices behind them."""
import zlib
from dataclasses import dataclass, field

import numpy as np

from single_operator import Operator, Tensor, build_model, constant

SAMPLE_COUNT = 4


@dataclass
class Case:
    """A model and input samples; `samples` has one array an input, samples first."""

    name: str
    operators: list
    model: bytes
    samples: list
    note: str = ""


@dataclass
class Sketch:
    """Random but reproducible material for one case: the seed is the case's name."""

    name: str
    dtype: str = "int8"
    random: object = field(init=False)

    def __post_init__(self):
        self.random = np.random.default_rng(zlib.crc32(self.name.encode()))

    @property
    def range(self):
        info = np.iinfo(self.dtype)
        return info.min, info.max

    def scale(self, least=0.01, most=0.1):
        """A scale that float32 holds exactly."""
        return float(np.float32(self.random.uniform(least, most)))

    def activation(self, shape, scale=None, zero=None):
        """An activation; scale and zero point are random unless given."""
        low, high = self.range
        if zero is None:
            zero = int(self.random.integers(low, high + 1))
        return Tensor(tuple(shape), self.dtype, self.scale() if scale is None else scale, zero)

    def stored(self, shape, low=None, high=None):
        """Random stored integers in low...high, by default the type's whole range."""
        least, most = self.range
        low, high = least if low is None else low, most if high is None else high
        return self.random.integers(low, high + 1, shape).astype(self.dtype)

    def constant(self, shape, scale, zero):
        """A constant operand with random content."""
        return constant(self.stored(shape), self.dtype, scale, zero)

    def sample(self, tensor, kind):
        """One input: 0 uniform, 1 extremes only, 2 one extreme everywhere, 3 near the zero."""
        if tensor.dtype == "float32":
            return self.random.uniform(-8, 8, tensor.shape).astype(np.float32)
        low, high = tensor.range
        if kind == 1:
            return self.random.choice([low, high], tensor.shape).astype(tensor.dtype)
        if kind == 2:
            extreme = self.random.choice([low, high])
            return np.full(tensor.shape, extreme, tensor.dtype)
        if kind == 3:
            near = tensor.zero + self.random.integers(-6, 7, tensor.shape)
            return np.clip(near, low, high).astype(tensor.dtype)
        return self.random.integers(low, high + 1, tensor.shape).astype(tensor.dtype)

    def feed(self, tensor, count=SAMPLE_COUNT):
        """Input samples of every kind in turn."""
        return np.stack([self.sample(tensor, index % 4) for index in range(count)])

    def case(self, operators, inputs, outputs, samples=None, note=""):
        """The case of a model, with random samples unless given."""
        if isinstance(operators, Operator):
            operators = [operators]
        if samples is None:
            samples = [self.feed(tensor) for tensor in inputs]
        model = build_model((operators, inputs, outputs))
        return Case(self.name, [op.name for op in operators], model, samples, note)
