"""Names of weights and of layers inside, which a framework's checkpoints are keyed by: those of a copy are the same."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, Sequential
from kcore_layers.base.naming import canonical_names
from kcore_layers.files.model_file import load_model, save_model
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.normalization.batch_normalization import BatchNormalization
from kcore_layers.models.cloning import clone_model
from kcore_layers.serialization.objects import register_keras_serializable

X = np.ones((2, 3), "float32")


@register_keras_serializable("names")
class Weights(Layer):
    """Weights in attributes, lists and dicts, and one that is in none."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(3,))
        self.several = [self.add_weight(shape=(3,)) for _ in range(2)]
        self.pair = {"a/b": self.add_weight(shape=(3,)), "c": [self.add_weight(shape=(3,), trainable=False)]}
        self.add_weight(shape=(1,))
        self.add_weight(shape=(1,), name="named")

    def call(self, x):
        return x * self.scale


def sequential():
    inner = Sequential([Dense(3), BatchNormalization(), Dense(3)])
    return Sequential([Input((3,)), Dense(3), Dense(3, name="named"), Weights(), inner, Dense(3)])


def functional():
    x = Input((3,))
    y = Weights()(Dense(3)(x))
    return Model(x, Dense(3)(Weights()(Dense(3, name="named")(y))))


def saved(model, tmp_path):
    save_model(model, tmp_path / "model.keras")
    return load_model(tmp_path / "model.keras")


def keys(layer, prefix=""):
    """Where a framework finds the weights: by the places of layers and the names of variables."""
    own = [*layer._kcore_trainable_variables, *layer._kcore_non_trainable_variables]
    found = [f"{prefix}{v.name}" for v in own]
    for name, inner in layer._kcore_named_sublayers():
        found += keys(inner, f"{prefix}{name}.")
    return found


def test_weights_are_named_for_the_attributes_that_lead_to_them(backend):
    layer = Weights(name="layer")
    layer(X)
    assert [v.path for v in layer.weights] == [
        "layer/scale", "layer/several_0", "layer/several_1", "layer/pair_a_b", "layer/variable_5", "layer/named",
        "layer/pair_c_0",
    ]  # fmt: skip


@pytest.mark.parametrize("make", [sequential, functional])
@pytest.mark.parametrize(
    "again",
    [
        lambda model, path: saved(model, path),
        lambda model, path: copy.deepcopy(model),
        lambda model, path: pickle.loads(pickle.dumps(model)),  # noqa: S301
        lambda model, path: clone_model(model),
        lambda model, path: saved(copy.deepcopy(saved(model, path)), path),
    ],
)
def test_a_copy_has_its_weights_under_the_same_keys(backend, tmp_path, make, again):
    Dense(1)  # so that counting does not begin with the model
    model = make()
    other = again(model, tmp_path)
    assert keys(other) == keys(model) == keys(make())
    assert len(set(keys(model))) == len(model.weights)


def test_names_that_are_made_up_count_from_the_start_and_no_two_are_the_same(backend):
    class Other(Layer):
        pass

    layers = [
        Dense(1, name="dense_7"),
        Other(name="dense_1"),
        Dense(1),
        Dense(1, name="head"),
        Dense(1, name="dense_x"),
    ]
    assert canonical_names(layers) == ["dense", "dense_1", "dense_2", "head", "dense_x"]
