"""Prints the table; exits with 6 when a bar is missed."""

import argparse
import json
import sys
import tempfile
import time

import numpy

import cases
import contenders


def area(scores: numpy.ndarray, labels: numpy.ndarray) -> float:
    """The area under the ROC curve as the share of ordered pairs (Mann and Whitney 1947)."""
    anomalous, normal = scores[labels == 1], scores[labels == 0]
    difference = anomalous[:, None] - normal[None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def score(case: cases.Case, samples, outputs, labels, truth) -> float:
    count = len(samples)
    if case.metric == "auc":
        errors = ((samples - outputs.reshape(samples.shape)) ** 2).mean(axis=1)
        return area(errors.reshape(len(labels), -1).mean(axis=1), labels)
    classes = outputs.reshape(count, -1).argmax(axis=1)
    reference = truth.reshape(count, -1).argmax(axis=1) if case.metric == "agreement" else labels
    return float((classes == reference).mean())


def decibels(outputs: numpy.ndarray, truth: numpy.ndarray) -> float:
    truth = truth.astype(numpy.float64).ravel()
    noise = ((outputs.astype(numpy.float64).ravel() - truth) ** 2).sum()
    return 10 * numpy.log10((truth**2).sum() / noise) if noise else float("inf")


def noise_of_difference(count: int, ours: float, theirs: float) -> float:
    """One standard error of the difference of two shares of the same samples, if independent."""
    share = min(max((ours + theirs) / 2, 0.5 / count), 1 - 0.5 / count)
    return (2 * share * (1 - share) / count) ** 0.5


def measure(case: cases.Case, martlet: contenders.Martlet, options: list[str]) -> dict:
    models = cases.SHARED / "models"
    calibration, samples, labels = case.data()
    truth = contenders.float_model(models / case.onnx, samples)
    start = time.monotonic()
    options = [*case.options, *options]
    outputs = {"martlet": martlet.quantized(models / case.model, calibration, samples, options)}
    seconds = time.monotonic() - start
    outputs["onnxruntime"] = contenders.onnx_runtime(models / case.onnx, calibration, samples)
    if case.published:
        outputs["published"] = contenders.published(models / case.published, samples)
    row = {"case": case.name, "metric": case.metric, "samples": len(samples), "seconds": seconds}
    row["float"] = score(case, samples, truth, labels, truth)
    for name, output in outputs.items():
        row[name] = score(case, samples, output, labels, truth)
        row[f"{name}Decibels"] = decibels(output, truth)
    bar = max(case.least, row["float"] - case.drop)
    units = len(labels) if case.metric == "auc" else len(samples)
    floor = row["onnxruntime"] - noise_of_difference(units, row["martlet"], row["onnxruntime"])
    row["bar"], row["passes"] = bar, bool(row["martlet"] >= max(bar, floor) - 1e-12)
    return row


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--json")
    parser.add_argument("--options", default="", help="further options of 'martlet build'")
    parser.add_argument("cases", nargs="*", help=", ".join(case.name for case in cases.ALL))
    given = parser.parse_args()
    chosen = [case for case in cases.ALL if not given.cases or case.name in given.cases]
    unknown = set(given.cases) - {case.name for case in cases.ALL}
    if unknown or not cases.SHARED.exists():
        parser.error(f"unknown: {sorted(unknown)}" if unknown else f"{cases.SHARED} is not there")
    print("| model | metric | samples | float | martlet | ONNX Runtime | published | bar | |")
    print("|---|---|---|---|---|---|---|---|---|")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        martlet = contenders.Martlet(given.martlet, folder)
        for case in chosen:
            row = measure(case, martlet, given.options.split())
            rows.append(row)

            def cell(name: str) -> str:
                if name not in row:
                    return "-"
                return f"{row[name]:.4f} ({row[f'{name}Decibels']:.1f} dB)"

            print(
                f"| {' '.join([row['case'], *case.options])} | {row['metric']} | {row['samples']} | {row['float']:.4f} "
                f"| {cell('martlet')} | {cell('onnxruntime')} | {cell('published')} "
                f"| {row['bar']:.4f} | {'passes' if row['passes'] else 'FAILS'} |",
                flush=True,
            )
    if given.json:
        with open(given.json, "w") as file:
            json.dump(rows, file, indent=1)
    sys.exit(0 if all(row["passes"] for row in rows) else 6)


if __name__ == "__main__":
    main()
