"""`RandomErasing`: images with a rectangle of noise in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor, checked_factor
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.layers.augmentation.rectangles import rectangle_masks
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomErasing"]


@builtin("keras.layers")
class RandomErasing(ColourLayer):
    """Fill a rectangle of images, some of them, with noise or a colour; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from 0 to 1, or pair of them, between which the probability is drawn that an image is changed; a
            number `f` is the pair (0, f); 1.
        scale: number from 0 to 1, or pair of them, between whose roots the sides of the rectangle are drawn, as
            fractions of those of the image; a number `s` is the pair (0, s); (0.02, 0.33).
        fill_value: number, or one for each of 3 channels, what is filled in; None is normal noise, of which a batch
            has one field, with the greatest value as its standard deviation and clipped to the range of values; None.
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    Source: Zhong et al. (2017), arXiv:1708.04896.

    >>> layer = RandomErasing((1.0, 1.0), scale=(1.0, 1.0), fill_value=7.0)
    >>> layer(np.array([[[0.0], [100.0], [200.0]]])).ravel()
    array([7., 7., 7.], dtype=float32)
    """

    _factor_bounds = (0.0, 1.0)

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = (0.02, 0.33),
        fill_value: float | Sequence[float] | None = None,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, data_format=data_format, **kwargs)
        self.scale = checked_factor(self, "scale", scale, (0.0, 1.0))
        if fill_value is not None and (
            np.shape(fill_value) not in ((), (3,)) or np.asarray(fill_value).dtype.kind not in "fiu"
        ):
            raise ArgumentError(
                f"fill_value can not be {fill_value!r}", fix="pass a number, one for each of 3 channels, or None"
            ).at(type(self).__name__)
        self.fill_value = fill_value
        self._set_seed(seed)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        shape = self._shape_of(images)
        *_, height, width, channels = (
            *shape[:-3],
            *(shape[axis] for axis in (self.height_axis, self.width_axis, self.channel_axis)),
        )
        least, most = self.scale
        numbers = self._uniform(seed, (4, self._batch_of(images)))
        sides = ops.sqrt(numbers[:2] * (most - least) + least)
        masks = rectangle_masks((height, width), (sides[0], sides[1]), (numbers[2], numbers[3]))
        return {
            "apply_erasing": self._draw_choice(images, seed, self.factor),
            "batch_masks": ops.expand_dims(masks, self.channel_axis),
            "fill_value": self._draw_fill(seed, (height, width, channels)),
        }

    def _draw_fill(self, seed: Any, sizes: tuple[Any, Any, Any]) -> Any:
        """Return what is filled in, with a batch of 1, for a height, a width and a number of channels."""
        is_first = self.data_format == "channels_first"
        if self.fill_value is not None:
            colour = np.asarray(self.fill_value, "float32")
            return ops.convert_to_tensor(colour.reshape((1, -1, 1, 1) if is_first else (1, 1, 1, -1)))
        numbers = self._uniform(seed, (2, 1, *sizes))
        numbers = ops.moveaxis(numbers, -1, -3) if is_first else numbers
        # Box & Muller (1958), https://doi.org/10.1214/aoms/1177706645: 1 - u is never 0.
        noise = ops.sqrt(-2.0 * ops.log1p(-numbers[0])) * ops.cos(2 * math.pi * numbers[1])
        return self._within(noise * float(self.value_range[1]))

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        is_erased = ops.logical_and(transformation["batch_masks"], self._per_image(transformation["apply_erasing"]))
        fill = ops.cast(transformation["fill_value"], ops.dtype(images))
        return self._within(ops.where(is_erased, fill, images))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {"factor": self.factor, "scale": self.scale, "fill_value": self.fill_value, "seed": self.seed}
        return {**super().get_config(), **own}
