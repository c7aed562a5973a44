"""`RandomZoom`: images seen from nearer or farther."""

from __future__ import annotations

from typing import Any, Unpack

import kcore_ops as ops

from kcore_layers.layers.augmentation.factors import Factor, checked_factor
from kcore_layers.layers.augmentation.moving import FillMode, Interpolation, MovingLayer, as_number, rows_of
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomZoom"]


@builtin("keras.layers")
class RandomZoom(MovingLayer):
    """Zoom into or out of the middle of each image, by factors drawn at random; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        height_factor: number from -1 to 1, or a pair of them between which is drawn by what fraction more of the height
            is seen: 0.2 zooms out, -0.2 zooms in; a number `f` stands for `(-f, f)`.
        width_factor: the same for the width; None, the number drawn for the height.
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

    >>> layer = RandomZoom(0.5, fill_mode="constant")
    >>> out = {"height_zoom": np.array([[1.0]]), "width_zoom": np.array([[2.0]]), "input_shape": (1, 1, 3, 1)}
    >>> layer.transform_images(np.array([[[[1.0], [2.0], [3.0]]]]), out).ravel()
    array([0., 2., 0.], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor | None = None,
        fill_mode: FillMode = "reflect",
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(interpolation, fill_value, seed, data_format, fill_mode, **kwargs)
        self.height_lower, self.height_upper = checked_factor(self, "height_factor", height_factor)
        if width_factor is not None:
            self.width_lower, self.width_upper = checked_factor(self, "width_factor", width_factor)
        self.height_factor = height_factor
        self.width_factor = width_factor

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        numbers = self._uniform(seed, (self._batch_of(images), 2))
        height = width = 1.0 + self.height_lower + (self.height_upper - self.height_lower) * numbers[:, :1]
        if self.width_factor is not None:
            width = 1.0 + self.width_lower + (self.width_upper - self.width_lower) * numbers[:, 1:]
        return {"height_zoom": height, "width_zoom": width, "input_shape": self._shape_of(images)}

    def _zooms(self, transformation: Any, height: Any, width: Any) -> tuple[Any, Any, Any, Any]:
        """Return by what rows and columns are multiplied, and what is added to them; each `(batch,)`."""
        down, right = (
            ops.convert_to_tensor(transformation[name], "float32")[:, 0] for name in ("height_zoom", "width_zoom")
        )
        return down, (1.0 - down) * ((height - 1.0) / 2.0), right, (1.0 - right) * ((width - 1.0) / 2.0)

    def _map(self, transformation: Any, height: Any, width: Any) -> Any:
        down, top, right, left = self._zooms(transformation, height, width)
        return rows_of(right, 0.0, left, 0.0, down, top, 0.0, 0.0)

    def _change_boxes(self, boxes: Any, sizes: tuple[Any, Any], transformation: Any) -> Any:
        down, top, right, left = self._zooms(transformation, *(as_number(size) for size in sizes))
        start, zoom = ops.stack([left, top, left, top], -1), ops.stack([right, down, right, down], -1)
        return (boxes - ops.expand_dims(start, 1)) / ops.expand_dims(zoom, 1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}
