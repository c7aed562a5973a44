"""Which weights are written, when, and under which name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from kcore_train.callbacks import CallbackList, ModelCheckpoint


@pytest.fixture
def written(tmp_path, run_epochs):
    """A function that runs epochs, and gives the files by name with the epoch of the weights in them."""

    def run(name, values, **arguments):
        callback = ModelCheckpoint(tmp_path / name, save_weights_only=True, **arguments)
        model = run_epochs(callback, values)
        return {str(Path(path).relative_to(tmp_path)): value for path, value in model.saved.items()}

    return run


def test_the_last_epoch_stays_in_a_file_with_one_name(written):
    assert written("last.weights.h5", [3, 2, 1]) == {"last.weights.h5": 2.0}


def test_names_are_made_of_epoch_and_logs(written):
    assert written("{epoch:02d}-{val_loss:.2f}.weights.h5", [3, 2.5]) == {
        "01-3.00.weights.h5": 0.0,
        "02-2.50.weights.h5": 1.0,
    }


def test_only_better_weights_are_written(written):
    assert written("best.weights.h5", [3, 1, 2], save_best_only=True) == {"best.weights.h5": 1.0}
    assert written("best.weights.h5", [3, 1, 2], save_best_only=True, mode="max") == {"best.weights.h5": 0.0}
    assert written("best.weights.h5", [3, 1, 2], save_best_only=True, initial_value_threshold=1.0) == {}


def test_weights_may_be_files_of_safetensors(written):
    assert written("{epoch}.safetensors", [3, 2]) == {"1.safetensors": 0.0, "2.safetensors": 1.0}


def test_directories_are_made(written, tmp_path):
    written("a/b/{epoch}.weights.h5", [1])
    assert (tmp_path / "a" / "b").is_dir()


# Names of the files that Keras 3.15.1, run as a black box, writes in 3 epochs of 3 batches.
@pytest.mark.parametrize(
    ("save_freq", "names"),
    [(2, ["b2-e1", "b1-e2", "b3-e2", "b2-e3"]), (4, ["b1-e2", "b2-e3"]), (3, ["b3-e1", "b3-e2", "b3-e3"])],
)
def test_batches_are_counted_across_epochs(fake_model, save_freq, names):
    model = fake_model()
    told = CallbackList(
        ModelCheckpoint("b{batch}-e{epoch}.weights.h5", save_weights_only=True, save_freq=save_freq), model=model
    )
    told.on_train_begin()
    for epoch in range(3):
        told.on_epoch_begin(epoch)
        for batch in range(3):
            told.on_train_batch_end(batch, {"loss": 1.0})
        told.on_epoch_end(epoch, {"loss": 1.0})
    assert [Path(path).name.removesuffix(".weights.h5") for path in model.saved] == names


def test_batches_that_run_in_one_call_all_count(fake_model):
    model = fake_model()
    told = CallbackList(ModelCheckpoint("{batch}.weights.h5", save_weights_only=True, save_freq=4), model=model)
    told.on_train_begin()
    told.on_epoch_begin(0)
    for batch in (2, 5, 8):
        told.on_train_batch_end(batch, {})
    assert list(model.saved) == ["6.weights.h5"]


def test_the_best_of_a_fit_before_still_counts(run_epochs):
    callback = ModelCheckpoint("{epoch}.weights.h5", save_weights_only=True, save_best_only=True)
    run_epochs(callback, [1.0])
    assert run_epochs(callback, [2.0, 0.5]).saved == {"2.weights.h5": 1.0}


def test_it_says_what_it_writes_and_why_not(run_epochs, capsys):
    callback = ModelCheckpoint("w.weights.h5", save_weights_only=True, save_best_only=True, verbose=1)
    run_epochs(callback, [2.0, 3.0, 1.0])
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 1: val_loss is 2.00000; weights saved to w.weights.h5",
        "Epoch 2: val_loss is 3.00000, the best is 2.00000",
        "Epoch 3: val_loss is 1.00000, 2.00000 before; weights saved to w.weights.h5",
    ]


def test_a_field_that_is_not_known_is_named(written):
    with pytest.raises(ValueError, match=r"there is no 'nope' to put in it\n  fix: use fields out of epoch, val_loss"):
        written("{nope}.weights.h5", [1.0])
    with pytest.raises(ValueError, match=r"there is no 'batch' to put in it"):
        written("{batch}.weights.h5", [1.0])


def test_arguments_that_can_not_be_are_refused():
    with pytest.raises(ValueError, match=r"filepath is 'w.weights.h5'\n  fix: let it end in .keras, for whole models"):
        ModelCheckpoint("w.weights.h5")
    with pytest.raises(ValueError, match=r"filepath is 'w.h5'\n  fix: let it end in .weights.h5 or .safetensors, for"):
        ModelCheckpoint("w.h5", save_weights_only=True)
    for save_freq in ("batch", 0, True):
        with pytest.raises(ValueError, match=r"save_freq can not be .*\n  fix: use \"epoch\" or a positive number"):
            ModelCheckpoint("w.weights.h5", save_weights_only=True, save_freq=save_freq)


def test_what_saving_raises_is_not_hidden(run_epochs, fake_model):
    model = fake_model()

    def fail(path, overwrite=True):
        raise OSError("no space left")

    model.save_weights = fail
    with pytest.raises(OSError, match="no space left"):
        run_epochs(ModelCheckpoint("w.weights.h5", save_weights_only=True), [np.float32(1)], model=model)


def test_without_what_is_monitored_the_weights_are_written_with_a_warning(written):
    with pytest.warns(UserWarning, match="ModelCheckpoint saves whatever it is: there is no 'unknown' in the logs"):
        found = written("best.weights.h5", [3, 1], save_best_only=True, monitor="unknown", mode="min")
    assert found == {"best.weights.h5": 1.0}
