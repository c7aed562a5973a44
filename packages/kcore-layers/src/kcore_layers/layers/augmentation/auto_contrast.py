"""`AutoContrast`: images that use the whole range of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.options import FormattedImageLayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["AutoContrast"]


@builtin("keras.layers")
class AutoContrast(ColourLayer):
    """Stretch each channel of each image to the whole range of values, while training and otherwise.

    A channel of one value stays what it is.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too.

    Args:
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        **kwargs: `data_format`, where the channel axis is, None for `config.image_data_format()`;
            `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `value_range` is no pair of numbers, the lesser one first.

    >>> AutoContrast()(np.array([[[100.0], [120.0], [150.0]]])).ravel()
    array([  0., 102., 255.], dtype=float32)
    """

    _is_deterministic = True

    def __init__(self, value_range: Sequence[float] = (0, 255), **kwargs: Unpack[FormattedImageLayerOptions]) -> None:
        super().__init__(value_range=value_range, **kwargs)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        return None

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        axes = (self.height_axis, self.width_axis)
        # The limits of an empty image are of no matter, but have to exist.
        least = ops.min(images, axis=axes, keepdims=True, initial=float("inf"))
        most = ops.max(images, axis=axes, keepdims=True, initial=float("-inf"))
        is_flat = ops.less_equal(most, least)
        lowest, highest = self.value_range
        scale = (highest - lowest) / ops.where(is_flat, 1.0, most - least)
        return self._within(ops.where(is_flat, images, (images - least) * scale + lowest))
