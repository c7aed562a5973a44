"""How much boxes overlap: intersection over union, and its complete form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import kcore_ops as ops
from kcore_ops import config
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import show_shape

from kcore_layers.bounding_boxes.formats import BoxFormat, checked_format, convert_format, is_relative

__all__ = ["compute_ciou", "compute_iou"]


def _in_pixels(boxes: Any, name: str, image_shape: Sequence[int] | None, function: str) -> Any:
    boxes = ops.convert_to_tensor(boxes) if isinstance(boxes, list | tuple) else boxes
    if not is_relative(name):
        return convert_format(boxes, name, "xyxy")  # type: ignore[arg-type]
    if image_shape is None:
        raise ArgumentError(
            f"{name!r} is a relative format, and image_shape is None", fix="pass (height, width, channels)"
        ).at(function)
    is_first = config.image_data_format() == "channels_first" and len(image_shape) == 3
    height, width = tuple(image_shape)[1:] if is_first else tuple(image_shape)[:2]
    return convert_format(boxes, name, "xyxy", height, width)  # type: ignore[arg-type]


def _area(x1: Any, y1: Any, x2: Any, y2: Any) -> Any:
    return (x2 - x1) * (y2 - y1)


def compute_iou(
    boxes1: Tensor,
    boxes2: Tensor,
    bounding_box_format: BoxFormat,
    use_masking: bool = False,
    mask_val: float = -1,
    image_shape: Sequence[int] | None = None,
) -> Tensor:
    """Return the intersection over the union of each box of the one set with each of the other.

    Shapes: boxes are `(m, 4)` and `(n, 4)`, the result `(m, n)`; any of them may have a batch before.

    Args:
        boxes1: tensor `([batch,] m, 4)`.
        boxes2: tensor `([batch,] n, 4)`.
        bounding_box_format: str, the format of both, as `convert_format` takes it.
        use_masking: bool, whether boxes with negative numbers are padding, whose results are `mask_val`; False.
        mask_val: number, the result for padding; -1.
        image_shape: tuple, the shape of the images, for a relative format; None.

    Raises:
        ArgumentError: if there is no such format, or a relative one without `image_shape`.
        ShapeError: if boxes have another number of axes.

    >>> compute_iou(np.array([[0.0, 0, 4, 4]]), np.array([[2.0, 2, 6, 6], [0, 0, 4, 2]]), "xyxy").round(3)
    array([[0.143, 0.5  ]], dtype=float32)
    """
    name = checked_format(bounding_box_format)
    for boxes in (boxes1, boxes2):
        if len(ops.shape(boxes)) not in (2, 3):
            raise ShapeError(
                f"boxes have shape {show_shape(ops.shape(boxes))}", fix="pass (boxes, 4) or (batch, boxes, 4)"
            ).at("compute_iou")
    first, second = (_in_pixels(boxes, name, image_shape, "compute_iou") for boxes in (boxes1, boxes2))
    one = [ops.expand_dims(first[..., i], -1) for i in range(4)]
    other = [ops.expand_dims(second[..., i], -2) for i in range(4)]
    width = ops.maximum(ops.minimum(one[2], other[2]) - ops.maximum(one[0], other[0]), 0.0)
    height = ops.maximum(ops.minimum(one[3], other[3]) - ops.maximum(one[1], other[1]), 0.0)
    shared = width * height
    result = ops.divide(shared, _area(*one) + _area(*other) - shared + config.epsilon())
    if not use_masking:
        return result
    is_padding = ops.logical_or(
        ops.expand_dims(ops.less(ops.max(ops.convert_to_tensor(boxes1), -1), 0), -1),
        ops.expand_dims(ops.less(ops.max(ops.convert_to_tensor(boxes2), -1), 0), -2),
    )
    return ops.where(is_padding, ops.cast(mask_val, "float32"), result)


def compute_ciou(
    boxes1: Tensor, boxes2: Tensor, bounding_box_format: BoxFormat, image_shape: Sequence[int] | None = None
) -> Tensor:
    """Return the complete intersection over union of boxes with those of the same place in the other set.

    It is the intersection over the union, less the distance of the centres, and what the aspect ratios differ by.

    Shapes: both are `(..., 4)`, the result `(...)`.
    Source: Zheng et al. (2020), arXiv:1911.08287, equations 7 to 11.

    Args:
        boxes1: tensor `(..., 4)`.
        boxes2: tensor `(..., 4)`.
        bounding_box_format: str, the format of both, as `convert_format` takes it.
        image_shape: tuple, the shape of the images, for a relative format; None.

    Raises:
        ArgumentError: if there is no such format, or a relative one without `image_shape`.

    >>> compute_ciou(np.array([[0.0, 0, 4, 4]]), np.array([[2.0, 2, 6, 6]]), "xyxy").round(3)
    array([0.032], dtype=float32)
    """
    name = checked_format(bounding_box_format)
    first, second = (_in_pixels(boxes, name, image_shape, "compute_ciou") for boxes in (boxes1, boxes2))
    x1, y1, x2, y2 = (first[..., i] for i in range(4))
    u1, v1, u2, v2 = (second[..., i] for i in range(4))
    epsilon = config.epsilon()
    width1, height1, width2, height2 = x2 - x1, y2 - y1 + epsilon, u2 - u1, v2 - v1 + epsilon
    shared = ops.maximum(ops.minimum(x2, u2) - ops.maximum(x1, u1), 0.0)
    shared = shared * ops.maximum(ops.minimum(y2, v2) - ops.maximum(y1, v1), 0.0)
    iou = ops.divide(shared, width1 * height1 + width2 * height2 - shared + epsilon)
    hull_width = ops.maximum(x2, u2) - ops.minimum(x1, u1)
    hull_height = ops.maximum(y2, v2) - ops.minimum(y1, v1)
    diagonal = ops.square(hull_width) + ops.square(hull_height) + epsilon
    distance = (ops.square(u1 + u2 - x1 - x2) + ops.square(v1 + v2 - y1 - y2)) / 4.0
    ratio = ops.square(ops.arctan(width2 / height2) - ops.arctan(width1 / height1)) * (4.0 / math.pi**2)
    weight = ops.divide(ratio, ratio - iou + (1.0 + epsilon))
    return iou - (distance / diagonal + ratio * weight)
