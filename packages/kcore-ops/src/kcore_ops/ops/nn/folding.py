"""Sliding blocks of images as columns, and back: torch's `unfold` and `fold`. Images have their channels first."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes.promotion import numeric
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import shape
from kcore_ops.ops.math.segments import segment_sum
from kcore_ops.ops.numpy.arithmetic import add, multiply, subtract
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.indexing import take
from kcore_ops.ops.numpy.manipulation import expand_dims, pad, reshape, transpose
from kcore_ops.specs.shapes import differ, pair, show_shape, show_size
from kcore_ops.specs.spec import is_unknown

__all__ = ["fold", "unfold"]

Pair = int | tuple[int, int]


@op
def unfold(x: Tensor, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1) -> Tensor:
    """Take the block of elements under a sliding window at each of its positions.

    Args:
        x: the images.
        kernel_size: height and width of the window, in elements; one number for both, as in the other arguments.
        dilation: distance between neighbouring elements of the window.
        padding: how many zeros are added at either end.
        stride: distance between neighbouring positions.

    Shapes: `x` is `(batch, channels, height, width)`; the result is `(batch, channels * window, positions)`, window and
    positions row by row. Dtype: that of `x`.
    Raises: `ShapeError` if `x` has not four axes, or the window does not fit; `ArgumentError` if one of the others is
    not a number or two, positive or for `padding` not negative.

    >>> unfold([[[[1, 2, 3], [4, 5, 6]]]], kernel_size=2).tolist()
    [[[1, 2], [2, 3], [4, 5], [5, 6]]]
    """
    if len(x.shape) != 4:
        raise ShapeError(f"x has shape {show_shape(x.shape)}", fix="pass images (batch, channels, height, width)")
    window, dilations, strides = _pairs(kernel_size, dilation, stride)
    paddings = _padding(padding)
    batch, channels, *sizes = shape(x)
    counts = _positions(sizes, window, dilations, paddings, strides)
    result = pad(x, [(0, 0), (0, 0), *((p, p) for p in paddings)])
    for i, axis in enumerate((2, 4)):
        result = take(result, _places(counts[i], window[i], dilations[i], strides[i]), axis=axis)
    result = transpose(result, (0, 1, 2, 4, 3, 5))
    return reshape(result, (batch, channels * window[0] * window[1], counts[0] * counts[1]))


@op(dtypes=numeric)
def fold(
    x: Tensor, output_size: Pair, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
) -> Tensor:
    """Put blocks back where `unfold` took them from, and sum where they overlap.

    Args:
        x: the blocks, as columns.
        output_size: height and width of the images; one number for both, as in the other arguments.
        kernel_size: height and width of the blocks.
        dilation: distance in the image between neighbouring elements of a block.
        padding: how many elements at either end are left out.
        stride: distance between neighbouring blocks.

    Shapes: `x` is `(batch, channels * window, positions)`; the result is `(batch, channels, *output_size)`.
    Dtype: that of `x`; booleans become int32.
    Raises: `ShapeError` if the sizes do not fit; `ArgumentError` as for `unfold`.

    >>> fold([[[1, 2], [2, 3], [4, 5], [5, 6]]], output_size=(2, 3), kernel_size=2).tolist()
    [[[[1, 4, 3], [4, 10, 6]]]]
    """
    if len(x.shape) != 3:
        raise ShapeError(f"x has shape {show_shape(x.shape)}", fix="pass blocks (batch, channels * window, positions)")
    sizes = pair(output_size, 2, "output_size")
    window, dilations, strides = _pairs(kernel_size, dilation, stride)
    paddings = _padding(padding)
    counts = _positions(sizes, window, dilations, paddings, strides)
    batch, depth, positions = shape(x)
    area = window[0] * window[1]
    if isinstance(depth, int) and not is_unknown(depth) and depth % area:
        raise ShapeError(
            f"x has shape {show_shape(x.shape)}: {depth} rows are not a number of channels times a window of {area}",
            fix="the size of axis 1 must be a multiple of the size of the window",
        )
    expected = counts[0] * counts[1]
    if isinstance(positions, int) and differ(positions, expected):
        raise ShapeError(
            f"x has shape {show_shape(x.shape)}: {show_size(positions)} blocks, where a window {window} has {expected} "
            f"positions, {counts[0]} by {counts[1]}",
            fix="pass the arguments that the blocks were made with",
        )
    channels = depth // area
    result = reshape(x, (batch, channels, *window, *counts))
    for i in (0, 1):  # height and its positions to the front, where they are summed, then width
        result = transpose(result, (2, 4, 0, 1, 3, 5) if i == 0 else (3, 4, 0, 1, 2))
        rest = shape(result)[2:]
        rows = subtract(_places(counts[i], window[i], dilations[i], strides[i]), paddings[i])
        result = reshape(result, (window[i] * counts[i], *rest))
        # What falls on the padding has a number below 0 or from the size on, and is left out.
        result = segment_sum(result, reshape(rows, (-1,)), num_segments=sizes[i])
        result = transpose(result, (1, 2, 0, 3, 4) if i == 0 else (1, 2, 3, 0))
    return result


def _pairs(kernel_size: Any, dilation: Any, stride: Any) -> tuple[tuple[int, ...], ...]:
    return pair(kernel_size, 2, "kernel_size"), pair(dilation, 2, "dilation"), pair(stride, 2, "stride")


def _padding(padding: Any) -> tuple[int, int]:
    values = tuple(padding) if hasattr(padding, "__iter__") else (padding,) * 2
    if len(values) != 2 or any(not hasattr(v, "__index__") or v < 0 for v in values):
        raise ArgumentError(f"padding={padding!r} is no padding of two axes", fix="pass one integer from 0 on, or two")
    return int(values[0]), int(values[1])


def _positions(sizes: Any, window: Any, dilations: Any, paddings: Any, strides: Any) -> list[Any]:
    """Return the number of positions along each axis.

    Raises:
        ShapeError: if there are none.
    """
    counts = []
    for size, length, dilation, padding, stride in zip(sizes, window, dilations, paddings, strides, strict=True):
        span = (length - 1) * dilation + 1
        count = (size + 2 * padding - span) // stride + 1
        if isinstance(size, int) and not is_unknown(size) and count < 1:
            raise ShapeError(
                f"a window that spans {span} does not fit into size {size} with padding {padding}",
                fix="use more padding, a smaller window, or larger images",
            )
        counts.append(count)
    return counts


def _places(count: Any, length: int, dilation: int, stride: int) -> Tensor:
    """Return where each element of a window is at each position: `(length, count)`."""
    return add(expand_dims(multiply(arange(length), dilation), 1), multiply(arange(count), stride))
