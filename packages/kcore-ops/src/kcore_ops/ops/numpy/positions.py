"""Positions of elements: which are not zero, and from one number for a position to one for each axis."""

from __future__ import annotations

from typing import Any

from kcore_ops.backends.current import current_backend
from kcore_ops.dtypes import is_int_dtype
from kcore_ops.dtypes.promotion import boolean
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Shape, Tensor, op_of
from kcore_ops.engine.sizes import size_of_value
from kcore_ops.foundation.errors import DTypeError, ShapeError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.arithmetic import floor_divide, maximum, minimum, mod
from kcore_ops.ops.numpy.comparison import less, where
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.cumulative import cumsum
from kcore_ops.ops.numpy.manipulation import reshape
from kcore_ops.ops.numpy.reductions import sum
from kcore_ops.ops.numpy.sorting import searchsorted
from kcore_ops.specs.shapes import show_shape, size_of
from kcore_ops.specs.spec import is_unknown

__all__ = ["nonzero", "unravel_index"]


@op(dtypes=boolean)
def nonzero(x: Tensor) -> tuple[Tensor, ...]:
    """Positions of the elements that are not 0, in the order in which they stand in `x`; NaN is not 0.

    Shapes: one result `(n,)` for each axis of `x`, with `n` the number of such elements. Dtype: int32.
    Raises: `ShapeError` if `x` is a scalar, or in a function that is compiled for fixed sizes.

    >>> nonzero([[0, 7], [8, 9]])
    (array([0, 1, 1], dtype=int32), array([1, 0, 1], dtype=int32))
    """
    if not len(x.shape):
        raise ShapeError(
            "x is a scalar, whose elements have no position", fix="reshape it to (1,), or compare it with 0"
        )
    running = cumsum(cast(reshape(x, (-1,)), "int32"))
    count = size_of_value(
        sum(cast(x, "int32")),
        "call it outside of the function that is compiled; where(condition, x1, x2) and unique(x, size=...) have "
        "results of known size",
    )
    # The n-th position is where the running count first reaches n.
    places = searchsorted(running, arange(1, count + 1, dtype="int32"))
    return (places,) if len(x.shape) == 1 else unravel_index(places, shape_of(x))


# `where(condition)` stands for it.
op_of("where").unary = nonzero


@op
def unravel_index(indices: Tensor, shape: Shape) -> tuple[Tensor, ...]:
    """Positions along each axis of a tensor of shape `shape`, from `indices` into it flattened.

    Indices below 0 count from the end; ones out of range stand for the nearest end.

    Shapes: one result for each axis, shaped like `indices`. Dtype: that of `indices`.
    Raises: `DTypeError` if `indices` are not integers; `ShapeError` if the shape has no elements.

    >>> unravel_index([5, -1], (2, 4))
    (array([1, 1], dtype=int32), array([1, 3], dtype=int32))
    """
    kind = dtype_of(indices)
    if not is_int_dtype(kind):
        raise DTypeError(f"indices must be integers and are {kind}", fix="cast them to 'int32'")
    has_elements = not any(type(size) is int and size == 0 for size in shape)
    if not has_elements and not any(is_unknown(size) or size == 0 for size in indices.shape):
        raise ShapeError(f"a tensor of shape {show_shape(shape)} has no elements", fix="pass a shape that has some")
    total = size_of(shape)
    wide = current_backend().canonical_dtype("int64")
    if kind == "uint32" and wide != "int64":
        indices = minimum(indices, total - 1)
    rest = cast(indices, wide if kind in ("uint32", "int64", "uint64") else "int32")
    rest = maximum(minimum(where(less(rest, 0), rest + total, rest), total - 1), 0)
    places: list[Any] = []
    for size in reversed(shape):
        places.insert(0, cast(mod(rest, size), kind))
        rest = floor_divide(rest, size)
    return tuple(places)
