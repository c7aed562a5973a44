"""`RandomElasticTransform`: images stretched here and pressed together there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, TypeAlias, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops.foundation.errors import MissingMethod
from kcore_ops.ops.image.layout import spatial_axes
from kcore_ops.ops.image.warp import moved
from kcore_ops.ops.random.portable import portable_uniform

from kcore_layers.layers.augmentation.factors import Factor, checked_factor, checked_value_range
from kcore_layers.layers.augmentation.moving import Interpolation, MovingLayer, as_number
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomElasticTransform"]

ElasticFillMode: TypeAlias = Literal["reflect", "mirror", "wrap", "nearest", "constant"]


@builtin("keras.layers")
class RandomElasticTransform(MovingLayer):
    """Move the pixels of some of the images at random, those close to one another in much the same way.

    It does so only while training. Each image of a batch is changed in a way of its own, and its mask with it. Boxes
    can not be.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.
    Source: Simard et al. (2003), https://doi.org/10.1109/ICDAR.2003.1227801, section 2.

    Args:
        factor: number from 0 to 1, or a pair of them between which is drawn the probability that an image is changed; a
            number `f` stands for `(0, f)`; 1.
        scale: number from 0 to 1, or a pair of them between which is drawn how far pixels are moved: with 1 about 0.03
            of the longer side, by noise as smooth as 0.05 of the shorter; a number `s` stands for `(0, s)`; 1.
        interpolation: "bilinear" or "nearest", how pixels between others are read; "bilinear".
        fill_mode: what lies outside of the images: "reflect", `b a | a b c | c b`, "mirror", `c b | a b c | b a`,
            "wrap", `b c | a b c | a b`, "nearest", `a a | a b c | c c`, or "constant", `fill_value`; "reflect".
        fill_value: number, what lies outside if `fill_mode` is "constant"; 0.
        value_range: pair of numbers, which images that are changed are cut off at; (0, 255).
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes as `convert_format` takes it, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> layer = RandomElasticTransform(scale=0.5, seed=1)
    >>> layer(np.ones((2, 4, 5, 3))).shape
    (2, 4, 5, 3)
    """

    _factor_bounds: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    _fill_modes = ("reflect", "mirror", "wrap", "nearest", "constant")

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = 1.0,
        interpolation: Interpolation = "bilinear",
        fill_mode: ElasticFillMode = "reflect",
        fill_value: float = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(interpolation, fill_value, seed, data_format, fill_mode, factor, **kwargs)
        self.scale = checked_factor(self, "scale", scale, (0.0, 1.0))
        self.value_range = checked_value_range(self, value_range)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        batch = self._batch_of(images)
        if self.factor[1] == 0:
            return None
        numbers = self._uniform(seed, (2 * batch + 3,))
        least, most = self.factor
        # The noise is drawn by a seed of its own, so that masks are moved as their images are.
        noise_seed = ops.cast(ops.cast(ops.reshape(numbers[:2], (2,)) * 2.0**24, "int32"), "uint32")
        low, high = self.scale
        return {
            "apply_transform": numbers[3 : batch + 3] < least + (most - least) * numbers[batch + 3 :],
            "distortion_factor": low + (high - low) * numbers[2],
            "seed": noise_seed,
        }

    def get_elastic_transform_params(self, height: Any, width: Any, factor: Any) -> tuple[Any, Any]:
        """Return how far pixels are moved, and how smooth the noise is that they are moved by, both in pixels.

        Args:
            height: number, the height of the images.
            width: number, the width of the images.
            factor: number or scalar tensor, the one that was drawn from `scale`.
        """
        if isinstance(height, int | float) and isinstance(width, int | float):
            longer, shorter = max(height, width), min(height, width)
        else:
            longer, shorter = ops.maximum(height, width), ops.minimum(height, width)
        return 0.1 * longer * factor, 0.05 * shorter * factor

    def _change_images(self, images: Any, transformation: Any) -> Any:
        found = self._moved(images, transformation, self.interpolation)
        return self._chosen(ops.clip(found, *self.value_range), images, transformation)

    def _change_masks(self, masks: Any, transformation: Any) -> Any:
        return self._chosen(self._moved(masks, transformation, "nearest"), masks, transformation)

    @staticmethod
    def _chosen(found: Any, images: Any, transformation: Any) -> Any:
        is_applied = ops.reshape(ops.convert_to_tensor(transformation["apply_transform"]), (-1, 1, 1, 1))
        return ops.where(is_applied, found, images)

    def _moved(self, images: Any, transformation: Any, interpolation: str) -> Any:
        sizes = ops.shape(images)
        height, width = sizes[self.height_axis], sizes[self.width_axis]
        right, down = self._distances(transformation, sizes[0], height, width)
        x = ops.reshape(ops.cast(ops.arange(width), "float32"), (1, 1, -1))
        y = ops.reshape(ops.cast(ops.arange(height), "float32"), (1, -1, 1))
        axes = spatial_axes(images, self.data_format)
        return moved(images, axes, (x + right, y + down), interpolation, self.fill_mode, self.fill_value)

    def _distances(self, transformation: Any, batch: Any, height: Any, width: Any) -> tuple[Any, Any]:
        """Return how far each pixel is moved to the right and down, each `(batch, height, width)`: smoothed noise."""
        factor = ops.convert_to_tensor(transformation["distortion_factor"], "float32")
        alpha, sigma = self.get_elastic_transform_params(as_number(height), as_number(width), factor)
        sigma = ops.maximum(sigma, 1e-3)
        u = portable_uniform(transformation["seed"], (batch, 2, height, width))
        noise = ops.erfinv(2.0 * (u + 2.0**-25) - 1.0) * np.float32(np.sqrt(2.0))
        smooth = ops.matmul(ops.matmul(_smoothing(height, sigma), noise), _smoothing(width, sigma))
        smooth = smooth * (alpha * sigma)
        return smooth[:, 0], smooth[:, 1]

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Return the boxes, if nothing is changed; there is no upright box of what an elastic transform makes of one.

        Args:
            bounding_boxes: dict with `"boxes"` and `"labels"`.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.

        Raises:
            MissingMethod: if images are changed.
        """
        if not self._changes(transformation, training):
            return bounding_boxes
        raise MissingMethod(
            "boxes do not follow an elastic transform", fix="use masks, or a layer that moves whole images"
        ).at(f'layer "{self.name}"')

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {"factor": self.factor, "scale": self.scale, "value_range": self.value_range}
        return {**super().get_config(), **own}


def _smoothing(size: Any, sigma: Any) -> Any:
    """Return the symmetric matrix that smooths along an axis with a Gaussian, cut off after 3 standard deviations."""
    places = ops.cast(ops.arange(size), "float32")
    radius = ops.floor(3.0 * sigma)

    def weights(distance: Any) -> Any:
        return ops.where(ops.abs(distance) <= radius, ops.exp(ops.square(distance / sigma) * -0.5), 0.0)

    # The kernel's sum is that of all its elements, those beyond the edges of small images too.
    total = 2.0 * ops.sum(weights(places)) - 1.0
    return weights(ops.expand_dims(places, 0) - ops.expand_dims(places, 1)) / total
