"""Whole histories of `fit` are Keras's, from the same weights and in the same order of batches."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import layers as our_layers
from kcore_layers.models.sequential import Sequential
from kcore_train import losses, metrics, optimizers

pytestmark = pytest.mark.needs("gradient")

NUM_CLASSES = 4


def mlp(layers: Any) -> list[Any]:
    return [
        layers.Input((12,)),
        layers.Dense(16, activation="relu"),
        layers.Dense(16, activation="tanh"),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ]


def cnn(layers: Any) -> list[Any]:
    return [
        layers.Input((8, 8, 2)),
        layers.Conv2D(6, 3, activation="relu", padding="same"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.Conv2D(8, 3, strides=2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(NUM_CLASSES),
    ]


def lstm(layers: Any) -> list[Any]:
    return [
        layers.Input((7,), dtype="int32"),
        layers.Embedding(16 * 7, 6),
        layers.LSTM(8),
        layers.Dense(1, activation="sigmoid"),
    ]


def images(rng: np.random.Generator) -> tuple[Any, Any]:
    return rng.normal(size=(90, 8, 8, 2)).astype("float32"), rng.integers(0, NUM_CLASSES, 90)


def vectors(rng: np.random.Generator) -> tuple[Any, Any]:
    x = rng.normal(size=(90, 12)).astype("float32")
    return x, np.eye(NUM_CLASSES, dtype="float32")[x[:, :NUM_CLASSES].argmax(-1)]


def sequences(rng: np.random.Generator) -> tuple[Any, Any]:
    # No token twice in a batch: Keras on TensorFlow squares the gradients of a repeated token before it adds them up,
    # and so its RMSprop takes other steps than on JAX or PyTorch, whose steps are ours on every backend.
    batches = [rng.permutation(16 * 7).reshape(16, 7) for _ in range(6)]
    x = np.concatenate(batches)[:90].astype("int32")
    return x, (x[:, :1] > 55).astype("float32")


# The layers, the data, and what `compile` is told: name of a class, and its arguments.
CASES: dict[str, tuple[Any, Any, Any, Any, Any]] = {
    "MLP": (mlp, vectors, ("AdamW", {"learning_rate": 0.01}), ("CategoricalCrossentropy", {}),
            [("CategoricalAccuracy", {}), ("AUC", {"name": "auc"})]),
    "CNN": (cnn, images, ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
            ("SparseCategoricalCrossentropy", {"from_logits": True}),
            [("SparseCategoricalAccuracy", {}), ("SparseTopKCategoricalAccuracy", {"k": 2, "name": "top_2"})]),
    "LSTM": (lstm, sequences, ("RMSprop", {"learning_rate": 0.005}), ("BinaryCrossentropy", {}),
             [("BinaryAccuracy", {}), ("Precision", {"name": "precision"}), ("Recall", {"name": "recall"})]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_histories_are_those_of_keras(backend, keras, case):
    make, data, optimizer, loss, of_what = CASES[case]
    x, y = data(np.random.default_rng(0))
    theirs = keras.Sequential(make(keras.layers))
    ours = Sequential(make(our_layers))
    ours.set_weights(theirs.get_weights())

    def history(model: Any, *modules: Any) -> dict[str, list[float]]:
        of_optimizers, of_losses, of_metrics = modules
        model.compile(
            optimizer=_made(of_optimizers, optimizer),
            loss=_made(of_losses, loss),
            metrics=[_made(of_metrics, each) for each in of_what],
        )
        options = {"batch_size": 16, "epochs": 3, "shuffle": False, "verbose": 0, "validation_batch_size": 7}
        found: dict[str, list[float]] = model.fit(x[:70], y[:70], validation_data=(x[70:], y[70:]), **options).history
        return found

    expected = history(theirs, keras.optimizers, keras.losses, keras.metrics)
    found = history(ours, optimizers, losses, metrics)
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5, err_msg=name)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, ops.convert_to_numpy(b), rtol=1e-3, atol=1e-4)


def _made(module: Any, described: tuple[str, dict[str, Any]]) -> Any:
    name, arguments = described
    return getattr(module, name)(**arguments)
