"""`TrainingRun` knows where a running `fit` is, and each loop ends when its own attribute of the model says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import Dense
from kcore_train.callbacks import Callback, CallbackList
from kcore_train.loop.run import Run, TrainingRun

X, Y = np.ones((10, 2), "float32"), np.ones((10, 1), "float32")


def linear(**arguments: Any) -> Any:
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse", **arguments)
    return model


def run_of(model: Any) -> TrainingRun:
    return TrainingRun(model._kcore_trainer.compiled, CallbackList(model=model))


def test_a_run_counts_the_batches_of_an_epoch_and_of_all(backend):
    run = run_of(linear())
    for epoch, batches in [(3, 5), (4, 2)]:
        run.begin_epoch(epoch)
        assert (run.epoch, run.position) == (epoch, 0)
        run.position += batches
    assert (run.epoch, run.position, run.step) == (4, 2, 7)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("size", [1, 2])
def test_fit_keeps_its_run_up_to_date(backend, monkeypatch, size):
    runs: list[TrainingRun] = []
    start = TrainingRun.__init__

    def started(run: TrainingRun, *args: Any) -> None:
        start(run, *args)
        runs.append(run)

    class Places(Callback):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[Any] = []

        def on_train_batch_end(self, batch, logs=None):
            (run,) = runs
            self.found.append((run.epoch, run.position, run.step))
            assert batch == run.position - 1

    monkeypatch.setattr(TrainingRun, "__init__", started)
    places, model = Places(), linear(steps_per_execution=size)
    history = model.fit(X, Y, batch_size=4, epochs=4, initial_epoch=2, callbacks=[places], verbose=0)
    positions = [1, 2, 3] if size == 1 else [2, 3]
    assert places.found == [(epoch, at, at + 3 * (epoch - 2)) for epoch in (2, 3) for at in positions]
    assert runs[0].logs == {"loss": history.history["loss"][-1]}


@pytest.mark.parametrize(
    ("kind", "name"), [("train", "stop_training"), ("test", "stop_evaluating"), ("predict", "stop_predicting")]
)
def test_a_run_is_stopped_by_an_attribute_of_the_model(backend, kind, name):
    model = linear()
    run = Run(model._kcore_trainer.compiled, kind, CallbackList(model=model))
    assert not run.is_stopped
    setattr(model, name, True)
    assert run.is_stopped
    run.is_stopped = False
    assert getattr(model, name) is False
