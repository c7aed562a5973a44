"""Convolutional layers against sums over windows, and what they say of inputs that do not fit."""

from __future__ import annotations

import itertools

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.convolutional.convolution import Conv1D, Conv2D, Conv3D
from kcore_layers.layers.convolutional.depthwise_convolution import DepthwiseConv1D, DepthwiseConv2D
from kcore_layers.layers.convolutional.separable_convolution import SeparableConv1D, SeparableConv2D
from kcore_layers.layers.convolutional.transposed_convolution import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from kcore_ops.foundation.errors import ArgumentError, ShapeError

rng = np.random.default_rng(0)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def convolved(x, kernel, stride=1, dilation=1):
    """Sum over windows that stay inside; channels last."""
    *window, _, filters = kernel.shape
    spans = [(w - 1) * dilation + 1 for w in window]
    sizes = [(n - s) // stride + 1 for n, s in zip(x.shape[1:-1], spans, strict=True)]
    y = np.zeros((x.shape[0], *sizes, filters))
    for offset in itertools.product(*map(range, window)):
        slices = [
            slice(o * dilation, o * dilation + (n - 1) * stride + 1, stride) for o, n in zip(offset, sizes, strict=True)
        ]
        y += x[(slice(None), *slices)] @ kernel[offset]
    return y


@pytest.mark.parametrize(("layer", "rank"), [(Conv1D, 1), (Conv2D, 2), (Conv3D, 3)])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_sums_over_windows(backend, layer, rank, stride):
    x = rng.normal(size=(2, *(7, 6, 5)[:rank], 3)).astype("float32")
    conv = layer(4, 2, strides=stride, bias_initializer="ones", activation="relu")
    y = conv(x)
    expected = np.maximum(convolved(x, conv.kernel.numpy(), stride) + 1, 0)
    np.testing.assert_allclose(numbers(y), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda f: Conv1D(4, 3, data_format=f, padding="causal", bias_initializer="ones"),
        lambda f: Conv1DTranspose(4, 3, strides=2, data_format=f, bias_initializer="ones"),
        lambda f: DepthwiseConv1D(3, data_format=f, bias_initializer="ones"),
        lambda f: SeparableConv1D(4, 3, data_format=f, bias_initializer="ones"),
    ],
)
def test_channels_first_is_channels_last_transposed(backend, make):
    x = rng.normal(size=(2, 8, 3)).astype("float32")
    last, first = make("channels_last"), make("channels_first")
    y = numbers(last(x))
    first(x.transpose(0, 2, 1))
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(numbers(first(x.transpose(0, 2, 1))).transpose(0, 2, 1), y, rtol=1e-4, atol=1e-5)


def test_a_causal_convolution_looks_back_only(backend):
    conv = Conv1D(1, 3, padding="causal", dilation_rate=2)
    x = rng.normal(size=(1, 9, 2)).astype("float32")
    y = numbers(conv(x))
    changed = x.copy()
    changed[:, 5:] += 1
    np.testing.assert_array_equal(numbers(conv(changed))[:, :5], y[:, :5])
    assert y.shape == (1, 9, 1)


def test_groups_are_convolutions_side_by_side(backend):
    conv = Conv2D(4, 2, groups=2, use_bias=False)
    x = rng.normal(size=(2, 5, 5, 6)).astype("float32")
    y = numbers(conv(x))
    kernel = conv.kernel.numpy()
    halves = [convolved(x[..., 3 * i : 3 * i + 3], kernel[..., 2 * i : 2 * i + 2]) for i in range(2)]
    np.testing.assert_allclose(y, np.concatenate(halves, -1), rtol=1e-4, atol=1e-5)


def test_a_depthwise_convolution_keeps_channels_apart(backend):
    conv = DepthwiseConv2D(2, depth_multiplier=3, use_bias=False)
    x = rng.normal(size=(2, 5, 5, 2)).astype("float32")
    y = numbers(conv(x))
    kernel = conv.kernel.numpy()
    expected = [convolved(x[..., i : i + 1], kernel[:, :, i : i + 1, :]) for i in range(2)]
    np.testing.assert_allclose(y, np.concatenate(expected, -1), rtol=1e-4, atol=1e-5)


