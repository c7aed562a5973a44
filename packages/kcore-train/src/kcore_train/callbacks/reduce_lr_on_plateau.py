"""`ReduceLROnPlateau`: a smaller learning rate when training does not get any better."""

from __future__ import annotations

from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import Logs, MutableLogs
from kcore_train.callbacks.learning_rate import optimizers_of, rate_of, rates_of, spoken
from kcore_train.callbacks.monitor import Mode, MonitorCallback
from kcore_train.callbacks.terminal_line import say

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(MonitorCallback):
    """Multiply the learning rate by a factor when a loss or metric has stopped getting better.

    The learning rate that an epoch was trained with is in its logs as `learning_rate`; those of the optimizers in a
    `MultiOptimizer`, which are reduced together, as `learning_rate_` and their names.

    Args:
        monitor: str, the name in the logs of the loss or metric to watch; "val_loss".
        factor: float, what the learning rate is multiplied by, at least 0 and below 1; 0.1.
        patience: int, the number of epochs without improvement after which the learning rate is reduced; 10.
        verbose: int, 1 to print a line at each reduction, 0 for none; 0.
        mode: str, "min" if it is better small, "max" if large, "auto" for what its name and the metrics of the model
            tell; "auto".
        min_delta: float, the change, at least 0, up to which a better value is no improvement; 0.0001.
        cooldown: int, the number of epochs after a reduction before waiting starts again; 0.
        min_lr: float, the least learning rate; 0.0.
        **kwargs: anything, none; others are refused by name.

    Raises:
        ArgumentError: if `factor` is not below 1, or an argument is unknown.

    >>> ReduceLROnPlateau("val_loss", factor=0.5, patience=3).factor
    0.5
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: Mode = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: object,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if kwargs:
            raise ArgumentError(f"there is no argument {', '.join(map(repr, kwargs))}", fix="check the spelling").at(
                "ReduceLROnPlateau"
            )
        if not 0 <= factor < 1:
            raise ArgumentError(f"factor can not be {factor}", fix="pass a number from 0 to below 1").at(
                "ReduceLROnPlateau"
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.wait = 0
        self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        """Return whether the last reduction is too recent for waiting to start again."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Reset the best value and the counts of epochs.

        Args:
            logs: dict or None, empty; None.
        """
        self._reset()

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Reduce the learning rate, if there was no improvement for long enough.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name; entries may be added; None.
        """
        if logs is not None:
            logs.update(rates_of(self.model))
        value = self.get_monitor_value(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(value, self.best):
            self.best = value
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        is_reduced = False
        for name, optimizer in optimizers_of(self.model).items():
            old = rate_of(optimizer)
            if old > self.min_lr:
                optimizer.learning_rate = new = max(old * self.factor, self.min_lr)
                is_reduced = True
                if self.verbose > 0:
                    say(f"Epoch {epoch + 1}: ReduceLROnPlateau reduces the {spoken(name)} to {new}.")
        if is_reduced:
            self.cooldown_counter = self.cooldown
            self.wait = 0
