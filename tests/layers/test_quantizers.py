"""Tensors as integers and floats of few bits: steps, packing, gradients, and what is refused."""

from __future__ import annotations

import kcore as keras
import kcore_ops as ops
import numpy as np
import pytest
from kcore import quantizers

X = np.random.default_rng(0).normal(size=(7, 6)).astype("float32")
array = ops.convert_to_numpy


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
def test_integers_over_their_scale_are_the_numbers_to_half_a_step(backend, axis):
    integers, scale = quantizers.abs_max_quantize(X, axis)
    assert ops.dtype(integers) == "int8" and ops.dtype(scale) == "float32"
    assert np.abs(array(integers)).max() == 127
    assert np.all(np.abs(array(integers) / array(scale) - X) <= 0.5001 / array(scale))


def test_the_host_gives_the_same_integers(backend):
    for ours, theirs in zip(
        quantizers.abs_max_quantize(X, 0), quantizers.abs_max_quantize(X, 0, to_numpy=True), strict=True
    ):
        assert ops.is_tensor(theirs) and type(theirs) is type(ours)
        np.testing.assert_allclose(array(ours), array(theirs), rtol=1e-6)


def test_zeros_stay_zeros(backend):
    integers, scale = quantizers.abs_max_quantize(np.zeros((2, 3), "float32"), 0)
    assert not array(integers).any() and np.isfinite(array(scale)).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_scales_are_as_wide_as_the_numbers(backend, dtype):
    integers, scale = quantizers.abs_max_quantize(ops.cast(ops.convert_to_tensor(X), dtype), 0)
    assert ops.dtype(scale) == dtype and np.abs(array(integers)).max() == 127


