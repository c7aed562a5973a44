"""A generator and a discriminator, each with its optimizer, in the style of each framework: one text, one result."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from frameworks import Ours

pytestmark = [pytest.mark.needs("gradient"), pytest.mark.filterwarnings("ignore::UserWarning")]

rng = np.random.default_rng(0)
NOISE = rng.normal(size=(24, 3)).astype("float32")
REAL = rng.normal(loc=2.0, size=(24, 2)).astype("float32")


def halves(lib: Any) -> tuple[Any, Any]:
    """Make a discriminator and a generator."""
    layers, Sequential = lib.layers, lib.Sequential
    judge = Sequential([lib.Input((2,)), layers.Dense(8), layers.LeakyReLU(negative_slope=0.2), layers.Dense(1)])
    forge = Sequential([lib.Input((3,)), layers.Dense(8, activation="tanh"), layers.Dense(2)])
    return judge, forge


def losses(lib: Any, judged_real: Any, judged_false: Any) -> tuple[Any, Any]:
    """Return what the discriminator, and what the generator, is to make small."""
    logits = lib.losses.BinaryCrossentropy(from_logits=True)
    ones, zeros = lib.ops.ones_like(judged_real), lib.ops.zeros_like(judged_false)
    return logits(ones, judged_real) + logits(zeros, judged_false), logits(ones, judged_false)


def gan(lib: Any) -> type:
    """Return a model of both, with what the styles share."""

    class Gan(lib.Model):
        def __init__(self, judge, forge):
            super().__init__()
            self.judge, self.forge = judge, forge
            self.judge_tracker = lib.metrics.Mean(name="judge")
            self.forge_tracker = lib.metrics.Mean(name="forge")
            self.built = True

        @property
        def metrics(self):
            return [self.judge_tracker, self.forge_tracker]

        def compile(self, judge_optimizer, forge_optimizer, **arguments):
            super().compile(**arguments)
            self.judge_optimizer, self.forge_optimizer = judge_optimizer, forge_optimizer

        def halves(self):
            return (self.judge, self.judge_optimizer), (self.forge, self.forge_optimizer)

        def call(self, noise):
            return self.forge(noise)

        def losses_of(self, noise, real):
            return losses(lib, self.judge(real, training=True), self.judge(self.forge(noise, training=True)))

        def tracked(self, judge_loss, forge_loss):
            self.judge_tracker.update_state(judge_loss)
            self.forge_tracker.update_state(forge_loss)
            return {metric.name: metric.result() for metric in self.metrics}

    return Gan


def _in_torch(lib: Any) -> type:
    class Own(gan(lib)):
        def train_step(self, data):
            import torch

            noise, real = data
            found = []
            for which, (half, optimizer) in enumerate(self.halves()):
                self.zero_grad()
                loss = self.losses_of(noise, real)[which]
                loss.backward()
                variables = half.trainable_weights
                with torch.no_grad():
                    optimizer.apply([v.value.grad for v in variables], variables)
                found.append(loss)
            return self.tracked(*found)

    return Own


def _in_tensorflow(lib: Any) -> type:
    class Own(gan(lib)):
        def train_step(self, data):
            import tensorflow as tf

            noise, real = data
            found = []
            for which, (half, optimizer) in enumerate(self.halves()):
                with tf.GradientTape() as tape:
                    loss = self.losses_of(noise, real)[which]
                variables = half.trainable_weights
                optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
                found.append(loss)
            return self.tracked(*found)

    return Own


STYLES = {"torch": _in_torch, "tensorflow": _in_tensorflow}


def _train_in_a_loop(lib: Any, judge: Any, forge: Any, epochs: int) -> dict[str, list[float]]:
    """Train both by a loop of one's own over functions of their states, as is done on JAX."""
    import jax

    optimizers = (lib.optimizers.Adam(0.02), lib.optimizers.RMSprop(0.01))
    for optimizer, half in zip(optimizers, (judge, forge), strict=True):
        optimizer.build(half.trainable_variables)

    def loss_of(which, trained, held, noise, real):
        of_judge, of_forge = (trained, held) if which == 0 else (held, trained)
        made, _ = forge.stateless_call(of_forge, [], noise, training=True)
        judged = [judge.stateless_call(of_judge, [], each, training=True)[0] for each in (real, made)]
        return losses(lib, *judged)[which]

    @jax.jit
    def step(weights, states, noise, real):
        weights, states, found = list(weights), list(states), []
        for which in (0, 1):
            loss, gradients = jax.value_and_grad(loss_of, argnums=1)(
                which, weights[which], weights[1 - which], noise, real
            )
            weights[which], states[which] = optimizers[which].stateless_apply(states[which], gradients, weights[which])
            found.append(loss)
        return weights, states, found

    weights = [[v.value for v in half.trainable_variables] for half in (judge, forge)]
    states = [[v.value for v in optimizer.variables] for optimizer in optimizers]
    history: dict[str, list[float]] = {"judge": [], "forge": []}
    for _ in range(epochs):
        seen = []
        for start in range(0, 24, 8):
            weights, states, found = step(weights, states, NOISE[start : start + 8], REAL[start : start + 8])
            seen.append([float(each) for each in found])
        for name, values in zip(history, np.mean(seen, axis=0), strict=True):
            history[name].append(float(values))
    for half, values in zip((judge, forge), weights, strict=True):
        for variable, value in zip(half.trainable_variables, values, strict=True):
            variable.assign(value)
    return history


def test_a_gan_trains_as_in_keras(backend, keras):
    style = STYLES.get(keras.config.backend())
    histories, weights = [], []
    first: list[Any] = []
    for lib in (keras, Ours):
        judge, forge = halves(lib)
        if first:
            for half, values in zip((judge, forge), first, strict=True):
                half.set_weights(values)
        first = first or [[ops.convert_to_numpy(v) for v in half.get_weights()] for half in (judge, forge)]
        if style is None:
            histories.append(_train_in_a_loop(lib, judge, forge, epochs=4))
        else:
            model = style(lib)(judge, forge)
            model.compile(lib.optimizers.Adam(0.02), lib.optimizers.RMSprop(0.01))
            histories.append(model.fit(NOISE, REAL, batch_size=8, epochs=4, shuffle=False, verbose=0).history)
        weights.append([ops.convert_to_numpy(v) for half in (judge, forge) for v in half.get_weights()])
    expected, found = histories
    assert set(found) == set(expected) == {"judge", "forge"}
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4)
    assert not np.allclose(weights[1][0], first[0][0])
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
