"""`RandomGaussianBlur`: images out of focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import pair

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor, checked_factor
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat, Sizes
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomGaussianBlur"]


@builtin("keras.layers")
class RandomGaussianBlur(ColourLayer):
    """Blur images with a Gaussian, some of them; only while training.

    Outside of the images is 0, so that edges become darker.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from 0 to 1, or pair of them, between which the probability is drawn that an image is blurred; a
            number `f` is the pair (0, f); 1.
        kernel_size: odd int, or one for width and one for height, pixels that the window covers; 3.
        sigma: number from 0 to 1, or pair of numbers, between which the standard deviation of the Gaussian, in pixels,
            is drawn, along the width and along the height, the same for all images of a batch; a number `s` is the
            pair (0, s); 1.
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> layer = RandomGaussianBlur((1.0, 1.0), sigma=(1.0, 1.0))
    >>> layer(np.array([[[0.0], [0.0], [0.0]], [[0.0], [100.0], [0.0]], [[0.0], [0.0], [0.0]]]))[..., 0].round()
    array([[ 8., 12.,  8.],
           [12., 20., 12.],
           [ 8., 12.,  8.]], dtype=float32)
    """

    _factor_bounds = (0.0, 1.0)

    def __init__(
        self,
        factor: Factor = 1.0,
        kernel_size: Sizes = 3,
        sigma: Factor = 1.0,
        value_range: Sequence[float] = (0, 255),
        data_format: DataFormat | None = None,
        seed: int | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, data_format=data_format, **kwargs)
        try:
            self.kernel_size = pair(kernel_size, 2, "kernel_size")
            if any(size % 2 == 0 for size in self.kernel_size):
                raise ArgumentError(f"kernel_size can not be {kernel_size!r}", fix="pass odd sizes, such as 3")
        except ArgumentError as error:
            raise error.at(type(self).__name__) from None
        most = float("inf") if isinstance(sigma, Sequence) else 1.0
        self.sigma = checked_factor(self, "sigma", sigma, (0.0, most))
        self._set_seed(seed)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        # Where sigma is 0 the Gaussian would be 0 / 0.
        least, most = (limit + 1e-6 for limit in self.sigma)
        return {
            "should_apply_blur": self._draw_choice(images, seed, self.factor),
            "blur_factor": self._uniform(seed, (2,), least, most),
        }

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        blurred = ops.image.gaussian_blur(
            images, self.kernel_size, transformation["blur_factor"], data_format=self.data_format
        )
        return ops.where(self._per_image(transformation["should_apply_blur"]), blurred, images)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {"factor": self.factor, "kernel_size": self.kernel_size, "sigma": self.sigma, "seed": self.seed}
        return {**super().get_config(), **own}
