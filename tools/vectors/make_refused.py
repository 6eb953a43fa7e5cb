#!/usr/bin/env python3
"""Writes Tests/Vectors/tflite: small models at the limits of the importer.

    .build/venv-vectors/bin/python tools/vectors/make_refused.py

The environment is that of make_operators.py. Prints the README's table: what a file holds, and
whether LiteRT's reference kernels take it.
"""
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from single_operator import Operator, Tensor, build_model, constant, options, run_reference

OUTPUT = Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "tflite"
RANDOM = np.random.default_rng(20260101)
IMAGE = (1, 4, 4, 3)


def image(scale=0.05, zero=3, **fields):
    return Tensor(IMAGE, "int8", scale, zero, **fields)


def int8_weights(shape, scale=0.02):
    return constant(RANDOM.integers(-127, 128, shape), "int8", scale)


def relu(source, sink):
    return Operator("RELU", [source], [sink], None, 2)


def convolution(source, weights, bias, sink, **fields):
    table = options("Conv2D", **{"strideH": 1, "strideW": 1, **fields})
    return Operator("CONV_2D", [source, weights, bias], [sink], table, 3)


def int8_convolution(**fields):
    x, y, bias = image(), image(0.4, 0), constant(np.zeros(3), "int32", 0.001)
    return build_model(([convolution(x, int8_weights((3, 3, 3, 3)), bias, y, **fields)], [x], [y]))


def one(name, inputs, outputs, table=None, version=1, custom=""):
    """A model of one operator, whose inputs without content are the model's inputs."""
    sources = [tensor for tensor in inputs if tensor is not None and tensor.data is None]
    return build_model(
        ([Operator(name, inputs, outputs, table, version, custom)], sources, outputs))


def real_model(weights_dtype, scale=None):
    """A float32 convolution whose weights are stored as float32, float16 or int8."""
    x, y = Tensor(IMAGE, "float32"), Tensor(IMAGE, "float32")
    values = RANDOM.uniform(-1, 1, (3, 3, 3, 3))
    if scale is not None:
        values = np.rint(values / scale)
    stored, operators = constant(values, weights_dtype, scale), []
    weights = stored
    if weights_dtype == "float16":
        weights = Tensor(stored.shape, "float32")
        operators = [Operator("DEQUANTIZE", [stored], [weights], options("Dequantize"), 3)]
    bias = constant(np.zeros(3), "float32")
    return build_model((operators + [convolution(x, weights, bias, y)], [x], [y]))


def lstm():
    """UNIDIRECTIONAL_SEQUENCE_LSTM over 4 steps of 3 values with 2 units, float32."""
    def gates(shape):
        return [constant(RANDOM.uniform(-1, 1, shape), "float32") for _ in range(4)]

    x, y = Tensor((1, 4, 3), "float32"), Tensor((1, 4, 2), "float32")
    states = [Tensor((1, 2), "float32", is_variable=True) for _ in range(2)]
    operands = [x] + gates((2, 3)) + gates((2, 2)) + [None] * 3 + gates((2,)) + [None] * 2
    table = options("UnidirectionalSequenceLSTM", fusedActivationFunction=4)
    operator = Operator("UNIDIRECTIONAL_SEQUENCE_LSTM", operands + states, [y], table, 1)
    return build_model(([operator], [x], [y]))


def variable():
    """A running maximum kept in a resource variable."""
    x, y, old = (Tensor((1, 4), "int8", 0.05, 3) for _ in range(3))
    handle = Tensor((), "resource")
    operators = [
        Operator("VAR_HANDLE", [], [handle], options("VarHandle", sharedName="state")),
        Operator("READ_VARIABLE", [handle], [old], options("ReadVariable")),
        Operator("MAXIMUM", [x, old], [y], options("MaximumMinimum"), 2),
        Operator("ASSIGN_VARIABLE", [handle, y], [], options("AssignVariable")),
    ]
    return build_model((operators, [x], [y]))


