"""`LearningRateScheduler`: the learning rate as a function of the epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import Callback, Logs, MutableLogs
from kcore_train.callbacks.learning_rate import optimizers_of, rate_of, rates_of, spoken
from kcore_train.callbacks.terminal_line import say

__all__ = ["LearningRateScheduler"]


class LearningRateScheduler(Callback):
    """Set the learning rate at the start of every epoch. It is in the logs as `learning_rate`.

    Each optimizer in a `MultiOptimizer` is asked for, and is in the logs as `learning_rate_` and its name.

    Args:
        schedule: function, from `(epoch, learning_rate)`, or from `(epoch)`, to the new learning rate; the first epoch
            is number 0.
        verbose: int, 1 to print a line in each epoch, 0 for none; 0.

    Raises:
        ArgumentError: if `schedule` is no function, or returns something that is no number.

    >>> LearningRateScheduler(lambda epoch, learning_rate: learning_rate * 0.9).takes_learning_rate
    True
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise ArgumentError(f"schedule can not be {schedule!r}", fix="pass a function of the epoch").at(
                "LearningRateScheduler"
            )
        self.schedule = schedule
        self.verbose = verbose
        self.takes_learning_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the learning rate.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, empty; None.
        """
        for name, optimizer in optimizers_of(self.model).items():
            given = self.schedule(epoch, rate_of(optimizer)) if self.takes_learning_rate else self.schedule(epoch)
            optimizer.learning_rate = learning_rate = _number(given)
            if self.verbose > 0:
                say(f"Epoch {epoch + 1}: LearningRateScheduler sets the {spoken(name)} to {learning_rate}.")

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Add the learning rate to the logs.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name; entries may be added; None.
        """
        if logs is not None:
            logs.update(rates_of(self.model))


def _takes_two(schedule: Callable[..., Any]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except ValueError:  # some built-in functions do not say
        return True
    except TypeError:
        return False
    return True


def _number(given: Any) -> float:
    """Return what a schedule returned as a number: it may have returned a tensor."""
    if given is not None and not isinstance(given, bool | str):
        array = np.asarray(given if isinstance(given, float | int) else ops.convert_to_numpy(given))
        if array.size == 1 and array.dtype.kind not in "bOSUc":
            return float(array.reshape(()))
    raise ArgumentError(f"schedule gave {given!r}", fix="return the learning rate, a number").at(
        "LearningRateScheduler"
    )