@pytest.mark.parametrize("block_size", [1, 3, 7, 20])
def test_blocks_have_zero_points_of_their_own(backend, block_size):
    integers, scale, zero = quantizers.abs_max_quantize_grouped_with_zero_point(X, block_size)
    blocks = -(-7 // block_size)
    assert scale.shape == (blocks, 6) and zero.shape == (blocks, 6) and integers.shape == (7, 6)
    assert array(integers).min() >= -8 and array(integers).max() <= 7
    block = np.arange(7) // block_size
    back = (array(integers).astype("float32") - array(zero)[block]) * array(scale)[block]
    assert np.all(np.abs(back - X) <= array(scale)[block] * 1.001)


@pytest.mark.only("numpy", "torch")  # one more shape each, which is compiled anew
@pytest.mark.parametrize("axis", [0, 1, -1, 2])
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("size", [4, 5, 1])
def test_what_is_packed_comes_back(backend, axis, dtype, size):
    least = -8 if dtype == "int8" else 0
    shape = [2, 3, 2]
    shape[axis] = size
    numbers = np.random.default_rng(size).integers(least, least + 16, shape).astype(dtype)
    packed, packed_shape, length = quantizers.pack_int4(numbers, axis, dtype)
    assert tuple(packed.shape) == packed_shape and packed_shape[axis] == -(-size // 2) and length == size
    assert ops.dtype(packed) == dtype
    np.testing.assert_array_equal(array(quantizers.unpack_int4(packed, length, axis, dtype)), numbers)


def test_the_first_is_in_the_lower_half(backend):
    np.testing.assert_array_equal(array(quantizers.pack_int4(np.array([1, -1], "int8"))[0]), [0xF1 - 256])


@pytest.mark.parametrize("num_bits", [2, 4, 8])
@pytest.mark.parametrize("narrow_range", [False, True])
def test_fake_integers_are_as_many_as_the_bits_say_and_zero_is_one(backend, num_bits, narrow_range):
    x = np.linspace(-3, 3, 4001, dtype="float32")
    y = array(quantizers.fake_quant_with_min_max_vars(x, -1.0, 1.5, num_bits, narrow_range))
    assert len(np.unique(y)) == 2**num_bits - narrow_range
    assert 0.0 in y


def test_fake_integers_have_bounds_along_an_axis(backend):
    bounds = np.linspace(0.5, 2, 6, dtype="float32")
    y = array(quantizers.fake_quant_with_min_max_vars(X, -bounds, 1.3 * bounds, axis=1))
    for i, bound in enumerate(bounds):
        one = array(quantizers.fake_quant_with_min_max_vars(X[:, i], -bound, 1.3 * bound))
        np.testing.assert_allclose(y[:, i], one, rtol=1e-6)


@pytest.mark.needs("gradient")
def test_gradients_pass_within_the_bounds_and_to_the_bounds_elsewhere(backend):
    x = ops.convert_to_tensor(np.array([-3.0, -0.5, 0.2, 5.0, 6.0], "float32"))
    total = lambda x, low, high: ops.sum(quantizers.fake_quant_with_min_max_vars(x, low, high))  # noqa: E731
    bounds = ops.convert_to_tensor(np.float32(-1)), ops.convert_to_tensor(np.float32(1))
    of_x, of_low, of_high = ops.grad(total, (0, 1, 2))(x, *bounds)
    np.testing.assert_array_equal(array(of_x), [0, 1, 1, 0, 0])
    assert float(of_low) == 1 and float(of_high) == 2


def test_a_scale_of_float8_fits_the_largest_number_in(backend):
    assert float(quantizers.compute_float8_scale(np.float32(3), np.float32(1), 448.0)) == pytest.approx(3 / 448)
    assert float(quantizers.compute_float8_scale(np.float32(3), np.float32(1), 448.0, 2)) == pytest.approx(12 / 448)
    for amax in (0.0, np.inf, np.nan):
        assert float(quantizers.compute_float8_scale(np.float32(amax), np.float32(1.5), 448.0)) == 1.5


def test_the_history_drops_the_oldest(backend):
    history = np.zeros(3, "float32")
    for now in (1.0, 2.0, 3.0, 4.0):
        history = quantizers.compute_float8_amax_history(np.array([0.5, -now], "float32"), history)
    np.testing.assert_array_equal(np.sort(array(history)), [2, 3, 4])
    assert array(history)[0] == 4


@pytest.mark.parametrize(("dtype", "step"), [("float8_e4m3fn", 1 / 8), ("float8_e5m2", 1 / 4)])
def test_float8_keeps_its_bits_and_clips(backend, dtype, step):
    y = quantizers.quantize_and_dequantize(np.array([1.0, 1.09, 1e9], "float32"), np.float32(2), dtype, "float32")
    most = {"float8_e4m3fn": 448.0, "float8_e5m2": 57344.0}[dtype] * 2
    np.testing.assert_array_equal(array(y), [1, 1 + round(0.09 / step) * step, most])


def test_quantizers_are_found_by_name_and_made_of_data():
    assert isinstance(quantizers.get("AbsMaxQuantizer"), quantizers.AbsMaxQuantizer)
    assert quantizers.get("abs_max_quantizer", axis=1).axis == (1,)
    assert quantizers.get(None) is None
    again = quantizers.deserialize(quantizers.serialize(quantizers.AbsMaxQuantizer(axis=(0, 1), epsilon=0.1)))
    assert again.axis == (0, 1) and again.epsilon == 0.1
    assert keras.Quantizer is quantizers.Quantizer and keras.Quantizer("uint8").output_dtype == "uint8"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: quantizers.get("nothing"), "no quantizer named 'nothing'"),
        (lambda: quantizers.Quantizer().get_config(), "Quantizer has no get_config"),
        (lambda: quantizers.pack_int4(np.zeros(2, "int32")), "arr is int32, and int8 is packed"),
        (lambda: quantizers.pack_int4(np.zeros(2, "int8"), 0, "int16"), "dtype can not be 'int16'"),
        (lambda: quantizers.unpack_int4(np.zeros(2, "int32"), 4), "packed is int32"),
        (lambda: quantizers.unpack_int4(np.zeros(2, "int8"), 4, 0, "int16"), "dtype can not be 'int16'"),
        (lambda: quantizers.fake_quant_with_min_max_vars(X, 0.0, 1.0, 0), "num_bits can not be 0"),
        (lambda: quantizers.abs_max_quantize_grouped_with_zero_point(X, -1), "block_size can not be -1"),
        (lambda: quantizers.abs_max_quantize_grouped_with_zero_point(X[0], 1), "inputs has 1 axes"),
        (lambda: quantizers.quantize_and_dequantize(X, 1.0, "int8", "float32"), "quantized_dtype can not be 'int8'"),
    ],
)
def test_what_can_not_be_is_refused(backend, call, text):
    with pytest.raises((ValueError, TypeError, NotImplementedError), match=text):
        call()
