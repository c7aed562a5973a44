"""Callbacks that set the learning rate."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_train.callbacks import CallbackList, LambdaCallback, LearningRateScheduler, ReduceLROnPlateau


def rates_of(run_epochs, callback, values, model, name="val_loss"):
    """Run epochs, and give the learning rate after each."""
    rates = []
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: rates.append(float(model.optimizer.learning_rate)))
    run_epochs([callback, note], values, name=name, model=model)
    return rates


# The learning rate after each epoch, from 1 on: what Keras 3.15.1, run as a black box, gives for the same values.
@pytest.mark.parametrize(
    ("arguments", "values", "expected"),
    [
        ({"patience": 2, "factor": 0.5}, [1] * 8, [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]),
        ({"patience": 2, "factor": 0.5, "cooldown": 2}, [1] * 8, [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]),
        ({"patience": 2, "factor": 0.1, "min_lr": 0.05}, [1] * 8, [1, 1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05]),
        (
            {"patience": 1, "factor": 0.5},
            [1, 1.00005, 1.0, 0.9, 0.95, 0.9, 0.9],
            [1, 0.5, 0.25, 0.25, 0.125, 0.0625, 0.03125],
        ),
        ({"patience": 1, "factor": 0.5, "min_delta": 0.2}, [1, 0.95, 0.9, 0.8, 0.7], [1, 0.5, 0.25, 0.125, 0.125]),
        (
            {"patience": 1, "factor": 0.5, "monitor": "val_mae", "mode": "max"},
            [0.1, 0.2, 0.3, 0.3, 0.3],
            [1, 1, 1, 0.5, 0.25],
        ),
        ({"patience": 0, "factor": 0.5}, [1] * 4, [1, 0.5, 0.25, 0.125]),
    ],
)
def test_the_learning_rate_falls_on_a_plateau_as_it_does_with_keras(
    run_epochs, fake_model, arguments, values, expected
):
    callback = ReduceLROnPlateau(**arguments)
    assert rates_of(run_epochs, callback, values, fake_model(), callback.monitor) == pytest.approx(expected)


def test_logs_have_the_learning_rate_that_an_epoch_was_trained_with(fake_model):
    model = fake_model()
    told = CallbackList(ReduceLROnPlateau(factor=0.5, patience=1), add_history=True, model=model)
    told.on_train_begin()
    for epoch in range(3):
        told.on_epoch_end(epoch, {"val_loss": 1.0})
    assert told.history.history["learning_rate"] == [1.0, 1.0, 0.5]


def test_it_says_that_the_learning_rate_falls(run_epochs, capsys):
    run_epochs(ReduceLROnPlateau(patience=1, factor=0.5, verbose=1), [1.0, 1.0])
    assert capsys.readouterr().out == "Epoch 2: ReduceLROnPlateau reduces the learning rate to 0.5.\n"


def test_a_factor_that_does_not_reduce_is_refused():
    with pytest.raises(ValueError, match=r"factor can not be 1.0\n  fix: pass a number from 0 to below 1"):
        ReduceLROnPlateau(factor=1.0)
    with pytest.raises(ValueError, match=r"there is no argument 'epsilon'\n  fix: check the spelling"):
        ReduceLROnPlateau(epsilon=1e-3)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (lambda epoch: 1 / (epoch + 1), [1, 1 / 2, 1 / 3]),
        (lambda epoch, learning_rate: learning_rate * 0.5, [0.5, 0.25, 0.125]),
        (lambda epoch, learning_rate=7.0: learning_rate * 0.5, [0.5, 0.25, 0.125]),
        (lambda epoch: epoch, [0, 1, 2]),
        (lambda epoch: np.float32(epoch), [0, 1, 2]),
        (max, [1, 1, 2]),
    ],
)
def test_a_schedule_sets_the_learning_rate(run_epochs, fake_model, schedule, expected):
    rates = rates_of(run_epochs, LearningRateScheduler(schedule), [1.0] * 3, fake_model())
    assert rates == pytest.approx(expected)


def test_a_schedule_may_give_a_tensor(backend, run_epochs, fake_model):
    callback = LearningRateScheduler(lambda epoch: ops.convert_to_tensor(0.25))
    assert rates_of(run_epochs, callback, [1.0], fake_model()) == [0.25]


def test_a_type_error_inside_a_schedule_is_not_hidden(run_epochs):
    def schedule(epoch, learning_rate):
        return epoch + "a"

    with pytest.raises(TypeError, match="unsupported operand"):
        run_epochs(LearningRateScheduler(schedule), [1.0])


@pytest.mark.parametrize("given", ["x", None, True, np.zeros(2), 1j])
def test_a_schedule_that_gives_no_number_is_refused(run_epochs, given):
    with pytest.raises(ValueError, match=r"LearningRateScheduler\n  schedule gave .*\n  fix: return the learning rate"):
        run_epochs(LearningRateScheduler(lambda epoch: given), [1.0])


def test_a_schedule_that_is_no_function_is_refused():
    with pytest.raises(ValueError, match=r"schedule can not be 0.1\n  fix: pass a function of the epoch"):
        LearningRateScheduler(0.1)


def test_the_scheduled_learning_rate_is_told_and_in_the_logs(fake_model, capsys):
    told = CallbackList(
        LearningRateScheduler(lambda epoch: 0.25, verbose=1), add_history=True, model=fake_model(), epochs=1
    )
    told.on_epoch_begin(0)
    told.on_epoch_end(0, {})
    assert told.history.history == {"learning_rate": [0.25]}
    assert capsys.readouterr().out == "Epoch 1: LearningRateScheduler sets the learning rate to 0.25.\n"


def test_a_model_without_optimizer_has_no_learning_rate(run_epochs, fake_model):
    model = fake_model()
    model.optimizer = None
    with pytest.raises(ValueError, match=r"no optimizer, and so no learning rate\n  fix: compile it with an optimizer"):
        run_epochs(LearningRateScheduler(lambda epoch: 0.1), [1.0], model=model)
