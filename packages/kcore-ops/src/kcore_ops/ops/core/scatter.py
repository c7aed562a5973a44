"""Elements of a tensor written at indices.

Negative indices count from the end. An index out of range updates nothing: what an index tensor holds may depend on
data, and the meaning is the same on every backend.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore_ops.dtypes import is_complex_dtype
from kcore_ops.dtypes.promotion import index, keep
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Shape, Tensor
from kcore_ops.foundation.errors import DTypeError, ShapeError
from kcore_ops.ops.core.conversion import dtype as dtype_of
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.arithmetic import add, multiply
from kcore_ops.ops.numpy.comparison import greater_equal, less, where
from kcore_ops.ops.numpy.creation import zeros
from kcore_ops.ops.numpy.indexing import basic_item, slice_
from kcore_ops.ops.numpy.logic import logical_and
from kcore_ops.ops.numpy.manipulation import pad_constant, reshape
from kcore_ops.specs.shapes import one_of, same_shape, same_size, show_shape
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["scatter", "scatter_update"]

REDUCTIONS = (None, "add", "max", "min", "mul")


@op(dtypes={"inputs updates": keep, "indices": index})
def scatter_update(inputs: Tensor, indices: Tensor, updates: Tensor, reduction: str | None = None) -> Tensor:
    """Return `inputs` with the elements at `indices` replaced by `updates`, or combined with them.

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
    """Return sizes as a tensor: on the host if all are known."""
    if any(is_unknown(size) for size in sizes):
        return TensorSpec((len(sizes),), "int32")  # products of stand-ins may be beyond int32
    if all(isinstance(size, int) for size in sizes):
        return np.array(sizes, "int32")
    from kcore_ops.ops.numpy.joining import stack

    return stack(list(sizes))


@primitive
def scatter_rows(x: Tensor, indices: Tensor, updates: Tensor, reduction: str | None) -> Tensor:
    """Return the matrix `x` with the rows at `indices` replaced by those of `updates`, or combined with them.

    `reduction` is None, "add", "max", "min" or "mul". With None a row is replaced, and of several updates of one row
    any one may stay; with the others each row is combined, element by element, with all the updates of it. Rows that
    no index names stay. The indices are in range, from 0; any order, and the same one several times. `x` itself stays
    as it was.

    Shapes: `x` is `(rows, columns)`, `indices` `(n,)` and `updates` `(n, columns)`; `n` and `columns` may be 0. The
    result is shaped like `x`. Dtype: that of `x` and `updates`, any but with "max" and "min" complex; `indices` are
    int32 or int64.

    >>> scatter_rows([[1], [2]], [1, 1], [[5], [6]], "add")
    array([[ 1],
           [13]], dtype=int32)
    """
    return x


@op(dtypes={"indices": index})
def scatter(indices: Tensor, values: Tensor, shape: Shape) -> Tensor:
    """Add `values` to zeros of shape `shape` at `indices`; what is out of range is left out.

    Shapes: as for `scatter_update`; the result has `shape`. Dtype: that of `values`.
    Raises: `ShapeError` if the shapes do not fit; `DTypeError` if `indices` are not integers.

    >>> scatter([[0], [2], [2]], [1, 2, 3], (4,))
    array([1, 0, 5, 0], dtype=int32)
    """
    return scatter_update(zeros(shape, dtype_of(values)), indices, values, "add")
