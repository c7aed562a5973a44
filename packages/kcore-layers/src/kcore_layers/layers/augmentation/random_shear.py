"""`RandomShear`: images whose upright or level lines come to lean."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.factors import Factor, checked_factor
from kcore_layers.layers.augmentation.moving import FillMode, Interpolation, MovingLayer, enclosing, rows_of
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomShear"]


@builtin("keras.layers")
class RandomShear(MovingLayer):
    """Move the rows of each image sideways, the more the lower they are, and its columns likewise; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        x_factor: number from -1 to 1, or a pair of them between which is drawn by how many pixels a row is moved to the
            left for each row above it; a number `f` stands for `(-f, f)`; 0.
        y_factor: the same for columns, moved up for each column to the left; 0.
        interpolation: "bilinear" or "nearest", how pixels between others are read; "bilinear".
        fill_mode: what lies outside of the images: "reflect", `b a | a b c | c b`, "wrap", `b c | a b c | a b`,
            "nearest", `a a | a b c | c c`, or "constant", `fill_value`; "reflect".
        fill_value: number, what lies outside if `fill_mode` is "constant"; 0.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `bounding_box_format`, the format of boxes as `convert_format` takes it, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> layer = RandomShear(0.5, fill_mode="constant")
    >>> by_one = {"shear_factor": np.array([[1.0, 0.0]]), "input_shape": (1, 2, 2, 1)}
    >>> layer.transform_images(np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]]), by_one)[0, ..., 0]
    array([[1., 2.],
           [4., 0.]], dtype=float32)
    """

    def __init__(
        self,
        x_factor: Factor = 0.0,
        y_factor: Factor = 0.0,
        interpolation: Interpolation = "bilinear",
        fill_mode: FillMode = "reflect",
        fill_value: float = 0.0,
        data_format: DataFormat | None = None,
        seed: int | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(interpolation, fill_value, seed, data_format, fill_mode, **kwargs)
        self.x_factor = checked_factor(self, "x_factor", x_factor)
        self.y_factor = checked_factor(self, "y_factor", y_factor)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        numbers = self._uniform(seed, (self._batch_of(images), 2))
        (x_least, x_most), (y_least, y_most) = self.x_factor, self.y_factor
        x, y = x_least + (x_most - x_least) * numbers[:, 0], y_least + (y_most - y_least) * numbers[:, 1]
        return {"shear_factor": ops.stack([x, y], -1), "input_shape": self._shape_of(images)}

    def _map(self, transformation: Any, height: Any, width: Any) -> Any:
        factor = ops.convert_to_tensor(transformation["shear_factor"], "float32")
        return rows_of(1.0, factor[:, 0], 0.0, factor[:, 1], 1.0, 0.0, 0.0, 0.0)

    def _change_boxes(self, boxes: Any, sizes: tuple[Any, Any], transformation: Any) -> Any:
        factor = ops.convert_to_tensor(transformation["shear_factor"], "float32")
        right, down = (ops.reshape(factor[:, i], (-1, 1, 1)) for i in range(2))

        def moved(x: Any, y: Any) -> tuple[Any, Any]:
            """Invert the map from the pixels of the result to those that they are read at."""
            scale = 1.0 - right * down
            return (x - right * y) / scale, (y - down * x) / scale

        return enclosing(boxes[..., 0], boxes[..., 1], boxes[..., 2], boxes[..., 3], moved)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "x_factor": self.x_factor, "y_factor": self.y_factor}
