"""`ProgbarLogger`: what `fit`, `evaluate` and `predict` print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kcore_train.callbacks.callback import Callback, Logs, MutableLogs
from kcore_train.callbacks.progbar import Progbar
from kcore_train.callbacks.terminal_line import say

__all__ = ["ProgbarLogger"]


class ProgbarLogger(Callback):
    """Print how far training, evaluation and prediction have come; added unless `verbose` is 0.

    In a terminal a bar is drawn up to four times a second, and only then are losses and metrics read from the device.
    Elsewhere, and with `verbose=2`, there is one line for each epoch. The first line of `fit` names the backend.

    >>> logger = ProgbarLogger()
    >>> logger.set_params({"verbose": 2, "epochs": 1, "steps": 3, "backend": "numpy"})
    >>> logger.on_train_begin()
    Training on the numpy backend
    """

    seconds_between_drawings = 0.25

    def __init__(self) -> None:
        super().__init__()
        self.verbose = 1
        self.epochs: int | None = None
        self._steps: int | None = None
        self._seen = 0
        self._progbar: Progbar | None = None
        self._is_training = False

    def get_state(self) -> dict[str, Any]:
        """Return nothing: what it shows follows from the run."""
        return {}

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Set what the loop was asked for.

        Args:
            params: dict, what the loop was asked for: `epochs`, `steps`, `verbose` and `backend`.
        """
        super().set_params(params)
        params = params or {}
        self.verbose = params.get("verbose", 1)
        self.epochs = params.get("epochs")
        self._steps = params.get("steps")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Print the name of the backend.

        Args:
            logs: dict or None, empty; None.
        """
        self._is_training = True
        backend = (self.params or {}).get("backend")
        if self.verbose and backend:
            say(f"Training on the {backend} backend")

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Leave the training mode: what is evaluated next has a bar of its own.

        Args:
            logs: dict or None, losses and metrics of the last epoch by name; None.
        """
        self._is_training = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Print the number of the epoch.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, empty; None.
        """
        if self.verbose and self.epochs is not None and self.epochs > 1:
            say(f"Epoch {epoch + 1}/{self.epochs}")
        self._start()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Draw the bar, if it is time.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the epoch so far; None.
        """
        self._step(batch, logs)

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Print the losses and metrics of the epoch.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name; entries may be added; None.
        """
        self._finish(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Start a bar for `evaluate`.

        Args:
            logs: dict or None, empty; None.
        """
        if not self._is_training:
            self._start()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Draw the bar of `evaluate`, if it is time.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the evaluation so far; None.
        """
        if not self._is_training:
            self._step(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Print the losses and metrics of `evaluate`.

        Args:
            logs: dict or None, losses and metrics of the evaluation by name; None.
        """
        if not self._is_training:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Start a bar for `predict`.

        Args:
            logs: dict or None, empty; None.
        """
        self._start()

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Draw the bar of `predict`, if it is time.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, `{"outputs": ...}`, the outputs for the batch; None.
        """
        self._step(batch, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Print how long `predict` took.

        Args:
            logs: dict or None, empty; None.
        """
        self._finish(None)

    def next_due(self) -> float:
        """Return when to tell it of a batch again, as `time.perf_counter` tells the time."""
        return 0.0 if self._progbar is None else self._progbar.next_due()

    def _start(self) -> None:
        self._seen = 0
        self._progbar = Progbar(
            self._steps, verbose=self.verbose, interval=self.seconds_between_drawings, stateless_metrics=()
        )

    def _step(self, batch: int, logs: Logs | None) -> None:
        seen = self._seen = batch + 1
        bar = self._progbar
        if bar is not None and bar.is_due(seen):
            bar.update(seen, None if logs is None else logs.items(), finalize=False)

    def _finish(self, logs: Logs | None) -> None:
        if self._progbar is None:
            return
        if self._steps is None and self._seen:
            self._steps = self._seen  # the next epoch is as long, most likely
        self._progbar.update(self._seen or self._steps or 0, None if logs is None else logs.items(), finalize=True)
        self._progbar = None
