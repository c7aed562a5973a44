"""`Equalization`: images in which all values are as frequent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.histograms import counts_of, lookup
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.registry import builtin

__all__ = ["Equalization"]


@builtin("keras.layers")
class Equalization(ColourLayer):
    """Give each channel values that are evenly distributed over the batch; only while training.

    The value of a pixel becomes the share of the batch's pixels that are not brighter, less that of the darkest ones. A
    channel whose pixels all have one value stays what it is.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too.

    Args:
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        bins: int, number of values that are told apart; 256.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    Source: Gonzalez & Woods (2018), "Digital Image Processing", section 3.3.

    >>> Equalization()(np.array([[[100.0], [101.0], [150.0]]])).ravel()
    array([  0., 128., 255.], dtype=float32)
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        bins: int = 256,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(value_range=value_range, data_format=data_format, **kwargs)
        self.bins = checked_count(self, "bins", bins)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        return None

    def _changes(self, transformation: Any, training: bool) -> bool:
        return bool(training)

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        channels = ops.shape(images)[self.channel_axis]
        least, most = self.value_range
        scale = 255.0 / (most - least)
        values = ops.clip(images * scale - least * scale, 0.0, 255.0)
        values = ops.cast(values * ((self.bins - 1) / 255.0), "int32")
        number = ops.arange(channels, dtype="int32") * self.bins
        cells = values + (ops.reshape(number, (-1, 1, 1)) if self.channel_axis == -3 else number)
        counts = ops.reshape(counts_of(cells, channels * self.bins), (-1, self.bins))
        below = ops.cumsum(counts, axis=1)
        darkest = ops.min(ops.where(ops.greater(counts, 0.0), below, float("inf")), axis=1, keepdims=True)
        others = below[:, -1:] - darkest
        is_flat = ops.logical_not(ops.greater(others, 0.0))
        shares = ops.maximum(below - darkest, 0.0) / ops.where(is_flat, 1.0, others)
        equalized = self._from_bytes(ops.cast(lookup(ops.round(shares * 255.0), cells), ops.dtype(images)))
        return ops.where(lookup(ops.broadcast_to(is_flat, ops.shape(counts)), cells), images, equalized)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "bins": self.bins}
