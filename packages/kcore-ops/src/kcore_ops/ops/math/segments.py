"""Reductions of rows by segment."""

from __future__ import annotations

import builtins
import functools
from typing import Any, ParamSpec, TypeVar

import numpy as np

from kcore_ops.dtypes import is_bool_dtype, is_float_dtype, is_int_dtype, limits
from kcore_ops.dtypes.promotion import index, real
from kcore_ops.engine.define import op
from kcore_ops.engine.op import OpFunction, Tensor, op_of
from kcore_ops.engine.sizes import size_of_value
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.core.conversion import dtype as dtype_of
from kcore_ops.ops.numpy.arithmetic import maximum
from kcore_ops.ops.numpy.comparison import equal, where
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.manipulation import expand_dims, reshape
from kcore_ops.ops.numpy.reductions import max, min, prod, sum
from kcore_ops.specs.shapes import differ, show_shape
from kcore_ops.specs.spec import UNKNOWN, TensorSpec

__all__ = ["segment_max", "segment_min", "segment_prod", "segment_sum"]

P = ParamSpec("P")
R = TypeVar("R")


def _counted(function: OpFunction[P, R]) -> OpFunction[P, R]:
    """Count the segments where `num_segments` is left out, so that a backend is always told how many there are."""
    op = op_of(function)
    compute = op.function

    @functools.wraps(compute)
    def with_number_of_segments(data: Any, segment_ids: Any, num_segments: Any = None, sorted: bool = False) -> Any:
        if num_segments is None:
            num_segments = _number_of_segments(segment_ids)
        return compute(data, segment_ids, num_segments, sorted)

    op.function = with_number_of_segments  # what a graph calls when it runs
    return op.function  # type: ignore[no-any-return]


def _number_of_segments(segment_ids: Any) -> Any:
    """Return one more than the largest number; None of specs, and of what the op will refuse."""
    kind = dtype_of(segment_ids)
    if isinstance(segment_ids, TensorSpec) or not is_int_dtype(kind):
        return None
    fix = "pass num_segments=, or call it outside of the function that is compiled"
    last = size_of_value(max(segment_ids, initial=limits(kind)[0]), fix)
    if not isinstance(last, int):
        return maximum(cast(last, "int32") + 1, 0)
    return 0 if 0 in shape(segment_ids) else builtins.max(last + 1, 0)


@_counted
@op(dtypes={"segment_ids": index})
def segment_sum(data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Sum the rows of `data` that have the same number in `segment_ids`.

    Shapes: `data` is `(n, ...)`, `segment_ids` is `(n,)` and the result `(num_segments, ...)`, 0 where a segment has no
    rows; `num_segments` is by default one more than the largest number, and unknown of specs. Rows with a number below
    0 or from `num_segments` on are left out. `sorted` promises that the numbers never decrease, which a backend may
    make use of; by default nothing is promised.
    Dtype: that of `data`; of booleans, the logical or.
    Raises: `ShapeError` if there is not one number per row, or `num_segments` is left out in a function that is
    compiled for fixed sizes; `ArgumentError` if it is no number of segments.

    >>> segment_sum([1.0, 2.0, 4.0], [0, 0, 2])
    array([3., 0., 4.], dtype=float32)
    """
    kind = dtype_of(data)
    return cast(sum(_segments(data, segment_ids, num_segments, 0), axis=0), kind)


@_counted
@op(dtypes={"data": real, "segment_ids": index})
def segment_max(data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Largest of the rows of `data` that have the same number in `segment_ids`, element by element.

    `num_segments`, by default one more than the largest number, and `sorted`, by default False, are as for
    `segment_sum`.

    Shapes: as for `segment_sum`; -inf, or the smallest integer, where a segment has no rows. Dtype: that of `data`.
    Raises: as `segment_sum` does; `DTypeError` if `data` is complex.

    >>> segment_max([1.0, 2.0, 4.0], [0, 0, 2], num_segments=3)
    array([  2., -inf,   4.], dtype=float32)
    """
    kind = dtype_of(data)
    least = -np.inf if is_float_dtype(kind) else limits(kind)[0]
    return max(_segments(data, segment_ids, num_segments, least), axis=0, initial=least)


@_counted
@op(dtypes={"data": real, "segment_ids": index})
def segment_min(data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Smallest of the rows of `data` that have the same number in `segment_ids`, element by element.

    `num_segments`, by default one more than the largest number, and `sorted`, by default False, are as for
    `segment_sum`.

    Shapes: as for `segment_sum`; infinity, or the largest integer, where a segment has no rows. Dtype: that of `data`.
    Raises: as `segment_sum` does; `DTypeError` if `data` is complex.

    >>> segment_min([1.0, 2.0, 4.0], [0, 0, 2], num_segments=3)
    array([ 1., inf,  4.], dtype=float32)
    """
    kind = dtype_of(data)
    most = np.inf if is_float_dtype(kind) else limits(kind)[1]
    return min(_segments(data, segment_ids, num_segments, most), axis=0, initial=most)


@_counted
@op(dtypes={"segment_ids": index})
def segment_prod(data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Multiply the rows of `data` that have the same number in `segment_ids`, element by element.

    `num_segments`, by default one more than the largest number, and `sorted`, by default False, are as for
    `segment_sum`.

    Shapes: as for `segment_sum`; 1 where a segment has no rows. Dtype: that of `data`; of booleans, the logical and.
    Raises: as `segment_sum` does.

    >>> segment_prod([1.0, 2.0, 4.0], [0, 0, 2], num_segments=3)
    array([2., 1., 4.], dtype=float32)
    """
    kind = dtype_of(data)
    return cast(prod(_segments(data, segment_ids, num_segments, 1), axis=0), kind)


def _segments(data: Any, segment_ids: Any, num_segments: Any, missing: float) -> Any:
    """Repeat `data` once for each segment, `(n, num_segments, ...)`, with `missing` where a row is of another."""
    num_segments = UNKNOWN if num_segments is None else num_segments  # only specs come without
    if not hasattr(num_segments, "__index__") or (isinstance(num_segments, int) and num_segments < 0):
        raise ArgumentError(
            f"num_segments={num_segments!r} does not say how many rows the result has",
            fix="pass the number of segments, for example num_segments=10, or leave it out",
        )
    if len(segment_ids.shape) != 1 or not len(data.shape) or differ(data.shape[0], segment_ids.shape[0]):
        raise ShapeError(
            f"segment_ids has shape {show_shape(segment_ids.shape)} and data {show_shape(data.shape)}",
            fix="pass one segment number for each row of data",
        )
    ids = expand_dims(cast(segment_ids, "int32"), 1)
    belongs = equal(ids, arange(num_segments, dtype="int32"))
    belongs = reshape(belongs, (*shape(belongs), *[1] * (len(data.shape) - 1)))
    return where(belongs, expand_dims(data, 1), bool(missing) if is_bool_dtype(dtype_of(data)) else missing)
