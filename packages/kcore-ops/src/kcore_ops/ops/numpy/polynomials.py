"""Polynomials: powers of points."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes.promotion import numeric
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast
from kcore_ops.ops.core.conversion import shape as shape_of
from kcore_ops.ops.numpy.arithmetic import maximum, power
from kcore_ops.ops.numpy.comparison import equal, where
from kcore_ops.ops.numpy.creation import arange
from kcore_ops.ops.numpy.manipulation import expand_dims, flip
from kcore_ops.specs.shapes import show_shape

__all__ = ["vander"]


@op
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Return the powers of each element, a Vandermonde matrix: the highest first, or the lowest if `increasing`.

    Shapes: `x` is `(n,)` and the result `(n, N)`; `N` is `n` if None. Dtype: that of `x`.
    Raises: `ShapeError` if `x` has not one axis; `ArgumentError` if `N` is not a number of columns.

    >>> vander([1, 2, 3])
    array([[1, 1, 1],
           [4, 2, 1],
           [9, 3, 1]], dtype=int32)
    """
    if len(x.shape) != 1:
        raise ShapeError(f"x has shape {show_shape(x.shape)}", fix="pass points along one axis")
    if N is not None and (not hasattr(N, "__index__") or N < 0):
        raise ArgumentError(f"N={N!r} is not a number of columns", fix="pass an integer that is not negative")
    kind = dtype_of(x)
    columns: Any = shape_of(x)[0] if N is None else N
    exponents = arange(columns, dtype="int32")
    # The power 0 is put in apart: its gradient at 0 would not be finite.
    powers = power(expand_dims(cast(x, numeric([kind])), 1), cast(maximum(exponents, 1), numeric([kind])))
    powers = cast(where(equal(exponents, 0), 1, powers), kind)
    return powers if increasing else flip(powers, 1)
