"""Weights as a file holds them, whatever its format: what is read from, and what is written to.

A layer or optimizer has a place in a file, its path in the model; its variables have keys there. Formats give and take
just that, and models know no formats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError

__all__ = ["FORMAT", "Entry", "Places", "StoredVariables", "WeightsFormat", "WeightsSink", "as_array", "check_format"]

# The version of what kcore writes in files. Greater ones are refused: they may say what is not known here.
FORMAT = 1


def _nothing() -> None:
    """Check nothing: there is nothing to be found out that reading itself would not find."""


@dataclass(frozen=True)
class Entry:
    """One variable in a file.

    Args:
        shape: its shape.
        dtype: the name of its dtype, one of kcore's.
        read: function that reads its numbers, an array of that shape and dtype, anew in each call.
        check: function that raises an `ArgumentError` if the numbers can not be read, and keeps none of them; by
            default there is nothing to check.
    """

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], np.ndarray[Any, Any]]
    check: Callable[[], None] = _nothing


# By the place of the object that has them, and by key: {"layers/dense": {"0": Entry(...)}}. The model itself is at "".
Places: TypeAlias = dict[str, dict[str, Entry]]


class WeightsSink(Protocol):
    """What weights are written to: a file, or several, that are being made."""

    def store(self, place: str, name: str) -> MutableMapping[str, Any]:
        """Return what the variables of one object are put into, arrays by key; it may ask back for them.

        Args:
            place: the object's place in the file.
            name: the name of the layer or optimizer.
        """
        ...


@dataclass(frozen=True)
class WeightsFormat:
    """One format of files of weights.

    Args:
        read: function of a path that opens a file: a context whose value is what stands in it.
        write: function of a path and whether a file there may be replaced: a context whose value is what is written to,
            and after which the file is there; None for a format that weights alone are not written in.
    """

    read: Callable[[str], AbstractContextManager[Places]]
    write: Callable[[str, bool], AbstractContextManager[WeightsSink]] | None = None


class StoredVariables(Mapping[str, Any]):
    """What `load_own_variables` takes arrays from: the entries of one object, each read when it is asked for.

    Args:
        entries: the entries by key.
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries

    def __getitem__(self, key: str) -> np.ndarray[Any, Any]:
        return self._entries[key].read()

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def as_array(value: Any) -> np.ndarray[Any, Any]:
    """Return what `save_own_variables` puts into a store as an array.

    Args:
        value: a variable, an array, or what makes one.
    """
    return value.numpy() if isinstance(value, Variable) else np.asarray(value)


def check_format(version: object, what: str) -> None:
    """Raise an error if a file says that it is of a format that came after this version.

    Args:
        version: what stands in the file; None if nothing does, as in files that Keras wrote.
        what: what the file, or its part, is called in messages.

    Raises:
        ArgumentError: if it is of a later format, or no number.
    """
    if version is None:
        return
    if isinstance(version, bool) or not isinstance(version, int | np.integer):
        raise ArgumentError(f"{what} says that its format is {version!r}, which is no number", fix="pass a whole file")
    if version > FORMAT:
        raise ArgumentError(
            f"{what} is of format {version} of kcore's files, and this version reads those up to {FORMAT}",
            fix="upgrade kcore-layers",
        )
