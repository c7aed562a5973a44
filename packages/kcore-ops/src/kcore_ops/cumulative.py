"""Running sums and products, and differences."""

from __future__ import annotations

from typing import Any

from kcore_ops.arithmetic import subtract
from kcore_ops.comparison import not_equal
from kcore_ops.dtypes import is_bool_dtype
from kcore_ops.errors import ArgumentError
from kcore_ops.indexing import get_item
from kcore_ops.operation import DType, Tensor, op, primitive
from kcore_ops.promotion import numeric, promote
from kcore_ops.shapes import normalize_axis, size_of
from kcore_ops.spec import TensorSpec

__all__ = ["cumprod", "cumsum", "diff"]


@primitive(dtypes=numeric)
def cumsum(x: Tensor, axis: int | None = None, dtype: DType = None) -> Tensor:
    """Running sum along `axis`: each element with all those before it.

    Shapes: like `x`; by default `x` is flattened. Dtype: `dtype`, in which it is computed; by default that of `x`,
    where booleans become int32 and float16 and bfloat16 are added up in float32.
    Raises: `ShapeError` if there is no such axis.

    >>> cumsum([[1, 2], [3, 4]], axis=0)
    array([[1, 2],
           [4, 6]], dtype=int32)
    """
    return _running(x, axis, dtype)


@primitive(dtypes=numeric)
def cumprod(x: Tensor, axis: int | None = None, dtype: DType = None) -> Tensor:
    """Running product along `axis`: each element times all those before it.

    Shapes: like `x`; by default `x` is flattened. Dtype: as for `cumsum`.
    Raises: `ShapeError` if there is no such axis.

    >>> cumprod([[1, 2], [3, 4]])
    array([ 1,  2,  6, 24], dtype=int32)
    """
    return _running(x, axis, dtype)


def _running(x: Any, axis: int | None, dtype: str | None) -> TensorSpec:
    if axis is None:
        return TensorSpec((size_of(x.shape),), dtype or x.dtype)
    normalize_axis(axis, len(x.shape))
    return TensorSpec(x.shape, dtype or x.dtype)


@op(dtypes=promote)
def diff(a: Tensor, n: int = 1, axis: int = -1) -> Tensor:
    """Differences of neighbours along `axis`, taken `n` times.

    Shapes: like `a`, with `n` elements fewer along `axis`, or none. Dtype: that of `a`; of booleans, whether they
    differ.
    Raises: `ShapeError` if there is no such axis; `ArgumentError` if `n` is negative.

    >>> diff([1, 2, 4, 7]), diff([1, 2, 4, 7], n=2)
    (array([1, 2, 3], dtype=int32), array([1, 1], dtype=int32))
    """
    if n < 0:
        raise ArgumentError(f"n={n} is negative", fix="pass how many times to take differences, 0 or more")
    before = (slice(None),) * normalize_axis(axis, len(a.shape))
    minus = not_equal if is_bool_dtype(a.dtype) else subtract
    for _ in range(n):
        a = minus(get_item(a, (*before, slice(1, None))), get_item(a, (*before, slice(None, -1))))
    return a
