#!/usr/bin/env python3
"""Writes Tests/Vectors/float_models: small float TFLite models and what LiteRT's kernels answer.

    .build/venv-vectors/bin/python tools/vectors/make_float_models.py

The environment is that of make_operators.py. Every case is seeded by its name, so a new case
changes no other; takes a second.
"""
import json
import zlib
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from single_operator import Operator, Tensor, build_model, constant, options

OUTPUT = Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "float_models"


class Sketch:
    """One case: a model of float operators and its inputs."""

    def __init__(self, name):
        self.name = name
        self.random = np.random.default_rng(zlib.crc32(name.encode()))
        self.operators, self.inputs, self.samples = [], [], []

    def reals(self, shape, low=-2.0, high=2.0):
        return np.round(self.random.uniform(low, high, shape), 3).astype(np.float32)

    def input(self, shape, low=-2.0, high=2.0, values=None, dtype="float32"):
        self.inputs.append(Tensor(tuple(shape), dtype))
        self.samples.append(self.reals(shape, low, high) if values is None
                            else np.asarray(values, dtype))
        return self.inputs[-1]

    def weights(self, shape, low=-1.0, high=1.0):
        return constant(self.reals(shape, low, high), "float32")

    def add(self, kind, inputs, shape, table=None, version=1, dtype="float32"):
        output = Tensor(tuple(shape), dtype)
        self.operators.append(Operator(kind, inputs, [output], table, version))
        return output

    def done(self, output):
        return self.name, build_model((self.operators, self.inputs, [output])), self.samples


