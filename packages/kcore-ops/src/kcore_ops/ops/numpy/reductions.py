"""Reductions: sums, extremes, means, with and without NaN, and by segment."""

from __future__ import annotations

import builtins
import functools
from typing import Any, ParamSpec, TypeVar

import numpy as np

from kcore_ops.dtypes import at_least_float32, is_bool_dtype, is_float_dtype, is_int_dtype, limits, standardize_dtype
from kcore_ops.dtypes.promotion import accumulate, boolean, floating, index, real, real_floating
from kcore_ops.engine.op import Axis, DType, Number, OpFunction, Tensor, op, op_of, primitive
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.core.conversion import dtype as dtype_of
from kcore_ops.ops.core.sizes import size_of_value
from kcore_ops.ops.numpy.arithmetic import maximum, stop_gradient
from kcore_ops.ops.numpy.comparison import equal, isfinite, isnan, where
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.exponentials import exp, log
from kcore_ops.ops.numpy.logic import logical_not
from kcore_ops.ops.numpy.manipulation import expand_dims, reshape
from kcore_ops.specs.shapes import differ, normalize_axes, reduced_shape, show_shape, size_of
from kcore_ops.specs.spec import UNKNOWN, TensorSpec

__all__ = ["all", "amax", "amin", "any", "argmax", "argmin", "count_nonzero", "logsumexp", "max", "mean", "min",
           "nanmax", "nanmean", "nanmin", "nansum", "prod", "segment_max", "segment_min", "segment_prod", "segment_sum",
           "sum"]  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")


