"""Writing the files that a model is saved as: as parts of a zip archive, or in a directory."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.files.atomic import atomic_directory, atomic_write
from kcore_layers.files.hdf5_weights import Hdf5Sink, new_hdf5, reporting_failed_writes
from kcore_layers.files.model_parts import ASSETS, CONFIG, METADATA, WEIGHTS

if TYPE_CHECKING:
    import zipfile

__all__ = ["FileSink", "ModelSink", "write_archive", "write_directory"]

_BLOCK = 2**20


class FileSink(Protocol):
    """What files are written to, by name."""

    def write(self, name: str, content: bytes) -> None:
        """Write one of its files.

        Args:
            name: the file's name, with `/` between those of directories.
            content: what stands in it.
        """
        ...

    def copy(self, name: str, path: str) -> None:
        """Write one of its files.

        Args:
            name: the file's name, with `/` between those of directories.
            path: a file with what is to stand in it.
        """
        ...


class ModelSink(FileSink, Protocol):
    """What a model is written to."""

    def weights(self) -> AbstractContextManager[Hdf5Sink]:
        """Write its weights: a context whose value is what they are written to."""
        ...


@contextmanager
def write_archive(path: str, overwrite: bool) -> Iterator[ModelSink]:
    """Make a zip archive, which is there once the block ends without an error.

    Args:
        path: its name.
        overwrite: whether there may be such a file.

    Raises:
        ArgumentError: if the directory is missing, or there is a file that is not to be overwritten.
    """
    import zipfile

    with atomic_write(path, overwrite) as temporary, zipfile.ZipFile(temporary, "x") as archive:
        yield _Archive(archive, f"{temporary}.h5")


@contextmanager
def write_directory(path: str, overwrite: bool) -> Iterator[ModelSink]:
    """Make a directory, which is there once the block ends without an error.

    Args:
        path: its name.
        overwrite: whether there may be such a directory.

    Raises:
        ArgumentError: if the directory that it is to be in is missing, there is one that is not to be overwritten, or
            it holds anything but a model.
    """
    target = os.path.realpath(path)
    there = {*os.listdir(target)} if os.path.isdir(target) else set()
    whole = {CONFIG, METADATA, WEIGHTS}
    others = sorted(there - whole - {ASSETS.rstrip("/")})
    if others or (there and not whole <= there):
        what = (
            f"more than a model: {', '.join(others)}" if others else f"no whole model, but {', '.join(sorted(there))}"
        )
        raise ArgumentError(
            f"the directory {path!r} is to be replaced, and holds {what}",
            fix="name a directory of its own for the model",
        )
    with atomic_directory(path, overwrite) as temporary:
        yield _Directory(temporary)


class _Archive:
    """A zip archive, in which nothing is compressed, so that it can be read where it lies."""

    def __init__(self, archive: zipfile.ZipFile, temporary: str) -> None:
        self._archive, self._temporary = archive, temporary

    def write(self, name: str, content: bytes) -> None:
        """Write one of its files.

        Args:
            name: the file's name.
            content: what stands in it.
        """
        self._archive.writestr(name, content)

    def copy(self, name: str, path: str) -> None:
        """Write one of its files.

        Args:
            name: the file's name.
            path: a file with what is to stand in it.
        """
        with open(path, "rb") as source, self._archive.open(name, "w", force_zip64=True) as target:
            shutil.copyfileobj(source, target, _BLOCK)

    @contextmanager
    def weights(self) -> Iterator[Hdf5Sink]:
        """Write its weights, to a file of their own first: HDF5 goes back and forth in what it writes."""
        try:
            with reporting_failed_writes(WEIGHTS), new_hdf5(self._temporary) as file:
                yield Hdf5Sink(file)
            self.copy(WEIGHTS, self._temporary)
        finally:
            with contextlib.suppress(OSError):
                os.remove(self._temporary)


class _Directory:
    """A directory."""

    def __init__(self, path: str) -> None:
        self._path = path

    def _new(self, name: str) -> str:
        path = os.path.join(self._path, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def write(self, name: str, content: bytes) -> None:
        """Write one of its files.

        Args:
            name: the file's name.
            content: what stands in it.
        """
        with open(self._new(name), "xb") as file:
            file.write(content)

    def copy(self, name: str, path: str) -> None:
        """Write one of its files.

        Args:
            name: the file's name.
            path: a file with what is to stand in it.
        """
        shutil.copyfile(path, self._new(name))

    @contextmanager
    def weights(self) -> Iterator[Hdf5Sink]:
        """Write its weights."""
        with reporting_failed_writes(WEIGHTS), new_hdf5(self._new(WEIGHTS)) as file:
            yield Hdf5Sink(file)
