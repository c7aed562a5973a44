"""Arguments that may be left out, or given in another form than usual."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.errors import ArgumentError, ShapeError


def test_a_dtype_of_none_is_the_default_float(backend):
    x = ops.convert_to_tensor([1, 300])
    assert [ops.dtype(ops.cast(x, None)), ops.dtype(ops.saturate_cast(x, None))] == ["float32", "float32"]


@pytest.mark.parametrize("shape", [(-2, 3), (2, -3), (-2, -1)])
def test_minus_one_alone_stands_for_a_size_that_is_worked_out(backend, shape):
    with pytest.raises(ShapeError, match="-"):
        ops.reshape(ops.ones((2, 3)), shape)


@pytest.mark.parametrize("change", [ops.image.crop_images, ops.image.pad_images])
def test_images_of_unknown_size_have_the_size_asked_for(change):
    images = ops.KerasTensor((None, None, 3))
    assert change(images, 2, 3, target_height=10, target_width=20).shape == (10, 20, 3)
    assert change(images, 2, 3, 1, target_width=20).shape == (None, 20, 3)


def test_a_number_of_elements_may_be_a_scalar_tensor(backend):
    num = ops.convert_to_tensor(5, "int32")
    np.testing.assert_allclose(ops.convert_to_numpy(ops.linspace(0.0, 8.0, num)), [0, 2, 4, 6, 8])
    np.testing.assert_allclose(ops.convert_to_numpy(ops.geomspace(1.0, 16.0, num)), [1, 2, 4, 8, 16], rtol=1e-5)
    for wrong in (ops.convert_to_tensor(5.5), -1, "5"):
        with pytest.raises(ArgumentError, match="is not a number of elements"):
            ops.linspace(0.0, 8.0, wrong)


def test_a_symbolic_tensor_has_no_numbers():
    with pytest.raises(ValueError, match="a symbolic tensor has no numbers yet"):
        ops.convert_to_numpy(ops.KerasTensor((2,)))
