"""The last part of the data is for validation."""

from __future__ import annotations

import math

import kcore_ops as ops
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kcore_train.data import train_validation_split


@given(st.integers(1, 1000), st.floats(0.01, 0.99))
def test_the_two_parts_are_the_whole_cut_where_keras_cuts_it(length, fraction):
    boundary = math.floor(length * (1.0 - fraction))  # held against Keras 3.15.1 for 81 lengths and fractions
    if boundary == 0:
        with pytest.raises(ops.ArgumentError, match="leaves none for training"):
            train_validation_split((np.arange(length),), fraction)
        return
    (train,), (validation,) = train_validation_split((np.arange(length),), fraction)
    assert len(train) == boundary
    assert [*train, *validation] == list(range(length))


def test_trees_are_split_leaf_by_leaf_into_views():
    x, y = np.arange(10), np.arange(20).reshape(10, 2)
    train, validation = train_validation_split(({"a": x, "b": [y, None]}, y, None), 0.2)
    assert np.shares_memory(train[0]["a"], x)
    assert np.shares_memory(validation[0]["b"][0], y)
    assert validation[0]["b"][1] is None
    assert (train[2], validation[2]) == (None, None)
    np.testing.assert_array_equal(validation[1], y[8:])


def test_tensors_and_lists_can_be_split(backend):
    parts = ([[1], [2], [3], [4]], ops.convert_to_tensor([1.0, 2.0, 3.0, 4.0]), [1, 2, 3, 4])
    _, validation = train_validation_split(parts, 0.25)
    assert [part.tolist() for part in validation] == [[[4]], [4.0], [4]]


def test_no_fraction_leaves_the_data_as_it_is():
    source = iter([np.ones(3)])
    assert train_validation_split((source,), 0.0) == ((source,), None)


@pytest.mark.parametrize("fraction", [1.0, -0.1, 3, True])
def test_what_is_not_a_fraction_is_refused(fraction):
    with pytest.raises(ops.ArgumentError, match=f"validation_split={fraction} is not a fraction"):
        train_validation_split((np.ones(3),), fraction)


def test_only_arrays_can_be_split():
    with pytest.raises(ops.ArgumentError, match="validation_split is for arrays, and x has type list_iterator"):
        train_validation_split((iter([np.ones(3)]),), 0.5)


def test_lengths_are_compared_before_the_split():
    with pytest.raises(ops.ShapeError, match="x has 3 samples, y has 2"):
        train_validation_split((np.ones(3), np.ones(2)), 0.5)
