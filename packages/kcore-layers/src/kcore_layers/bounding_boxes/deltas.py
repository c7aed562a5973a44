"""What detectors learn in place of boxes: how far each lies from an anchor, in units of the anchor's size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import kcore_ops as ops
import numpy as np
from kcore_ops import config
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import one_of

from kcore_layers.bounding_boxes.formats import BoxFormat, convert_format

__all__ = ["decode_deltas_to_boxes", "encode_box_to_deltas"]

DeltaFormat: TypeAlias = Literal["center_yxhw", "center_xywh"]


def encode_box_to_deltas(
    anchors: Tensor,
    boxes: Tensor,
    anchor_format: BoxFormat,
    box_format: BoxFormat,
    encoding_format: DeltaFormat = "center_yxhw",
    variance: Sequence[float] | None = None,
    image_shape: Sequence[int] | None = None,
) -> Tensor:
    """Return boxes as deltas: distances of the centres by the anchors' sizes, logarithms of the ratios of the sizes.

    Shapes: anchors and boxes are `(..., 4)`, with one another's shape or one that broadcasts, the result likewise.
    Source: Girshick et al. (2014), arXiv:1311.2524, appendix C.

    Args:
        anchors: tensor `(boxes, 4)`, or a batch of such.
        boxes: tensor `(boxes, 4)`, or a batch of such.
        anchor_format: str, the format of the anchors, as `convert_format` takes it.
        box_format: str, the format of the boxes.
        encoding_format: "center_yxhw" or "center_xywh", the order of the deltas; "center_yxhw".
        variance: four numbers that the deltas are divided by; None, none.
        image_shape: tuple, the shape of the images, where one format is relative; None.

    Raises:
        ArgumentError: if there is no such format, the variance is not four numbers, or a shape is missing.

    >>> encode_box_to_deltas(np.array([[0.0, 0, 4, 4]]), np.array([[1.0, 0, 5, 4]]), "xyxy", "xyxy")
    array([[0.  , 0.25, 0.  , 0.  ]], dtype=float32)
    """
    name = _checked("encoding_format", encoding_format, "encode_box_to_deltas")
    scale = _checked_variance(variance, "encode_box_to_deltas")
    height, width = _sizes(image_shape)
    anchors = convert_format(anchors, anchor_format, name, height, width)
    boxes = convert_format(boxes, box_format, name, height, width)
    # Boxes of no size have logarithms, and anchors of none divide.
    least = config.epsilon()
    size, wanted = ops.maximum(anchors[..., 2:], least), ops.maximum(boxes[..., 2:], least)
    deltas = ops.concatenate([(boxes[..., :2] - anchors[..., :2]) / size, ops.log(wanted / size)], axis=-1)
    return deltas if scale is None else ops.divide(deltas, scale)


def decode_deltas_to_boxes(
    anchors: Tensor | Mapping[Any, Tensor],
    boxes_delta: Tensor | Mapping[Any, Tensor],
    anchor_format: BoxFormat,
    box_format: BoxFormat,
    encoded_format: DeltaFormat = "center_yxhw",
    variance: Sequence[float] | None = None,
    image_shape: Sequence[int] | None = None,
) -> Any:
    """Return the boxes that deltas stand for: what `encode_box_to_deltas` does, undone.

    Shapes: anchors and deltas are `(..., 4)`, with one another's shape or one that broadcasts, the result likewise.

    Args:
        anchors: tensor `(boxes, 4)`, or a batch of such; or a dict of them, one for each level of a pyramid.
        boxes_delta: tensor `(boxes, 4)`, or a batch of such; or a dict with the same keys.
        anchor_format: str, the format of the anchors, as `convert_format` takes it.
        box_format: str, the format of the result.
        encoded_format: "center_yxhw" or "center_xywh", the order of the deltas; "center_yxhw".
        variance: four numbers that the deltas are multiplied by; None, none.
        image_shape: tuple, the shape of the images, where one format is relative; None.

    Raises:
        ArgumentError: if there is no such format, the variance is not four numbers, or a shape is missing.

    >>> decode_deltas_to_boxes(np.array([[0.0, 0, 4, 4]]), np.array([[0.0, 0.25, 0, 0]]), "xyxy", "xyxy")
    array([[1., 0., 5., 4.]], dtype=float32)
    """
    name = _checked("encoded_format", encoded_format, "decode_deltas_to_boxes")
    scale = _checked_variance(variance, "decode_deltas_to_boxes")
    height, width = _sizes(image_shape)

    def decoded(anchors: Any, deltas: Any) -> Any:
        anchors = convert_format(anchors, anchor_format, name, height, width)
        deltas = ops.cast(deltas, "float32")
        deltas = deltas if scale is None else ops.multiply(deltas, scale)
        size = anchors[..., 2:]
        boxes = ops.concatenate([deltas[..., :2] * size + anchors[..., :2], ops.exp(deltas[..., 2:]) * size], axis=-1)
        return convert_format(boxes, name, box_format, height, width)

    if not isinstance(anchors, Mapping):
        return decoded(anchors, boxes_delta)
    if not isinstance(boxes_delta, Mapping) or set(boxes_delta) != set(anchors):
        raise ArgumentError(
            "anchors are a dict, and boxes_delta is none with the same keys", fix="pass a dict with the same keys"
        ).at("decode_deltas_to_boxes")
    return {level: decoded(each, boxes_delta[level]) for level, each in anchors.items()}


def _checked(name: str, value: Any, function: str) -> DeltaFormat:
    try:
        return one_of(name, value.lower() if isinstance(value, str) else value, get_args(DeltaFormat))  # type: ignore[return-value]
    except ArgumentError as error:
        raise error.at(function) from None


def _checked_variance(variance: Any, function: str) -> Any:
    if variance is None:
        return None
    numbers = np.asarray(variance, "float32")
    if numbers.shape != (4,):
        raise ArgumentError(f"variance can not be {variance!r}", fix="pass four numbers, or None").at(function)
    return numbers


def _sizes(image_shape: Sequence[int] | None) -> tuple[int | None, int | None]:
    if image_shape is None:
        return None, None
    is_first = config.image_data_format() == "channels_first" and len(image_shape) == 3
    height, width = tuple(image_shape)[1:] if is_first else tuple(image_shape)[:2]
    return height, width
