"""`RandomColorJitter`: brightness, contrast, saturation and hue of images changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from kcore_layers.layers.augmentation.colour_layer import ColourLayer
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.layers.augmentation.random_brightness import RandomBrightness
from kcore_layers.layers.augmentation.random_contrast import RandomContrast
from kcore_layers.layers.augmentation.random_hue import RandomHue
from kcore_layers.layers.augmentation.random_saturation import RandomSaturation
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.options.weight_options import config_of
from kcore_layers.serialization.registry import builtin

__all__ = ["RandomColorJitter"]


@builtin("keras.layers")
class RandomColorJitter(ColourLayer):
    """Change brightness, contrast, saturation and hue of images, in this order; only while training.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: the
    layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        brightness_factor: `factor` of `RandomBrightness`; None leaves that out.
        contrast_factor: `factor` of `RandomContrast`; None leaves that out.
        saturation_factor: `factor` of `RandomSaturation`; None leaves that out.
        hue_factor: `factor` of `RandomHue`; None leaves that out.
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes, which stay what they are, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if a factor or `value_range` is not one of those allowed.
        ShapeError: when called, if saturation or hue are to change and images have not 3 channels.

    >>> layer = RandomColorJitter(brightness_factor=(0.2, 0.2), saturation_factor=(0.0, 0.0))
    >>> layer(np.array([[[0.0, 100.0, 200.0]]]))
    array([[[251., 251., 251.]]], dtype=float32)
    """

    random_brightness: Any = None
    random_contrast: Any = None
    random_saturation: Any = None
    random_hue: Any = None

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        brightness_factor: Factor | None = None,
        contrast_factor: Factor | None = None,
        saturation_factor: Factor | None = None,
        hue_factor: Factor | None = None,
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(value_range=value_range, data_format=data_format, **kwargs)
        self.brightness_factor = brightness_factor
        self.contrast_factor = contrast_factor
        self.saturation_factor = saturation_factor
        self.hue_factor = hue_factor
        self._set_seed(seed)
        inner: Any = {
            "value_range": value_range,
            "data_format": self.data_format,
            "dtype": self.dtype_policy,
            "seed": self.seed,
        }
        if brightness_factor is not None:
            self.random_brightness = RandomBrightness(brightness_factor, **inner)
        if contrast_factor is not None:
            self.random_contrast = RandomContrast(contrast_factor, **inner)
        if saturation_factor is not None:
            self.random_saturation = RandomSaturation(saturation_factor, **inner)
        if hue_factor is not None:
            self.random_hue = RandomHue(hue_factor, **inner)

    def _steps(self) -> dict[str, ColourLayer]:
        steps = {
            "random_brightness": self.random_brightness,
            "random_contrast": self.random_contrast,
            "random_saturation": self.random_saturation,
            "random_hue": self.random_hue,
        }
        return {name: step for name, step in steps.items() if step is not None}

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        return {name: step._draw_transformation(images, seed) for name, step in self._steps().items()}

    def _change_colours(self, images: Any, transformation: Any) -> Any:
        for name, step in self._steps().items():
            images = step._change_colours(images, transformation[name])
        return images

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        options = ("brightness_factor", "contrast_factor", "saturation_factor", "hue_factor", "seed")
        return {**super().get_config(), **config_of(self, *options)}
