"""Definitions of solutions, inverses, determinants and Cholesky factors, for backends without functions of their own.

Each is a scan over columns, so a compiled graph holds one step however large the matrices are, and sizes that are known
only when a graph runs are those of any scan: they take a backend with `dynamic_shapes`. Batches are done together. Rows
are exchanged for the largest pivot. Nothing is ever an error: a division by zero leaves infinities or NaN in the matrix
it belongs to.
"""

from __future__ import annotations

from kcore_ops.dtypes import at_least_float32, is_complex_dtype
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.core.control_flow import scan
from kcore_ops.ops.core.conversion import cast, dtype, shape
from kcore_ops.ops.linalg.decompositions import (
    adjoint,
    check_equations,
    check_square,
    cholesky,
    det,
    inv,
    solve,
    solve_triangular,
)
from kcore_ops.ops.linalg.factors import lu_factor
from kcore_ops.ops.numpy.arithmetic import add, conj, divide, multiply, real, subtract
from kcore_ops.ops.numpy.comparison import equal, greater_equal, not_equal, where
from kcore_ops.ops.numpy.creation import arange, eye, zeros_like
from kcore_ops.ops.numpy.diagonals import diagonal, tril, triu
from kcore_ops.ops.numpy.exponentials import sqrt
from kcore_ops.ops.numpy.indexing import take, take_along_axis
from kcore_ops.ops.numpy.manipulation import expand_dims, moveaxis, squeeze
from kcore_ops.ops.numpy.products import matmul
from kcore_ops.ops.numpy.reductions import prod, sum


@solve_triangular.define
def _substitute(a: Tensor, b: Tensor, lower: bool = False) -> Tensor:
    """Golub & Van Loan (2013), Matrix Computations, algorithms 3.1.1 and 3.1.2."""
    check_equations(a, b)
    a = cast(tril(a) if lower else triu(a), at_least_float32(dtype(a)))
    columns = _columns(a, b)
    place = arange(shape(a)[-1], dtype="int32")

    def substitute(x: Tensor, equation: tuple[Tensor, ...]) -> tuple[Tensor, None]:
        """Find row i of x, those before it being known and those after it zero."""
        i, row, right, pivot = equation
        rest = subtract(expand_dims(right, -2), matmul(expand_dims(row, -2), x))
        return where(equal(expand_dims(place, -1), i), divide(rest, expand_dims(expand_dims(pivot, -1), -1)), x), None

    pivots = moveaxis(diagonal(a, axis1=-2, axis2=-1), -1, 0)
    equations = (place, moveaxis(a, -2, 0), moveaxis(columns, -2, 0), pivots)
    x, _ = scan(substitute, zeros_like(columns), equations, reverse=not lower)
    return _as_given(x, b)


def _columns(a: Tensor, b: Tensor) -> Tensor:
    """Return the right-hand sides as matrices, of the dtype of `a` and with the batch axes of both."""
    columns = expand_dims(b, -1) if len(b.shape) == 1 else b
    return add(cast(columns, dtype(a)), sum(zeros_like(a), axis=-1, keepdims=True))


def _as_given(x: Tensor, b: Tensor) -> Tensor:
    """Return solutions the dtype of right-hand sides, and as vectors if those were one vector."""
    return cast(squeeze(x, -1) if len(b.shape) == 1 else x, dtype(b))


@solve.define
def _solve(a: Tensor, b: Tensor) -> Tensor:
    """Golub & Van Loan (2013), Matrix Computations, section 3.4."""
    check_equations(a, b)
    if a.shape[-1] == 0:
        return solve_triangular(a, b)
    lu, pivots = lu_factor(cast(a, at_least_float32(dtype(a))))
    columns = _columns(lu, b)
    order = add(expand_dims(_order(pivots), -1), zeros_like(columns, dtype="int32"))
    unit = add(tril(lu, -1), eye(shape(lu)[-1], dtype=dtype(lu)))
    x = solve_triangular(unit, take_along_axis(columns, order, axis=-2), lower=True)
    return _as_given(solve_triangular(lu, x), b)


def _order(pivots: Tensor) -> Tensor:
    """Return which row comes where, after row i was exchanged with row `pivots[i]` for each i in turn."""
    place = arange(shape(pivots)[-1], dtype="int32")

    def exchange(order: Tensor, step: tuple[Tensor, Tensor]) -> tuple[Tensor, None]:
        i, pivot = step
        there = expand_dims(pivot, -1)
        here = expand_dims(take(order, i, axis=-1), -1)
        order = where(equal(place, i), take_along_axis(order, there, axis=-1), where(equal(place, there), here, order))
        return order, None

    return scan(exchange, add(zeros_like(pivots), place), (place, moveaxis(pivots, -1, 0)))[0]


@inv.define
def _inverse(x: Tensor) -> Tensor:
    check_square(x)
    return solve(x, eye(shape(x)[-1], dtype=dtype(x)))


@det.define
def _determinant(x: Tensor) -> Tensor:
    check_square(x)
    kind = dtype(x)
    if x.shape[-1] == 0:
        return prod(sum(x, axis=-1), axis=-1)
    lu, pivots = lu_factor(cast(x, at_least_float32(kind)))
    is_exchanged = not_equal(pivots, arange(shape(pivots)[-1], dtype="int32"))
    signs = cast(where(is_exchanged, -1, 1), dtype(lu))
    return cast(prod(multiply(diagonal(lu, axis1=-2, axis2=-1), signs), axis=-1), kind)


@cholesky.define
def _cholesky(x: Tensor, upper: bool = False) -> Tensor:
    """Golub & Van Loan (2013), Matrix Computations, section 4.2.5."""
    check_square(x)
    kind = dtype(x)
    if x.shape[-1] == 0:
        return x
    x = cast(x, at_least_float32(kind))
    lower = tril(x, -1)
    whole = add(tril(x), adjoint(lower))
    place = arange(shape(x)[-1], dtype="int32")

    def eliminate(rest: Tensor, i: Tensor) -> tuple[Tensor, Tensor]:
        """Find column i of the factor, and take its product with itself from what is left to factor."""
        column = take(rest, i, axis=-1)
        pivot = sqrt(real(take(column, i, axis=-1)))
        column = divide(column, expand_dims(cast(pivot, dtype(rest)), -1))
        column = where(greater_equal(place, i), column, zeros_like(column))
        row = conj(column) if is_complex_dtype(kind) else column
        return subtract(rest, multiply(expand_dims(column, -1), expand_dims(row, -2))), column

    _, columns = scan(eliminate, whole, place)
    factor = cast(moveaxis(columns, 0, -1), kind)
    return adjoint(factor) if upper else factor
