"""`MixUp`: weighted means of pairs of images, and of their labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.foundation.errors import ArgumentError

from kcore_layers.layers.augmentation.base_image_preprocessing import BaseImagePreprocessingLayer
from kcore_layers.layers.augmentation.mixing import mixed, symmetric_beta
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.options.weight_options import checked_number
from kcore_layers.serialization.registry import builtin

__all__ = ["MixUp"]


@builtin("keras.layers")
class MixUp(BaseImagePreprocessingLayer):
    """Mix each image of a batch with another, and their labels in the same share; only while training.

    Segmentation masks are mixed likewise; the boxes of an image are followed by those of the other.

    Shapes: the input is a batch, `(batch, height, width, channels)`, with `data_format="channels_first"` the channels
    come before the height, or a dict, as `call` takes it; one image stays what it is, as there is no other. Labels are
    `(batch, ...)`. Dtype: the layer's, for integers too. Numbers are the same on every backend for the same seed.

    Args:
        alpha: number above 0, the two parameters of the beta distribution that shares are drawn from: below 1 most of a
            result is of one image; 0.2.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        seed: int, the seed of the random numbers; None draws one.
        **kwargs: `bounding_box_format`, the format of boxes, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if `alpha` is not above 0.

    Source: Zhang et al. (2017), arXiv:1710.09412.

    >>> images, parameters = np.array([[[[10.0]]], [[[20.0]]]]), {
    ...     "mix_weight": np.array([0.9, 0.5], "float32"), "permutation_order": np.array([1, 0])}
    >>> MixUp().transform_images(images, parameters).ravel()
    array([11., 15.], dtype=float32)
    """

    def __init__(
        self,
        alpha: float = 0.2,
        data_format: DataFormat | None = None,
        seed: int | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.alpha = checked_number(self, "alpha", alpha, "a number above 0")
        if not alpha > 0:
            raise ArgumentError(f"alpha can not be {alpha!r}", fix="pass a number above 0").at(type(self).__name__)
        self._set_seed(seed)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        shape = self._shape_of(images)
        if len(shape) == 3:
            return None
        numbers = self._uniform(seed, (5, shape[0]))
        return {
            "mix_weight": symmetric_beta(numbers[:4], self.alpha),
            "permutation_order": ops.argsort(numbers[4]),
        }

    def _change_images(self, images: Any, transformation: Any) -> Any:
        return mixed(images, transformation["permutation_order"], transformation["mix_weight"])

    def _change_labels(self, labels: Any, transformation: Any) -> Any:
        return mixed(labels, transformation["permutation_order"], transformation["mix_weight"])

    def transform_bounding_boxes(
        self, bounding_boxes: Mapping[str, Any], transformation: Any, training: bool = True
    ) -> Any:
        """Return the boxes of each image, followed by those of the one it is mixed with.

        Args:
            bounding_boxes: dict with `"boxes"`, `(batch, boxes, 4)`, in `bounding_box_format`, and `"labels"`,
                `(batch, boxes)`.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        self._check_boxes(bounding_boxes)
        if not self._changes(transformation, training) or len(bounding_boxes["boxes"].shape) == 2:
            return bounding_boxes
        order = transformation["permutation_order"]
        return {key: ops.concatenate([x, ops.take(x, order, axis=0)], axis=1) for key, x in bounding_boxes.items()}

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "alpha": self.alpha, "seed": self.seed}
