"""`RandomTranslation`: images moved up, down and sideways."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.factors import Factor, checked_factor
from kcore_layers.layers.augmentation.moving import FillMode, Interpolation, MovingLayer, as_number, rows_of
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomTranslation"]


@builtin("keras.layers")
class RandomTranslation(MovingLayer):
    """Move each image by distances drawn at random; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        height_factor: number from -1 to 1, or a pair of them between which is drawn how far an image is moved down, as
            a fraction of its height; a number `f` stands for `(-f, f)`.
        width_factor: the same to the right, as a fraction of its width.
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

    >>> layer = RandomTranslation(0.5, 0.5, fill_mode="constant")
    >>> by_one = {"translations": np.array([[1.0, 0.0]]), "input_shape": (1, 1, 3, 1)}
    >>> layer.transform_images(np.array([[[[1.0], [2.0], [3.0]]]]), by_one).ravel()
    array([0., 1., 2.], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        fill_mode: FillMode = "reflect",
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(interpolation, fill_value, seed, data_format, fill_mode, **kwargs)
        self.height_lower, self.height_upper = checked_factor(self, "height_factor", height_factor)
        self.width_lower, self.width_upper = checked_factor(self, "width_factor", width_factor)
        self.height_factor = height_factor
        self.width_factor = width_factor

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        shape = self._shape_of(images)
        numbers = self._uniform(seed, (self._batch_of(images), 2))
        right = self.width_lower + (self.width_upper - self.width_lower) * numbers[:, 0]
        down = self.height_lower + (self.height_upper - self.height_lower) * numbers[:, 1]
        height, width = as_number(shape[self.height_axis]), as_number(shape[self.width_axis])
        return {"translations": ops.stack([right * width, down * height], -1), "input_shape": shape}

    def _map(self, transformation: Any, height: Any, width: Any) -> Any:
        distances = ops.convert_to_tensor(transformation["translations"], "float32")
        return rows_of(1.0, 0.0, -distances[:, 0], 0.0, 1.0, -distances[:, 1], 0.0, 0.0)

    def _change_boxes(self, boxes: Any, sizes: tuple[Any, Any], transformation: Any) -> Any:
        distances = ops.convert_to_tensor(transformation["translations"], "float32")
        return boxes + ops.expand_dims(ops.concatenate([distances, distances], -1), 1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}
