"""Calls of `predict` and `fit` leave nothing behind: neither objects nor memory."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import BatchNormalization, Dense, Dropout

X = np.ones((8, 4), "float32")
Y = np.ones((8, 1), "float32")


@pytest.fixture
def model(backend):
    made = Sequential([Input((4,)), Dense(8, activation="relu"), BatchNormalization(), Dropout(0.1), Dense(1)])
    made.compile("adam", "mse", metrics=["mae"])
    return made


def growth(call: Callable[[], object], times: int) -> tuple[int, int]:
    """Return how many objects, and bytes that Python allocated, calls have left behind after some that warm up."""
    for _ in range(10):
        call()
    tracemalloc.start()
    try:
        for _ in range(5):
            call()
        gc.collect()
        objects, (traced, _) = len(gc.get_objects()), tracemalloc.get_traced_memory()
        for _ in range(times):
            call()
        gc.collect()
        return len(gc.get_objects()) - objects, tracemalloc.get_traced_memory()[0] - traced
    finally:
        tracemalloc.stop()


def test_predict_leaves_nothing_behind(model):
    objects, traced = growth(lambda: model.predict(X, batch_size=4, verbose=0), 60)
    assert objects < 60  # not one for each call; what is cached, and freed later, are some hundred bytes
    assert traced < 60 * 500


@pytest.mark.needs("gradient")
def test_fit_leaves_nothing_behind(model):
    objects, traced = growth(lambda: model.fit(X, Y, batch_size=4, verbose=0), 30)
    assert objects < 30
    assert traced < 30 * 2000  # TensorFlow 2.21 keeps some 60 bytes of each tensor that it makes of an array
