"""Rectangles in images, as masks."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops

__all__ = ["rectangle_masks"]


def rectangle_masks(sizes: tuple[Any, Any], sides: tuple[Any, Any], places: tuple[Any, Any]) -> Any:
    """Return whether each pixel lies in its image's rectangle, bool `(batch, height, width)`.

    Args:
        sizes: height and width of the images, in pixels.
        sides: height and width of the rectangles as fractions of those, `(batch,)` each.
        places: numbers from 0 to 1, `(batch,)` each, where the rectangles are: 0 is up and left, 1 down and right.
    """
    rows, columns = (_spans(size, side, place) for size, side, place in zip(sizes, sides, places, strict=True))
    return ops.logical_and(ops.expand_dims(rows, 2), ops.expand_dims(columns, 1))


def _spans(size: Any, side: Any, place: Any) -> Any:
    """Return whether each pixel along an axis lies in the spans, bool `(batch, size)`."""
    pixels = ops.cast(ops.arange(size), "float32")
    whole = ops.cast(size, "float32")
    length = side * whole
    start = place * (whole - length)
    first, last = (ops.expand_dims(ops.floor(edge), 1) for edge in (start, start + length))
    return ops.logical_and(ops.greater_equal(pixels, first), ops.less(pixels, last))
