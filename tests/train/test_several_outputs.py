"""Models of several outputs: targets, losses, metrics and weights for each, by place and by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kcore_layers import Input, Model
from kcore_layers.layers import Dense

rng = np.random.default_rng(1)
X = rng.normal(size=(20, 3)).astype("float32")
Y = rng.normal(size=(20, 1)).astype("float32")
LABELS = rng.integers(0, 2, 20)
SQUARES, CROSSENTROPY = "mse", "sparse_categorical_crossentropy"


def two_headed(form: str) -> Model:
    x = Input((3,))
    a = Dense(1, name="a", kernel_initializer="ones")(x)
    b = Dense(2, activation="softmax", name="b", kernel_initializer="ones")(x)
    return Model(x, [a, b] if form == "list" else {"a": a, "b": b})


def named(values: list[Any]) -> dict[str, Any]:
    return dict(zip("ab", values, strict=True))


EXPECTED = {
    "loss": np.mean((X.sum(1) - Y[:, 0]) ** 2) + 0.5 * np.log(2.0),
    "a_loss": np.mean((X.sum(1) - Y[:, 0]) ** 2),
    "b_loss": np.log(2.0),  # equal weights for both classes
    "a_mae": np.mean(np.abs(X.sum(1) - Y[:, 0])),
    "b_accuracy": np.mean(LABELS == 0),
}


# Other structures: test_output_structures.
@pytest.mark.parametrize(("form", "given"), [("list", "list"), ("list", "dict"), ("dict", "dict")])
def test_each_output_has_its_loss_its_metrics_and_its_weight(backend, form, given):
    as_given = named if given == "dict" else list
    model = two_headed(form)
    model.compile(
        "sgd",
        loss=as_given([SQUARES, CROSSENTROPY]),
        metrics=as_given([["mae"], ["accuracy"]]),
        loss_weights=as_given([1.0, 0.5]),
    )
    scores = model.evaluate(X, as_given([Y, LABELS]), batch_size=8, verbose=0, return_dict=True)
    assert scores == pytest.approx(EXPECTED, rel=1e-5)
    assert list(scores) == list(EXPECTED)
    assert model.evaluate(X, as_given([Y, LABELS]), verbose=0) == pytest.approx(list(EXPECTED.values()), rel=1e-5)


def test_sample_weights_can_differ_from_output_to_output(backend):
    model = two_headed("list")
    model.compile("sgd", loss=[SQUARES, CROSSENTROPY])
    first, second = np.linspace(0, 1, 20), np.linspace(1, 0, 20)
    scores = model.evaluate(X, [Y, LABELS], sample_weight=[first, second], verbose=0, return_dict=True)
    assert scores["a_loss"] == pytest.approx(np.mean(first * (X.sum(1) - Y[:, 0]) ** 2), rel=1e-5)
    assert scores["b_loss"] == pytest.approx(np.log(2.0) * second.mean(), rel=1e-5)


def test_an_output_without_a_loss_takes_no_part(backend):
    model = two_headed("list")
    model.compile("sgd", loss=[SQUARES, None])
    scores = model.evaluate(X, [Y, LABELS], verbose=0, return_dict=True)
    assert scores == pytest.approx({"loss": EXPECTED["a_loss"]}, rel=1e-5)


def test_one_loss_is_for_every_output(backend):
    model = two_headed("list")
    model.compile("sgd", loss="mse")
    one_hot = np.eye(2, dtype="float32")[LABELS]
    scores = model.evaluate(X, [Y, one_hot], verbose=0, return_dict=True)
    assert scores["b_loss"] == pytest.approx(0.25)
    assert scores["loss"] == pytest.approx(EXPECTED["a_loss"] + 0.25, rel=1e-5)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("form", ["list", "dict"])
def test_fit_lists_the_losses_and_metrics_of_each_output(backend, form):
    # The numbers are Keras 3.15.1's, from the same data, weights and order.
    model = two_headed(form)
    as_given = named if form == "dict" else list
    model.compile(
        "sgd",
        loss=as_given([SQUARES, CROSSENTROPY]),
        metrics=as_given([["mae"], ["accuracy"]]),
        loss_weights=as_given([1.0, 0.5]),
    )
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(20, 3)).astype("float32"), generator.normal(size=(20, 1)).astype("float32")
    y = as_given([y, generator.integers(0, 2, 20)])
    history = model.fit(x, y, batch_size=8, shuffle=False, validation_data=(x, y), verbose=0).history
    assert history == {
        "loss": [pytest.approx(4.398816, abs=1e-5)],
        "a_loss": [pytest.approx(4.052125, abs=1e-5)],
        "b_loss": [pytest.approx(0.693381, abs=1e-5)],
        "a_mae": [pytest.approx(1.51659, abs=1e-5)],
        "b_accuracy": [pytest.approx(0.45)],
        "val_loss": [pytest.approx(4.101224, abs=1e-5)],
        "val_a_loss": [pytest.approx(3.754977, abs=1e-5)],
        "val_b_loss": [pytest.approx(0.692495, abs=1e-5)],
        "val_a_mae": [pytest.approx(1.47131, abs=1e-5)],
        "val_b_accuracy": [pytest.approx(0.6)],
    }
