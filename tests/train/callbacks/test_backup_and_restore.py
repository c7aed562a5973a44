"""`BackupAndRestore`: its file, and what is said of one that does not fit."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import kcore as keras
import numpy as np
import pytest
import resuming
from kcore import callbacks, layers

pytestmark = pytest.mark.needs("gradient")

X, Y = np.linspace(-1, 1, 40, dtype="float32").reshape(20, 2), np.ones((20, 1), "float32")


def network(width=3, **compiled):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(width), layers.Dense(1)])
    model.compile(**{"optimizer": "adam", "loss": "mse", **compiled})
    return model


class StopAfter(callbacks.Callback):
    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epochs:
            raise KeyboardInterrupt("cut off")


def interrupted(directory, model=None, **backup):
    told = [callbacks.BackupAndRestore(directory, **backup), StopAfter(2)]
    with pytest.raises(KeyboardInterrupt, match="cut off"):
        (model or network()).fit(X, Y, epochs=5, verbose=0, callbacks=told)
    return directory / "training_state.h5"


def resume(directory, model=None, **fit):
    told = [callbacks.BackupAndRestore(directory)]
    return (model or network()).fit(X, Y, **{"epochs": 5, "verbose": 0, "callbacks": told, **fit})


def test_the_file_is_there_until_training_is_done(backend, tmp_path):
    assert interrupted(tmp_path).exists()
    history = resume(tmp_path)
    assert history.epoch == [0, 1, 2, 3, 4]
    assert len(history.history["loss"]) == 5
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_kept_ends_a_run_that_is_done_at_once(backend, tmp_path):
    first = network()
    kept = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    before = first.fit(X, Y, epochs=2, verbose=0, callbacks=[kept])
    second = network()
    after = second.fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)])
    assert after.history == before.history
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_file_before_is_read_where_the_last_one_can_not_be(backend, tmp_path):
    file = interrupted(tmp_path, double_checkpoint=True)
    file.write_bytes(file.read_bytes()[:100])
    told = [callbacks.BackupAndRestore(tmp_path, double_checkpoint=True)]
    assert network().fit(X, Y, epochs=5, verbose=0, callbacks=told).epoch == [0, 1, 2, 3, 4]


def damage(file):
    file.write_bytes(file.read_bytes()[:100])


def other_file(file):
    file.write_bytes(b"something else")


@pytest.mark.parametrize("change", [damage, other_file])
def test_a_damaged_file_is_named(backend, tmp_path, change):
    file = interrupted(tmp_path)
    change(file)
    content = file.read_bytes()
    with pytest.raises(ValueError, match="training_state.h5' can not be read as an HDF5 file"):
        resume(tmp_path)
    assert file.read_bytes() == content


WRONG = {
    "width": (lambda: network(4), {}, r"kernel has shape \(2, 3\), and .*kernel \(2, 4\)"),
    "layers": (lambda: keras.Sequential([keras.Input((2,)), layers.Dense(1)]), {}, "it has 3 layers, and this one 2"),
    "optimizer": (
        lambda: network(optimizer="sgd"),
        {},
        "of its variables of optimizer 0|variables of optimizer 0, and",
    ),
    "validation": (network, {"validation_data": (X, Y)}, "one of the two has validation data, and the other has none"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_state_of_another_run_is_refused_and_stays(backend, tmp_path, wrong):
    make, fit, problem = WRONG[wrong]
    file = interrupted(tmp_path)
    model = make()
    if not model.compiled:
        model.compile("adam", "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match=f"the state is that of another run: .*(?:{problem})"):
        resume(tmp_path, model, **fit)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert file.exists()


@pytest.mark.parametrize(
    ("arguments", "problem"), [(("",), "empty"), (("x", 0), "can not be 0"), (("x", "day"), "day")]
)
def test_arguments_are_checked(backend, arguments, problem):
    with pytest.raises(ValueError, match=problem):
        callbacks.BackupAndRestore(*arguments)


def test_the_old_file_stays_where_the_new_one_can_not_be_written(backend, tmp_path, monkeypatch):
    from kcore_train.loop import state_file

    file = interrupted(tmp_path)
    content = file.read_bytes()

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state_file, "write_dataset", fail)
    with pytest.raises(OSError, match="No space left"):
        resume(tmp_path)
    assert file.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_nothing_of_a_run_is_kept_once_it_has_ended(backend):
    model = network()
    data = np.ones((4, 2), "float32")
    history = model.fit(data, Y[:4], verbose=0)
    assert history.training_run is None
    kept = weakref.ref(data)
    del data
    gc.collect()
    assert kept() is None


class Remembering(callbacks.Callback):
    """A callback with a state of its own."""

    def __init__(self):
        super().__init__()
        self.seen = {1, 2}  # no plain data

    def get_state(self):
        return {"seen": sorted(self.seen)}

    def set_state(self, state):
        self.seen = set(state["seen"])


class Odd(callbacks.Callback):
    """A callback whose state is no plain data."""

    def get_state(self):
        return {"seen": {1, 2}}


def test_a_state_that_is_no_plain_data_is_refused_and_the_old_file_stays(backend, tmp_path):
    file = interrupted(tmp_path)
    content = file.read_bytes()
    problem = r"the state of the run holds a set, which is no plain data: \{1, 2\}\n  fix: let get_state return numbers"
    with pytest.raises(ValueError, match=problem):
        resume(tmp_path, callbacks=[Odd(), callbacks.BackupAndRestore(tmp_path)])
    assert file.read_bytes() == content


def test_what_is_trained_beside_the_model_is_named(backend, tmp_path):
    model, beside = network(), keras.Variable(np.zeros(2, "float32"), name="beside")
    model.optimizer.build([*model.trainable_variables, beside])
    with pytest.raises(ValueError, match="an optimizer trains .*beside, which the model does not hold"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)])


def test_callbacks_say_what_they_remember(backend, tmp_path):
    told = [Remembering(), callbacks.BackupAndRestore(tmp_path), StopAfter(1)]
    told[0].seen.add(3)
    with pytest.raises(KeyboardInterrupt, match="cut off"):
        network().fit(X, Y, epochs=5, verbose=0, callbacks=told)
    again = Remembering()
    network().fit(X, Y, epochs=5, verbose=0, callbacks=[again, callbacks.BackupAndRestore(tmp_path)])
    assert again.seen == {1, 2, 3}


def test_another_patience_is_heard(backend, tmp_path):
    told = [callbacks.EarlyStopping("loss", patience=50), callbacks.BackupAndRestore(tmp_path), StopAfter(1)]
    with pytest.raises(KeyboardInterrupt, match="cut off"):
        network().fit(X, Y, epochs=5, verbose=0, callbacks=told)
    stopping = callbacks.EarlyStopping("loss", patience=70)
    network().fit(X, Y, epochs=3, verbose=0, callbacks=[stopping, callbacks.BackupAndRestore(tmp_path)])
    assert stopping.patience == 70
    assert stopping.best is not None


def test_a_killed_program_started_anew_ends_as_one_that_was_not(backend_name, tmp_path):
    program = [sys.executable, resuming.__file__, backend_name, "arrays", str(tmp_path), "1"]
    file = tmp_path / "backup" / "training_state.h5"
    process = subprocess.Popen(program, stderr=subprocess.DEVNULL)
    while not file.exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    subprocess.run(program, check=True, stderr=subprocess.DEVNULL)
    with np.load(tmp_path / "result.npz") as arrays:
        found = dict(arrays)
    with keras.use_backend(backend_name):
        whole = tmp_path / "whole"
        whole.mkdir()
        expected = resuming.train("arrays", Path(whole), "epoch")
    assert resuming.differences(expected, found) == []
