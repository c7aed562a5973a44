"""Colours of images in other terms: shades of grey; hue, saturation and value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore_ops.dtypes import is_float_dtype
from kcore_ops.dtypes.promotion import real
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation import settings
from kcore_ops.foundation.errors import DTypeError, ShapeError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.image.layout import as_float
from kcore_ops.ops.numpy.arithmetic import absolute, maximum, mod, subtract
from kcore_ops.ops.numpy.comparison import greater, greater_equal, where
from kcore_ops.ops.numpy.indexing import get_item
from kcore_ops.ops.numpy.joining import stack
from kcore_ops.ops.numpy.manipulation import expand_dims
from kcore_ops.ops.numpy.reductions import max, min
from kcore_ops.ops.numpy.rounding import clip
from kcore_ops.specs.shapes import differ, show_shape
from kcore_ops.specs.spec import is_unknown

__all__ = ["hsv_to_rgb", "rgb_to_grayscale", "rgb_to_hsv"]


def _fractions(dtypes: Sequence[str]) -> str:
    """Keep a floating dtype, the only one that holds fractions."""
    dtype = real(dtypes)
    if not is_float_dtype(dtype):
        raise DTypeError(
            f"colours are fractions from 0 to 1 and can not be {dtype}", fix="cast to 'float32' and divide by 255"
        )
    return dtype


def _channels(images: Any, data_format: Any, allowed: tuple[int, ...] = (3,)) -> int:
    """Return the axis of the colours.

    Raises:
        ShapeError: if it has another size than is allowed.
    """
    is_first = settings.standardize_data_format(data_format) == "channels_first"
    rank = len(images.shape)
    if rank < 3:
        raise ShapeError(
            f"images has {rank} axes, {show_shape(images.shape)}", fix="pass height, width and channels, or a batch"
        )
    axis = rank - 3 if is_first else rank - 1
    if all(differ(images.shape[axis], size) for size in allowed):
        raise ShapeError(
            f"images of shape {show_shape(images.shape)} have {images.shape[axis]} colours, along axis {axis}",
            fix=f"pass {' or '.join(map(str, allowed))} channels; if they are at another axis, pass data_format",
        )
    return axis


def _split(images: Any, axis: int) -> list[Any]:
    return [get_item(images, (slice(None),) * axis + (i,)) for i in range(3)]


@op(dtypes=real)
def rgb_to_grayscale(images: Tensor, data_format: str | None = None) -> Tensor:
    """Return the luma of images: 0.2989 red + 0.587 green + 0.114 blue. Images with one channel stay as they
    are; a number of channels that is not known counts as three.

    Shapes: channels are the last axis, or the third from last with `data_format="channels_first"`, and become one; None
    is `config.image_data_format()`.
    Dtype: that of `images`; integers lose their fraction.
    Raises: `ShapeError` if there are neither 3 channels nor 1.
    Source: ITU-R BT.601, section 2.5.1.

    >>> rgb_to_grayscale([[[1.0, 0.5, 0.0]]]).round(4)
    array([[[0.5924]]], dtype=float32)
    """
    axis = _channels(images, data_format, (3, 1))
    if not is_unknown(images.shape[axis]) and images.shape[axis] == 1:
        return images
    red, green, blue = _split(as_float(images), axis)
    return expand_dims(cast(0.2989 * red + 0.587 * green + 0.114 * blue, dtype_of(images)), axis)


@op(dtypes=_fractions)
def rgb_to_hsv(images: Tensor, data_format: str | None = None) -> Tensor:
    """Return the hue, saturation and value of images of red, green and blue.

    All are fractions: hue of a full turn from red, saturation and value from 0 to 1. Grey has hue and saturation 0.

    Shapes: the 3 channels are the last axis, or the third from last with `data_format="channels_first"`; None is
    `config.image_data_format()`.
    Dtype: that of `images`, a floating one.
    Raises: `ShapeError` if there are not 3 channels; `DTypeError` for integers.
    Source: Smith (1978), https://doi.org/10.1145/965139.807361.

    >>> rgb_to_hsv([[[0.0, 0.5, 0.0]]]).round(4)
    array([[[0.3333, 1.    , 0.5   ]]], dtype=float32)
    """
    axis = _channels(images, data_format)
    x = as_float(images)
    red, green, blue = _split(x, axis)
    value = max(x, axis=axis)
    spread = subtract(value, min(x, axis=axis))
    divisor = where(greater(spread, 0.0), spread, 1.0)
    saturation = where(greater(value, 0.0), spread / where(greater(value, 0.0), value, 1.0), 0.0)
    # In sixths of a turn, from the largest of the three. They are compared with one another: a compiler may compute a
    # channel twice, rounded otherwise, so that none is equal to the largest. Of two that are equal both give one hue.
    is_red, is_green = greater_equal(red, maximum(green, blue)), greater_equal(green, blue)
    of_blue, of_green = (red - green) / divisor + 4.0, (blue - red) / divisor + 2.0
    hue = where(is_red, (green - blue) / divisor, where(is_green, of_green, of_blue))
    hue = where(greater(spread, 0.0), mod(hue / 6.0, 1.0), 0.0)
    return cast(stack([hue, saturation, value], axis=axis), dtype_of(images))


@op(dtypes=_fractions)
def hsv_to_rgb(images: Tensor, data_format: str | None = None) -> Tensor:
    """Return the red, green and blue of `images` of hue, saturation and value.

    Shapes, dtype and `data_format`, by default `config.image_data_format()`: those of `rgb_to_hsv`, whose inverse this
    is. Hues outside of [0, 1) go around.
    Raises: `ShapeError` if there are not 3 channels; `DTypeError` for integers.
    Source: Smith (1978), https://doi.org/10.1145/965139.807361.

    >>> hsv_to_rgb([[[0.5, 1.0, 0.8]]])
    array([[[0. , 0.8, 0.8]]], dtype=float32)
    """
    axis = _channels(images, data_format)
    hue, saturation, value = _split(as_float(images), axis)
    sixths = mod(hue, 1.0) * 6.0
    # How much of each colour there is at full saturation: a trapezium around its own hue.
    red = clip(absolute(sixths - 3.0) - 1.0, 0.0, 1.0)
    green = clip(2.0 - absolute(sixths - 2.0), 0.0, 1.0)
    blue = clip(2.0 - absolute(sixths - 4.0), 0.0, 1.0)
    colours = [value * (1.0 - saturation * (1.0 - amount)) for amount in (red, green, blue)]
    return cast(stack(colours, axis=axis), dtype_of(images))
