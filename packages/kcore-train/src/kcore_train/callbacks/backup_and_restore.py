"""`BackupAndRestore`: a `fit` that was cut off goes on where it was, with the same result."""

from __future__ import annotations

import os
from typing import Any, Literal

from kcore_ops.foundation.errors import ArgumentError

from kcore_train.callbacks.callback import Logs
from kcore_train.callbacks.periodic import PeriodicCallback

__all__ = ["BackupAndRestore"]

NAME, PREVIOUS = "training_state.h5", "training_state_before.h5"


class BackupAndRestore(PeriodicCallback):
    """Write all that a training run is to a file, and let a run that finds such a file go on from there.

    A run that was killed at any moment, and is started anew by the same program, ends with the weights, the history
    and the decisions of callbacks of a run that was not, to the last bit on the same machine. In the file are the
    weights, the states of optimizers, metrics and seeds, which layers are trained, the place in the data, what
    callbacks remember (`Callback.get_state`), and where the generators of Python, NumPy and the framework are. A file
    is there whole, or not at all.

    Data has to come again as it came: arrays, `PyDataset`s, loaders and `tf.data` do, for a generator what was seen is
    read again, and left out. What a callback does outside of itself, such as printing, may come twice.

    Args:
        backup_dir: path, the directory of the file, of this run alone; it is created.
        save_freq: str or int, "epoch" to write at the end of each epoch, or after how many batches; "epoch".
        double_checkpoint: bool, whether to keep the file before this one too, to be read where this one can not;
            False.
        delete_checkpoint: bool, whether to remove the file once training is done; True.

    Raises:
        ArgumentError: if `backup_dir` is empty or `save_freq` is something else; and when training begins, if the file
            is damaged, or of another model or other data.

    >>> BackupAndRestore("backups").path
    'backups/training_state.h5'
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: Literal["epoch"] | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ArgumentError("backup_dir is empty", fix="name a directory for the backup").at("BackupAndRestore")
        self._set_frequency(save_freq)
        self.backup_dir = os.fspath(backup_dir)
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint

    @property
    def path(self) -> str:
        """The file."""
        return os.path.join(self.backup_dir, NAME)

    @property
    def _previous(self) -> str | None:
        return os.path.join(self.backup_dir, PREVIOUS) if self.double_checkpoint else None

    def set_training_run(self, run: Any) -> None:
        """Let the run go on from the file, if there is one.

        Args:
            run: `TrainingRun`, the run.
        """
        super().set_training_run(run)
        os.makedirs(self.backup_dir, exist_ok=True)
        run.load(self.path, self._previous)

    def _write(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        """Ask for the file to be written.

        Args:
            epoch: int, the number of the epoch, from 0.
            batch: int or None, the number of the step in its epoch, from 0, None at the end of an epoch.
            logs: dict or None, losses and metrics by name.
        """
        self.training_run.save(self.path, self._previous)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Remove the file, if training has come to its end and `delete_checkpoint` says so.

        Args:
            logs: dict or None, losses and metrics of the last epoch by name; None.
        """
        if self.delete_checkpoint and self.training_run is not None and self.training_run.is_done:
            self.training_run.discard(self.path, self._previous)
