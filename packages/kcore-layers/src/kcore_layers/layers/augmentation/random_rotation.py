"""`RandomRotation`: images turned."""

from __future__ import annotations

import math
from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.bounding_boxes.transforms import affine_transform
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.moving import FillMode, Interpolation, MovingLayer, as_number, rows_of
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomRotation"]


@builtin("keras.layers")
class RandomRotation(MovingLayer):
    """Turn each image around its middle by an angle drawn at random; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from -1 to 1, or a pair of them between which is drawn how far an image is turned
            counterclockwise, in full turns; a number `f` stands for `(-f, f)`.
        fill_mode: what lies outside of the images: "reflect", `b a | a b c | c b`, "wrap", `b c | a b c | a b`,
            "nearest", `a a | a b c | c c`, or "constant", `fill_value`; "reflect".
        interpolation: "bilinear" or "nearest", how pixels between others are read; "bilinear".
        seed: int, the seed of the random numbers; None draws one.
        fill_value: number, what lies outside if `fill_mode` is "constant"; 0.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes as `convert_format` takes it, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> image = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
    >>> turned = RandomRotation((0.25, 0.25))(image)  # by a quarter, always
    >>> turned.round(3)[..., 0]
    array([[2., 4.],
           [1., 3.]], dtype=float32)
    """

    _factor_bounds = (-1.0, 1.0)

    def __init__(
        self,
        factor: Factor,
        fill_mode: FillMode = "reflect",
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(interpolation, fill_value, seed, data_format, fill_mode, factor, **kwargs)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        shape, batch = self._shape_of(images), self._batch_of(images)
        turns = self._uniform(seed, (batch,), *self.factor)
        cosine, sine = ops.cos(turns * (2.0 * math.pi)), ops.sin(turns * (2.0 * math.pi))
        height, width = shape[self.height_axis], shape[self.width_axis]
        x, y = (as_number(width) - 1.0) / 2.0, (as_number(height) - 1.0) / 2.0
        matrix = rows_of(cosine, -sine, x - cosine * x + sine * y, sine, cosine, y - sine * x - cosine * y, 0.0, 0.0)
        return {
            "angle": turns * 360.0,
            "rotation_matrix": matrix if len(shape) == 4 else matrix[0],
            "image_height": height,
            "image_width": width,
            "batch_size": batch,
        }

    def _map(self, transformation: Any, height: Any, width: Any) -> Any:
        return transformation["rotation_matrix"]

    def _change_boxes(self, boxes: Any, sizes: tuple[Any, Any], transformation: Any) -> Any:
        return affine_transform(boxes, transformation["angle"], 0.0, 0.0, 1.0, 0.0, 0.0, *sizes)

    def _sizes_before(self, transformation: Any) -> tuple[Any, Any]:
        return transformation["image_height"], transformation["image_width"]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "factor": self.factor}
