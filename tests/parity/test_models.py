"""Models have their layers and weights in Keras's order, and give its numbers, whatever they are made of."""

from __future__ import annotations

import random
from types import SimpleNamespace

import kcore_layers
import numpy as np
import pytest

OURS = SimpleNamespace(
    Model=kcore_layers.Model, Sequential=kcore_layers.Sequential, Input=kcore_layers.Input, layers=kcore_layers.layers
)


@pytest.fixture
def theirs(keras):
    return SimpleNamespace(Model=keras.Model, Sequential=keras.Sequential, Input=keras.Input, layers=keras.layers)


def random_model(k, seed):
    """A functional model of calls drawn at random: shared layers, models inside, ops, several inputs and outputs."""
    draw = random.Random(seed)
    inputs = [k.Input((3,), name=f"in{i}") for i in range(draw.randint(1, 3))]
    tensors = list(inputs)
    shared = [k.layers.Dense(3, name=f"shared{i}") for i in range(4)]
    for i in range(draw.randint(3, 9)):
        x, y, kind = draw.choice(tensors), draw.choice(tensors), draw.random()
        if kind < 0.5:
            tensors.append(draw.choice(shared)(x))
        elif kind < 0.65:
            tensors.append(k.layers.Add(name=f"add_layer{i}")([x, y]))
        elif kind < 0.8:
            tensors.append(x + y)
        elif kind < 0.9:
            tensors.append(k.Sequential([k.layers.Dense(3, name="inner")], name=f"sequential{i}")(x))
        else:
            tensors.append(k.layers.BatchNormalization(name=f"normalization{i}")(x))
    made = tensors[len(inputs) :]
    return k.Model(inputs, draw.sample(made, min(len(made), draw.randint(1, 3))), name="model")


@pytest.mark.parametrize("seed", range(40))
def test_layers_and_weights_come_in_the_order_of_keras(theirs, backend, seed):
    expected, model = random_model(theirs, seed), random_model(OURS, seed)
    assert [layer.name for layer in model.layers] == [layer.name for layer in expected.layers]
    assert [w.path for w in model.weights] == [w.path for w in expected.weights]
    for kind in ("trainable_weights", "non_trainable_weights", "variables"):
        assert [w.path for w in getattr(model, kind)] == [w.path for w in getattr(expected, kind)], kind


@pytest.mark.parametrize("seed", range(40, 60))
def test_a_model_gives_the_numbers_of_keras(theirs, keras, backend, seed):
    expected, model = random_model(theirs, seed), random_model(OURS, seed)
    rng = np.random.default_rng(seed)
    weights = [rng.uniform(0.5, 1.5, w.shape).astype("float32") / 3 for w in model.weights]
    expected.set_weights(weights)
    model.set_weights(weights)
    inputs = [rng.normal(size=(2, 3)).astype("float32") for _ in model.inputs]
    for training in (False, True):
        results = [expected(inputs, training=training), model(inputs, training=training)]
        results = [result if isinstance(result, list | tuple) else [result] for result in results]
        for their, our in zip(*results, strict=True):
            np.testing.assert_allclose(backend.to_numpy(our), keras.ops.convert_to_numpy(their), rtol=1e-4, atol=1e-4)
    for their, our in zip(expected.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("seed", range(60, 90))
def test_a_model_made_of_its_config_is_the_same(backend, seed):
    model = random_model(OURS, seed)
    again = type(model).from_config(model.get_config())
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    again.set_weights(model.get_weights())
    inputs = [np.random.default_rng(seed).normal(size=(2, 3)).astype("float32") for _ in model.inputs]
    results = [result if isinstance(result, list | tuple) else [result] for result in (model(inputs), again(inputs))]
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(one), backend.to_numpy(other))


@pytest.mark.parametrize("seed", range(90, 110))
def test_kcore_makes_the_model_of_a_config_of_keras(theirs, backend, seed):
    expected = random_model(theirs, seed)
    model = kcore_layers.Model.from_config(expected.get_config())
    assert [layer.name for layer in model.layers] == [layer.name for layer in expected.layers]
    assert [tuple(w.shape) for w in model.weights] == [tuple(w.shape) for w in expected.weights]
