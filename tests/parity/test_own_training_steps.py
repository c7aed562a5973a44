"""Models whose steps are their own, in the style of each framework: one text for Keras and kcore, one result."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import kcore_train.callbacks
import kcore_train.losses
import kcore_train.metrics
import kcore_train.optimizers
import numpy as np
import pytest
from kcore_layers import Input, Model
from kcore_layers import layers as our_layers

pytestmark = [pytest.mark.needs("gradient"), pytest.mark.filterwarnings("ignore::UserWarning")]

rng = np.random.default_rng(0)
X = {"left": rng.normal(size=(22, 3)).astype("float32"), "right": rng.normal(size=(22, 2)).astype("float32")}
Y = rng.normal(size=(22, 1)).astype("float32")


class Ours:
    """Where ours are, under Keras's names."""

    layers, Input, Model, ops = our_layers, Input, Model, ops
    optimizers, metrics, losses = kcore_train.optimizers, kcore_train.metrics, kcore_train.losses


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


def made(lib: Any, style: Any, **arguments: Any) -> Any:
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


OPTIONS: dict[str, dict[str, Any]] = {"compiled": {}, "eager": {"run_eagerly": True}}


@pytest.mark.parametrize("options", OPTIONS)
def test_a_step_in_the_style_of_the_framework_trains_as_in_keras(backend, keras, options):
    lib = type("Theirs", (), {name: getattr(keras, name) for name in ("layers", "Input", "Model", "ops")})
    lib.optimizers, lib.metrics, lib.losses = keras.optimizers, keras.metrics, keras.losses
    style = STYLES[keras.config.backend()]
    theirs, ours = (made(each, style, **OPTIONS[options]) for each in (lib, Ours))
    ours.set_weights([ops.convert_to_numpy(v) for v in theirs.get_weights()])
    found, expected = (
        model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0).history for model in (ours, theirs)
    )
    assert set(found) == set(expected) == {"own_loss"}
    np.testing.assert_allclose(found["own_loss"], expected["own_loss"], rtol=1e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, ops.convert_to_numpy(b), rtol=1e-3, atol=1e-5)
