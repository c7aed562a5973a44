"""Checkpoints of Orbax: what Keras writes is read here, what is written here is read by Keras, under the same names."""

from __future__ import annotations

import os
import warnings
from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from differences import TRAINING
from kcore_layers import Input, Model, Sequential
from kcore_layers import layers as our_layers
from kcore_layers.files import load_model
from kcore_train import optimizers as our_optimizers
from kcore_train.callbacks import OrbaxCheckpoint

pytestmark = [pytest.mark.needs("gradient"), pytest.mark.filterwarnings("ignore:Sharding info not provided")]

rng = np.random.default_rng(0)
X = rng.normal(size=(8, 3)).astype("float32")
Y = rng.normal(size=(8, 1)).astype("float32")


def stacked(layers: Any, sequential: Any, model: Any, given: Any) -> Any:
    return sequential(
        [
            given((3,)),
            layers.Dense(4, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.1),
            layers.Dense(4, name="named"),
            layers.Dropout(0.1),
            layers.Dense(1),
        ]
    )


def nested(layers: Any, sequential: Any, model: Any, given: Any) -> Any:
    inner = sequential([given((3,)), layers.Dense(4), layers.LayerNormalization()], name="inner")
    frozen = layers.Dense(4, trainable=False)
    x = given((3,))
    h = layers.Add()([inner(x), frozen(x)])
    return model(x, layers.Dense(1)(layers.Reshape((4,))(layers.LSTM(4)(layers.Reshape((2, 2))(h)))))


def flat(layers: Any, sequential: Any, model: Any, given: Any) -> Any:
    x = given((3,))
    h = layers.Dropout(0.1)(layers.BatchNormalization()(layers.Dense(4, activation="relu")(x)))
    return model(x, layers.Dense(1)(layers.Add()([h, layers.Dense(4, trainable=False)(x)])))


def plain(layers: Any, sequential: Any, model: Any, given: Any) -> Any:
    return sequential([given((3,)), layers.Dense(4), layers.Dense(1)])


MODELS = {"stacked": stacked, "nested": nested, "flat": flat}
OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Adam": ("Adam", {}),
    "SGD": ("SGD", {"momentum": 0.9}),
    "AdamW": ("AdamW", {"gradient_accumulation_steps": 2}),
}


def _arrays(variables: Any) -> list[Any]:
    return [np.asarray(ops.convert_to_numpy(getattr(v, "value", v))) for v in variables]


def _same(ours: Any, theirs: Any, states: bool = True) -> None:
    groups = [(ours.variables, theirs.variables)]
    if states:
        groups += [(ours.optimizer.variables, theirs.optimizer.variables)]
    for group in groups:
        for a, b in zip(*map(_arrays, group), strict=True):
            np.testing.assert_array_equal(a, b)


def _ours(make: Any, optimizer: str = "Adam", **options: Any) -> Any:
    name, arguments = OPTIMIZERS[optimizer]
    model = make(our_layers, Sequential, Model, Input)
    model.compile(getattr(our_optimizers, name)(**arguments), "mse", metrics=["mae"], **options)
    return model


def _theirs(keras: Any, make: Any, optimizer: str = "Adam", **options: Any) -> Any:
    keras.backend.clear_session()
    name, arguments = OPTIMIZERS[optimizer]
    model = make(keras.layers, keras.Sequential, keras.Model, keras.Input)
    model.compile(getattr(keras.optimizers, name)(**arguments), "mse", metrics=["mae"], **options)
    return model


