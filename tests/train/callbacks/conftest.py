"""What the tests of callbacks share: a model with what callbacks ask of one, and a fit of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kcore_train.callbacks import CallbackList


class FakeModel:
    def __init__(self, learning_rate: float = 1.0, metrics: Any = ()) -> None:
        self.optimizer = SimpleNamespace(learning_rate=np.array(learning_rate))
        self.metrics = list(metrics)
        self.stop_training = False
        self.weights = [np.zeros(1)]
        self.saved: dict[str, float] = {}
        self.history: Any = None

    def get_weights(self) -> list[Any]:
        return [w.copy() for w in self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        self.weights = [np.array(w) for w in weights]

    def save_weights(self, path: Any, overwrite: bool = True) -> None:
        self.saved[str(path)] = float(self.weights[0][0])


def _run_epochs(
    callback: Any, values: list[Any], name: str = "val_loss", model: Any = None, **params: Any
) -> FakeModel:
    """Run a fit in which the weights of epoch i are i, and the logs hold one value for each epoch."""
    model = model or FakeModel()
    told = CallbackList(callback, model=model, epochs=len(values), **params)
    told.on_train_begin()
    for epoch, value in enumerate(values):
        told.on_epoch_begin(epoch)
        model.weights = [np.full(1, float(epoch))]
        told.on_epoch_end(epoch, {name: value})
        if model.stop_training:
            break
    told.on_train_end()
    return model


@pytest.fixture
def fake_model():
    """The class of models that only remember."""
    return FakeModel


@pytest.fixture
def run_epochs():
    """A function that runs a fit with the values that are to be in the logs."""
    return _run_epochs
