"""`EventFile`: a file of events, each in it as soon as it is written."""

from __future__ import annotations

import itertools
import os
import platform
import struct
import time
from pathlib import Path
from typing import BinaryIO

from kcore_train.callbacks.event_files import messages
from kcore_train.callbacks.event_files.crc32c import masked_crc32c
from kcore_train.callbacks.event_files.messages import Summaries

__all__ = ["EventFile"]

_count = itertools.count()


class EventFile:
    """A file of events in a directory, made with the first of them under a name of its own.

    An event is one record, handed to the system at once: a process that is killed leaves what it has written. Of a
    machine that fails the last record may be cut off, which TensorBoard passes over.

    Args:
        directory: the directory, which is made if there is none.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)
        self._file: BinaryIO | None = None

    def write(self, step: int, summaries: Summaries) -> None:
        """Add the event that some values were found at a step; none, if there are no values.

        Args:
            step: the number of the step.
            summaries: the values by tag, as the functions of `messages` return them.
        """
        if not summaries:
            return
        now = time.time()
        if self._file is None:
            self.directory.mkdir(parents=True, exist_ok=True)
            name = f"events.out.tfevents.{int(now):010d}.{platform.node()}.{os.getpid()}.{next(_count)}.v2"
            self._file = (self.directory / name).open("ab")
            self._file.write(_record(messages.file_version(now)))
        self._file.write(_record(messages.event(now, step, summaries)))
        self._file.flush()

    def close(self) -> None:
        """Close the file; what is written next is in another one."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _record(data: bytes) -> bytes:
    """Return data as a record: its length and the data, each with its checksum."""
    length = struct.pack("<Q", len(data))
    checksums = [struct.pack("<I", masked_crc32c(part)) for part in (length, data)]
    return length + checksums[0] + data + checksums[1]