def _fit(model: Any, callback: Any, **options: Any) -> None:
    model.fit(X, Y, **{"batch_size": 2, "epochs": 2, "verbose": 0, **options}, callbacks=[callback])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_checkpoint_of_keras_is_the_model_here(backend, keras, make, optimizer, tmp_path):
    theirs = _theirs(keras, make, optimizer)
    _fit(theirs, keras.callbacks.OrbaxCheckpoint(str(tmp_path)))
    ours = load_model(tmp_path)
    _same(ours, theirs)
    np.testing.assert_allclose(ours.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_checkpoint_of_ours_is_the_model_in_keras(backend, keras, optimizer, tmp_path):
    ours = _ours(flat, optimizer)
    _fit(ours, OrbaxCheckpoint(tmp_path))
    keras.backend.clear_session()
    theirs = keras.models.load_model(str(tmp_path))
    _same(ours, theirs)
    np.testing.assert_allclose(ours.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-4, atol=1e-5)


def test_keras_leaves_new_weights_in_a_sequential_model(backend, keras, tmp_path):
    assert "load_model of checkpoints of a Sequential" in TRAINING
    theirs = _theirs(keras, stacked)
    _fit(theirs, keras.callbacks.OrbaxCheckpoint(str(tmp_path / "first")))
    again = keras.models.load_model(str(tmp_path / "first"))
    assert not np.array_equal(_arrays(again.weights)[0], _arrays(theirs.weights)[0])
    # The paths of the model that Keras made are others, and so are those in what it writes.
    _fit(again, keras.callbacks.OrbaxCheckpoint(str(tmp_path / "second")))
    _same(load_model(tmp_path / "second"), again)


def test_weights_alone_are_read_here_and_in_keras(backend, keras, tmp_path):
    theirs = _theirs(keras, stacked)
    _fit(theirs, keras.callbacks.OrbaxCheckpoint(str(tmp_path / "theirs"), save_weights_only=True))
    ours = _ours(stacked)
    ours.load_weights(tmp_path / "theirs")
    _same(ours, theirs, states=False)
    with pytest.raises(ValueError, match="the checkpoint has weights alone"):
        load_model(tmp_path / "theirs")


class Words(our_layers.Layer):
    """A layer with a file of its own."""

    words = "ours"

    def save_assets(self, dir_path):
        with open(os.path.join(dir_path, "words.txt"), "w") as file:
            file.write(self.words)

    def load_assets(self, dir_path):
        with open(os.path.join(dir_path, "words.txt")) as file:
            self.words = file.read()

    def call(self, x):
        return x


def test_files_of_layers_go_both_ways(backend, keras, tmp_path):
    own = {name: value for name, value in vars(Words).items() if name in ("save_assets", "load_assets", "call")}
    theirs_of = type("Words", (keras.layers.Layer,), {**own, "words": "theirs"})

    def make(of_words: Any) -> Any:
        return lambda layers, sequential, model, given: sequential([given((3,)), of_words(), layers.Dense(1)])

    theirs, ours = _theirs(keras, make(theirs_of)), _ours(make(Words))
    _fit(theirs, keras.callbacks.OrbaxCheckpoint(str(tmp_path / "theirs")))
    _fit(ours, OrbaxCheckpoint(tmp_path / "ours"))
    assert load_model(tmp_path / "theirs", custom_objects={"Words": Words}).layers[0].words == "theirs"
    loaded = keras.models.load_model(str(tmp_path / "ours"), custom_objects={"Words": theirs_of})
    assert loaded.layers[0].words == "ours"


RUNS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "every epoch": ({}, {"max_to_keep": 5}, {}),
    "the latest": ({}, {}, {}),
    "the latest two of five": ({}, {"max_to_keep": 2}, {"epochs": 5}),
    "all": ({}, {"max_to_keep": None}, {}),
    "every two batches": ({}, {"save_freq": 2, "max_to_keep": 9}, {}),
    "every three batches": ({}, {"save_freq": 3, "max_to_keep": 9}, {"epochs": 3}),
    "from the fourth epoch on": ({}, {"max_to_keep": 9}, {"epochs": 5, "initial_epoch": 3}),
    "accumulated": ({"optimizer": "AdamW"}, {"save_freq": 1, "max_to_keep": 9}, {}),
    "the best": ({}, {"monitor": "loss", "save_best_only": True, "max_to_keep": 9}, {}),
    "none is good enough": (
        {}, {"monitor": "loss", "save_best_only": True, "initial_value_threshold": 1e-9}, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("run", RUNS)
def test_checkpoints_are_called_as_keras_calls_them(backend, keras, run, tmp_path):
    compiled, arguments, fitted = RUNS[run]
    ours, theirs = _ours(plain, **compiled), _theirs(keras, plain, **compiled)
    ours.set_weights(theirs.get_weights())
    last = fitted.get("epochs", 2)
    for options in (fitted, {**fitted, "initial_epoch": last, "epochs": last + 1}):
        _fit(theirs, keras.callbacks.OrbaxCheckpoint(str(tmp_path / "theirs"), **arguments), **options)
        _fit(ours, OrbaxCheckpoint(tmp_path / "ours", **arguments), **options)
        found, expected = (
            sorted(os.listdir(tmp_path / whose)) if (tmp_path / whose).exists() else [] for whose in ("ours", "theirs")
        )
        assert found == expected
        if run == "accumulated":
            assert "OrbaxCheckpoint after gradients that were accumulated" in TRAINING
            break


def test_a_checkpoint_that_is_there_is_an_error_in_both(backend, keras, tmp_path):
    ours, theirs = _ours(stacked), _theirs(keras, stacked)
    _fit(theirs, keras.callbacks.OrbaxCheckpoint(str(tmp_path / "theirs")))
    _fit(ours, OrbaxCheckpoint(tmp_path / "ours"))
    with warnings.catch_warnings(), pytest.raises(Exception, match="Step 1 already exists"):
        warnings.simplefilter("ignore")
        _fit(theirs, keras.callbacks.OrbaxCheckpoint(str(tmp_path / "theirs")), initial_epoch=1)
    with pytest.raises(ValueError, match="has a checkpoint 1 already, and the next one is 1"):
        _fit(ours, OrbaxCheckpoint(tmp_path / "ours"), initial_epoch=1)
