"""Least squares, and how many directions a matrix has."""

from __future__ import annotations

from kcore_ops.dtypes import at_least_float32
from kcore_ops.dtypes.promotion import floating
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.conversion import cast, dtype
from kcore_ops.ops.linalg.decompositions import matrix_sizes, pinv, smallest_fraction, svd
from kcore_ops.ops.numpy.arithmetic import multiply, real
from kcore_ops.ops.numpy.comparison import greater
from kcore_ops.ops.numpy.manipulation import expand_dims
from kcore_ops.ops.numpy.products import matmul
from kcore_ops.ops.numpy.reductions import max, sum
from kcore_ops.specs.shapes import differ, show_shape, show_size

__all__ = ["lstsq", "matrix_rank"]


@op(dtypes=floating)
def lstsq(a: Tensor, b: Tensor, rcond: float | None = None) -> Tensor:
    """Find the `x` for which `a @ x` is nearest to `b`: the sum of squared differences is smallest.

    Where there are many, give the shortest.

    Args:
        a: the matrices.
        b: what to come near to: one vector, or matrices of columns.
        rcond: singular values of `a` up to this fraction of the largest count as zero; by default the larger of m and n
            times the distance from 1 to the next number of the dtype.

    Shapes: `a` is `(..., m, n)`; `b` is `(m,)`, giving `(..., n)`, or `(..., m, k)`, giving `(..., n, k)`. For a stack
    of vectors add an axis to `b`. Dtype: the common floating one; float16 and bfloat16 are computed in float32.
    Raises: `ShapeError` if the sizes do not fit.

    >>> lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 2.0, 3.0]).round(3)
    array([1., 1.], dtype=float32)
    """
    rows, _ = matrix_sizes(a, "a")
    if not b.shape:
        raise ShapeError("b is a scalar", fix="pass a vector or a matrix")
    given = b.shape[0] if len(b.shape) == 1 else b.shape[-2]
    if differ(rows, given):
        raise ShapeError(
            f"a has shape {show_shape(a.shape)} and b has shape {show_shape(b.shape)}: {show_size(rows)} equations "
            f"with {show_size(given)} right-hand sides",
            fix="b must be (m,) or (..., m, k); for a stack of vectors pass expand_dims(b, -1)",
        )
    wide = at_least_float32(dtype(a))
    return cast(matmul(pinv(cast(a, wide), rcond), cast(b, wide)), dtype(a))


@op(dtypes=floating)
def matrix_rank(x: Tensor, tol: Tensor | None = None) -> Tensor:
    """Count the singular values above `tol`: the number of independent rows, or columns.

    Args:
        x: the matrices.
        tol: a number, or one for each matrix; by default the largest singular value times the larger of m and n times
            the distance from 1 to the next number of the dtype.

    Shapes: `(..., m, n)` gives `(...)`. Dtype: int32; float16 and bfloat16 are computed in float32.
    Raises: `ShapeError` if `x` has fewer than two axes.

    >>> matrix_rank([[1.0, 2.0], [2.0, 4.0]]).item()
    1
    """
    matrix_sizes(x)
    wide = cast(x, at_least_float32(dtype(x)))
    values = svd(wide, compute_uv=False)
    if tol is None:
        least = multiply(max(values, axis=-1, keepdims=True, initial=0.0), smallest_fraction(wide, None))
    else:
        least = cast(real(tol), dtype(values))
        least = expand_dims(least, -1) if len(least.shape) else least
    return sum(cast(greater(values, least), "int32"), axis=-1)
