"""`OrbaxCheckpoint`: the whole state, written by Orbax as training goes on, and while it does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal

import kcore_ops as ops
from kcore_layers.files.orbax_library import orbax
from kcore_layers.files.orbax_state import parts_of
from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import Logs
from kcore_train.callbacks.monitor import Mode, MonitorCallback
from kcore_train.callbacks.periodic import PeriodicCallback
from kcore_train.callbacks.terminal_line import say

__all__ = ["OrbaxCheckpoint"]


class OrbaxCheckpoint(PeriodicCallback, MonitorCallback):
    """Write checkpoints, by the library Orbax, at the end of each epoch, or after some number of batches.

    A checkpoint is a directory, called by the number of the epoch, from 0, or with a number for `save_freq` by that of
    the batches that the model was trained on. In it are the weights, the states of the optimizer and of metrics, the
    config of the model, and files of its layers: `load_model(directory)`, or `model.load_weights(directory)`, reads the
    latest, here and in Keras, on any backend. It is there whole, or not at all.

    Orbax comes with JAX, whatever the backend is. Where JAX sees a GPU it takes memory there, unless the environment
    variable JAX_PLATFORMS is "cpu".

    Args:
        directory: path, where checkpoints are; it is created. If it has checkpoints, those of this run have to follow.
        monitor: str, the name in the logs of the loss or metric that says what is best; "val_loss".
        verbose: int, 1 to print a line for each checkpoint, 0 for none; 0.
        save_best_only: bool, whether to write only when the value is better than ever before; where there is no such
            loss or metric, the checkpoint is written with a warning; False.
        mode: str, "min" if it is better small, "max" if large, "auto" for what its name and the metrics of the model
            tell; "auto".
        save_freq: str or int, "epoch" or int, how often to write: at the end of each epoch, or after so many batches;
            "epoch".
        initial_value_threshold: float or None, with `save_best_only`, the value that the first one has to be better
            than, None for any; None.
        max_to_keep: int or None, how many checkpoints there are at most, the latest ones; None for all; 1.
        save_on_background: bool, whether training goes on while a checkpoint is written, from a copy of the state; it
            is waited for before the next one, and at the end of training, and what went wrong is raised then; True.
        save_weights_only: bool, whether to write only the weights, rather than all of the state; False.

    Raises:
        ArgumentError: if `directory` is empty, or `save_freq` or `max_to_keep` is something else; and in training, if
            the directory has a later checkpoint, or one of the same number.
        MissingDependency: if the library is not installed.

    >>> OrbaxCheckpoint("checkpoints", max_to_keep=3).max_to_keep
    3
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: Mode = "auto",
        save_freq: Literal["epoch"] | int = "epoch",
        initial_value_threshold: float | None = None,
        max_to_keep: int | None = 1,
        save_on_background: bool = True,
        save_weights_only: bool = False,
    ) -> None:
        super().__init__(monitor, mode)
        orbax()
        self.directory = os.fspath(directory)
        if not self.directory:
            raise ArgumentError("directory is empty", fix="name a directory for checkpoints").at("OrbaxCheckpoint")
        is_count = isinstance(max_to_keep, int) and not isinstance(max_to_keep, bool) and max_to_keep > 0
        if max_to_keep is not None and not is_count:
            raise ArgumentError(
                f"max_to_keep can not be {max_to_keep!r}", fix="pass a positive number of checkpoints, or None for all"
            ).at("OrbaxCheckpoint")
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.best = initial_value_threshold
        self.max_to_keep = max_to_keep
        self.save_on_background = save_on_background
        self.save_weights_only = save_weights_only
        self._set_frequency(save_freq)
        self._steps_taken = 0
        self._kcore_is_resumed = False
        self._kcore_checkpointer: Any = None
        self._kcore_saving: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has: not the files that are being written."""
        return {**super().__getstate__(), "_kcore_checkpointer": None, "_kcore_saving": None}

    def is_multihost_enabled(self) -> bool:
        """Return whether several processes write each checkpoint together, as JAX's distributed ones do."""
        return bool(orbax().multihost.process_count() > 1)

    def is_primary_host(self) -> bool:
        """Return whether this is the process that others wait for; True if there is only one."""
        return bool(orbax().multihost.is_primary_host(0))

    def wait_until_finished(self) -> None:
        """Wait until the checkpoint that is being written is there.

        Raises:
            Exception: what went wrong as it was written.
        """
        saving, self._kcore_saving = self._kcore_saving, None
        if saving is not None:
            saving.result()

    def get_state(self) -> dict[str, Any]:
        """Return what a run that is cut off needs of it to go on, once what that tells of is on the disk."""
        self.wait_until_finished()
        return super().get_state()

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from a state: checkpoints of steps after it are replaced.

        Args:
            state: dict, what `get_state` returned.
        """
        super().set_state(state)
        self._kcore_is_resumed = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Count batches from those that the optimizer has seen.

        Args:
            logs: dict or None, empty; None.
        """
        super().on_train_begin(logs)
        self._kcore_is_resumed = False
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            seen = int(ops.convert_to_numpy(optimizer.iterations)) * (optimizer.gradient_accumulation_steps or 1)
            self._steps_taken = max(self._steps_taken, seen)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write, if enough batches have gone by.

        Args:
            batch: int, the number of the step in its epoch, from 0.
            logs: dict or None, losses and metrics by name, averages over the epoch so far; None.
        """
        self._steps_taken += batch - self._last_batch
        super().on_train_batch_end(batch, logs)

    def _write(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        """Write a checkpoint, unless only the best is written and this is not."""
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
        step = epoch if batch is None else self._steps_taken
        self.wait_until_finished()
        checkpointer = self._opened()
        self._make_way(checkpointer, step)
        self._kcore_saving = checkpointer.save_checkpointables_async(step, parts_of(self.model, self.save_weights_only))
        if not self.save_on_background:
            self.wait_until_finished()
        if self.verbose > 0:
            what = "weights" if self.save_weights_only else "model"
            say(f"Epoch {epoch + 1}: {change}{what} saved to {os.path.join(self.directory, str(step))}")

    def _opened(self) -> Any:
        """Return what writes checkpoints, and keeps as many as there may be."""
        if self._kcore_checkpointer is None:
            training = orbax().training
            policies = training.preservation_policies
            self._kcore_checkpointer = training.Checkpointer(
                self.directory if "://" in self.directory else os.path.abspath(self.directory),
                save_decision_policy=training.save_decision_policies.FixedIntervalPolicy(1),
                preservation_policy=policies.LatestN(self.max_to_keep) if self.max_to_keep else policies.PreserveAll(),
                cleanup_tmp_directories=True,
            )
        return self._kcore_checkpointer

    def _make_way(self, checkpointer: Any, step: int) -> None:
        """Remove checkpoints after the state that a run went on from; raise if others are in the way."""
        later = [each.step for each in checkpointer.checkpoints if each.step >= step]
        if later and not self._kcore_is_resumed:
            raise ArgumentError(
                f"{self.directory!r} has a checkpoint {later[-1]} already, and the next one is {step}",
                fix="name another directory, or go on with fit(..., initial_epoch=...)",
            ).at("OrbaxCheckpoint")
        self._kcore_is_resumed = False
        for each in later:
            checkpointer.delete(each)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Wait for the last checkpoint.

        Args:
            logs: dict or None, losses and metrics of the last epoch by name; None.
        """
        checkpointer, self._kcore_checkpointer = self._kcore_checkpointer, None
        try:
            self.wait_until_finished()
        finally:
            if checkpointer is not None:
                checkpointer.close()
