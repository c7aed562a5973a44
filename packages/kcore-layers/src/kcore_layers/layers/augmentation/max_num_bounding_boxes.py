"""`MaxNumBoundingBoxes`: as many boxes for each image."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

import kcore_ops as ops
from kcore_ops.dtypes import is_float_dtype

from kcore_layers.layers.augmentation.base_image_preprocessing import BaseImagePreprocessingLayer
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.weight_options import checked_count, checked_number
from kcore_layers.serialization.registry import builtin

__all__ = ["MaxNumBoundingBoxes"]


@builtin("keras.layers")
class MaxNumBoundingBoxes(BaseImagePreprocessingLayer):
    """Keep the first boxes of each image, and pad those of images that have fewer; also while nothing is trained.

    Shapes: of boxes `([batch,] boxes, 4)` come `([batch,] max_number, 4)`, of labels `([batch,] boxes)` likewise.
    Images and what else there is stay as they are.

    Args:
        max_number: int, the number of boxes that each image is to have.
        fill_value: number, what the boxes and labels hold that are added; -1.
        **kwargs: `bounding_box_format`, the format of boxes as `convert_format` takes it; `data_format`,
            "channels_last" or "channels_first"; `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as
            `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> layer = MaxNumBoundingBoxes(2, bounding_box_format="xyxy")
    >>> boxes = {"boxes": np.ones((1, 1, 4)), "labels": np.array([[5]])}
    >>> layer({"images": np.ones((1, 8, 8, 3)), "bounding_boxes": boxes})["bounding_boxes"]["labels"]
    array([[ 5, -1]])
    """

    _is_deterministic: ClassVar[bool] = True

    def __init__(self, max_number: int, fill_value: float = -1, **kwargs: Unpack[ImageLayerOptions]) -> None:
        super().__init__(**kwargs)
        self.max_number = checked_count(self, "max_number", max_number)
        self.fill_value = checked_number(self, "fill_value", fill_value)

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        return None

    def _of_floats(self, images: Any) -> Any:
        if isinstance(images, list | tuple):
            images = ops.convert_to_tensor(images)
        return super()._of_floats(images) if is_float_dtype(ops.dtype(images)) else images

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Return the images, floats in the compute dtype.

        Args:
            images: tensor, as `call` takes it.
            transformation: not used; None.
            training: not used; True.
        """
        return self._of_floats(images)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Return the masks, floats in the compute dtype.

        Args:
            segmentation_masks: tensor, shaped like the images but for the channels.
            transformation: not used; None.
            training: not used; True.
        """
        return self._of_floats(segmentation_masks)

    def transform_labels(self, labels: Any, transformation: Any = None, training: bool = True) -> Any:
        """Return the labels of images as they are.

        Args:
            labels: tensor, one or several numbers for each image.
            transformation: not used; None.
            training: not used; True.
        """
        return labels

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """Return as many boxes for each image as are wanted.

        Args:
            bounding_boxes: dict with `"boxes"`, `([batch,] boxes, 4)`, and `"labels"`, `([batch,] boxes)`.
            transformation: not used; None.
            training: not used; True.
        """
        self._check_boxes(bounding_boxes)
        boxes = ops.convert_to_tensor(bounding_boxes["boxes"], "float32")
        axis = len(boxes.shape) - 2
        result = {**bounding_boxes, "boxes": self._padded(boxes, axis)}
        if bounding_boxes.get("labels") is not None:
            result["labels"] = self._padded(ops.convert_to_tensor(bounding_boxes["labels"]), axis)
        return result

    def _padded(self, x: Any, axis: int) -> Any:
        """Return the first elements along an axis, of so many more than there are that they are enough."""
        sizes = ops.shape(x)
        more = ops.full((*sizes[:axis], self.max_number, *sizes[axis + 1 :]), self.fill_value, dtype=ops.dtype(x))
        return ops.concatenate([x, more], axis)[(slice(None),) * axis + (slice(0, self.max_number),)]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return {**super().get_config(), "max_number": self.max_number, "fill_value": self.fill_value}
