"""A model that was compiled comes back compiled, and goes on where it was."""

from __future__ import annotations

import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.files import load_model
from kcore_layers.layers import Dense, Dropout
from kcore_train.callbacks import ModelCheckpoint
from kcore_train.losses import Huber
from kcore_train.optimizers import Adam
from kcore_train.optimizers.schedules import ExponentialDecay

pytestmark = pytest.mark.needs("gradient")

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(16, 3)).astype("float32"), rng.normal(size=(16, 2)).astype("float32")


def compiled():
    model = Sequential([Input((3,)), Dense(4, activation="tanh"), Dropout(0.5, seed=3), Dense(2)])
    model.compile(
        Adam(ExponentialDecay(0.1, 4, 0.5), clipnorm=1.0), Huber(delta=0.5), metrics=["mae"], weighted_metrics=["mse"]
    )
    return model


def fitted(model, epochs=1):
    return model.fit(X, Y, batch_size=4, epochs=epochs, shuffle=False, verbose=0).history


def test_a_model_that_was_saved_trains_on_as_if_it_had_not_been(backend, tmp_path):
    model = Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(2)])
    model.compile(Adam(ExponentialDecay(0.1, 4, 0.5), clipnorm=1.0), Huber(delta=0.5), metrics=["mae"])
    fitted(model)
    model.save(tmp_path / "net.keras")
    loaded = load_model(tmp_path / "net.keras")
    assert int(loaded.optimizer.iterations.numpy()) == 4
    assert fitted(loaded, 2) == fitted(model, 2)


def test_how_a_model_was_compiled_comes_back_or_is_left_out(backend, tmp_path):
    model = compiled()
    fitted(model)
    model.save(tmp_path / "net.keras")
    loaded = load_model(tmp_path / "net.keras")
    assert loaded.get_compile_config() == model.get_compile_config()
    assert loaded.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    bare = load_model(tmp_path / "net.keras", compile=False)
    assert not bare.compiled
    np.testing.assert_array_equal(bare.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_checkpoint_is_a_model_to_go_on_with(backend, tmp_path):
    model = compiled()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=ModelCheckpoint(tmp_path / "{epoch}.keras"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.keras", "2.keras"]
    last = load_model(tmp_path / "2.keras")
    np.testing.assert_array_equal(last.predict(X, verbose=0), model.predict(X, verbose=0))
    assert int(last.optimizer.iterations.numpy()) == 2
