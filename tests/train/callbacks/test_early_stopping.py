"""When training ends early, and with which weights."""

from __future__ import annotations

import pytest
from kcore_train.callbacks import EarlyStopping

nan = float("nan")


# Arguments, values, and then `stopped_epoch`, `best_epoch`, `wait`, and the epoch whose weights the model ends with:
# what Keras 3.15.1, run as a black box, gives for the same values.
@pytest.mark.parametrize(
    ("arguments", "values", "expected"),
    [
        ({"patience": 2}, [3, 2, 1, 1, 1, 1, 1, 1], (4, 2, 2, 4)),
        ({"patience": 0}, [3, 2, 1, 1, 1, 1, 1, 1], (3, 2, 1, 3)),
        ({"patience": 2, "restore_best_weights": True}, [3, 2, 1, 1.5, 0.9, 1, 1, 1], (6, 4, 2, 4)),
        ({"patience": 3, "min_delta": 0.15, "restore_best_weights": True}, [3, 2.9, 2.8, 2.7, 2.6, 2.5], (0, 4, 1, 4)),
        ({"patience": 2, "baseline": 0.5, "restore_best_weights": True}, [3, 2, 1, 1, 1, 1, 1, 1], (3, 2, 4, 2)),
        ({"patience": 3, "baseline": 0.5, "restore_best_weights": True}, [3, 2, 1, 0.4, 1, 1, 1, 1], (6, 3, 3, 3)),
        ({"patience": 2, "start_from_epoch": 4, "restore_best_weights": True}, [3, 2, 0.3, 0.4, 1, 1, 1], (6, 4, 2, 4)),
        ({"patience": 2, "restore_best_weights": True}, [nan, nan, nan, 1], (2, 0, 2, 0)),
        ({"patience": 2, "restore_best_weights": True}, [3, nan, nan, 1], (2, 0, 2, 0)),
        ({"patience": 2, "monitor": "val_mae", "mode": "max"}, [0.1, 0.2, 0.3, 0.3, 0.3], (4, 2, 2, 4)),
        ({"patience": 5, "restore_best_weights": True}, [0.1, 0.2, 0.3], (0, 0, 2, 0)),
    ],
)
def test_training_ends_when_it_does_with_keras(run_epochs, arguments, values, expected):
    callback = EarlyStopping(**arguments)
    model = run_epochs(callback, values, name=callback.monitor)
    assert (callback.stopped_epoch, callback.best_epoch, callback.wait, model.weights[0][0]) == expected
    assert model.stop_training == (callback.stopped_epoch > 0)


def test_a_number_is_better_than_nan(run_epochs):
    callback = EarlyStopping(patience=2, restore_best_weights=True)
    model = run_epochs(callback, [nan, 3.0, 2.0, nan, 2.5])
    assert (callback.best, callback.best_epoch, model.weights[0][0]) == (2.0, 2, 2)


def test_a_second_fit_starts_anew(run_epochs):
    callback = EarlyStopping(patience=1, restore_best_weights=True)
    run_epochs(callback, [1.0, 2.0])
    model = run_epochs(callback, [9.0, 8.0])
    assert (callback.stopped_epoch, callback.best, model.weights[0][0]) == (0, 8.0, 1)


def test_it_says_that_it_stops_and_what_it_restores(run_epochs, capsys):
    run_epochs(EarlyStopping(patience=1, restore_best_weights=True, verbose=1), [3, 2, 1, 1, 1])
    assert capsys.readouterr().out == "Epoch 4: early stopping\nRestoring the weights of the best epoch, 3.\n"
