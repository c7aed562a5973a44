"""The models whose training is measured, written once for any module with Keras's API, and their data."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

VOCABULARY, LENGTH, WIDTH, HEADS = 1000, 64, 64, 4


@dataclasses.dataclass(frozen=True)
class Case:
    """One model.

    Attributes:
        name: what the line of the table is called.
        limit: how much longer than the native loop a step of `fit` may take, as a ratio.
        limit_of_predict: the same for `predict`, where there is a budget.
        batch_size: samples in a batch.
        num_batches: batches in the epoch that is timed.
        build: from a module with Keras's API to the layers.
        data: from a generator and a number of samples to x and y.
    """

    name: str
    limit: float
    limit_of_predict: float | None
    batch_size: int
    num_batches: int
    build: Callable[[Any], Any]
    data: Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]


def _labels(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.integers(0, 10, count).astype("int32")


def _floats(*shape: int) -> Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]:
    return lambda rng, count: (rng.normal(size=(count, *shape)).astype("float32"), _labels(rng, count))


def tiny(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential([keras.Input((32,)), layers.Dense(32, activation="relu"), layers.Dense(10)])


def mlp(keras: Any) -> Any:
    layers = keras.layers
    hidden = [layers.Dense(512, activation="relu") for _ in range(2)]
    return keras.Sequential([keras.Input((64,)), *hidden, layers.Dense(10)])


def cnn(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def lstm(keras: Any) -> Any:
    return keras.Sequential([keras.Input((50, 32)), keras.layers.LSTM(64), keras.layers.Dense(10)])


def transformer(keras: Any) -> Any:
    layers = keras.layers
    tokens = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(VOCABULARY, WIDTH)(tokens)
    for _ in range(2):
        normed = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(normed, normed)
        normed = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.Dense(WIDTH)(layers.Dense(4 * WIDTH, activation="gelu")(normed))
    return keras.Model(tokens, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def _tokens(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, VOCABULARY, (count, LENGTH)).astype("int32"), _labels(rng, count)


CASES = (
    Case("tiny", 1.25, 1.3, 32, 200, tiny, _floats(32)),
    Case("mlp", 1.10, None, 64, 50, mlp, _floats(64)),
    Case("cnn", 1.05, None, 32, 15, cnn, _floats(28, 28, 1)),
    Case("lstm", 1.05, None, 32, 15, lstm, _floats(50, 32)),
    Case("transformer", 1.05, None, 32, 8, transformer, _tokens),
)
