"""The weight of a sample is that of its class."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kcore_train.data import adapter
from kcore_train.data.class_weights import class_weights_of


@given(st.lists(st.integers(-2, 9), min_size=1), st.dictionaries(st.integers(0, 9), st.floats(0, 10, width=32)))
def test_each_label_is_looked_up_and_weighs_one_if_absent(labels, class_weight):
    found = class_weights_of(np.array(labels), class_weight)
    assert found.tolist() == [class_weight.get(label, 1.0) for label in labels]
    assert found.dtype == "float32"


# The same weights come from Keras 3.15.1, in fit with class_weight={0: 5.0, 1: 7.0}.
@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([0, 1, 2], [5, 7, 1]),
        ([[0], [1], [2]], [5, 7, 1]),
        ([[0, 1], [1, 0], [0, 1]], [7, 5, 7]),
        ([0.0, 1.0, 1.6], [5, 7, 1]),
        ([[0.2, 0.8], [0.9, 0.1], [0.0, 1.0]], [7, 5, 7]),
    ],
)
def test_labels_and_one_hot_targets_of_any_dtype_have_a_class(backend, y, expected):
    for target in (np.array(y), ops.convert_to_tensor(np.array(y))):
        assert class_weights_of(target, {0: 5.0, 1: 7.0}).tolist() == expected


def test_arrays_get_their_weights_with_their_rows():
    y = np.arange(30) % 3
    for _, labels, weights in adapter(y, y, batch_size=7, class_weight={0: 2.0, 2: 3.0}).epoch():
        np.testing.assert_array_equal(weights, np.array([2, 1, 3])[labels])


@pytest.mark.parametrize("y", [None, [np.ones(3), np.ones(3)], {"a": np.ones(3)}])
def test_targets_that_are_not_one_array_have_no_class(y):
    with pytest.raises(ops.ArgumentError, match="class_weight was given, but the"):
        adapter(np.ones(3), y, class_weight={0: 1.0})


def test_labels_of_every_time_step_have_no_class():
    with pytest.raises(ops.ShapeError, match=r"y, of shape \(2, 3\), is neither"):
        class_weights_of(np.array([[1, 2, 3], [3, 2, 1]]), {0: 1.0})


@pytest.mark.parametrize("key", ["cat", -1, 1.5])
def test_the_keys_are_labels(key):
    with pytest.raises(ops.ArgumentError, match=f"class_weight has the key {key!r}, which is no label"):
        class_weights_of(np.array([0]), {key: 1.0})
