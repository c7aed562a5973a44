"""Names that stand in files, of other files beside them: those that stay where they belong, and nothing else.

A file from anywhere may name others, shards or assets. A name that leads elsewhere is refused.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from kcore_ops.foundation.errors import ArgumentError

__all__ = ["check_file_names", "own_file"]

_FIX = "do not load files from a source you do not trust"
_WHOLE = "pass a whole file, with all that belongs to it"
# What ends a name, or says which drive, stream or directory, on some system.
_SPECIAL = frozenset('\\:*?"<>|')


def check_file_names(names: Iterable[str], are_bare: bool = False) -> None:
    """Raise an error if a file's name leads out of the directory it is in, or two lead to one file, on any system.

    Args:
        names: the names, with `/` between those of directories.
        are_bare: whether all are to be in the directory itself, rather than in others inside; False by default.

    Raises:
        ArgumentError: naming one that does.

    >>> check_file_names(["words.txt", "sub/words.txt"])
    """
    seen: dict[str, str] = {}  # in small letters, as some systems read names: as they are written, directories with a /
    for name in names:
        parts = name.split("/")
        where = "in" if are_bare else "below"
        if len(parts) > 1 and are_bare or not all(map(_is_plain, parts)):
            raise ArgumentError(f"{name!r} is not the name of a file {where} its own directory", fix=_FIX)
        if seen.get(name.casefold()) == name:
            raise ArgumentError(f"there are two files of the name {name!r}", fix=_FIX)
        if name.casefold() in seen:
            raise ArgumentError(f"{name!r} and {seen[name.casefold()]!r} are one file on some systems", fix=_FIX)
        seen[name.casefold()] = name
        for i in range(1, len(parts)):
            directory = "/".join(parts[:i]) + "/"
            if seen.setdefault(directory.casefold(), directory) != directory:
                raise ArgumentError(
                    f"{directory!r} and {seen[directory.casefold()]!r} are one directory on some systems", fix=_FIX
                )
    for name in [name for name in seen if name.endswith("/")]:
        if name.removesuffix("/") in seen:
            raise ArgumentError(f"{seen[name].removesuffix('/')!r} is a file and a directory", fix=_FIX)


def _is_plain(part: str) -> bool:
    """Return whether a name means a file of that name on all systems."""
    return bool(part) and part[-1] not in ". " and part.isprintable() and not _SPECIAL & set(part)


def own_file(directory: str, name: str) -> str:
    """Return the path of a file that lies in a directory itself, and is no link to another.

    Args:
        directory: the directory.
        name: the file's name in it, with `/` between those of directories.

    Raises:
        ArgumentError: if there is none, or something else is there.
    """
    path = directory
    for part in name.split("/"):
        path = os.path.join(path, part)
        try:
            mode = os.lstat(path).st_mode
        except OSError as error:  # a name that is too long, or a directory that may not be looked into, for two
            raise ArgumentError(f"there is no file {path!r}", fix=_WHOLE) from error
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            raise ArgumentError(f"{path!r} is a link, or no file at all", fix="pass a copy that holds the file itself")
    if not stat.S_ISREG(mode):
        raise ArgumentError(f"{path!r} is a directory, and not a file", fix=_WHOLE)
    return path