def windows():
    s = Sketch("convolution_same")
    operands = [s.input((1, 7, 6, 3)), s.weights((5, 3, 3, 3)), s.weights((5,))]
    yield s.done(s.add("CONV_2D", operands, (1, 4, 3, 5),
                       options("Conv2D", strideH=2, strideW=2, fusedActivationFunction=3)))
    s = Sketch("depthwise_multiplied")
    operands = [s.input((1, 5, 5, 2)), s.weights((1, 3, 3, 6)), s.weights((6,))]
    yield s.done(s.add("DEPTHWISE_CONV_2D", operands, (1, 5, 5, 6),
                       options("DepthwiseConv2D", strideH=1, strideW=1, depthMultiplier=3,
                               fusedActivationFunction=1)))
    for kind in ("AVERAGE", "MAX"):
        s = Sketch(f"{kind.lower()}_pool_same")
        yield s.done(s.add(f"{kind}_POOL_2D", [s.input((1, 5, 7, 2))], (1, 3, 4, 2), options(
            "Pool2D", strideH=2, strideW=2, filterHeight=3, filterWidth=3)))
    for name, size, taps, stride, padding in [
            ("same", (6, 8), 3, 2, 0), ("valid", (7, 9), 3, 2, 1), ("gaps", (8, 10), 2, 3, 1),
            ("same_short", (9, 12), 2, 3, 0), ("same_odd", (5, 7), 3, 2, 0)]:
        s = Sketch(f"transposed_{name}")
        image = [-(-extent // stride) if padding == 0 else (extent - taps) // stride + 1
                 for extent in size]
        operands = [constant([1, *size, 4]), s.weights((4, taps, taps, 3)),
                    s.input((1, *image, 3))]
        fused = int(name == "same")
        operands += [s.weights((4,))] if fused else []
        yield s.done(s.add("TRANSPOSE_CONV", operands, (1, *size, 4), options(
            "TransposeConv", padding=padding, strideH=stride, strideW=stride,
            fusedActivationFunction=fused), 4 if fused else 1))


def products():
    s = Sketch("dense")
    operands = [s.input((3, 7)), s.weights((4, 7)), s.weights((4,))]
    yield s.done(s.add("FULLY_CONNECTED", operands, (3, 4),
                       options("FullyConnected", fusedActivationFunction=2)))
    for left in (False, True):
        for right in (False, True):
            s = Sketch(f"batch_product_{int(left)}{int(right)}")
            operands = [s.input((2, 1, 5, 3) if left else (2, 1, 3, 5)),
                        s.input((4, 2, 5) if right else (4, 5, 2))]
            yield s.done(s.add("BATCH_MATMUL", operands, (2, 4, 3, 2),
                               options("BatchMatMul", adjX=left, adjY=right)))


def elementwise():
    for kind in ("Add", "Sub", "Mul", "Div"):
        s = Sketch(f"{kind.lower()}_broadcast")
        operands = [s.input((1, 3, 4)), s.input((3, 1), 0.5, 2)]
        yield s.done(s.add(kind.upper(), operands, (1, 3, 4),
                           options(kind, fusedActivationFunction=1)))
    s = Sketch("pow")
    operands = [s.input((2, 3), 0.1, 3), s.input((2, 3))]
    yield s.done(s.add("POW", operands, (2, 3), options("Pow")))
    for kind, table in (("MAXIMUM", "MaximumMinimum"), ("MINIMUM", "MaximumMinimum"),
                        ("SQUARED_DIFFERENCE", "SquaredDifference")):
        s = Sketch(kind.lower())
        yield s.done(s.add(kind, [s.input((2, 3)), s.input((3,))], (2, 3), options(table)))
    s = Sketch("prelu")
    yield s.done(s.add("PRELU", [s.input((1, 2, 3, 4)), s.weights((1, 1, 4))], (1, 2, 3, 4)))
    s = Sketch("select")
    condition = s.input((2, 3), values=[[1, 0, 1], [0, 0, 1]], dtype="bool")
    operands = [condition, s.input((2, 3)), s.input((2, 3))]
    yield s.done(s.add("SELECT", operands, (2, 3), options("Select")))
    s = Sketch("select_broadcast")
    condition = s.input((3, 1), values=[[1], [0], [1]], dtype="bool")
    operands = [condition, s.input((1,)), s.input((2, 3, 2))]
    yield s.done(s.add("SELECT_V2", operands, (2, 3, 2), options("SelectV2")))


def unary():
    wide = ["ELU", "EXP", "NEG", "ABS", "SQUARE", "FLOOR", "CEIL", "RELU", "RELU6", "TANH",
            "RELU_N1_TO_1", "RELU_0_TO_1", "LOGISTIC", "HARD_SWISH"]
    for kind in wide + ["LOG", "SQRT", "RSQRT"]:
        s = Sketch(kind.lower())
        x = s.input((2, 11), *((-8, 8) if kind in wide else (0.01, 9)))
        yield s.done(s.add(kind, [x], (2, 11)))
    for approximate in (False, True):
        s = Sketch("gelu_approximate" if approximate else "gelu")
        yield s.done(s.add("GELU", [s.input((2, 11), -5, 5)], (2, 11),
                           options("Gelu", approximate=approximate)))
    for kind, table, fields in (("LEAKY_RELU", "LeakyRelu", {"alpha": 0.2}),
                                ("SOFTMAX", "Softmax", {"beta": 0.7}),
                                ("LOG_SOFTMAX", "LogSoftmax", {})):
        s = Sketch(kind.lower())
        yield s.done(s.add(kind, [s.input((2, 7), -4, 4)], (2, 7), options(table, **fields)))
    s = Sketch("l2_normalization")
    x = s.input((2, 3, 5))
    s.samples[0][1, 1] = 0
    yield s.done(s.add("L2_NORMALIZATION", [x], (2, 3, 5), options("L2Norm")))


def reductions():
    for kind in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"):
        for keeps in (False, True):
            s = Sketch(f"{kind.lower()}_{'kept' if keeps else 'dropped'}")
            yield s.done(s.add(kind, [s.input((2, 3, 4)), constant([1, -1])],
                               (2, 1, 1) if keeps else (2,), options("Reducer", keepDims=keeps)))
    s = Sketch("arg_max")
    yield s.done(s.add("ARG_MAX", [s.input((2, 5)), constant([-1])], (2,),
                       options("ArgMax", outputType=2), dtype="int32"))


def moves():
    s = Sketch("gather")
    operands = [s.input((2, 4, 3)), constant([[3, 0], [2, 2]])]
    yield s.done(s.add("GATHER", operands, (2, 2, 2, 3), options("Gather", axis=-2)))
    s = Sketch("gather_input")
    operands = [s.weights((4, 3)), s.input((5,), values=[3, 0, 1, 1, 2], dtype="int32")]
    yield s.done(s.add("GATHER", operands, (5, 3), options("Gather")))
    s = Sketch("tile")
    yield s.done(s.add("TILE", [s.input((2, 3)), constant([2, 3])], (4, 9)))
    s = Sketch("broadcast_to")
    yield s.done(s.add("BROADCAST_TO", [s.input((3, 1)), constant([2, 3, 4])], (2, 3, 4), None, 2))
    s = Sketch("depth_to_space")
    yield s.done(s.add("DEPTH_TO_SPACE", [s.input((1, 2, 3, 12))], (1, 4, 6, 3),
                       options("DepthToSpace", blockSize=2)))
    s = Sketch("space_to_depth")
    yield s.done(s.add("SPACE_TO_DEPTH", [s.input((1, 4, 6, 3))], (1, 2, 3, 12),
                       options("SpaceToDepth", blockSize=2)))
    s = Sketch("pad")
    yield s.done(s.add("PAD", [s.input((2, 3)), constant([[1, 0], [0, 2]])], (3, 5)))
    s = Sketch("cast_constant")
    y = s.add("CAST", [constant([[1, -2, 3]])], (1, 3),
              options("Cast", inDataType=2, outDataType=0))
    yield s.done(s.add("MUL", [s.input((2, 3)), y], (2, 3), options("Mul")))
    for kind, table in (("RESIZE_BILINEAR", "ResizeBilinear"),
                        ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighbor")):
        s = Sketch(kind.lower())
        yield s.done(s.add(kind, [s.input((1, 3, 4, 2)), constant([5, 7])], (1, 5, 7, 2),
                           options(table, halfPixelCenters=True), 3))


def stored_weights():
    """Weights in other types. LiteRT's hybrid kernels for int8 round the activations, too, so the
    truth for those is its answer to the same model with the weights widened."""
    s = Sketch("weights_float16")
    half = constant(s.reals((4, 7)).astype(np.float16), "float16")
    w = s.add("DEQUANTIZE", [half], (4, 7), options("Dequantize"), 3)
    yield s.done(s.add("FULLY_CONNECTED", [s.input((3, 7)), w, s.weights((4,))], (3, 4),
                       options("FullyConnected")))
    for name, scale in (("int8", 0.013), ("int8_channels", [0.01, 0.02, 0.005, 0.03])):
        models = []
        for is_stored in (True, False):
            s = Sketch(f"weights_{name}")
            stored = s.random.integers(-127, 128, (4, 7)).astype(np.int8)
            w = (constant(stored, "int8", scale) if is_stored
                 else constant(stored * np.atleast_1d(np.float32(scale))[:, None], "float32"))
            models.append(s.done(s.add("FULLY_CONNECTED", [s.input((3, 7)), w, s.weights((4,))],
                                       (3, 4), options("FullyConnected"))))
        yield *models[0], models[1][1]


def run(model, samples):
    """One inference on LiteRT's kernels; those of the reference resolver lack some operators."""
    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    interpreter.allocate_tensors()
    for source, values in zip(interpreter.get_input_details(), samples):
        interpreter.set_tensor(source["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def array(values):
    """Numbers as the index stores them, the shortest that float32 reads back."""
    numbers = [float(np.format_float_positional(value, unique=True, trim="0"))
               for value in np.asarray(values).astype(np.float32).ravel()]
    return {"shape": list(np.shape(values)), "values": numbers}


def main():
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for path in OUTPUT.glob("*.tflite"):
        path.unlink()
    lines = []
    for family in (windows, products, elementwise, unary, reductions, moves, stored_weights):
        for name, model, samples, *truth in family():
            (OUTPUT / f"{name}.tflite").write_bytes(model)
            entry = {"name": name, "inputs": [array(values) for values in samples],
                     "output": array(run(truth[0] if truth else model, samples))}
            lines.append(json.dumps(entry, separators=(",", ":")))
    (OUTPUT / "index.json").write_text('{"cases":[\n' + ",\n".join(lines) + "\n]}\n")
    print(f"{len(lines)} cases")


if __name__ == "__main__":
    main()
