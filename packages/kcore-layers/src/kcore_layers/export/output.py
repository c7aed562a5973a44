"""Files and directories that other tools write: they take the place of what was there once they are whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.files.atomic import atomic_directory, check_target, flush_directory, flush_to_disk

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
    target = check_target(path, overwrite=True)
    _check_replaceable(path, target, is_directory)
    if is_directory:
        with atomic_directory(path, overwrite=True) as new:
            yield new
        return
    parent, name = os.path.split(target)
    with tempfile.TemporaryDirectory(
        prefix=f"{name}.", suffix=".tmp", dir=parent, ignore_cleanup_errors=True
    ) as folder:
        yield os.path.join(folder, name)
        # What lies beside it, the numbers of an OpenVINO model for one, is there before the file that names it.
        for beside in sorted(os.listdir(folder), key=lambda each: each == name):
            flush_to_disk(os.path.join(folder, beside))
            os.replace(os.path.join(folder, beside), os.path.join(parent, beside))
    flush_directory(parent)


def _check_replaceable(path: str, target: str, is_directory: bool) -> None:
    if is_directory and os.path.isfile(target):
        raise ArgumentError(f"{path!r} is a file, and the format a directory", fix="use another name")
    if not is_directory and os.path.isdir(target):
        raise ArgumentError(f"{path!r} is a directory, and the format a file", fix="use another name")
    if is_directory and os.path.isdir(target) and os.listdir(target) and _MARK not in os.listdir(target):
        raise ArgumentError(f"{path!r} is a directory that holds other things", fix="use a new name, or empty it")
