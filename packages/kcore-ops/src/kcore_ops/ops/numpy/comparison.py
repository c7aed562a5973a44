"""Comparisons and choices, element by element."""

from __future__ import annotations

from collections.abc import Sequence

from kcore_ops import dtypes as dt
from kcore_ops.dtypes.promotion import boolean, compared, floating, ordered, promote, real
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.numpy.logic import logical_and, logical_not, logical_or
from kcore_ops.specs.shapes import broadcast_shapes, elementwise
from kcore_ops.specs.spec import TensorSpec

__all__ = ["allclose", "equal", "greater", "greater_equal", "isclose", "isfinite", "isinf", "isnan", "isneginf",
           "isposinf", "less", "less_equal", "not_equal", "select", "where"]  # fmt: skip


@primitive(dtypes=compared)
def equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Return where two tensors are equal; NaN is equal to nothing.

    Shapes: `x1` and `x2` broadcast. Dtype: bool, after a comparison in their common one; a
    Python integer outside of it is compared as the number it is.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> equal([1, 2], [1.0, 2.5])
    array([ True, False])
    """
    return elementwise(x1, x2, "bool")


@op(dtypes=compared)
def not_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Return where two tensors differ; NaN differs from everything.

    Shapes: `x1` and `x2` broadcast. Dtype: bool, after a comparison in their common one; a
    Python integer outside of it is compared as the number it is.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> not_equal([1, 2], [1.0, 2.5])
    array([False,  True])
    """
    return logical_not(equal(x1, x2))


@primitive(dtypes=ordered)
def less(x1: Tensor, x2: Tensor) -> Tensor:
    """Return where `x1` is less than `x2`.

    Shapes: `x1` and `x2` broadcast. Dtype: bool, after a comparison in their common one; a
    Python integer outside of it is compared as the number it is.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> less([1, 2], [1.0, 2.5])
    array([False,  True])
    """
    return elementwise(x1, x2, "bool")


@primitive(dtypes=ordered)
def less_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Return where `x1` is less than `x2` or equal to it.

    Shapes: `x1` and `x2` broadcast. Dtype: bool, after a comparison in their common one; a
    Python integer outside of it is compared as the number it is.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> less_equal([1, 3], [1.0, 2.5])
    array([ True, False])
    """
    return elementwise(x1, x2, "bool")


@less_equal.define
def _less_equal(x1: Tensor, x2: Tensor) -> Tensor:
    return logical_or(less(x1, x2), equal(x1, x2))


@primitive(dtypes=ordered)
def greater(x1: Tensor, x2: Tensor) -> Tensor:
    """Return where `x1` is greater than `x2`.

    Shapes: `x1` and `x2` broadcast. Dtype: bool, after a comparison in their common one; a
    Python integer outside of it is compared as the number it is.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> greater([1, 3], [1.0, 2.5])
    array([False,  True])
    """
    return elementwise(x1, x2, "bool")


@greater.define
def _greater(x1: Tensor, x2: Tensor) -> Tensor:
    return less(x2, x1)


@primitive(dtypes=ordered)
def greater_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Return where `x1` is greater than `x2` or equal to it.

    Shapes: `x1` and `x2` broadcast. Dtype: bool, after a comparison in their common one; a
    Python integer outside of it is compared as the number it is.
    Raises: `DTypeError` if one is complex; `ShapeError` if the shapes do not broadcast.

    >>> greater_equal([1, 2], [1.0, 2.5])
    array([ True, False])
    """
    return elementwise(x1, x2, "bool")


@greater_equal.define
def _greater_equal(x1: Tensor, x2: Tensor) -> Tensor:
    return less_equal(x2, x1)


@primitive
def isfinite(x: Tensor) -> Tensor:
    """Return where `x` is neither infinite nor NaN; of complex numbers, where neither part is.

    Shapes: the result is shaped like `x`. Dtype: bool.

    >>> isfinite([1.0, float("inf"), float("nan")])
    array([ True, False, False])
    """
    return TensorSpec(x.shape, "bool")


@isfinite.define
def _isfinite(x: Tensor) -> Tensor:
    from kcore_ops.ops.numpy.arithmetic import multiply

    return equal(multiply(x, 0), 0)  # of infinities and NaN it is NaN


@primitive
def isnan(x: Tensor) -> Tensor:
    """Return where `x` is NaN; of complex numbers, where either part is.

    Shapes: the result is shaped like `x`. Dtype: bool.

    >>> isnan([1.0, float("inf"), float("nan")])
    array([False, False,  True])
    """
    return TensorSpec(x.shape, "bool")


