"""`RandomHue`: images whose colours go around the circle of hues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomHue"]


@builtin("keras.layers")
class RandomHue(ColourLayer):
    """Turn the hue of images by a random angle, one way or the other; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from 0 to 1, or pair of them, the angle as a fraction of half a turn; a number `f` is the pair
            (0, f).
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

    >>> RandomHue((1.0, 1.0))(np.array([[[200.0, 0.0, 0.0]]])).round(3)
    array([[[  0., 200., 200.]]], dtype=float32)
    """

    _factor_bounds = (0.0, 1.0)

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
        numbers = self._uniform(seed, (2, self._batch_of(images)))
        least, most = self.factor
        turned = (numbers[0] * (most - least) + least) * 0.5
        return {"factor": ops.where(ops.less(numbers[1], 0.5), -turned, turned)}

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        self._check_channels(images, (3,))
        axis = self.channel_axis
        colours = ops.image.rgb_to_hsv(self._as_fractions(images), data_format=self.data_format)
        hue, *others = ops.split(colours, 3, axis=axis)
        hue = ops.mod(hue + self._per_image(transformation["factor"]), 1.0)
        changed = ops.image.hsv_to_rgb(ops.concatenate([hue, *others], axis=axis), data_format=self.data_format)
        return self._within(self._from_fractions(changed))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}
