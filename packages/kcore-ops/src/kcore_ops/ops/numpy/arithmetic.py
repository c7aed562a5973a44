"""Arithmetic, element by element."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes import is_complex_dtype, is_int_dtype, promotion, real_dtype
from kcore_ops.dtypes.promotion import exact, floating, integer, numeric, promote, real_floating, real_numeric
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.core.conversion import dtype as dtype_of
from kcore_ops.ops.numpy.comparison import equal, isnan, less, not_equal, where
from kcore_ops.ops.numpy.logic import logical_and, logical_xor
from kcore_ops.specs.shapes import elementwise
from kcore_ops.specs.spec import TensorSpec

__all__ = ["abs", "absolute", "add", "conj", "conjugate", "divide", "divide_no_nan", "fabs", "floor_divide", "fmax",
           "fmin", "fmod", "gcd", "imag", "isreal", "lcm", "maximum", "minimum", "mod", "multiply", "negative",
           "power", "real", "reciprocal", "square", "subtract", "true_divide"]  # fmt: skip


@primitive(dtypes=promote)
def add(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of two tensors.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; of booleans, the logical or.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> add([1, 2], [[3], [4]])
    array([[4, 5],
           [5, 6]], dtype=int32)
    """
    return elementwise(x1, x2)


@primitive(dtypes=exact)
def subtract(x1: Tensor, x2: Tensor) -> Tensor:
    """Difference of two tensors.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one.
    Raises: `DTypeError` if both are bool; `ShapeError` if the shapes do not broadcast.

    >>> subtract([1.0, 2.0], 3)
    array([-2., -1.], dtype=float32)
    """
    return elementwise(x1, x2)


@primitive(dtypes=promote)
def multiply(x1: Tensor, x2: Tensor) -> Tensor:
    """Product of two tensors, element by element.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; of booleans, the logical and.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> multiply([1, 2], [3, 4])
    array([3, 8], dtype=int32)
    """
    return elementwise(x1, x2)


