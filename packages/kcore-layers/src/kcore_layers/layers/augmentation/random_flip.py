"""`RandomFlip`: images in a mirror."""

from __future__ import annotations

from typing import Any, Literal, Unpack, get_args

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import one_of

from kcore_layers.layers.augmentation.base_image_preprocessing import BaseImagePreprocessingLayer
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomFlip"]

Mode = Literal["horizontal", "vertical", "horizontal_and_vertical"]


@builtin("keras.layers")
class RandomFlip(BaseImagePreprocessingLayer):
    """Put half of the images in a mirror, chosen at random; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        mode: "horizontal", left and right change places, "vertical", up and down do, or "horizontal_and_vertical",
            both do; "horizontal_and_vertical".
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes as `convert_format` takes it, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> layer = RandomFlip("horizontal", seed=1)
    >>> layer.transform_images(np.array([[[1.0], [2.0]]]), {"flips": np.array([[[[True]]]])}).ravel()
    array([2., 1.], dtype=float32)
    """

    def __init__(
        self,
        mode: Mode = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        try:
            self.mode = one_of("mode", mode, get_args(Mode))
        except ArgumentError as error:
            raise error.at("RandomFlip") from None
        self._set_seed(seed)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        shape = self._shape_of(images)
        ones = (1,) * 3
        sizes = (shape[0], *ones) if len(shape) == 4 else ones
        return {"flips": ops.less_equal(self._uniform(seed, sizes), 0.5), "input_shape": shape}

    def _change_images(self, images: Any, transformation: Any) -> Any:
        axes = []
        if self.mode != "vertical":
            axes.append(self.width_axis)
        if self.mode != "horizontal":
            axes.append(self.height_axis)
        return ops.where(transformation["flips"], ops.flip(images, tuple(axes)), images)

    def _change_boxes(self, boxes: Any, sizes: tuple[Any, Any], transformation: Any) -> Any:
        height, width = (ops.cast(size, "float32") for size in sizes)
        left, top, right, bottom = (boxes[..., i : i + 1] for i in range(4))
        if self.mode != "vertical":
            left, right = width - right, width - left
        if self.mode != "horizontal":
            top, bottom = height - bottom, height - top
        flips = ops.reshape(transformation["flips"], (-1, 1, 1))
        return ops.where(flips, ops.concatenate([left, top, right, bottom], axis=-1), boxes)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "seed": self.seed, "mode": self.mode}
