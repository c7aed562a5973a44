"""Statistics of nothing, which frameworks differ about."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::UserWarning")


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
@pytest.mark.parametrize("name", ["mean", "std", "var"])
def test_statistics_of_no_elements_are_nan(backend, name, dtype):
    result = ops.convert_to_numpy(getattr(ops, name)(ops.zeros((2, 0), dtype), axis=1))
    assert result.shape == (2,)
    assert np.isnan(result).all()


@pytest.mark.parametrize("axis, shape", [((0, 1), (0,)), ((1, 2), (0,)), ((0, 2), (3,)), (None, ())])
def test_the_median_of_no_elements_is_nan_over_several_axes_too(backend, axis, shape):
    result = ops.convert_to_numpy(ops.median(ops.zeros((0, 3, 0)), axis=axis))
    assert result.shape == shape
    assert np.isnan(result).all()
