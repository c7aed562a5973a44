"""Callbacks that write something at the end of each epoch, or after some number of batches."""

from __future__ import annotations

from typing import Literal

from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import Callback, Logs, MutableLogs

__all__ = ["PeriodicCallback"]


class PeriodicCallback(Callback):
    """Base class of callbacks that do something, `_write`, every epoch or every so many batches.

    Attributes:
        save_freq: "epoch", or the number of batches.
    """

    save_freq: Literal["epoch"] | int

    def _set_frequency(self, save_freq: Literal["epoch"] | int) -> None:
        """Set how often to write.

        Args:
            save_freq: str or int, "epoch" or the number of batches.

        Raises:
            ArgumentError: if it is something else.
        """
        is_count = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
        if save_freq != "epoch" and not is_count:
            raise ArgumentError(
                f"save_freq can not be {save_freq!r}", fix='use "epoch" or a positive number of batches'
            ).at(type(self).__name__)
        self.save_freq = save_freq
        self._epoch = 0
        self._last_batch = -1
        self._batches_since_saving = 0

    def _write(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        """Do what is due.

        Args:
            epoch: int, the number of the epoch, from 0.
            batch: int or None, the number of the step in its epoch, from 0, None at the end of an epoch.
            logs: dict or None, losses and metrics by name.
        """
        raise NotImplementedError(f"{type(self).__name__}._write")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Reset the count of batches.

        Args:
            logs: dict or None, empty; None.
        """
        self._last_batch = -1
        self._batches_since_saving = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Record the number of the epoch.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, empty; None.
        """
        self._epoch = epoch
        self._last_batch = -1

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write, if enough batches have gone by.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the epoch so far; None.
        """
        if self.save_freq == "epoch":
            return
        self._batches_since_saving += batch - self._last_batch
        self._last_batch = batch
        if self._batches_since_saving >= self.save_freq:
            self._batches_since_saving = 0
            self._write(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Write, if that happens every epoch.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name; entries may be added; None.
        """
        if self.save_freq == "epoch":
            self._write(epoch, None, logs)
