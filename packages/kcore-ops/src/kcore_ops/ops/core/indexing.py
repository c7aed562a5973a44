"""Parts of tensors: read by index, and updated.

Negative indices count from the end. An index tensor whose elements are out of range reads the first or the last element
of the axis, and updates nothing: what it holds may depend on data, and the meaning is the same on every backend. An
integer out of range is an error.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore_ops.dtypes import INTEGERS, is_complex_dtype, standardize_dtype
from kcore_ops.dtypes.promotion import index, keep
from kcore_ops.engine.op import Axis, Shape, Tensor, op, primitive
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError
from kcore_ops.ops.core.conversion import dtype as dtype_of
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.arithmetic import add, maximum, minimum, multiply
from kcore_ops.ops.numpy.comparison import greater_equal, less, where
from kcore_ops.ops.numpy.creation import arange, zeros
from kcore_ops.ops.numpy.logic import logical_and
from kcore_ops.ops.numpy.manipulation import moveaxis, pad_constant, reshape
from kcore_ops.specs.shapes import (
    broadcast_shapes,
    normalize_axis,
    one_of,
    same_shape,
    same_size,
    show_shape,
    show_size,
)
from kcore_ops.specs.spec import UNKNOWN, Size, TensorSpec, is_unknown

__all__ = ["get_item", "scatter", "scatter_update", "slice", "slice_update", "take", "take_along_axis"]


# Reading.


@primitive(dtypes={"indices": index})
def take(x: Tensor, indices: Tensor, axis: Axis = None) -> Tensor:
    """Read the elements of `x` at `indices` along `axis`, or of the flattened tensor.

    Indices below 0 count from the end; ones out of range read the nearest end.

    Shapes: the axis is replaced by the axes of `indices`; an integer removes it. Dtype: that of `x`.
    Raises: `ShapeError` if the axis is empty; `DTypeError` if `indices` are not integers.

    >>> take([10, 20, 30], [0, -1, 7]), take([[1, 2], [3, 4]], 1, axis=0)
    (array([10, 30, 30], dtype=int32), array([3, 4], dtype=int32))
    """
    shape = (x.size,) if axis is None else x.shape
    axis = 0 if axis is None else normalize_axis(axis, x.ndim)
    if not is_unknown(shape[axis]) and shape[axis] == 0 and 0 not in indices.shape:
        raise ShapeError(f"axis {axis} of x has no elements to take", fix="pass a tensor that is not empty")
    return TensorSpec(shape[:axis] + indices.shape + shape[axis + 1 :], x.dtype)


@primitive(dtypes={"indices": index})
def take_along_axis(x: Tensor, indices: Tensor, axis: Axis = None) -> Tensor:
    """Read one element of `x` for each of `indices`, which say where along `axis`; as `argsort` and `argmax` do.

    Indices below 0 count from the end; ones out of range read the nearest end.

    Shapes: `x` and `indices` have equally many axes and broadcast along all but `axis`; if it is None, `x` is
    flattened and `indices` have one axis. Dtype: that of `x`.
    Raises: `ShapeError` if the shapes do not fit; `DTypeError` if `indices` are not integers.

    >>> take_along_axis([[10, 20], [30, 40]], [[1], [0]], axis=1)
    array([[20],
           [30]], dtype=int32)
    """
    shape = (x.size,) if axis is None else x.shape
    axis = 0 if axis is None else normalize_axis(axis, x.ndim)
    if len(indices.shape) != len(shape):
        raise ShapeError(
            f"x has {len(shape)} axes and indices have {len(indices.shape)}", fix="reshape indices to as many axes"
        )
    if not is_unknown(shape[axis]) and shape[axis] == 0 and 0 not in indices.shape:
        raise ShapeError(f"axis {axis} of x has no elements to take", fix="pass a tensor that is not empty")
    one = (1,)
    result = list(
        broadcast_shapes(shape[:axis] + one + shape[axis + 1 :], indices.shape[:axis] + one + indices.shape[axis + 1 :])
    )
    result[axis] = indices.shape[axis]
    return TensorSpec(result, x.dtype)


@op
def get_item(x: Tensor, key: Any) -> Tensor:
    """Read a part of `x`: what `x[key]` means in NumPy.

    The key holds integers, slices, `None`, `...`, and integer tensors, which broadcast with one another; in those an
    element out of range reads the nearest end.

    Raises: `ShapeError` if an integer is out of range or there are more keys than axes; `DTypeError` if a key is
    boolean: the shape of what it selects depends on its values.

    >>> get_item(np.arange(6).reshape(2, 3), np.s_[0, ::-1]), get_item([1, 2, 3], [0, -1])
    (array([2, 1, 0]), array([1, 3], dtype=int32))
    """
    items = _items(key, len(x.shape))
    if not any(_is_tensor(item) for item in items):
        return basic_item(x, tuple(items))
    places = [i for i, item in enumerate(items) if _is_tensor(item) or isinstance(item, int)]
    part = basic_item(x, tuple(slice_(None) if i in places else item for i, item in enumerate(items)))
    if len(places) == 1:
        return take(part, items[places[0]], axis=places[0])
    # Several indices: their axes become one, at the place of the first if they are neighbours, else at the front.
    first = places[0] if places == list(range(places[0], places[-1] + 1)) else 0
    count = len(places)
    part = moveaxis(part, places, tuple(range(first, first + count)))
    sizes = shape_of(part)
    position: Any = 0
    for size, place in zip(sizes[first : first + count], places, strict=True):
        position = add(multiply(position, size), _in_range(items[place], size))
    merged = reshape(part, [*sizes[:first], math.prod(sizes[first : first + count]), *sizes[first + count :]])
    return take(merged, position, axis=first)


slice_ = builtins.slice


def along(axis: int, start: Any = None, stop: Any = None, step: Any = None) -> tuple[Any, ...]:
    """Give the key that slices one axis, which is not negative, and leaves the others as they are."""
    return (*[slice_(None)] * axis, slice_(start, stop, step))


def _is_tensor(item: Any) -> bool:
    return not isinstance(item, int | slice_) and item is not None


def _items(key: Any, rank: int) -> list[Any]:
    """Give what is asked of each axis, and None for each new one."""
    items = [_item(item) for item in (key if isinstance(key, tuple) else (key,))]
    ellipses = [i for i, item in enumerate(items) if item is Ellipsis]
    missing = rank - sum(1 for item in items if item is not None and item is not Ellipsis)
    if len(ellipses) > 1:
        raise ArgumentError("the key has more than one ...", fix="keep one")
    if missing < 0:
        raise ShapeError(f"{rank - missing} indices for a tensor with {rank} axes", fix="pass one index for each axis")
    at = ellipses[0] if ellipses else len(items)
    return items[:at] + [slice_(None)] * missing + items[at + 1 :]


def _item(item: Any) -> Any:
    """Give one part of a key: an int, a slice, None, ... or a tensor of integers."""
    if item is None or item is Ellipsis or isinstance(item, slice_ | Size):
        return item
    if isinstance(item, list | np.ndarray | np.generic | int | float):
        array = np.asarray(item, "int32") if isinstance(item, list) and not item else np.asarray(item)
        _check_index_dtype(array)
        return array if array.ndim else int(array)
    if not hasattr(item, "shape"):
        if hasattr(item, "__index__"):
            return item.__index__()
        raise ArgumentError(f"{item!r} is not an index", fix="use integers, slices, None, ... or integer tensors")
    _check_index_dtype(item)
    return item


def _check_index_dtype(item: Any) -> None:
    name = standardize_dtype(item.dtype)
    if name == "bool":
        raise DTypeError("a boolean key selects a number of elements that depends on its values",
                         fix="use where, or nonzero and take")  # fmt: skip
    if name not in INTEGERS:
        raise DTypeError(f"indices must be integers and are {name}", fix="cast them to 'int32'")


def _in_range(position: Any, size: Any) -> Any:
    """Give an index counted from the first element and within the axis."""
    if isinstance(position, int) and isinstance(size, int):
        _check_index(position, size)
        return position % size
    return maximum(minimum(where(less(position, 0), add(position, size), position), size - 1), 0)


def _check_index(position: int, size: Any, axis: int | None = None) -> None:
    if not is_unknown(size) and not -size <= position < size:
        where_ = "" if axis is None else f" along axis {axis}"
        raise ShapeError(
            f"index {position} is out of range for size {size}{where_}",
            fix=f"use an index from {-size} to {size - 1}" if size else "the axis is empty",
        )


@primitive
def basic_item(x: Tensor, key: Any) -> Tensor:
    """Read the part of `x` that a tuple of one integer or slice for each axis, and None for new ones, stands for.

    >>> basic_item([1, 2, 3], (slice_(None, None, 2),))
    array([1, 3], dtype=int32)
    """
    shape = []
    axis = 0
    for item in key:
        if item is None:
            shape.append(1)
            continue
        if isinstance(item, slice_):
            shape.append(_sliced(x.shape[axis], item))
        else:
            _check_index(item, x.shape[axis], axis)
        axis += 1
    return TensorSpec(shape, x.dtype)


def _sliced(size: int, key: builtins.slice) -> Any:
    """Give the size of an axis after slicing."""
    bounds = [bound for bound in (key.start, key.stop) if bound is not None]
    if key.step is not None and isinstance(key.step, int) and key.step == 0:
        raise ArgumentError("the step of a slice is 0", fix="leave it out")
    if not bounds and key.step in (None, 1, -1):
        return size
    if not all(isinstance(bound, int | np.integer) for bound in (*bounds, key.step or 1)):
        return UNKNOWN
    count = len(range(*key.indices(int(size))))
    return Size(count) if is_unknown(size) or any(is_unknown(bound) for bound in bounds) else count


@op
def slice(inputs: Tensor, start_indices: Any, shape: Shape) -> Tensor:
    """Read the block of the given shape that begins at `start_indices`.

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
    """Give the starts of a block as integers, or None if they are tensors."""
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


