"""What layers that change images have in common: what they take, in what form, and the parameters they draw.

A layer says what it does to a batch: `_draw_transformation` draws the parameters, `_change_images`, `_change_boxes`,
`_change_masks` and `_change_labels` apply them. Everything else is here: single images, dicts, formats, dtypes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Unpack

import kcore_ops as ops
import numpy as np
from kcore_ops import config
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, ShapeError
from kcore_ops.ops.random.portable import portable_uniform
from kcore_ops.random import SeedGenerator
from kcore_ops.specs.shapes import show_shape

from kcore_layers.base.data_layer import DataLayer
from kcore_layers.bounding_boxes.clipping import clip_to_image_size
from kcore_layers.bounding_boxes.formats import BoxFormat, checked_format, convert_format
from kcore_layers.layers.augmentation.drawn_numbers import DrawnNumbers
from kcore_layers.layers.augmentation.factors import checked_factor
from kcore_layers.options.argument_types import DataFormat, LayerOptions

__all__ = ["BaseImagePreprocessingLayer"]


class BaseImagePreprocessingLayer(DataLayer):
    """Change images, and what belongs to them in the same way.

    Args:
        factor: number, or pair of them, between which the strength of the change is drawn, for layers that take it; see
            `factors.py`. None, the default.
        bounding_box_format: str, the format of boxes, as `convert_format` takes it; None where there are none.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.
    """

    # The numbers that `factor` may lie between, or None for a layer that takes none.
    _factor_bounds: ClassVar[tuple[float, float] | None] = None
    # Whether something is done where `training` is False as well, and whether nothing is drawn.
    _is_deterministic: ClassVar[bool] = False

    def __init__(
        self,
        factor: float | Sequence[float] | None = None,
        bounding_box_format: BoxFormat | None = None,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        name = type(self).__name__
        try:
            self.data_format = config.standardize_data_format(data_format)
            self.bounding_box_format = None if bounding_box_format is None else checked_format(bounding_box_format)
        except ArgumentError as error:
            raise error.at(name) from None
        if self._factor_bounds is not None:
            self.factor = checked_factor(self, "factor", 0.0 if factor is None else factor, self._factor_bounds)
        elif factor is not None:
            raise ArgumentError(f"there is no argument factor, which is {factor!r}", fix="leave it out").at(name)
        is_first = self.data_format == "channels_first"
        self.height_axis, self.width_axis, self.channel_axis = (-2, -1, -3) if is_first else (-3, -2, -1)

    def _kcore_build_for(self, values: dict[str, Any]) -> None:
        """Build nothing, whatever a dict holds beside images."""

    def _set_seed(self, seed: int | None) -> None:
        """Give it a generator of random numbers."""
        self.seed = seed
        self.generator = SeedGenerator(seed)

    # What a layer says of itself. `images` is a batch of floats here, `boxes` are "xyxy" in pixels,
    # `(batch, boxes, 4)`, with the sizes of the image before.

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        """Return the parameters of the change of a batch of images, or of one; the images' shape may be looked at."""
        raise NotImplementedError

    def _change_images(self, images: Any, transformation: Any) -> Any:
        raise NotImplementedError

    def _change_masks(self, masks: Any, transformation: Any) -> Any:
        return self._change_images(masks, transformation)

    def _change_boxes(self, boxes: Any, sizes: tuple[Any, Any], transformation: Any) -> Any:
        return boxes

    def _change_labels(self, labels: Any, transformation: Any) -> Any:
        return labels

    def _sizes_before(self, transformation: Any) -> tuple[Any, Any]:
        """Return the height and width of the images that a transformation was drawn for."""
        shape = transformation["input_shape"]
        return shape[self.height_axis], shape[self.width_axis]

    def _sizes_after(self, transformation: Any) -> tuple[Any, Any]:
        """Return the height and width of the images that come out."""
        return self._sizes_before(transformation)

    # Drawing.

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Return the parameters of one change of the images, drawn anew in each call.

        Args:
            data: tensor, images as `call` takes them, or a dict with them as `"images"`; or their shape.
            training: bool, whether to change them at all; True.
            seed: int, `SeedGenerator` or seed tensor in place of the layer's own; None.
        """
        images = data["images"] if isinstance(data, Mapping) else data
        if not training and not self._is_deterministic:
            return None
        return self._draw_transformation(images, getattr(self, "generator", None) if seed is None else seed)

    def _uniform(self, seed: Any, shape: tuple[Any, ...], least: float = 0.0, most: float = 1.0) -> Any:
        """Draw float32 numbers evenly from [least, most), the same on every backend."""
        numbers = seed.shaped(shape) if isinstance(seed, DrawnNumbers) else portable_uniform(seed, shape)
        return numbers if (least, most) == (0.0, 1.0) else numbers * (most - least) + least

    @staticmethod
    def _shape_of(images: Any) -> tuple[Any, ...]:
        """Return the sizes of images, or the shape that stands for them."""
        return tuple(images) if isinstance(images, list | tuple) else tuple(ops.shape(images))

    def _batch_of(self, images: Any) -> Any:
        """Return how many images there are: for one image, 1."""
        shape = self._shape_of(images)
        return shape[0] if len(shape) == 4 else 1

    # Calling.

    def call(self, data: Any, training: bool | None = True) -> Any:
        """Return the images changed, or the dict with all that belongs to them changed in the same way.

        Args:
            data: tensor, an image `(height, width, channels)` or a batch of images, with the channels where
                `data_format` says; or a dict with it as `"images"`, and it may be with `"labels"`,
                `"segmentation_masks"`, shaped like the images but for the channels, and `"bounding_boxes"`, a dict of
                `"boxes"`, `([batch,] boxes, 4)`, and `"labels"`, `([batch,] boxes)`. Other entries are kept.
            training: bool, whether to make random changes; True.
        """
        training = bool(training)
        if not isinstance(data, Mapping):
            self._check_rank(data)
            return self.transform_images(data, self.get_random_transformation(data, training), training)
        if "images" not in data:
            raise ArgumentError(f"there are no images among {', '.join(map(repr, data))}", fix='pass them as "images"')
        self._check_rank(data["images"])
        if data.get("bounding_boxes") is not None and self.bounding_box_format is None:
            raise ArgumentError(
                "there are bounding boxes, and their format is not known",
                fix=f"{type(self).__name__}(..., bounding_box_format='xyxy'), if it is that one",
            )
        transformation = self.get_random_transformation(data, training)
        result = dict(data)
        for key, transform in (
            ("images", self.transform_images),
            ("bounding_boxes", self.transform_bounding_boxes),
            ("labels", self.transform_labels),
            ("segmentation_masks", self.transform_segmentation_masks),
        ):
            if data.get(key) is not None:
                result[key] = transform(data[key], transformation, training)
        return result

    def _check_rank(self, images: Any, name: str = "images") -> int:
        rank = len(getattr(images, "shape", ()))
        if rank not in (3, 4):
            axes = "channels, height, width" if self.data_format == "channels_first" else "height, width, channels"
            shape = show_shape(images.shape) if hasattr(images, "shape") else type(images).__name__
            raise ShapeError(f"{name} has {rank} axes, {shape}", fix=f"pass ({axes}), or a batch of such")
        return rank

    def _changes(self, transformation: Any, training: bool) -> bool:
        return self._is_deterministic or (bool(training) and transformation is not None)

    def _of_floats(self, images: Any) -> Any:
        """Return images in the dtype that the layer computes in."""
        if isinstance(images, list | tuple | np.ndarray):
            images = ops.convert_to_tensor(images)
        return images if ops.dtype(images) == self.compute_dtype else ops.cast(images, self.compute_dtype)

    def _on_batch(self, change: Any, images: Any, transformation: Any, name: str) -> Any:
        if self._check_rank(images, name) == 4:
            return change(images, transformation)
        return ops.squeeze(change(ops.expand_dims(images, 0), transformation), 0)

    def _check_boxes(self, bounding_boxes: Any) -> BoxFormat:
        """Return the format of boxes, where it is known and they are given as they have to be."""
        if not isinstance(bounding_boxes, Mapping) or "boxes" not in bounding_boxes:
            raise ArgumentTypeError(
                f"bounding_boxes is a {type(bounding_boxes).__name__}", fix='pass a dict with "boxes" and "labels"'
            )
        if self.bounding_box_format is None:
            raise ArgumentError(
                "the format of bounding boxes is not known",
                fix=f"{type(self).__name__}(..., bounding_box_format='xyxy'), if it is that one",
            )
        return self.bounding_box_format

    # Applying one change.

    def transform_images(self, images: Tensor, transformation: Any, training: bool = True) -> Tensor:
        """Return images, changed in the way that was drawn, in the compute dtype.

        Args:
            images: tensor, as `call` takes it.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        images = self._of_floats(images)
        if not self._changes(transformation, training):
            return images
        return self._on_batch(self._change_images, images, transformation, "images")

    def transform_segmentation_masks(
        self, segmentation_masks: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        """Return the class of each pixel after the change, in the compute dtype.

        Args:
            segmentation_masks: tensor, shaped like the images but for the channels.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        masks = self._of_floats(segmentation_masks)
        if not self._changes(transformation, training):
            return masks
        return self._on_batch(self._change_masks, masks, transformation, "segmentation_masks")

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Return the labels of images after the change.

        Args:
            labels: tensor, one or several numbers for each image.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        return self._change_labels(labels, transformation) if self._changes(transformation, training) else labels

    def transform_bounding_boxes(
        self, bounding_boxes: Mapping[str, Any], transformation: Any, training: bool = True
    ) -> Any:
        """Return boxes after the change, without what lies outside of the image; what is gone has the label -1.

        Args:
            bounding_boxes: dict with `"boxes"`, `([batch,] boxes, 4)`, in `bounding_box_format`, and `"labels"`,
                `([batch,] boxes)`.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        layout = self._check_boxes(bounding_boxes)
        if not self._changes(transformation, training):
            return bounding_boxes
        height, width = self._sizes_before(transformation)
        boxes = bounding_boxes["boxes"]
        boxes = convert_format(boxes, layout, "xyxy", *_numbers(height, width))
        is_single = len(boxes.shape) == 2
        boxes = ops.expand_dims(boxes, 0) if is_single else boxes
        boxes = self._change_boxes(boxes, (height, width), transformation)
        boxes = ops.squeeze(boxes, 0) if is_single else boxes
        sizes = _numbers(*self._sizes_after(transformation))
        clipped = clip_to_image_size({**bounding_boxes, "boxes": boxes}, *sizes)
        return convert_format(clipped, "xyxy", layout, *sizes)

    # The same for one image: transformations drawn for one have a batch of 1.

    def transform_single_image(self, image: Tensor, transformation: Any, training: bool = True) -> Tensor:
        """Return one image, changed as `transform_images` does.

        Args:
            image: tensor `(height, width, channels)`, or as `data_format` says.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        return self.transform_images(image, transformation, training)

    def transform_single_segmentation_mask(
        self, segmentation_mask: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        """Return the mask of one image, changed as `transform_segmentation_masks` does.

        Args:
            segmentation_mask: tensor, shaped like the image but for the channels.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        return self.transform_segmentation_masks(segmentation_mask, transformation, training)

    def transform_single_bounding_box(
        self, bounding_box: Mapping[str, Any], transformation: Any, training: bool = True
    ) -> Any:
        """Return the boxes of one image, changed as `transform_bounding_boxes` does.

        Args:
            bounding_box: dict with `"boxes"`, `(boxes, 4)`, and `"labels"`, `(boxes,)`.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        return self.transform_bounding_boxes(bounding_box, transformation, training)

    def transform_single_label(self, label: Any, transformation: Any, training: bool = True) -> Any:
        """Return the label of one image, changed as `transform_labels` does.

        Args:
            label: tensor, one or several numbers.
            transformation: what `get_random_transformation` returned.
            training: bool, whether to make random changes; True.
        """
        if not self._changes(transformation, training):
            return label
        return ops.squeeze(self._change_labels(ops.expand_dims(label, 0), transformation), 0)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own: dict[str, Any] = {"data_format": self.data_format}
        if self.bounding_box_format is not None:
            own["bounding_box_format"] = self.bounding_box_format
        return {**super().get_config(), **own}


def _numbers(height: Any, width: Any) -> tuple[Any, Any]:
    """Return sizes that only the running graph knows as floats."""
    known = [size is None or isinstance(size, int) for size in (height, width)]
    return height if known[0] else ops.cast(height, "float32"), width if known[1] else ops.cast(width, "float32")
