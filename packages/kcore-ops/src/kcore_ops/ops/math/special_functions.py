"""Error functions and the reciprocal square root, element by element."""

from __future__ import annotations

from kcore_ops.dtypes.promotion import floating, real_floating
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.numpy.arithmetic import reciprocal
from kcore_ops.ops.numpy.exponentials import sqrt

__all__ = ["erf", "erfc", "erfinv", "rsqrt"]


@op(dtypes=floating)
def rsqrt(x: Tensor) -> Tensor:
    """One divided by the square root of each element.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> rsqrt([1.0, 4.0])
    array([1. , 0.5], dtype=float32)
    """
    return reciprocal(sqrt(x))


@primitive(dtypes=real_floating)
def erf(x: Tensor) -> Tensor:
    """Error function, the integral of `2 / sqrt(pi) * exp(-t**2)` over t from 0 to `x`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> erf([0.0, 1.0]).round(4)
    array([0.    , 0.8427], dtype=float32)
    """
    return x


@op(dtypes=real_floating)
def erfc(x: Tensor) -> Tensor:
    """One less the error function.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> erfc([0.0, 1.0]).round(4)
    array([1.    , 0.1573], dtype=float32)
    """
    return 1 - erf(x)


@primitive(dtypes=real_floating)
def erfinv(x: Tensor) -> Tensor:
    """Inverse of the error function: infinite at 1 and -1, NaN beyond.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> erfinv([0.0, 0.8427]).round(3)
    array([0., 1.], dtype=float32)
    """
    return x
