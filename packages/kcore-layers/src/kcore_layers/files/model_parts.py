"""The files that a model is saved as: the parts of a zip archive, `.keras`, or those in a directory.

They are read where they lie; nothing is unpacked to the disk.
"""

from __future__ import annotations

import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, BinaryIO, Protocol

from kcore_ops.foundation.errors import ArgumentError, one_line

from kcore_layers.files.hdf5 import MAX_COMPRESSION_RATIO, open_hdf5
from kcore_layers.files.hdf5_weights import places_in
from kcore_layers.files.own_files import check_file_names, own_file
from kcore_layers.files.stored import Places
from kcore_layers.files.window import Window

if TYPE_CHECKING:
    import zipfile

__all__ = ["ASSETS", "CONFIG", "METADATA", "WEIGHTS", "ModelParts", "model_parts", "open_weights", "read_model_weights"]

CONFIG, METADATA, WEIGHTS, ASSETS = "config.json", "metadata.json", "model.weights.h5", "assets/"

_FIX = "pass a file that save_model wrote"
_MOST_PACKED = 2**26  # bytes that a part which packs more than a hundredfold, as no numbers or texts do, may unpack to
_BLOCK = 2**20  # bytes that are read at a time, of what is not needed as a whole


class ModelParts(Protocol):
    """The files that one model is saved as."""

    def names(self) -> list[str]:
        """Return the names of all of them, with `/` between those of directories."""
        ...

    def read(self, name: str) -> bytes:
        """Return what stands in one of them.

        Args:
            name: its name.
        """
        ...

    def open(self, name: str) -> IO[bytes]:
        """Return one of them as a file open for reading from its start to its end.

        Args:
            name: its name.
        """
        ...

    def source(self, name: str) -> str | BinaryIO:
        """Return one of them as a path, or as a file open for reading in any order.

        Args:
            name: its name.
        """
        ...


@contextmanager
def model_parts(path: str) -> Iterator[ModelParts]:
    """Open the file or directory of a model for reading.

    Args:
        path: its name.

    Raises:
        ArgumentError: if there is none, or it is not that of a model.
    """
    if os.path.isdir(path):
        if not os.path.lexists(os.path.join(path, CONFIG)):
            raise ArgumentError(f"the directory has no {CONFIG}, as those of models do", fix=_FIX)
        yield _Directory(path)
        return
    import zipfile

    try:
        file = open(path, "rb")
    except FileNotFoundError as error:
        raise ArgumentError(f"there is no file {path!r}", fix="check the path") from error
    with file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError) as error:
            raise ArgumentError("it is not a whole zip archive, as files of models are", fix=_FIX) from error
        with archive:
            yield _Archive(archive, file)


@contextmanager
def open_weights(parts: ModelParts) -> Iterator[Places]:
    """Open the weights among the files of a model.

    Args:
        parts: the files.

    Raises:
        ArgumentError: if there are none, or they can not be read.
    """
    with open_hdf5(parts.source(WEIGHTS), WEIGHTS) as file:
        yield places_in(file)


@contextmanager
def read_model_weights(path: str) -> Iterator[Places]:
    """Open the weights in the file or directory of a model.

    Args:
        path: its name.

    Raises:
        ArgumentError: if it can not be read, or is not that of a model.
    """
    with model_parts(path) as parts, open_weights(parts) as places:
        yield places


