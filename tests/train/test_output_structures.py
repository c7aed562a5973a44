"""Outputs of any structure, and losses, metrics, targets and weights in the same one, or a simpler one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kcore_layers import Input, Model
from kcore_layers.layers import Dense
from kcore_ops.foundation.errors import ArgumentError
from kcore_train.metrics import MeanSquaredError

X = np.ones((4, 3), "float32")
# The outputs are all 0, so that the squared errors are 1, 4 and 9.
ONE, TWO, THREE = (np.full((4, 1), float(i), "float32") for i in (1, 2, 3))


def heads(count: int, form: Callable[[list[Any]], Any]) -> Model:
    x = Input((3,))
    return Model(x, form([Dense(1, name=f"h{i}", kernel_initializer="zeros")(x) for i in range(count)]))


def scores(model: Model, y: Any, sample_weight: Any = None, **arguments: Any) -> dict[str, float]:
    model.compile("sgd", **arguments)
    return model.evaluate(X, y, sample_weight=sample_weight, verbose=0, return_dict=True)


def bare(b: list[Any]) -> Any:
    return b[0]


def listed(b: list[Any]) -> Any:
    return list(b)


def named(b: list[Any]) -> Any:
    return dict(zip("ab", b, strict=False))


def nested(b: list[Any]) -> Any:
    return {"p": [b[0], b[1]], "q": b[2]}


@pytest.mark.parametrize("form", [bare, listed, named])
@pytest.mark.parametrize("wrap", [lambda name, v: v, lambda name, v: [v], lambda name, v: {name: v}])
def test_what_is_for_one_output_goes_alone_in_a_list_or_under_its_name(backend, form, wrap):
    model = heads(1, form)
    (name,) = model.output_names
    y, weight = wrap(name, ONE), wrap(name, np.full(4, 3.0))
    found = scores(model, y, weight, loss=wrap(name, "mse"), metrics=wrap(name, ["mae"]), loss_weights=wrap(name, 2.0))
    assert found == pytest.approx({"loss": 6.0, "mae": 1.0})


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("form", [listed, named])
def test_a_model_of_one_output_in_a_list_or_dict_trains_on_one_array(backend, form):
    model = heads(1, form)
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(X, ONE, class_weight={1: 2.0}, verbose=0).history
    assert history == {"loss": [pytest.approx(2.0)], "mae": [pytest.approx(1.0)]}


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (["mse", "mae"], [ONE, TWO]),
        (("mse", "mae"), {"a": ONE, "b": TWO}),
        ([["mse"], ["mae"]], (ONE, TWO)),
        ({"a": "mse", "b": ["mae"]}, (ONE, TWO)),
    ],
    ids=["lists", "a tuple", "lists in a list", "a dict"],
)
def test_outputs_by_name_take_lists_in_the_order_of_their_names(backend, loss, y):
    found = scores(heads(2, named), y, loss=loss, metrics=[["mae"], ["mse"]], loss_weights=[1.0, 10.0])
    assert found == pytest.approx({"loss": 21.0, "a_loss": 1.0, "b_loss": 2.0, "a_mae": 1.0, "b_mse": 4.0})


def test_a_list_for_names_in_another_order_than_that_of_the_alphabet_is_refused(backend):
    model = heads(2, lambda b: {"z": b[0], "c": b[1]})
    model.compile("sgd", "mse")
    message = "y is a list, and the outputs go by name, in another order .*\n  fix: pass a dict with the keys 'z', 'c'"
    with pytest.raises(ArgumentError, match=message):
        model.evaluate(X, [ONE, TWO], verbose=0)


NESTED = {"loss": 14.0, "p/h0_loss": 1.0, "p/h1_loss": 4.0, "q_loss": 9.0}


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        ("mse", {"p": [ONE, TWO], "q": THREE}),
        (["mse"] * 3, [ONE, TWO, THREE]),
        ({"p": ["mse", "mse"], "q": "mse"}, {"h0": ONE, "h1": TWO, "q": THREE}),
        ({"p": ["mse", ["mse"]], "q": ["mse"]}, {"p": (ONE, TWO), "q": [THREE]}),
    ],
    ids=["one loss", "flat", "by name", "the same form"],
)
def test_nested_outputs_take_nested_losses_and_targets(backend, y, loss):
    assert scores(heads(3, nested), y, loss=loss) == pytest.approx(NESTED)


def test_nested_outputs_take_nested_metrics_and_weights(backend):
    found = scores(
        heads(3, nested), {"p": [ONE, TWO], "q": THREE}, {"p": [np.full(4, 2.0), None], "q": np.full(4, 0.0)},
        loss="mse", metrics={"p": [["mae"], ["mse"]]}, weighted_metrics={"q": ["mae"]},
        loss_weights={"p": [1.0, 10.0], "q": 100.0},
    )  # fmt: skip
    losses = {"loss": 42.0, "p/h0_loss": 2.0, "p/h1_loss": 4.0, "q_loss": 0.0}
    assert found == pytest.approx({**losses, "h0_mae": 1.0, "h1_mse": 4.0, "q_mae": 0.0})


def test_lists_in_lists_are_gone_through_level_by_level(backend):
    model = heads(3, lambda b: [b[0], [b[1], b[2]]])
    found = scores(model, [ONE, (TWO, THREE)], loss=["mse", ["mae", None]], metrics=[[], [["mae"], ["mae"]]])
    losses = {"loss": 3.0, "h0_loss": 1.0, "1/h1_loss": 2.0}
    assert found == pytest.approx({**losses, "h1_mae": 2.0, "h2_mae": 3.0})


@pytest.mark.parametrize("metric", ["mse", MeanSquaredError])
def test_a_metric_that_is_weighted_and_not_has_two_names(backend, metric):
    made = (lambda: metric) if isinstance(metric, str) else metric
    weight = np.array([0.0, 0.0, 1.0, 1.0])
    y = np.array([[1.0], [1.0], [2.0], [2.0]])
    found = scores(heads(1, bare), y, weight, loss="mse", metrics=[made()], weighted_metrics=[made()])
    name = metric if isinstance(metric, str) else "mean_squared_error"
    assert found == pytest.approx({"loss": 2.0, name: 2.5, f"weighted_{name}": 4.0})


def test_a_metric_that_is_weighted_alone_has_its_own_name(backend):
    found = scores(heads(2, listed), [ONE, TWO], loss="mse", metrics=[["mae"], []], weighted_metrics=[["mae"], ["mae"]])
    names = ["loss", "h0_loss", "h1_loss", "h0_mae", "h0_weighted_mae", "h1_mae"]
    assert list(found) == names


@pytest.mark.parametrize(
    ("units", "y", "expected"),
    [
        (1, np.ones((4, 1)), "binary_crossentropy"),
        (3, np.zeros(4), "sparse_categorical_crossentropy"),
        (3, np.zeros((4, 1)), "sparse_categorical_crossentropy"),
        (3, np.eye(3)[[0, 1, 2, 0]], "categorical_crossentropy"),
    ],
)
def test_crossentropy_is_the_one_that_the_shapes_tell(backend, units, y, expected):
    found = []
    for loss in ("crossentropy", "ce", expected):
        x = Input((3,))
        activation = "sigmoid" if units == 1 else "softmax"
        model = Model(x, Dense(units, activation=activation, kernel_initializer="ones")(x))
        found.append(scores(model, y, loss=loss)["loss"])
    assert found[0] == found[1] == found[2]


def test_the_metrics_of_a_compiled_model_can_be_counted_before_data_was_seen(backend):
    model = heads(1, bare)
    model.compile("sgd", "mse", metrics=["mae"])
    assert [metric.name for metric in model.metrics] == ["loss", "mae"]
    before = model.metrics
    model.evaluate(X, ONE, verbose=0)
    assert all(a is b for a, b in zip(model.metrics, before, strict=True))
