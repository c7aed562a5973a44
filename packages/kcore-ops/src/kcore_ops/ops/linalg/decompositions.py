"""Decompositions, solutions of linear equations, determinants and norms.

Matrices are the last two axes; axes before them are batches. float16 and bfloat16 are computed in float32. Where a
result does not exist, for a singular matrix say, it holds NaN or infinity and no error is raised: on an accelerator
nobody waits for the numbers, and one bad matrix of a batch leaves the others as they are.
"""

from __future__ import annotations

import builtins
from typing import Any

from kcore_ops.dtypes import at_least_float32, epsilon_of, is_complex_dtype, real_dtype
from kcore_ops.dtypes.promotion import floating
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.core.conversion import cast, dtype, shape
from kcore_ops.ops.numpy.arithmetic import absolute, conj, divide, maximum, multiply, power, squared_modulus
from kcore_ops.ops.numpy.comparison import greater, not_equal, where
from kcore_ops.ops.numpy.exponentials import sqrt
from kcore_ops.ops.numpy.manipulation import expand_dims, moveaxis, squeeze, swapaxes
from kcore_ops.ops.numpy.products import matmul
from kcore_ops.ops.numpy.reductions import max, min, sum
from kcore_ops.specs.shapes import broadcast_shapes, differ, normalize_axes, one_of, show_shape, show_size
from kcore_ops.specs.spec import TensorSpec

__all__ = ["cholesky", "det", "eigh", "inv", "norm", "pinv", "qr", "solve", "solve_triangular", "svd"]


def matrix_sizes(x: Any, name: str = "x") -> tuple[Any, Any]:
    """Return the sizes of the matrices of `x`.

    Raises:
        ShapeError: if it has fewer than two axes.
    """
    if len(x.shape) < 2:
        raise ShapeError(
            f"{name} has shape {show_shape(x.shape)}, which is no matrix",
            fix="pass at least two axes: rows and columns",
        )
    return x.shape[-2], x.shape[-1]


def check_square(x: Any, name: str = "x") -> None:
    rows, columns = matrix_sizes(x, name)
    if differ(rows, columns):
        raise ShapeError(
            f"{name} has shape {show_shape(x.shape)}: its matrices have {show_size(rows)} rows and "
            f"{show_size(columns)} columns",
            fix="pass square matrices",
        )


# Decompositions.


@primitive(dtypes=floating)
def cholesky(x: Tensor, upper: bool = False) -> Tensor:
    """Factor symmetric positive definite matrices into `l @ l.T`, with `l` lower triangular.

    With `upper`, give `l.T` (for complex matrices, its conjugate). Only the lower triangle of `x` is read. A matrix
    that is not positive definite has a factor that holds NaN.

    Shapes: `(..., n, n)`, as is the result. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `ShapeError` if the matrices are not square.

    >>> cholesky([[4.0, 2.0], [2.0, 10.0]])
    array([[2., 0.],
           [1., 3.]], dtype=float32)
    """
    check_square(x)
    return x


