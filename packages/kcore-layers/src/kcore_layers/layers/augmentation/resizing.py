"""`Resizing`: images of another size."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Unpack, get_args

import kcore_ops as ops
from kcore_ops.dtypes import is_float_dtype
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.specs.shapes import one_of

from kcore_layers.layers.augmentation.base_image_preprocessing import BaseImagePreprocessingLayer
from kcore_layers.layers.augmentation.options import ImageLayerOptions
from kcore_layers.options.argument_types import DataFormat
from kcore_layers.options.weight_options import checked_count
from kcore_layers.serialization.registry import builtin

__all__ = ["Resizing"]

Interpolation = Literal["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"]


@builtin("keras.layers")
class Resizing(BaseImagePreprocessingLayer):
    """Make images as large as wanted, also while nothing is trained.

    Shapes: the input is an image or a batch, `(height, width, channels)` or `(batch, height, width, channels)`, with
    `data_format="channels_first"` the channels come before the height; or a dict, as `call` takes it. Dtype: integers
    stay such, the nearest ones; floats come out in the layer's.

    Args:
        height: int, the height wanted, in pixels.
        width: int, the width wanted, in pixels.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5", how pixels are computed; see the op
            `resize`; "bilinear". Masks are always resized by "nearest".
        crop_to_aspect_ratio: bool, whether to cut off what does not fit the aspect ratio wanted, rather than distort;
            False.
        pad_to_aspect_ratio: bool, whether to add what is missing to it; False.
        fill_mode: "constant", the only one: what is added is `fill_value`; "constant".
        fill_value: number, what is added; 0.
        antialias: bool, whether to widen the kernel where images shrink, so that each pixel counts; False.
        data_format: "channels_last" or "channels_first", where the channel axis is; None is
            `config.image_data_format()`.
        **kwargs: `bounding_box_format`, the format of boxes as `convert_format` takes it, None where there are none;
            `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: if an argument is not one of those allowed.

    >>> Resizing(1, 4)(np.array([[[0.0], [4.0]]])).ravel()
    array([0., 1., 3., 4.], dtype=float32)
    """

    _is_deterministic: ClassVar[bool] = True

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: Interpolation = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: Literal["constant"] = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: DataFormat | None = None,
        **kwargs: Unpack[ImageLayerOptions],
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height = checked_count(self, "height", height)
        self.width = checked_count(self, "width", width)
        try:
            self.interpolation = one_of("interpolation", interpolation, get_args(Interpolation))
            self.fill_mode = one_of("fill_mode", fill_mode, ("constant",))
            if crop_to_aspect_ratio and pad_to_aspect_ratio:
                raise ArgumentError(
                    "crop_to_aspect_ratio and pad_to_aspect_ratio are both set", fix="set one of the two"
                )
        except ArgumentError as error:
            raise error.at("Resizing") from None
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_value = fill_value
        self.antialias = antialias

    def _of_floats(self, images: Any) -> Any:
        if isinstance(images, list | tuple):
            images = ops.convert_to_tensor(images)
        return super()._of_floats(images) if is_float_dtype(ops.dtype(images)) else images

    def _draw_transformation(self, images: Any, seed: Any) -> Any:
        shape = self._shape_of(images)
        return shape[self.height_axis], shape[self.width_axis]

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Return the images in the size wanted.

        Args:
            images: tensor, as `call` takes it.
            transformation: not used; None.
            training: not used; True.
        """
        return super().transform_images(images, transformation, training)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Return the masks in the size wanted: of each pixel the nearest one.

        Args:
            segmentation_masks: tensor, shaped like the images but for the channels.
            transformation: not used; None.
            training: not used; True.
        """
        return super().transform_segmentation_masks(segmentation_masks, transformation, training)

    def transform_labels(self, labels: Any, transformation: Any = None, training: bool = True) -> Any:
        """Return the labels as they are.

        Args:
            labels: tensor, one or several numbers for each image.
            transformation: not used; None.
            training: not used; True.
        """
        return labels

    def _change_images(self, images: Any, transformation: Any) -> Any:
        return self._resized(images, self.interpolation)

    def _change_masks(self, masks: Any, transformation: Any) -> Any:
        return self._resized(masks, "nearest")

    def _resized(self, images: Any, interpolation: str) -> Any:
        return ops.image.resize(
            images,
            (self.height, self.width),
            interpolation,
            self.antialias,
            self.crop_to_aspect_ratio,
            self.pad_to_aspect_ratio,
            self.fill_mode,
            self.fill_value,
            self.data_format,
        )

    def _change_boxes(self, boxes: Any, sizes: tuple[Any, Any], transformation: Any) -> Any:
        height, width = (ops.cast(size, "float32") for size in sizes)
        factors = self.height / height, self.width / width
        offsets: tuple[Any, Any] = (0.0, 0.0)
        if self.crop_to_aspect_ratio or self.pad_to_aspect_ratio:
            factor = (ops.maximum if self.crop_to_aspect_ratio else ops.minimum)(*factors)
            factors = factor, factor
            # By whole pixels, as in Keras; what is cut off or added is half of the difference.
            offsets = ops.trunc((self.height - height * factor) / 2.0), ops.trunc((self.width - width * factor) / 2.0)
        scale = ops.stack([factors[1], factors[0], factors[1], factors[0]])
        return boxes * scale + ops.cast(ops.stack([offsets[1], offsets[0], offsets[1], offsets[0]]), "float32")

    def _sizes_before(self, transformation: Any) -> tuple[Any, Any]:
        return transformation[0], transformation[1]

    def _sizes_after(self, transformation: Any) -> tuple[Any, Any]:
        return self.height, self.width

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        own = {
            "height": self.height,
            "width": self.width,
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "antialias": self.antialias,
        }
        return {**super().get_config(), **own}
