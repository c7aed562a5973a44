"""The same elements in another shape or order."""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Axis, Number, Shape, Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import convert_to_numpy
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.arithmetic import maximum, minimum, mod
from kcore_ops.ops.numpy.comparison import less, where
from kcore_ops.specs.shapes import (
    broadcast_shapes,
    normalize_axes,
    normalize_axis,
    one_of,
    reshaped,
    same_shape,
    same_size,
    show_shape,
    show_size,
)
from kcore_ops.specs.spec import UNKNOWN, TensorSpec, is_unknown

__all__ = ["broadcast_to", "expand_dims", "flip", "fliplr", "flipud", "moveaxis", "pad", "ravel", "repeat", "reshape",
           "roll", "rot90", "squeeze", "swapaxes", "tile", "transpose"]  # fmt: skip


@primitive
def reshape(x: Tensor, newshape: Shape) -> Tensor:
    """Reshape `x`, with its elements in their order.

    Shapes: `newshape` has as many elements; one size may be -1, which is worked out, and sizes may be scalar tensors.
    Raises: `ShapeError` if the elements do not fill `newshape`.

    >>> reshape([1, 2, 3, 4], (2, -1))
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    return TensorSpec(reshaped(x.shape, newshape), x.dtype)


@op
def ravel(x: Tensor) -> Tensor:
    """Return the elements of `x` along one axis.

    >>> ravel([[1, 2], [3, 4]])
    array([1, 2, 3, 4], dtype=int32)
    """
    return reshape(x, (-1,))


@primitive
def transpose(x: Tensor, axes: Axis = None) -> Tensor:
    """Put the axes of `x` into the order `axes`: axis `i` of the result is axis `axes[i]` of `x`. None reverses them.

    Raises: `ShapeError` if `axes` does not name each axis once.

    >>> transpose([[1, 2], [3, 4]])
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    order = tuple(reversed(range(x.ndim))) if axes is None else normalize_axes(axes, x.ndim, "axes")
    if len(order) != x.ndim:
        raise ShapeError(f"axes={axes} names {len(order)} of {x.ndim} axes", fix="name each axis once")
    return TensorSpec([x.shape[axis] for axis in order], x.dtype)


@op
def swapaxes(x: Tensor, axis1: Axis, axis2: Axis) -> Tensor:
    """Exchange the axes `axis1` and `axis2` of `x`.

    >>> swapaxes(np.ones((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    order = list(range(len(x.shape)))
    first, second = normalize_axis(axis1, len(order), "axis1"), normalize_axis(axis2, len(order), "axis2")
    order[first], order[second] = second, first
    return transpose(x, order)


@op
def moveaxis(x: Tensor, source: Axis, destination: Axis) -> Tensor:
    """Move the axes of `x` in `source`, one or several, to the places in `destination`; the others keep their order.

    Raises: `ShapeError` if the two are not equally many.

    >>> moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    rank = len(x.shape)
    old, new = normalize_axes(source, rank, "source"), normalize_axes(destination, rank, "destination")
    if source is None or destination is None or len(old) != len(new):
        raise ShapeError(f"source={source} and destination={destination} differ in length", fix="pair the axes")
    order = [axis for axis in range(rank) if axis not in old]
    for place, axis in sorted(zip(new, old, strict=True)):
        order.insert(place, axis)
    return transpose(x, order)


@op
def expand_dims(x: Tensor, axis: Axis) -> Tensor:
    """Insert axes of size 1 into `x`, which are to stand at `axis` in the result: one place, or several.

    Raises: `ShapeError` if there is no such place.

    >>> expand_dims(np.ones((2, 3)), 0).shape, expand_dims(np.ones((2, 3)), (0, -1)).shape
    ((1, 2, 3), (1, 2, 3, 1))
    """
    count = len(axis) if isinstance(axis, tuple) else 1
    if axis is None:
        raise ArgumentError("axis is None", fix="pass the place of the new axis")
    sizes = list(shape_of(x))
    for place in sorted(normalize_axes(axis, len(sizes) + count)):
        sizes.insert(place, 1)
    return reshape(x, sizes)


