"""`jit_compile=True` on torch: a step is captured as a graph that `torch.compile` compiles, and does what it did."""

from __future__ import annotations

import contextlib
import os
import shutil
import warnings

import kcore as keras
import numpy as np
import pytest
import torch
from kcore import layers

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(22, 6)).astype("float32"), RNG.integers(0, 3, 22)


@contextlib.contextmanager
def is_compiled_or_says_why():
    """Expect a warning where the machine has no compiler of C++, and none where it has."""
    if shutil.which(os.environ.get("CXX", "g++")) is None:
        with pytest.warns(UserWarning, match="runs eagerly: torch.compile fails on it"):
            yield
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            yield


@pytest.fixture
def uncompiled(monkeypatch):
    """Let graphs run as they were captured: compiling takes seconds, and one test is enough for it."""
    calls = []

    def compile_graph(graph, **_):
        calls.append(graph)
        return graph

    monkeypatch.setattr(torch, "compile", compile_graph)
    return calls


def model_of(jit_compile, **options):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(3),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], jit_compile=jit_compile, **options)
    return model


def fitted(jit_compile, **options):
    model = model_of(jit_compile, **options)
    history = model.fit(X, Y, batch_size=8, epochs=3, verbose=0).history
    return history, model.evaluate(X, Y, batch_size=8, verbose=0), model.predict(X, verbose=0), model.get_weights()


def assert_same(found, expected):
    for a, b in zip(keras.tree.flatten(list(found)), keras.tree.flatten(list(expected)), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


def test_a_compiled_step_trains_as_an_eager_one_does(backend):
    compiled = model_of(True)
    with is_compiled_or_says_why():
        history = compiled.fit(X[:16], Y[:16], batch_size=8, epochs=3, verbose=0).history
    eager = model_of(False)
    assert_same(
        (history, compiled.get_weights()),
        (eager.fit(X[:16], Y[:16], batch_size=8, epochs=3, verbose=0).history, eager.get_weights()),
    )


def test_partial_batches_evaluation_and_prediction_are_the_eager_ones_too(backend, uncompiled):
    assert_same(fitted(True), fitted(False))
    assert len(uncompiled) >= 3  # the forms that came twice: of training, evaluation and prediction


def test_several_steps_in_one_call_give_the_same(backend, uncompiled):
    assert_same(fitted(True, steps_per_execution=2), fitted(False))


def test_what_a_callback_changes_takes_effect(backend, uncompiled):
    def trained(jit_compile):
        model = model_of(jit_compile)

        def change(epoch, logs):
            model.optimizer.learning_rate = 0.01 * (epoch + 1)
            model.layers[0].trainable = epoch > 0

        model.fit(
            X, Y, batch_size=11, epochs=3, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=change)]
        )
        return model.get_weights()

    assert_same(trained(True), trained(False))


def test_a_step_that_reads_values_runs_eagerly_and_says_so(backend, uncompiled):
    class Branching(layers.Layer):
        def call(self, x):
            return x if float(keras.ops.sum(x)) > 0 else -x

    model = keras.Sequential([keras.Input((6,)), layers.Dense(3), Branching()])
    model.compile("sgd", "mse", jit_compile=True)
    message = "the train step runs eagerly: it reads values of tensors in Python, which no graph holds; leave out"
    with pytest.warns(UserWarning, match=message):
        model.fit(X, np.zeros((22, 3), "float32"), verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, np.zeros((22, 3), "float32"), verbose=0)


@pytest.mark.parametrize("options", [{}, {"steps_per_execution": 2}], ids=str)
def test_without_a_compiler_the_step_runs_eagerly_and_says_why(backend, monkeypatch, options):
    def compile_graph(graph, **_):
        def run(*_):
            raise RuntimeError("No working C++ compiler found\nand more")

        return run

    monkeypatch.setattr(torch, "compile", compile_graph)
    model = model_of(True, **options)
    with pytest.warns(UserWarning, match=r"runs eagerly: torch.compile fails on it: No working C\+\+ compiler found;"):
        model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    eager = model_of(False)
    eager.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    assert_same(model.get_weights(), eager.get_weights())


def test_a_train_step_of_the_model_s_own_is_run_as_it_is(backend, uncompiled):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            return {"seen": float(len(data[0]))}

    model = Own()
    model.compile("sgd", "mse", jit_compile=True)
    with pytest.warns(UserWarning, match="jit_compile=True does not compile a train_step of the model's own"):
        history = model.fit(X, np.zeros((22, 1), "float32"), batch_size=22, verbose=0).history
    assert history == {"seen": [22.0]}
    assert uncompiled == []
