"""What the options of an optimizer may be, and the count of their changes."""

from __future__ import annotations

from typing import Any

import numpy as np
from kcore_ops.foundation.errors import ArgumentError

__all__ = ["ReadOnlyError", "are_equal", "checked_count", "checked_positive", "is_learning_rate", "options_changed",
           "options_version"]  # fmt: skip

_version = [0]


def options_version() -> int:
    """Return a number that changes with every option of any optimizer: compiled steps hold options as constants."""
    return _version[0]


def options_changed() -> None:
    """Count a change of an option."""
    _version[0] += 1


class ReadOnlyError(ArgumentError, TypeError):
    """An attribute was set that can not be set to that, or can no longer be."""


def are_equal(value: Any, other: Any) -> bool:
    """Return whether two values of an option are the same: False of what can not be told at once, as tensors can not.

    Args:
        value: any object, one value.
        other: any object, the other.
    """
    return isinstance(value, bool | int | float | str) and value == other


def checked_positive(optimizer: Any, name: str, value: Any) -> Any:
    """Return an option that is a positive number, or None.

    Args:
        optimizer: Optimizer, whose option it is, named in the error.
        name: str, the name of the option.
        value: any object, what was given.

    Raises:
        ArgumentError: if it is anything else.
    """
    if value is not None and (not isinstance(value, int | float | np.number) or not value > 0):
        raise ArgumentError(f"{name} can not be {value!r}", fix="use a positive number").at(type(optimizer).__name__)
    return value


def checked_count(optimizer: Any, name: str, value: Any, least: int) -> Any:
    """Return an option that is a number of steps; 0 is none, as None is.

    Args:
        optimizer: Optimizer, whose option it is, named in the error.
        name: str, the name of the option.
        value: any object, what was given.
        least: int, the least number of steps.

    Raises:
        ArgumentError: if it is anything else.
    """
    is_number = isinstance(value, int | float | np.number)
    if value is not None and not (is_number and (value == 0 or (value >= least and value == int(value)))):
        raise ArgumentError(f"{name} can not be {value!r}", fix=f"use an integer from {least}, or None").at(
            type(optimizer).__name__
        )
    return value


def is_learning_rate(value: Any) -> bool:
    """Return whether a value can be a learning rate: a number that is not negative, or a tensor of one.

    Args:
        value: any object, what was given.
    """
    if isinstance(value, bool | np.bool_):
        return False
    if isinstance(value, int | float | np.number):
        return not value < 0
    return tuple(getattr(value, "shape", (0,))) == ()
