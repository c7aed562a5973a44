"""What layers that move the pixels of images by an affine map have in common."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, Unpack, get_args

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import one_of

from kcore_layers.layers.augmentation.base_image_preprocessing import BaseImagePreprocessingLayer
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.options.weight_options import checked_number

__all__ = ["FillMode", "Interpolation", "MovingLayer"]

FillMode: TypeAlias = Literal["reflect", "wrap", "constant", "nearest"]
Interpolation: TypeAlias = Literal["nearest", "bilinear"]


class MovingLayer(BaseImagePreprocessingLayer):
    """Read each pixel of the result at another place of the image; subclasses say where.

    Args:
        interpolation: "bilinear" or "nearest", how pixels between others are read.
        fill_value: number, what lies outside of the images if `fill_mode` is "constant".
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        fill_mode: str, what lies outside of the images, one of `_fill_modes`; "constant".
        factor: as `BaseImagePreprocessingLayer` takes it; None.
        **kwargs: as `BaseImagePreprocessingLayer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
    """

    _fill_modes: tuple[str, ...] = get_args(FillMode)

    def __init__(
        self,
        interpolation: str,
        fill_value: float,
        seed: int | None,
        data_format: DataFormat | None,
        fill_mode: str = "constant",
        factor: Any = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(factor, data_format=data_format, **kwargs)
        try:
            self.fill_mode = one_of("fill_mode", fill_mode, self._fill_modes)
            self.interpolation = one_of("interpolation", interpolation, get_args(Interpolation))
        except ArgumentError as error:
            raise error.at(type(self).__name__) from None
        self.fill_value = checked_number(self, "fill_value", fill_value)
        self._set_seed(seed)

    def _map(self, transformation: Any, height: Any, width: Any) -> Any:
        """Return what the op `affine_transform` takes, a row of eight numbers for each image."""
        raise NotImplementedError

    def _change_images(self, images: Any, transformation: Any) -> Any:
        return self._moved(images, transformation, self.interpolation)

    def _change_masks(self, masks: Any, transformation: Any) -> Any:
        return self._moved(masks, transformation, "nearest")

    def _moved(self, images: Any, transformation: Any, interpolation: str) -> Any:
        sizes = ops.shape(images)
        height, width = (as_number(sizes[axis]) for axis in (self.height_axis, self.width_axis))
        return ops.image.affine_transform(
            images,
            self._map(transformation, height, width),
            interpolation,
            self.fill_mode,
            self.fill_value,
            self.data_format,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {
            "fill_mode": self.fill_mode,
            "interpolation": self.interpolation,
            "seed": self.seed,
            "fill_value": self.fill_value,
        }
        return {**super().get_config(), **own}


def as_number(size: Any) -> Any:
    """Return a size as a float: Python's, or a tensor where only the running graph knows it.

    Args:
        size: int, or scalar tensor.
    """
    return float(size) if isinstance(size, int) else ops.cast(size, "float32")


def rows_of(*columns: Any) -> Any:
    """Return tensors `(batch,)` and numbers as the columns of a float32 tensor `(batch, count)`.

    Args:
        *columns: tensors `(batch,)`, of which there is one at least, and numbers.
    """
    like = next(each for each in columns if hasattr(each, "shape"))
    zeros = ops.zeros_like(like)
    return ops.stack([each if hasattr(each, "shape") and len(each.shape) else zeros + each for each in columns], -1)


def enclosing(left: Any, top: Any, right: Any, bottom: Any, moved: Any) -> Any:
    """Return the upright boxes around boxes whose corners are moved.

    Args:
        left: tensor `(batch, boxes)`, the left edge of each.
        top: tensor `(batch, boxes)`, the upper edges.
        right: tensor `(batch, boxes)`, the right edges.
        bottom: tensor `(batch, boxes)`, the lower edges.
        moved: function from columns and rows of points to those that they come to.
    """
    x, y = moved(ops.stack([left, right, right, left], -1), ops.stack([top, top, bottom, bottom], -1))
    return ops.stack([ops.min(x, -1), ops.min(y, -1), ops.max(x, -1), ops.max(y, -1)], -1)