def test_a_separable_convolution_is_a_depthwise_one_and_a_mix(backend):
    separable = SeparableConv2D(4, 2, use_bias=False)
    x = rng.normal(size=(2, 5, 5, 3)).astype("float32")
    y = numbers(separable(x))
    depthwise = DepthwiseConv2D(2, use_bias=False)
    depthwise(x)
    depthwise.set_weights([separable.depthwise_kernel.numpy()])
    expected = numbers(depthwise(x)) @ separable.pointwise_kernel.numpy()[0, 0]
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("layer", "rank"), [(Conv1DTranspose, 1), (Conv2DTranspose, 2), (Conv3DTranspose, 3)])
def test_a_transposed_convolution_is_the_transpose_of_one(backend, layer, rank):
    x = rng.normal(size=(1, *(4,) * rank, 2)).astype("float32")
    conv = layer(3, 2, strides=2, use_bias=False)
    y = numbers(conv(x)).astype("float64")
    z = rng.normal(size=y.shape)
    # <conv_transpose(x), z> = <x, conv(z)>, with the kernel's channels the other way round.
    np.testing.assert_allclose((y * z).sum(), (x * convolved(z, conv.kernel.numpy(), 2)).sum(), rtol=1e-4)


def test_output_padding_adds_to_the_size(backend):
    x = np.ones((1, 4, 4, 2), "float32")
    assert tuple(Conv2DTranspose(3, 3, strides=2, output_padding=1)(x).shape) == (1, 10, 10, 3)
    assert tuple(Conv2DTranspose(3, 3, strides=2, output_padding=(0, 1))(x).shape) == (1, 9, 10, 3)
    # As in Keras, the fifth argument is the layout in three dimensions.
    assert Conv3DTranspose(3, 2, 2, "valid", "channels_last", 1).output_padding == (1, 1, 1)


def test_an_input_of_other_axes_or_channels_is_refused(backend):
    conv = Conv2D(4, 3, name="stem")
    with pytest.raises(ShapeError, match="it must have 4 axes") as caught:
        conv(np.ones((8, 8, 3), "float32"))
    assert str(caught.value) == (
        'ShapeError in layer "stem"\n'
        "  the input has shape (8, 8, 3): it must have 4 axes\n"
        "  fix: pass a batch axis, 2 spatial ones and one of channels"
    )
    conv(np.ones((1, 8, 8, 3), "float32"))
    with pytest.raises(ShapeError, match="axis -1 must have size 3 and has size 5"):
        conv(np.ones((1, 8, 8, 5), "float32"))
    with pytest.raises(ShapeError, match="a window that spans 3 does not fit into size 2"):
        conv(np.ones((1, 2, 8, 3), "float32"))
    with pytest.raises(ShapeError, match="the size of axis -1 must be known"):
        Conv2D(4, 3)(ops.KerasTensor((None, 8, 8, None)))
    with pytest.raises(ShapeError, match="the input has 3 channels, which do not split into 2 groups"):
        Conv2D(4, 3, groups=2)(np.ones((1, 8, 8, 3), "float32"))


def test_arguments_that_do_not_fit_are_refused(backend):
    with pytest.raises(ArgumentError, match="ArgumentError in Conv2D\n  filters can not be 0"):
        Conv2D(0, 3)
    with pytest.raises(ArgumentError, match="3 filters do not split into 2 groups"):
        Conv2D(3, 3, groups=2)
    with pytest.raises(ArgumentError, match="padding can not be 'causal'\n  fix: use one of 'valid', 'same'"):
        Conv2D(3, 3, padding="causal")
    with pytest.raises(ArgumentError, match=r"kernel_size=\(1, 2, 3\) does not fit 2 spatial axes"):
        Conv2D(3, (1, 2, 3))


@pytest.mark.needs("gradient")
def test_a_convolution_can_be_overridden(backend):
    class Centred(Conv2D):
        def convolution_op(self, inputs, kernel):
            return super().convolution_op(inputs, kernel - ops.mean(kernel, axis=(0, 1, 2)))

    layer = Centred(3, 2, use_bias=False)
    y = layer(np.ones((1, 4, 4, 2), "float32"))
    np.testing.assert_allclose(numbers(y), np.zeros((1, 3, 3, 3)), atol=1e-5)
