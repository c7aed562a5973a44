"""Trigonometric and hyperbolic functions, element by element."""

from __future__ import annotations

import math

from kcore_ops.dtypes.promotion import floating, real_floating
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.numpy.arithmetic import imag, maximum, minimum, multiply, real
from kcore_ops.ops.numpy.comparison import equal, isinf, where
from kcore_ops.ops.numpy.exponentials import sqrt
from kcore_ops.ops.numpy.logic import logical_or
from kcore_ops.specs.shapes import elementwise

__all__ = ["angle", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cos", "cosh", "deg2rad",
           "hypot", "rad2deg", "sin", "sinc", "sinh", "tan", "tanh"]  # fmt: skip


@primitive(dtypes=floating)
def sin(x: Tensor) -> Tensor:
    """Sine of each element, an angle in radians.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> sin([0.0, 1.5708]).round(4)
    array([0., 1.], dtype=float32)
    """
    return x


@primitive(dtypes=floating)
def cos(x: Tensor) -> Tensor:
    """Cosine of each element, an angle in radians.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> cos([0.0, 3.1416]).round(4)
    array([ 1., -1.], dtype=float32)
    """
    return x


@primitive(dtypes=floating)
def tan(x: Tensor) -> Tensor:
    """Tangent of each element, an angle in radians.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> tan([0.0, 0.7854]).round(4)
    array([0., 1.], dtype=float32)
    """
    return x


@primitive(dtypes=floating)
def arcsin(x: Tensor) -> Tensor:
    """Angle in radians, between -pi/2 and pi/2, whose sine is `x`; NaN for floats beyond -1 and 1.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> arcsin([0.0, 1.0]).round(4)
    array([0.    , 1.5708], dtype=float32)
    """
    return x


@primitive(dtypes=floating)
def arccos(x: Tensor) -> Tensor:
    """Angle in radians, between 0 and pi, whose cosine is `x`; NaN for floats beyond -1 and 1.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> arccos([1.0, -1.0]).round(4)
    array([0.    , 3.1416], dtype=float32)
    """
    return x


@primitive(dtypes=floating)
def arctan(x: Tensor) -> Tensor:
    """Angle in radians, between -pi/2 and pi/2, whose tangent is `x`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> arctan([0.0, 1.0]).round(4)
    array([0.    , 0.7854], dtype=float32)
    """
    return x


@primitive(dtypes=floating)
def sinh(x: Tensor) -> Tensor:
    """Hyperbolic sine of each element.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> sinh([0.0, 1.0]).round(4)
    array([0.    , 1.1752], dtype=float32)
    """
    return x


@primitive(dtypes=floating)
def cosh(x: Tensor) -> Tensor:
    """Hyperbolic cosine of each element.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> cosh([0.0, 1.0]).round(4)
    array([1.    , 1.5431], dtype=float32)
    """
    return x


@primitive(dtypes=floating)
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent of each element.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> tanh([0.0, 1.0]).round(4)
    array([0.    , 0.7616], dtype=float32)
    """
    return x


@primitive(dtypes=floating)
def arcsinh(x: Tensor) -> Tensor:
    """Number whose hyperbolic sine is `x`.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> arcsinh([0.0, 1.0]).round(4)
    array([0.    , 0.8814], dtype=float32)
    """
    return x


@primitive(dtypes=floating)
def arccosh(x: Tensor) -> Tensor:
    """Number, not negative, whose hyperbolic cosine is `x`; NaN for floats below 1.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> arccosh([1.0, 2.0]).round(4)
    array([0.   , 1.317], dtype=float32)
    """
    return x


@primitive(dtypes=floating)
def arctanh(x: Tensor) -> Tensor:
    """Number whose hyperbolic tangent is `x`; infinite at 1 and -1, NaN for floats beyond.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> arctanh([0.0, 0.5]).round(4)
    array([0.    , 0.5493], dtype=float32)
    """
    return x


@primitive(dtypes=real_floating)
def arctan2(x1: Tensor, x2: Tensor) -> Tensor:
    """Angle in radians, between -pi and pi, from the positive horizontal axis to the point (`x2`, `x1`).

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; integers and booleans become the default float.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> arctan2([1.0, -1.0], -1.0).round(4)
    array([ 2.3562, -2.3562], dtype=float32)
    """
    return elementwise(x1, x2)


@op(dtypes=real_floating)
def hypot(x1: Tensor, x2: Tensor) -> Tensor:
    """Length of the hypotenuse of a right triangle with these legs, without overflow on the way.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; integers and booleans become the default float.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> hypot([3.0, 5.0], [4.0, 12.0])
    array([ 5., 13.], dtype=float32)
    """
    is_infinite = logical_or(isinf(x1), isinf(x2))
    long, short = where(is_infinite, math.inf, maximum(abs(x1), abs(x2))), minimum(abs(x1), abs(x2))
    is_long = logical_or(is_infinite, equal(long, 0))
    scale = where(is_long, 1, long)
    ratio = where(is_long, 0, short) / scale
    return where(is_long, long, scale * sqrt(1 + ratio * ratio))


@op(dtypes=floating)
def angle(x: Tensor) -> Tensor:
    """Angle in radians, between -pi and pi, of each number in the complex plane.

    Shapes: the result is shaped like `x`. Dtype: that of the real part; integers and booleans become the default float.

    >>> angle([1.0, 1j, -1.0]).round(4)
    array([0.    , 1.5708, 3.1416], dtype=float32)
    """
    return arctan2(imag(x), real(x))


@op(dtypes=real_floating)
def deg2rad(x: Tensor) -> Tensor:
    """Convert degrees to radians.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> deg2rad([0.0, 180.0]).round(4)
    array([0.    , 3.1416], dtype=float32)
    """
    return multiply(x, math.pi / 180)


@op(dtypes=real_floating)
def rad2deg(x: Tensor) -> Tensor:
    """Convert radians to degrees.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> rad2deg([0.0, 3.1416]).round(1)
    array([  0., 180.], dtype=float32)
    """
    return multiply(x, 180 / math.pi)


@op(dtypes=floating)
def sinc(x: Tensor) -> Tensor:
    """Normalized cardinal sine, `sin(pi * x) / (pi * x)`, which is 1 at 0.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> sinc([0.0, 0.5]).round(4)
    array([1.    , 0.6366], dtype=float32)
    """
    is_zero = equal(x, 0)
    y = multiply(where(is_zero, 1, x), math.pi)
    return where(is_zero, 1, sin(y) / y)
