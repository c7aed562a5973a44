"""Layers made on TensorFlow are seen by its checkpoints, tapes and functions."""

from __future__ import annotations

import copy
import pickle

import kcore_ops as ops
import numpy as np
import pytest
import tensorflow as tf
from kcore_layers import Input, Model, Sequential
from kcore_layers.layers import BatchNormalization, Dense

X = np.ones((2, 3), "float32")


@pytest.fixture(autouse=True)
def _on_tensorflow():
    with ops.use_backend("tensorflow"):
        yield


def net():
    return Sequential([Input((3,)), Dense(4), BatchNormalization(), Dense(2)])


class Blocks(Model):
    def __init__(self):
        super().__init__()
        self.blocks = [Dense(3), Dense(3)]

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return x


@pytest.mark.parametrize("make", [net, Blocks])
def test_a_checkpoint_brings_the_variables_back(tmp_path, make):
    model, other = make(), make()
    model(X), other(X)
    path = tf.train.Checkpoint(model=model).save(str(tmp_path / "checkpoint"))
    tf.train.Checkpoint(model=other).restore(path).assert_existing_objects_matched()
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_tape_trains_it():
    model = net()
    assert isinstance(model, tf.Module)
    losses = []
    for _ in range(20):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(X) - 3) ** 2)
        variables = [v.value for v in model.trainable_variables]
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(0.1 * gradient)
        losses.append(float(loss))
    assert losses[-1] < 0.1 * losses[0]


def test_a_function_takes_batches_of_any_size():
    model = net()
    function = tf.function(model, input_signature=[tf.TensorSpec((None, 3), tf.float32)])
    for size in (1, 5):
        x = np.random.default_rng(size).normal(size=(size, 3)).astype("float32")
        np.testing.assert_allclose(function(x).numpy(), model(x).numpy(), rtol=1e-5)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_have_variables_of_their_own(again):
    model = net()
    other = again(model)
    np.testing.assert_array_equal(other(X).numpy(), model(X).numpy())
    other.set_weights([np.zeros_like(w) for w in other.get_weights()])
    assert (other(X).numpy() == 0).all() and not (model(X).numpy() == 0).all()


def test_variables_of_tensorflow_are_weights_of_the_layer_they_are_set_on():
    class Native(Model):
        def __init__(self):
            super().__init__()
            self.scale = tf.Variable(tf.ones(3))
            self.calls = tf.Variable(0, trainable=False)

        def call(self, x):
            self.calls.assign_add(1)
            return x * self.scale

    model = Native()
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((2, 3), "float32"), verbose=0)
    assert [v.name for v in model.trainable_variables] == ["scale"]
    assert [v.name for v in model.non_trainable_variables] == ["calls"]
    assert float(model.scale[0]) < 1.0
    assert int(model.calls) == 1  # what was run to find shapes does not count
    checkpoint = tf.train.Checkpoint(model=model)
    assert checkpoint.model.scale is model.scale
