"""Which axes of an image are its height, its width and its channels; and images as numbers to compute with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore_ops.dtypes import INTEGERS, at_least_float32, is_float_dtype
from kcore_ops.engine.call import dtype_of
from kcore_ops.foundation import settings
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.core.saturate_cast import saturate_cast
from kcore_ops.ops.numpy.arithmetic import absolute, multiply
from kcore_ops.ops.numpy.comparison import greater_equal
from kcore_ops.ops.numpy.rounding import floor, rint, sign
from kcore_ops.specs.shapes import show_shape

__all__ = ["as_float", "back_to", "channel_axis", "round_half_away", "spatial_axes"]


def spatial_axes(images: Any, data_format: Any, count: int = 2, name: str = "images") -> tuple[int, ...]:
    """Return the axes of one image, or of a batch of images, that are not channels, counted from the first.

    Raises:
        ShapeError: if the number of axes is not `count` + 1 or `count` + 2.
        ArgumentError: if there is no such layout.
    """
    rank = len(images.shape)
    is_first = settings.standardize_data_format(data_format) == "channels_first"
    if rank - count not in (1, 2):
        axes = ("depth", "height", "width")[3 - count :]
        order = ("channels", *axes) if is_first else (*axes, "channels")
        raise ShapeError(
            f"{name} has {rank} axes, {show_shape(images.shape)}", fix=f"pass ({', '.join(order)}), or a batch of such"
        )
    first = rank - count if is_first else rank - count - 1
    return tuple(range(first, first + count))


def channel_axis(rank: int, spatial: Sequence[int]) -> int:
    """Return the axis of the channels of an image, or of a batch, whose spatial axes are given."""
    return rank - 1 if spatial[-1] < rank - 1 else spatial[0] - 1


def as_float(images: Any) -> Any:
    """Return images in a floating dtype that sums are exact enough in: at least float32."""
    name = dtype_of(images)
    wide = at_least_float32(name) if is_float_dtype(name) else "float32"
    return images if name == wide else cast(images, wide)


def back_to(dtype: str, y: Any) -> Any:
    """Return floats in the dtype of the images they come from; integers are the nearest ones that the dtype has."""
    if dtype == "bool":
        return greater_equal(y, 0.5)
    if dtype in INTEGERS:
        return saturate_cast(rint(y), dtype)
    return y if dtype_of(y) == dtype else cast(y, dtype)


def round_half_away(x: Any) -> Any:
    """Return the nearest integers, of two equally near the one farther from zero, as floats."""
    size = absolute(x)
    below = floor(size)
    return multiply(sign(x), below + cast(greater_equal(size - below, 0.5), dtype_of(x)))