# Updating.


@op(dtypes={"inputs updates": keep})
def slice_update(inputs: Tensor, start_indices: Any, updates: Tensor) -> Tensor:
    """Give `inputs` with the block that begins at `start_indices` replaced by `updates`.

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
def static_slice_update(x: Tensor, starts: Any, updates: Tensor) -> Tensor:
    """Give `x` with the block that begins at integers replaced by `updates`, of the same dtype.

    >>> static_slice_update([1, 2, 3], (1,), [7])
    array([1, 7, 3], dtype=int32)
    """
    return x


@op(dtypes={"x updates": keep, "start_indices": index})
def dynamic_slice_update(x: Tensor, start_indices: Tensor, updates: Tensor) -> Tensor:
    """Give `x` with the block that begins where a tensor says, moved as far as need be, replaced by `updates`.

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


REDUCTIONS = (None, "add", "max", "min", "mul")


@op(dtypes={"inputs updates": keep, "indices": index})
def scatter_update(inputs: Tensor, indices: Tensor, updates: Tensor, reduction: str | None = None) -> Tensor:
    """Give `inputs` with the elements at `indices` replaced by `updates`, or combined with them.

    Indices below 0 count from the end; an update out of range is left out. Of several updates of one element any one
    may stay; with a `reduction`, "add", "max", "min" or "mul", all are combined with it.

    Shapes: `indices` is `(..., k)`, `k` at most the number of axes of `inputs`; `updates` has the shape of `indices`
    without `k`, then the sizes of `inputs` after the first `k`. Dtype: that of `inputs`.
    Raises: `ShapeError` if the shapes do not fit; `DTypeError` if `indices` are not integers.

    >>> scatter_update([1, 2, 3], [[0], [-1], [0]], [10, 20, 30], reduction="add")
    array([41,  2, 23], dtype=int32)
    """
    one_of("reduction", reduction, REDUCTIONS)  # type: ignore[arg-type]
    if reduction in ("max", "min") and is_complex_dtype(dtype_of(inputs)):
        problem = f"reduction={reduction!r} orders numbers, and inputs are {dtype_of(inputs)}"
        raise DTypeError(problem, fix="take ops.real(x) or ops.absolute(x) first")
    rank = len(inputs.shape)
    # How many axes are indexed follows from the numbers of axes, even if no size is known.
    depth = rank + len(indices.shape) - 1 - len(updates.shape)
    if not len(indices.shape) or not 1 <= depth <= rank or same_size(indices.shape[-1], depth) is None:
        raise ShapeError(
            f"inputs have shape {show_shape(inputs.shape)}, indices {show_shape(indices.shape)} and updates "
            f"{show_shape(updates.shape)}",
            fix="indices are (..., k), and updates (..., and the sizes of inputs after the first k)",
        )
    needed = tuple(indices.shape[:-1]) + tuple(inputs.shape[depth:])
    if same_shape(tuple(updates.shape), needed) is None:
        raise ShapeError(
            f"updates have shape {show_shape(updates.shape)}", fix=f"with these indices it must be {show_shape(needed)}"
        )
    from kcore_ops.ops.numpy.reductions import all, sum

    sizes = shape_of(inputs)
    rows, rest = math.prod(sizes[:depth]), math.prod(sizes[depth:])
    wholes = _vector(sizes[:depth])
    places = where(less(indices, 0), add(indices, wholes), indices)
    is_inside = all(logical_and(greater_equal(places, 0), less(places, wholes)), axis=-1)
    row = sum(multiply(places, _vector([math.prod(sizes[i + 1 : depth]) for i in range(depth)])), axis=-1)
    row = where(is_inside, row, rows)  # what is out of range goes to one more row, which is cut off again
    table = pad_constant(reshape(inputs, (rows, rest)), ((0, 1), (0, 0)), 0)
    updates = reshape(updates, (math.prod(shape_of(indices)[:-1]), rest))
    table = scatter_rows(table, reshape(row, (-1,)), updates, reduction)
    return reshape(basic_item(table, (slice_(None, -1), slice_(None))), sizes)


