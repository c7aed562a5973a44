"""Modules of Flax as layers."""

from __future__ import annotations

import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.files import load_model
from kcore_layers.layers.native.flax_layer import FlaxLayer
from kcore_layers.models import Sequential
from kcore_layers.serialization.objects import register_keras_serializable
from kcore_layers.serialization.registry import SerializationError
from kcore_ops.foundation.errors import ArgumentError

jax = pytest.importorskip("jax")
nn = pytest.importorskip("flax.linen")
jnp = jax.numpy
X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


@pytest.fixture(autouse=True)
def jax_backend():
    with ops.use_backend("jax") as found:
        yield found


@register_keras_serializable("kcore_tests")
class Mlp(nn.Module):
    units: int = 2

    def setup(self):
        self.first, self.second = nn.Dense(5), nn.Dense(self.units)

    def __call__(self, x):
        return self.second(self.first(x))

    def encode(self, x):
        return self.first(x)

    def get_config(self):
        return {"units": self.units}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class Noisy(nn.Module):
    @nn.compact
    def __call__(self, x, training: bool):
        x = nn.BatchNorm(use_running_average=not training, momentum=0.5)(x)
        return nn.Dropout(0.5, deterministic=not training)(x)


class Steps(nn.Module):
    @nn.compact
    def __call__(self, x):
        self.sow("intermediates", "x", x)  # a collection that is none of the layer's
        steps = self.variable("steps", "count", lambda: jnp.zeros((), "int32"))
        steps.value += 1
        return x


def test_params_train_in_the_order_of_their_names_and_outputs_are_the_modules():
    layer = FlaxLayer(Mlp(), name="layer")
    output = layer(X)
    assert [w.shape for w in layer.trainable_weights] == [(5,), (3, 5), (2,), (5, 2)]
    assert layer.non_trainable_weights == []
    params = jax.tree.map(lambda value: value, layer.params)  # JAX sees arrays in variables
    np.testing.assert_allclose(output, Mlp().apply(params, X), rtol=1e-5)
    assert layer(ops.KerasTensor((None, 3))).shape == (None, 2)


def test_other_collections_are_state_and_what_is_not_made_at_first_is_not_kept():
    layer = FlaxLayer(Noisy(), seed=1)
    first, second = layer(X, training=True), layer(X, training=True)
    assert [w.shape for w in layer.trainable_weights] == [(3,), (3,)]
    np.testing.assert_allclose(layer.state["batch_stats"]["BatchNorm_0"]["mean"].numpy(), 0.75 * X.mean(0), rtol=1e-5)
    assert np.abs(np.asarray(first - second)).max() > 1e-3
    np.testing.assert_array_equal(layer(X), layer(X, training=False))
    steps = FlaxLayer(Steps())
    steps(X), steps(X, training=True)
    assert list(steps.state) == ["steps"]
    assert int(steps.state["steps"]["count"].value) == 3  # once as it was initialized


def test_a_method_may_be_called_in_place_of_the_module():
    for method in ("encode", Mlp.encode):
        layer = FlaxLayer(Mlp(), method=method)
        assert layer(X).shape == (4, 5)
        assert FlaxLayer.from_config(layer.get_config()).method is Mlp.encode


def test_variables_can_be_given():
    variables = Mlp().init(jax.random.PRNGKey(0), X)
    layer = FlaxLayer(Mlp(), variables=variables)
    assert len(layer.trainable_weights) == 4
    np.testing.assert_array_equal(layer(X), Mlp().apply(variables, X))
    noisy = FlaxLayer(Noisy(), variables=Noisy().init(jax.random.PRNGKey(0), X, training=False))
    assert [len(noisy.trainable_weights), len(noisy.non_trainable_weights)] == [2, 2]


def test_a_model_with_a_module_trains_and_is_saved_and_copied(tmp_path):
    model = Sequential([FlaxLayer(Mlp(1))])
    model.compile("sgd", "mse")
    before = np.asarray(model(X))
    history = model.fit(X, X[:, :1], epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert np.abs(np.asarray(model(X)) - before).max() > 1e-4
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    assert again.layers[0].module == Mlp(1)
    np.testing.assert_array_equal(again(X), model(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model.layers[0]))(X), model.layers[0](X))


def test_modules_that_do_not_fit_are_refused():
    with pytest.raises(ArgumentError, match="module is <function .*, which is no module of flax.linen\n  fix: pass an"):
        FlaxLayer(lambda x: x)
    with pytest.raises(ArgumentError, match="Mlp has no method 'decode'\n  fix: pass a method of the module's class"):
        FlaxLayer(Mlp(), method="decode")

    class Deterministic(nn.Module):
        def __call__(self, x, deterministic):
            return x

    with pytest.raises(ArgumentError, match="takes deterministic, which the layer has nothing to pass for\n  fix: let"):
        FlaxLayer(Deterministic())
    with pytest.raises(SerializationError, match="of type Noisy, can not be saved: it has no get_config"):
        FlaxLayer(Noisy()).get_config()
    with (
        ops.use_backend("numpy"),
        pytest.raises(ArgumentError, match="FlaxLayer runs JAX functions, and the current backend is numpy"),
    ):
        FlaxLayer(Mlp())