class _Archive:
    """The files in a zip archive."""

    def __init__(self, archive: zipfile.ZipFile, file: BinaryIO) -> None:
        self._archive, self._file = archive, file
        self._size = os.fstat(file.fileno()).st_size
        # Some programs that make archives list directories too.
        entries = [entry for entry in archive.infolist() if not (entry.is_dir() and entry.filename.startswith(ASSETS))]
        self._names = [entry.filename for entry in entries]
        unknown = [
            name for name in self._names if name not in (CONFIG, METADATA, WEIGHTS) and not name.startswith(ASSETS)
        ]
        if unknown:
            raise ArgumentError(
                f"it has parts that kcore does not know: {', '.join(map(one_line, sorted(unknown)))}", fix=_FIX
            )
        links = [entry.filename for entry in entries if stat.S_ISLNK(entry.external_attr >> 16)]
        if links:
            raise ArgumentError(f"it has links in place of files: {', '.join(map(one_line, links))}", fix=_FIX)
        check_file_names(self._names)

    def names(self) -> list[str]:
        """Return the names of all of them."""
        return self._names

    def read(self, name: str) -> bytes:
        """Return what stands in one of them.

        Args:
            name: its name.
        """
        with self.open(name) as file, _reporting_damage(name):
            # Block by block, as no more is then unpacked than is asked for, however much the archive goes on to give.
            return b"".join(iter(lambda: file.read(_BLOCK), b""))

    def open(self, name: str) -> IO[bytes]:
        """Return one of them as a file open for reading from its start to its end.

        Args:
            name: its name.
        """
        with _reporting_damage(name):
            return self._archive.open(self._entry(name))

    def source(self, name: str) -> BinaryIO:
        """Return one of them as a file open for reading in any order: where it lies, unless it is compressed.

        Args:
            name: its name.
        """
        import zipfile

        entry = self._entry(name)
        if entry.compress_type != zipfile.ZIP_STORED:
            return io.BytesIO(self.read(name))
        with _reporting_damage(name):
            self._archive.open(entry).close()  # which looks at what stands before it
            window = Window(self._file, self._start(entry), entry.file_size)
            checksum = 0
            while block := window.read(_BLOCK):
                checksum = zlib.crc32(block, checksum)
            if checksum != entry.CRC:
                raise zipfile.BadZipFile(f"Bad CRC-32 for file {name!r}")
        return window  # type: ignore[return-value]

    def _entry(self, name: str) -> zipfile.ZipInfo:
        import zipfile

        try:
            entry = self._archive.getinfo(name)
        except KeyError as error:
            raise ArgumentError(f"it has no {name}", fix=_FIX) from error
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # Python unpacks no others bit by bit, and they have no bound on how much comes out.
            raise ArgumentError(
                f"{name} is packed by method {entry.compress_type} of zip archives, where files of models have 0 and 8",
                fix="pack it anew with zipfile.ZIP_STORED",
            )
        most = min(MAX_COMPRESSION_RATIO * entry.compress_size, max(_MOST_PACKED, 100 * entry.compress_size))
        if entry.file_size > (entry.compress_size if entry.compress_type == zipfile.ZIP_STORED else most):
            raise ArgumentError(f"{name} claims {entry.file_size} bytes, and has {entry.compress_size}", fix=_FIX)
        if entry.compress_size > self._size:
            raise ArgumentError(f"{name} claims {entry.compress_size} bytes, and the file has {self._size}", fix=_FIX)
        return entry

    def _start(self, entry: zipfile.ZipInfo) -> int:
        """Return where the bytes of an uncompressed part begin: after its header, a name and more of any length."""
        self._file.seek(entry.header_offset)
        header = self._file.read(30)
        lengths = [int.from_bytes(header[at : at + 2], "little") for at in (26, 28)]
        return entry.header_offset + 30 + sum(lengths)


@contextmanager
def _reporting_damage(name: str) -> Iterator[None]:
    """Let what is found of a part that is damaged, encrypted, or packed in an unknown way be one error of ours."""
    import zipfile

    try:
        yield
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise ArgumentError(f"{name} can not be read: {error or 'it ends too early'}", fix=_FIX) from error


class _Directory:
    """The files in a directory; what else there is does not count."""

    def __init__(self, path: str) -> None:
        self._path = path

    def names(self) -> list[str]:
        """Return the names of all of them."""
        found = [name for name in (CONFIG, METADATA, WEIGHTS) if os.path.lexists(os.path.join(self._path, name))]
        assets = os.path.join(self._path, ASSETS.removesuffix("/"))
        if os.path.islink(assets):
            own_file(self._path, f"{ASSETS}.")  # says so
        for directory, directories, names in os.walk(assets):
            inside = os.path.relpath(directory, self._path).replace(os.sep, "/")
            for name in directories:
                if os.path.islink(os.path.join(directory, name)):
                    own_file(self._path, f"{inside}/{name}")  # says so
            found += [f"{inside}/{name}" for name in names]
        check_file_names(found)
        return found

    def read(self, name: str) -> bytes:
        """Return what stands in one of them.

        Args:
            name: its name.
        """
        with self.open(name) as file:
            return file.read()

    def open(self, name: str) -> IO[bytes]:
        """Return one of them as a file open for reading.

        Args:
            name: its name.
        """
        return open(self.source(name), "rb")

    def source(self, name: str) -> str:
        """Return the path of one of them.

        Args:
            name: its name.
        """
        return own_file(self._path, name)
