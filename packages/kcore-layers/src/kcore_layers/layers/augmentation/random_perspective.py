"""`RandomPerspective`: images as in a photograph from elsewhere."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.image.warp import homography

from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.moving import Interpolation, MovingLayer, as_number, enclosing
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomPerspective"]


@builtin("keras.layers")
class RandomPerspective(MovingLayer):
    """Move three corners of some of the images, with all between them, at random; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from 0 to 1, or a pair of them between which is drawn the probability that an image is changed; a
            number `f` stands for `(0, f)`; 1.
        scale: number from 0 to 1, how far corners come at most: half of it, as a fraction of the height and width; 1.
        interpolation: "bilinear" or "nearest", how pixels between others are read; "bilinear".
        fill_value: number, what lies outside of the images; 0.
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes as `convert_format` takes it, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> layer = RandomPerspective(scale=0.5, seed=1)
    >>> layer(np.ones((2, 4, 5, 3))).shape
    (2, 4, 5, 3)
    """

    _factor_bounds: ClassVar[tuple[float, float] | None] = (0.0, 1.0)

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: float = 1.0,
        interpolation: Interpolation = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(interpolation, fill_value, seed, data_format, factor=factor, **kwargs)
        if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 <= scale <= 1:
            raise ArgumentError(f"scale can not be {scale!r}", fix="pass a number from 0 to 1").at("RandomPerspective")
        self.scale = scale

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        shape, batch = self._shape_of(images), self._batch_of(images)
        numbers = self._uniform(seed, (batch, 10))
        least, most = self.factor
        height, width = as_number(shape[self.height_axis]), as_number(shape[self.width_axis])
        far = ops.cast(ops.stack([width - 1.0, height - 1.0]), "float32")
        corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], "float32")
        start = ops.broadcast_to(ops.multiply(corners, far), (batch, 4, 2))
        return {
            "apply_perspective": numbers[:, 0] < least + (most - least) * numbers[:, 1],
            "start_points": start,
            "end_points": start + start * ((ops.reshape(numbers[:, 2:], (batch, 4, 2)) - 0.5) * self.scale),
            "input_shape": shape,
        }

    def _moved(self, images: Any, transformation: Any, interpolation: str) -> Any:
        start, end = (self._points(transformation, name) for name in ("start_points", "end_points"))
        moved = ops.image.perspective_transform(images, start, end, interpolation, self.fill_value, self.data_format)
        is_applied = ops.reshape(ops.convert_to_tensor(transformation["apply_perspective"]), (-1, 1, 1, 1))
        return ops.where(is_applied, moved, images)

    @staticmethod
    def _points(transformation: Any, name: str) -> Any:
        return ops.convert_to_tensor(transformation[name], "float32")

    def _change_boxes(self, boxes: Any, sizes: tuple[Any, Any], transformation: Any) -> Any:
        start, end = (self._points(transformation, name) for name in ("start_points", "end_points"))
        matrix = homography(start, end)
        a0, a1, a2, b0, b1, b2, c0, c1 = (ops.reshape(matrix[:, i], (-1, 1, 1)) for i in range(8))

        def moved(x: Any, y: Any) -> tuple[Any, Any]:
            k = c0 * x + c1 * y + 1.0
            return (a0 * x + a1 * y + a2) / k, (b0 * x + b1 * y + b2) / k

        found = enclosing(boxes[..., 0], boxes[..., 1], boxes[..., 2], boxes[..., 3], moved)
        is_applied = ops.reshape(ops.convert_to_tensor(transformation["apply_perspective"]), (-1, 1, 1))
        return ops.where(is_applied, found, boxes)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        config = {**super().get_config(), "factor": self.factor, "scale": self.scale}
        del config["fill_mode"]  # outside is always `fill_value`
        return config
