"""What Keras refuses as an option of a layer, where it is made or called, is an error of kcore's."""

from __future__ import annotations

from typing import Any

import kcore
import numpy as np
import pytest
from kcore_ops.foundation.errors import KcoreError

VALUES = [-1, 0, 1.5, "2", "a", None, True, (2,), (2, 2), (2, 2, 2), (0, 1), (-1, 2), (1.5, 2), [], [2, "a"]]
VECTORS, STEPS, IMAGES = np.ones((2, 4), "float32"), np.ones((2, 8, 4), "float32"), np.ones((2, 8, 8, 4), "float32")

# layer, the option, the others, what the layer is called with
CASES: list[tuple[str, str, dict[str, Any], Any]] = [
    ("Dense", "units", {}, VECTORS),
    ("Embedding", "input_dim", {"output_dim": 2}, None),
    ("LSTM", "units", {}, STEPS),
    ("GRUCell", "dropout", {"units": 2}, None),
    ("Conv2D", "kernel_size", {"filters": 2}, IMAGES),
    *(("Conv2D", name, {"filters": 2, "kernel_size": 2}, IMAGES) for name in ("strides", "dilation_rate", "groups")),
    ("Conv1DTranspose", "output_padding", {"filters": 2, "kernel_size": 3, "strides": 3}, STEPS),
    ("SeparableConv1D", "depth_multiplier", {"filters": 2, "kernel_size": 2}, STEPS),
    ("MaxPooling2D", "pool_size", {}, IMAGES),
    ("AveragePooling1D", "strides", {"pool_size": 2}, STEPS),
    ("AdaptiveMaxPooling1D", "output_size", {}, STEPS),
    ("UpSampling1D", "size", {}, STEPS),
    ("UpSampling2D", "size", {}, IMAGES),
    ("ZeroPadding1D", "padding", {}, STEPS),
    ("ZeroPadding2D", "padding", {}, IMAGES),
    ("Cropping2D", "cropping", {}, IMAGES),
    ("Dropout", "rate", {}, None),
    ("Dropout", "noise_shape", {"rate": 0.5}, None),
    ("GaussianNoise", "stddev", {}, None),
    ("RepeatVector", "n", {}, VECTORS),
    ("Permute", "dims", {}, STEPS),
    ("LeakyReLU", "negative_slope", {}, None),
    ("ELU", "alpha", {}, VECTORS),
    ("UnitNormalization", "axis", {}, None),
    ("MultiHeadAttention", "num_heads", {"key_dim": 2}, None),
    ("BatchNormalization", "momentum", {}, None),
]


def refuses(make, x, kinds):
    try:
        layer = make()
        if x is not None:
            layer(x)
    except kinds:
        return True
    return False


@pytest.mark.parametrize(("name", "option", "others", "x"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_what_keras_refuses_is_refused(backend, keras, name, option, others, x):
    accepted = [
        value
        for value in VALUES
        if refuses(lambda value=value: getattr(keras.layers, name)(**{option: value}, **others), x, Exception)
        and not refuses(lambda value=value: getattr(kcore.layers, name)(**{option: value}, **others), x, KcoreError)
    ]
    assert accepted == []
