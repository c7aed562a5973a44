"""What a callback remembers, as plain data: the attributes that training has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["changed_attributes", "plain_attributes"]

# What the loop sets, and what is not remembered from run to run.
_NOT_STATE = frozenset({"params", "_model"})


class _NotPlain(Exception):
    """Something in a value is no plain data."""


def plain_attributes(obj: object) -> dict[str, Any]:
    """Return copies of the attributes of an object that are plain data.

    Args:
        obj: object, the object.
    """
    found = {}
    for name, value in vars(obj).items():
        if name in _NOT_STATE or name.startswith("_kcore_"):
            continue
        try:
            found[name] = _copy(value, 0)
        except _NotPlain:
            continue
    return found


def changed_attributes(obj: object, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of an object that are plain data, and not what they were.

    What was passed when it was made is the same as before, unless it has been changed since: a run that resumes with
    another patience goes on with that.

    Args:
        obj: object, the object.
        before: dict, what `plain_attributes` returned.
    """
    now = plain_attributes(obj)
    return {name: value for name, value in now.items() if name not in before or not _same(before[name], value)}


def _copy(value: Any, depth: int) -> Any:
    cls = value.__class__
    if value is None or cls in (bool, int, float, complex, str, bytes):
        return value
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind != "O":
        return value.copy()
    if depth < 20:  # deeper is data that holds itself
        if cls in (list, tuple):
            return cls([_copy(each, depth + 1) for each in value])
        if cls is dict:
            return {_key(key): _copy(each, depth + 1) for key, each in value.items()}
    raise _NotPlain(repr(value)[:80])


def _key(key: Any) -> Any:
    if key.__class__ in (str, int, float, bool):
        return key
    raise _NotPlain(repr(key)[:80])


def _same(first: Any, second: Any) -> bool:
    if first.__class__ is not second.__class__:
        return False
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(_same, first, second))
    if isinstance(first, dict):
        return list(first) == list(second) and all(_same(value, second[key]) for key, value in first.items())
    if isinstance(first, np.ndarray):
        return bool(first.dtype == second.dtype and first.shape == second.shape and first.tobytes() == second.tobytes())
    return bool(first == second) or (first != first and second != second)
