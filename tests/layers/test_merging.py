"""Layers that merge several tensors: values, masks and what they refuse."""

from __future__ import annotations

import functools
import re

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.masking import get_mask, set_mask
from kcore_layers.layers.merging import merging
from kcore_layers.layers.merging.concatenate import Concatenate, concatenate
from kcore_layers.layers.merging.dot import Dot, dot
from kcore_layers.layers.merging.merging import Add, Average, Maximum, Minimum, Multiply, Subtract
from kcore_ops.foundation.errors import ArgumentError, ShapeError

rng = np.random.default_rng(0)
FUNCTIONS = [(Add, np.add), (Multiply, np.multiply), (Maximum, np.maximum), (Minimum, np.minimum)]


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def drawn(*shape):
    return rng.normal(size=shape).astype("float32")


@pytest.mark.parametrize(("layer", "function"), FUNCTIONS)
def test_any_number_of_tensors_is_merged(backend, layer, function):
    for count in (1, 2, 4):
        xs = [drawn(2, 3) for _ in range(count)]
        np.testing.assert_allclose(numbers(layer()(xs)), functools.reduce(function, xs), rtol=1e-5)
        np.testing.assert_allclose(
            numbers(getattr(merging, layer.__name__.lower())(xs)), functools.reduce(function, xs), rtol=1e-5
        )


def test_averages_and_differences(backend):
    x, y = drawn(2, 3), drawn(2, 3)
    np.testing.assert_allclose(numbers(Average()([x, y, y])), (x + 2 * y) / 3, rtol=1e-5)
    np.testing.assert_allclose(numbers(merging.average([x, y])), (x + y) / 2, rtol=1e-5)
    np.testing.assert_allclose(numbers(Subtract()([x, y])), x - y, rtol=1e-5)
    np.testing.assert_allclose(numbers(merging.subtract([x, y])), x - y, rtol=1e-5)
    ints = np.ones((2, 3), "int32")
    assert backend.dtype(Add()([ints, ints])) == "int32"
    assert backend.dtype(Average()([ints, ints])) == "float32"


def test_missing_axes_come_after_the_batch(backend):
    x, y = drawn(2, 4, 5, 3), drawn(2, 3)
    np.testing.assert_allclose(numbers(Add()([y, x])), x + y[:, None, None], rtol=1e-5)


def test_tensors_are_joined(backend):
    x, y = drawn(2, 3, 4), drawn(2, 5, 4)
    np.testing.assert_array_equal(numbers(Concatenate(axis=1)([x, y])), np.concatenate([x, y], 1))
    np.testing.assert_array_equal(numbers(concatenate([x, x])), np.concatenate([x, x], -1))


@pytest.mark.parametrize(
    ("axes", "shapes", "subscripts"),
    [
        (1, ((2, 3), (2, 3)), "bi,bi->b"),
        (-1, ((2, 3, 4), (2, 5, 4)), "bxi,byi->bxy"),
        ((1, 2), ((2, 3), (2, 4, 3)), "bi,byi->by"),
        ((3, 1), ((2, 3, 4, 5), (2, 5, 6)), "bxyi,biz->bxyz"),
    ],
)
def test_a_dot_sums_products_for_each_example(backend, axes, shapes, subscripts):
    x, y = (drawn(*shape) for shape in shapes)
    expected = np.einsum(subscripts, x, y)
    got = numbers(Dot(axes)([x, y]))
    np.testing.assert_allclose(got.reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)
    assert got.ndim == max(expected.ndim, 2)
    np.testing.assert_allclose(numbers(dot([x, y], axes=axes)), got)


def test_a_normalized_dot_is_a_cosine(backend):
    x = drawn(2, 3)
    np.testing.assert_allclose(numbers(Dot(1, normalize=True)([x, -5 * x])), -np.ones((2, 1)), rtol=1e-5)


M1, M2 = np.array([[1, 1, 0], [1, 0, 0]], bool), np.array([[1, 0, 0], [1, 1, 1]], bool)


@pytest.mark.parametrize(
    ("layer", "masks", "expected"),
    [
        (lambda: Add(), (M1, M2), M1 | M2),
        (lambda: Add(), (M1, None), None),
        (lambda: Concatenate(), (M1, M2), M1 | M2),
        (lambda: Concatenate(), (None, None), None),
        (lambda: Concatenate(axis=1), (M1, None), np.concatenate([M1, np.ones((2, 3), bool)], 1)),
        (lambda: Concatenate(axis=0), (M1, M2), np.concatenate([M1, M2], 0)),
        (lambda: Dot(2), (M1, M2), None),
    ],
)
def test_masks_are_merged(backend, layer, masks, expected):
    xs = [ops.convert_to_tensor(drawn(2, 3, 4)) for _ in masks]
    for x, mask in zip(xs, masks, strict=True):
        if mask is not None:
            set_mask(x, ops.convert_to_tensor(mask))
    found = get_mask(layer()(xs))
    if expected is None:
        assert found is None
    else:
        np.testing.assert_array_equal(numbers(found), expected)


def test_a_masked_product_leaves_out_masked_factors(backend):
    xs = [ops.convert_to_tensor(np.full((2, 3, 1), n, "float32")) for n in (2, 3)]
    for x, mask in zip(xs, (M1, M2), strict=True):
        set_mask(x, ops.convert_to_tensor(mask))
    expected = np.where(M1, 2, 1) * np.where(M2, 3, 1) * (M1 | M2)
    np.testing.assert_array_equal(numbers(Multiply()(xs))[..., 0], expected)


def test_what_is_no_list_is_refused(backend):
    with pytest.raises(ArgumentError, match="the inputs are not a list of tensors") as caught:
        Add(name="sum")(drawn(2, 3))
    assert str(caught.value) == (
        'ArgumentError in layer "sum"\n'
        "  the inputs are not a list of tensors\n"
        "  fix: pass them in a list: layer([x, y])"
    )
    with pytest.raises(ArgumentError, match="two inputs are needed and 3 were given"):
        Subtract()([drawn(2, 3)] * 3)
    with pytest.raises(ArgumentError, match="two inputs are needed and 1 were given"):
        Dot(1)([drawn(2, 3)])


def test_shapes_that_do_not_fit_are_named(backend):
    with pytest.raises(
        ShapeError, match=re.escape("(2, 3, 2) and (2, 4, 2) do not broadcast: sizes 3 and 4 along axis")
    ):
        Add()([drawn(2, 3, 2), drawn(2, 4, 2)])
    with pytest.raises(ShapeError, match=r"shapes \(2, 3\) and \(1, 3\): their batches, axis 0, differ in size"):
        Add()([drawn(2, 3), drawn(1, 3)])
    with pytest.raises(ShapeError, match=r"\(2, 3, 2\).*\(2, 4, 3\)"):
        Concatenate()([drawn(2, 3, 2), drawn(2, 4, 3)])
    with pytest.raises(ShapeError, match="sizes 3 along axis 1 of the first and 4 along axis 1 of the second"):
        Dot(1)([drawn(2, 3), drawn(2, 4)])
    with pytest.raises(ArgumentError, match="axes can not be 0"):
        Dot(0)
