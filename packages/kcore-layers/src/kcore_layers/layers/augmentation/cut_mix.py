"""`CutMix`: images with a rectangle of another image in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.layers.augmentation.base_image_preprocessing import BaseImagePreprocessingLayer
from kcore_layers.layers.augmentation.factors import Factor
from kcore_layers.layers.augmentation.mixing import mixed, symmetric_beta
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.layers.augmentation.rectangles import rectangle_masks
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.serialization.registry import builtin

__all__ = ["CutMix"]


@builtin("keras.layers")
class CutMix(BaseImagePreprocessingLayer):
    """Put a rectangle of another image into each image of a batch, and mix their labels; only while training.

    The share of a label is that of the pixels of its image. Segmentation masks are cut as the images are.

    Shapes: the input is a batch, `(batch, height, width, channels)`, with `data_format="channels_first"` the channels
    come before the height, or a dict, as `call` takes it; one image stays what it is, as there is no other. Labels are
    `(batch, ...)`. Dtype: the layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        factor: number from 0 to 1, or pair of them, between which the two parameters of the beta distribution are drawn
            that the shares of a batch are drawn from; a number `f` is the pair (0, f); 1.
        seed: int, the seed of the random numbers; None draws one.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `factor` is not one of those allowed; when called, if there are bounding boxes.

    Source: Yun et al. (2019), arXiv:1905.04899.

    >>> images = np.array([[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]])
    >>> layer, parameters = CutMix(), {"batch_masks": np.array([[[[False]], [[True]]]] * 2),
    ...     "permutation_order": np.array([1, 0]), "mix_weight": np.array([0.5, 0.5], "float32").reshape(2, 1, 1, 1)}
    >>> layer.transform_images(images, parameters).reshape(2, 2)
    array([[1., 4.],
           [3., 2.]], dtype=float32)
    """

    _factor_bounds = (0.0, 1.0)

    def __init__(
        self,
        factor: Factor = 1.0,
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set_seed(seed)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        shape = self._shape_of(images)
        if len(shape) == 3:
            return None
        least, most = self.factor
        alpha = ops.maximum(self._uniform(seed, (1,), least, most), 1e-3)
        numbers = self._uniform(seed, (7, shape[0]))
        weight = symmetric_beta(numbers[:4], alpha)
        side = ops.sqrt(1.0 - weight)
        sizes = (shape[self.height_axis], shape[self.width_axis])
        masks = rectangle_masks(sizes, (side, side), (numbers[4], numbers[5]))
        return {
            "permutation_order": ops.argsort(numbers[6]),
            "batch_masks": ops.expand_dims(masks, self.channel_axis),
            "mix_weight": ops.reshape(weight, (-1, 1, 1, 1)),
        }

    def _change_images(self, images: Any, transformation: Any) -> Any:
        others = ops.take(images, transformation["permutation_order"], axis=0)
        is_other = transformation["batch_masks"]
        # One mask for all channels, of which images and their segmentation have different numbers.
        is_other = is_other[:, :1] if self.channel_axis == -3 else is_other[..., :1]
        return ops.where(is_other, others, images)

    def _change_labels(self, labels: Any, transformation: Any) -> Any:
        return mixed(labels, transformation["permutation_order"], transformation["mix_weight"])

    def transform_bounding_boxes(
        self, bounding_boxes: Mapping[str, Any], transformation: Any, training: bool = True
    ) -> Any:
        """Raise an error: an object of which a part is left is in no box.

        Args:
            bounding_boxes: dict of boxes and labels.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.

        Raises:
            ArgumentError: if images are changed.
        """
        self._check_boxes(bounding_boxes)
        if not self._changes(transformation, training):
            return bounding_boxes
        raise ArgumentError(
            "boxes can not be cut: what is left of an object has no box", fix="leave them out, or use MixUp"
        ).at(type(self).__name__)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}
