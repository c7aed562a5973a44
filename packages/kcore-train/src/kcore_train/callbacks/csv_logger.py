"""`CSVLogger`: the losses and metrics of every epoch, in a file of comma-separated values."""

from __future__ import annotations

import csv
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from kcore_train.callbacks.callback import Callback, Logs, MutableLogs

__all__ = ["CSVLogger"]

_MISSING = "NA"


class CSVLogger(Callback):
    """Write the losses and metrics of every epoch to a file, a line for each epoch, flushed as it is written.

    Columns are the epoch and then the names of the first epoch in alphabetical order, those of the validation last
    whether or not that epoch had one; what an epoch has no value for is `NA`.

    Args:
        filename: path, the file to write; its directories are created.
        separator: str, the text between values; ",".
        append: bool, whether to add lines to a file that exists, under its columns, rather than to start it anew;
            False.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = Path(filename)
        self.separator = separator
        self.append = append
        self.columns: Sequence[str] | None = None
        self._file: TextIO | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file.

        Args:
            logs: dict or None, empty; None.
        """
        self.filename.parent.mkdir(parents=True, exist_ok=True)
        self.columns = None
        is_cut_off = False
        if self.append and self.filename.exists():
            text = self.filename.read_text(encoding="utf-8")
            self.columns = next(csv.reader(text.splitlines(), delimiter=self.separator), None)
            is_cut_off = text != "" and not text.endswith("\n")
        is_kept = self.append or (self.training_run is not None and self.training_run.is_resuming)
        self._file = self.filename.open("a" if is_kept else "w", newline="", encoding="utf-8")
        if is_cut_off:
            self._file.write("\r\n")  # whoever wrote the file was killed in the middle of a line

    def get_state(self) -> dict[str, Any]:
        """Return the columns, and how much of the file is written."""
        return {"columns": self.columns, "size": 0 if self._file is None else self._file.tell()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on where the state was: lines of epochs that are trained again are taken out.

        Args:
            state: dict, what `get_state` returned.
        """
        self.columns = state["columns"]
        if self._file is not None:
            self._file.truncate(min(state["size"], os.path.getsize(self.filename)))
            self._file.seek(0, os.SEEK_END)

    def on_epoch_end(self, epoch: int, logs: MutableLogs | None = None) -> None:
        """Write a line.

        Args:
            epoch: int, the number of the epoch, from 0.
            logs: dict or None, losses and metrics of the epoch by name; entries may be added; None.
        """
        if self._file is None:
            return
        logs = logs or {}
        writer = csv.writer(self._file, delimiter=self.separator)
        if self.columns is None:
            self.columns = _columns(logs)
            writer.writerow(self.columns)
        self._warn_of_names_left_out(logs)
        values = {**logs, "epoch": epoch}
        writer.writerow([_text(values[name]) if name in values else _MISSING for name in self.columns])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file.

        Args:
            logs: dict or None, losses and metrics of the last epoch by name; None.
        """
        if self._file is not None:
            self._file.close()
            self._file = None

    def _warn_of_names_left_out(self, logs: Logs) -> None:
        left_out = [name for name in logs if name not in (self.columns or ())]
        if left_out:
            warnings.warn(
                f"{self.filename} has no column for {', '.join(left_out)}, which are not written; "
                "write to another file to have them",
                stacklevel=4,
            )


def _columns(logs: Logs) -> list[str]:
    names = sorted(name for name in logs if not name.startswith("val_"))
    validation = {name for name in logs if name.startswith("val_")}
    validation |= {f"val_{name}" for name in names if not name.startswith("learning_rate")}
    return ["epoch", *names, *sorted(validation)]


def _text(value: Any) -> Any:
    return f'"{np.asarray(value).tolist()}"' if np.ndim(value) else value
