#!/usr/bin/env python3
"""Writes Tests/Vectors/operators_int16: as make_operators.py, for int16 activations."""
import int16_cases
import make_operators

make_operators.OUTPUT = make_operators.OUTPUT.with_name("operators_int16")
make_operators.FAMILIES = [
    int16_cases.product_cases,
    int16_cases.pool_cases,
    int16_cases.mean_cases,
    int16_cases.arithmetic_cases,
    int16_cases.unary_cases,
    int16_cases.softmax_cases,
    int16_cases.quantize_cases,
    int16_cases.shape_cases,
    int16_cases.mixed_cases,
    int16_cases.network_cases,
]

if __name__ == "__main__":
    make_operators.main()
    # Integer models with these are not imported: the tests build the one node themselves.
    for path in make_operators.OUTPUT.glob("*.tflite"):
        if path.name.startswith(("exp_", "log_")):
            path.unlink()
