"""Layers that move elements: flatten, reshape, permute, repeat, pad, crop, enlarge."""

from __future__ import annotations

import re

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.reshaping.cropping import Cropping1D, Cropping2D, Cropping3D
from kcore_layers.layers.reshaping.flatten import Flatten
from kcore_layers.layers.reshaping.permute import Permute
from kcore_layers.layers.reshaping.repeat_vector import RepeatVector
from kcore_layers.layers.reshaping.reshape import Reshape
from kcore_layers.layers.reshaping.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from kcore_layers.layers.reshaping.zero_padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from kcore_ops.foundation.errors import ArgumentError, ShapeError

X = np.arange(2 * 4 * 5 * 3, dtype="float32").reshape(2, 4, 5, 3)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def test_shapes_change_and_elements_stay(backend):
    np.testing.assert_array_equal(numbers(Flatten()(X)), X.reshape(2, -1))
    np.testing.assert_array_equal(numbers(Flatten("channels_first")(X)), X.transpose(0, 2, 3, 1).reshape(2, -1))
    np.testing.assert_array_equal(numbers(Flatten()(X[:, 0, 0, 0])), X[:, :1, 0, 0])
    np.testing.assert_array_equal(numbers(Reshape((6, -1))(X)), X.reshape(2, 6, 10))
    np.testing.assert_array_equal(numbers(Permute((3, 1, 2))(X)), X.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(numbers(RepeatVector(2)(X[:, 0, 0])), np.repeat(X[:, :1, 0], 2, 1))


def test_a_size_to_work_out_is_known_without_the_batch(backend):
    assert Reshape((6, -1))(ops.KerasTensor((None, 4, 5, 3))).shape == (None, 6, 10)
    assert Reshape((-1,))(ops.KerasTensor((None, None, 3))).shape == (None, None)
    assert Flatten()(ops.KerasTensor((None, 4, 3))).shape == (None, 12)
    assert Flatten()(ops.KerasTensor((None, None, 3))).shape == (None, None)


def test_empty_batches_have_shapes_too(backend):
    assert tuple(Flatten()(X[:0]).shape) == (0, 60)
    assert tuple(Reshape((-1, 3))(X[:0]).shape) == (0, 20, 3)


def test_cropping_undoes_padding(backend):
    for padding, cropping, x in (
        (ZeroPadding1D, Cropping1D, X[:, :, 0]),
        (ZeroPadding2D, Cropping2D, X),
        (ZeroPadding3D, Cropping3D, X[..., None]),
    ):
        padded = padding(2)(x)
        assert numbers(padded).sum() == x.sum()
        np.testing.assert_array_equal(numbers(cropping(2)(padded)), x)
    first = ZeroPadding2D(((1, 0), (2, 3)), data_format="channels_first")(X)
    np.testing.assert_array_equal(numbers(first), np.pad(X, ((0, 0), (0, 0), (1, 0), (2, 3))))
    np.testing.assert_array_equal(numbers(Cropping2D(((1, 0), (0, 1)), "channels_first")(X)), X[:, :, 1:, :-1])


def test_ends_are_given_by_one_number_by_axis_or_by_end(backend):
    assert ZeroPadding2D(1).padding == ((1, 1), (1, 1))
    assert ZeroPadding2D((1, 2)).padding == ((1, 1), (2, 2))
    assert Cropping2D(((1, 2), (3, 4))).cropping == ((1, 2), (3, 4))
    assert ZeroPadding1D((0, 3)).padding == (0, 3)
    with pytest.raises(ArgumentError, match=r"padding can not be \(1, 2, 3\)") as caught:
        ZeroPadding2D((1, 2, 3))
    assert str(caught.value) == (
        "ArgumentError in ZeroPadding2D\n  padding can not be (1, 2, 3)\n"
        "  fix: pass a number from 0, 2 of them, or 2 pairs (before, after)"
    )
    with pytest.raises(ArgumentError, match="cropping can not be -1"):
        Cropping1D(-1)


def test_elements_are_repeated(backend):
    np.testing.assert_array_equal(numbers(UpSampling1D(3)(X[:, :, 0])), X[:, :, 0].repeat(3, 1))
    np.testing.assert_array_equal(numbers(UpSampling2D((2, 3))(X)), X.repeat(2, 1).repeat(3, 2))
    np.testing.assert_array_equal(numbers(UpSampling2D(2, "channels_first")(X)), X.repeat(2, 2).repeat(2, 3))
    np.testing.assert_array_equal(
        numbers(UpSampling3D((1, 2, 3), "channels_first")(X[:, None])), X[:, None].repeat(2, 3).repeat(3, 4)
    )


def test_straight_lines_stay_straight(backend):
    ramp = np.arange(5, dtype="float32")[None, :, None, None] + np.zeros((1, 5, 3, 1), "float32")
    y = numbers(UpSampling2D((4, 1), interpolation="bilinear")(ramp))[0, :, 0, 0]
    np.testing.assert_allclose(y, np.clip((np.arange(20) + 0.5) / 4 - 0.5, 0, 4), rtol=1e-5)
    with pytest.raises(
        ArgumentError, match="interpolation can not be 'cubic'\n  fix: use one of 'nearest', 'bilinear'"
    ):
        UpSampling2D(interpolation="cubic")


def test_what_does_not_fit_is_refused(backend):
    with pytest.raises(ShapeError, match="leaves nothing of axis 1") as caught:
        Cropping1D(2, name="crop")(X[:, :4, 0])
    assert str(caught.value) == (
        'ShapeError in layer "crop"\n'
        "  cropping 2 before and 2 after leaves nothing of axis 1: the input has shape (2, 4, 3)\n"
        "  fix: crop less, or pass a larger input"
    )
    with pytest.raises(ArgumentError, match=re.escape("target_shape can not be (-1, -1)")):
        Reshape((-1, -1))
    with pytest.raises(ShapeError, match="which do not fill shape"):
        Reshape((7, 2))(X)
    with pytest.raises(
        ArgumentError, match=re.escape("dims can not be (1, 3)\n  fix: pass each of the numbers from 1 to 2")
    ):
        Permute((1, 3))
    with pytest.raises(ShapeError, match="it must have 3 axes and has 4"):
        Permute((2, 1))(X)
    with pytest.raises(ArgumentError, match="n can not be 0"):
        RepeatVector(0)
