"""`RandomSharpness`: images sharpened or blurred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomSharpness"]


@builtin("keras.layers")
class RandomSharpness(ColourLayer):
    """Multiply the differences from a smoothed image by a random number; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from 0 to 1, or pair of them: the differences are multiplied by twice of what is drawn, so that 0
            gives the smoothed image, 0.5 the image as it is, and 1 a sharper one; a number `f` is the pair (0, f).
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a factor or `value_range` is not one of those allowed.

    >>> RandomSharpness((0.5, 0.5))(np.array([[[0.0], [100.0]], [[50.0], [0.0]]])).ravel()
    array([  0., 100.,  50.,   0.], dtype=float32)
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
        return {"factor": self._uniform(seed, (self._batch_of(images),), *self.factor)}

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        smoothed = self._smoothed(images)
        return self._within(smoothed + (images - smoothed) * (2.0 * self._per_image(transformation["factor"])))

    def _smoothed(self, images: Any) -> Any:
        """Return the means of 3 by 3 pixels, the middle one of weight 5, and 0 outside of the image."""
        total = images
        for axis in (self.height_axis, self.width_axis):
            before, after = [slice(None)] * 4, [slice(None)] * 4
            before[axis], after[axis] = slice(None, -1), slice(1, None)
            widths = [[0, 0] for _ in range(4)]
            widths[axis] = [1, 0]
            above = ops.pad(total[tuple(before)], widths)
            widths[axis] = [0, 1]
            total = total + above + ops.pad(total[tuple(after)], widths)
        return (total + images * 4.0) / 13.0

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}
