"""Reductions: sums, extremes, means, with and without NaN, and by segment."""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore_ops.dtypes import at_least_float32, is_float_dtype, is_int_dtype
from kcore_ops.dtypes.promotion import accumulate, boolean, floating, real
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Axis, DType, Number, Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.numpy.comparison import isnan, where
from kcore_ops.ops.numpy.logic import logical_not
from kcore_ops.specs.shapes import normalize_axes, reduced_shape, show_shape, size_of
from kcore_ops.specs.spec import TensorSpec

__all__ = ["all", "amax", "amin", "any", "argmax", "argmin", "count_nonzero", "max", "mean", "min", "nanmax",
           "nanmean", "nanmin", "nansum", "prod", "sum"]  # fmt: skip


@primitive(dtypes=accumulate)
def sum(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum of the elements of `x` along `axis`: one axis, several, or None for all.

    Shapes: without those axes, which stay with size 1 if `keepdims`; `axis=()` reduces nothing. The sum of nothing is
    0. Dtype: that of `x`; bool, int8 and int16 become int32, uint8 and uint16 become uint32; float16 and bfloat16 are
    added up in float32.
    Raises: `ShapeError` if there is no such axis.

    >>> sum([[1, 2], [3, 4]], axis=0)
    array([4, 6], dtype=int32)
    """
    return TensorSpec(reduced_shape(x.shape, axis, keepdims), x.dtype)


@primitive(dtypes=accumulate)
def prod(x: Tensor, axis: Axis = None, keepdims: bool = False, dtype: DType = None) -> Tensor:
    """Product of the elements of `x` along `axis`: one axis, several, or None for all.

    Shapes: without those axes, which stay with size 1 if `keepdims`; the product of nothing is 1. Dtype: `dtype`, in
    which it is computed; if None, as for `sum`.
    Raises: `ShapeError` if there is no such axis.

    >>> prod([[1, 2], [3, 4]], axis=1)
    array([ 2, 12], dtype=int32)
    """
    return TensorSpec(reduced_shape(x.shape, axis, keepdims), dtype or x.dtype)


@primitive(dtypes=real)
def max(x: Tensor, axis: Axis = None, keepdims: bool = False, initial: Number | None = None) -> Tensor:
    """Largest element of `x` along `axis`, one axis, several, or None for all; NaN if one is NaN.

    Shapes: without those axes, which stay with size 1 if `keepdims`. Dtype: that of `x`, which `initial`, a number to
    take into account as well, unless None, is cast to.
    Raises: `ShapeError` if there is no element and no `initial`; `DTypeError` if `x` is complex.

    >>> max([[1, 5], [3, 4]], axis=0), max([1, 2], initial=3).item()
    (array([3, 5], dtype=int32), 3)
    """
    return _extreme(x, axis, keepdims, initial)


@primitive(dtypes=real)
def min(x: Tensor, axis: Axis = None, keepdims: bool = False, initial: Number | None = None) -> Tensor:
    """Smallest element of `x` along `axis`, one axis, several, or None for all; NaN if one is NaN.

    Shapes: without those axes, which stay with size 1 if `keepdims`. Dtype: that of `x`, which `initial`, a number to
    take into account as well, unless None, is cast to.
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
    """Whether all elements of `x` along `axis`, one axis, several, or None for all, are true; numbers are unless 0.

    Shapes: without those axes, which stay with size 1 if `keepdims`; of nothing, it is True. Dtype: bool.
    Raises: `ShapeError` if there is no such axis.

    >>> all([[1, 0], [3, 4]], axis=1)
    array([False,  True])
    """
    return TensorSpec(reduced_shape(x.shape, axis, keepdims), "bool")


@all.define
def _all(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    return logical_not(any(logical_not(x), axis=axis, keepdims=keepdims))


@primitive(dtypes=boolean)
def any(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether some element of `x` along `axis`, one axis, several, or None for all, is true; numbers are unless 0.

    Shapes: without those axes, which stay with size 1 if `keepdims`; of nothing, it is False. Dtype: bool.
    Raises: `ShapeError` if there is no such axis.

    >>> any([[1, 0], [0, 0]], axis=1)
    array([ True, False])
    """
    return TensorSpec(reduced_shape(x.shape, axis, keepdims), "bool")


@any.define
def _any(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    return cast(max(cast(x, "int32"), axis=axis, keepdims=keepdims, initial=0), "bool")


@primitive(dtypes=real)
def argmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index of the largest element along `axis`: the first of equal ones, and the first NaN if there is one.

    Shapes: without `axis`, which stays with size 1 if `keepdims`; with `axis=None` the index is into `x` flattened.
    Dtype: int32.
    Raises: `ShapeError` if there is no element; `DTypeError` if `x` is complex.

    >>> argmax([[1, 5], [3, 4]], axis=0)
    array([1, 0], dtype=int32)
    """
    return _index_of_extreme(x, axis, keepdims)


@primitive(dtypes=real)
def argmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index of the smallest element along `axis`: the first of equal ones, and the first NaN if there is one.

    Shapes: without `axis`, which stays with size 1 if `keepdims`; with `axis=None` the index is into `x` flattened.
    Dtype: int32.
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
    """Arithmetic mean of the elements of `x` along `axis`: one axis, several, or None for all.

    Shapes: without those axes, which stay with size 1 if `keepdims`; the mean of nothing is NaN. Dtype: that of `x`;
    float16 and bfloat16 are added up in float32, integers and booleans become the default float.
    Raises: `ShapeError` if there is no such axis.

    >>> mean([[1, 2], [3, 5]], axis=1)
    array([1.5, 4. ], dtype=float32)
    """
    kind = dtype_of(x)
    wide = at_least_float32(kind)
    return cast(sum(cast(x, wide), axis=axis, keepdims=keepdims) / _count(x, axis, wide), kind)


def _count(x: Any, axis: Any, dtype: str) -> Any:
    """Return the number of elements that a reduction adds up, as a number or a tensor that divides one of `dtype`."""
    sizes = shape(x)
    count = size_of([sizes[reduced] for reduced in normalize_axes(axis, len(sizes))])
    return float(count) if isinstance(count, int) else cast(count, dtype)


@op(dtypes=boolean)
def count_nonzero(x: Tensor, axis: Axis = None) -> Tensor:
    """Count the elements of `x` along `axis`, one axis, several, or None for all, that are not 0; NaN is not 0.

    Shapes: without those axes. Dtype: int32.
    Raises: `ShapeError` if there is no such axis.

    >>> count_nonzero([[1, 0], [3, 4]], axis=1)
    array([1, 2], dtype=int32)
    """
    return sum(x, axis=axis)


@op(dtypes=accumulate)
def nansum(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum of the elements of `x` along `axis`, one axis, several, or None for all, that are not NaN.

    Shapes: without those axes, which stay with size 1 if `keepdims`. Dtype: as for `sum`.
    Raises: `ShapeError` if there is no such axis.

    >>> nansum([1.0, float("nan"), 2.0]).item()
    3.0
    """
    known = x if is_int_dtype(dtype_of(x)) else where(isnan(x), 0.0, x)
    return sum(known, axis=axis, keepdims=keepdims)


@op(dtypes=floating)
def nanmean(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Arithmetic mean of the elements of `x` along `axis` that are not NaN; NaN if there are none.

    Shapes: without the axes reduced, one, several, or for `axis=None` all, which stay with size 1 if `keepdims`.
    Dtype: as for `mean`.
    Raises: `ShapeError` if there is no such axis.

    >>> nanmean([1.0, float("nan"), 2.0]).item()
    1.5
    """
    kind = dtype_of(x)
    wide = at_least_float32(kind)
    missing = isnan(x)
    total = sum(where(missing, 0.0, cast(x, wide)), axis=axis, keepdims=keepdims)
    return cast(total / sum(cast(logical_not(missing), wide), axis=axis, keepdims=keepdims), kind)


@op(dtypes=real)
def nanmax(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest element of `x` along `axis`, one axis, several, or None for all, that is not NaN; NaN if all are.

    Shapes: without those axes, which stay with size 1 if `keepdims`. Dtype: that of `x`.
    Raises: `ShapeError` if there is no element; `DTypeError` if `x` is complex.

    >>> nanmax([1.0, float("nan"), 2.0]).item()
    2.0
    """
    return _known_extreme(max, -np.inf, x, axis, keepdims)


@op(dtypes=real)
def nanmin(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Smallest element of `x` along `axis`, one axis, several, or None for all, that is not NaN; NaN if all are.

    Shapes: without those axes, which stay with size 1 if `keepdims`. Dtype: that of `x`.
    Raises: `ShapeError` if there is no element; `DTypeError` if `x` is complex.

    >>> nanmin([1.0, float("nan"), 2.0]).item()
    1.0
    """
    return _known_extreme(min, np.inf, x, axis, keepdims)


def _known_extreme(extreme: Any, worst: float, x: Any, axis: Any, keepdims: bool) -> Any:

    if not is_float_dtype(dtype_of(x)):
        return extreme(x, axis=axis, keepdims=keepdims)
    missing = isnan(x)
    found = extreme(where(missing, worst, x), axis=axis, keepdims=keepdims)
    return where(all(missing, axis=axis, keepdims=keepdims), np.nan, found)
