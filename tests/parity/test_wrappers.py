"""Models as estimators of scikit-learn predict what Keras's do, from the same weights and the same order of samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kcore_layers import layers as our_layers
from kcore_layers.models.sequential import Sequential
from kcore_train import wrappers

pytestmark = pytest.mark.needs("gradient")

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
TARGETS = {
    "SKLearnRegressor": X @ [1.0, -2.0, 0.5],
    "SKLearnTransformer": X @ [1.0, -2.0, 0.5],
    "SKLearnClassifier": np.array(["ant", "bee", "cat"])[rng.integers(0, 3, 40)],
}
FIT = {"epochs": 3, "verbose": 0, "shuffle": False, "batch_size": 16}


def maker(model: Any, layers: Any, seen: list[Any]) -> Any:
    def make(X: Any, y: Any, units: int) -> Any:
        seen.append((X, y))
        hidden = layers.Dense(units, activation="tanh", kernel_initializer=np_like(layers, (3, units)))
        made = model([layers.Input((3,)), hidden, layers.Dense(y.shape[1], kernel_initializer="ones")])
        made.compile("sgd", "mean_squared_error")
        return made

    return make


def np_like(layers: Any, shape: tuple[int, ...]) -> Any:
    """An initializer that gives the same numbers in both."""
    values = np.linspace(-1, 1, int(np.prod(shape))).reshape(shape)
    return lambda shape, dtype=None, **arguments: values.astype("float32")


@pytest.mark.parametrize("name", TARGETS)
def test_estimators_predict_what_those_of_keras_do(backend, keras, name):
    theirs_saw: list[Any] = []
    ours_saw: list[Any] = []
    arguments = {"model_kwargs": {"units": 4}, "fit_kwargs": FIT}
    theirs = getattr(keras.wrappers, name)(maker(keras.Sequential, keras.layers, theirs_saw), **arguments)
    ours = getattr(wrappers, name)(maker(Sequential, our_layers, ours_saw), **arguments)
    theirs.fit(X, TARGETS[name])
    ours.fit(X, TARGETS[name])
    for found, expected in zip(ours_saw[0], theirs_saw[0], strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
    for method in ("predict", "decision_function", "transform"):
        assert hasattr(ours, method) == hasattr(theirs, method)
        if hasattr(theirs, method):
            found, expected = getattr(ours, method)(X), getattr(theirs, method)(X)
            assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
            if found.dtype.kind == "f":
                np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
            else:
                np.testing.assert_array_equal(found, expected)
    assert ours.get_params().keys() == theirs.get_params().keys()
    assert repr(ours.__sklearn_tags__()) == repr(theirs.__sklearn_tags__())
