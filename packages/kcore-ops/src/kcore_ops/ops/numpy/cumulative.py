"""Running sums and products, differences, and integrals."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes import at_least_float32, is_bool_dtype
from kcore_ops.dtypes.promotion import floating, numeric, promote
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import DType, Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.numpy.arithmetic import add, subtract
from kcore_ops.ops.numpy.comparison import not_equal
from kcore_ops.ops.numpy.indexing import along, get_item
from kcore_ops.ops.numpy.manipulation import reshape
from kcore_ops.specs.shapes import normalize_axis, show_shape, size_of
from kcore_ops.specs.spec import TensorSpec

__all__ = ["cumprod", "cumsum", "diff", "trapezoid"]


@primitive(dtypes=numeric)
def cumsum(x: Tensor, axis: int | None = None, dtype: DType = None) -> Tensor:
    """Running sum along `axis`: each element with all those before it.

    Shapes: like `x`; with `axis=None` `x` is flattened. Dtype: `dtype`, in which it is computed; if None that of `x`,
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

    Shapes: like `x`; with `axis=None` `x` is flattened. Dtype: `dtype`, in which it is computed; if None, as for
    `cumsum`.
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
    minus = not_equal if is_bool_dtype(dtype_of(a)) else subtract
    for _ in range(n):
        a = minus(get_item(a, (*before, slice(1, None))), get_item(a, (*before, slice(None, -1))))
    return a


@op(dtypes=floating)
def trapezoid(y: Tensor, x: Tensor | None = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """Integrate along `axis` by the trapezoidal rule: each step counts as long as it is, times the mean of its ends.

    Shapes: `x`, where the elements of `y` lie, has one axis or as many as `y`, and broadcasts with it; without it
    neighbours are `dx` apart. The result lacks `axis`. Dtype: the common one of `y` and `x`; float16 and bfloat16 are
    added up in float32, integers and booleans become the default float.
    Raises: `ShapeError` if there is no such axis, or the shapes do not fit.

    >>> trapezoid([1, 2, 4]).item(), trapezoid([1, 2, 4], x=[0, 1, 3]).item()
    (4.5, 7.5)
    """
    from kcore_ops.ops.numpy.reductions import sum

    kind = dtype_of(y)
    wide = at_least_float32(kind)
    place = normalize_axis(axis, len(y.shape))
    y = cast(y, wide)
    heights = add(get_item(y, along(place, 1)), get_item(y, along(place, None, -1)))
    if x is None:
        return cast(sum(heights, axis=place) * (dx / 2.0), kind)
    if len(x.shape) == 1:
        x = reshape(x, [-1 if i == place else 1 for i in range(len(y.shape))])
    elif len(x.shape) != len(y.shape):
        raise ShapeError(
            f"x has shape {show_shape(x.shape)} and y {show_shape(y.shape)}",
            fix="pass x with one axis, or as many as y",
        )
    return cast(sum(diff(cast(x, wide), axis=place) * heights / 2.0, axis=place), kind)
