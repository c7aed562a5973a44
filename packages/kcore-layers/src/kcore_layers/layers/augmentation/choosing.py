"""What layers that choose among other layers at random have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Unpack, get_args

import kcore_ops as ops
from kcore_ops import TensorSpec, dtypes
from kcore_ops.backends.current import current_backend
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import one_of

from kcore_layers.layers.augmentation.auto_contrast import AutoContrast
from kcore_layers.layers.augmentation.base_image_preprocessing import BaseImagePreprocessingLayer
from kcore_layers.layers.augmentation.colour_layer import checked_value_range
from kcore_layers.layers.augmentation.drawn_numbers import DrawnNumbers
from kcore_layers.layers.augmentation.equalization import Equalization
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.moving import Interpolation
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.layers.augmentation.random_brightness import RandomBrightness
from kcore_layers.layers.augmentation.random_color_degeneration import RandomColorDegeneration
from kcore_layers.layers.augmentation.random_contrast import RandomContrast
from kcore_layers.layers.augmentation.random_posterization import RandomPosterization
from kcore_layers.layers.augmentation.random_rotation import RandomRotation
from kcore_layers.layers.augmentation.random_sharpness import RandomSharpness
from kcore_layers.layers.augmentation.random_shear import RandomShear
from kcore_layers.layers.augmentation.random_translation import RandomTranslation
from kcore_layers.layers.augmentation.solarization import Solarization
from kcore_layers.options.argument_types import DataFormat

__all__ = ["ChoosingLayer", "repeated"]

# In the order in which Keras counts them.
_MOVING = ("random_shear", "random_translation", "random_rotation")
_COLOURING = (
    "random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness", "random_posterization",
    "solarization", "auto_contrast", "equalization",
)  # fmt: skip
# Like corruptions of ImageNet-C, which AugMix's authors measure robustness by: Hendrycks et al. (2020), section 3.
_MEASURED = _COLOURING[:4]
# How many numbers each of them draws for an image, at most.
_NUMBERS = 2


def repeated(indices: Any, turn: Callable[[Any, Any], Any], first: Any) -> Any:
    """Call a function of a number and a value for each number from 0 to below `len(indices)`, on its own result.

    Where a graph chooses by the indices that is a loop of the graph, which holds each choice once; elsewhere only what
    is chosen is computed, which a compiled loop can not do.

    Args:
        indices: tensor `(n, ...)`, by which `turn` chooses.
        turn: function that returns the next value, of the same shapes and dtypes.
        first: tensor or dict, the value that the first call takes.
    """
    count = indices.shape[0]
    if isinstance(indices, TensorSpec) or current_backend().is_traced(indices):
        return ops.fori_loop(0, count, turn, first)
    for i in range(count):
        first = turn(i, first)
    return first


class ChoosingLayer(BaseImagePreprocessingLayer):
    """Eleven layers that change images, or seven of them, one of which is applied where a number chooses it.

    Args:
        value_range: pair of numbers, the least and greatest value of a pixel.
        factor: number from 0 to 1, or pair of them, the `factor` of each of the layers; a number `f` is the pair
            (0, f).
        interpolation: "bilinear" or "nearest", how pixels between others are read.
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        all_ops: bool, whether there are eleven layers, rather than seven; True.
        **kwargs: as `BaseImagePreprocessingLayer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
    """

    _factor_bounds = (0.0, 1.0)

    def __init__(
        self,
        value_range: Sequence[float],
        factor: Factor,
        interpolation: Interpolation,
        seed: int | None,
        data_format: DataFormat | None,
        all_ops: bool = True,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self.value_range = checked_value_range(self, value_range)
        try:
            self.interpolation = one_of("interpolation", interpolation, get_args(Interpolation))
        except ArgumentError as error:
            raise error.at(type(self).__name__) from None
        self._set_seed(seed)
        inner: Any = {
            # A number that is rounded on one layer's way may fall on the other side of another's threshold.
            "dtype": dtypes.at_least_float32(self.compute_dtype),
            "data_format": self.data_format,
            "bounding_box_format": self.bounding_box_format,
        }
        moving: Any = {**inner, "interpolation": interpolation, "seed": seed}
        fixed: Any = {**inner, "value_range": value_range}
        drawing: Any = {**fixed, "seed": seed}
        self.random_shear = RandomShear(self.factor, self.factor, **moving)
        self.random_translation = RandomTranslation(self.factor, self.factor, **moving)
        self.random_rotation = RandomRotation(self.factor, **moving)
        if all_ops:
            self.random_brightness = RandomBrightness(self.factor, **drawing)
            self.random_color_degeneration = RandomColorDegeneration(self.factor, **drawing)
            self.random_contrast = RandomContrast(self.factor, **drawing)
            self.random_sharpness = RandomSharpness(self.factor, **drawing)
        self.random_posterization = RandomPosterization((1, max(1, math.floor(8 * self.factor[1]))), **drawing)
        self.solarization = Solarization(self.factor, self.factor, **drawing)
        self.auto_contrast = AutoContrast(**fixed)
        self.equalization = Equalization(**fixed)
        self._names = (*_MOVING, *(name for name in _COLOURING if all_ops or name not in _MEASURED))

    def _draw(self, seed: Any, count: int, links: int, images: Any) -> tuple[Any, Any]:
        """Draw `count` numbers, and those of `links` layers: all at once, as a seed tensor is good for one draw."""
        batch = self._batch_of(images)
        numbers = self._uniform(seed, (count + links * _NUMBERS * batch,))
        return ops.reshape(numbers[:count], (count,)), ops.reshape(numbers[count:], (links, _NUMBERS, batch))

    @staticmethod
    def _indices(numbers: Any, count: int) -> Any:
        """Return integers from 0 to below `count`, by numbers that are even on [0, 1)."""
        return ops.minimum(ops.cast(numbers * float(count), "int32"), count - 1)

    def _in_turn(self, what: str, x: Any, indices: Any, numbers: Any, transformation: Any) -> Any:
        """Return what layers make of images, masks or boxes, one after another.

        Args:
            what: str, the name of the method that does so.
            x: tensor or dict, what the method takes.
            indices: int32 tensor `(links,)`, which layers: beyond the last is one that changes nothing.
            numbers: tensor `(links, _NUMBERS, batch)`, what each of them draws.
            transformation: dict with the shape of the images, `"input_shape"`.
        """
        shape = transformation["input_shape"]
        shape = shape if len(shape) == 4 else (1, *shape)
        # Masks and boxes stay what they are where colours change.
        layers = [getattr(self, name) for name in (self._names if what == "transform_images" else _MOVING)]

        def branch(layer: BaseImagePreprocessingLayer) -> Callable[[Any, Any], Any]:
            return lambda x, drawn: getattr(layer, what)(x, layer._draw_transformation(shape, DrawnNumbers(drawn)))

        branches = [*(branch(layer) for layer in layers), lambda x, drawn: x]

        def link(i: Any, x: Any) -> Any:
            return ops.switch(ops.take(indices, i, axis=0), branches, x, ops.take(numbers, i, axis=0))

        return repeated(indices, link, x)

    def _on_batch(self, change: Any, images: Any, transformation: Any, name: str) -> Any:
        # In the dtype of the layers within.
        images = ops.cast(images, dtypes.at_least_float32(self.compute_dtype))
        return ops.cast(super()._on_batch(change, images, transformation, name), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {"value_range": self.value_range, "factor": self.factor, "interpolation": self.interpolation}
        return {**super().get_config(), **own, "seed": self.seed}
