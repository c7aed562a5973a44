"""`RandAugment`: images changed by a few layers, chosen at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from kcore_layers.layers.augmentation.choosing import ChoosingLayer
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.moving import Interpolation
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.registry import builtin

__all__ = ["RandAugment"]


@builtin("keras.layers")
class RandAugment(ChoosingLayer):
    """Change images by layers that are chosen at random, the same ones for a whole batch; only while training.

    They are chosen among `RandomShear`, `RandomTranslation`, `RandomRotation`, `RandomBrightness`,
    `RandomColorDegeneration`, `RandomContrast`, `RandomSharpness`, `RandomPosterization`, `Solarization`,
    `AutoContrast` and `Equalization`, each as often as the others, and may be chosen more than once. How much they
    change an image is drawn for each.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. There are 3
    channels, red, green and blue, or 1. Dtype: the layer's, for integers too. Numbers are the same on every backend for
    the same seed.

    Args:
        value_range: pair of numbers, the least and greatest value of a pixel; (0, 255).
        num_ops: int, how many layers are applied, one after another; 2.
        factor: number from 0 to 1, or pair of them, the `factor` of each of the layers; a number `f` is the pair
            (0, f); 0.5.
        interpolation: "bilinear" or "nearest", how pixels between others are read; "bilinear".
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes as `convert_format` takes it, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    Source: Cubuk et al. (2019), arXiv:1909.13719.

    >>> RandAugment(seed=1)(np.ones((2, 8, 8, 3), "float32")).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_ops: int = 2,
        factor: Factor = 0.5,
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(value_range, factor, interpolation, seed, data_format, **kwargs)
        self.num_ops = checked_count(self, "num_ops", num_ops, least=0)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        choices, numbers = self._draw(seed, self.num_ops, self.num_ops, images)
        indices = self._indices(choices, len(self._names))
        return {"layer_idxes": indices, "numbers": numbers, "input_shape": self._shape_of(images)}

    def _changed(self, what: str, x: Any, transformation: Any) -> Any:
        return self._in_turn(what, x, transformation["layer_idxes"], transformation["numbers"], transformation)

    def _change_images(self, images: Any, transformation: Any) -> Any:
        return self._changed("transform_images", images, transformation)

    def _change_masks(self, masks: Any, transformation: Any) -> Any:
        return self._changed("transform_segmentation_masks", masks, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Mapping[str, Any], transformation: Any, training: bool = True
    ) -> Any:
        """Return boxes after the changes, without what lay outside of the image; what is gone has the label -1.

        Args:
            bounding_boxes: dict with `"boxes"`, `([batch,] boxes, 4)`, in `bounding_box_format`, and `"labels"`,
                `([batch,] boxes)`.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        inside = super().transform_bounding_boxes(bounding_boxes, transformation, training)
        if not self._changes(transformation, training):
            return inside
        return self._changed("transform_bounding_boxes", inside, transformation)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "num_ops": self.num_ops}
