"""Activations as layers."""

from __future__ import annotations

import re

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.masking import get_mask, set_mask
from kcore_layers.layers.activations.activation import Activation
from kcore_layers.layers.activations.prelu import PReLU
from kcore_layers.layers.activations.rectifiers import ELU, LeakyReLU, ReLU
from kcore_layers.layers.activations.softmax import Softmax
from kcore_layers.layers.convolutional.convolution import Conv1D
from kcore_layers.layers.convolutional.separable_convolution import SeparableConv1D
from kcore_layers.layers.convolutional.transposed_convolution import Conv1DTranspose
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.core.einsum_dense import EinsumDense
from kcore_layers.layers.core.identity import Identity
from kcore_layers.layers.normalization.batch_normalization import BatchNormalization
from kcore_layers.layers.regularization.activity_regularization import ActivityRegularization
from kcore_ops.foundation.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def test_rectifiers_are_what_their_formulas_say(backend):
    np.testing.assert_array_equal(numbers(ReLU()(X)), np.maximum(X, 0))
    expected = np.minimum(np.where(X > 0.2, X, 0.1 * (X - 0.2)), 0.7)
    np.testing.assert_allclose(numbers(ReLU(0.7, 0.1, 0.2)(X)), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(numbers(LeakyReLU()(X)), np.where(X > 0, X, 0.3 * X), rtol=1e-5)
    np.testing.assert_allclose(numbers(LeakyReLU(alpha=0.1)(X)), np.where(X > 0, X, 0.1 * X), rtol=1e-5)
    np.testing.assert_allclose(numbers(ELU(2.0)(X)), np.where(X > 0, X, 2 * np.expm1(X)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(numbers(Activation("tanh")(X)), np.tanh(X), rtol=1e-4, atol=1e-6)


def test_slopes_are_shared_along_axes(backend):
    layer = PReLU(shared_axes=1)
    layer(X)
    alpha = np.arange(5, dtype="float32")[None]
    layer.set_weights([alpha])
    np.testing.assert_allclose(numbers(layer(X)), np.where(X > 0, X, alpha * X), rtol=1e-5)
    with pytest.raises(ArgumentError, match=re.escape("shared_axes=[0] holds 0, the batch")):
        PReLU(shared_axes=[0])
    with pytest.raises(ShapeError, match="the size of axis 1 must be known"):
        PReLU()(ops.KerasTensor((None, None, 5)))


@pytest.mark.parametrize("axis", [-1, 1, (1, 2)])
def test_a_softmax_sums_to_one_over_what_counts(backend, axis):
    mask = np.random.default_rng(1).uniform(size=X.shape) > 0.4
    mask[0] = False
    y = numbers(Softmax(axis)(X, mask=mask))
    assert (y[~mask] == 0).all()
    powers = np.where(mask, np.exp(X), 0)
    total = powers.sum(axis, keepdims=True)
    np.testing.assert_allclose(y, powers / np.where(total == 0, 1, total), rtol=1e-4, atol=1e-6)


def test_a_mask_that_does_not_broadcast_is_refused(backend):
    with pytest.raises(ShapeError, match="does not broadcast to the input's shape") as caught:
        Softmax(name="p")(X, mask=np.ones((3, 4), bool))
    assert str(caught.value) == (
        'ShapeError in layer "p"\n'
        "  a mask of shape (3, 4) does not broadcast to the input's shape (3, 4, 5)\n"
        "  fix: add axes of size 1 to the mask, for example with ops.expand_dims(mask, -1)"
    )


@pytest.mark.parametrize("make", [ReLU, LeakyReLU, ELU, PReLU, Identity, lambda: Activation("relu")])
def test_masks_pass(backend, make):
    x, mask = ops.convert_to_tensor(X), ops.convert_to_tensor(X[:, :, 0] > 0)
    set_mask(x, mask)
    np.testing.assert_array_equal(numbers(get_mask(make()(x))), X[:, :, 0] > 0)


def test_identity_gives_trees_back(backend):
    a, b = Identity()([X, X + 1])
    np.testing.assert_array_equal(numbers(a), X)
    np.testing.assert_array_equal(numbers(b), X + 1)


def test_the_penalty_is_for_each_example(backend):
    layer = ActivityRegularization(l1=0.1, l2=0.2)
    np.testing.assert_array_equal(numbers(layer(X)), X)
    expected = (0.1 * np.abs(X).sum() + 0.2 * (X**2).sum()) / 3
    np.testing.assert_allclose(numbers(layer.losses[0]), expected, rtol=1e-5)


def test_numbers_that_make_no_sense_are_refused(backend):
    with pytest.raises(ArgumentError, match="max_value can not be -1.0") as caught:
        ReLU(max_value=-1.0)
    assert str(caught.value) == (
        "ArgumentError in ReLU\n  max_value can not be -1.0\n  fix: pass a number of 0 or more"
    )
    with pytest.raises(ArgumentError, match="negative_slope can not be None"):
        LeakyReLU(None)
    with pytest.raises(ArgumentError, match="no activation named 'rellu'"):
        Activation("rellu")


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: Dense(2, activation="relu"), (1, 3)),
        (lambda: EinsumDense("ab,bc->ac", 2, activation="relu"), (1, 3)),
        (lambda: Conv1D(2, 2, activation="relu"), (1, 4, 3)),
        (lambda: Conv1DTranspose(2, 2, activation="relu"), (1, 4, 3)),
        (lambda: SeparableConv1D(2, 2, activation="relu"), (1, 4, 3)),
    ],
)
def test_an_activation_set_to_none_is_left_out(backend, make, shape):
    x, layer = -np.ones(shape, "float32"), make()
    layer.build(shape)
    for weight in layer.weights:
        weight.assign(np.ones(weight.shape))
    assert (ops.convert_to_numpy(layer(x)) == 0).all()
    layer.activation = None
    assert (ops.convert_to_numpy(layer(x)) < 0).all()
    assert layer.get_config()["activation"] is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: ActivityRegularization(l1=0.1, l2=0.1),
        lambda: BatchNormalization(activity_regularizer="l2"),
        lambda: Dense(2, activity_regularizer="l1"),
    ],
)
def test_the_penalty_of_an_empty_batch_is_zero(backend, make):
    layer = make()
    layer(np.zeros((0, 3), "float32"), training=True)
    assert [float(ops.convert_to_numpy(loss)) for loss in layer.losses] == [0.0]
