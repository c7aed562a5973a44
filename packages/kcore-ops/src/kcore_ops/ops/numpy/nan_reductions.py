"""Products, spreads, places of extremes and running sums that pass over NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore_ops.dtypes import (
    at_least_float32,
    is_float_dtype,
    is_int_dtype,
    real_dtype,
)
from kcore_ops.dtypes.promotion import accumulate, floating, numeric, real
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Axis, DType, Tensor
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.numpy.arithmetic import divide, squared_modulus
from kcore_ops.ops.numpy.comparison import isnan, where
from kcore_ops.ops.numpy.cumulative import cumprod, cumsum
from kcore_ops.ops.numpy.exponentials import sqrt
from kcore_ops.ops.numpy.indexing import take_along_axis
from kcore_ops.ops.numpy.logic import logical_not
from kcore_ops.ops.numpy.manipulation import expand_dims, reshape
from kcore_ops.ops.numpy.reductions import any, argmax, argmin, prod, sum

__all__ = ["nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanprod", "nanstd", "nanvar"]


def _without_nan(x: Any, filling: float) -> Any:
    """Put a number in place of NaN."""
    return x if is_int_dtype(dtype_of(x)) else where(isnan(x), filling, x)


@op(dtypes=accumulate)
def nanprod(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Product of the elements of `x` along `axis`, one axis, several, or None for all, that are not NaN.

    Shapes: without those axes, which stay with size 1 if `keepdims`. Dtype: as for `sum`.
    Raises: `ShapeError` if there is no such axis.

    >>> nanprod([2.0, float("nan"), 3.0]).item()
    6.0
    """
    return prod(_without_nan(x, 1.0), axis=axis, keepdims=keepdims)


@op(dtypes=floating)
def nanvar(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Variance of the elements of `x` along `axis` that are not NaN; NaN if there are none.

    Shapes: without the axes reduced, one, several, or for `axis=None` all, which stay with size 1 if `keepdims`.
    Dtype: as for `var`.
    Raises: `ShapeError` if there is no such axis.

    >>> nanvar([1.0, float("nan"), 3.0]).item()
    1.0
    """
    kind = dtype_of(x)
    wide = at_least_float32(kind)
    missing = isnan(x)
    known = where(missing, 0.0, cast(x, wide))
    count = sum(cast(logical_not(missing), real_dtype(wide)), axis=axis, keepdims=True)
    distance = where(missing, 0.0, known - divide(sum(known, axis=axis, keepdims=True), cast(count, wide)))
    squares = sum(squared_modulus(distance), axis=axis, keepdims=keepdims)
    return cast(divide(squares, sum(count, axis=axis, keepdims=keepdims)), real_dtype(kind))


@op(dtypes=floating)
def nanstd(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Standard deviation of the elements of `x` along `axis` that are not NaN; NaN if there are none.

    Shapes: without the axes reduced, one, several, or for `axis=None` all, which stay with size 1 if `keepdims`.
    Dtype: as for `var`.
    Raises: `ShapeError` if there is no such axis.

    >>> nanstd([1.0, float("nan"), 3.0]).item()
    1.0
    """
    kind = dtype_of(x)
    return cast(sqrt(nanvar(cast(x, at_least_float32(kind)), axis=axis, keepdims=keepdims)), real_dtype(kind))


@op(dtypes=real)
def nanargmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index of the largest element along `axis` that is not NaN, the first of equal ones; -1 if all are NaN.

    Shapes: without `axis`, which stays with size 1 if `keepdims`; with `axis=None` the index is into `x` flattened.
    Dtype: int32.
    Raises: `ShapeError` if there is no element; `DTypeError` if `x` is complex.

    >>> nanargmax([1.0, float("nan"), 2.0]).item()
    2
    """
    if not is_float_dtype(dtype_of(x)):
        return argmax(x, axis=axis, keepdims=keepdims)
    return _index_of(argmax, -np.inf, x, axis, keepdims)


@op(dtypes=real)
def nanargmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index of the smallest element along `axis` that is not NaN, the first of equal ones; -1 if all are NaN.

    Shapes: without `axis`, which stays with size 1 if `keepdims`; with `axis=None` the index is into `x` flattened.
    Dtype: int32.
    Raises: `ShapeError` if there is no element; `DTypeError` if `x` is complex.

    >>> nanargmin([1.0, float("nan"), 2.0]).item()
    0
    """
    if not is_float_dtype(dtype_of(x)):
        return argmin(x, axis=axis, keepdims=keepdims)
    return _index_of(argmin, np.inf, x, axis, keepdims)


def _index_of(index: Any, worst: float, x: Any, axis: int | None, keepdims: bool) -> Any:
    missing = isnan(x)
    is_known = logical_not(missing)
    best = index(where(missing, worst, x), axis=axis, keepdims=keepdims)
    # Where that is one of the missing, all that is known is as bad as what stands for them.
    first = argmax(is_known, axis=axis, keepdims=keepdims)
    along = reshape(best, (-1,)) if axis is None else best if keepdims else expand_dims(best, axis)
    is_missing = reshape(take_along_axis(missing, along, axis=axis), shape(best))
    return where(any(is_known, axis=axis, keepdims=keepdims), where(is_missing, first, best), -1)


@op(dtypes=numeric)
def nancumsum(x: Tensor, axis: int | None = None, dtype: DType = None) -> Tensor:
    """Running sum of the elements of `x` along `axis` in which NaN counts as 0.

    Shapes: like `x`; with `axis=None` `x` is flattened. Dtype: `dtype`, in which it is computed; if None, as for
    `cumsum`.
    Raises: `ShapeError` if there is no such axis.

    >>> nancumsum([1.0, float("nan"), 2.0])
    array([1., 1., 3.], dtype=float32)
    """
    return cumsum(_without_nan(x, 0.0), axis=axis, dtype=dtype)


@op(dtypes=numeric)
def nancumprod(x: Tensor, axis: int | None = None, dtype: DType = None) -> Tensor:
    """Running product of the elements of `x` along `axis` in which NaN counts as 1.

    Shapes: like `x`; with `axis=None` `x` is flattened. Dtype: `dtype`, in which it is computed; if None, as for
    `cumsum`.
    Raises: `ShapeError` if there is no such axis.

    >>> nancumprod([2.0, float("nan"), 3.0])
    array([2., 2., 6.], dtype=float32)
    """
    return cumprod(_without_nan(x, 1.0), axis=axis, dtype=dtype)
