"""Rounding, signs and clipping, element by element."""

from __future__ import annotations

import builtins

from kcore_ops.dtypes import is_complex_dtype, is_float_dtype, limits, promotion
from kcore_ops.dtypes.promotion import exact, real_floating, real_numeric
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.numpy.arithmetic import (
    add,
    complex_of,
    divide,
    floor_divide,
    imag,
    maximum,
    minimum,
    mod,
    multiply,
    real,
    subtract,
)
from kcore_ops.ops.numpy.comparison import equal, greater, isnan, isneginf, isposinf, less, not_equal, where
from kcore_ops.ops.numpy.logic import logical_and, logical_or
from kcore_ops.specs.shapes import elementwise

__all__ = ["ceil", "clip", "floor", "heaviside", "nan_to_num", "nextafter", "round", "sign", "signbit", "trunc"]


@primitive(dtypes=real_floating)
def floor(x: Tensor) -> Tensor:
    """Largest whole number not above each element, as a float.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> floor([-1.5, 1.5])
    array([-2.,  1.], dtype=float32)
    """
    return x


@primitive(dtypes=real_floating)
def ceil(x: Tensor) -> Tensor:
    """Smallest whole number not below each element, as a float.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> ceil([-1.5, 1.5])
    array([-1.,  2.], dtype=float32)
    """
    return x


@op(dtypes=promotion.real)
def trunc(x: Tensor) -> Tensor:
    """Each element without its fraction.

    Shapes: the result is shaped like `x`. Dtype: that of `x`.
    Raises: `DTypeError` if `x` is complex.

    >>> trunc([-1.5, 1.5])
    array([-1.,  1.], dtype=float32)
    """
    return where(less(x, 0), ceil(x), floor(x)) if is_float_dtype(dtype_of(x)) else x


@primitive(dtypes=real_floating)
def rint(x: Tensor) -> Tensor:
    """Return the nearest whole number to each element, the even one of two that are equally near, as a float.

    Infinities, NaN and the sign of zero stay: of -0.3 it is -0.0. The derivative is zero.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> rint([0.5, 1.5])
    array([0., 2.], dtype=float32)
    """
    return x


@op(dtypes=real_numeric)
def round(x: Tensor, decimals: int = 0) -> Tensor:
    """Round `x` to `decimals` decimals, halves to the even neighbour; a negative number rounds to tens, hundreds, ...

    Shapes: the result is shaped like `x`. Dtype: that of `x`; booleans become int32.
    Raises: `DTypeError` if `x` is complex.

    >>> round([1.25, 2.5]), round([15, 25], decimals=-1)
    (array([1., 2.], dtype=float32), array([20, 20], dtype=int32))
    """
    if not is_float_dtype(dtype_of(x)):
        return x if decimals >= 0 else _round_integers(x, 10**-decimals)
    if decimals == 0:
        return rint(x)
    unit = 10.0 ** builtins.abs(decimals)
    if decimals > 0:
        return divide(rint(multiply(x, unit)), unit)
    return multiply(rint(divide(x, unit)), unit)


def _round_integers(x: Tensor, unit: int) -> Tensor:
    """Round to multiples of `unit`, halves to the even one."""
    if unit > limits(dtype_of(x))[1]:
        return subtract(x, x)
    below, rest = floor_divide(x, unit), mod(x, unit)
    other = subtract(unit, rest)  # twice the rest may be too large for the dtype
    is_up = logical_or(greater(rest, other), logical_and(equal(rest, other), not_equal(mod(below, 2), 0)))
    return multiply(add(below, cast(is_up, dtype_of(x))), unit)


@op(dtypes=real_numeric)
def clip(x: Tensor, x_min: Tensor | None, x_max: Tensor | None) -> Tensor:
    """Raise what is below `x_min` to it, and lower what is above `x_max` to it; None sets no bound.

    Shapes: `x` and the bounds broadcast. Dtype: their common one; booleans become int32.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> clip([-1.0, 0.5, 3.0], 0, 2)
    array([0. , 0.5, 2. ], dtype=float32)
    """
    if x_min is not None:
        x = maximum(x, x_min)
    return x if x_max is None else minimum(x, x_max)


@primitive(dtypes=exact)
def sign(x: Tensor) -> Tensor:
    """1 for positive numbers, -1 for negative ones, 0 for 0, NaN for NaN; of a complex number its direction, `x / |x|`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`.
    Raises: `DTypeError` if it is bool.

    >>> sign([-2.5, 0.0, 3.0])
    array([-1.,  0.,  1.], dtype=float32)
    """
    return x


@op(dtypes=promotion.real)
def signbit(x: Tensor) -> Tensor:
    """Return where the sign is negative, that of minus zero included; of NaN it is not specified.

    Shapes: the result is shaped like `x`. Dtype: bool.
    Raises: `DTypeError` if `x` is complex.

    >>> signbit([-2.5, -0.0, 0.0])
    array([ True,  True, False])
    """
    if is_float_dtype(dtype_of(x)):
        return less(where(equal(x, 0), divide(1, x), x), 0)
    return not_equal(x, x) if dtype_of(x) == "bool" else less(x, 0)


@op(dtypes=real_floating)
def heaviside(x1: Tensor, x2: Tensor) -> Tensor:
    """Step function: 0 for negative `x1`, 1 for positive, `x2` for 0.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; integers and booleans become the default float.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> heaviside([-2.0, 0.0, 3.0], 0.5)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    step = where(isnan(x1), x1, cast(greater(x1, 0), dtype_of(x1)))
    return where(equal(x1, 0), x2, step)


@primitive(dtypes=real_floating)
def nextafter(x1: Tensor, x2: Tensor) -> Tensor:
    """Next number after `x1` in its dtype, in the direction of `x2`.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; integers and booleans become the default float.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> nextafter(1.0, [0.0, 2.0]) - 1
    array([-5.9604645e-08,  1.1920929e-07], dtype=float32)
    """
    return elementwise(x1, x2)


@op
def nan_to_num(x: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """Replace NaN by `nan` and infinities by `posinf` and `neginf`, by default the dtype's largest and smallest number.

    Shapes: the result is shaped like `x`. Dtype: that of `x`. Of complex numbers, each part is treated so.

    >>> nan_to_num([1.0, float("nan"), float("inf")], posinf=9.0)
    array([1., 0., 9.], dtype=float32)
    """
    if is_complex_dtype(dtype_of(x)):
        return complex_of(nan_to_num(real(x), nan, posinf, neginf), nan_to_num(imag(x), nan, posinf, neginf))
    if not is_float_dtype(dtype_of(x)):
        return x
    least, most = limits(dtype_of(x))
    number = where(isnan(x), nan, x)
    number = where(isposinf(x), most if posinf is None else posinf, number)
    return where(isneginf(x), least if neginf is None else neginf, number)
