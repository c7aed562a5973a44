"""Checkpoints that Orbax writes: which there are, what is in them, and what happens where something goes wrong."""

from __future__ import annotations

import copy
import json
import os
import pickle
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.base.random_seed import set_random_seed
from kcore_layers.files import load_model
from kcore_layers.layers import BatchNormalization, Dense, Dropout
from kcore_train.callbacks import BackupAndRestore, Callback, OrbaxCheckpoint

rng = np.random.default_rng(0)
X = rng.normal(size=(12, 3)).astype("float32")
Y = rng.normal(size=(12, 1)).astype("float32")


def made(units=4, **arguments):
    set_random_seed(0)
    model = Sequential([Input((3,)), Dense(units), BatchNormalization(), Dropout(0.1), Dense(units), Dense(1)])
    model.compile(**{"optimizer": "adam", "loss": "mse", **arguments})
    return model


def fit(model, *callbacks, **arguments):
    return model.fit(X, Y, **{"batch_size": 4, "epochs": 3, "verbose": 0, **arguments}, callbacks=list(callbacks))


def same(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.numpy(), b.numpy())


pytestmark = [
    pytest.mark.needs("gradient"),
    # Where one read fails Orbax closes its loop, and TensorStore's threads, whose reads end later, find it closed.
    pytest.mark.filterwarnings("ignore:(?s).*Event loop is closed:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.mark.parametrize("background", [True, False])
def test_a_checkpoint_is_the_model_with_its_optimizer(backend, tmp_path, background):
    model = made()
    fit(model, OrbaxCheckpoint(tmp_path / "new" / "one", save_on_background=background))
    assert os.listdir(tmp_path / "new" / "one") == ["2"]
    for loaded in (load_model(tmp_path / "new" / "one"), load_model(tmp_path / "new" / "one" / "2")):
        same(loaded.variables, model.variables)
        same(loaded.optimizer.variables, model.optimizer.variables)
    assert load_model(tmp_path / "new" / "one", compile=False).optimizer is None


def test_weights_are_read_into_a_model_whose_layers_have_other_numbers(backend, tmp_path):
    model = made()
    fit(model, OrbaxCheckpoint(tmp_path))
    again = made()
    assert again.layers[0].name != model.layers[0].name
    again.load_weights(tmp_path)
    same(again.variables, model.variables)
    same(again.optimizer.variables, model.optimizer.variables)


def test_a_layer_that_was_frozen_since_has_its_weights(backend, tmp_path):
    model = made()
    fit(model, OrbaxCheckpoint(tmp_path, save_weights_only=True))
    again = made()
    again.layers[3].trainable = False
    again.load_weights(tmp_path)
    same(again.variables, model.variables)


def test_what_does_not_fit_is_named_and_nothing_is_set(backend, tmp_path):
    fit(made(), OrbaxCheckpoint(tmp_path, save_weights_only=True))
    other = made(units=5)
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"dense.*/kernel: shape \(3, 4\) in the file, \(3, 5\) in the model"):
        other.load_weights(tmp_path)
    for found, expected in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)
    with pytest.warns(UserWarning, match="weights were not loaded where they do not fit"):
        other.load_weights(tmp_path, skip_mismatch=True)
    fewer = Sequential([Input((3,)), Dense(4)])
    with pytest.raises(ValueError, match="only in the file"):
        fewer.load_weights(tmp_path)


def test_objects_to_skip_keep_what_they_have(backend, tmp_path):
    model = made()
    fit(model, OrbaxCheckpoint(tmp_path, save_weights_only=True))
    other = made()
    before = other.layers[0].get_weights()
    other.load_weights(tmp_path, objects_to_skip=[other.layers[0]])
    np.testing.assert_array_equal(other.layers[0].get_weights()[0], before[0])
    np.testing.assert_array_equal(other.layers[-1].get_weights()[0], model.layers[-1].get_weights()[0])


