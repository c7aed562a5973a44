"""What layers that change the colours of pixels have in common: the range of values, and nothing that moves."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops import dtypes
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import show_shape
from kcore_ops.specs.spec import is_unknown

from kcore_layers.layers.augmentation.base_image_preprocessing import BaseImagePreprocessingLayer
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat

__all__ = ["ColourLayer", "checked_value_range"]

# Of red, green and blue in the luma: ITU-R BT.601, section 2.5.1.
_LUMA = (0.2989, 0.587, 0.114)


def checked_value_range(layer: object, value: Any) -> tuple[float, float]:
    """Return the least and greatest value of a pixel.

    Args:
        layer: layer that the error names.
        value: what was passed as `value_range`.

    Raises:
        ArgumentError: if it is no pair of numbers, the lesser one first.
    """
    pair = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ()
    if len(pair) != 2 or not all(isinstance(x, numbers.Real) for x in pair) or not pair[0] < pair[1]:
        raise ArgumentError(
            f"value_range can not be {value!r}", fix="pass the least and greatest value of a pixel, such as (0, 255)"
        ).at(type(layer).__name__)
    return pair


class ColourLayer(BaseImagePreprocessingLayer):
    """Change the colours of images; boxes, masks and labels stay what they are.

    A layer says in `_change_colours` what it does to a batch, in float32 at least.

    Args:
        factor: number, or pair of them, between which the strength of the change is drawn, for layers that take it.
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, and what `Layer` takes.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
    """

    def __init__(
        self,
        factor: float | Sequence[float] | None = None,
        value_range: Sequence[float] = (0, 255),
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self.value_range = checked_value_range(self, value_range)

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        raise NotImplementedError

    def _change_images(self, images: Any, transformation: Any) -> Any:
        kind = ops.dtype(images)
        wide = dtypes.at_least_float32(kind)
        transformation = ops.tree.map_structure(
            lambda x: ops.convert_to_tensor(x) if isinstance(x, np.ndarray) else x, transformation
        )
        changed = self._change_colours(images if kind == wide else ops.cast(images, wide), transformation)
        return changed if ops.dtype(changed) == kind else ops.cast(changed, kind)

    def transform_segmentation_masks(
        self, segmentation_masks: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        """Return the masks as they are, as no pixel moves.

        Args:
            segmentation_masks: tensor, shaped like the images but for the channels.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        return segmentation_masks

    def transform_bounding_boxes(
        self, bounding_boxes: Mapping[str, Any], transformation: Any, training: bool = True
    ) -> Any:
        """Return the boxes as they are, as nothing moves.

        Args:
            bounding_boxes: dict with `"boxes"`, `([batch,] boxes, 4)`, in `bounding_box_format`, and `"labels"`,
                `([batch,] boxes)`.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        self._check_boxes(bounding_boxes)
        return bounding_boxes

    # What is drawn.

    def _one_for_each(self, images: Any) -> tuple[Any, ...]:
        """Return the shape of a number for each image that broadcasts with them."""
        shape = self._shape_of(images)
        return (shape[0], 1, 1, 1) if len(shape) == 4 else (1, 1, 1)

    def _draw_choice(self, images: Any, seed: Any, probability: tuple[float, float]) -> Any:
        """Draw whether each image is changed, with a probability that is drawn from a range itself."""
        least, most = probability
        numbers = self._uniform(seed, (2, self._batch_of(images)))
        return ops.less(numbers[0], numbers[1] * (most - least) + least)

    # What is computed with.

    @staticmethod
    def _per_image(parameter: Any) -> Any:
        """Return a parameter of each image so that it broadcasts with a batch of them."""
        return ops.reshape(parameter, (-1, 1, 1, 1))

    def _within(self, images: Any) -> Any:
        """Return images whose values do not leave the range."""
        return ops.clip(images, *self.value_range)

    def _as_bytes(self, images: Any) -> Any:
        """Return images with values from 0 to 255."""
        least, most = self.value_range
        if (least, most) == (0, 255):
            return ops.clip(images, 0.0, 255.0)
        return ops.clip((images - least) / (most - least) * 255.0, 0.0, 255.0)

    def _from_bytes(self, images: Any) -> Any:
        """Undo `_as_bytes`."""
        least, most = self.value_range
        return images if (least, most) == (0, 255) else images / 255.0 * (most - least) + least

    def _as_fractions(self, images: Any) -> Any:
        """Return images with values from 0 to 1."""
        least, most = self.value_range
        return images if (least, most) == (0, 1) else (images - least) / (most - least)

    def _from_fractions(self, images: Any) -> Any:
        """Undo `_as_fractions`."""
        least, most = self.value_range
        return images if (least, most) == (0, 1) else images * (most - least) + least

    def _check_channels(self, images: Any, allowed: tuple[int, ...] = (3, 1)) -> None:
        """Raise an error unless images have red, green and blue, or one channel where that is allowed."""
        size = images.shape[self.channel_axis]
        if not is_unknown(size) and size not in allowed:
            raise ShapeError(
                f"images of shape {show_shape(images.shape)} have {size} channels, and not "
                f"{' or '.join(map(str, allowed))}",
                fix="pass images in red, green and blue; where channels are is said by data_format",
            )

    def _luma(self, images: Any) -> Any:
        """Return how bright the pixels are, in one channel."""
        self._check_channels(images)
        if not is_unknown(images.shape[self.channel_axis]) and images.shape[self.channel_axis] == 1:
            return images
        red, green, blue = (
            images[:, i : i + 1] if self.channel_axis == -3 else images[..., i : i + 1] for i in range(3)
        )
        return red * _LUMA[0] + green * _LUMA[1] + blue * _LUMA[2]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "value_range": self.value_range}
