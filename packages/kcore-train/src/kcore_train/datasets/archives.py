"""Archives unpacked into a directory of their own, which nothing in them leaves."""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import secrets
import shutil
import tarfile
import zipfile
from collections.abc import Iterable, Sequence

from kcore_ops.foundation.errors import ArgumentError

__all__ = ["ARCHIVE_FORMATS", "formats_of", "unpack"]

ARCHIVE_FORMATS = ("tar", "zip")
_ALL = ("auto",)


def formats_of(archive_format: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the formats that an archive may have; none for None.

    Args:
        archive_format: "auto" for all, one or several of "tar" and "zip", or None.

    Raises:
        ArgumentError: if there is no such format.
    """
    if archive_format is None:
        return ()
    names = (archive_format,) if isinstance(archive_format, str) else tuple(archive_format)
    if names == _ALL:
        return ARCHIVE_FORMATS
    for name in names:
        if name not in ARCHIVE_FORMATS:
            raise ArgumentError(f"there is no archive_format {name!r}", fix='use "auto", "tar", "zip" or None')
    return names


def unpack(path: str, directory: str, formats: Sequence[str]) -> None:
    """Unpack an archive; the directory appears once it is complete, in place of one that there may be.

    An archive is refused as a whole, before anything is written, if a member is no file, directory or link, has a name
    that is absolute or leads upwards, or is a link that leads out of the directory.

    Args:
        path: the archive.
        directory: where to unpack it.
        formats: the formats that it may have.

    Raises:
        ArgumentError: if it has none of these formats, or has such a member; names it.
    """
    temporary = f"{directory}.{secrets.token_hex(4)}.tmp"
    try:
        if "tar" in formats and tarfile.is_tarfile(path):
            with tarfile.open(path) as tar:
                _check_tar(tar.getmembers(), path)
                os.mkdir(temporary)
                if hasattr(tarfile, "data_filter"):
                    tar.extractall(temporary, filter="data")
                else:  # Python before 3.11.4
                    tar.extractall(temporary)
        elif "zip" in formats and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as file:
                for name in file.namelist():
                    _check_name(name, path)
                os.mkdir(temporary)
                file.extractall(temporary)
        else:
            raise ArgumentError(
                f"{path} is no archive of the format {' or '.join(formats) or None}",
                fix="pass extract=False, or the archive_format that it has",
            )
        if os.path.isdir(directory) and not os.path.islink(directory):
            shutil.rmtree(directory)
        os.replace(temporary, directory)
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(temporary)


def _refused(name: str, what: str, path: str) -> ArgumentError:
    return ArgumentError(
        f"the member {name!r} of {path} {what}: nothing was unpacked", fix="get the archive from a source you trust"
    )


def _check_name(name: str, path: str) -> None:
    parts = re.split(r"[/\\]", name)
    if parts[0] == "" or ":" in parts[0] or "\0" in name:
        raise _refused(name, "has an absolute name", path)
    if ".." in parts:
        raise _refused(name, "has a name that leads upwards", path)


def _check_tar(members: Iterable[tarfile.TarInfo], path: str) -> None:
    members = list(members)
    links = {posixpath.normpath(each.name) for each in members if each.issym()}
    files = {posixpath.normpath(each.name) for each in members if each.isreg()}
    seen = set()
    for each in members:
        _check_name(each.name, path)
        name = posixpath.normpath(each.name)
        if not (each.isreg() or each.isdir() or each.issym() or each.islnk()):
            raise _refused(each.name, "is no file, directory or link", path)
        # What lies under a link, or takes its place, would be written where that leads.
        above = [name[:i] for i, letter in enumerate(name) if letter == "/"]
        if links.intersection(above) or (name in links and (name in seen or not each.issym())):
            raise _refused(each.name, "lies where a link is", path)
        seen.add(name)
        if each.issym() and not _stays_inside(name, each.linkname):
            raise _refused(each.name, f"is a link to {each.linkname!r}, out of the archive", path)
        if each.islnk() and posixpath.normpath(each.linkname) not in files - links:
            raise _refused(each.name, f"is a link to {each.linkname!r}, which is no file of the archive", path)


def _stays_inside(name: str, target: str) -> bool:
    """Return whether a link leads to what lies in the archive: upwards first, no further than its root, then down."""
    parts = [part for part in target.split("/") if part != "."]
    if not parts or target.startswith("/") or any(letter in target for letter in "\\:\0"):
        return False
    num_up = next((i for i, part in enumerate(parts) if part != ".."), len(parts))
    return num_up <= name.count("/") and ".." not in parts[num_up:]
