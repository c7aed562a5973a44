"""Patches of images and of volumes, as vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.core.conversion import shape
from kcore_ops.ops.image.layout import channel_axis, spatial_axes
from kcore_ops.ops.nn.windows import conv_windows, padded
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.indexing import take
from kcore_ops.ops.numpy.manipulation import expand_dims, moveaxis, reshape, squeeze, transpose
from kcore_ops.specs.shapes import pair

__all__ = ["extract_patches", "extract_patches_3d"]


@op
def extract_patches(
    images: Tensor,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Cut images into patches of `size` pixels and make a vector of each; or volumes, as `extract_patches_3d` does.

    Patches are `strides` pixels apart, by default as many as they are large, and take every `dilation_rate`-th pixel.
    They lie inside; with `padding="same"` zeros are added around the images for ceil(size / stride) patches along each
    axis.

    Shapes: `images` is `(height, width, channels)`, or `(channels, height, width)` with `data_format="channels_first"`
    (None is `config.image_data_format()`), or a batch of such; the result has the patches' positions in place of the
    pixels, and `size[0] * size[1] * channels` channels: row by row the pixels of a patch, the channels of each side by
    side. What has five axes, or is cut by a `size` of three, is volumes.
    Raises: `ShapeError` if a patch does not fit; `ArgumentError` if another argument is not one of those allowed.

    >>> extract_patches(np.arange(8).reshape(2, 4, 1), 2).tolist()
    [[[0, 1, 4, 5], [2, 3, 6, 7]]]
    """
    if len(images.shape) == 5 or (isinstance(size, list | tuple) and len(size) == 3):
        return extract_patches_3d(images, size, strides, dilation_rate, padding, data_format)
    return _patches(images, size, strides, dilation_rate, padding, data_format, spatial_axes(images, data_format))


@op
def extract_patches_3d(
    volumes: Tensor,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Cut volumes into patches of `size` voxels and make a vector of each, as `extract_patches` does with images.

    `strides`, by default `size`, `dilation_rate`, by default 1, and `padding`, by default "valid", are as there.

    Shapes: `volumes` is `(depth, height, width, channels)`, or `(channels, depth, height, width)` with
    `data_format="channels_first"` (None is `config.image_data_format()`), or a batch of such; the result has the
    patches' positions in place of the voxels, and `size[0] * size[1] * size[2] * channels` channels.
    Raises: `ShapeError` if a patch does not fit; `ArgumentError` if another argument is not one of those allowed.

    >>> extract_patches_3d(np.arange(8).reshape(2, 2, 2, 1), (2, 1, 2)).tolist()
    [[[[0, 1, 4, 5]], [[2, 3, 6, 7]]]]
    """
    axes = spatial_axes(volumes, data_format, 3, "volumes")
    return _patches(volumes, size, strides, dilation_rate, padding, data_format, axes)


def _patches(
    x: Any, size: Any, strides: Any, dilation_rate: Any, padding: str, data_format: Any, axes: Sequence[int]
) -> Any:
    count, rank = len(axes), len(x.shape)
    window = pair(size, count, "size")
    strides = window if strides is None else pair(strides, count, "strides")
    channels_at = channel_axis(rank, axes)
    is_batch = rank > count + 1
    x = x if is_batch else expand_dims(x, 0)
    shift = 0 if is_batch else 1
    # The windows are those of a convolution, channel by channel.
    windows = conv_windows(tuple(x.shape), (*window, 1, None), strides, padding, dilation_rate, data_format)
    x = moveaxis(padded(x, windows), channels_at + shift, -1)
    sizes = shape(x)
    for i, (width, span) in enumerate(zip(window, windows.spans, strict=True)):
        step, rate = windows.strides[i], windows.dilation[i]
        axis = 1 + 2 * i  # each axis before this one has become two
        positions = (sizes[1 + i] - span) // step + 1
        x = take(x, expand_dims(arange(positions) * step, 1) + arange(width) * rate, axis=axis)
    places, elements = [1 + 2 * i for i in range(count)], [2 + 2 * i for i in range(count)]
    x = transpose(x, (0, *places, *elements, 2 * count + 1))
    batch, *found = shape(x)
    x = reshape(x, (batch, *found[:count], math.prod(window) * found[-1]))
    x = moveaxis(x, -1, channels_at + shift)
    return x if is_batch else squeeze(x, axis=0)
