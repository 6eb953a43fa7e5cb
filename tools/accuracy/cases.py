"""The trained models, their data and what is expected of them."""

import dataclasses
import functools
import pathlib
from typing import Callable

import numpy

SHARED = pathlib.Path(__file__).resolve().parents[2].parent / "shared"


def load(name: str) -> numpy.ndarray:
    return numpy.load(SHARED / "data" / name)


@dataclasses.dataclass(frozen=True)
class Case:
    """A float model with samples as it takes them, the first axis counting samples."""

    name: str
    model: str
    onnx: str
    data: Callable[[], tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray | None]]
    metric: str = "accuracy"
    # The least that our int8 may reach: an absolute bar, and a drop from float.
    least: float = 0.0
    drop: float = 1.0
    published: str | None = None
    # Options of 'martlet build' besides the defaults; the table names them.
    options: tuple[str, ...] = ()


def images(array: numpy.ndarray, mean: float, deviation: float) -> numpy.ndarray:
    """uint8 NHWC as float32 NCHW."""
    scaled = (array.astype(numpy.float32) - mean) / deviation
    return numpy.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=numpy.float32)


def keywords():
    samples = ((load("kws01/inputs_int8.npy").astype(numpy.float32) - 83) * 0.58470291).astype(
        numpy.float32
    )
    labels = load("kws01/labels.npy")
    # The only keyword data are the 1,000 labelled clips: calibrate on every tenth, judge the rest.
    chosen = numpy.arange(len(samples)) % 10 == 0
    return samples[chosen], samples[~chosen], labels[~chosen]


def cifar():
    return (
        load("ic01/calib_u8.npy").astype(numpy.float32)[:100],
        load("ic01/inputs_u8.npy").astype(numpy.float32),
        load("ic01/labels.npy"),
    )


def wake_words():
    return (
        load("vww01/calib_u8.npy").astype(numpy.float32) / 255,
        load("vww01/inputs_u8.npy").astype(numpy.float32) / 255,
        load("vww01/labels.npy"),
    )


def windows(spectrograms: numpy.ndarray) -> numpy.ndarray:
    """Windows of five frames at every frame: [files, 196, 640]."""
    return numpy.stack(
        [spectrograms[:, i : i + 5].reshape(len(spectrograms), -1) for i in range(196)], axis=1
    )


def anomalies():
    calibration = windows(load("ad01/calib_f32.npy")).reshape(-1, 640)
    judged = windows(load("ad01/spectrograms_f32.npy")).reshape(-1, 640)
    return calibration[::4], judged, load("ad01/labels.npy")


def fashion():
    def prepared(name):
        return images(load(name)[..., None], 0.2860 * 255, 0.3530 * 255)

    return (
        prepared("fmnist/calib_u8.npy")[:200],
        prepared("fmnist/inputs_u8.npy"),
        load("fmnist/labels.npy"),
    )


def activities():
    return load("har/calib_f32.npy"), load("har/inputs_f32.npy"), load("har/labels.npy")


def digits():
    return load("digits/calib_f32.npy"), load("digits/inputs_f32.npy"), load("digits/labels.npy")


def enlarged(array: numpy.ndarray, side: int) -> numpy.ndarray:
    """Images at another size, bilinear between pixel centres."""
    place = (numpy.arange(side) + 0.5) * array.shape[1] / side - 0.5
    low = numpy.clip(numpy.floor(place).astype(int), 0, array.shape[1] - 2)
    weight = numpy.clip(place - low, 0, 1)[:, None]
    wide = array.astype(numpy.float64)
    rows = wide[:, low] * (1 - weight[..., None]) + wide[:, low + 1] * weight[..., None]
    return rows[:, :, low] * (1 - weight) + rows[:, :, low + 1] * weight


def calibrating_photographs():
    """Photographs of another set, enlarged, and 40 of them mirrored: 100 in all."""
    calibration = enlarged(load("vww01/calib_u8.npy"), 224)
    return images(numpy.concatenate([calibration, calibration[:40, :, ::-1]]), 127, 128)


def photographs():
    judged = images(load("imagenet_sample/inputs_u8_224.npy"), 127, 128)
    return calibrating_photographs(), judged, None


def blurred_photographs():
    """Small photographs enlarged, far from what the model was trained on: its margins are thin."""
    judged = images(enlarged(load("vww01/inputs_u8.npy"), 224), 127, 128)
    return calibrating_photographs(), judged, None


ALL = [
    Case("keywords", "kws_dscnn_fp32.tflite", "kws_dscnn_fp32.onnx", keywords,
         least=0.908, published="kws_dscnn_int8.tflite"),
    Case("resnet8", "ic_resnet8_float.tflite", "ic_resnet8_float.onnx", cifar,
         least=0.85, published="ic_resnet8_int8.tflite"),
    # With 8 bits alone one or two of 180 samples change sides; half a point allows none.
    Case("wake-words", "vww_mobilenetv1_float.tflite", "vww_mobilenetv1_float.onnx", wake_words,
         drop=0.005, published="vww_mobilenetv1_int8.tflite", options=("--mixed-precision=38",)),
    Case("wake-words-int8", "vww_mobilenetv1_float.tflite", "vww_mobilenetv1_float.onnx",
         wake_words, drop=0.02, published="vww_mobilenetv1_int8.tflite"),
    Case("anomalies", "ad_autoencoder_float.tflite", "ad_autoencoder_float.onnx", anomalies,
         metric="auc", drop=0.005, published="ad_autoencoder_int8.tflite"),
    Case("fashion", "fmnist_mnv2s_float.onnx", "fmnist_mnv2s_float.onnx", fashion, least=0.922),
    Case("fashion-bn", "fmnist_mnv2s_bn_float.onnx", "fmnist_mnv2s_bn_float.onnx", fashion,
         least=0.922),
    Case("activities", "har_cnn1d_float.onnx", "har_cnn1d_float.onnx", activities, least=0.917),
    Case("digits", "digits_mlp_float.onnx", "digits_mlp_float.onnx", digits, least=0.962),
    Case("efficientnet", "efficientnet_lite0_float.onnx", "efficientnet_lite0_float.onnx",
         photographs, metric="agreement", least=0.99),
    Case("efficientnet-blurred", "efficientnet_lite0_float.onnx", "efficientnet_lite0_float.onnx",
         blurred_photographs, metric="agreement"),
]
