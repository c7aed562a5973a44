"""Diagonals of matrices, and what lies above and below them."""

from __future__ import annotations

import builtins
from typing import Any

from kcore_ops.engine.define import op
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.arithmetic import maximum, minimum
from kcore_ops.ops.numpy.comparison import equal, greater_equal, less_equal, where
from kcore_ops.ops.numpy.creation import arange, zeros_like
from kcore_ops.ops.numpy.indexing import take
from kcore_ops.ops.numpy.manipulation import expand_dims, moveaxis, pad, reshape
from kcore_ops.specs.shapes import normalize_axes, show_shape

__all__ = ["diag", "diagflat", "diagonal", "trace", "tril", "triu"]


@op
def tril(x: Tensor, k: int = 0) -> Tensor:
    """Set what lies above the `k`-th diagonal to zero; positive `k` are above the main one.

    Shapes: `x` holds matrices along its last two axes. Raises: `ShapeError` if it has fewer.

    >>> tril([[1, 2], [3, 4]])
    array([[1, 0],
           [3, 4]], dtype=int32)
    """
    rows, columns = _rows_and_columns(x)
    return where(less_equal(columns, rows + k), x, zeros_like(x))


@op
def triu(x: Tensor, k: int = 0) -> Tensor:
    """Set what lies below the `k`-th diagonal to zero; positive `k` are above the main one.

    Shapes: `x` holds matrices along its last two axes. Raises: `ShapeError` if it has fewer.

    >>> triu([[1, 2], [3, 4]])
    array([[1, 2],
           [0, 4]], dtype=int32)
    """
    rows, columns = _rows_and_columns(x)
    return where(greater_equal(columns, rows + k), x, zeros_like(x))


def _rows_and_columns(x: Any) -> tuple[Any, Any]:
    if len(x.shape) < 2:
        raise ShapeError(f"x has shape {show_shape(x.shape)}, which is not a matrix", fix="pass two axes or more")
    rows, columns = shape_of(x)[-2:]
    return expand_dims(arange(rows), 1), expand_dims(arange(columns), 0)


@op
def diagonal(x: Tensor, offset: int = 0, axis1: Axis = 0, axis2: Axis = 1) -> Tensor:
    """Read a diagonal of the matrices with rows along `axis1` of `x` and columns along `axis2`, by default 0 and 1.

    It is the `offset`-th above the main one, or below it if negative; 0, the default, is the main one itself.

    Shapes: the two axes are removed and the diagonal is the last one.
    Raises: `ShapeError` if there are no two such axes.

    >>> diagonal([[1, 2], [3, 4]])
    array([1, 4], dtype=int32)
    """
    axes = normalize_axes((axis1, axis2), len(x.shape), "axis1, axis2")
    x = moveaxis(x, axes, (-2, -1))
    *batch, rows, columns = shape_of(x)
    down, right = builtins.max(-offset, 0), builtins.max(offset, 0)
    smaller: Any = minimum
    larger: Any = maximum
    if isinstance(rows, int) and isinstance(columns, int):
        smaller, larger = builtins.min, builtins.max
    count = larger(smaller(rows - down, columns - right), 0)
    places = arange(count) * (columns + 1) + (down * columns + right)
    return take(reshape(x, [*batch, rows * columns]), places, axis=-1)


@op
def diag(x: Tensor, k: int = 0) -> Tensor:
    """Read the `k`-th diagonal of a matrix `x`, or make a matrix with a vector `x` on it and zeros elsewhere.

    Positive `k` are above the main one, which is 0, the default.

    Raises: `ShapeError` if `x` has neither one axis nor two.

    >>> diag([1, 2]), diag([[1, 2], [3, 4]], k=1)
    (array([[1, 0],
           [0, 2]], dtype=int32), array([2], dtype=int32))
    """
    if len(x.shape) == 2:
        return diagonal(x, k)
    if len(x.shape) != 1:
        raise ShapeError(f"x has shape {show_shape(x.shape)}", fix="pass a vector or a matrix; see diagonal, diagflat")
    rows = pad(x, (builtins.max(-k, 0), builtins.max(k, 0)))
    places = arange(shape_of(rows)[0])
    lines = expand_dims(rows, 1)
    return where(equal(expand_dims(places, 0), expand_dims(places, 1) + k), lines, zeros_like(lines))


@op
def diagflat(x: Tensor, k: int = 0) -> Tensor:
    """Make a matrix with the elements of `x` on its `k`-th diagonal, and zeros elsewhere.

    Positive `k` are above the main one, which is 0, the default.

    >>> diagflat([[1, 2]])
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    return diag(reshape(x, (-1,)), k)


@op
def trace(x: Tensor, offset: int = 0, axis1: Axis = 0, axis2: Axis = 1) -> Tensor:
    """Sum a diagonal of the matrices with rows along `axis1` of `x` and columns along `axis2`, by default 0 and 1.

    It is the `offset`-th above the main one, or below it if negative; 0, the default, is the main one itself.

    Shapes: the two axes are removed. Dtype: that of `sum`.
    Raises: `ShapeError` if there are no two such axes.

    >>> trace([[1, 2], [3, 4]]).item()
    5
    """
    from kcore_ops.ops.numpy.reductions import sum

    return sum(diagonal(x, offset, axis1, axis2), axis=-1)
