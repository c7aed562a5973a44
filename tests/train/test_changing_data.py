"""One model, and data of other sizes, ranks, dtypes and structures: nothing stays as the first data had it."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Model, Sequential
from kcore_layers.layers import Dense
from kcore_train.optimizers import SGD

rng = np.random.default_rng(0)
X = rng.normal(size=(8, 3)).astype("float32")
Y = rng.normal(size=(8, 1)).astype("float32")
ERRORS = X.sum(1) - Y[:, 0]


def linear(**arguments: Any) -> Sequential:
    model = Sequential([Input((3,)), Dense(1, kernel_initializer="ones")])
    model.compile(SGD(0.0), "mse", metrics=["mae"], weighted_metrics=["mse"], **arguments)
    return model


# Targets, their number, and sample weights, one after the other.
DATA = [
    (Y, 8, None),
    (Y[:, 0], 8, None),
    (Y, 5, None),
    (Y[:, 0], 3, None),
    (Y, 8, np.arange(8.0)),
    (Y, 8, np.arange(8.0)[:, None]),
    (Y[:, 0], 7, np.arange(8.0)[:, None]),
    (Y.astype("float64"), 8, np.arange(8)),
    (np.rint(Y[:, 0]).astype("int64"), 8, None),
]


def expected(y: Any, size: int, weight: Any) -> dict[str, float]:
    errors = (X.sum(1) - np.reshape(y, -1))[:size]
    weights = np.ones(size) if weight is None else np.reshape(weight, -1)[:size]
    return {
        "loss": np.mean(weights * errors**2),
        "mae": np.mean(np.abs(errors)),
        "mse": np.sum(weights * errors**2) / np.sum(weights),
    }


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("options", [{}, {"steps_per_execution": 2}], ids=str)
def test_a_model_trains_on_targets_and_weights_of_another_rank_than_the_first(backend, options):
    model = linear(**options)
    for y, size, weight in DATA:
        weights = None if weight is None else weight[:size]
        history = model.fit(X[:size], y[:size], sample_weight=weights, shuffle=False, verbose=0).history
        assert {name: values[0] for name, values in history.items()} == pytest.approx(
            expected(y, size, weight), rel=1e-5
        )


def test_a_model_is_evaluated_on_targets_and_weights_of_another_rank_than_the_first(backend):
    model = linear()
    for y, size, weight in DATA:
        weights = None if weight is None else weight[:size]
        found = model.evaluate(X[:size], y[:size], sample_weight=weights, verbose=0, return_dict=True)
        assert found == pytest.approx(expected(y, size, weight), rel=1e-5)


@pytest.mark.needs("gradient")
def test_single_batches_may_have_another_rank_than_the_first(backend):
    model = linear()
    for y, size, weight in DATA:
        weights = None if weight is None else weight[:size]
        for how in (model.train_on_batch, model.test_on_batch):
            found = how(X[:size], y[:size], sample_weight=weights, return_dict=True)
            assert found == pytest.approx(expected(y, size, weight), rel=1e-5)


@pytest.mark.needs("gradient")
def test_weights_of_classes_go_with_targets_of_either_rank(backend):
    model = linear()
    labels = (Y > 0).astype("int32")
    for y in (labels, labels[:, 0], labels.astype("float32")):
        history = model.fit(X, y, class_weight={0: 1.0, 1: 3.0}, verbose=0).history
        weights = np.where(labels[:, 0] == 1, 3.0, 1.0)
        assert history["loss"] == [pytest.approx(np.mean(weights * (X.sum(1) - labels[:, 0]) ** 2), rel=1e-5)]


def test_inputs_may_change_their_rank_their_dtype_and_their_number(backend):
    class Summed(Model):
        def call(self, x):
            parts = x if isinstance(x, list | tuple) else x.values() if isinstance(x, dict) else [x]
            return sum(ops.sum(ops.cast(ops.reshape(part, (ops.shape(part)[0], -1)), "float32"), 1) for part in parts)

    model = Summed()
    model.compile(loss="mse")
    for x, total in (
        (X, X.sum(1)),
        (X[:5, 0], X[:5, 0]),
        (np.ones((4, 2, 3), "int32"), np.full(4, 6.0)),
        ([X, X], 2 * X.sum(1)),
        ({"a": X[:4], "b": X[:4, 0]}, X[:4].sum(1) + X[:4, 0]),
        (X.astype("float64"), X.sum(1)),
    ):
        np.testing.assert_allclose(model.predict(x, verbose=0), total, rtol=1e-5)
        assert model.evaluate(x, 0 * total, verbose=0) == pytest.approx(np.mean(total**2), rel=1e-5)


@pytest.mark.needs("gradient")
def test_batches_in_one_execution_may_differ_in_size(backend):
    model = linear(steps_per_execution=3)
    sizes = (3, 2, 3)
    starts = np.cumsum((0, *sizes))

    def batches():
        for start, size in zip(starts, sizes, strict=False):
            yield X[start : start + size], Y[start : start + size]

    history = model.fit(batches(), verbose=0).history
    assert history["loss"] == [pytest.approx(np.mean(ERRORS**2), rel=1e-5)]
