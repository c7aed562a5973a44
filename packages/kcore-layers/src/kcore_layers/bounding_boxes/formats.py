"""Formats of bounding boxes: which four numbers say where one lies, and from one format to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast, get_args

import kcore_ops as ops
from kcore_ops.dtypes import is_float_dtype, standardize_dtype
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import show_shape

from kcore_layers.options.argument_types import DTypeLike

__all__ = ["convert_format"]

BoxFormat: TypeAlias = Literal[
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"
]

_HEIGHT_FIRST = ("yxyx", "center_yxhw")


def convert_format(
    boxes: Any,
    source: BoxFormat,
    target: BoxFormat,
    height: Tensor | None = None,
    width: Tensor | None = None,
    dtype: DTypeLike = "float32",
) -> Any:
    """Return boxes in another format.

    In a format's name `x` and `y` are places along the width and the height: of the left and upper edge first, then of
    the right and lower one, or once, of the centre, after `center_`. `w` and `h` are the width and height of the box.
    Numbers are pixels; after `rel_` they are fractions of the image's width or height.

    Shapes: boxes are `(..., 4)`, the result likewise.

    Args:
        boxes: tensor `(..., 4)`, or a dict that has it as `"boxes"`; the rest of a dict is kept.
        source: str, the format of the boxes: "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy",
            "rel_yxyx", "rel_xywh" or "rel_center_xywh".
        target: str, the format wanted, one of the same.
        height: number or scalar tensor, the height of the image in pixels; None, where neither format is relative, or
            both are the same.
        width: number or scalar tensor, the width of the image in pixels; None likewise.
        dtype: floating dtype or its name, that of the result; "float32". For any other it is "float32".

    Raises:
        ArgumentError: if there is no such format, or a size is missing.
        ShapeError: if boxes are not `(..., 4)`.

    >>> convert_format(np.array([[2.0, 4.0, 6.0, 12.0]]), "xyxy", "rel_center_xywh", height=16, width=8)
    array([[0.5, 0.5, 0.5, 0.5]], dtype=float32)
    """
    if isinstance(boxes, Mapping):
        converted = convert_format(boxes["boxes"], source, target, height, width, dtype)
        return {**boxes, "boxes": converted}
    old, new = checked_format(source, "source"), checked_format(target, "target")
    if isinstance(boxes, list | tuple):
        boxes = ops.convert_to_tensor(boxes)
    if not boxes.shape or boxes.shape[-1] != 4:
        raise ShapeError(
            f"boxes have shape {show_shape(boxes.shape)}", fix="pass (..., 4), four numbers for each box"
        ).at("convert_format")
    kind = standardize_dtype(dtype)
    boxes = ops.cast(boxes, kind if is_float_dtype(kind) else "float32")
    if old == new:
        return boxes
    if (is_relative(old) or is_relative(new)) and (height is None or width is None):
        raise ArgumentError(
            f"from {old!r} to {new!r} with height={height} and width={width}: a relative format needs both",
            fix="pass the height and width of the image in pixels",
        ).at("convert_format")
    left, top, right, bottom = edges(boxes, old)
    if is_relative(old) and not is_relative(new):
        left, right, top, bottom = left * width, right * width, top * height, bottom * height
    elif is_relative(new) and not is_relative(old):
        left, right, top, bottom = left / width, right / width, top / height, bottom / height
    return of_edges(left, top, right, bottom, new)


def is_relative(name: str) -> bool:
    """Return whether the numbers of a format are fractions of the image's size."""
    return name.startswith("rel_")


def checked_format(value: Any, name: str = "bounding_box_format") -> BoxFormat:
    """Return the name of a format, which may be written in capitals, in small letters.

    Args:
        value: what was passed.
        name: str, the argument that the error names; "bounding_box_format".

    Raises:
        ArgumentError: if there is no such format.
    """
    found = value.lower() if isinstance(value, str) else value
    if found not in get_args(BoxFormat):
        raise ArgumentError(
            f"{name} can not be {value!r}", fix=f"use one of {', '.join(map(repr, get_args(BoxFormat)))}"
        )
    return cast(BoxFormat, found)


def edges(boxes: Any, name: str) -> tuple[Any, Any, Any, Any]:
    """Return the left, upper, right and lower edges of boxes, each `(..., 1)`, in the unit of their format."""
    a, b, c, d = (boxes[..., i : i + 1] for i in range(4))
    place = name.removeprefix("rel_")
    if place in _HEIGHT_FIRST:
        a, b, c, d = b, a, d, c
    if place in ("xyxy", "yxyx"):
        return a, b, c, d
    if place == "xywh":
        return a, b, a + c, b + d
    return a - c / 2, b - d / 2, a + c / 2, b + d / 2


def of_edges(left: Any, top: Any, right: Any, bottom: Any, name: str) -> Any:
    """Return the boxes of a format that have these edges, each `(..., 1)`."""
    place = name.removeprefix("rel_")
    a, b, c, d = left, top, right, bottom
    if place == "xywh":
        c, d = right - left, bottom - top
    elif place.startswith("center"):
        a, b, c, d = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
    if place in _HEIGHT_FIRST:
        a, b, c, d = b, a, d, c
    return ops.concatenate([a, b, c, d], axis=-1)
