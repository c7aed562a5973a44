"""`RandomInvert`: negatives of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomInvert"]


@builtin("keras.layers")
class RandomInvert(ColourLayer):
    """Invert images, some of them; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from 0 to 1, or pair of them, between which the probability is drawn that an image is inverted; a
            number `f` is the pair (0, f); 1.
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a factor or `value_range` is not one of those allowed.

    >>> RandomInvert((1.0, 1.0))(np.array([[[0.0, 100.0, 200.0]]]))
    array([[[255., 155.,  55.]]], dtype=float32)
    """

    _factor_bounds = (0.0, 1.0)

    def __init__(
        self,
        factor: Factor = 1.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, data_format=data_format, **kwargs)
        self._set_seed(seed)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        return {"apply_inversion": self._draw_choice(images, seed, self.factor)}

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        least, most = self.value_range
        return ops.where(self._per_image(transformation["apply_inversion"]), (least + most) - images, images)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}
