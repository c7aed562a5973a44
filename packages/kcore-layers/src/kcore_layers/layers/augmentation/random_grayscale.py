"""`RandomGrayscale`: images without colour."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.options.weight_options import checked_rate
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomGrayscale"]


@builtin("keras.layers")
class RandomGrayscale(ColourLayer):
    """Turn images into shades of grey, some of them; only while training.

    All channels are then the luma of ITU-R BT.601. Images have 3 channels, or 1, and those stay what they are.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from 0 to 1, the probability that an image is changed; 0.5.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `factor` is no probability.
        ShapeError: when called, if images have neither 3 channels nor 1.

    >>> RandomGrayscale(1.0)(np.array([[[0.0, 100.0, 200.0]]])).round(1)
    array([[[81.5, 81.5, 81.5]]], dtype=float32)
    """

    factor: float  # type: ignore[assignment] # a probability, and no range

    def __init__(
        self,
        factor: float = 0.5,
        data_format: DataFormat | None = None,
        seed: int | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = checked_rate(self, "factor", factor)
        self._set_seed(seed)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        return ops.less(self._uniform(seed, (self._batch_of(images), 1, 1, 1)), self.factor)

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        return ops.where(transformation, self._luma(images), images)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        config = {**super().get_config(), "factor": self.factor, "seed": self.seed}
        del config["value_range"]  # no matter to it
        return config
