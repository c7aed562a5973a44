"""Where boxes are once an image was cropped, padded, or moved by an affine map."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError

__all__ = ["affine_transform", "crop", "pad"]

# What these take: edges in pixels. `convert_format` makes it of any other format.
EdgeFormat: TypeAlias = Literal["xyxy"]


def _check_format(name: Any, function: str) -> None:
    if not isinstance(name, str) or name.lower() != "xyxy":
        raise ArgumentError(
            f"bounding_box_format can not be {name!r} here",
            fix="convert_format(boxes, source, 'xyxy', height, width) before, and back after",
        ).at(function)


def _edges(boxes: Any) -> tuple[Any, Any, Any, Any]:
    boxes = ops.convert_to_tensor(boxes, "float32")
    left, top, right, bottom = (boxes[..., i : i + 1] for i in range(4))
    return left, top, right, bottom


def crop(
    boxes: Tensor, top: Tensor, left: Tensor, height: Tensor, width: Tensor, bounding_box_format: EdgeFormat = "xyxy"
) -> Tensor:
    """Return boxes as they lie in a part of the image, without what is outside of it.

    Shapes: boxes are `(..., 4)`, the result likewise.

    Args:
        boxes: tensor `(..., 4)`, edges in pixels.
        top: number, the row of the image at which the part begins.
        left: number, the column at which it begins.
        height: number of rows of the part.
        width: number of columns of the part.
        bounding_box_format: "xyxy", the only one.

    Raises:
        ArgumentError: for another format.

    >>> crop(np.array([[2.0, 3.0, 8.0, 9.0]]), top=4, left=1, height=3, width=10)
    array([[1., 0., 7., 3.]], dtype=float32)
    """
    _check_format(bounding_box_format, "crop")
    x1, y1, x2, y2 = _edges(boxes)
    x1, x2 = (ops.clip(x - left, 0, width) for x in (x1, x2))
    y1, y2 = (ops.clip(y - top, 0, height) for y in (y1, y2))
    return ops.concatenate([x1, y1, x2, y2], axis=-1)


def pad(
    boxes: Tensor,
    top: Tensor,
    left: Tensor,
    height: Tensor | None = None,
    width: Tensor | None = None,
    bounding_box_format: EdgeFormat = "xyxy",
) -> Tensor:
    """Return boxes as they lie in an image that has got rows above and columns to the left.

    Shapes: boxes are `(..., 4)`, the result likewise.

    Args:
        boxes: tensor `(..., 4)`, edges in pixels.
        top: number of rows above.
        left: number of columns to the left.
        height: not used: edges in pixels do not depend on it; None.
        width: not used; None.
        bounding_box_format: "xyxy", the only one.

    Raises:
        ArgumentError: for another format.

    >>> pad(np.array([[2.0, 3.0, 8.0, 9.0]]), top=4, left=1)
    array([[ 3.,  7.,  9., 13.]], dtype=float32)
    """
    _check_format(bounding_box_format, "pad")
    x1, y1, x2, y2 = _edges(boxes)
    return ops.concatenate([x1 + left, y1 + top, x2 + left, y2 + top], axis=-1)


def affine_transform(
    boxes: Tensor,
    angle: Tensor,
    translate_x: Tensor,
    translate_y: Tensor,
    scale: Tensor,
    shear_x: Tensor,
    shear_y: Tensor,
    height: Tensor,
    width: Tensor,
    center_x: Tensor | None = None,
    center_y: Tensor | None = None,
    bounding_box_format: EdgeFormat = "xyxy",
) -> Tensor:
    """Return the upright boxes around boxes that are moved, turned, sheared and scaled with their image.

    A point is first moved, then turned about the centre, then sheared, then scaled. Places are those of pixels: the
    last column is at `width - 1`.

    Shapes: boxes are `(batch, boxes, 4)`, or `(boxes, 4)` for one image; all other tensors are `(batch,)`, or numbers.

    Args:
        boxes: tensor `(batch, boxes, 4)`, edges in pixels.
        angle: tensor `(batch,)`, degrees, counterclockwise.
        translate_x: tensor `(batch,)`, to the right, as a fraction of `width - 1`.
        translate_y: tensor `(batch,)`, down, as a fraction of `height - 1`.
        scale: tensor `(batch,)`, the factor of the size.
        shear_x: tensor `(batch,)`, degrees by which upright lines come to lean.
        shear_y: tensor `(batch,)`, degrees by which level lines do.
        height: number, the height of the image in pixels.
        width: number, the width of the image in pixels.
        center_x: tensor `(batch,)`, the centre, as a fraction of `width - 1`; None, the middle.
        center_y: tensor `(batch,)`, the centre, as a fraction of `height - 1`; None, the middle.
        bounding_box_format: "xyxy", the only one.

    Raises:
        ArgumentError: for another format.

    >>> around = affine_transform(np.array([[2.0, 2.0, 4.0, 3.0]]), 90.0, 0.0, 0.0, 1.0, 0.0, 0.0, height=9, width=9)
    >>> around.round(3)
    array([[2., 4., 3., 6.]], dtype=float32)
    """
    _check_format(bounding_box_format, "affine_transform")
    x1, y1, x2, y2 = _edges(boxes)
    x, y = ops.concatenate([x1, x2, x2, x1], axis=-1), ops.concatenate([y1, y1, y2, y2], axis=-1)

    def along(value: Any) -> Any:
        """Return a number for each image such that it goes with `(batch, boxes, corners)`."""
        value = ops.convert_to_tensor(value, "float32")
        return ops.reshape(value, (-1, 1, 1)) if value.shape else value

    last_column, last_row = ops.cast(width, "float32") - 1.0, ops.cast(height, "float32") - 1.0
    x0 = along(0.5 if center_x is None else center_x) * last_column
    y0 = along(0.5 if center_y is None else center_y) * last_row
    x, y = x + along(translate_x) * last_column - x0, y + along(translate_y) * last_row - y0
    radians = along(angle) * (math.pi / 180.0)
    cosine, sine = ops.cos(radians), ops.sin(radians)
    lean_x, lean_y = (ops.tan(along(lean) * (math.pi / 180.0)) for lean in (shear_x, shear_y))
    # The rows of the matrix as Keras has them; without a turn, or without `shear_x`, it is the product of the parts.
    down_x, down_y = lean_y * cosine - sine, lean_y * sine + cosine
    right_x, right_y = cosine - lean_x * down_x, sine + lean_x * down_y
    x, y = x0 + along(scale) * (right_x * x + right_y * y), y0 + along(scale) * (down_x * x + down_y * y)
    sides = ops.min(x, -1), ops.min(y, -1), ops.max(x, -1), ops.max(y, -1)
    return ops.stack(sides, axis=-1)
