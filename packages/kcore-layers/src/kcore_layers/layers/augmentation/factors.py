"""Arguments of augmentation that are a range: between which numbers something is drawn."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any, TypeAlias

from kcore_ops.foundation.errors import ArgumentError

__all__ = ["Factor", "checked_factor"]

# A number, or the least and greatest one.
Factor: TypeAlias = float | Sequence[float]


def checked_factor(
    layer: object, name: str, value: Any, bounds: tuple[float, float] = (-1.0, 1.0)
) -> tuple[float, float]:
    """Return the least and greatest number that are drawn.

    A number `f` stands for the range from `-f` to `f`, or from the lower bound if that is greater.

    Args:
        layer: layer that the error names.
        name: str, the name of the argument.
        value: number, or pair of them in order.
        bounds: pair of numbers, what the range has to lie between; (-1, 1).

    Raises:
        ArgumentError: if it is no such range.
    """
    least, most = bounds
    if _is_number(value):
        low, high = max(-abs(value), least), abs(value)
    elif isinstance(value, Sequence) and len(value) == 2 and all(map(_is_number, value)):
        low, high = value
    else:
        raise ArgumentError(f"{name} can not be {value!r}", fix="pass a number, or the least and greatest one").at(
            type(layer).__name__
        )
    if not least <= low <= high <= most:
        raise ArgumentError(
            f"{name} can not be {value!r}", fix=f"pass numbers from {least:g} to {most:g}, the lesser one first"
        ).at(type(layer).__name__)
    return low, high


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