def subgraphs(count, calls):
    """Equal int8 graphs; the first one calls the second through IF when `calls`."""
    graphs = []
    for index in range(count):
        x, y = image(), image()
        operators, inputs = [relu(x, y)], [x]
        if calls and index == 0:
            condition = Tensor((1,), "bool")
            table = options("If", thenSubgraphIndex=1, elseSubgraphIndex=2)
            operators, inputs = [Operator("IF", [condition, x], [y], table)], [condition, x]
        graphs.append((operators, inputs, [y]))
    return build_model(*graphs)


# Models of floats, which are imported for the reference interpreter.
FLOAT = {"float32", "float16_weights", "float32_int8_weights", "lstm_float32"}


def unsupported_models():
    """(name, what it holds, bytes): well formed, but outside what integer importers take."""
    x, y = image(), image()
    yield "custom_operator", "one custom operator, `MartletUnknown`", one(
        "CUSTOM", [x], [y], custom="MartletUnknown")
    yield "float32", "a float32 CONV_2D", real_model("float32")
    yield "float16_weights", "a float32 CONV_2D with float16 weights behind DEQUANTIZE", (
        real_model("float16"))
    yield "float32_int8_weights", "a float32 CONV_2D with int8 weights (hybrid)", (
        real_model("int8", 0.01))
    yield "lstm_float32", "a float32 UNIDIRECTIONAL_SEQUENCE_LSTM with two state tensors", lstm()
    yield "resource_variable", "an int8 MAXIMUM over VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE", (
        variable())
    yield "two_subgraphs", "two equal int8 graphs, neither called by the other", (
        subgraphs(2, False))
    yield "control_flow", "an IF over two subgraphs", subgraphs(3, True)
    a, b = image(signature=(1, -1, -1, 3)), image(signature=(1, -1, -1, 3))
    yield "dynamic_shape", "RELU on an image of open height and width", (
        build_model(([relu(a, b)], [a], [b])))
    a, b, shape = image(), Tensor((1, 48), "int8", 0.05, 3), Tensor((2,), "int32")
    yield "computed_shape", "RESHAPE to a shape that is an input of the model", (
        one("RESHAPE", [a, shape], [b], options("Reshape", newShape=[1, 48])))
    a, w, b = Tensor((1, 4), "int8", 0.05, 3), Tensor((2, 4), "int8", 0.05, 0), Tensor(
        (1, 2), "int8", 0.1, 0)
    yield "computed_weights", "FULLY_CONNECTED whose weights are an input of the model", (
        one("FULLY_CONNECTED", [a, w, None], [b], options("FullyConnected"), 4))
    yield "fused_tanh", "an int8 CONV_2D with a fused TANH", (
        int8_convolution(fusedActivationFunction=4))
    a, b, c = image(0.05, 3), image(0.07, -9), Tensor((1, 4, 4, 6), "int8", 0.05, 3)
    yield "unequal_concatenation", "CONCATENATION of int8 tensors of different scales", (
        one("CONCATENATION", [a, b], [c], options("Concatenation", axis=3), 2))
    a, b = Tensor((1, 8), "int8"), Tensor((1, 8), "int8")
    yield "no_scale", "an int8 RELU without scales and zero points", (
        build_model(([relu(a, b)], [a], [b])))
    a, b = (Tensor((1, 1, 1, 1, 1, 2, 2), "int8", 0.05, 3) for _ in range(2))
    yield "rank_7", "RELU on seven dimensions", build_model(([relu(a, b)], [a], [b]))


