"""Labels to vectors, vectors to length 1."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kcore_train.data import normalize, to_categorical


@given(st.lists(st.integers(0, 6), min_size=1), st.integers(0, 3))
def test_the_place_of_the_one_is_the_label(labels, spare):
    encoded = to_categorical(labels, max(labels) + 1 + spare)
    assert (encoded.shape, encoded.dtype) == ((len(labels), max(labels) + 1 + spare), "float64")
    np.testing.assert_array_equal(encoded.argmax(-1), labels)
    np.testing.assert_array_equal(encoded.sum(-1), 1)


# Shapes are those of Keras 3.15.1.
@pytest.mark.parametrize(
    ("x", "shape"), [(3, (4,)), ([[0], [2]], (2, 3)), ([[0, 1], [1, 0]], (2, 2, 2)), ([0.0, 1.0], (2, 2))]
)
def test_an_axis_of_length_one_gives_way_to_the_classes(x, shape):
    assert to_categorical(np.array(x)).shape == shape


def test_tensors_stay_tensors(backend):
    encoded = to_categorical(ops.convert_to_tensor([[2], [0]]))
    assert ops.is_tensor(encoded)
    np.testing.assert_array_equal(ops.convert_to_numpy(encoded), np.eye(3)[[2, 0]])


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_that_is_no_class_is_refused(label):
    with pytest.raises(ops.ArgumentError, match=f"the label {label} is not one of 3 classes"):
        to_categorical([0, label], 3)


def test_labels_are_whole_numbers():
    with pytest.raises(ops.DTypeError, match="labels are whole numbers"):
        to_categorical([0.0, 1.7])


def test_classes_are_not_counted_by_no_labels():
    with pytest.raises(ops.ArgumentError, match="there are no labels to count the classes by"):
        to_categorical([])
    assert to_categorical([], 3).shape == (0, 3)


@pytest.mark.parametrize("order", [1, 2, np.inf])
@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_vectors_get_length_one_and_their_direction_stays(order, axis, dtype):
    x = np.random.default_rng(1).normal(size=(4, 5)).astype(dtype)
    y = normalize(x, axis, order)
    assert y.dtype == dtype
    np.testing.assert_allclose(np.linalg.norm(y, order, axis), 1, rtol=1e-6)
    np.testing.assert_allclose(y * np.linalg.norm(x, order, axis, keepdims=True), x, rtol=1e-6)


def test_a_vector_of_length_zero_stays():
    np.testing.assert_array_equal(normalize(np.array([[3, 4], [0, 0]])), [[0.6, 0.8], [0, 0]])


def test_lists_become_tensors(backend):
    y = normalize([[3.0, 4.0], [0.0, 0.0]])
    assert ops.is_tensor(y)
    np.testing.assert_allclose(ops.convert_to_numpy(y), [[0.6, 0.8], [0, 0]], rtol=1e-6)
