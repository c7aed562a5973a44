"""`RandomPosterization`: images of few shades."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomPosterization"]


@builtin("keras.layers")
class RandomPosterization(ColourLayer):
    """Keep the first bits of the pixels, a random number of them; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: integer from 1 to 8, or pair of them, between which the number of bits is drawn, the greater one left
            out; a number `f` is the pair (1, f).
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a factor or `value_range` is not one of those allowed.

    >>> RandomPosterization((1, 1))(np.array([[[0.0, 100.0, 200.0]]]))
    array([[[  0.,   0., 128.]]], dtype=float32)
    """

    _factor_bounds = (1.0, 8.0)

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        data_format: DataFormat | None = None,
        seed: int | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, data_format=data_format, **kwargs)
        self._set_seed(seed)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        least, most = self.factor
        drawn = ops.floor(self._uniform(seed, (self._batch_of(images),), least, most))
        # A number just below the greatest one may be rounded to it.
        bits = ops.clip(drawn, math.floor(least), max(math.floor(least), math.ceil(most) - 1))
        return {"shift_factor": ops.cast(8.0 - bits, "uint8")}

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        shift = ops.cast(self._per_image(transformation["shift_factor"]), ops.dtype(images))
        step = ops.power(2.0, shift)
        return self._from_bytes(ops.floor(ops.floor(self._as_bytes(images)) / step) * step)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}
