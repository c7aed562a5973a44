"""Layers that normalize, against NumPy; moving statistics, masks and half precision."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.normalization.batch_normalization import BatchNormalization
from kcore_layers.layers.normalization.group_normalization import GroupNormalization
from kcore_layers.layers.normalization.layer_normalization import LayerNormalization
from kcore_layers.layers.normalization.normalization import Normalization
from kcore_layers.layers.normalization.rms_normalization import RMSNormalization
from kcore_layers.layers.normalization.spectral_normalization import SpectralNormalization
from kcore_layers.layers.normalization.unit_normalization import UnitNormalization
from kcore_ops.foundation.errors import ArgumentError, ShapeError

rng = np.random.default_rng(0)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def normalized(x, axes, epsilon=1e-3):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


def test_a_batch_is_normalized_while_training_and_statistics_follow(backend):
    x = rng.normal(2, 3, size=(6, 5, 4)).astype("float32")
    layer = BatchNormalization(momentum=0.8)
    np.testing.assert_allclose(numbers(layer(x, training=True)), normalized(x, (0, 1)), rtol=1e-3, atol=1e-4)
    mean, variance = 0.2 * x.mean((0, 1)), 0.8 + 0.2 * x.var((0, 1))
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-4)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-4)
    expected = (x - mean) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(numbers(layer(x)), expected, rtol=1e-3, atol=1e-4)
    assert len(layer.trainable_weights) == len(layer.non_trainable_weights) == 2


def test_a_frozen_batch_normalization_uses_moving_statistics_and_keeps_them(backend):
    layer = BatchNormalization()
    x = rng.normal(2, 3, size=(6, 4)).astype("float32")
    layer.build(x.shape)
    layer.trainable = False
    np.testing.assert_allclose(numbers(layer(x, training=True)), x / np.sqrt(1 + 1e-3), rtol=1e-4)
    np.testing.assert_array_equal(layer.moving_mean.numpy(), np.zeros(4))


def test_masked_steps_do_not_count(backend):
    x = rng.normal(2, 3, size=(2, 3, 4)).astype("float32")
    mask = np.array([[1, 1, 0], [1, 0, 0]], bool)
    layer = BatchNormalization(momentum=0.0)
    layer(x, training=True, mask=mask)
    np.testing.assert_allclose(layer.moving_mean.numpy(), x[mask].mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), x[mask].var(0), rtol=1e-4)
    layer(x, training=True, mask=np.zeros((2, 3), bool))
    assert np.isfinite(layer.moving_mean.numpy()).all()


def test_statistics_of_half_precision_inputs_are_exact(backend):
    x = (1000 + rng.normal(size=(64, 3))).astype("float32")
    layer = BatchNormalization(momentum=0.0, dtype="mixed_float16")
    y = layer(x, training=True)
    assert backend.dtype(y) == "float16"
    assert layer.moving_mean.dtype == "float32"
    np.testing.assert_allclose(layer.moving_variance.numpy(), x.var(0), rtol=1e-3)
    half = x.astype("float16")
    layer(half, training=True)
    np.testing.assert_allclose(layer.moving_variance.numpy(), half.astype("float32").var(0), rtol=1e-3)


@pytest.mark.needs("gradient")
def test_batch_renormalization_starts_from_the_moving_statistics(backend):
    layer = BatchNormalization(renorm=True, center=False, scale=False)
    x = rng.normal(size=(6, 4)).astype("float32")
    np.testing.assert_allclose(numbers(layer(x, training=True)), x, rtol=1e-4, atol=1e-5)
    clipped = BatchNormalization(renorm=True, renorm_clipping={"rmax": 1.0, "rmin": 1.0, "dmax": 0.0})
    np.testing.assert_allclose(numbers(clipped(x, training=True)), normalized(x, 0), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("axis", [-1, 1, (1, 2), (2, 1), [-1, -2, -3]])
def test_layers_and_root_mean_squares_are_normalized_along_axes(backend, axis):
    x = rng.normal(2, 3, size=(2, 3, 4, 5)).astype("float32")
    axes = tuple(axis) if not isinstance(axis, int) else (axis,)
    np.testing.assert_allclose(numbers(LayerNormalization(axis)(x)), normalized(x, axes), rtol=1e-3, atol=1e-4)
    expected = x / np.sqrt((x**2).mean(axes, keepdims=True) + 1e-6)
    np.testing.assert_allclose(numbers(RMSNormalization(axis)(x)), expected, rtol=1e-4, atol=1e-5)


def test_weights_lie_along_the_axes_in_the_order_of_the_input(backend):
    x = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    layer = LayerNormalization((3, 1))
    layer.build(x.shape)
    gamma, beta = rng.normal(size=(2, 3, 5)).astype("float32")
    layer.set_weights([gamma, beta])
    expected = normalized(x, (1, 3)) * gamma[:, None] + beta[:, None]
    np.testing.assert_allclose(numbers(layer(x)), expected, rtol=1e-3, atol=1e-4)
    assert [v.name for v in LayerNormalization(center=False).weights] == []


@pytest.mark.parametrize(("groups", "axis"), [(1, -1), (2, -1), (-1, -1), (3, 1)])
def test_groups_of_channels_are_normalized(backend, groups, axis):
    x = rng.normal(2, 3, size=(2, 6, 5, 4)).astype("float32")
    y = numbers(GroupNormalization(groups, axis)(x))
    last = x if axis == -1 else x.swapaxes(1, -1)
    n = last.shape[-1] if groups == -1 else groups
    expected = normalized(last.reshape(*last.shape[:-1], n, -1), (1, 2, 4)).reshape(last.shape)
    np.testing.assert_allclose(y, expected if axis == -1 else expected.swapaxes(1, -1), rtol=1e-3, atol=1e-4)


def test_groups_that_do_not_split_are_refused(backend):
    with pytest.raises(ShapeError, match="6 channels, which do not split into 4 groups") as caught:
        GroupNormalization(4, name="gn")(np.ones((2, 6), "float32"))
    assert str(caught.value) == (
        'ShapeError in layer "gn"\n'
        "  the input has 6 channels, which do not split into 4 groups\n"
        "  fix: let groups be a divisor of the number of channels"
    )
    with pytest.raises(ArgumentError, match="groups can not be 0"):
        GroupNormalization(0)


def test_vectors_have_length_one_and_zero_stays(backend):
    x = rng.normal(size=(2, 3, 4)).astype("float32")
    np.testing.assert_allclose(np.linalg.norm(numbers(UnitNormalization()(x)), axis=-1), 1, rtol=1e-5)
    np.testing.assert_allclose((numbers(UnitNormalization((1, 2))(x)) ** 2).sum((1, 2)), 1, rtol=1e-5)
    np.testing.assert_array_equal(numbers(UnitNormalization()(0 * x)), 0 * x)


def test_the_largest_singular_value_becomes_one(backend):
    layer = SpectralNormalization(Dense(3, use_bias=False), power_iterations=50)
    x = rng.normal(size=(2, 5)).astype("float32")
    before = numbers(layer(x))
    kernel = layer.layer.kernel.numpy()
    np.testing.assert_allclose(before, x @ kernel, rtol=1e-4, atol=1e-5)
    layer(x, training=True)
    np.testing.assert_allclose(layer.layer.kernel.numpy(), kernel / np.linalg.norm(kernel, 2), rtol=1e-3, atol=1e-5)
    with pytest.raises(ArgumentError, match="UnitNormalization has neither a kernel nor embeddings"):
        SpectralNormalization(UnitNormalization())(x)


@pytest.mark.parametrize("axis", [-1, None, (1, 2), 1])
def test_adapted_data_has_mean_zero_and_variance_one(backend, axis):
    x = rng.normal(5, 3, size=(50, 3, 2)).astype("float32")
    layer = Normalization(axis)
    layer.adapt(x)
    y = numbers(layer(x))
    kept = () if axis is None else axis if isinstance(axis, tuple) else (axis % 3,)
    reduced = tuple(i for i in range(3) if i not in kept)
    np.testing.assert_allclose(y.mean(reduced), np.zeros(y.mean(reduced).shape), atol=1e-4)
    np.testing.assert_allclose(y.var(reduced), np.ones(y.mean(reduced).shape), rtol=1e-3)
    undone = Normalization(axis, mean=layer.adapt_mean.numpy(), variance=layer.adapt_variance.numpy(), invert=True)
    np.testing.assert_allclose(numbers(undone(y)), x, rtol=1e-3, atol=1e-3)


def test_batches_adapt_as_the_whole_does(backend):
    x = rng.normal(5, 3, size=(50, 3))
    whole, parts, tensors = Normalization(), Normalization(), Normalization()
    whole.adapt(x)
    parts.adapt(x[i : i + 7] for i in range(0, 50, 7))
    tensors.adapt(ops.convert_to_tensor(x.astype("float32")))
    for other in (parts, tensors):
        for v, w in zip(whole.weights, other.weights, strict=True):
            np.testing.assert_allclose(v.numpy(), w.numpy(), rtol=1e-5)
    whole.adapt(10 + x)
    np.testing.assert_allclose(whole.adapt_mean.numpy(), 10 + x.mean(0), rtol=1e-5)


def test_what_normalization_can_not_do_is_said(backend):
    with pytest.raises(ArgumentError, match="mean was given and variance was not"):
        Normalization(mean=1.0)
    with pytest.raises(ArgumentError, match="can not be adapted"):
        Normalization(mean=1.0, variance=1.0).adapt(np.ones((2, 3)))
    with pytest.raises(ArgumentError, match="there is no data to adapt to"):
        Normalization().adapt(iter([]))
    with pytest.raises(ShapeError, match=r"mean has shape \(2,\), and the input the sizes \(3,\) along axis \(-1,\)"):
        Normalization(mean=[1.0, 2.0], variance=[1.0, 2.0])(np.ones((2, 3), "float32"))
    with pytest.raises(ShapeError, match=r"a batch has shape \(2, 4\)"):
        Normalization().adapt([np.ones((2, 3)), np.ones((2, 4))][i] for i in range(2))


def test_batch_normalization_refuses_what_it_does_not_know(backend):
    with pytest.raises(ArgumentError, match="renorm_clipping has no 'tmax'") as caught:
        BatchNormalization(renorm_clipping={"tmax": 3.0})
    assert str(caught.value) == (
        "ArgumentError in BatchNormalization\n  renorm_clipping has no 'tmax'\n  fix: use 'rmax', 'rmin' and 'dmax'"
    )
    with pytest.raises(ArgumentError, match=r"axis can not be \[1\]"):
        BatchNormalization([1])
