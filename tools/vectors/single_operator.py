"""Builds small TFLite models from plain values and runs them on LiteRT's reference kernels.

A model is made directly as a flatbuffer, without a converter, so that every scale, zero point,
option and shape is the one that a case asks for.
"""
from dataclasses import dataclass

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

TYPES = {
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
    "float16": schema.TensorType.FLOAT16,
    "float32": schema.TensorType.FLOAT32,
    "bool": schema.TensorType.BOOL,
    "resource": schema.TensorType.RESOURCE,
}


@dataclass(eq=False)
class Tensor:
    """One tensor of a model: an activation, or a constant when it has `data`.

    `scale` and `zero` are single values, or lists along dimension `axis`.
    """

    shape: tuple
    dtype: str = "int8"
    scale: object = None
    zero: object = 0
    data: object = None
    axis: int = 0
    signature: object = None
    is_variable: bool = False

    @property
    def range(self):
        """The least and the greatest stored value."""
        info = np.iinfo(self.dtype)
        return info.min, info.max


def constant(values, dtype="int32", scale=None, zero=0, axis=0):
    """A constant tensor with the shape of `values`."""
    data = np.asarray(values, dtype)
    return Tensor(data.shape, dtype, scale, zero, data, axis)


@dataclass
class Operator:
    """One operator: its name in the schema, its tensors (None: absent) and its options."""

    name: str
    inputs: list
    outputs: list
    options: object = None
    version: int = 1
    custom_name: str = ""
    intermediates: list = None


def options(kind, **fields):
    """An options table of the schema, for example `options("Pool2D", padding=1)`."""
    table = getattr(schema, f"{kind}OptionsT")()
    for name, value in fields.items():
        if not hasattr(table, name):
            raise AttributeError(f"{kind} has no option {name}")
        setattr(table, name, value)
    return table


def _quantization(tensor):
    table = schema.QuantizationParametersT()
    if tensor.scale is not None:
        table.scale = np.atleast_1d(np.asarray(tensor.scale, np.float32))
        zero = np.asarray(tensor.zero, np.int64)
        table.zeroPoint = np.broadcast_to(zero, table.scale.shape).copy()
        table.quantizedDimension = tensor.axis
    return table


def _subgraph(operators, inputs, outputs, buffers, codes):
    graph = schema.SubGraphT()
    graph.name = b"main"
    graph.tensors, graph.operators, places = [], [], {}

    def place(tensor):
        if tensor is None:
            return -1
        if id(tensor) not in places:
            places[id(tensor)] = len(graph.tensors)
            table = schema.TensorT()
            table.name = f"t{len(graph.tensors)}".encode()
            table.shape = np.asarray(tensor.shape, np.int32)
            table.type = TYPES[tensor.dtype]
            table.quantization = _quantization(tensor)
            table.isVariable = tensor.is_variable
            if tensor.signature is not None:
                table.shapeSignature = np.asarray(tensor.signature, np.int32)
            if tensor.data is not None:
                buffer = schema.BufferT()
                raw = np.ascontiguousarray(tensor.data).tobytes()
                buffer.data = np.frombuffer(raw, np.uint8)
                table.buffer = len(buffers)
                buffers.append(buffer)
            graph.tensors.append(table)
        return places[id(tensor)]

    graph.inputs = [place(tensor) for tensor in inputs]
    for operator in operators:
        table = schema.OperatorT()
        key = (operator.name, operator.version, operator.custom_name)
        if key not in codes:
            codes.append(key)
        table.opcodeIndex = codes.index(key)
        table.inputs = [place(tensor) for tensor in operator.inputs]
        table.outputs = [place(tensor) for tensor in operator.outputs]
        if operator.intermediates:
            table.intermediates = [place(tensor) for tensor in operator.intermediates]
        if operator.options is not None:
            kind = type(operator.options).__name__[:-1]
            table.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            table.builtinOptions = operator.options
        graph.operators.append(table)
    graph.outputs = [place(tensor) for tensor in outputs]
    return graph


def build_model(*subgraphs):
    """The bytes of a model; each subgraph is (operators, input tensors, output tensors)."""
    model = schema.ModelT()
    model.version = 3
    model.description = b"martlet test vector"
    model.buffers, codes = [schema.BufferT()], []
    model.subgraphs = [_subgraph(*subgraph, model.buffers, codes) for subgraph in subgraphs]
    model.operatorCodes = []
    for name, version, custom_name in codes:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = version
        code.customCode = custom_name.encode() or None
        model.operatorCodes.append(code)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def run_reference(model, samples):
    """Outputs of LiteRT's reference kernels: one array an output, samples along dimension 0.

    `samples` has one array an input, samples along dimension 0. Raises what LiteRT raises.
    """
    interpreter = Interpreter(
        model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    sources, sinks = interpreter.get_input_details(), interpreter.get_output_details()
    collected = [[] for _ in sinks]
    for index in range(len(samples[0])):
        for source, array in zip(sources, samples):
            interpreter.set_tensor(source["index"], array[index])
        interpreter.invoke()
        for output, sink in zip(collected, sinks):
            output.append(np.array(interpreter.get_tensor(sink["index"])))
    return [np.stack(output) for output in collected]
