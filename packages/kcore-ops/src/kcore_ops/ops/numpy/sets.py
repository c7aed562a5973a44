"""Tensors as sets: their different elements, and who is among them."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes import is_float_dtype
from kcore_ops.dtypes.promotion import ordered, real
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.core.control_flow import fori_loop
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.core.scatter import scatter_update
from kcore_ops.ops.numpy.arithmetic import subtract
from kcore_ops.ops.numpy.comparison import equal, isnan, less, not_equal, where
from kcore_ops.ops.numpy.creation import arange, zeros
from kcore_ops.ops.numpy.cumulative import cumsum
from kcore_ops.ops.numpy.indexing import take
from kcore_ops.ops.numpy.logic import logical_and, logical_not, logical_or
from kcore_ops.ops.numpy.manipulation import expand_dims, moveaxis, pad_constant, reshape, roll
from kcore_ops.ops.numpy.positions import nonzero
from kcore_ops.ops.numpy.reductions import any, sum
from kcore_ops.ops.numpy.sorting import argsort, searchsorted, sort
from kcore_ops.specs.shapes import normalize_axis, size_of

__all__ = ["isin", "unique"]


@op(dtypes=real)
def unique(
    x: Tensor,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Axis = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """Different elements of `x`, or different slices along `axis`, in ascending order.

    Without `size` there are as many as there are. With it, which is what a compiled function needs, there are `size`:
    the last are left out, or `fill_value`, 0 by default, stands for those that are missing. NaN differs from NaN. To
    ask for no order, by `sorted=False`, changes nothing here.

    What is asked for follows the elements in a tuple, in int32: by `return_index`, where in `x` each comes first (one
    that is missing has the place of the first); by `return_inverse`, which of them each element of `x` is; by
    `return_counts`, how many elements of `x` each is.

    Shapes: the elements are `(n,)`, slices are like `x` with size `n` along `axis`; indices and counts are `(n,)`; the
    inverse is shaped like `x`, or `(x.shape[axis],)`. Dtype: that of `x`.
    Raises: `ShapeError` if there is no such axis, or, without `size`, in a function that is compiled for fixed sizes;
    `ArgumentError` if `size` is no size; `DTypeError` if `x` is complex.

    >>> unique([3, 1, 3, 2]), unique([3, 1, 3], return_counts=True)
    (array([1, 2, 3], dtype=int32), (array([1, 3], dtype=int32), array([1, 2], dtype=int32)))
    >>> unique([3, 1, 3, 2], size=4, fill_value=-1)
    array([ 1,  2,  3, -1], dtype=int32)
    """
    if size is not None and (not hasattr(size, "__index__") or size < 0):
        raise ArgumentError(f"size={size!r} is not a number of elements", fix="pass an integer that is not negative")
    along = None if axis is None else normalize_axis(axis, len(x.shape))
    rows = reshape(x, (-1,)) if along is None else moveaxis(x, along, 0)
    total = shape_of(rows)[0]
    order = _order(rows)
    is_first = _is_new(take(rows, order, axis=0), total)
    group = subtract(cumsum(cast(is_first, "int32")), 1)
    if size is None:
        places = nonzero(is_first)[0]
        number = arange(shape_of(places)[0], dtype="int32")
    else:
        number = arange(size, dtype="int32")
        places = searchsorted(group, number)  # `total` for a group that is missing
    # One more row stands for what is missing.
    order = pad_constant(order, ((0, 1),), total)
    rows = pad_constant(rows, ((0, 1), *[(0, 0)] * (len(rows.shape) - 1)), 0 if fill_value is None else fill_value)
    index = take(order, places)
    values = take(rows, index, axis=0)
    results = [moveaxis(values, 0, along) if along else values]
    if return_index:
        results.append(index if size is None else where(less(index, total), index, take(order, 0)))
    if return_inverse:
        inverse = scatter_update(zeros((total,), "int32"), expand_dims(take(order, arange(total)), 1), group)
        results.append(inverse if along is not None else reshape(inverse, shape_of(x)))
    if return_counts:
        results.append(subtract(searchsorted(group, number, side="right"), places))
    return tuple(results) if len(results) > 1 else results[0]


def _order(rows: Any) -> Any:
    """Return the order that sorts elements, or rows by their first elements, then their second, and so on."""
    if len(rows.shape) == 1:
        return argsort(rows)
    total, *rest = shape_of(rows)
    width = size_of(rest)
    columns = reshape(rows, (total, width))

    def sorted_by_one_more(i: Any, order: Any) -> Any:
        column = take(columns, width - 1 - i, axis=1)
        return take(order, argsort(take(column, order)))

    return fori_loop(0, width, sorted_by_one_more, arange(total, dtype="int32"))


def _is_new(rows: Any, total: Any) -> Any:
    """Return which rows differ from the one before."""
    differs = not_equal(rows, roll(rows, 1, 0))
    differs = any(differs, axis=tuple(range(1, len(rows.shape)))) if len(rows.shape) > 1 else differs
    return logical_or(differs, equal(arange(total, dtype="int32"), 0))


@op(dtypes=ordered)
def isin(x1: Tensor, x2: Tensor, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Return which elements of `x1` are equal to some element of `x2`, or with `invert` to none; NaN equals nothing.

    `assume_unique` promises that no element comes twice in either, which changes nothing here.

    Shapes: the result is shaped like `x1`. Dtype: bool, after a comparison in their common one.
    Raises: `DTypeError` if one is complex.

    >>> isin([1, 2, 3], [2, 5])
    array([False,  True, False])
    """
    sequence = sort(reshape(x2, (-1,)))
    total = shape_of(sequence)[0]
    if is_float_dtype(dtype_of(x2)):
        # NaN comes last, where infinity keeps the order for the search.
        missing = isnan(sequence)
        total = subtract(total, sum(cast(missing, "int32")))
        sequence = where(missing, float("inf"), sequence)
    places = searchsorted(sequence, x1)
    found = take(pad_constant(sequence, ((0, 1),), 0), places)
    found = logical_and(equal(found, x1), less(places, total))
    return logical_not(found) if invert else found
