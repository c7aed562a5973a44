"""Cases of eigenvalues, least squares and triangular factors."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import kcore_ops.ops.linalg.eigenvalues
import kcore_ops.ops.linalg.factors
import kcore_ops.ops.linalg.least_squares  # noqa: F401
from kcore_ops.conformance.case import FLOATS, arrays, case, shapes

WITH_COMPLEX = (*FLOATS, "int32", "complex64")

batches = shapes(max_rank=1, min_size=1, max_size=2)


def _square(draw, dtype):
    """Matrices whose eigenvalues lie apart, and which are far from singular."""
    n = draw(st.integers(1, 3))
    x = draw(arrays(dtype, (*draw(batches), n, n), low=-1, high=1))
    return (x + np.diag(3 * np.arange(1, n + 1))).astype(x.dtype)


def _of_eig(results, args):
    """Eigenvalues have no order, and eigenvectors no direction in the complex plane."""
    values, vectors = (np.asarray(x, "complex128") for x in results)
    order = np.argsort(values.real.round(3) + values.imag.round(3) * 1e-4, axis=-1)
    product = (vectors * values[..., None, :]) @ np.linalg.inv(vectors)
    return [np.take_along_axis(values, order, axis=-1), product, np.linalg.norm(vectors, axis=-2)]


@case("eig", np.linalg.eig, dtypes=WITH_COMPLEX, gradient=False, tolerance=16, compare=_of_eig)
def _eig(draw, dtype):
    return [_square(draw, dtype)]


def _np_lstsq(a, b, rcond=None):
    if rcond is None:
        rcond = max(a.shape[-2:]) * 1e-6
    return np.linalg.pinv(a, rcond) @ b


def _tall_or_wide(draw, dtype):
    rows, columns = draw(st.sampled_from([(3, 2), (2, 3), (2, 2), (1, 2)]))
    x = draw(arrays(dtype, (*draw(batches), rows, columns), low=-1, high=1))
    return (x + 3 * np.eye(rows, columns)).astype(x.dtype)


@case("lstsq", _np_lstsq, dtypes=WITH_COMPLEX, tolerance=8)
def _lstsq(draw, dtype):
    a = _tall_or_wide(draw, dtype)
    size = (a.shape[-2],) if draw(st.booleans()) else (*a.shape[:-2], a.shape[-2], 2)
    return a, draw(arrays(dtype, size))


@case("lstsq", _np_lstsq, dtypes=("float32", "float64"), gradient=False, tolerance=8)
def _lstsq_of_few_directions(draw, dtype):
    left, right = draw(arrays(dtype, (3, 1), low=1)), draw(arrays(dtype, (1, 2), low=1))
    return left @ right, draw(arrays(dtype, (3,))), draw(st.sampled_from([1e-3, 1e-2]))


@case("matrix_rank", lambda x: np.sum(_singular(x) > 1e-2, -1), dtypes=WITH_COMPLEX, gradient=False)
def _matrix_rank(draw, dtype):
    x = draw(arrays(dtype, (*draw(batches), 3, 2), low=1))
    x[..., 1] = x[..., 0] if draw(st.booleans()) else -x[..., 0] * np.array([1, -1, 1], x.dtype)
    return [x]


def _singular(x):
    return np.linalg.svd(x, compute_uv=False)


@case(
    "matrix_rank",
    lambda x, tol: np.sum(_singular(x) > (tol[..., None] if tol.ndim else tol), -1),
    dtypes=("float32", "float64"),
    gradient=False,
)
def _matrix_rank_with_tolerance(draw, dtype):
    x = np.stack([np.diag(row) for row in ([8.0, 0.5], [0.25, 0.0])]).astype(dtype)
    return x, draw(st.sampled_from([np.array([1.0, 0.125], dtype), np.array(0.375, dtype)]))


def _np_cholesky_inverse(x, upper):
    factor = np.triu(x).conj().swapaxes(-2, -1) if upper else np.tril(x)
    return np.linalg.inv(factor @ factor.conj().swapaxes(-2, -1))


@case("cholesky_inverse", _np_cholesky_inverse, dtypes=WITH_COMPLEX, tolerance=8)
def _cholesky_inverse(draw, dtype):
    return _square(draw, dtype), draw(st.booleans())


def _np_lu(x):
    if x.ndim > 2:
        return [np.stack(parts) for parts in zip(*map(_np_lu, x), strict=True)]
    x = x.astype(np.result_type(x.dtype, "float64"))
    pivots = []
    for i in range(min(x.shape)):
        pivots.append(i + int(np.argmax((abs(x.real) + abs(x.imag))[i:, i])))
        x[[i, pivots[-1]]] = x[[pivots[-1], i]]
        x[i + 1 :, i] /= x[i, i] if x[i, i] else 1
        x[i + 1 :, i + 1 :] -= np.outer(x[i + 1 :, i], x[i, i + 1 :])
    return x, np.array(pivots, "int32")


@case("lu_factor", _np_lu, dtypes=WITH_COMPLEX, tolerance=8)
def _lu_factor(draw, dtype):
    sizes = draw(st.sampled_from([(3, 3), (2, 3), (3, 2)]))
    x = draw(arrays(dtype, (*draw(batches), *sizes), low=-1, high=1))
    # Pivots are much larger than what stands beside them: none is chosen by rounding errors.
    return [(x + 8 * np.eye(*sizes)[draw(st.permutations(range(sizes[0])))]).astype(x.dtype)]
