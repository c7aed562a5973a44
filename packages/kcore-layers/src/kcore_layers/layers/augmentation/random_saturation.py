"""`RandomSaturation`: images with stronger or weaker colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomSaturation"]


@builtin("keras.layers")
class RandomSaturation(ColourLayer):
    """Multiply the saturation of images by a random number; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from -1 to 1, or pair of them: of a drawn `u` the saturation is multiplied by u / (1 - u), so
            that 0 gives shades of grey, 0.5 leaves an image as it is and 1 gives the strongest colours; a number `f` is
            the pair (-f, f).
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a factor or `value_range` is not one of those allowed.
        ShapeError: when called, if images have not 3 channels.
    Source: Smith (1978), https://doi.org/10.1145/965139.807361.

    >>> RandomSaturation((0.0, 0.0))(np.array([[[0.0, 100.0, 200.0]]]))
    array([[[200., 200., 200.]]], dtype=float32)
    """

    _factor_bounds = (-1.0, 1.0)

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
        drawn = self._uniform(seed, (self._batch_of(images),), *self.factor)
        return {"factor": drawn / (1.0 - drawn + 1e-7)}

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        self._check_channels(images, (3,))
        x = self._as_fractions(images)
        # The value, the greatest of the three, stays; the others move to it or away.
        value = ops.max(x, axis=self.channel_axis, keepdims=True)
        changed = value + (x - value) * self._per_image(transformation["factor"])
        return self._from_fractions(ops.clip(changed, 0.0, 1.0))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}
