"""Convolutions and pools: what is inferred, and what is said when arguments do not fit."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import TensorSpec
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError

X = TensorSpec((None, 8, 6, 4))


def message(error):
    return " ".join(str(error.value).split())


@pytest.mark.parametrize(
    ("kernel", "options", "text"),
    [
        ((3, 3, 3, 5), {}, "inputs have 4 channels (axis -1) and kernel takes 3"),
        ((3, 3, 8, 5), {}, "inputs have 4 channels (axis -1) and kernel takes 8"),
        ((3, 3, 6, 5), {"data_format": "channels_first"}, "inputs have 8 channels (axis 1) and kernel takes 6"),
        ((3, 3, 2, 5), {}, "kernel gives 5 channels, which do not split into 2 groups"),
        ((3, 4, 5), {}, "inputs have 4 axes, (None, 8, 6, 4), and kernel has 3, (3, 4, 5)"),
        ((3, 7, 4, 5), {}, "a window that spans 7 does not fit into size 6"),
        ((3, 4, 4, 5), {"dilation_rate": 2}, "a window that spans 7 does not fit into size 6"),
        ((3, 3, 0, 5), {}, "kernel takes 0 channels"),
    ],
)
def test_shapes_that_do_not_fit_are_named_before_any_arithmetic(kernel, options, text):
    with pytest.raises(ShapeError, match="conv") as error:
        ops.conv(X, TensorSpec(kernel), **options)
    assert text in message(error)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"padding": "causal"}, "fix: use one of 'valid', 'same'"),
        ({"data_format": "NHWC"}, "data_format can not be 'NHWC'"),
        ({"strides": 0}, "strides=0 does not fit 2 spatial axes"),
        ({"strides": (1, 2, 3)}, "strides=(1, 2, 3) does not fit 2 spatial axes"),
        ({"dilation_rate": None}, "dilation_rate=None does not fit 2 spatial axes"),
    ],
)
def test_static_arguments_that_are_not_allowed_are_named(options, text):
    with pytest.raises(ArgumentError, match="conv") as error:
        ops.conv(X, TensorSpec((3, 3, 4, 5)), **options)
    assert text in message(error)


def test_backends_say_the_same_as_specs(backend):
    x, kernel = np.ones((2, 8, 6, 4), "float32"), np.ones((3, 3, 3, 5), "float32")
    with pytest.raises(ShapeError, match="inputs have 4 channels") as error:
        ops.conv(backend.to_tensor(x, None), backend.to_tensor(kernel, None))
    with pytest.raises(ShapeError, match="inputs have 4 channels") as inferred:
        ops.conv(TensorSpec(x.shape), TensorSpec(kernel.shape))
    assert error.value.problem == inferred.value.problem
    with pytest.raises(ShapeError, match="a window that spans 9 does not fit into size 8"):
        ops.max_pool(backend.to_tensor(x, None), 9)


def test_transposed_and_depthwise_kernels_are_checked():
    with pytest.raises(ShapeError, match=r"inputs have 4 channels \(axis -1\) and kernel takes 5"):
        ops.conv_transpose(X, TensorSpec((3, 3, 4, 5)))
    with pytest.raises(ShapeError, match=r"inputs have 4 channels \(axis -1\) and kernel takes 3"):
        ops.depthwise_conv(X, TensorSpec((3, 3, 3, 2)))
    with pytest.raises(ShapeError, match="it must be 1 along its window's axes"):
        ops.separable_conv(X, TensorSpec((3, 3, 4, 2)), TensorSpec((2, 1, 8, 5)))
    with pytest.raises(ArgumentError, match=r"output_padding=2 does not fit strides \(2, 2\)"):
        ops.conv_transpose(X, TensorSpec((3, 3, 5, 4)), strides=2, output_padding=2)


def test_a_convolution_of_booleans_and_a_maximum_of_complex_numbers_are_refused():
    with pytest.raises(DTypeError, match="not defined on booleans"):
        ops.conv(TensorSpec((1, 4, 1), "bool"), TensorSpec((2, 1, 1), "bool"))
    with pytest.raises(DTypeError, match="takes real numbers and got complex64"):
        ops.max_pool(TensorSpec((1, 4, 1), "complex64"), 2)


def test_unknown_sizes_stay_unknown_and_known_ones_known():
    x = TensorSpec((None, None, 6, 4))
    assert ops.conv(x, TensorSpec((3, 3, 4, 5)), strides=2, padding="same").shape == (None, None, 3, 5)
    assert ops.conv_transpose(x, TensorSpec((3, 3, 5, 4)), strides=2).shape == (None, None, 13, 5)
    assert ops.depthwise_conv(x, TensorSpec((3, 3, 4, 2))).shape == (None, None, 4, 8)
    assert ops.average_pool(x, 2).shape == (None, None, 3, 4)
    assert ops.max_pool(TensorSpec((None, 4, 6, None)), 2, data_format="channels_first").shape == (None, 4, 3, None)


def test_an_average_counts_no_padding(backend):
    x = backend.to_tensor(np.ones((1, 5, 5, 1), "float32"), None)
    np.testing.assert_allclose(backend.to_numpy(ops.average_pool(x, 3, strides=2, padding="same")), 1.0, rtol=1e-6)


def test_the_transposed_convolution_is_the_adjoint_of_the_convolution(backend):
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 2, 4, 5))
    x, y = rng.normal(size=(2, 8, 6, 4)), rng.normal(size=(2, 4, 3, 5))
    kernel, x, y = (backend.to_tensor(a.astype("float32"), None) for a in (kernel, x, y))
    forward = backend.to_numpy(ops.conv(x, kernel, strides=2, padding="same"))
    backward = backend.to_numpy(ops.conv_transpose(y, kernel, strides=2, padding="same"))
    np.testing.assert_allclose(np.vdot(forward, backend.to_numpy(y)), np.vdot(backward, backend.to_numpy(x)), rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_empty_batch_gives_an_empty_batch(backend, dtype):
    x, kernel = ops.zeros((0, 5, 5, 2), dtype), ops.ones((3, 3, 2, 4), dtype)
    assert tuple(ops.conv(x, kernel, strides=2, padding="same").shape) == (0, 3, 3, 4)
    assert tuple(ops.max_pool(x, 2).shape) == (0, 2, 2, 2)
    assert tuple(ops.average_pool(x, 2).shape) == (0, 2, 2, 2)


@pytest.mark.needs("gradient", "float64")
@pytest.mark.parametrize("name", ["conv", "depthwise_conv", "conv_transpose"])
@pytest.mark.parametrize("channels", [(3, 1), (1, 3), (1, 1)])
def test_the_gradient_of_a_kernel_for_one_channel_or_one_filter_is_that_of_a_linear_function(backend, name, channels):
    rng = np.random.default_rng(0)
    shapes = {"conv": channels, "depthwise_conv": channels, "conv_transpose": channels[::-1]}
    x = backend.to_tensor(rng.normal(size=(1, 3, 3, channels[0])), None)
    kernel = backend.to_tensor(rng.normal(size=(2, 1, *shapes[name])), None)

    def total(kernel):
        return ops.sum(getattr(ops, name)(x, kernel, strides=(1, 3)) ** 2) / 2

    value, slope = ops.value_and_grad(total)(kernel)
    # A quadratic form: its derivative along its argument is twice its value.
    np.testing.assert_allclose(float(ops.sum(slope * kernel)), 2 * float(value), rtol=1e-9)
