"""Everyone who turns the float model into integers, and the float model itself.

Each function takes samples [n, ...] and gives real outputs [n, ...].
"""

import pathlib
import subprocess
import tempfile

import numpy
import onnx
import onnxruntime
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
    shape_inference,
)


def _session(model) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _run(session: onnxruntime.InferenceSession, samples: numpy.ndarray) -> numpy.ndarray:
    name = session.get_inputs()[0].name
    return numpy.concatenate([session.run(None, {name: sample[None]})[0] for sample in samples])


def float_model(path: pathlib.Path, samples: numpy.ndarray) -> numpy.ndarray:
    """ONNX Runtime in float32."""
    return _run(_session(str(path)), samples)


class _Reader(CalibrationDataReader):
    def __init__(self, name: str, samples: numpy.ndarray):
        self.rest = iter([{name: sample[None]} for sample in samples])

    def get_next(self):
        return next(self.rest, None)


def onnx_runtime(
    path: pathlib.Path, calibration: numpy.ndarray, samples: numpy.ndarray
) -> numpy.ndarray:
    """ONNX Runtime's static quantization: QDQ, int8, per channel, min-max, after its preparation."""
    with tempfile.TemporaryDirectory() as folder:
        prepared, quantized = f"{folder}/prepared.onnx", f"{folder}/int8.onnx"
        shape_inference.quant_pre_process(str(path), prepared, skip_symbolic_shape=True)
        name = onnx.load(prepared).graph.input[0].name
        quantize_static(
            prepared,
            quantized,
            _Reader(name, calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
        )
        return _run(_session(quantized), samples)


def published(path: pathlib.Path, samples: numpy.ndarray) -> numpy.ndarray:
    """A published int8 TFLite file under LiteRT's reference kernels."""
    interpreter = Interpreter(
        str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF, num_threads=1
    )
    interpreter.allocate_tensors()
    entry, end = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    (scale, zero), (end_scale, end_zero) = entry["quantization"], end["quantization"]
    limits = numpy.iinfo(entry["dtype"])
    results = []
    for sample in samples:
        stored = numpy.clip(numpy.round(sample / scale) + zero, limits.min, limits.max)
        interpreter.set_tensor(entry["index"], stored.astype(entry["dtype"]).reshape(entry["shape"]))
        interpreter.invoke()
        results.append(interpreter.get_tensor(end["index"]))
    return (numpy.concatenate(results).astype(numpy.float32) - end_zero) * end_scale


class Martlet:
    """The command line tool, as a user calls it."""

    def __init__(self, binary: str, folder: str):
        self.binary, self.folder = binary, pathlib.Path(folder)
        self._call("key", "generate", "--role", "release", "--no-password", "--output", folder)

    def _call(self, *arguments: str) -> None:
        done = subprocess.run([self.binary, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"martlet {arguments[0]} exits with {done.returncode}:\n{done.stderr}")

    def quantized(
        self,
        path: pathlib.Path,
        calibration: numpy.ndarray,
        samples: numpy.ndarray,
        options: list[str],
    ) -> numpy.ndarray:
        """Builds a bundle and runs the device's own executor."""
        place = self.folder
        numpy.save(place / "calibration.npy", calibration)
        numpy.save(place / "samples.npy", samples)
        secret = next(place.glob("*.key"))
        self._call(
            "build", str(path), "--name", "model", "--version", "1", "--target", "generic-x86_64",
            "--sign", str(secret), "--output", f"{place}/model.eib",
            "--calibration", f"{place}/calibration.npy", *options,
        )
        self._call(
            "infer", f"{place}/model.eib", "--trust", str(next(place.glob("*.pub"))),
            "--input", f"{place}/samples.npy", "--output", f"{place}/outputs.npy", "--dequantize",
        )
        return numpy.load(place / "outputs.npy")
