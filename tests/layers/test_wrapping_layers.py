"""Layers around functions and other layers, and those that make masks."""

from __future__ import annotations

import re

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.masking import get_mask, set_mask
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.core.lambda_layer import Lambda
from kcore_layers.layers.core.masking_layer import Masking
from kcore_layers.layers.core.wrapper import Wrapper
from kcore_layers.layers.normalization.batch_normalization import BatchNormalization
from kcore_layers.layers.preprocessing.rescaling import Rescaling
from kcore_layers.layers.reshaping.flatten import Flatten
from kcore_layers.layers.rnn.time_distributed import TimeDistributed
from kcore_layers.serialization.objects import (
    CustomObjectScope,
    SerializationError,
    deserialize_keras_object,
    register_keras_serializable,
    serialize_keras_object,
)
from kcore_ops.foundation.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
MASK = np.array([[1, 1, 0], [1, 0, 0]], bool)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


@register_keras_serializable("wrapping_tests")
def scaled(x, factor=2.0):
    return x * factor


def test_a_function_is_called_with_its_arguments(backend):
    np.testing.assert_allclose(numbers(Lambda(scaled, arguments={"factor": 3.0})(X)), 3 * X, rtol=1e-6)
    np.testing.assert_allclose(numbers(Lambda(lambda x: x[:, 0])(X)), X[:, 0])


def test_a_function_gets_mask_and_training_if_it_asks(backend):
    seen = {}

    def function(x, mask=None, training=None):
        seen.update(mask=mask, training=training)
        return x

    x = ops.convert_to_tensor(X.copy())
    set_mask(x, ops.convert_to_tensor(MASK))
    Lambda(function)(x, training=True)
    assert seen["training"] is True
    np.testing.assert_array_equal(numbers(seen["mask"]), MASK)
    assert get_mask(Lambda(scaled)(x)) is None
    np.testing.assert_array_equal(numbers(get_mask(Lambda(scaled, mask=lambda x, mask: mask)(x))), MASK)


def test_the_output_shape_can_be_said(backend):
    assert Lambda(scaled)(ops.KerasTensor((None, 3))).shape == (None, 3)
    assert Lambda(scaled, output_shape=(7,))(ops.KerasTensor((None, 3))).shape == (None, 7)
    assert Lambda(scaled, output_shape=lambda s: (s[0], 9))(ops.KerasTensor((None, 3))).shape == (None, 9)


def test_a_registered_function_is_saved_by_name(backend):
    data = serialize_keras_object(Lambda(scaled, arguments={"factor": 3.0}, name="triple"))
    layer = deserialize_keras_object(data)
    np.testing.assert_allclose(numbers(layer(X)), 3 * X, rtol=1e-6)
    assert layer.get_config() == data["config"]


def test_an_unnamed_function_is_not_saved(backend):
    with pytest.raises(SerializationError, match="function is a lambda, which has no name to save") as caught:
        Lambda(lambda x: x, name="twice").get_config()
    assert str(caught.value) == (
        'SerializationError in layer "twice"\n'
        "  function is a lambda, which has no name to save\n"
        "  fix: define a function, and decorate it with @register_keras_serializable()"
    )
    double = lambda x: 2 * x  # noqa: E731 (a lambda that is registered by a scope)
    with CustomObjectScope({"double": double}):
        assert Lambda(double).get_config()["function"]["config"]
    with pytest.raises(ArgumentError, match="3 is not a function"):
        Lambda(3)


def test_padding_is_masked_and_zeroed(backend):
    x = np.array([[[1.0, 5.0], [5.0, 5.0], [2.0, 2.0]]], "float32")
    y = Masking(mask_value=5.0)(x)
    np.testing.assert_array_equal(numbers(get_mask(y)), [[True, False, True]])
    np.testing.assert_array_equal(numbers(y), x * np.array([[[1], [0], [1]]]))
    with pytest.raises(ArgumentError, match="mask_value can not be None"):
        Masking(None)


def test_numbers_are_rescaled(backend):
    x = np.arange(6).reshape(2, 3)
    np.testing.assert_allclose(numbers(Rescaling(0.5, -1)(x.astype("uint8"))), x * 0.5 - 1)
    by_channel = Rescaling(np.array([1, 2, 3]), [0.0, 1.0, 2.0])
    np.testing.assert_allclose(numbers(by_channel(x)), x * [1, 2, 3] + [0, 1, 2])
    again = deserialize_keras_object(serialize_keras_object(by_channel))
    np.testing.assert_allclose(numbers(again(x)), numbers(by_channel(x)))


def test_each_step_goes_through_the_layer(backend):
    layer = TimeDistributed(Dense(5, activation="tanh"))
    y = numbers(layer(X))
    for t in range(3):
        np.testing.assert_allclose(y[:, t], numbers(layer.layer(X[:, t])), rtol=1e-5, atol=1e-6)
    images = np.ones((2, 3, 4, 5), "float32")
    assert tuple(TimeDistributed(Flatten())(images).shape) == (2, 3, 20)
    assert TimeDistributed(Dense(5))(ops.KerasTensor((None, None, 4))).shape == (None, None, 5)
    assert [v.path for v in TimeDistributed(Dense(5, name="d"), name="td").weights] == []


def test_training_and_masks_reach_the_layer_inside(backend):
    layer = TimeDistributed(BatchNormalization(momentum=0.0))
    layer(X, training=True)
    np.testing.assert_allclose(layer.layer.moving_mean.numpy(), X.mean((0, 1)), rtol=1e-4, atol=1e-6)
    x = ops.convert_to_tensor(X.copy())
    set_mask(x, ops.convert_to_tensor(MASK))
    np.testing.assert_array_equal(numbers(get_mask(TimeDistributed(Dense(5))(x))), MASK)
    x = ops.convert_to_tensor(np.ones((2, 3, 4, 5), "float32"))
    long_mask = np.random.default_rng(1).uniform(size=(2, 3, 4)) > 0.5
    set_mask(x, ops.convert_to_tensor(long_mask))
    normalizing = TimeDistributed(BatchNormalization(momentum=0.0))
    y = normalizing(x, training=True)
    np.testing.assert_array_equal(numbers(get_mask(y)), long_mask)
    np.testing.assert_array_equal(numbers(get_mask(TimeDistributed(Flatten())(x))), long_mask.any(-1))


def test_what_can_not_be_wrapped_is_refused(backend):
    with pytest.raises(ArgumentError, match=re.escape("ArgumentError in TimeDistributed\n  3 is not a layer")):
        TimeDistributed(3)
    with pytest.raises(ShapeError, match=r"the input has shape \(2, 3\): it must have at least 3 axes"):
        TimeDistributed(Dense(2), name="td")(np.ones((2, 3), "float32"))


def test_a_wrapper_is_saved_with_what_it_wraps(backend):
    again = deserialize_keras_object(serialize_keras_object(Wrapper(Dense(2, name="inner"), name="outer")))
    assert (again.name, again.layer.name, again.layer.units) == ("outer", "inner", 2)
