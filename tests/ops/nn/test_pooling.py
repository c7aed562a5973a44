"""Pooling: the dtypes that frameworks have little room for."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest


@pytest.mark.parametrize(("dtype", "shape"), [("bool", (1, 8, 6, 7, 3)), ("uint8", (1, 8, 6, 7, 3)),
                                              ("int8", (1, 8, 6, 7, 3)), ("int16", (1, 40, 30, 30, 1))])  # fmt: skip
def test_more_elements_than_the_dtype_can_count_are_pooled_in_three_dimensions(backend, dtype, shape):
    x = np.random.default_rng(0).integers(0, 2 if dtype == "bool" else 100, shape)
    result = ops.max_pool(ops.convert_to_tensor(x.astype(dtype)), 2)
    blocks = x[:, : shape[1] // 2 * 2, : shape[2] // 2 * 2, : shape[3] // 2 * 2]
    blocks = blocks.reshape(1, shape[1] // 2, 2, shape[2] // 2, 2, shape[3] // 2, 2, -1)
    assert backend.dtype(result) == dtype
    np.testing.assert_array_equal(ops.convert_to_numpy(result), blocks.max((2, 4, 6)).astype(dtype))
