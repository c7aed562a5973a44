"""The state as a tree holds every variable, once, and what was taken from a model can be put back."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kcore_layers import Input, Model, Sequential
from kcore_layers.base.state_tree import by_path, flattened, nested
from kcore_layers.layers import BatchNormalization, Dense, Dropout
from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_train import metrics, optimizers

X, Y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")


class Twins(Model):
    """Two layers, metrics and seeds of one name each."""

    def __init__(self) -> None:
        super().__init__(name="twins")
        self.one, self.other = Dense(2, name="dense"), Dense(1, name="dense")
        self.drops = [Dropout(0.5), Dropout(0.5)]
        self.means = [metrics.Mean(name="mean"), metrics.Mean(name="mean")]

    def call(self, x):
        for drop in self.drops:
            x = drop(x)
        self.means[0].update_state(x)
        self.means[1].update_state(x * 2.0)
        return self.other(self.one(x))


def sequential() -> Model:
    return Sequential([Input((2,)), Dense(2), Dropout(0.5), BatchNormalization(), Dropout(0.5), Dense(1)])


def variables_of(model: Model) -> list[Variable]:
    return [
        *model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables,
        *model.metrics_variables,
    ]  # fmt: skip


def leaves(tree: Any) -> dict[str, Any]:
    return {f"{group}/{path}": value for group, inner in tree.items() for path, value in flattened(inner).items()}


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("make", [Twins, sequential])
def test_every_variable_is_there_once_and_comes_back(backend, make):
    model = make()
    optimizer = optimizers.LossScaleOptimizer(optimizers.Adam(0.1))
    model.compile(optimizer, "mse", metrics=["mae", metrics.RootMeanSquaredError()])
    model.fit(X, Y, verbose=0)
    variables = variables_of(model)
    tree = model.get_state_tree("numpy_array")
    assert len(leaves(tree)) == len(variables)
    before = [np.array(v.numpy()) for v in variables]
    for v in variables:
        v.assign(np.zeros(v.shape, v.dtype))
    model.set_state_tree(tree)
    for v, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), value)
    again = leaves(model.get_state_tree("numpy_array"))
    assert list(again) == list(leaves(tree))
    for path, value in leaves(tree).items():
        np.testing.assert_array_equal(again[path], value)


@pytest.mark.needs("gradient")
def test_metrics_stand_under_their_names(backend):
    model = sequential()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0)
    tree = model.get_state_tree("numpy_array")
    assert {name: sorted(inner) for name, inner in tree["metrics_variables"].items()} == {
        "loss": ["count", "total"],
        "mean_absolute_error": ["count", "total"],
    }
    assert tree["metrics_variables"]["loss"]["count"] == 4.0
    assert sorted(tree["non_trainable_variables"]["seed_generator"]) == [
        "seed_generator_state",
        "seed_generator_state_1",
    ]


@given(st.lists(st.lists(st.sampled_from(["a", "b", "a_1"]), min_size=2, max_size=2), max_size=6))
def test_paths_are_unique_and_say_where_a_variable_is(paths):
    with ops.use_backend("numpy"):
        variables = [Variable(float(i), trainable=False) for i in range(len(paths))]
    for v, path in zip(variables, paths, strict=True):
        v.path = "/".join(path)
    found = by_path(variables)
    assert [id(v) for v in found.values()] == [id(v) for v in variables]
    assert all(path.startswith(v.path) for path, v in found.items())
    assert flattened(nested(found)) == found


def test_a_path_inside_another_is_refused(backend):
    outer, inner = Variable(1.0), Variable(2.0)
    outer.path, inner.path = "dense", "dense/kernel"
    with pytest.raises(ArgumentError, match="a variable has the path 'dense', and another one a path inside it"):
        by_path([outer, inner])


def test_nothing_is_set_where_a_path_is_unknown_or_a_value_does_not_fit(backend):
    model = Sequential([Input((2,)), Dense(1, name="dense")], name="model")
    before = model.get_weights()
    ones = {"kernel": np.ones((2, 1)), "bias": np.ones(1)}
    with pytest.raises(ArgumentError, match="the model has no trainable_variables/model/dense/gain"):
        model.set_state_tree({"trainable_variables": {"model": {"dense": {**ones, "gain": np.ones(1)}}}})
    with pytest.raises(ShapeError, match=r"a value of shape \(3,\) can not be assigned"):
        model.set_state_tree({"trainable_variables": {"model": {"dense": {**ones, "bias": np.ones(3)}}}})
    with pytest.raises(ArgumentError, match="the model has no variables"):
        model.set_state_tree({"variables": {}})
    for found, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, wanted)
