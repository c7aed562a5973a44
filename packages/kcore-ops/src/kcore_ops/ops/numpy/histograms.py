"""Counts of elements, by value and by range of values."""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore_ops.dtypes import INTEGERS, at_least_float32
from kcore_ops.dtypes.promotion import integer, keep, real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.engine.sizes import size_of_value
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.core.scatter import scatter
from kcore_ops.ops.math.segments import segment_sum
from kcore_ops.ops.numpy.arithmetic import add, maximum, multiply, subtract
from kcore_ops.ops.numpy.comparison import equal, greater, greater_equal, less, less_equal, where
from kcore_ops.ops.numpy.creation import arange, full, linspace, ones_like
from kcore_ops.ops.numpy.indexing import take
from kcore_ops.ops.numpy.logic import logical_and
from kcore_ops.ops.numpy.manipulation import expand_dims, reshape
from kcore_ops.ops.numpy.reductions import max, min
from kcore_ops.ops.numpy.sorting import searchsorted
from kcore_ops.specs.shapes import same_shape, show_shape

__all__ = ["bincount", "histogram"]


@op(dtypes=real_floating)
def histogram(x: Tensor, bins: Any = 10, range: Any = None) -> tuple[Tensor, Tensor]:
    """Count the elements of `x` in bins; the lower edge of a bin belongs to it, and of the last one the upper as well.

    `bins` is the number of bins, equally wide and from the smallest element to the largest, or between the two numbers
    in `range`; or it holds the edges, in ascending order. Without elements the bins are between 0 and 1, and around a
    single value one unit wide together. What lies outside, NaN too, is not counted.

    Shapes: counts `(n,)` and edges `(n + 1,)`. Dtype: both that of `x`; integers and booleans become the default float.
    Raises: `ArgumentError` if there are no bins, or `range` is not two ascending numbers; `DTypeError` if `x` is
    complex.

    >>> histogram([1.0, 2.0, 2.0, 3.0], bins=2)
    (array([1., 3.], dtype=float32), array([1., 2., 3.], dtype=float32))
    """
    kind = dtype_of(x)
    flat = cast(reshape(x, (-1,)), at_least_float32(kind))
    edges = _edges(flat, bins, range)
    count = edges.shape[0] - 1
    last = take(edges, count, axis=0)
    place = where(equal(flat, last), count - 1, subtract(searchsorted(edges, flat, side="right"), 1))
    is_inside = logical_and(greater_equal(flat, take(edges, 0, axis=0)), less_equal(flat, last))
    counts = segment_sum(cast(is_inside, "int32"), where(is_inside, place, -1), count)
    return cast(counts, kind), cast(edges, kind)


def _edges(x: Any, bins: Any, limits: Any) -> Any:
    if not hasattr(bins, "__index__") or len(getattr(bins, "shape", ())):
        return _checked_edges(x, bins)
    if bins < 1:
        raise ArgumentError(f"bins={bins} is not a number of bins", fix="pass at least 1")
    if limits is not None:
        low, high = _checked_limits(limits)
        edges = np.linspace(low - 0.5 * (low == high), high + 0.5 * (low == high), bins + 1)
        return full(edges.shape, edges, dtype_of(x))
    low, high = min(x, initial=np.inf), max(x, initial=-np.inf)
    is_empty, is_single = greater(low, high), equal(low, high)
    low = where(is_empty, 0.0, where(is_single, subtract(low, 0.5), low))
    high = where(is_empty, 1.0, where(is_single, add(high, 0.5), high))
    return linspace(low, high, bins + 1)


def _checked_edges(x: Any, bins: Any) -> Any:
    edges = np.asarray(bins) if isinstance(bins, list | tuple) else bins
    if isinstance(bins, float | str) or len(getattr(edges, "shape", ())) != 1 or edges.shape[0] in (0, 1):
        raise ArgumentError(f"bins={bins!r} are no bins", fix="pass how many there are, or their edges, at least two")
    if isinstance(edges, np.ndarray) and np.any(edges[1:] < edges[:-1]):
        raise ArgumentError(f"the edges bins={bins!r} do not ascend", fix="sort them")
    return full(edges.shape, edges, dtype_of(x))


def _checked_limits(limits: Any) -> tuple[float, float]:
    if not isinstance(limits, list | tuple | np.ndarray) or len(limits) != 2 or not limits[0] <= limits[1]:
        raise ArgumentError(f"range={limits!r} is not a range", fix="pass two numbers, the smaller one first")
    return float(limits[0]), float(limits[1])


@op(dtypes={"x": integer, "weights": keep})
def bincount(x: Tensor, weights: Tensor | None = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """Count how often each number from 0 on occurs in `x`, or add up the weights where it does.

    Numbers below 0 are not counted.

    Shapes: `x` is `(m,)` and the result `(n,)`, with `n` one more than the largest number, and `minlength` at least;
    each row of a matrix `(k, m)` is counted by itself, which gives `(k, n)`. `weights` is shaped like `x`.
    Dtype: int32, or that of `weights`, where booleans and integers of 8 and 16 bits become int32.
    Raises: `ShapeError` if the shapes do not fit, or in a function that is compiled for fixed sizes; `ArgumentError` if
    `minlength` is negative or `sparse`; `DTypeError` if `x` is not integers.

    >>> bincount([0, 2, 2]), bincount([0, 2, 2], weights=[0.5, 1.0, 2.0])
    (array([1, 0, 2], dtype=int32), array([0.5, 0. , 3. ], dtype=float32))
    """
    if sparse:
        raise ArgumentError("there are no sparse tensors", fix="leave out sparse=")
    if not hasattr(minlength, "__index__") or minlength < 0:
        raise ArgumentError(f"minlength={minlength!r} is not a number of counts", fix="pass 0 or more")
    if len(x.shape) not in (1, 2):
        raise ShapeError(f"x has shape {show_shape(x.shape)}", fix="pass numbers along one axis, or a batch of them")
    if weights is not None and same_shape(tuple(x.shape), tuple(weights.shape)) is None:
        raise ShapeError(
            f"weights has shape {show_shape(weights.shape)} and x {show_shape(x.shape)}",
            fix="pass one weight per number",
        )
    numbers = cast(x, "int32")
    count = size_of_value(
        maximum(add(max(numbers, initial=-1), 1), minlength),
        "use segment_sum(weights, x, num_segments=...), which is told how many numbers there are",
    )
    weights, kind = _summands(numbers, weights)
    rows = shape_of(x)[:-1]
    total = rows[0] * count if rows else count
    first = multiply(expand_dims(arange(rows[0], dtype="int32"), 1), count) if rows else 0
    place = where(less(numbers, 0), total, add(numbers, first))  # what is out of range is dropped
    place, weights = reshape(place, (-1,)), reshape(weights, (-1,))
    if isinstance(total, int):
        sums = segment_sum(weights, place, total)
    else:
        sums = scatter(expand_dims(place, 1), weights, (total,))
    return cast(reshape(sums, (*rows, count)), kind)


def _summands(numbers: Any, weights: Any) -> tuple[Any, str]:
    """Return what is added up, in a dtype that has room for the sums, and the dtype of the result."""
    if weights is None:
        return ones_like(numbers), "int32"
    kind = dtype_of(weights)
    if kind == "bool" or (kind in INTEGERS and kind.endswith(("8", "16"))):
        return cast(weights, "int32"), "int32"
    return cast(weights, kind if kind in INTEGERS else at_least_float32(kind)), kind
