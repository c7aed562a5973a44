"""Strings reach the host as objects, also in a data set that a function is mapped over."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from kcore_ops.backends.current import current_backend
from kcore_ops.specs.spec import TensorSpec


def test_strings_come_as_objects_in_a_mapped_data_set(backend):
    def lengths(text):
        spec = TensorSpec((None,), "int64")
        return current_backend().call_on_host(lambda t: [np.array([len(s) for s in t], "int64")], [spec], [text])[0]

    data = tf.data.Dataset.from_tensor_slices(["a", "bc", "déf"]).batch(2).map(lengths)
    assert data.element_spec.shape.as_list() == [None]
    assert [y.tolist() for y in data.as_numpy_iterator()] == [[1, 2], [4]]
