"""`CenterCrop` and `RandomCrop`: parts of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops.engine.op import Tensor

from kcore_layers.layers.augmentation.base_image_preprocessing import BaseImagePreprocessingLayer
from kcore_layers.layers.augmentation.options import ImageLayerOptions, ImageLayerOptionsBesideName
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.registry import builtin

__all__ = ["CenterCrop", "RandomCrop"]


def _least(a: Any, b: Any) -> Any:
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else ops.minimum(a, b)


def _chosen(condition: Any, this: Any, other: Any) -> Any:
    """Return one of two sizes, by a condition that may be known to the running graph only."""
    if isinstance(condition, bool):
        return this if condition else other
    return ops.where(condition, this, other)


class _Start(tuple[Any, ...]):
    """The row and column at which a part of images begins, and the size of the images."""

    sizes: tuple[Any, Any]

    def __new__(cls, start: tuple[Any, Any], sizes: tuple[Any, Any]) -> _Start:
        """Make one of the two pairs."""
        made = super().__new__(cls, start)
        made.sizes = sizes
        return made


class _Crop(BaseImagePreprocessingLayer):
    """A part of each image, resized where the image is too small for it."""

    def __init__(self, height: int, width: int, data_format: DataFormat | None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height = checked_count(self, "height", height)
        self.width = checked_count(self, "width", width)

    def _fits(self, height: Any, width: Any) -> Any:
        """Return whether images of a size are large enough."""
        if isinstance(height, int) and isinstance(width, int):
            return height >= self.height and width >= self.width
        return ops.logical_and(ops.greater_equal(height, self.height), ops.greater_equal(width, self.width))

    def _window(self, height: Any, width: Any) -> tuple[Any, Any, Any, Any]:
        """Return the largest part around the centre that has the aspect ratio wanted: where it begins, and its size."""
        rows = _least(width * self.height // self.width, height)
        columns = _least(height * self.width // self.height, width)
        return (height - rows) // 2, (width - columns) // 2, rows, columns

    def _part(self, transformation: Any, height: Any, width: Any) -> tuple[Any, Any, Any, Any]:
        """Return the part of an image of a size that is kept: its first row and column, and how many."""
        raise NotImplementedError

    def _change_images(self, images: Any, transformation: Any) -> Any:
        return self._cut(images, transformation, "bilinear")

    def _change_masks(self, masks: Any, transformation: Any) -> Any:
        return self._cut(masks, transformation, "nearest")

    def _cut(self, images: Any, transformation: Any, interpolation: str) -> Any:
        sizes = ops.shape(images)
        top, left, rows, columns = self._part(transformation, sizes[self.height_axis], sizes[self.width_axis])
        for axis, start, count in ((self.height_axis, top, rows), (self.width_axis, left, columns)):
            if isinstance(start, int) and isinstance(count, int):
                key: list[Any] = [slice(None)] * 4
                key[axis] = slice(start, start + count)
                images = images[tuple(key)]
            else:
                images = ops.take(images, ops.arange(count) + ops.cast(start, "int32"), axis=axis)
        if isinstance(rows, int) and isinstance(columns, int) and (rows, columns) == (self.height, self.width):
            return images
        return ops.image.resize(
            images, (self.height, self.width), interpolation=interpolation, data_format=self.data_format
        )

    def _change_boxes(self, boxes: Any, sizes: tuple[Any, Any], transformation: Any) -> Any:
        top, left, rows, columns = (ops.cast(each, "float32") for each in self._part(transformation, *sizes))
        down, right = self.height / rows, self.width / columns
        return (boxes - ops.stack([left, top, left, top])) * ops.stack([right, down, right, down])

    def _sizes_after(self, transformation: Any) -> tuple[Any, Any]:
        return self.height, self.width

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "height": self.height, "width": self.width}


@builtin("keras.layers")
class CenterCrop(_Crop):
    """Keep the middle of each image, also while nothing is trained.

    Of an image that is too small for it, the largest part around the middle that has the aspect ratio is resized.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too.

    Args:
        height: int, the height of the part, in pixels.
        width: int, the width of the part, in pixels.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes as `convert_format` takes it, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> CenterCrop(1, 2)(np.arange(12.0).reshape(3, 4, 1)).ravel()
    array([5., 6.], dtype=float32)
    """

    _is_deterministic: ClassVar[bool] = True

    def __init__(
        self, height: int, width: int, data_format: DataFormat | None = None, **kwargs: Unpack[ImageLayerOptions]
    ) -> None:
        super().__init__(height, width, data_format, **kwargs)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        return {"input_shape": self._shape_of(images)}

    def transform_images(self, images: Tensor, transformation: Any = None, training: bool = True) -> Tensor:
        """Return the middle of each image, in the compute dtype.

        Args:
            images: tensor, as `call` takes it.
            transformation: what `get_random_transformation` returned; None, the same found again.
            training: not used; True.
        """
        if transformation is None:
            transformation = self.get_random_transformation(images, training)
        return super().transform_images(images, transformation, training)

    def _part(self, transformation: Any, height: Any, width: Any) -> tuple[Any, Any, Any, Any]:
        fits, (top, left, rows, columns) = self._fits(height, width), self._window(height, width)
        return (
            _chosen(fits, (height - self.height) // 2, top),
            _chosen(fits, (width - self.width) // 2, left),
            _chosen(fits, self.height, rows),
            _chosen(fits, self.width, columns),
        )


@builtin("keras.layers")
class RandomCrop(_Crop):
    """Keep a part of each image, chosen at random, the same in a whole batch; only while training.

    Of an image that is too small for it, a part around the middle is resized.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        height: int, the height of the part, in pixels.
        width: int, the width of the part, in pixels.
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        name: str, the layer's name; None makes one up.
        **kwargs: `bounding_box_format`, the format of boxes as `convert_format` takes it, None where there are none;
            `activity_regularizer`, `autocast`, `dtype` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> RandomCrop(1, 2).transform_images(np.arange(12.0).reshape(3, 4, 1), (2, 1)).ravel()
    array([ 9., 10.], dtype=float32)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: DataFormat | None = None,
        name: str | None = None,
        **kwargs: Unpack[ImageLayerOptionsBesideName],
    ) -> None:
        super().__init__(height, width, data_format, name=name, **kwargs)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Return the first row and column of the part, drawn anew in each call.

        Args:
            data: tensor, images as `call` takes them, or a dict with them as `"images"`; or their shape.
            training: bool, whether to draw, rather than to return where the middle begins; True.
            seed: int, `SeedGenerator` or seed tensor in place of the layer's own; None.
        """
        shape = self._shape_of(data["images"] if isinstance(data, Mapping) else data)
        sizes = shape[self.height_axis], shape[self.width_axis]
        top, left, _, _ = self._window(*sizes)
        fits = self._fits(*sizes)
        if not training or fits is False:
            return _Start((top, left), sizes)
        places = self._uniform(self.generator if seed is None else seed, (2,))
        drawn = []
        for i, (size, wanted) in enumerate(zip(sizes, (self.height, self.width), strict=True)):
            count = size - wanted + 1
            place = ops.floor(places[i] * ops.cast(count, "float32"))
            drawn.append(ops.minimum(ops.cast(place, "int32"), ops.cast(count - 1, "int32")))
        return _Start((_chosen(fits, drawn[0], top), _chosen(fits, drawn[1], left)), sizes)

    def _part(self, transformation: Any, height: Any, width: Any) -> tuple[Any, Any, Any, Any]:
        top, left = (int(each) if isinstance(each, np.ndarray | np.integer) else each for each in transformation)
        if height is None:  # a pair of numbers alone: of an image that is large enough
            return top, left, self.height, self.width
        rows = self.height if self._is_large(height, self.height) else _least(height - top, self.height)
        columns = self.width if self._is_large(width, self.width) else _least(width - left, self.width)
        return top, left, rows, columns

    @staticmethod
    def _is_large(size: Any, wanted: int) -> bool:
        return isinstance(size, int) and size >= wanted

    def _sizes_before(self, transformation: Any) -> tuple[Any, Any]:
        return getattr(transformation, "sizes", (None, None))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "seed": self.seed}
