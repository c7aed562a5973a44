"""Casts that keep within the limits of a dtype."""

from __future__ import annotations

from kcore_ops.dtypes import is_complex_dtype, is_float_dtype, is_int_dtype, limits, promotion
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import FloatDType, Tensor
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.numpy.arithmetic import maximum
from kcore_ops.ops.numpy.comparison import greater_equal, isnan, less_equal, where
from kcore_ops.ops.numpy.logic import logical_not, logical_or
from kcore_ops.ops.numpy.rounding import clip

__all__ = ["saturate_cast"]


@op(dtypes=promotion.real)
def saturate_cast(x: Tensor, dtype: FloatDType) -> Tensor:
    """Convert to another dtype; numbers beyond its limits become its largest or smallest one, and NaN 0 in integers.

    The limits of bool are 0 and 1: negative numbers become False.

    Shapes: the result is shaped like `x`. Dtype: `dtype`; the default float if None.
    Raises: `DTypeError` if `x` is complex, or there is no such dtype.

    >>> saturate_cast([-1.0, 100.7, 300.0], "uint8")
    array([  0, 100, 255], dtype=uint8)
    """
    source = dtype_of(x)
    if source == "bool" or is_complex_dtype(dtype):
        return cast(x, dtype)
    if dtype == "bool":
        return cast(maximum(x, 0), dtype)
    (low, high), (least, most) = limits(dtype), limits(source)
    if is_float_dtype(source) and is_int_dtype(dtype):
        # The bounds may not be numbers of the source dtype: what is beyond them is not cast at all.
        is_high, is_low = greater_equal(x, float(high)), less_equal(x, float(low))
        is_inside = logical_not(logical_or(logical_or(is_high, is_low), isnan(x)))
        inside = cast(where(is_inside, x, 0), dtype)
        return where(is_high, high, where(is_low, low, inside))
    return cast(clip(x, max(low, least), min(high, most)), dtype)
