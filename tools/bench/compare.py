"""Times models in Martlet's executor and in LiteRT with XNNPACK, in turns (see tools/bench/run).

Each round times both, one after the other, so that whatever else the machine does meets both. A
row has the medians over the rounds of the medians over a round's inferences, and their ratio:
above 1 the peer needs longer. Every output of the peer is compared with ours; how many bytes
differ is printed, because XNNPACK rounds otherwise than the reference kernels.
"""
import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT.parent / "shared" / "models"
PUBLISHED = ["kws_dscnn_int8", "vww_mobilenetv1_int8", "ic_resnet8_int8", "ad_autoencoder_int8",
             "mobilenet_v1_0.25_128_uint8", "mobilenet_v2_1.0_224_int8"]


def default_models():
    own = ROOT / "Tests" / "Vectors" / "digits" / "digits_int8.tflite"
    return [own] + [path for name in PUBLISHED if (path := MODELS / f"{name}.tflite").exists()]


class Peer:
    """LiteRT with its default delegate, on one thread."""

    def __init__(self, model):
        self.interpreter = Interpreter(model_path=str(model), num_threads=1)
        self.interpreter.allocate_tensors()
        generator = np.random.default_rng(1)
        self.inputs = []
        for detail in self.interpreter.get_input_details():
            limits = np.iinfo(detail["dtype"])
            sample = generator.integers(limits.min, limits.max, detail["shape"], detail["dtype"],
                                        endpoint=True)
            self.interpreter.set_tensor(detail["index"], sample)
            self.inputs.append(sample)

    def microseconds(self, iterations):
        """The median time of one inference."""
        for _ in range(max(3, iterations // 10)):
            self.interpreter.invoke()
        times = []
        for _ in range(iterations):
            begin = time.perf_counter_ns()
            self.interpreter.invoke()
            times.append(time.perf_counter_ns() - begin)
        return statistics.median(times) / 1_000

    def output(self):
        return self.interpreter.get_tensor(self.interpreter.get_output_details()[0]["index"])


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stderr}tools/bench: exit {done.returncode}")
    return done.stdout


def ours(martlet, model, iterations):
    return json.loads(run([martlet, "bench", model, "--iterations", iterations, "--json"]))


def our_output(martlet, model, inputs, work):
    """What the executor answers to the peer's inputs."""
    command = [martlet, "infer", model, "--output", work / "y.npy"]
    for index, sample in enumerate(inputs):
        np.save(work / f"x{index}.npy", sample)
        command += ["--input", work / f"x{index}.npy"]
    run(command)
    return np.load(work / "y.npy")


def reference_output(model, inputs):
    interpreter = Interpreter(model_path=str(model), num_threads=1,
                              experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    for detail, sample in zip(interpreter.get_input_details(), inputs):
        interpreter.set_tensor(detail["index"], sample)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def measure(martlet, model, rounds, iterations, work):
    peer = Peer(model)
    our_times, peer_times = [], []
    for _ in range(rounds):
        result = ours(martlet, model, iterations)
        our_times.append(result["p50Microseconds"])
        peer_times.append(peer.microseconds(iterations))
    ours_median, peer_median = statistics.median(our_times), statistics.median(peer_times)
    output = our_output(martlet, model, peer.inputs, work)
    expected = reference_output(model, peer.inputs)
    return {
        "model": model.stem,
        "martletMicroseconds": ours_median,
        "peerMicroseconds": peer_median,
        "ratio": peer_median / ours_median,
        "arenaBytes": result["arenaBytes"],
        "bytesThatDifferFromReference": int(np.count_nonzero(output.ravel() != expected.ravel())),
        "peerBytesThatDifferFromReference":
            int(np.count_nonzero(peer.output().ravel() != expected.ravel())),
    }


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--martlet", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--json", type=Path, help="write the rows there, too")
    parser.add_argument("models", nargs="*", type=Path)
    options = parser.parse_args()
    print(f"{processor()}, one thread, {options.rounds} rounds of {options.iterations}; medians")
    line = "{:32} {:>12} {:>14} {:>7} {:>10}  {}"
    print(line.format("model", "martlet us", "XNNPACK us", "ratio", "arena B",
                      "bytes unlike the reference"))
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for model in options.models or default_models():
            row = measure(options.martlet, model, options.rounds, options.iterations, Path(work))
            rows.append(row)
            print(line.format(
                row["model"], f"{row['martletMicroseconds']:.1f}",
                f"{row['peerMicroseconds']:.1f}", f"{row['ratio']:.2f}", row["arenaBytes"],
                f"ours {row['bytesThatDifferFromReference']}, "
                f"XNNPACK {row['peerBytesThatDifferFromReference']}"), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")
    return 1 if any(row["bytesThatDifferFromReference"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
