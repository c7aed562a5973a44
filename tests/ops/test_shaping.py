"""Moving elements about where there are none."""

from __future__ import annotations

import kcore_ops as ops
import pytest


@pytest.mark.parametrize("dtype", ["float32", "uint32", "bool"])
@pytest.mark.parametrize(("shape", "axis", "expected"), [((0, 2), 1, (0, 5)), ((2, 0, 3), -3, (5, 0, 3)),
                                                         ((2, 3, 0), 0, (5, 3, 0))])  # fmt: skip
def test_elements_of_an_empty_tensor_repeat_as_often_as_asked_for(backend, dtype, shape, axis, expected):
    result = ops.repeat(ops.zeros(shape, dtype), [2, 3], axis=axis)
    assert tuple(result.shape) == expected
    assert backend.dtype(result) == dtype