@primitive(dtypes=floating)
def qr(x: Tensor, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """Factor matrices into `q @ r`, with the columns of `q` orthonormal and `r` upper triangular.

    Which sign each row of `r`, and with it the column of `q`, has is the framework's choice.

    Shapes: `(..., m, n)` gives `(..., m, k)` and `(..., k, n)`, where k is the smaller of m and n if `mode` is
    `"reduced"`, and m if it is `"complete"`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `ArgumentError` for another mode.

    >>> q, r = qr([[3.0, 5.0], [4.0, 10.0]])
    >>> absolute(r).round(3)
    array([[ 5., 11.],
           [ 0.,  2.]], dtype=float32)
    """
    rows, columns = matrix_sizes(x)
    one_of("mode", mode, ("reduced", "complete"))
    k = rows if mode == "complete" else builtins.min(rows, columns)
    batch = x.shape[:-2]
    return TensorSpec((*batch, rows, k), x.dtype), TensorSpec((*batch, k, columns), x.dtype)


@primitive(dtypes=floating)
def svd(x: Tensor, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Factor matrices into `u @ diag(s) @ vh`: orthonormal columns in `u`, rows in `vh`, and `s` from large to small.

    Without `compute_uv`, give `s` alone. Which sign each pair of singular vectors has is the framework's choice.

    Shapes: `(..., m, n)` gives `u`: `(..., m, m)`, `s`: `(..., k)` and `vh`: `(..., n, n)`, where k is the smaller of m
    and n; without `full_matrices`, `(..., m, k)` and `(..., k, n)`.
    Dtype: that of `x`, integers and booleans become the default float; `s` is real.

    >>> svd([[3.0, 0.0], [0.0, -4.0]], compute_uv=False)
    array([4., 3.], dtype=float32)
    """
    rows, columns = matrix_sizes(x)
    batch = x.shape[:-2]
    k = builtins.min(rows, columns)
    s = TensorSpec((*batch, k), real_dtype(x.dtype))
    if not compute_uv:
        return s
    u = TensorSpec((*batch, rows, rows if full_matrices else k), x.dtype)
    return u, s, TensorSpec((*batch, columns if full_matrices else k, columns), x.dtype)


@primitive(dtypes=floating)
def eigh(x: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues, from small to large, and eigenvectors of symmetric (for complex, Hermitian) matrices.

    Only the lower triangle of `x` is read. Which sign each eigenvector has is the framework's choice.

    Shapes: `(..., n, n)` gives `(..., n)` and `(..., n, n)`, the eigenvectors being columns.
    Dtype: that of `x`, integers and booleans become the default float; the eigenvalues are real.
    Raises: `ShapeError` if the matrices are not square.

    >>> eigh([[2.0, 1.0], [1.0, 2.0]])[0].round(3)
    array([1., 3.], dtype=float32)
    """
    check_square(x)
    return TensorSpec(x.shape[:-1], real_dtype(x.dtype)), x


# Linear equations.


@primitive(dtypes=floating)
def solve(a: Tensor, b: Tensor) -> Tensor:
    """Solve `a @ x = b` for `x`.

    Shapes: `a` is `(..., n, n)`; `b` is `(n,)`, one vector, or `(..., n, k)`; the result is shaped like `b`, batch axes
    broadcast. For a stack of vectors add an axis to `b`. Dtype: the common floating one.
    A singular matrix gives infinities or NaN.
    Raises: `ShapeError` if the sizes do not fit.

    >>> solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])
    array([1. , 0.5], dtype=float32)
    """
    return _solution(a, b)


@primitive(dtypes=floating)
def solve_triangular(a: Tensor, b: Tensor, lower: bool = False) -> Tensor:
    """Solve `a @ x = b` for `x`, where `a` is triangular: upper, or with `lower` lower. The rest of `a` is not read.

    Shapes: as for `solve`. Dtype: the common floating one. A zero on the diagonal gives infinities or NaN.
    Raises: `ShapeError` if the sizes do not fit.

    >>> solve_triangular([[2.0, 0.0], [1.0, 4.0]], [2.0, 3.0], lower=True)
    array([1. , 0.5], dtype=float32)
    """
    return _solution(a, b)


def check_equations(a: Any, b: Any) -> None:
    """Raise an error unless `a` holds square matrices and `b` as many right-hand sides as those have rows."""
    check_square(a, "a")
    if len(b.shape) == 0:
        raise ShapeError("b is a scalar", fix="pass a vector or a matrix")
    rows = b.shape[0] if len(b.shape) == 1 else b.shape[-2]
    if differ(a.shape[-1], rows):
        raise ShapeError(
            f"a has shape {show_shape(a.shape)} and b has shape {show_shape(b.shape)}: {show_size(a.shape[-1])} "
            f"equations with {show_size(rows)} right-hand sides",
            fix="b must be (n,) or (..., n, k); for a stack of vectors pass expand_dims(b, -1)",
        )


def _solution(a: Any, b: Any) -> TensorSpec:
    check_equations(a, b)
    columns = b.shape[1:] if len(b.shape) == 1 else b.shape[-1:]
    return TensorSpec((*broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-1], *columns), b.dtype)


@primitive(dtypes=floating)
def inv(x: Tensor) -> Tensor:
    """Inverse of square matrices. That of a singular matrix holds infinities or NaN.

    Shapes: `(..., n, n)`, as is the result. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `ShapeError` if the matrices are not square.

    >>> inv([[2.0, 0.0], [0.0, 4.0]])
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    check_square(x)
    return x


@op(dtypes=floating)
def pinv(x: Tensor, rcond: float | None = None) -> Tensor:
    """Moore-Penrose pseudo-inverse: the inverse where there is one, otherwise what solves least squares.

    Args:
        x: the matrices.
        rcond: singular values up to this fraction of the largest count as zero; by default the larger of m and n times
            the distance from 1 to the next number of the dtype.

    Shapes: `(..., m, n)` gives `(..., n, m)`. Dtype: that of `x`; integers and booleans become the default float.
    Source: the Array API standard, `linalg.pinv`.

    >>> pinv([[2.0, 0.0], [0.0, 0.0]])
    array([[0.5, 0. ],
           [0. , 0. ]], dtype=float32)
    """
    matrix_sizes(x)
    wide = cast(x, at_least_float32(dtype(x)))
    u, s, vh = svd(wide, full_matrices=False)
    is_kept = greater(s, multiply(smallest_fraction(wide, rcond), max(s, axis=-1, keepdims=True)))
    inverses = where(is_kept, divide(1.0, where(is_kept, s, 1.0)), 0.0)
    scaled = multiply(adjoint(vh), cast(expand_dims(inverses, -2), dtype(wide)))
    return cast(matmul(scaled, adjoint(u)), dtype(x))


def smallest_fraction(x: Tensor, rcond: float | None) -> Any:
    """Return the fraction of the largest singular value up to which others count as zero."""
    if rcond is not None:
        return rcond
    rows, columns = shape(x)[-2:]
    epsilon = epsilon_of(real_dtype(dtype(x)))
    if isinstance(rows, int) and isinstance(columns, int):
        return builtins.max(rows, columns) * epsilon
    return multiply(cast(maximum(rows, columns), real_dtype(dtype(x))), epsilon)


def adjoint(x: Tensor) -> Tensor:
    return swapaxes(conj(x) if is_complex_dtype(dtype(x)) else x, -2, -1)


# Determinants.


@primitive(dtypes=floating)
def det(x: Tensor) -> Tensor:
    """Determinant of square matrices.

    Shapes: `(..., n, n)` gives `(...)`. Dtype: that of `x`; integers and booleans become the default float.
    Raises: `ShapeError` if the matrices are not square.

    >>> det([[2.0, 0.0], [1.0, 4.0]]).item()
    8.0
    """
    check_square(x)
    return TensorSpec(x.shape[:-2], x.dtype)


# Lengths and distances.


@op(dtypes=floating)
def norm(x: Tensor, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Norm of vectors, or of matrices.

    Args:
        x: holds the vectors or matrices.
        ord: of vectors, any number p for the sum of the p-th powers to the power 1/p; inf and -inf for the largest and
            smallest absolute value, 0 for how many elements are not zero. Of matrices, `"fro"` for the root of the sum
            of squares, `"nuc"` for the sum of singular values, 2 and -2 for the largest and smallest of them, 1 and -1
            for the largest and smallest sum of absolute values over a column, inf and -inf over a row. By default
            the root of the sum of squares.
        axis: one axis, of vectors, or two, the rows and columns of matrices. By default `x` is a vector or a matrix
            itself, or if `ord` is None one long vector.
        keepdims: whether the axes stay, with size 1.

    Shapes: without the axes named. Dtype: that of `x`, real; integers and booleans become the default float. float16
    and bfloat16 are computed in float32.
    Raises: `ShapeError` if there are other than one or two axes; `ArgumentError` for another `ord`.

    >>> norm([[3, 4], [6, 8]], axis=1), norm([[3, 4], [6, 8]], ord=1).item()
    (array([ 5., 10.], dtype=float32), 12.0)
    """
    axes = normalize_axes(axis, len(x.shape))
    wide = cast(x, at_least_float32(dtype(x)))
    if len(axes) == 1 or (axis is None and ord is None):
        result = _vector_norm(wide, ord, axes, keepdims)
    elif len(axes) == 2:
        result = _matrix_norm(wide, ord, (axes[0], axes[1]), keepdims)
    else:
        raise ShapeError(
            f"there are norms over one or two axes, not over {len(axes)}", fix="name one axis, or two, with axis="
        )
    return cast(result, real_dtype(dtype(x)))


def _vector_norm(x: Tensor, ord: Any, axis: tuple[int, ...], keepdims: bool) -> Tensor:
    if isinstance(ord, str):
        raise ArgumentError(f"there is no norm {ord!r} of vectors", fix="pass a number, or two axes")
    if ord is None or ord == 2:
        return sqrt(sum(squared_modulus(x), axis=axis, keepdims=keepdims))
    size = absolute(x)
    if ord == float("inf"):
        return max(size, axis=axis, keepdims=keepdims)
    if ord == -float("inf"):
        return min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return sum(cast(not_equal(size, 0), dtype(size)), axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum(size, axis=axis, keepdims=keepdims)
    return power(sum(power(size, float(ord)), axis=axis, keepdims=keepdims), 1.0 / float(ord))


def _matrix_norm(x: Tensor, ord: Any, axes: tuple[int, int], keepdims: bool) -> Tensor:
    if ord is None or ord == "fro":
        return _vector_norm(x, None, axes, keepdims)
    inf = float("inf")
    if ord not in ("nuc", 1, -1, 2, -2, inf, -inf):
        raise ArgumentError(
            f"there is no norm {ord!r} of matrices", fix="use one of 'fro', 'nuc', 1, -1, 2, -2, inf, -inf"
        )
    if ord in ("nuc", 2, -2):
        values = svd(moveaxis(x, axes, (-2, -1)), compute_uv=False)
        result = sum(values, axis=-1) if ord == "nuc" else (max if ord == 2 else min)(values, axis=-1)
        return expand_dims(result, tuple(sorted(axes))) if keepdims else result
    summed, kept = axes if ord in (1, -1) else axes[::-1]
    sums = sum(absolute(x), axis=summed, keepdims=True)
    result = (max if ord > 0 else min)(sums, axis=kept, keepdims=True)
    return result if keepdims else squeeze(result, axes)
