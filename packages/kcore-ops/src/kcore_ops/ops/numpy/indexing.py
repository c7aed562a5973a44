"""Parts of tensors, read by index.

Negative indices count from the end. An index tensor whose elements are out of range reads the first or the last element
of the axis: what it holds may depend on data, and the meaning is the same on every backend. An integer out of range is
an error.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore_ops.dtypes import INTEGERS
from kcore_ops.dtypes.promotion import index
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.arithmetic import add, maximum, minimum, multiply
from kcore_ops.ops.numpy.comparison import less, where
from kcore_ops.ops.numpy.manipulation import moveaxis, reshape
from kcore_ops.specs.shapes import broadcast_shapes, normalize_axis
from kcore_ops.specs.spec import UNKNOWN, Size, TensorSpec, is_unknown

__all__ = ["get_item", "take", "take_along_axis"]


@primitive(dtypes={"indices": index})
def take(x: Tensor, indices: Tensor, axis: Axis = None) -> Tensor:
    """Read the elements of `x` at `indices` along `axis`, or of the flattened tensor.

    Indices below 0 count from the end; ones out of range read the nearest end.

    Shapes: the axis is replaced by the axes of `indices`; an integer removes it. Dtype: that of `x`.
    Raises: `ShapeError` if the axis is empty and the result is not; `DTypeError` if `indices` are not integers.

    >>> take([10, 20, 30], [0, -1, 7]), take([[1, 2], [3, 4]], 1, axis=0)
    (array([10, 30, 30], dtype=int32), array([3, 4], dtype=int32))
    """
    shape = (x.size,) if axis is None else x.shape
    axis = 0 if axis is None else normalize_axis(axis, x.ndim)
    result = shape[:axis] + indices.shape + shape[axis + 1 :]
    _check_there_are_elements(shape[axis], axis, result)
    return TensorSpec(result, x.dtype)


def _check_there_are_elements(size: Any, axis: int, result: Sequence[Any]) -> None:
    """Refuse to read elements of an empty axis; as in NumPy, where the result is empty none are read."""
    if not is_unknown(size) and size == 0 and 0 not in result:
        raise ShapeError(f"axis {axis} of x has no elements to take", fix="pass a tensor that is not empty")


@primitive(dtypes={"indices": index})
def take_along_axis(x: Tensor, indices: Tensor, axis: Axis = None) -> Tensor:
    """Read one element of `x` for each of `indices`, which say where along `axis`; as `argsort` and `argmax` do.

    Indices below 0 count from the end; ones out of range read the nearest end.

    Shapes: `x` and `indices` have equally many axes and broadcast along all but `axis`; if it is None, `x` is
    flattened and `indices` have one axis. Dtype: that of `x`.
    Raises: `ShapeError` if the shapes do not fit, or the axis is empty and the result is not; `DTypeError` if `indices`
    are not integers.

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
    one = (1,)
    result = list(
        broadcast_shapes(shape[:axis] + one + shape[axis + 1 :], indices.shape[:axis] + one + indices.shape[axis + 1 :])
    )
    result[axis] = indices.shape[axis]
    _check_there_are_elements(shape[axis], axis, result)
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
    """Return the key that slices one axis, which is not negative, and leaves the others as they are."""
    return (*[slice_(None)] * axis, slice_(start, stop, step))


def _is_tensor(item: Any) -> bool:
    return not isinstance(item, int | slice_) and item is not None


def _items(key: Any, rank: int) -> list[Any]:
    """Return what is asked of each axis, and None for each new one."""
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
    """Return one part of a key: an int, a slice, None, ... or a tensor of integers."""
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
    name = dtype_of(item)
    if name == "bool":
        raise DTypeError("a boolean key selects a number of elements that depends on its values",
                         fix="use where, or nonzero and take")  # fmt: skip
    if name not in INTEGERS:
        raise DTypeError(f"indices must be integers and are {name}", fix="cast them to 'int32'")


def _in_range(position: Any, size: Any) -> Any:
    """Return an index counted from the first element and within the axis."""
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
def basic_item(x: Tensor, key: tuple[Any, ...]) -> Tensor:
    """Read a part of `x`: what `x[key]` is in NumPy, for a key of integers, slices and None.

    `key` is a tuple with one integer or one slice for each axis of `x`, in order, and any number of None among them;
    `()` for a scalar. There are no ellipses, tensors or booleans in it. An integer counts from the end if negative; one
    out of range is an error. The parts of a slice are integers of either sign or None, and mean what they do in Python:
    bounds out of range are moved to the ends, a step may be negative and is not 0. Where sizes are known only to a
    running graph, bounds may be scalar tensors.

    Shapes: an integer takes its axis away, a slice leaves what it selects of it, perhaps nothing, and None puts a new
    axis of size 1. Dtype: that of `x`.

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
    """Return the size of an axis after slicing."""
    bounds = [bound for bound in (key.start, key.stop) if bound is not None]
    if key.step is not None and isinstance(key.step, int) and key.step == 0:
        raise ArgumentError("the step of a slice is 0", fix="leave it out")
    if not bounds and key.step in (None, 1, -1):
        return size
    if not all(isinstance(bound, int | np.integer) for bound in (*bounds, key.step or 1)):
        return UNKNOWN
    count = len(range(*key.indices(int(size))))
    return Size(count) if is_unknown(size) or any(is_unknown(bound) for bound in bounds) else count