@primitive(dtypes=accumulate)
def sum(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum of the elements along `axis`, an axis or several, or of all.

    Shapes: without the axes reduced, which have size 1 with `keepdims`; `axis=()` reduces nothing. The sum of nothing
    is 0. Dtype: that of `x`; bool, int8 and int16 become int32, uint8 and uint16 become uint32; float16 and bfloat16
    are added up in float32.
    Raises: `ShapeError` if there is no such axis.

    >>> sum([[1, 2], [3, 4]], axis=0)
    array([4, 6], dtype=int32)
    """
    return TensorSpec(reduced_shape(x.shape, axis, keepdims), x.dtype)


@primitive(dtypes=accumulate)
def prod(x: Tensor, axis: Axis = None, keepdims: bool = False, dtype: DType = None) -> Tensor:
    """Product of the elements along `axis`, an axis or several, or of all.

    Shapes: as for `sum`; the product of nothing is 1. Dtype: `dtype`, in which it is computed; by default as for `sum`.
    Raises: `ShapeError` if there is no such axis.

    >>> prod([[1, 2], [3, 4]], axis=1)
    array([ 2, 12], dtype=int32)
    """
    return TensorSpec(reduced_shape(x.shape, axis, keepdims), dtype or x.dtype)


@primitive(dtypes=real)
def max(x: Tensor, axis: Axis = None, keepdims: bool = False, initial: Number | None = None) -> Tensor:
    """Largest element along `axis`, an axis or several, or of all; NaN if one is NaN.

    Shapes: as for `sum`. Dtype: that of `x`, which `initial`, a number to take into account as well, is cast to.
    Raises: `ShapeError` if there is no element and no `initial`; `DTypeError` if `x` is complex.

    >>> max([[1, 5], [3, 4]], axis=0), max([1, 2], initial=3).item()
    (array([3, 5], dtype=int32), 3)
    """
    return _extreme(x, axis, keepdims, initial)


@primitive(dtypes=real)
def min(x: Tensor, axis: Axis = None, keepdims: bool = False, initial: Number | None = None) -> Tensor:
    """Smallest element along `axis`, an axis or several, or of all; NaN if one is NaN.

    Shapes: as for `sum`. Dtype: that of `x`, which `initial`, a number to take into account as well, is cast to.
    Raises: `ShapeError` if there is no element and no `initial`; `DTypeError` if `x` is complex.

    >>> min([[1, 5], [3, 4]], axis=0)
    array([1, 4], dtype=int32)
    """
    return _extreme(x, axis, keepdims, initial)


def _extreme(x: Any, axis: Any, keepdims: bool, initial: float | None) -> TensorSpec:
    if initial is None:
        _check_not_empty(x, axis, "pass initial=, the result for no elements")
    elif not isinstance(initial, int | float | np.generic):
        raise ArgumentError(f"initial={initial!r} is not a number", fix="pass a number or None")
    return TensorSpec(reduced_shape(x.shape, axis, keepdims), x.dtype)


def _check_not_empty(x: Any, axis: Any, fix: str) -> None:
    for reduced in normalize_axes(axis, len(x.shape)):
        if x.shape[reduced] == 0:
            raise ShapeError(f"x has shape {show_shape(x.shape)}: no elements along axis {reduced}", fix=fix)


amax = max
amin = min


@primitive(dtypes=boolean)
def all(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether every element along `axis` is true; numbers are true unless 0.

    Shapes: as for `sum`; of nothing, it is True. Dtype: bool.
    Raises: `ShapeError` if there is no such axis.

    >>> all([[1, 0], [3, 4]], axis=1)
    array([False,  True])
    """
    return TensorSpec(reduced_shape(x.shape, axis, keepdims), "bool")


@primitive(dtypes=boolean)
def any(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether some element along `axis` is true; numbers are true unless 0.

    Shapes: as for `sum`; of nothing, it is False. Dtype: bool.
    Raises: `ShapeError` if there is no such axis.

    >>> any([[1, 0], [0, 0]], axis=1)
    array([ True, False])
    """
    return TensorSpec(reduced_shape(x.shape, axis, keepdims), "bool")


@primitive(dtypes=real)
def argmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index of the largest element along `axis`: the first of equal ones, and the first NaN if there is one.

    Shapes: without `axis`, which has size 1 with `keepdims`; by default the index is into `x` flattened. Dtype: int32.
    Raises: `ShapeError` if there is no element; `DTypeError` if `x` is complex.

    >>> argmax([[1, 5], [3, 4]], axis=0)
    array([1, 0], dtype=int32)
    """
    return _index_of_extreme(x, axis, keepdims)


@primitive(dtypes=real)
def argmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index of the smallest element along `axis`: the first of equal ones, and the first NaN if there is one.

    Shapes: without `axis`, which has size 1 with `keepdims`; by default the index is into `x` flattened. Dtype: int32.
    Raises: `ShapeError` if there is no element; `DTypeError` if `x` is complex.

    >>> argmin([[1, 5], [3, 4]], axis=0)
    array([0, 1], dtype=int32)
    """
    return _index_of_extreme(x, axis, keepdims)


def _index_of_extreme(x: Any, axis: Any, keepdims: bool) -> TensorSpec:
    if isinstance(axis, tuple | list):
        raise ArgumentError(f"axis={axis} is more than one axis", fix="pass one axis, or None for all of them")
    _check_not_empty(x, axis, "there must be an element to give the index of")
    return TensorSpec(reduced_shape(x.shape, axis, keepdims), "int32")


@op(dtypes=floating)
def mean(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Arithmetic mean of the elements along `axis`, an axis or several, or of all.

    Shapes: as for `sum`; the mean of nothing is NaN. Dtype: that of `x`; float16 and bfloat16 are added up in float32,
    integers and booleans become the default float.
    Raises: `ShapeError` if there is no such axis.

    >>> mean([[1, 2], [3, 5]], axis=1)
    array([1.5, 4. ], dtype=float32)
    """
    kind = standardize_dtype(x.dtype)
    wide = at_least_float32(kind)
    return cast(sum(cast(x, wide), axis=axis, keepdims=keepdims) / _count(x, axis, wide), kind)


def _count(x: Any, axis: Any, dtype: str) -> Any:
    """Give the number of elements that a reduction adds up, as a number or a tensor that divides one of `dtype`."""
    sizes = shape(x)
    count = size_of([sizes[reduced] for reduced in normalize_axes(axis, len(sizes))])
    return float(count) if isinstance(count, int) else cast(count, dtype)


@op(dtypes=real_floating)
def logsumexp(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Logarithm of the sum of exponentials of the elements along `axis`, without overflow.

    Shapes: as for `sum`; of nothing, or of -inf alone, it is -inf. Dtype: that of `x`; float16 and bfloat16 are
    computed in float32, integers and booleans become the default float.
    Raises: `ShapeError` if there is no such axis; `DTypeError` if `x` is complex.

    >>> logsumexp([1000.0, 1000.0]).round(3).item()
    1000.6929931640625
    """
    kind = standardize_dtype(x.dtype)
    wide = cast(x, at_least_float32(kind))
    top = stop_gradient(max(wide, axis=axis, keepdims=True, initial=-np.inf))
    top = where(isfinite(top), top, 0.0)
    total = sum(exp(wide - top), axis=axis, keepdims=keepdims)
    # A total of 0 is kept from the logarithm, whose gradient there is infinite.
    nothing = equal(total, 0.0)
    return cast(where(nothing, -np.inf, log(where(nothing, 1.0, total)) + reshape(top, shape(total))), kind)


@op(dtypes=boolean)
def count_nonzero(x: Tensor, axis: Axis = None) -> Tensor:
    """Count the elements along `axis` that are not 0; NaN is not 0.

    Shapes: as for `sum`. Dtype: int32.
    Raises: `ShapeError` if there is no such axis.

    >>> count_nonzero([[1, 0], [3, 4]], axis=1)
    array([1, 2], dtype=int32)
    """
    return sum(x, axis=axis)


@op(dtypes=accumulate)
def nansum(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum of the elements along `axis` that are not NaN.

    Shapes and dtype: as for `sum`.
    Raises: `ShapeError` if there is no such axis.

    >>> nansum([1.0, float("nan"), 2.0]).item()
    3.0
    """
    known = x if is_int_dtype(x.dtype) else where(isnan(x), 0.0, x)
    return sum(known, axis=axis, keepdims=keepdims)


@op(dtypes=floating)
def nanmean(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Arithmetic mean of the elements along `axis` that are not NaN; NaN if there are none.

    Shapes and dtype: as for `mean`.
    Raises: `ShapeError` if there is no such axis.

    >>> nanmean([1.0, float("nan"), 2.0]).item()
    1.5
    """
    kind = standardize_dtype(x.dtype)
    wide = at_least_float32(kind)
    missing = isnan(x)
    total = sum(where(missing, 0.0, cast(x, wide)), axis=axis, keepdims=keepdims)
    return cast(total / sum(cast(logical_not(missing), wide), axis=axis, keepdims=keepdims), kind)


@op(dtypes=real)
def nanmax(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest element along `axis` that is not NaN; NaN if all are.

    Shapes and dtype: as for `max`.
    Raises: `ShapeError` if there is no element; `DTypeError` if `x` is complex.

    >>> nanmax([1.0, float("nan"), 2.0]).item()
    2.0
    """
    return _known_extreme(max, -np.inf, x, axis, keepdims)


@op(dtypes=real)
def nanmin(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Smallest element along `axis` that is not NaN; NaN if all are.

    Shapes and dtype: as for `min`.
    Raises: `ShapeError` if there is no element; `DTypeError` if `x` is complex.

    >>> nanmin([1.0, float("nan"), 2.0]).item()
    1.0
    """
    return _known_extreme(min, np.inf, x, axis, keepdims)


def _known_extreme(extreme: Any, worst: float, x: Any, axis: Any, keepdims: bool) -> Any:

    if not is_float_dtype(x.dtype):
        return extreme(x, axis=axis, keepdims=keepdims)
    missing = isnan(x)
    found = extreme(where(missing, worst, x), axis=axis, keepdims=keepdims)
    return where(all(missing, axis=axis, keepdims=keepdims), np.nan, found)


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
    """Give one more than the largest number; None of specs, and of what the op will refuse."""
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
    0 or from `num_segments` on are left out. `sorted` says that the numbers never decrease.
    Dtype: that of `data`; of booleans, the logical or.
    Raises: `ShapeError` if there is not one number per row, or `num_segments` is left out in a function that is
    compiled for fixed sizes; `ArgumentError` if it is no number of segments.

    >>> segment_sum([1.0, 2.0, 4.0], [0, 0, 2])
    array([3., 0., 4.], dtype=float32)
    """
    kind = standardize_dtype(data.dtype)
    return cast(sum(_segments(data, segment_ids, num_segments, 0), axis=0), kind)


@_counted
@op(dtypes={"data": real, "segment_ids": index})
def segment_max(data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Largest of the rows of `data` that have the same number in `segment_ids`, element by element.

    Shapes: as for `segment_sum`; -inf, or the smallest integer, where a segment has no rows. Dtype: that of `data`.
    Raises: as `segment_sum` does; `DTypeError` if `data` is complex.

    >>> segment_max([1.0, 2.0, 4.0], [0, 0, 2], num_segments=3)
    array([  2., -inf,   4.], dtype=float32)
    """
    kind = standardize_dtype(data.dtype)
    least = -np.inf if is_float_dtype(kind) else limits(kind)[0]
    return max(_segments(data, segment_ids, num_segments, least), axis=0, initial=least)


@_counted
@op(dtypes={"data": real, "segment_ids": index})
def segment_min(data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Smallest of the rows of `data` that have the same number in `segment_ids`, element by element.

    Shapes: as for `segment_sum`; infinity, or the largest integer, where a segment has no rows. Dtype: that of `data`.
    Raises: as `segment_sum` does; `DTypeError` if `data` is complex.

    >>> segment_min([1.0, 2.0, 4.0], [0, 0, 2], num_segments=3)
    array([ 1., inf,  4.], dtype=float32)
    """
    kind = standardize_dtype(data.dtype)
    most = np.inf if is_float_dtype(kind) else limits(kind)[1]
    return min(_segments(data, segment_ids, num_segments, most), axis=0, initial=most)


@_counted
@op(dtypes={"segment_ids": index})
def segment_prod(data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Multiply the rows of `data` that have the same number in `segment_ids`, element by element.

    Shapes: as for `segment_sum`; 1 where a segment has no rows. Dtype: that of `data`; of booleans, the logical and.
    Raises: as `segment_sum` does.

    >>> segment_prod([1.0, 2.0, 4.0], [0, 0, 2], num_segments=3)
    array([2., 1., 4.], dtype=float32)
    """
    kind = standardize_dtype(data.dtype)
    return cast(prod(_segments(data, segment_ids, num_segments, 1), axis=0), kind)


def _segments(data: Any, segment_ids: Any, num_segments: Any, missing: float) -> Any:
    """Give `data` once for each segment, `(n, num_segments, ...)`, with `missing` where a row is not of the segment."""
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
    return where(belongs, expand_dims(data, 1), bool(missing) if is_bool_dtype(data.dtype) else missing)
