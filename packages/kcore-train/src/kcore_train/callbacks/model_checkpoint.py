"""`ModelCheckpoint`: the model or its weights, written to a file as training goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import Logs
from kcore_train.callbacks.monitor import Mode, MonitorCallback
from kcore_train.callbacks.periodic import PeriodicCallback
from kcore_train.callbacks.terminal_line import say

__all__ = ["ModelCheckpoint"]


class ModelCheckpoint(PeriodicCallback, MonitorCallback):
    """Write the model, or its weights, to a file at the end of each epoch, or after some number of batches.

    Args:
        filepath: path, the file to write, ending in `.keras`, or in `.weights.h5` or `.safetensors` with
            `save_weights_only`. It may have the fields `{epoch}` and, with a number for `save_freq`, `{batch}`, both
            counted from 1, and those of the logs, as in `"{epoch:02d}-{val_loss:.2f}.keras"`. Its directories are
            created.
        monitor: str, the name in the logs of the loss or metric that says what is best; "val_loss".
        verbose: int, 1 to print a line for each file, 0 for none; 0.
        save_best_only: bool, whether to write only when the value is better than ever before; where there is no such
            loss or metric, the file is written with a warning; False.
        save_weights_only: bool, whether to write only the weights, rather than the model; False.
        mode: str, "min" if it is better small, "max" if large, "auto" for what its name and the metrics of the model
            tell; "auto".
        save_freq: str or int, "epoch" or int, how often to write: at the end of each epoch, or after so many batches;
            "epoch"; "epoch".
        initial_value_threshold: float or None, with `save_best_only`, the value that the first one has to be better
            than, None for any; None.

    Raises:
        ArgumentError: if `filepath` or `save_freq` is something else, or `filepath` has a field that is neither of the
            above.

    >>> ModelCheckpoint("{epoch:02d}.keras").path_for(epoch=0, batch=None, logs={})
    '01.keras'
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: Mode = "auto",
        save_freq: Literal["epoch"] | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.best = initial_value_threshold
        endings = (".weights.h5", ".safetensors") if save_weights_only else (".keras",)
        if not self.filepath.endswith(endings):
            what = "weights alone" if save_weights_only else "whole models"
            raise ArgumentError(
                f"filepath is {self.filepath!r}", fix=f"let it end in {' or '.join(endings)}, for {what}"
            ).at("ModelCheckpoint")
        self._set_frequency(save_freq)

    def path_for(self, epoch: int, batch: int | None, logs: Logs | None) -> str:
        """Return the path of the file with its fields filled in.

        Args:
            epoch: int, the number of the epoch, from 0.
            batch: int or None, the number of the step in its epoch, from 0, None at the end of an epoch.
            logs: dict or None, losses and metrics by name.

        Raises:
            ArgumentError: if there is a field that is not known.
        """
        fields = {**(logs or {}), "epoch": epoch + 1}
        if batch is not None:
            fields["batch"] = batch + 1
        try:
            return self.filepath.format(**fields)
        except (KeyError, IndexError) as error:
            raise ArgumentError(
                f"filepath is {self.filepath!r}, and there is no {error.args[0]!r} to put in it",
                fix=f"use fields out of {', '.join(sorted(fields))}",
            ).at("ModelCheckpoint") from error

    def _write(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        """Write the file, unless only the best is written and this is not."""
        change = ""
        if self.save_best_only:
            value = self.get_monitor_value(logs, otherwise="saves whatever it is")
            if value is not None and not self.is_improvement(value, self.best):
                if self.verbose > 0:
                    say(f"Epoch {epoch + 1}: {self.monitor} is {value:.5f}, the best is {self.best:.5f}")
                return
            if value is not None:
                before = "" if self.best is None else f", {self.best:.5f} before"
                change = f"{self.monitor} is {value:.5f}{before}; "
                self.best = value
        path = self.path_for(epoch, batch, logs)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write = self.model.save_weights if self.save_weights_only else self.model.save
        write(path, overwrite=True)
        if self.verbose > 0:
            say(f"Epoch {epoch + 1}: {change}{'weights' if self.save_weights_only else 'model'} saved to {path}")
