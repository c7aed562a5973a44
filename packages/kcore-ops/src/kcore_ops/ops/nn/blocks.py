"""Blocks of pixels made channels, and channels made blocks of pixels."""

from __future__ import annotations

from typing import Any

from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation import settings
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import shape
from kcore_ops.ops.numpy.manipulation import reshape, transpose
from kcore_ops.specs.shapes import show_shape
from kcore_ops.specs.spec import is_unknown

__all__ = ["depth_to_space", "space_to_depth"]


@op
def depth_to_space(x: Tensor, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Make a block of `block_size` by `block_size` pixels of the channels of each pixel.

    Shapes: `x` is `(batch, height, width, channels)`, or `(batch, channels, height, width)` with
    `data_format="channels_first"` (None is `config.image_data_format()`); the result has height and width times
    `block_size`, and the channels that are left. Row `i`, column `j` and channel `c` of a block come from channel
    `(i * block_size + j) * left + c`, where `left` is the number of channels left, or with channels first from
    `(c * block_size + i) * block_size + j`.
    Raises: `ShapeError` if the channels do not fill blocks; `ArgumentError` if `block_size` is below 2.
    Source: Shi et al. (2016), arXiv:1609.05158, section 3.2.

    >>> depth_to_space(np.arange(4).reshape(1, 1, 1, 4), 2)[0, :, :, 0]
    array([[0, 1],
           [2, 3]])
    """
    is_first = _is_first(x, block_size, data_format)
    n, *sizes = shape(x)
    b = block_size
    _check_divides(x, (1 if is_first else 3,), b * b)
    if is_first:
        channels, height, width = sizes
        x = transpose(reshape(x, (n, channels // (b * b), b, b, height, width)), (0, 1, 4, 2, 5, 3))
        return reshape(x, (n, channels // (b * b), height * b, width * b))
    height, width, channels = sizes
    x = transpose(reshape(x, (n, height, width, b, b, channels // (b * b))), (0, 1, 3, 2, 4, 5))
    return reshape(x, (n, height * b, width * b, channels // (b * b)))


@op
def space_to_depth(x: Tensor, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Make channels of each block of `block_size` by `block_size` pixels of `x`: the inverse of `depth_to_space`.

    Shapes: as for `depth_to_space`, the other way round, with the same `data_format`, by default `"channels_last"`.
    Raises: `ShapeError` if the pixels do not fill blocks; `ArgumentError` if `block_size` is below 2.

    >>> space_to_depth(np.arange(4).reshape(1, 2, 2, 1), 2)
    array([[[[0, 1, 2, 3]]]])
    """
    is_first = _is_first(x, block_size, data_format)
    n, *sizes = shape(x)
    b = block_size
    _check_divides(x, (2, 3) if is_first else (1, 2), b)
    if is_first:
        channels, height, width = sizes
        x = transpose(reshape(x, (n, channels, height // b, b, width // b, b)), (0, 1, 3, 5, 2, 4))
        return reshape(x, (n, channels * b * b, height // b, width // b))
    height, width, channels = sizes
    x = transpose(reshape(x, (n, height // b, b, width // b, b, channels)), (0, 1, 3, 2, 4, 5))
    return reshape(x, (n, height // b, width // b, channels * b * b))


def _is_first(x: Any, block_size: Any, data_format: Any) -> bool:
    if isinstance(block_size, bool) or not hasattr(block_size, "__index__") or block_size < 2:
        raise ArgumentError(f"block_size can not be {block_size!r}", fix="pass an integer from 2 on")
    is_first = settings.standardize_data_format(data_format) == "channels_first"
    if len(x.shape) != 4:
        order = "(batch, channels, height, width)" if is_first else "(batch, height, width, channels)"
        raise ShapeError(f"x has {len(x.shape)} axes, {show_shape(x.shape)}", fix=f"pass {order}")
    return is_first


def _check_divides(x: Any, axes: tuple[int, ...], divisor: int) -> None:
    for axis in axes:
        size = x.shape[axis]
        if not is_unknown(size) and size % divisor:
            raise ShapeError(
                f"x has shape {show_shape(x.shape)}: size {size} along axis {axis} is no multiple of {divisor}",
                fix="pad or crop x",
            )
