"""Axes, sizes, widths and other settings of ops, given as arrays of integers, mean their numbers."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ArgumentError, ShapeError

# How each is called, and the setting as Python has it.
CALLS = {
    "sum": (lambda x, a: ops.sum(x, axis=a), (0, 2)),
    "transpose": (lambda x, a: ops.transpose(x, a), (2, 0, 1)),
    "moveaxis": (lambda x, a: ops.moveaxis(x, a, (2, 1)), (0, 1)),
    "squeeze": (lambda x, a: ops.squeeze(ops.reshape(x, (1, 24, 1)), axis=a), (0, 2)),
    "layer_normalization": (lambda x, a: ops.layer_normalization(x, axis=a), (1, 2)),
    "pad": (lambda x, a: ops.pad(x, a), ((1, 1), (0, 0), (2, 0))),
    "reshape": (lambda x, a: ops.reshape(x, a), (4, 6)),
    "tile": (lambda x, a: ops.tile(x, a), (2, 1, 3)),
    "roll": (lambda x, a: ops.roll(x, a, axis=(0, 1)), (1, 2)),
    "split": (lambda x, a: ops.split(x, a, axis=2)[1], (1, 2)),
    "array_split": (lambda x, a: ops.array_split(x, a, axis=2)[0], 3),
    "tensordot": (lambda x, a: ops.tensordot(x, x, a), ((0, 1), (0, 1))),
    "max_pool": (lambda x, a: ops.max_pool(ops.expand_dims(x, 0), a), (2, 1)),
    "resize": (lambda x, a: ops.image.resize(x, a), (5, 6)),
    "norm": (lambda x, a: ops.norm(x, a, axis=2), 3),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_setting_may_be_an_array(backend, name):
    call, setting = CALLS[name]
    x = np.arange(24, dtype="float32").reshape(2, 3, 4)
    expected = ops.convert_to_numpy(call(x, setting))
    for _ in range(2):  # the first call makes the plan
        np.testing.assert_array_equal(ops.convert_to_numpy(call(ops.convert_to_tensor(x), np.array(setting))), expected)
    symbolic = call(ops.KerasTensor(x.shape), np.array(setting))
    assert symbolic.shape == expected.shape


def test_what_is_no_axis_is_said(backend):
    for wrong in (1.5, "0", np.array([0.5]), ops.convert_to_tensor(np.zeros(2, "float32"))):
        with pytest.raises(ArgumentError, match="is not an axis"):
            ops.sum(np.ones((2, 3), "float32"), axis=wrong)


def test_an_array_that_does_not_fit_is_refused_as_numbers_are(backend):
    for widths in (np.array([[1, 1]] * 3), [[1, 1]] * 3):
        with pytest.raises(ShapeError, match=r"(?s)pad_width=.* does not fit"):
            ops.pad(ops.ones((2, 3)), widths)