@op
def squeeze(x: Tensor, axis: Axis = None) -> Tensor:
    """Remove axes of size 1 from `x`: those in `axis`, one or several, or if None all there are.

    Raises: `ShapeError` if an axis named has another size, or none is named and sizes are unknown.

    >>> squeeze(np.ones((1, 2, 1))).shape, squeeze(np.ones((1, 2, 1)), 0).shape
    ((2,), (2, 1))
    """
    if axis is None and any(is_unknown(size) for size in x.shape):
        raise ShapeError(
            f"which axes of shape {show_shape(x.shape)} have size 1 is not known", fix="pass axis=, or give the sizes"
        )
    axes = [i for i, size in enumerate(x.shape) if size == 1] if axis is None else normalize_axes(axis, len(x.shape))
    for a in axes:
        if same_size(x.shape[a], 1) is None:
            raise ShapeError(
                f"axis {a} of shape {show_shape(x.shape)} has size {show_size(x.shape[a])}",
                fix="only axes of size 1 can be removed",
            )
    return reshape(x, [size for i, size in enumerate(shape_of(x)) if i not in axes])


@primitive
def broadcast_to(x: Tensor, shape: Shape) -> Tensor:
    """Repeat `x` along new leading axes and along those of size 1, as broadcasting does, to give it the shape `shape`.

    Shapes: the result has `shape`, whose sizes may be scalar tensors.
    Raises: `ShapeError` if `x` does not broadcast to it.

    >>> broadcast_to([1, 2], (2, 2))
    array([[1, 2],
           [1, 2]], dtype=int32)
    """
    if len(x.shape) > len(shape) or same_shape(broadcast_shapes(x.shape, shape), shape) is None:
        raise ShapeError(
            f"a tensor of shape {show_shape(x.shape)} does not broadcast to {show_shape(shape)}",
            fix="each size, counted from the last, must be the new one or 1",
        )
    return TensorSpec(shape, x.dtype)


@primitive
def flip(x: Tensor, axis: Axis = None) -> Tensor:
    """Reverse the order of the elements of `x` along `axis`: one axis, several, or None for all.

    >>> flip([[1, 2], [3, 4]], 1)
    array([[2, 1],
           [4, 3]], dtype=int32)
    """
    normalize_axes(axis, x.ndim)
    return x


@op
def fliplr(x: Tensor) -> Tensor:
    """Reverse axis 1 of `x`.

    >>> fliplr([[1, 2], [3, 4]])
    array([[2, 1],
           [4, 3]], dtype=int32)
    """
    return flip(x, 1)


@op
def flipud(x: Tensor) -> Tensor:
    """Reverse axis 0 of `x`.

    >>> flipud([[1, 2], [3, 4]])
    array([[3, 4],
           [1, 2]], dtype=int32)
    """
    return flip(x, 0)


@op
def rot90(array: Tensor, k: int = 1, axes: Axis = (0, 1)) -> Tensor:
    """Turn `array` by `k` quarters, one by default, from the first of two axes, `axes`, 0 and 1, towards the second.

    Raises: `ShapeError` if `axes` are not two different axes.

    >>> rot90([[1, 2], [3, 4]])
    array([[2, 4],
           [1, 3]], dtype=int32)
    """
    plane = normalize_axes(axes, len(array.shape), "axes")
    if len(plane) != 2:
        raise ShapeError(f"axes={axes} are not two axes", fix="name the plane to turn in, for example (0, 1)")
    first, second = plane
    if k % 4 == 0:
        return array
    if k % 4 == 2:
        return flip(array, plane)
    if k % 4 == 1:
        return swapaxes(flip(array, second), first, second)
    return flip(swapaxes(array, first, second), second)


