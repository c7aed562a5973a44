"""Arguments that may be left out, or given in another form than usual."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ArgumentError, ShapeError


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


def test_patches_of_volumes_are_vectors_of_voxels(backend):
    volumes = np.arange(64, dtype="float32").reshape(1, 4, 4, 4, 1)
    x = ops.convert_to_tensor(volumes)
    patches = ops.convert_to_numpy(ops.image.extract_patches(x, (2, 2, 2)))
    assert patches.shape == (1, 2, 2, 2, 8)
    np.testing.assert_array_equal(patches[0, 0, 0, 1], volumes[0, :2, :2, 2:, 0].reshape(-1))
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.image.extract_patches(x, 2)), patches)
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.image.extract_patches(x[0], (2, 2, 2))), patches[0])
    assert ops.image.extract_patches(ops.KerasTensor((None, 4, 4, 4, 2)), (2, 2, 2)).shape == (None, 2, 2, 2, 16)


def test_layer_normalization_may_leave_out_the_subtraction_as_old_models_do(backend):
    x = ops.convert_to_tensor(np.array([[1.0, 2.0, 6.0]], "float32"))
    gamma = ops.convert_to_tensor(np.array([1.0, 2.0, 3.0], "float32"))
    scaled = np.array([1.0, 2.0, 6.0]) / np.sqrt(14 / 3)  # numbers as Keras 3.15.1 gives them
    for _ in range(2):
        plain = ops.layer_normalization(x, rms_scaling=True)
        np.testing.assert_allclose(ops.convert_to_numpy(plain)[0], scaled, rtol=1e-5)
        weighed = ops.layer_normalization(x, gamma, gamma, rms_scaling=True)
        np.testing.assert_allclose(ops.convert_to_numpy(weighed)[0], scaled * [1, 2, 3], rtol=1e-5)
    assert ops.layer_normalization(ops.KerasTensor((None, 3)), rms_scaling=True).shape == (None, 3)


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
def test_spectra_are_of_floats(backend, dtype):
    x = ops.convert_to_tensor(np.ones(4, dtype))
    with pytest.raises(TypeError, match=rf"stft\n  the op takes floating numbers and got {dtype}"):
        ops.stft(x, 2, 1, 4)
    pair = ops.convert_to_tensor(np.ones((5, 3), dtype))
    with pytest.raises(TypeError, match=rf"istft\n  the op takes floating numbers and got {dtype}"):
        ops.istft((pair, pair), 2, 1, 4)
    with pytest.raises(TypeError, match="the op takes floating numbers"):
        ops.stft(ops.KerasTensor((4,), dtype), 2, 1, 4)
