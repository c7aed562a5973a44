"""Symbolic tensors: the arguments and attributes that Keras's have."""

from __future__ import annotations

import pytest
from kcore_ops import KerasTensor
from kcore_ops.foundation.errors import ArgumentError


def test_arguments_stand_in_the_order_of_keras():
    x = KerasTensor((2, None), "int32", False, False, True, "x")
    assert (x.shape, x.dtype, x.name, x.ndim) == ((2, None), "int32", "x", 2)
    assert (x.sparse, x.ragged, x.ragged_rank, x.row_splits_dtype, x.record_history) == (False, False, None, None, True)


@pytest.mark.parametrize("arguments", [{"sparse": True}, {"ragged": True}, {"ragged_rank": 1}], ids=str)
def test_sparse_and_ragged_ones_are_refused(arguments):
    with pytest.raises(
        ArgumentError, match="in KerasTensor\n  there are no sparse or ragged tensors\n  fix: leave out"
    ):
        KerasTensor((2, 3), **arguments)


def test_history_is_always_recorded():
    with pytest.raises(ArgumentError, match="a symbolic tensor remembers its calls\n  fix: use a TensorSpec"):
        KerasTensor((2, 3), record_history=False)


def test_it_is_reshaped_and_squeezed():
    x = KerasTensor((2, 1, 3))
    assert x.reshape((3, 2)).shape == (3, 2) and x.reshape((3, 2)).node.op.name == "reshape"
    assert x.squeeze().shape == x.squeeze(axis=1).shape == (2, 3)
