"""Arguments of augmentation that are a range: between which numbers something is drawn."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any, TypeAlias

from kcore_ops.foundation.errors import ArgumentError

__all__ = ["Factor", "checked_factor", "checked_value_range"]

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
        value: number, or pair of them.
        bounds: pair of numbers, what is given has to lie between; (-1, 1).

    Raises:
        ArgumentError: if it is no such range.
    """
    least, most = bounds
    given = [value] if _is_number(value) else value
    if not isinstance(given, list | tuple) or len(given) > 2 or not given or not all(map(_is_number, given)):
        raise ArgumentError(f"{name} can not be {value!r}", fix="pass a number, or the least and greatest one").at(
            type(layer).__name__
        )
    if not all(least <= each <= most for each in given):
        raise ArgumentError(f"{name} can not be {value!r}", fix=f"pass numbers from {least:g} to {most:g}").at(
            type(layer).__name__
        )
    if len(given) == 2:
        return min(given), max(given)
    size = abs(given[0])
    return max(-size, least), size


def checked_value_range(layer: object, value: Any) -> tuple[float, float]:
    """Return the numbers that the values of images lie between.

    Args:
        layer: layer that the error names.
        value: what was passed as `value_range`.

    Raises:
        ArgumentError: if it is no pair of numbers, the lesser one first.
    """
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(map(_is_number, value)) or value[0] > value[1]:
        raise ArgumentError(f"value_range can not be {value!r}", fix="pass the least and greatest value").at(
            type(layer).__name__
        )
    return value[0], value[1]


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
