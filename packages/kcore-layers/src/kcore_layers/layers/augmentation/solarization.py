"""`Solarization`: images whose bright parts are inverted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor, checked_factor
from kcore_layers.layers.augmentation.options import FormattedImageLayerOptions
from kcore_layers.serialization.registry import builtin

__all__ = ["Solarization"]


@builtin("keras.layers")
class Solarization(ColourLayer):
    """Add a random number to the pixels, and invert those that are not below a random threshold; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        addition_factor: number from 0 to 1, or pair of them, between which is drawn what is added, as a fraction of the
            range of values; a number `f` is the pair (0, f); 0.
        threshold_factor: number from 0 to 1, or pair of them, between which the threshold is drawn, likewise; 0.
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `data_format`, where the channel axis is, None for `config.image_data_format()`;
            `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a factor or `value_range` is not one of those allowed.

    >>> Solarization(threshold_factor=(0.5, 0.5))(np.array([[[0.0, 100.0, 200.0]]]))
    array([[[  0., 100.,  55.]]], dtype=float32)
    """

    def __init__(
        self,
        addition_factor: Factor = 0.0,
        threshold_factor: Factor = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Unpack[FormattedImageLayerOptions],
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.addition_factor = checked_factor(self, "addition_factor", addition_factor, (0.0, 1.0))
        self.threshold_factor = checked_factor(self, "threshold_factor", threshold_factor, (0.0, 1.0))
        self._set_seed(seed)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        sizes = self._one_for_each(images)
        numbers = self._uniform(seed, (2, *sizes)) * 255.0
        (least, most), (lowest, highest) = self.addition_factor, self.threshold_factor
        return {
            "additions": numbers[0] * (most - least) + least * 255.0,
            "thresholds": numbers[1] * (highest - lowest) + lowest * 255.0,
        }

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        x = ops.clip(self._as_bytes(images) + transformation["additions"], 0.0, 255.0)
        return self._from_bytes(ops.where(ops.less(x, transformation["thresholds"]), x, 255.0 - x))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {"addition_factor": self.addition_factor, "threshold_factor": self.threshold_factor, "seed": self.seed}
        return {**super().get_config(), **own}
