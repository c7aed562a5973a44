"""`RandomBrightness`: images made brighter or darker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.options import FormattedImageLayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomBrightness"]


@builtin("keras.layers")
class RandomBrightness(ColourLayer):
    """Add a random number to all pixels of an image; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from -1 to 1, or pair of them, what is added as a fraction of the range of values; a number `f`
            is the pair (-f, f).
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `data_format`, where the channel axis is, None for `config.image_data_format()`;
            `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a factor or `value_range` is not one of those allowed.

    >>> layer = RandomBrightness((0.2, 0.2))
    >>> layer(np.array([[[0.0, 100.0, 250.0]]]))
    array([[[ 51., 151., 255.]]], dtype=float32)
    """

    _factor_bounds = (-1.0, 1.0)

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
        least, most = self.value_range
        return {"rgb_delta": self._uniform(seed, self._one_for_each(images), *self.factor) * (most - least)}

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        return self._within(images + transformation["rgb_delta"])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}
