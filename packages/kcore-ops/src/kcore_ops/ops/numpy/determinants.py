"""Sign and logarithm of determinants."""

from __future__ import annotations

from kcore_ops.dtypes import at_least_float32, real_dtype
from kcore_ops.dtypes.promotion import floating
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.core.conversion import cast, dtype
from kcore_ops.ops.linalg.decompositions import check_square, det, qr
from kcore_ops.ops.numpy.arithmetic import absolute, divide, multiply
from kcore_ops.ops.numpy.comparison import equal, where
from kcore_ops.ops.numpy.diagonals import diagonal
from kcore_ops.ops.numpy.exponentials import log
from kcore_ops.ops.numpy.reductions import prod, sum

__all__ = ["slogdet"]


@op(dtypes=floating)
def slogdet(x: Tensor) -> tuple[Tensor, Tensor]:
    """Sign of the determinant of square matrices, and logarithm of its absolute value, where `det` might overflow.

    The sign of a complex determinant is it divided by its absolute value. A determinant of 0 has sign 0 and
    logarithm -inf.

    Shapes: `(..., n, n)` gives two of `(...)`. Dtype: that of `x`, integers and booleans become the default float; the
    logarithm is real.
    Raises: `ShapeError` if the matrices are not square.

    >>> sign, logarithm = slogdet([[0.0, 1.0], [1.0, 0.0]])
    >>> sign.item(), logarithm.item()
    (-1.0, 0.0)
    """
    check_square(x)
    wide = cast(x, at_least_float32(dtype(x)))
    q, r = qr(wide)
    entries = diagonal(r, axis1=-2, axis2=-1)
    sign = multiply(_direction(det(q)), prod(_direction(entries), axis=-1))
    logarithm = sum(log(absolute(entries)), axis=-1)
    return cast(sign, dtype(x)), cast(logarithm, real_dtype(dtype(x)))


def _direction(x: Tensor) -> Tensor:
    """Each number divided by its absolute value; 0 stays 0."""
    length = absolute(x)
    return divide(x, cast(where(equal(length, 0), 1.0, length), dtype(x)))
