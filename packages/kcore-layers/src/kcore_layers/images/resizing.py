"""Pictures resized on the host, each as it is read: all have sizes of their own, which a framework would compile for.

The kernels are those that TensorFlow's `tf.image.resize` names, without antialiasing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import kcore_ops as ops
import numpy as np
from kcore_ops import Tensor, config
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, ShapeError

__all__ = ["INTERPOLATIONS", "cropped", "padded", "resized", "smart_resize"]

_Array: TypeAlias = np.ndarray[Any, Any]


def _triangle(distance: _Array) -> _Array:
    found: _Array = np.maximum(1 - distance, 0)
    return found


def _cubic(distance: _Array, b: float, c: float) -> _Array:
    """Mitchell & Netravali (1988), "Reconstruction filters in computer graphics", eq. 8; (0, 1/2) is Keys's (1981)."""
    near = ((12 - 9 * b - 6 * c) * distance + (-18 + 12 * b + 6 * c)) * distance**2 + (6 - 2 * b)
    far = (((-b - 6 * c) * distance + (6 * b + 30 * c)) * distance + (-12 * b - 48 * c)) * distance + (8 * b + 24 * c)
    return np.where(distance < 1, near, np.where(distance < 2, far, 0)) / 6


def _lanczos(distance: _Array, radius: int) -> _Array:
    return np.where(distance < radius, np.sinc(distance) * np.sinc(distance / radius), 0)


def _gaussian(distance: _Array) -> _Array:
    sigma = 0.5
    return np.where(distance < 3 * sigma, np.exp(-(distance**2) / (2 * sigma**2)), 0)


_KERNELS: dict[str, Callable[[_Array], _Array]] = {
    "bilinear": _triangle,
    "bicubic": functools.partial(_cubic, b=0.0, c=0.5),
    "lanczos3": functools.partial(_lanczos, radius=3),
    "lanczos5": functools.partial(_lanczos, radius=5),
    "gaussian": _gaussian,
    "mitchellcubic": functools.partial(_cubic, b=1 / 3, c=1 / 3),
}
INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")


def resized(image: _Array, size: tuple[int, int], interpolation: str) -> _Array:
    """Return a picture in another size, in float32.

    Args:
        image: the picture, (height, width, channels).
        size: its height and width then.
        interpolation: one of `INTERPOLATIONS`.
    """
    x = image.astype("float32")
    for axis, count in enumerate(size):
        length = x.shape[axis]
        if interpolation == "nearest":
            x = np.take(x, _nearest(length, count), axis)
        elif length != count:
            weights = _area(length, count) if interpolation == "area" else _weights(length, count, interpolation)
            x = np.moveaxis(np.tensordot(weights.astype("float32"), x, (1, axis)), 0, axis)
    return x


def _nearest(length: int, count: int) -> _Array:
    return (2 * np.arange(count) + 1) * length // (2 * count)


def _weights(length: int, count: int, interpolation: str) -> _Array:
    """Return the share of each old pixel in each new one, (count, length)."""
    centres = (np.arange(count) + 0.5) * (length / count)
    distance = np.abs(centres[:, None] - (np.arange(length) + 0.5))
    weights: _Array = _KERNELS[interpolation](distance)
    if interpolation == "bilinear":  # the pixels at the edges go on for ever
        weights[:, 0] += np.maximum(0.5 - centres, 0)
        weights[:, -1] += np.maximum(centres - (length - 0.5), 0)
        return weights
    weights /= weights.sum(1, keepdims=True)
    return weights


def _area(length: int, count: int) -> _Array:
    """Return how much of each new pixel each old one covers."""
    edges = np.arange(count + 1) * (length / count)
    starts, ends = edges[:-1, None], edges[1:, None]
    pixels = np.arange(length)
    covered: _Array = np.clip(np.minimum(ends, pixels + 1) - np.maximum(starts, pixels), 0, None)
    covered /= covered.sum(1, keepdims=True)
    return covered


def cropped(image: _Array, size: tuple[int, int]) -> _Array:
    """Return the largest part of a picture around its centre that has the aspect ratio of a size.

    Args:
        image: the picture, (height, width, channels).
        size: a height and a width.
    """
    height, width = image.shape[:2]
    rows = min(height, max(width * size[0] // size[1], 1))
    columns = min(width, max(height * size[1] // size[0], 1))
    top, left = (height - rows) // 2, (width - columns) // 2
    return image[top : top + rows, left : left + columns]


def padded(image: _Array, size: tuple[int, int], interpolation: str) -> _Array:
    """Return a picture in the largest size of its own aspect ratio that fits, with zeros around it, in float32.

    Args:
        image: the picture, (height, width, channels).
        size: its height and width with what is around it.
        interpolation: one of `INTERPOLATIONS`.
    """
    # In float32, and cut rather than rounded, as `tf.image.resize_with_pad` does it.
    lengths = np.array(image.shape[:2], "float32")
    own = np.minimum(lengths / np.max(lengths / np.array(size, "float32")), np.array(size, "float32"))
    top, left = (int((count - length) / 2) for count, length in zip(size, own, strict=True))
    rows, columns = (max(int(length), 1) for length in own)
    whole = np.zeros((*size, image.shape[2]), "float32")
    whole[top : top + rows, left : left + columns] = resized(image, (rows, columns), interpolation)
    return whole


def smart_resize(
    x: Tensor,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
    **kwargs: Any,
) -> Tensor:
    """Return pictures in another size, cropped around their centres before so as not to be distorted.

    Shapes: `x` is (height, width, channels), or (channels, height, width), or a batch of such; the result has the
    height and width of `size`. Dtype: arrays become `config.floatx()`, tensors stay on their backend.

    Args:
        x: array or tensor, the pictures.
        size: (height, width), the size in pixels.
        interpolation: str, how pixels in between are found: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5";
            "bilinear".
        data_format: "channels_last" or "channels_first", where the channels are; "channels_last".
        **kwargs: `backend_module`, which Keras takes for its own use, and which changes nothing.

    Raises:
        ArgumentError: if `size` is none, or there is no such interpolation or layout.
        ArgumentTypeError: for another keyword.
        ShapeError: if `x` has another number of axes.

    >>> smart_resize(np.ones((4, 8, 3), "float32"), (2, 2)).shape
    (2, 2, 3)
    """
    kwargs.pop("backend_module", None)
    if kwargs:
        raise ArgumentTypeError(f"there is no argument {next(iter(kwargs))!r}", fix="leave it out").at("smart_resize")
    if not hasattr(size, "__len__") or len(size) != 2:
        raise ArgumentError(f"size={size!r} is not a height and a width", fix="pass two integers").at("smart_resize")
    layout = config.standardize_data_format(data_format)
    is_array = isinstance(x, np.ndarray)
    images = ops.cast(ops.convert_to_tensor(x), config.floatx()) if is_array else ops.convert_to_tensor(x)
    if len(images.shape) not in (3, 4):
        raise ShapeError(
            f"x of shape {tuple(images.shape)} has {len(images.shape)} axes", fix="pass a picture, or a batch of them"
        ).at("smart_resize")
    found = ops.image.resize(images, size, interpolation, crop_to_aspect_ratio=True, data_format=layout)
    return ops.convert_to_numpy(found) if is_array else found
