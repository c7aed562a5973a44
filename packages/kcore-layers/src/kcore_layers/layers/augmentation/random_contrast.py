"""`RandomContrast`: images with more or less contrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.options import FormattedImageLayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomContrast"]


@builtin("keras.layers")
class RandomContrast(ColourLayer):
    """Multiply the differences from the mean of each channel by a random number; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from 0 to 1, or pair `(lower, upper)` of them: the number is drawn from 1 - lower to 1 + upper;
            a number `f` is the pair (0, f).
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `data_format`, where the channel axis is, None for `config.image_data_format()`;
            `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a factor or `value_range` is not one of those allowed.

    >>> layer = RandomContrast(0.5)
    >>> images, transformation = np.array([[[100.0], [120.0]]]), {"contrast_factor": np.array([[[1.5]]], "float32")}
    >>> layer.transform_images(images, transformation).ravel()
    array([ 95., 125.], dtype=float32)
    """

    _factor_bounds = (0.0, 1.0)

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Unpack[FormattedImageLayerOptions],
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, **kwargs)
        self._set_seed(seed)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        lower, upper = self.factor
        return {"contrast_factor": self._uniform(seed, self._one_for_each(images), 1.0 - lower, 1.0 + upper)}

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        mean = ops.mean(images, axis=(self.height_axis, self.width_axis), keepdims=True)
        return self._within((images - mean) * transformation["contrast_factor"] + mean)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}
