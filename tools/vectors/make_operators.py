#!/usr/bin/env python3
"""Writes Tests/Vectors/operators: small models and what LiteRT's reference kernels answer.

    python3 -m venv .build/venv-vectors
    .build/venv-vectors/bin/pip install -r tools/vectors/requirements.txt
    .build/venv-vectors/bin/python tools/vectors/make_operators.py

Every case is seeded by its name, so a new case changes no other; takes a few seconds.
"""
import json
from pathlib import Path

import numpy as np

import elementwise_cases
import rare_cases
import memory_cases
import rounding_cases
import shape_cases
import window_cases
from single_operator import run_reference

OUTPUT = Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "operators"

FAMILIES = [
    window_cases.convolution_cases,
    window_cases.depthwise_cases,
    window_cases.dense_cases,
    window_cases.pool_cases,
    window_cases.uint8_window_cases,
    elementwise_cases.arithmetic_cases,
    elementwise_cases.unary_cases,
    elementwise_cases.softmax_cases,
    elementwise_cases.mean_cases,
    elementwise_cases.argmax_cases,
    elementwise_cases.quantize_cases,
    elementwise_cases.edge_cases,
    elementwise_cases.uint8_elementwise_cases,
    shape_cases.reshape_cases,
    shape_cases.transpose_cases,
    shape_cases.pad_cases,
    shape_cases.join_cases,
    shape_cases.part_cases,
    shape_cases.slice_cases,
    shape_cases.resize_cases,
    rounding_cases.rounding_cases,
    rare_cases.rare_cases,
    memory_cases.lstm_cases,
    memory_cases.variable_cases,
]


def ports(name, side, arrays):
    """The index entries of one side of a case, whose arrays are written beside the model."""
    entries = []
    for number, array in enumerate(arrays):
        file = f"{name}.{side}{number}.npy"
        with open(OUTPUT / file, "wb") as stream:
            np.lib.format.write_array(stream, np.ascontiguousarray(array), version=(1, 0))
        shape = list(array.shape[1:])
        entries.append({"file": file, "dtype": str(array.dtype), "shape": shape})
    return entries


def write(case, outputs):
    (OUTPUT / f"{case.name}.tflite").write_bytes(case.model)
    return {
        "name": case.name,
        "operators": case.operators,
        "samples": len(case.samples[0]),
        "inputs": ports(case.name, "in", case.samples),
        "outputs": ports(case.name, "out", outputs),
    }


def main():
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for path in OUTPUT.iterdir():
        if path.suffix in (".tflite", ".npy", ".json"):
            path.unlink()
    entries, refusals = {}, []
    for family in FAMILIES:
        for case in family():
            if case.name in entries:
                raise ValueError(f"two cases are named {case.name}")
            try:
                outputs = run_reference(case.model, case.samples)
            except (RuntimeError, ValueError) as error:
                refusals.append(f"{case.name}: {' '.join(str(error).split())}")
                continue
            if all(len(np.unique(output)) == 1 for output in outputs):
                print(f"{case.name}: every output is the same value")
            entries[case.name] = write(case, outputs)
    rows = [json.dumps(entries[name]) for name in sorted(entries)]
    (OUTPUT / "index.json").write_text('{"cases": [\n' + ",\n".join(rows) + "\n]}\n")
    size = sum(path.stat().st_size for path in OUTPUT.iterdir())
    print(f"{len(rows)} cases, {size} bytes")
    for refusal in refusals:
        print(f"refused: {refusal}")


if __name__ == "__main__":
    main()