def _vector(sizes: Sequence[Any]) -> Any:
    """Give sizes as a tensor: on the host if all are known."""
    if any(is_unknown(size) for size in sizes):
        return TensorSpec((len(sizes),), "int32")  # products of stand-ins may be beyond int32
    if all(isinstance(size, int) for size in sizes):
        return np.array(sizes, "int32")
    from kcore_ops.ops.numpy.joining import stack

    return stack(list(sizes))


@primitive
def scatter_rows(x: Tensor, indices: Tensor, updates: Tensor, reduction: Any) -> Tensor:
    """Give a matrix with rows replaced by those of `updates`, or combined with them; the indices are in range.

    >>> scatter_rows([[1], [2]], [1, 1], [[5], [6]], "add")
    array([[ 1],
           [13]], dtype=int32)
    """
    return x


@op(dtypes={"indices": index})
def scatter(indices: Tensor, values: Tensor, shape: Shape) -> Tensor:
    """Add `values` to zeros at `indices`; what is out of range is left out.

    Shapes: as for `scatter_update`; the result has the shape given. Dtype: that of `values`.
    Raises: `ShapeError` if the shapes do not fit; `DTypeError` if `indices` are not integers.

    >>> scatter([[0], [2], [2]], [1, 2, 3], (4,))
    array([1, 0, 5, 0], dtype=int32)
    """
    return scatter_update(zeros(shape, dtype_of(values)), indices, values, "add")
