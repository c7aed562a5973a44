"""A part of a file, as a file: what lies uncompressed in an archive is read where it lies."""

from __future__ import annotations

import io
import os
from typing import BinaryIO

__all__ = ["Window"]


class Window(io.RawIOBase):
    """A range of bytes of a file that is open for reading, as a file of its own.

    Args:
        file: the file. It stays open when the window is closed.
        start: the first byte.
        size: how many there are.

    >>> window = Window(io.BytesIO(b"0123456789"), 2, 5)
    >>> window.seek(1), window.read()
    (1, b'3456')
    """

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def seekable(self) -> bool:
        """Return True: it can be read in any order."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read, from the window's start."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, and return it.

        Args:
            offset: the place, from the window's start.
            whence: `os.SEEK_SET`, the default; or `SEEK_CUR` or `SEEK_END`, to count from here or from the end.
        """
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer, but for what lies behind the window's end, and return the number of bytes.

        Args:
            buffer: what is filled.

        Raises:
            OSError: if the file ends before the window does. HDF5, which reads here, looks at no smaller number.
        """
        view = memoryview(buffer).cast("B")[: max(0, self._size - self._at)]
        self._file.seek(self._start + self._at)
        done = 0
        while done < len(view):
            count = self._file.readinto(view[done:])  # type: ignore[attr-defined]
            if not count:
                raise OSError("the file ends before what it says it holds")
            done += count
        self._at += done
        return done
