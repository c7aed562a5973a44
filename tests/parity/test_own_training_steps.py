"""Models whose steps are their own, in the style of each framework: one text for Keras and kcore, one result."""

from __future__ import annotations

import functools
from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from frameworks import Ours

pytestmark = [pytest.mark.needs("gradient"), pytest.mark.filterwarnings("ignore::UserWarning")]

rng = np.random.default_rng(0)
X = {"left": rng.normal(size=(22, 3)).astype("float32"), "right": rng.normal(size=(22, 2)).astype("float32")}
Y = rng.normal(size=(22, 1)).astype("float32")


def _in_torch(lib: Any) -> type:
    class Own(lib.Model):
        def train_step(self, data):
            x, y = data
            self.zero_grad()
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
            loss.backward()
            variables = list(self.trainable_weights)
            gradients = [_limited(lib.ops, v.value.grad) for v in variables]
            import torch

            with torch.no_grad():
                self.optimizer.apply(gradients, variables)
            return _tracked(self, loss)

    return Own


def _in_tensorflow(lib: Any) -> type:
    class Own(lib.Model):
        def train_step(self, data):
            import tensorflow as tf

            x, y = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_weights)
            self.optimizer.apply([_limited(lib.ops, g) for g in gradients], self.trainable_weights)
            return _tracked(self, loss)

    return Own


def _in_jax(lib: Any) -> type:
    class Own(lib.Model):
        def compute_loss_and_updates(self, trainable, non_trainable, x, y):
            y_pred, non_trainable = self.stateless_call(trainable, non_trainable, x, training=True)
            return self.compute_loss(x=x, y=y, y_pred=y_pred), non_trainable

        def train_step(self, state, data):
            import jax

            trainable, non_trainable, states, metric_values = state
            x, y = data
            gradient = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
            (loss, non_trainable), gradients = gradient(trainable, non_trainable, x, y)
            gradients = [_limited(lib.ops, g) for g in gradients]
            trainable, states = self.optimizer.stateless_apply(states, gradients, trainable)
            logs, values = {}, []
            for metric in self.metrics:
                own = metric_values[len(values) : len(values) + len(metric.variables)]
                if metric.name == "own_loss":
                    own = metric.stateless_update_state(own, loss)
                    logs["own_loss"] = metric.stateless_result(own)
                values += own
            return logs, (trainable, non_trainable, states, values)

    return Own


STYLES = {"torch": _in_torch, "tensorflow": _in_tensorflow, "jax": _in_jax}


def _limited(ops: Any, gradient: Any) -> Any:
    """Clip a gradient in one's own way."""
    return gradient / ops.maximum(ops.sqrt(ops.sum(ops.square(gradient))), 0.1)


def _tracked(model: Any, loss: Any) -> dict[str, Any]:
    model.tracker.update_state(loss)
    return {"own_loss": model.tracker.result()}


def made(lib: Any, *, style: Any, **arguments: Any) -> Any:
    class Own(style(lib)):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.tracker = lib.metrics.Mean(name="own_loss")

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return lib.ops.mean(lib.ops.square(y - y_pred)) + 0.1 * lib.ops.mean(lib.ops.square(x["left"]))

    left, right = lib.Input((3,), name="left"), lib.Input((2,), name="right")
    h = lib.layers.Dense(4, activation="tanh")(lib.layers.Concatenate()([left, right]))
    model = Own({"left": left, "right": right}, lib.layers.Dense(1)(h))
    model.compile(optimizer=lib.optimizers.Adam(0.05), **arguments)
    return model


OPTIONS: dict[str, dict[str, Any]] = {
    "compiled": {},
    "eager": {"run_eagerly": True},
    "several steps a call": {"steps_per_execution": 3},
}


def options_of(lib: Any, backend: Any, options: str) -> dict[str, Any]:
    """Return arguments of compile: Keras on torch takes one step a call."""
    alone = lib is not Ours and backend.name == "torch" and options == "several steps a call"
    return {} if alone else OPTIONS[options]


def both(backend: Any, keras: Any, make: Any, options: str) -> tuple[Any, Any]:
    """Make a model of ours and one of Keras's, with Keras's weights."""
    ours, theirs = (make(lib, **options_of(lib, backend, options)) for lib in (Ours, keras))
    ours.set_weights([ops.convert_to_numpy(v) for v in theirs.get_weights()])
    return ours, theirs


@pytest.mark.parametrize("options", OPTIONS)
def test_a_step_in_the_style_of_the_framework_trains_as_in_keras(backend, keras, options):
    ours, theirs = both(backend, keras, functools.partial(made, style=STYLES[keras.config.backend()]), options)
    found, expected = (
        model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0).history for model in (ours, theirs)
    )
    assert set(found) == set(expected) == {"own_loss"}
    np.testing.assert_allclose(found["own_loss"], expected["own_loss"], rtol=1e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, ops.convert_to_numpy(b), rtol=1e-3, atol=1e-5)


def _measuring(lib: Any) -> type:
    """Return a model that measures and predicts in its own way, in one style on every framework but JAX."""

    class Own(lib.Model):
        def test_step(self, data):
            x, y = data
            y_pred = self(x, training=False)
            self.tracker.update_state(lib.ops.mean(lib.ops.abs(y - y_pred)))
            return {"apart": self.tracker.result()}

        def predict_step(self, data):
            x = data[0] if isinstance(data, tuple) else data
            return {"twice": 2 * self(x, training=False), "left": x["left"]}

    return Own


def _measuring_in_jax(lib: Any) -> type:
    """Return a model that measures and predicts in its own way, by functions of its state."""

    class Own(lib.Model):
        def test_step(self, state, data):
            trainable, non_trainable, metric_values = state
            x, y = data
            y_pred, non_trainable = self.stateless_call(trainable, non_trainable, x, training=False)
            values, result = [], None
            for metric in self.metrics:
                own = metric_values[len(values) : len(values) + len(metric.variables)]
                if metric.name == "apart":
                    own = metric.stateless_update_state(own, lib.ops.mean(lib.ops.abs(y - y_pred)))
                    result = metric.stateless_result(own)
                values += own
            return {"apart": result}, (trainable, non_trainable, values)

        def predict_step(self, state, data):
            trainable, non_trainable = state
            x = data[0] if isinstance(data, tuple) else data
            y_pred, non_trainable = self.stateless_call(trainable, non_trainable, x, training=False)
            return {"twice": 2 * y_pred, "left": x["left"]}, non_trainable

    return Own


def made_to_measure(lib: Any, *, style: Any, **arguments: Any) -> Any:
    class Own(style(lib)):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.tracker = lib.metrics.Mean(name="apart")

    left, right = lib.Input((3,), name="left"), lib.Input((2,), name="right")
    model = Own({"left": left, "right": right}, lib.layers.Dense(1)(lib.layers.Concatenate()([left, right])))
    model.compile(loss="mse", **arguments)
    return model


@pytest.mark.parametrize("options", OPTIONS)
def test_steps_of_ones_own_measure_and_predict_as_in_keras(backend, keras, options):
    style = _measuring_in_jax if backend.name == "jax" else _measuring
    ours, theirs = both(backend, keras, functools.partial(made_to_measure, style=style), options)
    found, expected = (model.evaluate(X, Y, batch_size=8, verbose=0, return_dict=True) for model in (ours, theirs))
    assert set(found) == set(expected) == {"apart"}
    np.testing.assert_allclose(found["apart"], expected["apart"], rtol=1e-5)
    found, expected = (model.predict(X, batch_size=8, verbose=0) for model in (ours, theirs))
    assert set(found) == set(expected) == {"twice", "left"}
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-6)
