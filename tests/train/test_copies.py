"""Compiled models, and what they are compiled with, after a deep copy and a pickle: they go on like the originals."""

from __future__ import annotations

import copy
import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.regularization.dropout import Dropout
from kcore_train import callbacks, losses, metrics, optimizers

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 1)).astype("float32")

COPIES = pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])  # noqa: S301


def compiled(*inner):
    model = Sequential([Input((3,)), *inner, Dense(1)])
    model.compile(optimizers.Adam(0.01, clipnorm=1.0), "mse", metrics=["mae", metrics.RootMeanSquaredError()])
    return model


@COPIES
def test_a_metric_keeps_its_state_and_goes_on(backend, copied):
    metric = metrics.MeanSquaredError()
    metric.update_state(np.zeros(4), np.full(4, 2.0))
    again = copied(metric)
    assert float(again.result()) == 4.0
    again.update_state(np.zeros(4), np.zeros(4))
    assert (float(again.result()), float(metric.result())) == (2.0, 4.0)


@COPIES
def test_what_belongs_to_a_backend_belongs_to_the_same_one_afterwards(backend, copied):
    assert copied(backend) is backend
    assert copied(metrics.Mean())._backend is backend
    assert copied(Dense(1))._kcore_backend is backend


@pytest.mark.needs("gradient")
@COPIES
def test_a_compiled_model_goes_on_training_like_the_original(backend, copied):
    model = compiled(Dropout(0.5, seed=1))
    copied(model)  # before it was trained
    model.fit(X, Y, verbose=0)
    again = copied(model)
    histories = [each.fit(X, Y, shuffle=False, epochs=2, verbose=0).history for each in (model, again)]
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-5)
    for found, expected in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.needs("gradient")
@COPIES
def test_a_copy_shares_nothing_with_the_original(backend, copied):
    model = compiled()
    again = copied(model)
    before = model.get_weights()
    again.fit(X, Y, verbose=0)
    for found, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert model.optimizer.iterations.numpy() == 0


@COPIES
def test_an_optimizer_leaves_the_same_variables_out_of_its_weight_decay(backend, copied):
    decayed, left = ops.Variable(np.ones(2, "float32")), ops.Variable(np.ones(2, "float32"))
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[left])
    optimizer, (decayed, left) = copied((optimizer, (decayed, left)))
    optimizer.apply([np.zeros(2, "float32")] * 2, [decayed, left])
    assert (decayed.numpy().tolist(), left.numpy().tolist()) == ([0.75, 0.75], [1.0, 1.0])


@pytest.mark.needs("gradient")
@COPIES
def test_a_callback_keeps_what_it_remembers(backend, copied):
    model = compiled()
    stopping = callbacks.EarlyStopping(monitor="loss", patience=3)
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[stopping])
    assert copied(stopping).best == stopping.best
    assert copied(history).history == history.history


@COPIES
def test_a_functional_model_with_a_loss_and_a_metric_that_are_objects(backend, copied):
    x = Input((3,))
    model = Model(x, Dense(1)(x))
    model.compile(None, losses.Huber(delta=2.0), metrics=[metrics.MeanAbsoluteError(name="distance")])
    expected = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert copied(model).evaluate(X, Y, verbose=0, return_dict=True) == expected


def test_a_model_of_classes_that_only_this_process_has_is_pickled_with_them(backend):
    cloudpickle = pytest.importorskip("cloudpickle")

    class Local(Model):
        def __init__(self, units):
            super().__init__()
            self.dense = Dense(units)

        def call(self, x):
            return self.dense(x)

    model = Local(2)
    y = model(X)
    again = pickle.loads(cloudpickle.dumps(model))  # noqa: S301
    np.testing.assert_array_equal(ops.convert_to_numpy(again(X)), ops.convert_to_numpy(y))
    assert again._kcore_backend is backend
