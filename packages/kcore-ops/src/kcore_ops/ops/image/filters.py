"""Images filtered, and a measure of how alike two images are that rests on filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore_ops.dtypes import INTEGERS
from kcore_ops.dtypes.promotion import real, real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.image.layout import as_float, back_to, channel_axis, spatial_axes
from kcore_ops.ops.nn.convolution import depthwise_conv
from kcore_ops.ops.nn.precision import narrowed, widened
from kcore_ops.ops.numpy.arithmetic import multiply, square
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.exponentials import exp
from kcore_ops.ops.numpy.indexing import get_item
from kcore_ops.ops.numpy.joining import concatenate
from kcore_ops.ops.numpy.manipulation import broadcast_to, expand_dims, moveaxis, reshape, squeeze
from kcore_ops.ops.numpy.reductions import mean, sum
from kcore_ops.specs.shapes import check_same_shape, differ, pair, show_shape

__all__ = ["gaussian_blur", "sobel_edges", "ssim"]


@op(dtypes={"images": real, "sigma": real_floating})
def gaussian_blur(
    images: Tensor, kernel_size: Any = (3, 3), sigma: Tensor = (1.0, 1.0), data_format: str | None = None
) -> Tensor:
    """Blur images: each pixel becomes the mean of those around it, weighted by a Gaussian.

    Outside of the images is 0.

    Shapes: `images` is `(height, width, channels)`, or `(channels, height, width)` with `data_format="channels_first"`
    (None is `config.image_data_format()`), or a batch of such; `kernel_size` is the (width, height) of the window in
    pixels, or one number for both, and `sigma`, one number or two in that order, the spread of weights.
    Dtype: that of `images`; integers are the nearest ones to what is computed in float32.
    Raises: `ShapeError` if the shapes do not fit; `ArgumentError` if the window is not of positive integers.

    >>> gaussian_blur([[[0.0], [1.0], [0.0]]], (3, 1), 1.0).round(3)[..., 0]
    array([[0.274, 0.452, 0.274]], dtype=float32)
    """
    axes = spatial_axes(images, data_format)
    sizes = pair(kernel_size, 2, "kernel_size")
    if len(sigma.shape) > 1 or (len(sigma.shape) == 1 and differ(sigma.shape[0], 2)):
        raise ShapeError(f"sigma has shape {show_shape(sigma.shape)}", fix="pass one number, or one for each axis")
    x = as_float(images)
    kind = dtype_of(x)
    sigmas = [sigma if len(sigma.shape) == 0 else get_item(sigma, i) for i in range(2)]
    width, height = (_gaussian(size, cast(s, kind), kind) for size, s in zip(sizes, sigmas, strict=True))
    return back_to(dtype_of(images), _filtered(x, (height, width), "same", axes, data_format))


def _gaussian(size: int, sigma: Any, kind: str) -> Any:
    """Return the weights, which sum to 1, of a window of `size` around its middle."""
    distance = cast(arange(size), kind) - (size - 1) / 2
    weights = exp(-0.5 * square(distance / sigma))
    return weights / sum(weights)


def _filtered(x: Any, kernels: Sequence[Any], padding: str, axes: Sequence[int], data_format: Any) -> Any:
    """Correlate images with one kernel along their height and with another along their width."""
    is_batch = len(x.shape) == 4
    x = x if is_batch else expand_dims(x, 0)
    channels = shape(x)[channel_axis(4, [axis + 4 - len(x.shape) if is_batch else axis + 1 for axis in axes])]
    for i, kernel in enumerate(kernels):
        (size,) = shape(kernel)
        window = (size, 1) if i == 0 else (1, size)
        kernel = broadcast_to(reshape(kernel, (*window, 1, 1)), (*window, channels, 1))
        x = depthwise_conv(x, kernel, 1, padding, data_format, 1)
    return x if is_batch else squeeze(x, axis=0)


def _signed(dtypes: Sequence[str]) -> str:
    """Convert integers to signed ones with room for sums."""
    dtype = real(dtypes)
    if dtype == "bool" or dtype in INTEGERS:
        return "int64" if dtype in ("uint32", "int64", "uint64") else "int32"
    return dtype


@op(dtypes=_signed)
def sobel_edges(images: Tensor, data_format: str | None = None) -> Tensor:
    """Return the slopes of images, down and to the right, times 8, each smoothed across.

    The filters are `[[-1, -2, -1], [0, 0, 0], [1, 2, 1]]` and its transpose; outside of the images is 0.

    Shapes: `images` is `(height, width, channels)`, or `(channels, height, width)` with `data_format="channels_first"`
    (None is `config.image_data_format()`), or a batch of such; the result has one more axis of size 2, with the slope
    down first. Dtype: that of `images`; integers become int32, or int64 if they may not fit.
    Raises: `ShapeError` for another number of axes.
    Source: Sobel & Feldman (1968), "A 3x3 isotropic gradient operator for image processing".

    >>> sobel_edges(np.array([[0, 0, 0], [0, 0, 0], [4, 4, 4]], "int32")[..., None])[1, 1, 0]
    array([16,  0], dtype=int32)
    """
    axes = spatial_axes(images, data_format)
    is_batch = len(images.shape) == 4
    x = images if is_batch else expand_dims(images, 0)
    at = channel_axis(len(images.shape), axes) + (0 if is_batch else 1)
    channels = shape(x)[at]
    down = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], "int32")
    kernel = cast(np.stack([down, down.T], -1)[:, :, None], dtype_of(images))
    x = moveaxis(depthwise_conv(x, broadcast_to(kernel, (3, 3, channels, 2)), 1, "same", data_format, 1), at, -1)
    x = moveaxis(reshape(x, (*shape(x)[:-1], channels, 2)), -2, at)
    return x if is_batch else squeeze(x, axis=0)


@op(dtypes=real_floating)
def ssim(
    image1: Tensor,
    image2: Tensor,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Tensor:
    """Structural similarity of `image1` and `image2`, from -1 to 1: it is 1 where they are the same.

    Means, variances and covariance are taken in windows of `filter_size` by `filter_size` pixels, weighted by a
    Gaussian of standard deviation `filter_sigma`; `max_val` is the difference between the largest value that a pixel
    may have and the smallest. So that nothing is divided by 0, `(k1 * max_val)**2` is added to what is made of means,
    in numerator and denominator, and `(k2 * max_val)**2` to what is made of variances.

    Shapes: both are `(height, width, channels)`, or `(channels, height, width)` with `data_format="channels_first"`
    (None is `config.image_data_format()`), or batches of such; the result is a scalar, or `(batch,)`. Dtype: the common
    one; integers become the default float; float16 and bfloat16 are computed in float32.
    Raises: `ShapeError` if the shapes differ, or a window does not fit.
    Source: Wang et al. (2004), https://doi.org/10.1109/TIP.2003.819861, equation 13.

    >>> image = np.linspace(0, 1, 144, dtype="float32").reshape(12, 12, 1)
    >>> ssim(image, image).item()
    1.0
    """
    axes = spatial_axes(image1, data_format, name="image1")
    check_same_shape("image1", image1, "image2", image2)
    (size,) = pair((filter_size,), 1, "filter_size")
    x, y = widened(image1), widened(image2)
    kind = dtype_of(x)
    kernel = _gaussian(size, filter_sigma, kind)
    at = channel_axis(len(image1.shape), axes)
    channels = shape(x)[at]
    maps = concatenate([x, y, square(x) + square(y), multiply(x, y)], axis=at)
    means = _filtered(maps, (kernel, kernel), "valid", axes, data_format)
    mean1, mean2, squares, product = (
        get_item(means, (slice(None),) * at + (slice(i * channels, (i + 1) * channels),)) for i in range(4)
    )
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    both, each = mean1 * mean2, square(mean1) + square(mean2)
    likeness = (2.0 * both + c1) / (each + c1) * (2.0 * (product - both) + c2) / (squares - each + c2)
    return narrowed(mean(likeness, axis=(*axes, at)), image1)
