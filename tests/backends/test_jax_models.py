"""Models made on JAX are pure functions that its transforms take."""

from __future__ import annotations

import copy
import pickle

import jax
import jax.numpy as jnp
import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import BatchNormalization, Dense

X = jnp.ones((2, 3), "float32")


@pytest.fixture(autouse=True)
def _on_jax():
    with ops.use_backend("jax"):
        yield


def net():
    return Sequential([Input((3,)), Dense(4), BatchNormalization(), Dense(2)])


def state(model):
    return [v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables]


def test_a_call_is_compiled_as_it_is():
    model = net()
    np.testing.assert_allclose(jax.jit(model)(X), model(X), rtol=1e-5)
    y, after = jax.jit(lambda t, n, x: model.stateless_call(t, n, x, training=True))(*state(model), X)
    assert y.shape == (2, 2) and len(after) == 2
    assert not np.array_equal(after[0], model.non_trainable_variables[0].numpy())


def test_a_step_of_jax_trains_it():
    model = net()
    trainable, rest = state(model)

    @jax.jit
    def step(trainable, rest):
        def loss(trainable):
            y, after = model.stateless_call(trainable, rest, X)
            return jnp.mean((y - 3) ** 2), after

        (value, after), gradients = jax.value_and_grad(loss, has_aux=True)(trainable)
        return value, jax.tree.map(lambda w, g: w - 0.1 * g, trainable, gradients), after

    losses = []
    for _ in range(20):
        value, trainable, rest = step(trainable, rest)
        losses.append(float(value))
    assert losses[-1] < 0.1 * losses[0]


def test_an_ensemble_is_one_model_over_stacked_weights():
    models = [net() for _ in range(3)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(state(model) for model in models))
    call = jax.vmap(lambda trainable, rest: models[0].stateless_call(trainable, rest, X)[0])
    for one, model in zip(call(*stacked), models, strict=True):
        np.testing.assert_allclose(one, model(X), rtol=1e-5)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_have_variables_of_their_own(again):
    model = net()
    other = again(model)
    np.testing.assert_array_equal(other(X), model(X))
    other.set_weights([np.zeros_like(w) for w in other.get_weights()])
    assert (np.asarray(other(X)) == 0).all() and not (np.asarray(model(X)) == 0).all()
