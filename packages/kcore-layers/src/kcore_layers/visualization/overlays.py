"""What is known of pictures drawn on them: boxes around objects, and the classes of pixels in colours."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import kcore_ops as ops
import numpy as np
from kcore_ops import Tensor, config
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError, located

from kcore_layers.bounding_boxes.formats import convert_format
from kcore_layers.images.pillow import pillow

__all__ = ["as_pictures", "draw_bounding_boxes", "draw_segmentation_masks"]

_Array: TypeAlias = np.ndarray[Any, Any]
Colour: TypeAlias = tuple[int, int, int]
DataFormat: TypeAlias = Literal["channels_last", "channels_first"] | None

# The height of letters in pixels where the font's scale is 1, as OpenCV's font has it.
_LETTER_HEIGHT = 22


def _to_numpy(x: Any) -> _Array:
    return np.asarray(ops.convert_to_numpy(x) if ops.is_tensor(x) else x)


def as_pictures(
    images: Any, data_format: str | None, value_range: tuple[float, float] = (0, 255), name: str = "images"
) -> _Array:
    """Return a batch of pictures as bytes, channels last; a grey one gets three channels.

    Args:
        images: array or tensor, (batch, height, width, channels), or with the channels first.
        data_format: where the channels are, None for `config.image_data_format()`.
        value_range: the numbers that stand for black and white.
        name: what they are called, for messages.

    Raises:
        ShapeError: if they are no batch of pictures.
    """
    x = _to_numpy(images)
    if x.ndim != 4:
        raise ShapeError(
            f"{name} of shape {x.shape} have {x.ndim} axes", fix="pass a batch of pictures, with four axes"
        )
    if config.standardize_data_format(data_format) == "channels_first":
        x = x.transpose(0, 2, 3, 1)
    if x.shape[-1] not in (1, 3):
        raise ShapeError(f"{name} have {x.shape[-1]} channels", fix="pass pictures of 1 or 3 channels, in their place")
    low, high = value_range
    if (low, high) != (0, 255):
        x = (x.astype("float32") - low) * (255 / (high - low))
    return np.broadcast_to(np.clip(x, 0, 255).astype("uint8"), (*x.shape[:3], 3)).copy()


def draw_bounding_boxes(
    images: Tensor,
    bounding_boxes: Mapping[str, Tensor],
    bounding_box_format: str,
    class_mapping: Mapping[int, str] | None = None,
    color: Colour = (128, 128, 128),
    line_thickness: int = 2,
    text_thickness: int = 1,
    font_scale: float = 1.0,
    data_format: DataFormat = None,
) -> np.ndarray[Any, Any]:
    """Return pictures with boxes drawn on them, and what is in each.

    Shapes: `images` is (batch, height, width, channels), or has its channels first; the result has them last. Dtype:
    uint8, of numbers from 0 to 255.

    Args:
        images: array or tensor, the pictures, of 1 or 3 channels from 0 to 255.
        bounding_boxes: dict of "boxes", (batch, number, 4), "labels", (batch, number), the class of each, -1 for no
            box, and maybe "confidences", (batch, number).
        bounding_box_format: str, the format of the boxes, one of those that `bounding_boxes.convert_format` takes.
        class_mapping: dict or None, the names of classes, of which those that it has are written above their boxes,
            None for none; None.
        color: tuple of three ints, the red, green and blue of the lines and letters, from 0 to 255; (128, 128, 128).
        line_thickness: int, the width of the lines in pixels; 2.
        text_thickness: int, the boldness of the letters, 1 for thin ones; 1.
        font_scale: float, the size of the letters, 1 for 22 pixels; 1.0.
        data_format: "channels_last", "channels_first" or None, where the channels are, None for
            `config.image_data_format()`; None.

    Raises:
        ArgumentTypeError: if `bounding_boxes` is no dict of boxes and labels.
        ArgumentError: if there is no such format of boxes, or layout.
        ShapeError: if pictures, boxes and labels do not fit together.
        MissingDependency: if Pillow is not installed.
    """
    with located("draw_bounding_boxes"):
        image_module, draw_module = pillow("Image", "draw_bounding_boxes"), pillow("ImageDraw", "draw_bounding_boxes")
        font = pillow("ImageFont", "draw_bounding_boxes").load_default(max(_LETTER_HEIGHT * font_scale, 1))
        if not isinstance(bounding_boxes, Mapping) or not {"boxes", "labels"} <= set(bounding_boxes):
            raise ArgumentTypeError(
                "bounding_boxes are no dict of boxes and labels", fix='pass {"boxes": ..., "labels": ...}'
            )
        pictures = as_pictures(images, data_format)
        height, width = pictures.shape[1:3]
        format: Any = bounding_box_format  # which convert_format checks
        given: Any = convert_format(
            _to_numpy(bounding_boxes["boxes"]).astype("float32"),
            format,
            "xyxy",
            height,
            width,
        )
        boxes, labels = _to_numpy(given), _to_numpy(bounding_boxes["labels"])
        confidences = bounding_boxes.get("confidences")
        confidences = None if confidences is None else _to_numpy(confidences)
        if boxes.shape[:-1] != labels.shape or boxes.shape[:1] != pictures.shape[:1] or boxes.ndim != 3:
            raise ShapeError(
                f"{len(pictures)} pictures, boxes of shape {boxes.shape} and labels of shape {labels.shape} do not fit",
                fix="pass boxes of (batch, number, 4), and labels of (batch, number)",
            )
        for i, pixels in enumerate(pictures):
            picture = image_module.fromarray(pixels)
            pen = draw_module.Draw(picture)
            for j, (box, label) in enumerate(zip(boxes[i], labels[i], strict=True)):
                if label == -1:
                    continue
                corners = [round(float(number)) for number in box]
                _draw_box(pen, corners, tuple(color), line_thickness)
                name = (class_mapping or {}).get(int(label))
                if name is not None:
                    text = str(name) if confidences is None else f"{name} | {float(confidences[i, j]):.2f}"
                    _write_above(pen, corners, text, font, tuple(color), text_thickness)
            pictures[i] = np.asarray(picture)
        return pictures


def _draw_box(pen: Any, corners: list[int], colour: tuple[int, ...], thickness: int) -> None:
    """Draw a box whose lines have their middles on its edges."""
    left, right = sorted(corners[0::2])
    top, bottom = sorted(corners[1::2])
    half = thickness // 2
    pen.rectangle((left - half, top - half, right + half, bottom + half), outline=colour, width=max(thickness, 1))


def _write_above(pen: Any, corners: list[int], text: str, font: Any, colour: tuple[int, ...], thickness: int) -> None:
    stroke = max(thickness - 1, 0)
    left, top, _, bottom = pen.textbbox((0, 0), text, font=font, stroke_width=stroke)
    x, y = min(corners[0::2]), max(min(corners[1::2]) - (bottom - top) - 4, 0)
    pen.text((x - left, y - top), text, fill=colour, font=font, stroke_width=stroke)


def draw_segmentation_masks(
    images: Tensor,
    segmentation_masks: Tensor,
    num_classes: int | None = None,
    color_mapping: Mapping[int, Colour] | None = None,
    alpha: float = 0.8,
    blend: bool = True,
    ignore_index: int = -1,
    data_format: DataFormat = None,
) -> np.ndarray[Any, Any]:
    """Return pictures with the class of each pixel as a colour over it.

    Shapes: `images` is (batch, height, width, channels), or has its channels first; masks are (batch, height, width),
    with an axis of 1 where pictures have channels, or without. The result has its channels last. Dtype: uint8, of
    numbers from 0 to 255.

    Args:
        images: array or tensor, the pictures, of 1 or 3 channels from 0 to 255.
        segmentation_masks: array or tensor of ints, the class of each pixel.
        num_classes: int or None, the number of classes, None for one more than the largest in the masks; None.
        color_mapping: dict or None, the red, green and blue of each class, None for black for class 0, and for the
            others colours that are far apart; None.
        alpha: float, how much of the result is the colour, from 0 to 1; 0.8.
        blend: bool, whether colours are mixed with the pictures rather than put over them; True.
        ignore_index: int, the class of pixels that stay as they are; -1.
        data_format: "channels_last", "channels_first" or None, where the channels are, None for
            `config.image_data_format()`; None.

    Raises:
        DTypeError: if the masks are no integers.
        ArgumentError: if a class has no colour, or there is no such layout.
        ShapeError: if pictures and masks do not fit together.

    >>> masks = np.array([[[0, 1]]])
    >>> colours = {0: (0, 0, 0), 1: (255, 0, 0)}
    >>> draw_segmentation_masks(np.full((1, 1, 2, 3), 100), masks, color_mapping=colours, alpha=0.5)
    array([[[[ 50,  50,  50],
             [177,  50,  50]]]], dtype=uint8)
    """
    with located("draw_segmentation_masks"):
        pictures = as_pictures(images, data_format)
        masks = _to_numpy(segmentation_masks)
        if masks.dtype.kind not in "iub":
            raise DTypeError(f"masks of {masks.dtype.name} are no classes", fix="pass integers")
        if masks.ndim == 4:
            axis = 1 if config.standardize_data_format(data_format) == "channels_first" else 3
            masks = masks.squeeze(axis) if masks.shape[axis] == 1 else masks
        if masks.shape != pictures.shape[:3]:
            raise ShapeError(
                f"pictures of {pictures.shape[:3]} and masks of shape {masks.shape} do not fit",
                fix="pass a class for each pixel, (batch, height, width)",
            )
        masks = masks.astype("int64")
        is_drawn = masks != ignore_index
        classes = np.unique(masks[is_drawn])
        count = (int(classes.max()) + 1 if classes.size else 0) if num_classes is None else num_classes
        colours = dict(enumerate(_colours(count))) if color_mapping is None else dict(color_mapping)
        for each in classes.tolist():
            if each not in colours:
                raise ArgumentError(f"class {each} has no colour", fix="give it one, or pass a larger num_classes")
        table = np.array([colours[each] for each in classes.tolist()], "float32").reshape(-1, 3)
        painted = table[np.searchsorted(classes, masks[is_drawn])] if classes.size else np.zeros((0, 3), "float32")
        below = pictures[is_drawn].astype("float32")
        pictures[is_drawn] = (alpha * painted + (1 - alpha) * below if blend else painted).astype("uint8")
        return pictures


def _colours(count: int) -> list[Colour]:
    """Return black, and hues that go on by the golden ratio of a circle: however many, neighbours are far apart."""
    hues = [(i * 0.618034) % 1 for i in range(1, count)]
    bright = [colorsys.hsv_to_rgb(hue, 0.85, 0.95) for hue in hues]
    return [(0, 0, 0), *((round(255 * r), round(255 * g), round(255 * b)) for r, g, b in bright)][:count]
