"""Callbacks as models run them."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest
from kcore_layers import Input, Sequential
from kcore_layers.layers import Dense
from kcore_train.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from kcore_train.optimizers import SGD

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def compiled(learning_rate=0.05, **arguments):
    model = Sequential([Input((3,)), Dense(1, kernel_initializer="zeros")])
    model.compile(SGD(learning_rate), "mean_squared_error", **arguments)
    return model


def fit(model, callbacks, epochs=3, **arguments):
    arguments = {"batch_size": 8, "verbose": 0, **arguments}
    return model.fit(X, Y, epochs=epochs, callbacks=callbacks, **arguments)


@pytest.mark.needs("gradient")
def test_hooks_are_told_in_the_order_of_keras(backend):
    calls = []
    names = ["train_begin", "epoch_begin", "train_batch_begin", "train_batch_end", "test_begin", "test_batch_end"]
    names += ["test_end", "epoch_end", "train_end"]
    recorder = LambdaCallback(**{f"on_{name}": lambda *args, name=name: calls.append((name, *args)) for name in names})
    history = fit(compiled(), recorder, epochs=1, batch_size=20, validation_data=(X, Y), validation_batch_size=40)
    # As Keras 3.15.1, run as a black box, calls them.
    expected = ["train_begin", "epoch_begin"] + ["train_batch_begin", "train_batch_end"] * 2
    expected += ["test_begin", "test_batch_end", "test_end", "epoch_end", "train_end"]
    assert [call[0] for call in calls] == expected
    epoch_end = next(call for call in calls if call[0] == "epoch_end")
    assert epoch_end[1] == 0 and set(epoch_end[2]) == {"loss", "val_loss"}
    assert history.history == {name: [value] for name, value in epoch_end[2].items()}


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_what_fit_returns_can_be_copied_and_pickled(backend, copied):
    history = fit(compiled(), [])
    other = copied(history)
    assert other.history == history.history
    np.testing.assert_array_equal(other.model.predict(X, verbose=0), history.model.predict(X, verbose=0))


@pytest.mark.needs("gradient")
def test_logs_of_a_batch_are_averages_over_the_epoch_so_far(backend):
    seen = []
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["loss"]))
    history = fit(compiled(), note, epochs=1)
    assert len(seen) == 5 and all(isinstance(loss, float) for loss in seen)
    assert seen[-1] == pytest.approx(history.history["loss"][0], rel=1e-6)
    assert len(set(seen)) == 5


@pytest.mark.needs("gradient")
def test_batches_that_run_in_one_call_are_told_of_once(backend):
    seen = []
    fit(compiled(steps_per_execution=2), LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch)), 1)
    assert seen == [1, 3, 4]


@pytest.mark.needs("gradient")
def test_weights_of_the_best_epoch_are_restored(backend):
    model = compiled()
    worse = LearningRateScheduler(lambda epoch: 0.05 if epoch < 2 else 5.0)
    stopping = EarlyStopping(patience=2, restore_best_weights=True)
    history = fit(model, [worse, stopping], epochs=9, validation_data=(X, Y))
    losses = history.history["val_loss"]
    assert stopping.best_epoch == 1 and len(losses) == 4
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.needs("gradient")
def test_the_learning_rate_that_is_set_is_the_one_that_is_used(backend):
    model = compiled(learning_rate=0.05)
    kernels = []
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: kernels.append(model.get_weights()[0]))
    history = fit(model, [LearningRateScheduler(lambda epoch, rate: 0.0 if epoch == 1 else 0.1), note])
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.0, 0.1])
    assert np.array_equal(kernels[0], kernels[1]) and not np.array_equal(kernels[1], kernels[2])


@pytest.mark.needs("gradient")
def test_the_learning_rate_falls_when_nothing_improves(backend):
    model = compiled(learning_rate=0.5)
    history = fit(model, ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9), epochs=3)
    assert history.history["learning_rate"] == pytest.approx([0.5, 0.5, 0.25])
    assert float(np.asarray(model.optimizer.learning_rate)) == pytest.approx(0.125)


@pytest.mark.needs("gradient")
def test_weights_of_a_checkpoint_give_the_loss_in_its_name(backend, tmp_path):
    path = str(tmp_path / "{epoch}.weights.h5")
    history = fit(compiled(), ModelCheckpoint(path, save_weights_only=True), validation_data=(X, Y))
    model = compiled()
    for epoch, loss in enumerate(history.history["val_loss"]):
        model.load_weights(path.format(epoch=epoch + 1))
        assert model.evaluate(X, Y, verbose=0) == pytest.approx(loss, rel=1e-5)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.needs("gradient")
def test_training_ends_when_the_loss_is_no_number(backend):
    history = fit(compiled(learning_rate=1e30), TerminateOnNaN(), epochs=4)
    assert history.epoch == [0] and not np.isfinite(history.history["loss"][0])
    with pytest.raises(RuntimeError, match="the loss is .* at batch 1"):
        fit(compiled(learning_rate=1e30), TerminateOnNaN(raise_error=True), epochs=4)


@pytest.mark.needs("gradient")
def test_the_file_of_values_agrees_with_the_history(backend, tmp_path):
    history = fit(compiled(), CSVLogger(tmp_path / "log.csv"), validation_data=(X, Y), validation_freq=2)
    table = np.genfromtxt(tmp_path / "log.csv", delimiter=",", names=True, missing_values="NA")
    assert table["loss"].tolist() == history.history["loss"]
    assert np.isnan(table["val_loss"]).tolist() == [True, False, True]
    assert table["val_loss"][1] == history.history["val_loss"][0]


@pytest.mark.needs("gradient")
def test_fit_names_the_backend_and_prints_a_line_for_each_epoch(backend, capsys):
    fit(compiled(), None, epochs=2, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"Training on the {backend.name} backend", "Epoch 1/2"]
    assert [line.split()[0] for line in lines] == ["Training", "Epoch", "5/5", "Epoch", "5/5"]


@pytest.mark.needs("gradient")
def test_a_callback_list_of_ones_own_is_used_as_it_is(backend):
    model, callback = compiled(), Callback()
    told = CallbackList(callback, add_history=True, model=model, epochs=1, steps=5)
    assert fit(model, told, epochs=1) is told.history
    assert told.callbacks == [callback, told.history] and len(told.history.history["loss"]) == 1


def test_evaluate_and_predict_print_one_line_each(backend, capsys):
    model = compiled()
    loss = model.evaluate(X, Y, batch_size=8, verbose=1)
    assert re.fullmatch(r"5/5 \d+s \d+[mu]?s/step - loss: [\d.]+\n", capsys.readouterr().out)
    model.predict(X, batch_size=8, verbose=2)
    assert re.fullmatch(r"5/5 - \d+s - \d+[mu]?s/step\n", capsys.readouterr().out)
    assert loss == pytest.approx(float(np.mean(Y**2)), rel=1e-5)
