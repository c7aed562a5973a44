"""Boxes that end where the image does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kcore_ops as ops
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError

from kcore_layers.bounding_boxes.formats import BoxFormat, checked_format, edges, is_relative, of_edges

__all__ = ["clip_to_image_size"]


def clip_to_image_size(
    bounding_boxes: Mapping[str, Any],
    height: Tensor | None = None,
    width: Tensor | None = None,
    bounding_box_format: BoxFormat = "xyxy",
) -> dict[str, Any]:
    """Return boxes without what lies outside of the image; boxes of which nothing is left get the label -1.

    Args:
        bounding_boxes: dict with `"boxes"`, a tensor `(..., boxes, 4)`, and it may be `"labels"`,
            `(..., boxes)`; the rest is kept.
        height: number or scalar tensor, the height of the image in pixels; None for a relative format.
        width: number or scalar tensor, the width of the image in pixels; None for a relative format.
        bounding_box_format: str, the format of the boxes, as `convert_format` takes it; "xyxy".

    Raises:
        ArgumentError: if there is no such format, or a size is missing.
        ArgumentTypeError: if `bounding_boxes` is no dict.

    >>> clip_to_image_size({"boxes": np.array([[-1.0, 2.0, 5.0, 9.0]]), "labels": np.array([7])}, 8, 8)["boxes"]
    array([[0., 2., 5., 8.]], dtype=float32)
    """
    name = checked_format(bounding_box_format)
    if not isinstance(bounding_boxes, Mapping) or "boxes" not in bounding_boxes:
        raise ArgumentTypeError(
            f"bounding_boxes is a {type(bounding_boxes).__name__}", fix='pass a dict with "boxes" and "labels"'
        ).at("clip_to_image_size")
    if is_relative(name):
        height = width = 1
    elif height is None or width is None:
        raise ArgumentError(
            f"height={height} and width={width}: for boxes in pixels, {name!r}, both are needed",
            fix="pass the height and width of the image in pixels",
        ).at("clip_to_image_size")
    boxes = ops.convert_to_tensor(bounding_boxes["boxes"], "float32")
    left, top, right, bottom = edges(boxes, name)
    left, right = (ops.clip(x, 0, ops.cast(width, "float32")) for x in (left, right))
    top, bottom = (ops.clip(y, 0, ops.cast(height, "float32")) for y in (top, bottom))
    result = {**bounding_boxes, "boxes": of_edges(left, top, right, bottom, name)}
    if bounding_boxes.get("labels") is not None:
        labels = ops.convert_to_tensor(bounding_boxes["labels"])
        is_left = ops.greater(ops.multiply(right - left, bottom - top)[..., 0], 0)
        result["labels"] = ops.where(is_left, labels, ops.cast(-1, ops.dtype(labels)))
    return result
