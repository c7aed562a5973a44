"""Settings that bound training, and say where its progress goes."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from kcore_layers import Sequential
from kcore_layers.layers import Dense
from kcore_ops import config
from kcore_train.callbacks import LambdaCallback

pytestmark = pytest.mark.needs("gradient")


@pytest.fixture
def compiled(backend):
    model = Sequential([Dense(1)])
    model.compile("sgd", "mean_squared_error")
    return model


@pytest.fixture
def data():
    return np.ones((12, 2), "float32"), np.ones((12, 1), "float32")


def test_limits_bound_every_loop(compiled, data):
    steps = []
    counting = LambdaCallback(on_train_batch_end=lambda step, logs: steps.append(step))
    config.set_max_epochs(2)
    config.set_max_steps_per_epoch(3)
    try:
        history = compiled.fit(*data, batch_size=2, epochs=5, verbose=0, callbacks=[counting])
        predicted = compiled.predict(data[0], batch_size=2, verbose=0)
    finally:
        config.set_max_epochs(None)
        config.set_max_steps_per_epoch(None)
    assert steps == [0, 1, 2] * 2
    assert history.epoch == [0, 1] and history.params["epochs"] == 2 and history.params["steps"] == 3
    assert predicted.shape == (6, 1)
    assert compiled.predict(data[0], batch_size=2, verbose=0).shape == (12, 1)


def test_progress_goes_to_the_logger_where_interactive_logging_is_disabled(compiled, data, capsys, caplog):
    config.disable_interactive_logging()
    try:
        with caplog.at_level(logging.INFO, logger="kcore"):
            compiled.fit(*data, epochs=1, verbose=1)
    finally:
        config.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    assert any("1/1" in message and "loss: " in message for message in caplog.messages)
    compiled.fit(*data, epochs=1, verbose=1)
    assert "1/1" in capsys.readouterr().out
