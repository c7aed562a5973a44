"""`Embedding`: rows of a table, and a mask where zero is padding."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.masking import get_mask
from kcore_layers.layers.core.embedding import Embedding
from kcore_ops.foundation.errors import ArgumentError, ShapeError

TABLE = np.arange(12, dtype="float32").reshape(4, 3)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


@pytest.mark.parametrize("dtype", ["int32", "uint8", "int64", "float32"])
def test_integers_read_their_row(backend, dtype):
    layer = Embedding(4, 3, weights=[TABLE])
    index = np.array([[0, 3], [2, 2]], dtype)
    np.testing.assert_array_equal(numbers(layer(index)), TABLE[index.astype(int)])


def test_integers_given_as_floats_are_not_rounded_in_half_precision(backend):
    layer = Embedding(300, 1, weights=np.arange(300.0)[:, None], dtype="mixed_bfloat16")
    y = layer(np.array([257.0], "float32"))
    assert backend.dtype(y) == "bfloat16"
    assert numbers(y).astype("float32").item() == 256.0 or numbers(y).astype("float32").item() == 258.0
    exact = Embedding(300, 1, weights=np.eye(300)[:, 257:258], dtype="mixed_bfloat16")
    assert numbers(exact(np.array([257.0], "float32"))).astype("float32").item() == 1.0


def test_the_mask_says_where_the_input_is_not_zero(backend):
    index = np.array([[1, 0, 2], [0, 0, 3]])
    y = Embedding(4, 3, mask_zero=True)(index)
    np.testing.assert_array_equal(numbers(get_mask(y)), index != 0)
    assert get_mask(Embedding(4, 3)(index)) is None


@pytest.mark.needs("gradient")
def test_the_gradient_counts_how_often_a_row_was_read(backend):
    layer = Embedding(4, 3, weights=[TABLE])
    index = ops.convert_to_tensor(np.array([0, 2, 2]))

    def total(values):
        return ops.sum(layer.stateless_call(values, [], index)[0])

    (gradient,) = ops.grad(total)([v.value for v in layer.trainable_variables])
    np.testing.assert_array_equal(numbers(gradient), np.array([1, 0, 2, 0])[:, None] * np.ones((1, 3)))


def test_sizes_that_are_none_are_refused(backend):
    with pytest.raises(ArgumentError, match="input_dim can not be 0") as caught:
        Embedding(0, 3)
    assert str(caught.value) == ("ArgumentError in Embedding\n  input_dim can not be 0\n  fix: pass a positive integer")
    with pytest.raises(ShapeError, match=r"has shape \(4, 3\) and its array \(3, 4\)"):
        Embedding(4, 3, weights=[TABLE.T])
