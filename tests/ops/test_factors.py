"""Eigenvalues, least squares and triangular factors: what each promises, and what is said of wrong calls."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.linalg.eigenvalues import eig
from kcore_ops.ops.linalg.factors import cholesky_inverse, lu_factor
from kcore_ops.ops.linalg.least_squares import lstsq, matrix_rank


def matrices(*shape):
    return np.random.default_rng(0).normal(size=shape)


def numbers(results):
    return [ops.convert_to_numpy(x) for x in results]


@pytest.mark.needs("float64")
@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (2, 5, 3)])
def test_lu_factor_gives_back_the_matrix_with_its_rows_exchanged(backend, shape):
    x = matrices(*shape)
    lu, pivots = numbers(lu_factor(backend.to_tensor(x, None)))
    k = min(shape[-2:])
    product = (np.tril(lu, -1)[..., :k] + np.eye(shape[-2], k)) @ np.triu(lu)[..., :k, :]
    for matrix, result, exchanges in zip(
        *(a.reshape(-1, *a.shape[len(shape) - 2 :]) for a in (x, product, pivots)), strict=True
    ):
        for i, pivot in enumerate(exchanges):
            matrix[[i, pivot]] = matrix[[pivot, i]]
        np.testing.assert_allclose(result, matrix, 1e-9, 1e-9)
    assert np.abs(np.tril(lu, -1)[..., :k]).max() <= 1


def test_lu_factor_of_a_singular_matrix_has_a_zero_on_its_diagonal(backend):
    lu, pivots = numbers(lu_factor(backend.to_tensor(np.zeros((2, 2), "float32"), None)))
    np.testing.assert_array_equal(lu, np.zeros((2, 2)))
    np.testing.assert_array_equal(pivots, [0, 1])


def test_eig_multiplies_its_vectors(backend):
    x = matrices(2, 4, 4).astype("float32")
    values, vectors = numbers(eig(backend.to_tensor(x, None)))
    assert (values.dtype, vectors.dtype) == ("complex64", "complex64")
    np.testing.assert_allclose(x @ vectors, vectors * values[:, None, :], 1e-4, 1e-4)


def test_lstsq_leaves_what_no_column_reaches(backend):
    a, b = matrices(6, 3).astype("float32"), matrices(6, 2).astype("float32")
    rest = a @ ops.convert_to_numpy(lstsq(backend.to_tensor(a, None), backend.to_tensor(b, None))) - b
    np.testing.assert_allclose(a.T @ rest, 0, atol=1e-4)


def test_cholesky_inverse_undoes_the_product_of_the_factor(backend):
    x = matrices(3, 3).astype("float32")
    x = x @ x.T + np.eye(3, dtype="float32")
    for upper in (False, True):
        factor = ops.cholesky(backend.to_tensor(x, None), upper)
        np.testing.assert_allclose(ops.convert_to_numpy(cholesky_inverse(factor, upper)) @ x, np.eye(3), atol=1e-4)


def test_matrix_rank_counts_independent_columns(backend):
    x = matrices(5, 2).astype("float32")
    assert int(matrix_rank(backend.to_tensor(np.concatenate([x, x], 1), None))) == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (eig, "2 rows and 3 columns"),
        (cholesky_inverse, "2 rows and 3 columns"),
        (lambda x: lu_factor(x[0]), r"x has shape \(3,\), which is no matrix"),
        (lambda x: matrix_rank(x[0]), r"x has shape \(3,\), which is no matrix"),
        (lambda x: lstsq(x, x[0]), "2 equations with 3 right-hand sides"),
        (lambda x: lstsq(x, x[0, 0]), "b is a scalar"),
    ],
)
def test_a_wrong_call_is_told_what_was_wrong(backend, call, message):
    with pytest.raises(ShapeError, match=message):
        call(backend.to_tensor(matrices(2, 3).astype("float32"), None))