@op
def roll(x: Tensor, shift: Any, axis: Axis = None) -> Tensor:
    """Move the elements of `x` along `axis` by `shift` places; those that leave at one end come in at the other.

    `axis` is one axis or a tuple, with one `shift` for all or a tuple of as many; with None the elements are moved as
    if `x` were flattened, and keep its shape.
    Raises: `ShapeError` if `shift` and `axis` are tuples of different lengths.

    >>> roll([1, 2, 3, 4], 1)
    array([4, 1, 2, 3], dtype=int32)
    """
    from kcore_ops.ops.numpy.creation import arange
    from kcore_ops.ops.numpy.indexing import take

    if axis is None:
        return reshape(roll(reshape(x, (-1,)), shift, 0), shape_of(x))
    axes = [normalize_axis(a, len(x.shape)) for a in (axis if isinstance(axis, tuple) else (axis,))]
    shifts = list(shift) if isinstance(shift, tuple | list) else [shift] * len(axes)
    axes = axes * len(shifts) if len(axes) == 1 else axes
    if len(shifts) != len(axes):
        raise ShapeError(f"{len(shifts)} shifts for {len(axes)} axes", fix="pass one shift for each axis")
    for a, places in zip(axes, shifts, strict=True):
        if x.shape[a] == 0:
            continue
        size = shape_of(x)[a]
        x = take(x, mod(arange(size) - places, size), axis=a)
    return x


@op
def repeat(x: Tensor, repeats: Any, axis: Axis = None) -> Tensor:
    """Repeat each element of `x` along `axis`, or if None of `x` flattened.

    Shapes: `repeats`, how often, is a number for all, or one for each element along the axis.
    Raises: `ShapeError` if there are neither one nor as many as elements.

    >>> repeat([1, 2], 2), repeat([1, 2], [1, 3])
    (array([1, 1, 2, 2], dtype=int32), array([1, 2, 2, 2], dtype=int32))
    """
    from kcore_ops.ops.numpy.indexing import take

    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = normalize_axis(axis, len(x.shape))
    if not isinstance(repeats, list | tuple) and not getattr(repeats, "shape", ()):
        sizes = list(shape_of(x))
        spread = broadcast_to(expand_dims(x, axis + 1), [*sizes[: axis + 1], repeats, *sizes[axis + 1 :]])
        return reshape(spread, [*sizes[:axis], sizes[axis] * repeats, *sizes[axis + 1 :]])
    counts = np.asarray(repeats if isinstance(repeats, list | tuple) else convert_to_numpy(repeats))
    if counts.size == 1:
        return repeat(x, int(counts.reshape(())), axis)
    if counts.ndim != 1 or same_size(x.shape[axis] or counts.size, counts.size) is None:
        raise ShapeError(
            f"repeats has shape {counts.shape} and axis {axis} of x has size {show_size(x.shape[axis])}",
            fix="pass one number, or one for each element",
        )
    return take(x, np.repeat(np.arange(counts.size, dtype="int32"), counts), axis=axis)


@op
def tile(x: Tensor, repeats: Any) -> Tensor:
    """Lay copies of `x` side by side.

    Shapes: `repeats` holds the number of copies along each axis, counted from the last; a missing one is 1, and `x`
    gets leading axes if there are more. They may be scalar tensors.

    >>> tile([1, 2], 2), tile([1, 2], (2, 1))
    (array([1, 2, 1, 2], dtype=int32), array([[1, 2],
           [1, 2]], dtype=int32))
    """
    counts = list(repeats) if isinstance(repeats, tuple | list | np.ndarray) else [repeats]
    sizes = list(shape_of(x))
    rank = max(len(counts), len(sizes))
    counts = [1] * (rank - len(counts)) + counts
    sizes = [1] * (rank - len(sizes)) + sizes
    spread = reshape(x, [part for size in sizes for part in (1, size)])
    spread = broadcast_to(spread, [part for count, size in zip(counts, sizes, strict=True) for part in (count, size)])
    return reshape(spread, [size * count for count, size in zip(counts, sizes, strict=True)])


