#!/usr/bin/env python3
"""Trains the project's own model and writes everything in Tests/Vectors/digits.

A small residual CNN on scikit-learn's handwritten digits (1,797 images of 8 x 8 pixels, 0..16).
The images are cut once, by a seeded shuffle, into training, calibration and a held-out test set.

    python3 -m venv .build/venv-digits
    .build/venv-digits/bin/pip install -r tools/digits/requirements.txt
    .build/venv-digits/bin/python tools/digits/train.py

Takes about two minutes on two cores. The golden outputs come from LiteRT's reference kernels,
never from Martlet.
"""
import hashlib
import json
import os
import random
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
os.environ["TF_DETERMINISTIC_OPS"] = "1"

import numpy as np
import tensorflow as tf
import tf2onnx
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from sklearn.datasets import load_digits

SEED = 20260101
TEST_COUNT = 540
CALIBRATION_COUNT = 120
OUTPUT = Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "digits"


def split():
    """Images [N, 8, 8, 1] float32 in 0..16 and labels uint8: (train, calibration, test)."""
    digits = load_digits()
    order = np.random.RandomState(SEED).permutation(len(digits.images))
    images = digits.images.astype(np.float32)[order][..., None]
    labels = digits.target.astype(np.uint8)[order]
    cuts = [TEST_COUNT, TEST_COUNT + CALIBRATION_COUNT]
    test, calibration, train = zip(np.split(images, cuts), np.split(labels, cuts))
    return train, calibration, test


def block(x, filters):
    """A depthwise-separable convolution with ReLU."""
    x = tf.keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    x = tf.keras.layers.BatchNormalization()(x)
    x = tf.keras.layers.ReLU()(x)
    x = tf.keras.layers.Conv2D(filters, 1, use_bias=False)(x)
    return tf.keras.layers.BatchNormalization()(x)


def make_model():
    """Input [1, 8, 8, 1] raw pixels, output [1, 10] probabilities."""
    image = tf.keras.Input((8, 8, 1), name="image")
    x = tf.keras.layers.Rescaling(1 / 16.0)(image)
    x = tf.keras.layers.Conv2D(24, 3, padding="same", use_bias=False)(x)
    x = tf.keras.layers.BatchNormalization()(x)
    x = skip = tf.keras.layers.ReLU()(x)
    x = tf.keras.layers.Add()([block(x, 24), skip])
    x = tf.keras.layers.MaxPooling2D(2)(x)
    x = tf.keras.layers.ReLU()(block(x, 48))
    x = tf.keras.layers.AveragePooling2D(2)(x)
    x = tf.keras.layers.Flatten()(x)
    x = tf.keras.layers.Dense(10)(x)
    return tf.keras.Model(image, tf.keras.layers.Softmax(name="probabilities")(x))


def train_model(images, labels):
    model = make_model()
    model.compile(
        optimizer=tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(4e-3, 3000)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(images, labels, batch_size=32, epochs=80, verbose=0)
    return model


def convert(model, calibration=None):
    """TFLite bytes: float32, or full int8 when calibration images are given."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[None]] for image in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    return converter.convert()


def run(model_bytes, inputs):
    """Outputs of LiteRT's reference kernels, one inference a sample."""
    interpreter = Interpreter(
        model_content=model_bytes,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    source, sink = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    outputs = []
    for sample in inputs:
        interpreter.set_tensor(source["index"], sample[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(sink["index"])[0].copy())
    return np.stack(outputs), source, sink


def quantize(images, details):
    """Real pixels to the stored integers of the model's input (round half away from zero)."""
    scale, zero_point = details["quantization"]
    steps = (images / np.float32(scale)).astype(np.float32)
    rounded = np.where(steps >= 0, np.floor(steps + 0.5), np.ceil(steps - 0.5))
    return np.clip(rounded + zero_point, -128, 127).astype(np.int8)


def main():
    random.seed(SEED)
    np.random.seed(SEED)
    tf.keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    train, calibration, test = split()
    model = train_model(*train)
    float_bytes = convert(model)
    int8_bytes = convert(model, calibration[0])
    float_outputs, _, _ = run(float_bytes, test[0])
    _, source, sink = run(int8_bytes, np.zeros((1, 8, 8, 1), np.int8))
    test_int8 = quantize(test[0], source)
    int8_outputs, _, _ = run(int8_bytes, test_int8)

    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "digits_float.tflite").write_bytes(float_bytes)
    (OUTPUT / "digits_int8.tflite").write_bytes(int8_bytes)
    signature = [tf.TensorSpec((1, 8, 8, 1), tf.float32, name="image")]
    onnx_model, _ = tf2onnx.convert.from_keras(model, input_signature=signature, opset=13)
    (OUTPUT / "digits_float.onnx").write_bytes(onnx_model.SerializeToString())
    arrays = {
        "test_float": test[0],
        "test_int8": test_int8,
        "test_labels": test[1],
        "calibration_float": calibration[0],
        "calibration_int8": quantize(calibration[0], source),
        "golden_int8": int8_outputs,
        "golden_float": float_outputs,
    }
    for name, array in arrays.items():
        np.save(OUTPUT / f"{name}.npy", array)
    facts = {
        "float_accuracy": float((float_outputs.argmax(1) == test[1]).mean()),
        "int8_accuracy": float((int8_outputs.argmax(1) == test[1]).mean()),
        "input": [float(source["quantization"][0]), int(source["quantization"][1])],
        "output": [float(sink["quantization"][0]), int(sink["quantization"][1])],
    }
    print(json.dumps(facts, indent=1))
    for path in sorted(OUTPUT.iterdir()):
        if path.suffix != ".md":
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            print(f"| {path.name} | {path.stat().st_size} | {digest} |")


if __name__ == "__main__":
    main()
