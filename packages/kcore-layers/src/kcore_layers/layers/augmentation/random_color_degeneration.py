"""`RandomColorDegeneration`: images with less colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomColorDegeneration"]


@builtin("keras.layers")
class RandomColorDegeneration(ColourLayer):
    """Mix images with their shades of grey, by a random share; only while training.

    Images have 3 channels, or 1, and those stay what they are.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from -1 to 1, or pair of them, the share of grey: 0 leaves an image as it is, 1 takes all of its
            colour, and less than 0 gives it more; a number `f` is the pair (-f, f).
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a factor or `value_range` is not one of those allowed.
        ShapeError: when called, if images have neither 3 channels nor 1.

    >>> RandomColorDegeneration((1.0, 1.0))(np.array([[[0.0, 100.0, 200.0]]])).round(1)
    array([[[81.5, 81.5, 81.5]]], dtype=float32)
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
        return {"factor": self._uniform(seed, (self._batch_of(images), 1, 1, 1), *self.factor)}

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        return self._within(images + (self._luma(images) - images) * transformation["factor"])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}
