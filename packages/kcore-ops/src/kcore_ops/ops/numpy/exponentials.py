"""Powers, exponentials, logarithms and error functions, element by element."""

from __future__ import annotations

import math

from kcore_ops.dtypes.promotion import floating, integer, real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.numpy.arithmetic import absolute, floor_divide, multiply, power, subtract
from kcore_ops.ops.numpy.comparison import isinf, less, where

__all__ = ["cbrt", "exp", "exp2", "expm1", "i0", "ldexp", "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2",
           "sqrt"]  # fmt: skip


@primitive(dtypes=floating)
def exp(x: Tensor) -> Tensor:
    """Exponential of each element.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> exp([0.0, 1.0]).round(4)
    array([1.    , 2.7183], dtype=float32)
    """
    return x


@op(dtypes=floating)
def exp2(x: Tensor) -> Tensor:
    """Two to the power of each element.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> exp2([0.0, 3.0])
    array([1., 8.], dtype=float32)
    """
    return power(2.0, x)


@primitive(dtypes=floating)
def expm1(x: Tensor) -> Tensor:
    """Exponential of each element, less 1, accurate for small ones.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> expm1(0.0).item()
    0.0
    """
    return x


@primitive(dtypes=floating)
def log(x: Tensor) -> Tensor:
    """Natural logarithm of each element; of 0 minus infinity, of negative numbers NaN.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> log([1.0, 2.0]).round(4)
    array([0.    , 0.6931], dtype=float32)
    """
    return x


@op(dtypes=floating)
def log2(x: Tensor) -> Tensor:
    """Logarithm to the base 2 of each element.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> log2([1.0, 8.0]).round(4)
    array([0., 3.], dtype=float32)
    """
    return multiply(log(x), 1 / math.log(2))


@op(dtypes=floating)
def log10(x: Tensor) -> Tensor:
    """Logarithm to the base 10 of each element.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> log10([1.0, 1000.0]).round(4)
    array([0., 3.], dtype=float32)
    """
    return multiply(log(x), 1 / math.log(10))


@primitive(dtypes=floating)
def log1p(x: Tensor) -> Tensor:
    """Natural logarithm of 1 plus each element, accurate for small ones.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> log1p(0.0).item()
    0.0
    """
    return x


@op(dtypes=real_floating)
def logaddexp(x1: Tensor, x2: Tensor) -> Tensor:
    """Logarithm of the sum of the exponentials of two tensors, without overflow.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; integers and booleans become the default float.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> logaddexp(100.0, [100.0, 0.0]).round(2)
    array([100.69, 100.  ], dtype=float32)
    """
    is_less = less(x1, x2)
    high, low = where(is_less, x2, x1), where(is_less, x1, x2)
    return high + log1p(exp(low - where(isinf(high), 0, high)))


@op(dtypes=real_floating)
def logaddexp2(x1: Tensor, x2: Tensor) -> Tensor:
    """Logarithm to the base 2 of the sum of two to the powers of two tensors, without overflow.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; integers and booleans become the default float.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> logaddexp2(1000.0, [1000.0, 0.0])
    array([1001., 1000.], dtype=float32)
    """
    is_less = less(x1, x2)
    high, low = where(is_less, x2, x1), where(is_less, x1, x2)
    return high + multiply(log1p(exp2(low - where(isinf(high), 0, high))), 1 / math.log(2))


@primitive(dtypes=floating)
def sqrt(x: Tensor) -> Tensor:
    """Square root of each element; of negative floats NaN.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> sqrt([4, 9])
    array([2., 3.], dtype=float32)
    """
    return x


@op(dtypes=real_floating)
def cbrt(x: Tensor) -> Tensor:
    """Cube root of each element, negative ones included.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> cbrt([-8.0, 27.0]).round(4)
    array([-2.,  3.], dtype=float32)
    """
    root = power(absolute(x), 1 / 3)
    return where(less(x, 0), -root, root)


@op(dtypes={"x1": real_floating, "x2": integer})
def ldexp(x1: Tensor, x2: Tensor) -> Tensor:
    """`x1` times two to the power `x2`.

    Shapes: `x1` and `x2` broadcast. Dtype: that of `x1`; integers and booleans become the default float.
    Raises: `DTypeError` if `x2` are not integers or `x1` is complex; `ShapeError` if the shapes do not broadcast.

    >>> ldexp([1.0, 3.0], [2, -1])
    array([4. , 1.5], dtype=float32)
    """
    # In two steps: the power alone may be too large for the dtype, or too small.
    half = floor_divide(x2, 2)
    return x1 * exp2(cast(half, dtype_of(x1))) * exp2(cast(subtract(x2, half), dtype_of(x1)))


@primitive(dtypes=real_floating)
def i0(x: Tensor) -> Tensor:
    """Modified Bessel function of the first kind, of order 0.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> i0([0.0, 1.0]).round(4)
    array([1.    , 1.2661], dtype=float32)
    """
    return x
