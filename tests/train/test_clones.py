"""Clones of compiled models are compiled alike, with an optimizer and metrics of their own."""

from __future__ import annotations

import warnings

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential
from kcore_layers.layers import Dense, Flatten
from kcore_layers.models import clone_model
from kcore_train import losses, metrics, optimizers

X, Y = np.arange(6, dtype="float32").reshape(2, 3) / 6, np.ones((2, 1), "float32")


class Net(Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = Dense(1)

    def call(self, x):
        return self.dense(x)


class Halving(optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.5 ** ops.cast(step, "float32")

    def get_config(self):
        return {}


def sequential():
    return Sequential([Input((3,)), Dense(1)])


def functional():
    x = Input((3,))
    return Model(x, Dense(1)(x))


@pytest.mark.parametrize("make", [sequential, functional, Net])
def test_a_clone_is_compiled_like_its_model(backend, make):
    model = make()
    optimizer, metric = optimizers.SGD(0.25, momentum=0.5), metrics.MeanAbsoluteError(name="error")
    model.compile(optimizer, losses.Huber(delta=2.0), metrics=[metric], loss_weights=2.0)
    clone = clone_model(model)
    assert (
        clone.compiled and clone.optimizer is not optimizer and clone.get_compile_config() == model.get_compile_config()
    )
    assert float(ops.convert_to_numpy(clone.optimizer.learning_rate)) == 0.25 and clone.optimizer.momentum == 0.5
    for each in (model, clone):
        each(X)
    clone.set_weights(model.get_weights())
    assert clone.evaluate(X, Y, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))
    assert metric not in clone.metrics and clone.metrics_names == model.metrics_names


@pytest.mark.needs("gradient")
def test_the_clone_is_trained_and_the_model_is_not(backend):
    model = sequential()
    model.compile("sgd", lambda y, y_pred: ops.mean((y - y_pred) ** 2))
    clone = clone_model(model)
    before = model.get_weights()
    history = clone.fit(X, Y, epochs=2, verbose=0).history["loss"]
    assert history[1] < history[0]
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_clone_that_can_not_be_compiled_says_so(backend):
    class Own(Net):
        def compile(self, first, second):
            super().compile(first, second)

        @classmethod
        def from_config(cls, config):
            return cls(**{name: value for name, value in config.items() if name != "dtype"})

    model = Own(name="own")
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match='the clone of "own" is not compiled: its class has a compile of its own'):
        assert not clone_model(model).compiled


def test_one_that_was_not_compiled_is_not(backend):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not clone_model(sequential()).compiled


def test_the_clone_of_a_model_that_its_first_batch_has_built_takes_other_sizes_too(backend):
    model = Sequential([Flatten()])
    model(np.ones((3, 5, 7), "float32"))
    clone = clone_model(model)
    assert clone.built and clone.input_shape == (None, 5, 7)
    assert tuple(clone(np.ones((2, 7, 5), "float32")).shape) == (2, 35)
