"""Files and directories that other tools write: they take the place of what was there once they are whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from kcore_ops.foundation.errors import ArgumentError

__all__ = ["written_whole"]

# What a directory holds that may be replaced by an exported one.
_MARK = "saved_model.pb"


@contextmanager
def written_whole(path: str, is_directory: bool = False) -> Iterator[str]:
    """Yield a path to write to, whose file, with what lies beside it, is moved to `path` once the block ends.

    Args:
        path: the name of the file or directory.
        is_directory: whether it is a directory; False by default.

    Raises:
        ArgumentError: if there is no directory to put it in, or something is there that is not to be replaced.
    """
    target = os.path.realpath(path)
    parent, name = os.path.split(target)
    if not os.path.isdir(parent):
        raise ArgumentError(f"there is no directory {os.path.dirname(path)!r}", fix="make it first, with os.makedirs")
    _check_replaceable(path, target, is_directory)
    workplace = tempfile.mkdtemp(prefix=f"{name}.", suffix=".tmp", dir=parent)
    try:
        new = os.path.join(workplace, name)
        yield new
        for folder, _, files in os.walk(workplace):
            for file in files:
                _flush_to_disk(os.path.join(folder, file))
        if is_directory:
            if os.path.isdir(target):
                os.rename(target, os.path.join(workplace, "old"))
            os.rename(new, target)
        else:
            # What lies beside it, the numbers of an OpenVINO model for one, is there before the file that names it.
            for beside in sorted(os.listdir(workplace), key=lambda each: each == name):
                os.replace(os.path.join(workplace, beside), os.path.join(parent, beside))
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _check_replaceable(path: str, target: str, is_directory: bool) -> None:
    if is_directory and os.path.isfile(target):
        raise ArgumentError(f"{path!r} is a file, and the format a directory", fix="use another name")
    if not is_directory and os.path.isdir(target):
        raise ArgumentError(f"{path!r} is a directory, and the format a file", fix="use another name")
    if is_directory and os.path.isdir(target) and os.listdir(target) and _MARK not in os.listdir(target):
        raise ArgumentError(f"{path!r} is a directory that holds other things", fix="use a new name, or empty it")


def _flush_to_disk(path: str) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