def damaged_models():
    """(name, what is wrong, bytes): no reader may crash on these or take them."""
    sound = int8_convolution()
    yield "empty", "no bytes", b""
    yield "header_only", "the first 8 bytes of a model", sound[:8]
    yield "truncated", "the first half of a model", sound[: len(sound) // 2]
    yield "identifier", "the file identifier is `TFL2`", sound.replace(b"TFL3", b"TFL2", 1)
    yield "root_beyond_end", "the root table lies beyond the end", b"\xff\xff\xff\x7f" + sound[4:]
    yield "root_at_itself", "the root table is the root reference", bytes(4) + sound[4:]
    yield "noise", "the identifier amid 512 random bytes", (
        RANDOM.bytes(4) + b"TFL3" + RANDOM.bytes(504))
    yield "stride_0", "CONV_2D with stride 0", int8_convolution(strideH=0)
    yield "padding_scheme", "CONV_2D with padding scheme 9", int8_convolution(padding=9)
    x, y, bias = image(), image(0.4, 0), constant(np.zeros(3), "int32", 0.001)
    short = int8_weights((3, 3, 3, 3))
    short.shape = (3, 300, 300, 3)
    yield "short_weights", "weights of 810,000 elements in a buffer of 81 bytes", (
        build_model(([convolution(x, short, bias, y)], [x], [y])))
    a, b = image(), image(float("nan"), 0)
    yield "scale_nan", "the output's scale is not a number", build_model(([relu(a, b)], [a], [b]))
    a, b = image(), image(-0.05, 0)
    yield "scale_negative", "the output's scale is negative", build_model(([relu(a, b)], [a], [b]))
    a, b = image(), image(0.05, 2**40)
    yield "zero_point_far", "the output's zero point is 2^40", build_model(([relu(a, b)], [a], [b]))
    a, b = (Tensor((65536, 65536, 65536, 3), "int8", 0.05, 3) for _ in range(2))
    yield "shape_overflow", "a shape of 3 * 2^48 elements", build_model(([relu(a, b)], [a], [b]))
    a, b = (Tensor((1, -4, 4, 3), "int8", 0.05, 3) for _ in range(2))
    yield "shape_negative", "a shape with a dimension of -4", build_model(([relu(a, b)], [a], [b]))
    a, b = image(), image()
    operators = [Operator("ADD", [a, b], [b], options("Add"), 2)]
    yield "reads_itself", "ADD reads the tensor that it writes", build_model((operators, [a], [b]))
    a, b, c = image(), image(), image()
    yield "wrong_order", "an operator reads what a later one writes", (
        build_model(([relu(b, c), relu(a, b)], [a], [c])))
    a, b, c = image(), image(), image()
    yield "never_written", "the model's output is written by no operator", (
        build_model(([relu(a, b)], [a], [c])))
    a, b, c = image(), image(), image()
    yield "written_twice", "two operators write one tensor", (
        build_model(([relu(a, c), relu(b, c)], [a, b], [c])))
    a = image()
    far = one("RELU", [a], [image()], None, 2)
    # The operator's only input, tensor 0 in a vector of one, becomes tensor 2^30.
    vector = np.array([1, 0], "<i4").tobytes()
    places = [i for i in range(0, len(far) - 8, 4) if far[i : i + 8] == vector]
    wild = bytearray(far)
    for place in places:
        wild[place + 4 : place + 8] = np.array([2**30], "<i4").tobytes()
    yield "tensor_beyond_end", "lists of tensors name tensor 2^30", bytes(wild)


def answer(model, name):
    """What LiteRT says; files that may crash it are not shown to it."""
    if name.startswith("damaged") or "control_flow" in name:
        return "not tried"
    try:
        kind = OpResolverType.BUILTIN_REF
        details = Interpreter(
            model_content=model, experimental_op_resolver_type=kind).get_input_details()
        run_reference(model, [np.zeros((1, *d["shape"]), d["dtype"]) for d in details])
        return "runs it"
    except (RuntimeError, ValueError) as error:
        words = " ".join(str(error).split()).split(" (")[0].split(". See")[0]
        return f"refuses it: `{words}`"


def main():
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for path in OUTPUT.glob("*.tflite"):
        path.unlink()
    rows = [("imported_" if row[0] in FLOAT else "unsupported_", *row)
            for row in unsupported_models()]
    rows += [("unsupported_damaged_", *row) for row in damaged_models()]
    for prefix, name, holds, model in rows:
        (OUTPUT / f"{prefix}{name}.tflite").write_bytes(model)
        said = answer(model, prefix.removeprefix("unsupported_") + name)
        print(f"| {prefix}{name} | {holds} | {said} |")


if __name__ == "__main__":
    main()