@op
def pad(x: Tensor, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """Add elements before and after those of `x`.

    What is added is, as `mode` says, `constant_values`, a number, 0 if None ("constant"); or, as in NumPy, the last
    element ("edge"), the elements mirrored at the last one ("reflect") or after it ("symmetric"), or those of the other
    end ("wrap").

    Shapes: `pad_width` is a number for all ends, a pair (before, after) for all axes, or one pair for each axis; the
    numbers may be scalar tensors.
    Raises: `ShapeError` if the number of pairs does not fit, or a width is negative; `ArgumentError` if there is no
    such mode, or `constant_values` is given for another mode than "constant".

    >>> pad([1, 2, 3], (1, 2)), pad([1, 2, 3], 2, mode="reflect")
    (array([0, 1, 2, 3, 0, 0], dtype=int32), array([3, 2, 1, 2, 3, 2, 1], dtype=int32))
    """
    from kcore_ops.ops.numpy.indexing import take

    widths = pad_widths(pad_width, len(x.shape))
    one_of("mode", mode, ("constant", "edge", "reflect", "symmetric", "wrap"))
    if mode == "constant":
        return pad_constant(x, widths, 0 if constant_values is None else constant_values)
    if constant_values is not None:
        raise ArgumentError(f"constant_values has no meaning with mode={mode!r}", fix="leave it out")
    for axis, (before, after) in enumerate(widths):
        if not (isinstance(before, int) and isinstance(after, int) and before == after == 0):
            if x.shape[axis] == 0:
                raise ShapeError(f"axis {axis} has no elements to pad with", fix="use mode='constant'")
            x = take(x, _sources(shape_of(x)[axis], before, after, mode), axis=axis)
    return x


def pad_widths(pad_width: Any, rank: int) -> tuple[tuple[Any, Any], ...]:
    """Return the pair (before, after) of each axis."""
    widths = pad_width.tolist() if isinstance(pad_width, np.ndarray) else pad_width
    if not isinstance(widths, tuple | list):
        widths = ((widths, widths),)
    elif len(widths) in (1, 2) and not any(isinstance(width, tuple | list) for width in widths):
        widths = ((widths[0], widths[-1]),)
    pairs = [(p[0], p[-1]) if isinstance(p, tuple | list) and len(p) in (1, 2) else None for p in widths]
    pairs = pairs * rank if len(pairs) == 1 else pairs
    if len(pairs) != rank or None in pairs:
        raise ShapeError(
            f"pad_width={pad_width} does not fit a tensor with {rank} axes",
            fix="pass a number, a pair (before, after), or one pair for each axis",
        )
    if any(isinstance(width, int | np.integer) and width < 0 for pair in pairs for width in pair or ()):
        raise ShapeError(f"pad_width={pad_width} is negative", fix="take a slice to remove elements")
    return tuple(pair for pair in pairs if pair is not None)


def _sources(size: Any, before: Any, after: Any, mode: str) -> Any:
    """Where along an axis the elements of the padded one come from."""
    from kcore_ops.ops.numpy.creation import arange

    i = arange(0 - before, size + after)
    if mode == "edge":
        return maximum(minimum(i, size - 1), 0)
    if mode == "wrap":
        return mod(i, size)
    if mode == "symmetric":
        i = mod(i, 2 * size)
        return where(less(i, size), i, 2 * size - 1 - i)
    period = maximum(2 * size - 2, 1)  # an axis of one element mirrors to itself
    i = mod(i, period)
    return minimum(i, period - i)


@primitive
def pad_constant(x: Tensor, pad_width: tuple[tuple[int, int], ...], constant: Number) -> Tensor:
    """Add a constant before and after the elements of `x` along each axis.

    `pad_width` is one pair (before, after) for each axis of `x`, none of them negative, some or all of them 0; `()` for
    a scalar, which stays as it is. `constant` is a number, NaN and infinities included, that becomes one of the dtype
    of `x`, for booleans whether it is not 0.

    Shapes: `before + size + after` along each axis; `x` may be empty. Dtype: that of `x`.

    >>> pad_constant([1, 2], ((1, 0),), 5)
    array([5, 1, 2], dtype=int32)
    """
    sizes = [_width(before) + size + _width(after) for size, (before, after) in zip(x.shape, pad_width, strict=True)]
    return TensorSpec(sizes, x.dtype)


def _width(width: Any) -> Any:
    return width if isinstance(width, int | np.integer) else UNKNOWN
