"""`History`: the losses and metrics of every epoch."""

from __future__ import annotations

from typing import Any

from kcore_train.callbacks.callback import Callback, Logs, MutableLogs

__all__ = ["History"]


class History(Callback):
    """Record the losses and metrics of every epoch. `fit` adds one and returns it.

    Attributes:
        epoch: numbers of the epochs of the last `fit`.
        history: name of each loss and metric to its values, one for each epoch in which there was one.

    >>> history = History()
    >>> history.on_epoch_end(0, {"loss": 0.5})
    >>> history.on_epoch_end(1, {"loss": 0.25})
    >>> history.history
    {'loss': [0.5, 0.25]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start the list of epochs anew; values of a `fit` before, with the same `History`, stay.

        Args:
            logs: dict or None, empty; None.
        """
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Record the losses and metrics of an epoch.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name; entries may be added; None.
        """
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