@primitive(dtypes=floating)
def divide(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient of two tensors; division by 0 gives an infinity or NaN.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; integers and booleans become the default float.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> divide([1, 2], 2)
    array([0.5, 1. ], dtype=float32)
    """
    return elementwise(x1, x2)


true_divide = divide


@primitive(dtypes=real_numeric)
def floor_divide(x1: Tensor, x2: Tensor) -> Tensor:
    """Largest whole number not above the quotient, as Python's `//`; an integer divided by 0 gives 0.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; booleans become int32.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> floor_divide([7, -7, 7], [2, 2, -2])
    array([ 3, -4, -4], dtype=int32)
    """
    return elementwise(x1, x2)


@primitive(dtypes=real_numeric)
def mod(x1: Tensor, x2: Tensor) -> Tensor:
    """Remainder of `floor_divide`, with the sign of `x2`, as Python's `%`; that of an integer divided by 0 is 0.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; booleans become int32.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> mod([7, -7, 7], [2, 2, -2])
    array([ 1,  1, -1], dtype=int32)
    """
    return elementwise(x1, x2)


@op(dtypes=real_numeric)
def fmod(x1: Tensor, x2: Tensor) -> Tensor:
    """Remainder of a division that rounds toward 0: it has the sign of `x1`; of an integer divided by 0 it is 0.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; booleans become int32.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> fmod([7, -7, 7], [2, 2, -2])
    array([ 1, -1,  1], dtype=int32)
    """
    if is_int_dtype(dtype_of(x1)):
        remainder = mod(x1, x2)
        is_across = logical_and(not_equal(remainder, 0), logical_xor(less(x1, 0), less(x2, 0)))
        return where(is_across, subtract(remainder, x2), remainder)
    remainder = mod(absolute(x1), absolute(x2))
    return where(less(x1, 0), -remainder, remainder)


@op(dtypes=floating)
def divide_no_nan(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient of two tensors, and 0 where the divisor is 0; there, so are the gradients.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; integers and booleans become the default float.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> divide_no_nan([1.0, 2.0], [2.0, 0.0])
    array([0.5, 0. ], dtype=float32)
    """
    is_zero = equal(x2, 0)
    return where(is_zero, 0, divide(x1, where(is_zero, 1, x2)))


@primitive(dtypes=numeric)
def power(x1: Tensor, x2: Tensor) -> Tensor:
    """`x1` to the power `x2`.

    An integer to a negative power is rounded toward 0: it is 0, except of 1 and -1. A negative float to a power that
    is not whole is NaN.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; booleans become int32.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> power([1, 2, 3], 2)
    array([1, 4, 9], dtype=int32)
    """
    return elementwise(x1, x2)


@op(dtypes=floating)
def reciprocal(x: Tensor) -> Tensor:
    """One divided by each element.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.

    >>> reciprocal([2, 4])
    array([0.5 , 0.25], dtype=float32)
    """
    return divide(1, x)


@op(dtypes=numeric)
def square(x: Tensor) -> Tensor:
    """Each element times itself.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; booleans become int32.

    >>> square([-3, 2])
    array([9, 4], dtype=int32)
    """
    return multiply(x, x)


@primitive(dtypes=exact)
def negative(x: Tensor) -> Tensor:
    """Each element with the other sign.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; unsigned integers wrap around.
    Raises: `DTypeError` if it is bool.

    >>> negative([1.0, -2.0])
    array([-1.,  2.], dtype=float32)
    """
    return x


@primitive
def absolute(x: Tensor) -> Tensor:
    """Size of each element.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; of complex numbers, that of their parts.

    >>> absolute([-3.0, 2.0])
    array([3., 2.], dtype=float32)
    """
    return TensorSpec(x.shape, real_dtype(x.dtype))


abs = absolute


def squared_modulus(x: Any) -> Any:
    """Square of each element's size; the second derivative of a real number's size would not do at 0."""
    return square(absolute(x) if is_complex_dtype(dtype_of(x)) else x)


@op(dtypes=real_floating)
def fabs(x: Tensor) -> Tensor:
    """Size of each element, as a float.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `DTypeError` if `x` is complex.

    >>> fabs([-3, 2])
    array([3., 2.], dtype=float32)
    """
    return absolute(x)


@primitive(dtypes=promotion.real)
def maximum(x1: Tensor, x2: Tensor) -> Tensor:
    """The greater of two tensors, element by element; NaN where either is NaN.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> maximum([1, 5], 3)
    array([3, 5], dtype=int32)
    """
    return elementwise(x1, x2)


@primitive(dtypes=promotion.real)
def minimum(x1: Tensor, x2: Tensor) -> Tensor:
    """The lesser of two tensors, element by element; NaN where either is NaN.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> minimum([1, 5], 3)
    array([1, 3], dtype=int32)
    """
    return elementwise(x1, x2)


@op(dtypes=promotion.real)
def fmax(x1: Tensor, x2: Tensor) -> Tensor:
    """The greater of two tensors, element by element; the other one where one is NaN.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> fmax([1.0, float("nan")], 3.0)
    array([3., 3.], dtype=float32)
    """
    return where(isnan(x1), x2, where(isnan(x2), x1, maximum(x1, x2)))


@op(dtypes=promotion.real)
def fmin(x1: Tensor, x2: Tensor) -> Tensor:
    """The lesser of two tensors, element by element; the other one where one is NaN.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> fmin([1.0, float("nan")], 3.0)
    array([1., 3.], dtype=float32)
    """
    return where(isnan(x1), x2, where(isnan(x2), x1, minimum(x1, x2)))


@op(dtypes=integer)
def gcd(x1: Tensor, x2: Tensor) -> Tensor:
    """Greatest number that divides both, by Euclid's algorithm; of 0 and `n` it is `|n|`.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; booleans become int32.
    Raises: `DTypeError` if they are not integers; `ShapeError` if the shapes do not broadcast.

    >>> gcd([12, 7], 18)
    array([6, 1], dtype=int32)
    """
    from kcore_ops.ops.core.control_flow import while_loop
    from kcore_ops.ops.numpy.reductions import any

    def is_left(a: Any, b: Any) -> Any:
        return any(not_equal(b, 0))

    def step(a: Any, b: Any) -> Any:
        return where(equal(b, 0), a, b), mod(a, b)

    none = multiply(subtract(x1, x1), subtract(x2, x2))  # zeros of the broadcast shape
    return while_loop(is_left, step, (add(absolute(x1), none), add(absolute(x2), none)))[0]


@op(dtypes=integer)
def lcm(x1: Tensor, x2: Tensor) -> Tensor:
    """Least positive number that both divide; 0 if either is 0.

    Shapes: `x1` and `x2` broadcast. Dtype: their common one; booleans become int32.
    Raises: `DTypeError` if they are not integers; `ShapeError` if the shapes do not broadcast.

    >>> lcm([12, 7], 18)
    array([ 36, 126], dtype=int32)
    """
    return absolute(multiply(floor_divide(x1, gcd(x1, x2)), x2))


@primitive
def real(x: Tensor) -> Tensor:
    """Real part of each element; a real number is its own.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; of complex numbers, that of their parts.

    >>> real([1 + 2j, 3])
    array([1., 3.], dtype=float32)
    """
    return TensorSpec(x.shape, real_dtype(x.dtype))


@primitive
def imag(x: Tensor) -> Tensor:
    """Imaginary part of each element; that of a real number is 0.

    Shapes: the result is shaped like `x`. Dtype: that of `x`; of complex numbers, that of their parts.

    >>> imag([1 + 2j, 3])
    array([2., 0.], dtype=float32)
    """
    return TensorSpec(x.shape, real_dtype(x.dtype))


@primitive
def conjugate(x: Tensor) -> Tensor:
    """Each element with its imaginary part negated; a real number is its own conjugate.

    Shapes: the result is shaped like `x`. Dtype: that of `x`.

    >>> conjugate([1 + 2j, 3])
    array([1.-2.j, 3.-0.j], dtype=complex64)
    """
    return x


conj = conjugate


@op
def isreal(x: Tensor) -> Tensor:
    """Return where the imaginary part is 0.

    Shapes: the result is shaped like `x`. Dtype: bool.

    >>> isreal([1 + 2j, 3])
    array([False,  True])
    """
    return equal(imag(x), 0) if is_complex_dtype(dtype_of(x)) else equal(imag(x), imag(x))


def complex_of(real_part: Tensor, imaginary_part: Tensor) -> Tensor:
    """Return the complex numbers with these parts, which have one dtype, float32 or float64."""
    dtype = "complex128" if dtype_of(real_part) == "float64" else "complex64"
    return cast(real_part, dtype) + cast(imaginary_part, dtype) * 1j
