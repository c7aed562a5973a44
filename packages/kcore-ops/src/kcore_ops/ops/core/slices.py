"""Blocks read from a tensor, and written into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore_ops.dtypes.promotion import index, keep
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Shape, Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.arithmetic import add, maximum, minimum
from kcore_ops.ops.numpy.comparison import greater_equal, less, where
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.indexing import basic_item, slice_, take
from kcore_ops.ops.numpy.logic import logical_and
from kcore_ops.ops.numpy.manipulation import reshape
from kcore_ops.specs.shapes import same_size, show_shape, show_size
from kcore_ops.specs.spec import Size, is_unknown

__all__ = ["slice", "slice_update"]


@op
def slice(inputs: Tensor, start_indices: Any, shape: Shape) -> Tensor:
    """Read the block of shape `shape` that begins at `start_indices` in `inputs`.

    Starts given as a tensor, or some of which are tensors, are moved as far as the block needs to lie inside `inputs`.

    Shapes: one start and one size for each axis; a size -1 reaches to the end, where the start is an integer.
    Raises: `ShapeError` if the numbers of axes differ, or a block whose starts are integers lies outside.

    >>> slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, 2))
    array([[2, 3],
           [5, 6]], dtype=int32)
    """
    starts = _starts(start_indices, len(inputs.shape))
    if len(shape) != len(inputs.shape):
        raise ShapeError(f"shape {show_shape(shape)} for {len(inputs.shape)} axes", fix="pass one size for each axis")
    to_end = [isinstance(size, int) and size == -1 for size in shape]
    if starts is None:
        if any(to_end):
            raise ArgumentError("a size is -1 and the starts are tensors", fix="pass every size")
        return dynamic_slice(inputs, start_indices, shape)
    sizes = [0 if rest else size for rest, size in zip(to_end, shape, strict=True)]
    _check_block(starts, sizes, inputs.shape)
    ends = [None if rest else start + size for start, size, rest in zip(starts, sizes, to_end, strict=True)]
    return basic_item(inputs, tuple(slice_(start, end) for start, end in zip(starts, ends, strict=True)))


def _starts(start_indices: Any, rank: int) -> list[int] | None:
    """Return the starts of a block as integers, or None if they are tensors."""
    if not isinstance(start_indices, list | tuple) and len(getattr(start_indices, "shape", ())) != 1:
        problem = f"start_indices are {start_indices!r}" if not hasattr(start_indices, "shape") else (
            f"start_indices have shape {show_shape(start_indices.shape)}")  # fmt: skip
        raise ShapeError(problem, fix="pass one start for each axis, in a list or a tensor with one axis")
    count = len(start_indices) if isinstance(start_indices, list | tuple) else start_indices.shape[0]
    if same_size(count, rank) is None:
        raise ShapeError(f"{count} starts for {rank} axes", fix="pass one start for each axis")
    if not isinstance(start_indices, list | tuple):
        return None
    if not all(isinstance(start, int | np.integer) for start in start_indices):
        return None
    return [start if isinstance(start, Size) else int(start) for start in start_indices]


def _check_block(starts: Sequence[int], sizes: Sequence[Any], shape: Sequence[Any]) -> None:
    for axis, (start, size, whole) in enumerate(zip(starts, sizes, shape, strict=True)):
        known = [number for number in (size, whole) if isinstance(number, int) and not is_unknown(number)]
        if start < 0 or (len(known) == 2 and not is_unknown(start) and start + size > whole):
            raise ShapeError(
                f"a block of size {show_size(size)} that starts at {start} does not lie within axis {axis}, "
                f"of size {show_size(whole)}",
                fix="starts are not negative, and start + size is at most the size of the axis",
            )


@op(dtypes={"start_indices": index})
def dynamic_slice(x: Tensor, start_indices: Tensor, shape: Shape) -> Tensor:
    """Read a block that begins where a tensor says, moved as far as it needs to lie inside `x`.

    >>> dynamic_slice([1, 2, 3], [9], (2,))
    array([2, 3], dtype=int32)
    """
    for axis, (size, whole) in enumerate(zip(shape, shape_of(x), strict=True)):
        start = _start_inside(start_indices, axis, size, whole)
        x = take(x, add(start, arange(size)), axis=axis)
    return x


def _start_inside(start_indices: Any, axis: int, size: Any, whole: Any) -> Any:
    return maximum(minimum(take(start_indices, axis, axis=0), whole - size), 0)


@op(dtypes={"inputs updates": keep})
def slice_update(inputs: Tensor, start_indices: Any, updates: Tensor) -> Tensor:
    """Return `inputs` with the block that begins at `start_indices` replaced by `updates`.

    Starts given as a tensor, or some of which are tensors, are moved as far as the block needs to lie inside `inputs`.

    Shapes: one start for each axis; `updates` has as many axes and fits inside. Dtype: that of `inputs`.
    Raises: `ShapeError` if the numbers of axes differ, or a block whose starts are integers lies outside.

    >>> slice_update([1, 2, 3, 4], (1,), [7, 8])
    array([1, 7, 8, 4], dtype=int32)
    """
    starts = _starts(start_indices, len(inputs.shape))
    if len(updates.shape) != len(inputs.shape):
        raise ShapeError(
            f"updates have {len(updates.shape)} axes and inputs {len(inputs.shape)}", fix="reshape updates to as many"
        )
    _check_block([0] * len(inputs.shape) if starts is None else starts, updates.shape, inputs.shape)
    if starts is None:
        return dynamic_slice_update(inputs, start_indices, updates)
    return static_slice_update(inputs, tuple(starts), updates)


@primitive
def static_slice_update(x: Tensor, starts: tuple[int, ...], updates: Tensor) -> Tensor:
    """Return `x` with the block that begins at `starts` replaced by `updates`; `x` itself stays as it was.

    `starts` is one integer for each axis, not negative, and the block lies inside `x`: start and size of the block are
    together at most the size of the axis.

    Shapes: `updates` has as many axes as `x`; it may be empty, and as large as `x`; of scalars the result is `updates`.
    The result is shaped like `x`. Dtype: that of both.

    >>> static_slice_update([1, 2, 3], (1,), [7])
    array([1, 7, 3], dtype=int32)
    """
    return x


@op(dtypes={"x updates": keep, "start_indices": index})
def dynamic_slice_update(x: Tensor, start_indices: Tensor, updates: Tensor) -> Tensor:
    """Return `x` with the block that begins where a tensor says, moved as far as need be, replaced by `updates`.

    >>> dynamic_slice_update([1, 2, 3], [9], [7])
    array([1, 2, 7], dtype=int32)
    """
    if 0 in updates.shape:
        return x
    rank = len(x.shape)
    inside = None
    for axis, (size, whole) in enumerate(zip(shape_of(updates), shape_of(x), strict=True)):
        place = arange(whole) - _start_inside(start_indices, axis, size, whole)
        updates = take(updates, maximum(minimum(place, size - 1), 0), axis=axis)
        here = logical_and(greater_equal(place, 0), less(place, size))
        here = reshape(here, [-1 if i == axis else 1 for i in range(rank)])
        inside = here if inside is None else logical_and(inside, here)
    return updates if inside is None else where(inside, updates, x)
