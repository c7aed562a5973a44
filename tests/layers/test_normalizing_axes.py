"""The axis of a layer that normalizes: as it was written, for inputs of any number of axes."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.activations.prelu import PReLU
from kcore_layers.layers.activations.softmax import Softmax
from kcore_layers.layers.attention.multi_head_attention import MultiHeadAttention
from kcore_layers.layers.normalization.batch_normalization import BatchNormalization
from kcore_layers.layers.normalization.group_normalization import GroupNormalization
from kcore_layers.layers.normalization.layer_normalization import LayerNormalization
from kcore_layers.layers.normalization.normalization import Normalization
from kcore_layers.layers.normalization.rms_normalization import RMSNormalization
from kcore_layers.layers.normalization.unit_normalization import UnitNormalization
from kcore_ops.foundation.errors import ArgumentTypeError, ShapeError

rng = np.random.default_rng(0)
X = np.random.default_rng(0).normal(size=(5, 2, 4, 4)).astype("float32")


def standardized(x, axes):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-3)


def over_deviation(x, axes):
    return x / np.sqrt(x.var(axes, keepdims=True) + 1e-3)


def over_root_mean_square(x, axes):
    return x / np.sqrt((x**2).mean(axes, keepdims=True) + 1e-6)


def over_length(x, axes):
    return x / np.sqrt((x**2).sum(axes, keepdims=True))


def shares(x, axes):
    return np.exp(x) / np.exp(x).sum(axes, keepdims=True)


LAYERS = {
    "layer": (LayerNormalization, standardized),
    "layer_rms": (lambda axis: LayerNormalization(axis, rms_scaling=True), over_deviation),
    "rms": (RMSNormalization, over_root_mean_square),
    "softmax": (Softmax, shares),
    "unit": (UnitNormalization, over_length),
}


@pytest.mark.parametrize("axis", [-1, -2, (-1, -2), [-2]])
@pytest.mark.parametrize("case", LAYERS)
def test_a_negative_axis_counts_from_the_end_of_each_input(backend, case, axis):
    make, reference = LAYERS[case]
    layer = make(axis)
    layer.build((None, 4, 4))
    axes = tuple(axis) if not isinstance(axis, int) else axis
    for x in (X, X[:, 0], X[None]):
        np.testing.assert_allclose(ops.convert_to_numpy(layer(x)), reference(x, axes), rtol=1e-3, atol=1e-4)
    assert layer.get_config()["axis"] == (list(axis) if isinstance(axis, tuple) else axis)


@pytest.mark.parametrize("cls", [LayerNormalization, RMSNormalization])
def test_the_last_axis_may_be_that_of_an_input_of_fewer_axes(backend, cls):
    layer = cls()
    layer.build((None, 4, 4))
    reference = LAYERS["layer" if cls is LayerNormalization else "rms"][1]
    np.testing.assert_allclose(ops.convert_to_numpy(layer(X[:, 0, 0])), reference(X[:, 0, 0], -1), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("axis", [-1, None])
def test_normalization_along_the_last_axis_takes_inputs_of_any_number_of_axes(backend, axis):
    mean, variance = (1.0, 4.0) if axis is None else (np.arange(4.0), np.arange(1.0, 5.0))
    layers = [Normalization(axis, mean=mean, variance=variance), Normalization(axis)]
    for layer in layers:
        layer.build((None, 4, 4))
    layers[1].adapt_mean.assign(mean)
    layers[1].adapt_variance.assign(variance)
    for layer in layers:
        for x in (X[:, 0, 0], X[:, 0], X):
            expected = (x - mean) / np.sqrt(variance)
            y = ops.convert_to_numpy(layer(x))
            assert y.shape == x.shape
            np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
        assert tuple(layer.mean.shape) == (1, 1, 1 if axis is None else 4)


def test_normalization_along_another_axis_refuses_inputs_of_other_numbers_of_axes(backend):
    layer = Normalization(1, mean=np.arange(4.0), variance=np.ones(4))
    layer.build((None, 4, 4))
    with pytest.raises(ShapeError, match="it must have 3 axes and has 4"):
        layer(X)


@pytest.mark.parametrize(
    "call",
    [
        lambda: PReLU(shared_axes=[7])(X),
        lambda: MultiHeadAttention(1, 2, attention_axes=7)(X, X),
        lambda: LayerNormalization(7)(X),
        lambda: RMSNormalization((1, 7))(X),
        lambda: BatchNormalization(7)(X),
        lambda: GroupNormalization(1, axis=7)(X),
        lambda: UnitNormalization(7)(X),
        lambda: Softmax(7)(X),
    ],
)
def test_an_axis_that_an_input_has_not_is_refused(backend, call):
    with pytest.raises(ShapeError, match=r"(?s)is out of range for a tensor with 4 axes\n.*the axes are -4 to 3"):
        call()


def test_attention_over_negative_axes_is_attention_over_those_counted_from_the_end(backend):
    made = MultiHeadAttention(2, 3, attention_axes=(2,), kernel_initializer="ones")
    other = MultiHeadAttention(2, 3, attention_axes=(-2,), kernel_initializer="ones")
    y, z = made(X, X), other(X, X)
    np.testing.assert_allclose(ops.convert_to_numpy(y), ops.convert_to_numpy(z), rtol=1e-5)


def test_a_mask_larger_than_the_input_is_refused(backend):
    for shape, mask in (((1, 3), (2, 3)), ((2, 1), (2, 3)), ((2, 3), (1, 2, 3)), ((2, 3), (2, 2))):
        with pytest.raises(ShapeError, match="does not broadcast to the input's shape"):
            Softmax()(np.ones(shape, "float32"), mask=np.ones(mask, bool))


@pytest.mark.parametrize("axis", [{"axis": -1}, "a", 1.5, [1.0], True])
@pytest.mark.parametrize(
    "cls", [BatchNormalization, GroupNormalization, LayerNormalization, Normalization, RMSNormalization, Softmax,
            UnitNormalization]
)  # fmt: skip
def test_an_axis_of_another_type_is_refused_when_the_layer_is_made(backend, cls, axis):
    with pytest.raises(
        ArgumentTypeError, match=f"in {cls.__name__}\n  axis can not be .*\n  fix: pass (one axis|an int)"
    ):
        cls(axis=axis)
