"""Rows and columns of images cut off or added."""

from __future__ import annotations

from typing import Any

from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import shape
from kcore_ops.ops.image.layout import spatial_axes
from kcore_ops.ops.numpy.indexing import get_item
from kcore_ops.ops.numpy.manipulation import pad_constant
from kcore_ops.specs.shapes import show_shape
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["crop_images", "pad_images"]


@op
def crop_images(
    images: Tensor,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Cut rows and columns, numbers of pixels, off images.

    Along each axis two of three are given, what is cut off at either end and what is left, and the third is None: two
    of `top_cropping`, `bottom_cropping` and `target_height`, and two of `left_cropping`, `right_cropping` and
    `target_width`.

    Shapes: `images` is `(height, width, channels)`, or `(channels, height, width)` with `data_format="channels_first"`
    (None is `config.image_data_format()`), or a batch of such.
    Raises: `ShapeError` if the images are too small; `ArgumentError` if there are not two numbers for an axis, or one
    is negative.

    >>> crop_images(np.arange(4).reshape(1, 4, 1), 0, 1, target_height=1, target_width=2).tolist()
    [[[1], [2]]]
    """
    axes = spatial_axes(images, data_format)
    key = [slice(None)] * len(images.shape)
    given: tuple[Any, ...] = (
        ("top_cropping", "bottom_cropping", "target_height", top_cropping, bottom_cropping, target_height),
        ("left_cropping", "right_cropping", "target_width", left_cropping, right_cropping, target_width),
    )
    for axis, (*names, before, after, left) in zip(axes, given, strict=True):
        _check_two_of(names, before, after, left)
        total = sum(number for number in (before, after, left) if number is not None)
        if not is_unknown(images.shape[axis]) and total > images.shape[axis]:
            raise ShapeError(
                f"images of shape {show_shape(images.shape)} have no {total} pixels along axis {axis}",
                fix=f"{', '.join(names)} must fit into {images.shape[axis]}",
            )
        # Counted from the end where the size may not be known.
        if before is None:
            key[axis] = slice(-after - left, -after or None) if left else slice(0, 0)
        else:
            key[axis] = slice(before, -after or None) if left is None else slice(before, before + left)
    return _of_sizes(get_item(images, tuple(key)), axes, (target_height, target_width))


@op
def pad_images(
    images: Tensor,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Add rows and columns of zeros, numbers of pixels, to images.

    Along each axis two of three are given, what is added at either end and the size that results, and the third is
    None: two of `top_padding`, `bottom_padding` and `target_height`, and two of `left_padding`, `right_padding` and
    `target_width`.

    Shapes: `images` is `(height, width, channels)`, or `(channels, height, width)` with `data_format="channels_first"`
    (None is `config.image_data_format()`), or a batch of such.
    Raises: `ShapeError` if the images are too large; `ArgumentError` if there are not two numbers for an axis, or one
    is negative.

    >>> pad_images(np.ones((1, 2, 1), "int32"), 0, 1, target_height=1, target_width=4)[..., 0]
    array([[0, 1, 1, 0]], dtype=int32)
    """
    axes = spatial_axes(images, data_format)
    widths: list[tuple[Any, Any]] = [(0, 0)] * len(images.shape)
    given: tuple[Any, ...] = (
        ("top_padding", "bottom_padding", "target_height", top_padding, bottom_padding, target_height),
        ("left_padding", "right_padding", "target_width", left_padding, right_padding, target_width),
    )
    for axis, (*names, before, after, size) in zip(axes, given, strict=True):
        _check_two_of(names, before, after, size)
        if size is not None:
            rest = size - shape(images)[axis] - (after if before is None else before)
            if isinstance(rest, int) and not is_unknown(rest) and rest < 0:
                raise ShapeError(
                    f"images of shape {show_shape(images.shape)}, padded as asked, are larger than {names[2]}={size} "
                    f"along axis {axis}",
                    fix=f"raise {names[2]}, or crop the images",
                )
            before, after = (rest, after) if before is None else (before, rest)
        widths[axis] = (before, after)
    return _of_sizes(pad_constant(images, tuple(widths), 0), axes, (target_height, target_width))


def _of_sizes(images: Any, axes: Any, sizes: tuple[int | None, int | None]) -> Any:
    """Set the sizes of a spec to those asked for, which it lacks where those of the images are not known."""
    if not isinstance(images, TensorSpec):
        return images
    known = {axis: size for axis, size in zip(axes, sizes, strict=True) if size is not None}
    return TensorSpec([known.get(axis, size) for axis, size in enumerate(images.shape)], images.dtype)


def _check_two_of(names: list[str], *numbers: Any) -> None:
    shown = ", ".join(f"{name}={number}" for name, number in zip(names, numbers, strict=True))
    if sum(number is not None for number in numbers) != 2:
        raise ArgumentError(f"two of {', '.join(names)} say how, and here are {shown}", fix="pass exactly two of them")
    if any(number is not None and (not hasattr(number, "__index__") or number < 0) for number in numbers):
        raise ArgumentError(f"a number of pixels is a non-negative integer: {shown}", fix="pass 0 or more")
