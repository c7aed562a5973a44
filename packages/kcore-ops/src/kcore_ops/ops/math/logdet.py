"""Logarithm of determinants."""

from __future__ import annotations

from kcore_ops.dtypes.promotion import real_floating
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.numpy.determinants import slogdet
from kcore_ops.ops.numpy.exponentials import log

__all__ = ["logdet"]


@op(dtypes=real_floating)
def logdet(x: Tensor) -> Tensor:
    """Logarithm of the determinant of square matrices, commonly positive definite; NaN if the determinant is negative.

    Shapes: `(..., n, n)` gives `(...)`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `ShapeError` if the matrices are not square.

    >>> logdet([[2.0, 1.0], [1.0, 1.0]]).round(3).item()
    0.0
    """
    sign, logarithm = slogdet(x)
    return logarithm + log(sign)
