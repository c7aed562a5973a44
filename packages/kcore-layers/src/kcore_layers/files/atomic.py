"""Files and directories that appear when they are complete: until then, and after a failure, the old ones stay."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from kcore_ops.foundation.errors import ArgumentError

__all__ = [
    "refuse_unknown_arguments",
    "file_path",
    "atomic_directory",
    "atomic_write",
    "check_target",
    "flush_directory",
    "flush_to_disk",
]


def file_path(filepath: str | os.PathLike[str]) -> str:
    """Return a path as a string.

    Args:
        filepath: the path, a string or a `Path`.

    Raises:
        ArgumentError: if it is neither a string nor a `Path`, or empty.
    """
    with contextlib.suppress(TypeError):
        path = os.fspath(filepath)
        if isinstance(path, str) and path:
            return path
    raise ArgumentError(f"{filepath!r} is not the name of a file", fix="pass a str or a Path")


def refuse_unknown_arguments(arguments: Mapping[str, Any], **fixes: str) -> None:
    """Raise for arguments that are left over; `fixes` says what to do about some that are known from elsewhere.

    Args:
        arguments: the arguments by name.
        **fixes: what to do about some that are known from elsewhere, by name.
    """
    for name in arguments:
        raise ArgumentError(f"there is no argument {name!r}", fix=fixes.get(name, "check the spelling"))


@contextlib.contextmanager
def atomic_write(path: str, overwrite: bool) -> Iterator[str]:
    """Yield the name of a file to write, which takes the place of `path` once the block ends without an error.

    Args:
        path: the file's name.
        overwrite: bool, whether there may be such a file.

    Raises:
        ArgumentError: if the directory is missing, or there is a file that is not to be overwritten.
    """
    import secrets

    target = check_target(path, overwrite)
    temporary = f"{target}.{secrets.token_hex(4)}.tmp"
    try:
        yield temporary
        flush_to_disk(temporary)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise
    flush_directory(os.path.dirname(target))


@contextlib.contextmanager
def atomic_directory(path: str, overwrite: bool) -> Iterator[str]:
    """Yield the name of a directory to fill, which takes the place of `path` once the block ends without an error.

    Args:
        path: the directory's name.
        overwrite: bool, whether there may be such a directory, which is removed then.

    Raises:
        ArgumentError: if the directory it is to be in is missing, there is one that is not to be overwritten, or a file
            has its name.
    """
    import secrets
    import shutil

    target = check_target(path, overwrite)
    if os.path.lexists(target) and not os.path.isdir(target):
        raise ArgumentError(f"{path!r} is a file, and no directory", fix="use another name, or remove it")
    temporary = f"{target}.{secrets.token_hex(4)}.tmp"
    os.mkdir(temporary)
    try:
        yield temporary
        for directory, _, names in os.walk(temporary):
            for name in names:
                flush_to_disk(os.path.join(directory, name))
            flush_directory(directory)
        if os.path.isdir(target):
            _exchange(temporary, target)
        else:
            os.rename(temporary, target)
        flush_directory(os.path.dirname(target))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)  # what was there before, or what was not finished


def _exchange(first: str, second: str) -> None:
    """Let two directories change places: at once, where the system can do that."""
    import ctypes

    exchange = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    here, by_exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of Linux
    if exchange and exchange(here, os.fsencode(first), here, os.fsencode(second), by_exchange) == 0:
        return
    aside = f"{first}.old"
    os.rename(second, aside)
    try:
        os.rename(first, second)
    except BaseException:
        os.rename(aside, second)
        raise
    os.rename(aside, first)


def check_target(path: str, overwrite: bool) -> str:
    """Return the path that a file is to be written to, with no links in it.

    Args:
        path: the file's name.
        overwrite: bool, whether there may be such a file.

    Raises:
        ArgumentError: if the directory is missing, or there is a file that is not to be overwritten.
    """
    if os.path.lexists(path) and not overwrite:
        raise ArgumentError(f"{path!r} exists", fix="pass overwrite=True, or another name")
    target = os.path.realpath(path)
    if not os.path.isdir(os.path.dirname(target)):
        raise ArgumentError(f"there is no directory {os.path.dirname(path)!r}", fix="make it first, with os.makedirs")
    return target


def flush_directory(path: str) -> None:
    """Have the system write which files are in a directory, where it lets a directory be opened for that.

    Args:
        path: its name; "" is the current one.
    """
    with contextlib.suppress(OSError):
        flush_to_disk(path or os.curdir)


def flush_to_disk(path: str) -> None:
    """Have the system write what it keeps in memory of a file or directory.

    Args:
        path: its name.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
