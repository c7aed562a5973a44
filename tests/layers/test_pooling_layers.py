"""Pooling layers against NumPy."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.pooling.adaptive_pooling import AdaptiveAveragePooling2D, AdaptiveMaxPooling1D
from kcore_layers.layers.pooling.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from kcore_layers.layers.pooling.pooling import AveragePooling2D, MaxPool2D, MaxPooling1D, MaxPooling2D, MaxPooling3D
from kcore_ops.foundation.errors import ArgumentError, ShapeError

rng = np.random.default_rng(0)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def test_windows_side_by_side_are_blocks(backend):
    x = rng.normal(size=(2, 6, 4, 3)).astype("float32")
    blocks = x.reshape(2, 3, 2, 2, 2, 3)
    np.testing.assert_array_equal(numbers(MaxPooling2D()(x)), blocks.max((2, 4)))
    np.testing.assert_allclose(numbers(AveragePooling2D(2)(x)), blocks.mean((2, 4)), rtol=1e-5)
    first = MaxPooling2D(data_format="channels_first")(x.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(numbers(first).transpose(0, 2, 3, 1), blocks.max((2, 4)))
    x = rng.normal(size=(2, 4, 4, 4, 3)).astype("float32")
    np.testing.assert_array_equal(numbers(MaxPooling3D()(x)), x.reshape(2, 2, 2, 2, 2, 2, 2, 3).max((2, 4, 6)))


def test_windows_over_the_edge_count_what_is_inside(backend):
    x = np.ones((1, 3, 3, 1), "float32")
    np.testing.assert_allclose(numbers(AveragePooling2D(2, padding="same")(x)), np.ones((1, 2, 2, 1)))
    assert numbers(MaxPooling1D(2, 2, "same")(-np.ones((1, 3, 1), "float32"))).max() == -1


def test_adaptive_windows_cover_all(backend):
    x = rng.normal(size=(2, 5, 6, 3)).astype("float32")
    np.testing.assert_allclose(numbers(AdaptiveAveragePooling2D(1)(x))[:, 0, 0], x.mean((1, 2)), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(numbers(AdaptiveMaxPooling1D(6)(x[:, 0])), x[:, 0])


def test_global_pools_reduce_the_spatial_axes(backend):
    x = rng.normal(size=(2, 5, 6, 3)).astype("float32")
    np.testing.assert_allclose(numbers(GlobalAveragePooling2D()(x)), x.mean((1, 2)), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(
        numbers(GlobalMaxPooling2D("channels_first", keepdims=True)(x)), x.max((2, 3), keepdims=True)
    )
    np.testing.assert_array_equal(numbers(GlobalMaxPooling3D()(x[..., None])), x.max((1, 2, 3))[:, None])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("keepdims", [False, True])
def test_a_masked_mean_is_that_of_the_steps_that_count(backend, data_format, keepdims):
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    mask = np.array([[1, 1, 0, 0], [0, 1, 1, 1]], bool)
    expected = np.stack([x[0, :2].mean(0), x[1, 1:].mean(0)])
    layer = GlobalAveragePooling1D(data_format, keepdims)
    y = numbers(layer(x if data_format == "channels_last" else x.transpose(0, 2, 1), mask=mask))
    assert y.ndim == 2 + keepdims
    np.testing.assert_allclose(y.reshape(2, 3), expected, rtol=1e-5)


def test_other_names_are_the_same_layers(backend):
    assert MaxPool2D is MaxPooling2D


def test_what_does_not_fit_is_refused(backend):
    with pytest.raises(ArgumentError, match="padding can not be 'full'") as caught:
        MaxPooling2D(padding="full")
    assert str(caught.value) == (
        "ArgumentError in MaxPooling2D\n  padding can not be 'full'\n  fix: use one of 'valid', 'same'"
    )
    with pytest.raises(ArgumentError, match="pool_size=0 does not fit 2 spatial axes"):
        MaxPooling2D(0)
    with pytest.raises(ShapeError, match="it must have 4 axes and has 3"):
        MaxPooling2D()(np.ones((4, 4, 1), "float32"))
    with pytest.raises(ShapeError, match="a window that spans 5 does not fit into size 4"):
        MaxPooling2D(5)(np.ones((1, 4, 4, 1), "float32"))
