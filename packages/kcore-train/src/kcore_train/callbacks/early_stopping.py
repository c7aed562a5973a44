"""`EarlyStopping`: training stops when it does not get any better."""

from __future__ import annotations

from typing import Any

from kcore_train.callbacks.callback import Logs, MutableLogs
from kcore_train.callbacks.monitor import Mode, MonitorCallback
from kcore_train.callbacks.terminal_line import say

__all__ = ["EarlyStopping"]


class EarlyStopping(MonitorCallback):
    """Stop training when a loss or metric has stopped getting better.

    Args:
        monitor: str, the name in the logs of the loss or metric to watch; "val_loss".
        min_delta: float, the change, at least 0, up to which a better value is no improvement; 0.
        patience: int, the number of epochs without improvement after which training stops; 0.
        verbose: int, 1 to print a line when training stops, 0 for none; 0.
        mode: str, "min" if it is better small, "max" if large, "auto" for what its name and the metrics of the model
            tell; "auto".
        baseline: float or None, a value that improvements have to be better than to count, None for none; None.
        restore_best_weights: bool, whether the model ends with the weights of its best epoch, also if it was not
            stopped; False.
        start_from_epoch: int, the number, from 0, of the first epoch to watch; 0.

    Attributes:
        best: the best value so far, or None.
        best_epoch: number of the epoch it was reached in.
        best_weights: the weights then, if they are to be restored.
        stopped_epoch: number of the epoch after which training was ended; 0 if it was not.
        wait: epochs since the last improvement.

    >>> stopping = EarlyStopping("val_accuracy", patience=3)
    >>> stopping.on_epoch_end(0, {"val_accuracy": 0.5})
    >>> stopping.best
    0.5
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: Mode = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Reset the best value and the count of epochs.

        Args:
            logs: dict or None, empty; None.
        """
        self._reset()

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Stop training, if there was no improvement for `patience` epochs.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name; entries may be added; None.
        """
        if epoch < self.start_from_epoch:
            return
        value = self.get_monitor_value(logs)
        if value is None:
            return
        self.wait += 1
        if self.is_improvement(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_improvement(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restore the best weights, if `restore_best_weights`.

        Args:
            logs: dict or None, losses and metrics of the last epoch by name; None.
        """
        if self.stopped_epoch > 0 and self.verbose > 0:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose > 0:
                say(f"Restoring the weights of the best epoch, {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