@isnan.define
def _isnan(x: Tensor) -> Tensor:
    return not_equal(x, x)


@op
def isinf(x: Tensor) -> Tensor:
    """Return where `x` is infinite, of either sign.

    Shapes: the result is shaped like `x`. Dtype: bool.

    >>> isinf([1.0, float("-inf"), float("nan")])
    array([False,  True, False])
    """
    return logical_not(logical_or(isfinite(x), isnan(x)))


@op(dtypes=real)
def isposinf(x: Tensor) -> Tensor:
    """Return where `x` is infinity.

    Shapes: the result is shaped like `x`. Dtype: bool.
    Raises: `DTypeError` if `x` is complex.

    >>> isposinf([float("inf"), float("-inf")])
    array([ True, False])
    """
    return equal(x, float("inf")) if dt.is_float_dtype(dtype_of(x)) else isnan(x)


@op(dtypes=real)
def isneginf(x: Tensor) -> Tensor:
    """Return where `x` is minus infinity.

    Shapes: the result is shaped like `x`. Dtype: bool.
    Raises: `DTypeError` if `x` is complex.

    >>> isneginf([float("inf"), float("-inf")])
    array([False,  True])
    """
    return equal(x, float("-inf")) if dt.is_float_dtype(dtype_of(x)) else isnan(x)


@op(dtypes=floating)
def isclose(x1: Tensor, x2: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Return where `|x1 - x2| <= atol + rtol * |x2|`; infinities are close to themselves only.

    Shapes: `x1` and `x2` broadcast. Dtype: bool; float16 and bfloat16 are compared in float32, and integers in the
    default float. NaN is close to NaN with `equal_nan`, and otherwise to nothing.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> isclose([1.0, 2.0], [1.000001, 2.1])
    array([ True, False])
    """
    wide = dt.at_least_float32(dtype_of(x1))
    distance, size = abs(cast(x1, wide) - cast(x2, wide)), abs(cast(x2, wide))
    within = logical_and(less_equal(distance, size * rtol + atol), isfinite(size))
    close = logical_or(within, equal(x1, x2))
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close


@op(dtypes=floating)
def allclose(x1: Tensor, x2: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Return whether all elements are close: `|x1 - x2| <= atol + rtol * |x2|`, or with `equal_nan` both NaN.

    Shapes: `x1` and `x2` broadcast; the result is a scalar. Dtype: bool.
    Raises: `ShapeError` if the shapes do not broadcast.

    >>> allclose([1.0, 2.0], [1.000001, 2.1]).item()
    False
    """
    from kcore_ops.ops.numpy.reductions import all

    return all(isclose(x1, x2, rtol, atol, equal_nan))


@primitive(dtypes={"condition": boolean, "x1 x2": promote})
def where(condition: Tensor, x1: Tensor = None, x2: Tensor = None) -> Tensor:
    """Take elements of `x1` where `condition` holds, of `x2` elsewhere.

    `where(condition)`, without the two, is `nonzero(condition)`.

    Shapes: all three broadcast. Dtype: the common one of `x1` and `x2`; the condition is cast to bool.
    Raises: `ArgumentError` if one of `x1` and `x2` is missing; `ShapeError` if the shapes do not broadcast.

    >>> where([True, False], [1, 2], 0.5), where([True, False])
    (array([1. , 0.5], dtype=float32), (array([0], dtype=int32),))
    """
    return TensorSpec(broadcast_shapes(condition.shape, x1.shape, x2.shape), x1.dtype)


@op(dtypes={"condlist": boolean, "choicelist default": promote})
def select(condlist: Sequence[Tensor], choicelist: Sequence[Tensor], default: Tensor = 0) -> Tensor:
    """Take each element from the choice whose condition is the first to hold, and from `default` where none does.

    Shapes: the conditions, `condlist`, the choices, `choicelist`, which are as many, and `default`, 0 unless given,
    broadcast. Dtype: the common one of choices and default.
    Raises: `ArgumentError` if there are not as many choices as conditions, or none; `ShapeError` if the shapes do not
    broadcast.

    >>> select([[True, False, False], [True, True, False]], [[1, 2, 3], [10, 20, 30]], -1)
    array([ 1, 20, -1], dtype=int32)
    """
    if not condlist or len(condlist) != len(choicelist):
        raise ArgumentError(
            f"there are {len(condlist)} conditions and {len(choicelist)} choices",
            fix="pass as many choices as conditions, and at least one",
        )
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where(condition, choice, result)
    return result
