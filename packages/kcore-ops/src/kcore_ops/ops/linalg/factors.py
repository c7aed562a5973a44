"""Triangular factors of matrices, and inverses from them."""

from __future__ import annotations

import builtins
from typing import Any

from kcore_ops.dtypes import at_least_float32, is_complex_dtype
from kcore_ops.dtypes.promotion import floating
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.core.control_flow import scan
from kcore_ops.ops.core.conversion import cast, dtype, shape
from kcore_ops.ops.linalg.decompositions import adjoint, check_square, matrix_sizes, solve_triangular
from kcore_ops.ops.numpy.arithmetic import absolute, add, divide, imag, minimum, multiply, real, subtract
from kcore_ops.ops.numpy.comparison import equal, greater, greater_equal, where
from kcore_ops.ops.numpy.creation import arange, eye
from kcore_ops.ops.numpy.indexing import take, take_along_axis
from kcore_ops.ops.numpy.logic import logical_and
from kcore_ops.ops.numpy.manipulation import expand_dims, moveaxis
from kcore_ops.ops.numpy.products import matmul
from kcore_ops.ops.numpy.reductions import argmax

__all__ = ["cholesky_inverse", "lu_factor"]


@op(dtypes=floating)
def cholesky_inverse(x: Tensor, upper: bool = False) -> Tensor:
    """Invert symmetric positive definite matrices, given their factors by `cholesky`.

    The factor `x` is lower triangular, `inv(x @ x.T)` being the result; or with `upper` upper triangular, for
    `inv(x.T @ x)`. The other triangle is not read.

    Shapes: `(..., n, n)`, as is the result. Dtype: that of `x`; integers and booleans become the default float; float16
    and bfloat16 are computed in float32. A zero on the diagonal gives infinities or NaN.
    Raises: `ShapeError` if the matrices are not square.

    >>> cholesky_inverse([[2.0, 0.0], [0.0, 4.0]])
    array([[0.25  , 0.    ],
           [0.    , 0.0625]], dtype=float32)
    """
    check_square(x)
    wide = cast(x, at_least_float32(dtype(x)))
    inverse = solve_triangular(wide, eye(shape(x)[-1], dtype=dtype(wide)), lower=not upper)
    product = matmul(inverse, adjoint(inverse)) if upper else matmul(adjoint(inverse), inverse)
    return cast(product, dtype(x))


@op(dtypes=floating)
def lu_factor(x: Tensor) -> tuple[Tensor, Tensor]:
    """Factor matrices, some rows exchanged, into `l @ u`: lower triangular with ones on its diagonal, upper triangular.

    In each column the largest number on or below the diagonal comes onto it. (Of complex numbers, that with the largest
    sum of the absolute values of its parts.)

    Shapes: `(..., m, n)` gives `lu`, shaped like `x`, with `l` below the diagonal and `u` on and above it; and
    `pivots`, `(..., k)`, with k the smaller of m and n: in turn, row i was exchanged with row `pivots[i]`.
    Dtype: that of `x`; integers and booleans become the default float; float16 and bfloat16 are computed in float32;
    the pivots are int32.
    Raises: `ShapeError` if `x` has fewer than two axes.
    Source: Golub & Van Loan (2013), Matrix Computations, algorithm 3.4.1.

    >>> lu, pivots = lu_factor([[1.0, 2.0], [2.0, 6.0]])
    >>> lu, pivots
    (array([[ 2. ,  6. ],
           [ 0.5, -1. ]], dtype=float32), array([1, 1], dtype=int32))
    """
    matrix_sizes(x)
    kind = dtype(x)
    rows, columns = shape(x)[-2:]
    row, column = expand_dims(arange(rows, dtype="int32"), -1), arange(columns, dtype="int32")
    is_known = isinstance(rows, int) and isinstance(columns, int)
    count: Any = builtins.min(rows, columns) if is_known else minimum(rows, columns)

    def eliminate(matrix: Tensor, i: Tensor) -> tuple[Tensor, Tensor]:
        """Bring the pivot of column i onto the diagonal, and clear what is below it."""
        entries = _sizes(take(matrix, i, axis=-1))
        pivot = argmax(where(greater_equal(row[:, 0], i), entries, -1.0), axis=-1)
        there = expand_dims(expand_dims(pivot, -1), -1)
        order = where(equal(row, i), there, where(equal(row, there), i, row))
        matrix = take_along_axis(matrix, order, axis=-2)
        top = expand_dims(take(matrix, i, axis=-2), -2)
        diagonal = expand_dims(take(top, i, axis=-1), -1)
        factors = expand_dims(take(matrix, i, axis=-1), -1)
        factors = divide(factors, where(equal(diagonal, 0), cast(1, dtype(matrix)), diagonal))
        is_below = greater(row, i)
        rest = where(greater(column, i), subtract(matrix, multiply(factors, top)), matrix)
        rest = where(logical_and(is_below, equal(column, i)), factors, where(is_below, rest, matrix))
        return rest, cast(pivot, "int32")

    lu, pivots = scan(eliminate, cast(x, at_least_float32(kind)), arange(count, dtype="int32"))
    return cast(lu, kind), moveaxis(pivots, 0, -1)


def _sizes(x: Tensor) -> Tensor:
    """What LAPACK compares numbers by."""
    return add(absolute(real(x)), absolute(imag(x))) if is_complex_dtype(dtype(x)) else absolute(x)
