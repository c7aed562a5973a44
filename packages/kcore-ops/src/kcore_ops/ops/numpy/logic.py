"""Logic and bits, element by element."""

from __future__ import annotations

from kcore_ops.dtypes.promotion import boolean, integer, integral
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.specs.shapes import elementwise

__all__ = ["bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
           "bitwise_xor", "left_shift", "logical_and", "logical_not", "logical_or", "logical_xor",
           "right_shift"]  # fmt: skip


@primitive(dtypes=integral)
def bitwise_and(x: Tensor, y: Tensor) -> Tensor:
    """Set the bits that are set in both.

    Shapes: `x` and `y` broadcast. Dtype: their common one.
    Raises: `DTypeError` if it is neither bool nor an integer one; `ShapeError` if the shapes do not broadcast.

    >>> bitwise_and(13, [17, 12])
    array([ 1, 12], dtype=int32)
    """
    return elementwise(x, y)


@primitive(dtypes=integral)
def bitwise_or(x: Tensor, y: Tensor) -> Tensor:
    """Set the bits that are set in either.

    Shapes: `x` and `y` broadcast. Dtype: their common one.
    Raises: `DTypeError` if it is neither bool nor an integer one; `ShapeError` if the shapes do not broadcast.

    >>> bitwise_or(13, [16, 2])
    array([29, 15], dtype=int32)
    """
    return elementwise(x, y)


@primitive(dtypes=integral)
def bitwise_xor(x: Tensor, y: Tensor) -> Tensor:
    """Set the bits that are set in one of the two and not in the other.

    Shapes: `x` and `y` broadcast. Dtype: their common one.
    Raises: `DTypeError` if it is neither bool nor an integer one; `ShapeError` if the shapes do not broadcast.

    >>> bitwise_xor(13, [17, 13])
    array([28,  0], dtype=int32)
    """
    return elementwise(x, y)


@primitive(dtypes=integral)
def bitwise_not(x: Tensor) -> Tensor:
    """Set the bits that are not set; of booleans, the logical not.

    Shapes: the result is shaped like `x`. Dtype: that of `x`.
    Raises: `DTypeError` if it is neither bool nor an integer one.

    >>> bitwise_not([0, 13])
    array([ -1, -14], dtype=int32)
    """
    return x


bitwise_invert = bitwise_not


@primitive(dtypes=integer)
def left_shift(x: Tensor, y: Tensor) -> Tensor:
    """Move the bits of `x` to the left by `y` places; zeros come in.

    A shift by a negative number, or by as many places as there are bits or more, leaves 0.

    Shapes: `x` and `y` broadcast. Dtype: their common one; booleans become int32.
    Raises: `DTypeError` if it is not an integer one; `ShapeError` if the shapes do not broadcast.

    >>> left_shift([1, 5], 2)
    array([ 4, 20], dtype=int32)
    """
    return elementwise(x, y)


bitwise_left_shift = left_shift


@primitive(dtypes=integer)
def right_shift(x: Tensor, y: Tensor) -> Tensor:
    """Move the bits of `x` to the right by `y` places; copies of the sign come in.

    A shift by a negative number, or by as many places as there are bits or more, leaves 0, or -1 of negative numbers.

    Shapes: `x` and `y` broadcast. Dtype: their common one; booleans become int32.
    Raises: `DTypeError` if it is not an integer one; `ShapeError` if the shapes do not broadcast.

    >>> right_shift([4, -5], 1)
    array([ 2, -3], dtype=int32)
    """
    return elementwise(x, y)


bitwise_right_shift = right_shift


@op(dtypes=boolean)
def logical_and(x1: Tensor, x2: Tensor) -> Tensor:
    """Return where both are true; zero is false and anything else, NaN included, is true.

    Shapes: `x1` and `x2` broadcast. Dtype: bool.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> logical_and([True, False], [2.0, 1.0])
    array([ True, False])
    """
    return bitwise_and(x1, x2)


@op(dtypes=boolean)
def logical_or(x1: Tensor, x2: Tensor) -> Tensor:
    """Return where at least one is true; zero is false and anything else, NaN included, is true.

    Shapes: `x1` and `x2` broadcast. Dtype: bool.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> logical_or([True, False], [2.0, 0.0])
    array([ True, False])
    """
    return bitwise_or(x1, x2)


@op(dtypes=boolean)
def logical_xor(x1: Tensor, x2: Tensor) -> Tensor:
    """Return where one is true and the other is not; zero is false and anything else, NaN included, is true.

    Shapes: `x1` and `x2` broadcast. Dtype: bool.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> logical_xor([True, False], [2.0, 1.0])
    array([False,  True])
    """
    return bitwise_xor(x1, x2)


@op(dtypes=boolean)
def logical_not(x: Tensor) -> Tensor:
    """Return where `x` is false, that is zero.

    Shapes: the result is shaped like `x`. Dtype: bool.

    >>> logical_not([0.0, 0.5])
    array([ True, False])
    """
    return bitwise_not(x)