def test_weights_alone_are_no_model(backend, tmp_path):
    fit(made(), OrbaxCheckpoint(tmp_path, save_weights_only=True))
    with pytest.raises(
        ValueError, match="the checkpoint has weights alone.*\n  fix: make the model, and call its load"
    ):
        load_model(tmp_path)


def test_a_copy_of_the_state_is_written_whatever_training_does_meanwhile(backend, tmp_path):
    kept = []

    class Kept(Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(self.model.get_weights())

    fit(made(), Kept(), OrbaxCheckpoint(tmp_path, max_to_keep=None))
    for epoch, weights in enumerate(kept):
        for found, expected in zip(load_model(tmp_path / str(epoch)).get_weights(), weights, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_the_best_so_far_counts_in_the_next_fit(backend, tmp_path):
    callback = OrbaxCheckpoint(tmp_path, monitor="loss", save_best_only=True, initial_value_threshold=0.0)
    fit(made(), callback)
    assert not tmp_path.exists() or os.listdir(tmp_path) == []
    callback.best = None
    fit(made(), callback, epochs=1)
    assert os.listdir(tmp_path) == ["0"]
    assert callback.best is not None


def test_it_says_what_it_writes_and_why_not(backend, tmp_path, capsys):
    callback = OrbaxCheckpoint(tmp_path, monitor="loss", save_best_only=True, verbose=1)
    fit(made(), callback, epochs=1)
    callback.best = -1.0
    fit(made(), callback, initial_epoch=1, epochs=2)
    first, second = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Epoch")]
    assert first.startswith("Epoch 1: loss is ")
    assert first.endswith(f"; model saved to {tmp_path / '0'}")
    assert second.endswith(", the best is -1.00000")


def test_a_later_checkpoint_in_the_directory_is_in_the_way(backend, tmp_path):
    fit(made(), OrbaxCheckpoint(tmp_path))
    with pytest.raises(ValueError, match=r"has a checkpoint 2 already, and the next one is 0\n  fix: name another dir"):
        fit(made(), OrbaxCheckpoint(tmp_path))
    fit(made(), OrbaxCheckpoint(tmp_path), initial_epoch=3, epochs=4)
    assert os.listdir(tmp_path) == ["3"]


class Stop(Exception):
    pass


class StopAt(Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Stop("here")


def test_a_run_that_was_cut_off_goes_on_with_its_best_and_writes_anew_what_came_later(backend, tmp_path):
    def callbacks():
        return (
            OrbaxCheckpoint(tmp_path / "orbax", monitor="loss", save_best_only=True, max_to_keep=None),
            BackupAndRestore(tmp_path / "backup", delete_checkpoint=False),
        )

    fit(made(), *callbacks(), epochs=2)
    with pytest.raises(Stop, match="here"):  # epoch 2 has a checkpoint, and is not in the backup
        fit(made(), *callbacks(), StopAt(2), epochs=4)
    before = set(os.listdir(tmp_path / "orbax"))
    checkpoint, backup = callbacks()
    history = fit(made(), checkpoint, backup, epochs=4).history
    assert before <= set(os.listdir(tmp_path / "orbax")) | {"2"}
    assert checkpoint.best == min(history["loss"])
    assert load_model(tmp_path / "orbax").optimizer.iterations.numpy() == 3 * (1 + int(np.argmin(history["loss"])))


def test_an_error_in_the_background_is_raised(backend, tmp_path, monkeypatch):
    class Fails:
        def result(self):
            raise OSError("no space left")

    callback = OrbaxCheckpoint(tmp_path)
    written = callback._write

    def write(*args):
        written(*args)
        callback.wait_until_finished()
        callback._kcore_saving = Fails()

    monkeypatch.setattr(callback, "_write", write)
    with pytest.raises(OSError, match="no space left"):
        fit(made(), callback)


def test_what_was_not_finished_when_the_process_was_killed_is_no_checkpoint(backend, tmp_path):
    fit(made(), OrbaxCheckpoint(tmp_path, max_to_keep=None), epochs=2)
    os.rename(tmp_path / "1", tmp_path / "1.orbax-checkpoint-tmp")
    assert load_model(tmp_path).optimizer.iterations.numpy() == 3
    fit(made(), OrbaxCheckpoint(tmp_path, max_to_keep=None), initial_epoch=1, epochs=2)
    assert sorted(os.listdir(tmp_path)) == ["0", "1"]


def test_copies_and_pickles_are_as_it_was(backend, tmp_path):
    callback = OrbaxCheckpoint(tmp_path, max_to_keep=7)
    fit(made(), callback, epochs=1)
    callback._model = None
    for again in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        assert (again.max_to_keep, again.directory) == (7, str(tmp_path))


def test_one_process_is_the_primary_host(backend, tmp_path):
    callback = OrbaxCheckpoint(tmp_path)
    assert callback.is_primary_host() is True
    assert callback.is_multihost_enabled() is False


def test_arguments_that_can_not_be_are_refused(tmp_path):
    with pytest.raises(ValueError, match="directory is empty\n  fix: name a directory for checkpoints"):
        OrbaxCheckpoint("")
    for count in (0, -1, True, 1.5):
        with pytest.raises(ValueError, match="max_to_keep can not be .*\n  fix: pass a positive number of checkpoints"):
            OrbaxCheckpoint(tmp_path, max_to_keep=count)
    with pytest.raises(ValueError, match="save_freq can not be 'batch'"):
        OrbaxCheckpoint(tmp_path, save_freq="batch")


def test_without_the_library_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "orbax.checkpoint.experimental.v1", None)
    with pytest.raises(ImportError, match=r"need the library orbax-checkpoint.*\n  fix: pip install 'orbax-checkpoint"):
        OrbaxCheckpoint(tmp_path)


# Directories from anywhere.


@pytest.fixture
def checkpoint(backend, tmp_path):
    """The directory of a checkpoint, to be damaged."""
    fit(made(), OrbaxCheckpoint(tmp_path), epochs=1)
    return tmp_path / "0"


def rewritten(path: Path, change) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_what_is_damaged_is_an_error_of_ours(checkpoint):
    for damage in (
        lambda path: shutil.rmtree(path / "pytree" / "d"),
        lambda path: (path / "pytree" / "_METADATA").write_text("[" * 100_000),
        lambda path: (path / "pytree" / "manifest.ocdbt").write_bytes(b"no manifest"),
        lambda path: (path / "model_config" / "_strings.json").write_text("{}"),
        lambda path: shutil.rmtree(path / "model_config"),
    ):
        copied = checkpoint.parent / "damaged" / "0"
        shutil.copytree(checkpoint, copied)
        damage(copied)
        with pytest.raises(ValueError, match=r"it can not be read|is not JSON|has weights alone"):
            load_model(copied)
        shutil.rmtree(copied.parent)


def test_what_metadata_name_is_not_imported(checkpoint, tmp_path, monkeypatch):
    (tmp_path / "evil_module.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    names = {"pytree": "evil_module.Handler", "model_config": "evil_module.Handler"}
    rewritten(checkpoint / "_CHECKPOINT_METADATA", lambda data: data.update(item_handlers=names))

    def change(data):
        for each in data["tree_metadata"].values():
            each["value_metadata"]["value_type"] = "evil_module.Handler"

    rewritten(checkpoint / "pytree" / "_METADATA", change)
    try:
        load_model(checkpoint)
    except ValueError as error:
        assert "it can not be read" in str(error)  # noqa: PT017 (either is right: that it is read, and that it is not)
    assert "evil_module" not in sys.modules


def test_lambdas_in_the_config_are_refused_in_safe_mode(checkpoint):
    def change(data):
        config = json.loads(data["config"])
        config["config"]["layers"][1]["config"]["activation"] = {
            "class_name": "__lambda__", "config": {"value": ["", None, None]}
        }  # fmt: skip
        data["config"] = json.dumps(config)

    rewritten(checkpoint / "model_config" / "_strings.json", change)
    with pytest.raises(ValueError, match="safe_mode"):
        load_model(checkpoint)
