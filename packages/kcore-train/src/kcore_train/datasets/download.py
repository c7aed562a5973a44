"""Files from the net, kept for the next time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from typing import Literal

from kcore_layers.files.atomic import atomic_write
from kcore_ops.foundation.errors import ArgumentError, DownloadFailed, located

from kcore_train.callbacks.progbar import Progbar
from kcore_train.datasets.archives import formats_of, unpack

__all__ = ["get_file"]

_PIECE = 1 << 16
_LENGTHS = {"md5": 32, "sha256": 64}


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: Literal["auto", "md5", "sha256"] = "auto",
    extract: bool = False,
    archive_format: Literal["auto", "tar", "zip"] | Sequence[str] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Download a file unless it is there, and return its path, or that of the directory it was unpacked to.

    A file appears under its name when it is complete and has the hash that it should have. One that is there and has
    another hash is downloaded again. What is unpacked stays inside its directory: an archive with a name or a link that
    leads out of it is refused as a whole.

    Args:
        fname: str or None, what to call the file; None for the last part of the address. An archive with such a name,
            "data.tar.gz", is unpacked to "data_extracted"; without an ending, or with None, it is called
            "NAME_archive" and unpacked to "NAME".
        origin: str, the address, of http, https, ftp, or a file.
        untar: bool, like `extract`, for tar files alone; False.
        md5_hash: str or None, the file's MD5, an older way to say `file_hash`; None.
        file_hash: str or None, the file's hash in hexadecimal digits, None for any; None.
        cache_subdir: str, the directory inside `cache_dir` that the file is kept in; "datasets".
        hash_algorithm: "auto", "md5" or "sha256", which hash it is, "auto" to tell by its length; "auto".
        extract: bool, whether the file is an archive to unpack; False.
        archive_format: "auto", "tar", "zip", list of these or None, the formats that it may have, "auto" for all; a tar
            file may be compressed; "auto".
        cache_dir: str, path or None, where files are kept, None for $KERAS_HOME, or else ~/.keras, or else a directory
            for temporary files; None.
        force_download: bool, whether a file that is there is downloaded again; False.

    Raises:
        ArgumentError: if an argument is not one of those allowed, the file has another hash, or is no archive that can
            be unpacked.
        DownloadFailed: if the file can not be fetched.
    """
    with located("get_file"):
        if not origin:
            raise ArgumentError("origin was not given", fix="pass the address of the file")
        name = _name(fname, origin)
        checksum = file_hash if file_hash is not None else md5_hash
        algorithm = "md5" if file_hash is None and md5_hash is not None else _algorithm(hash_algorithm, checksum)
        formats = ("tar",) if untar else formats_of(archive_format) if extract else None
        directory = os.path.join(_cache(cache_dir), cache_subdir)
        os.makedirs(directory, exist_ok=True)
        unpacked, archive = _places(os.path.join(directory, name), fname is not None)
        path = archive if formats is not None else os.path.join(directory, name)
        is_new = force_download or not os.path.isfile(path)
        if not is_new and checksum is not None and _hash_of(path, algorithm) != checksum.lower():
            print(f"{path} has not the {algorithm} hash {checksum}, and is downloaded again.")
            is_new = True
        if is_new:
            _download(origin, path, algorithm, checksum)
        if formats is None:
            return path
        if is_new or not os.path.isdir(unpacked):
            unpack(path, unpacked, formats)
        return unpacked


def _name(fname: str | os.PathLike[str] | None, origin: str) -> str:
    if fname is not None and os.fspath(fname):
        name = os.fspath(fname)
    else:
        name = urllib.parse.unquote(urllib.parse.urlsplit(origin).path.rpartition("/")[2])
        if not name:
            raise ArgumentError(f"the address {origin!r} ends in no name", fix="pass fname")
    if "/" in name or os.sep in name or "\0" in name or name in (".", ".."):
        raise ArgumentError(f"fname={name!r} is a path", fix="pass a name, and its directory as cache_dir")
    return name


def _places(path: str, is_named: bool) -> tuple[str, str]:
    """Return the directory that an archive is unpacked to, and the path of the archive itself."""
    stem, ending = os.path.splitext(path)
    if not is_named or not ending:
        return path, f"{path}_archive"
    return f"{stem.removesuffix('.tar')}_extracted", path


def _cache(cache_dir: str | os.PathLike[str] | None) -> str:
    if cache_dir is not None:
        return os.path.expanduser(os.fspath(cache_dir))
    home = os.path.expanduser(os.environ.get("KERAS_HOME") or os.path.join("~", ".keras"))
    with contextlib.suppress(OSError):
        os.makedirs(home, exist_ok=True)
    return home if os.access(home, os.W_OK) else os.path.join(tempfile.gettempdir(), ".keras")


# Hashes.


def _algorithm(name: str, checksum: str | None) -> str:
    if name not in ("auto", *_LENGTHS):
        raise ArgumentError(f"there is no hash_algorithm {name!r}", fix='use "auto", "md5" or "sha256"')
    if name != "auto" or checksum is None:
        return "sha256" if name == "auto" else name
    for algorithm, length in _LENGTHS.items():
        if len(checksum) == length:
            return algorithm
    raise ArgumentError(
        f"file_hash={checksum!r} is none of md5 or sha256", fix="pass 32 or 64 hexadecimal digits, or hash_algorithm"
    )


def _hash_of(path: str, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


# The download.


def _download(origin: str, path: str, algorithm: str, checksum: str | None) -> None:
    print(f"Downloading data from {origin}")
    if os.path.isdir(path) and not os.path.islink(path):
        raise ArgumentError(f"{path} is a directory", fix="pass another fname, or move the directory away")
    with atomic_write(path, overwrite=True) as temporary:
        try:
            _fetch(origin, temporary)
        except (OSError, HTTPException, ValueError) as error:
            if isinstance(error, DownloadFailed):
                raise
            raise DownloadFailed(
                f"{origin} could not be fetched: {error}", fix="check the address, and the connection to it"
            ) from error
        if checksum is not None:
            found = _hash_of(temporary, algorithm)
            if found != checksum.lower():
                raise ArgumentError(
                    f"the {algorithm} hash of {origin} is {found}, and should be {checksum}: the file was not kept",
                    fix="try again, as the download may be damaged, or correct the hash",
                )


def _fetch(origin: str, path: str) -> None:
    with urllib.request.urlopen(origin) as response, open(path, "wb") as file:
        stated = response.headers.get("Content-Length")
        total = int(stated) if stated is not None and stated.strip().isdigit() else None
        progress, done = Progbar(total), 0
        while piece := response.read(_PIECE):
            file.write(piece)
            done += len(piece)
            progress.update(done, finalize=False)
        progress.update(done, finalize=True)
    if total is not None and done != total:
        raise DownloadFailed(f"{origin} gave {done} of {total} bytes", fix="try again")
