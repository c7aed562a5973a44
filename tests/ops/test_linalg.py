"""Linear algebra: what each decomposition promises, on every backend."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kcore_ops.foundation.errors import ArgumentError, ShapeError


@st.composite
def matrices(draw, square=False, max_size=5):
    batch = draw(st.lists(st.integers(1, 3), max_size=1))
    rows = draw(st.integers(1, max_size))
    columns = rows if square else draw(st.integers(1, max_size))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    return rng.uniform(-1, 1, (*batch, rows, columns))


def numbers(results):
    return [ops.convert_to_numpy(x) for x in results]


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, expected, 1e-9, 1e-9)


def identities(x):
    """As many identity matrices as `x` has matrices, with as many rows as those have columns."""
    n = x.shape[-1]
    return np.broadcast_to(np.eye(n), (*x.shape[:-2], n, n))


def transposed(x):
    return np.swapaxes(x, -2, -1)


@given(matrices(), st.sampled_from(["reduced", "complete"]))
def test_qr_gives_orthonormal_columns_and_a_triangle(backend, x, mode):
    q, r = numbers(ops.qr(backend.to_tensor(x, None), mode))
    assert_close(q @ r, x)
    assert_close(transposed(q) @ q, identities(q))
    assert_close(r, np.triu(r))


@given(matrices(), st.booleans())
def test_svd_takes_a_matrix_apart(backend, x, full_matrices):
    u, s, vh = numbers(ops.svd(backend.to_tensor(x, None), full_matrices))
    k = s.shape[-1]
    assert_close((u[..., :k] * s[..., None, :]) @ vh[..., :k, :], x)
    assert_close(transposed(u) @ u, identities(u))
    assert_close(vh @ transposed(vh), identities(transposed(vh)))
    assert (np.diff(s) <= 0).all()
    assert (s >= 0).all()


@given(matrices(square=True))
def test_eigh_gives_eigenvectors(backend, x):
    x = x + transposed(x)
    values, vectors = numbers(ops.eigh(backend.to_tensor(x, None)))
    assert_close(x @ vectors, vectors * values[..., None, :])
    assert (np.diff(values) >= 0).all()


@given(matrices(square=True), st.booleans())
def test_cholesky_factors_multiply_to_the_matrix(backend, x, upper):
    x = x @ transposed(x) + np.eye(x.shape[-1])
    (factor,) = numbers([ops.cholesky(backend.to_tensor(x, None), upper)])
    assert_close(transposed(factor) @ factor if upper else factor @ transposed(factor), x)
    assert_close(factor, np.triu(factor) if upper else np.tril(factor))


@given(matrices())
def test_pinv_satisfies_penroses_equations(backend, x):
    (inverse,) = numbers([ops.pinv(backend.to_tensor(x, None), 1e-6)])
    assert np.abs(x @ inverse @ x - x).max() < 1e-4
    assert np.abs(inverse @ x @ inverse - inverse).max() < 1e-4 * max(1, np.abs(inverse).max())


@given(matrices(square=True))
def test_slogdet_is_the_logarithm_of_det(backend, x):
    sign, logarithm = numbers(ops.slogdet(backend.to_tensor(x, None)))
    np.testing.assert_allclose(sign * np.exp(logarithm), np.linalg.det(x), 1e-9, 1e-9)


SINGULAR = [[1.0, 2.0], [2.0, 4.0]]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.inv(x),
        lambda x: ops.solve(x, ops.convert_to_tensor([[1.0], [1.0]])),
        lambda x: ops.solve(x, ops.convert_to_tensor([1.0, 1.0])),
        lambda x: ops.cholesky(ops.subtract(x, 2.0)),
        lambda x: ops.solve_triangular(ops.subtract(x, 1.0), ops.convert_to_tensor([[1.0], [1.0]]), lower=True),
    ],
)
def test_a_bad_matrix_gives_numbers_that_are_not_finite_and_leaves_the_batch_alone(backend, function):
    good = [[5.0, 2.5], [2.5, 7.0]]
    batch = backend.to_tensor(np.array([SINGULAR, good, SINGULAR], "float32"), None)
    result = ops.convert_to_numpy(function(batch))
    assert not np.isfinite(result[0]).all()
    assert not np.isfinite(result[2]).all()
    (alone,) = ops.convert_to_numpy(function(backend.to_tensor(np.array([good], "float32"), None)))
    np.testing.assert_allclose(result[1], alone, 1e-5)
    assert np.isfinite(alone).all()


def test_a_singular_matrix_has_determinant_zero(backend):
    x = backend.to_tensor(np.array(SINGULAR, "float32"), None)
    sign, logarithm = numbers(ops.slogdet(x))
    assert sign == 0
    assert logarithm == -np.inf
    assert ops.convert_to_numpy(ops.det(x)) == 0


def test_logdet_of_a_negative_determinant_is_nan(backend):
    assert np.isnan(ops.convert_to_numpy(ops.logdet(backend.to_tensor(np.diag([-1.0, 2.0]), None))))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.cholesky(ops.add(ops.matmul(x, ops.transpose(x)), ops.eye(3, dtype="float64"))),
        lambda x: ops.eigh(ops.add(x, ops.transpose(x)))[0],
        lambda x: ops.svd(x, compute_uv=False),
        lambda x: ops.absolute(ops.qr(x)[1]),
        lambda x: ops.pinv(x),
    ],
    ids=["cholesky", "eigh", "svd", "qr", "pinv"],
)
def test_derivatives_of_decompositions_are_those_of_differences(backend, function):
    if "gradient" not in backend.capabilities:
        pytest.skip("this backend has no gradients")
    rng = np.random.default_rng(0)
    x, weights = np.diag([3.0, 2.0, 1.0]) + rng.uniform(-0.5, 0.5, (3, 3)), rng.uniform(-1, 1, (3, 3))

    def scalar(x):
        result = function(x)
        weight = weights if len(result.shape) == 2 else weights[0]
        return ops.sum(ops.multiply(result, backend.to_tensor(weight, None)))

    def value(x):
        return ops.convert_to_numpy(scalar(backend.to_tensor(x, None)))

    gradient = ops.convert_to_numpy(ops.grad(scalar)(backend.to_tensor(x, None)))
    step = 1e-6
    for i in range(3):
        for j in range(3):
            along = np.zeros((3, 3))
            along[i, j] = step
            assert abs((value(x + along) - value(x - along)) / (2 * step) - gradient[i, j]) < 1e-6


def test_the_gradient_of_normalize_and_cdist_is_finite_at_zero(backend):
    if "gradient" not in backend.capabilities:
        pytest.skip("this backend has no gradients")
    zeros = backend.to_tensor(np.zeros((2, 3), "float32"), None)
    for function in (lambda x: ops.normalize(x), lambda x: ops.normalize(x, order=3), lambda x: ops.cdist(x, x)):
        gradient = ops.grad(lambda x, function=function: ops.sum(function(x)))(zeros)
        assert np.isfinite(ops.convert_to_numpy(gradient)).all()


@pytest.mark.parametrize("name", ["cholesky", "eigh", "inv", "det", "slogdet", "logdet"])
def test_matrices_must_be_square(backend, name):
    with pytest.raises(ShapeError, match="its matrices have 2 rows and 3 columns"):
        getattr(ops, name)(backend.to_tensor(np.ones((2, 3), "float32"), None))
    with pytest.raises(ShapeError, match="which is no matrix"):
        getattr(ops, name)(backend.to_tensor(np.ones(3, "float32"), None))


@pytest.mark.parametrize("name", ["solve", "solve_triangular"])
def test_right_hand_sides_must_be_as_many_as_equations(backend, name):
    a = backend.to_tensor(np.ones((5, 3, 3), "float32"), None)
    with pytest.raises(ShapeError, match="3 equations with 5 right-hand sides"):
        getattr(ops, name)(a, backend.to_tensor(np.ones((5, 3), "float32"), None))


def test_a_right_hand_side_of_two_axes_is_a_matrix(backend):
    rng = np.random.default_rng(0)
    a, b = rng.uniform(-1, 1, (3, 3, 3)) + 5 * np.eye(3), rng.uniform(-1, 1, (3, 3))
    (x,) = numbers([ops.solve(backend.to_tensor(a, None), backend.to_tensor(b, None))])
    assert_close(a @ x, np.broadcast_to(b, (3, 3, 3)))


def test_norms_that_do_not_exist_are_refused(backend):
    x = backend.to_tensor(np.ones((2, 3, 4), "float32"), None)
    with pytest.raises(ShapeError, match="not over 3"):
        ops.norm(x, ord=2)
    with pytest.raises(ArgumentError, match="there is no norm 'fro' of vectors"):
        ops.norm(x, ord="fro", axis=1)
    with pytest.raises(ArgumentError, match="there is no norm 3 of matrices"):
        ops.norm(x, ord=3, axis=(0, 1))
    with pytest.raises(ArgumentError, match="order=0 is not a number of at least 1"):
        ops.normalize(x, order=0)


def test_one_vector_is_solved_for_each_of_a_batch_of_matrices(backend):
    a = np.array([[[2.0]]], "float32")  # where a matrix of one column could be taken for a batch of vectors
    x = ops.convert_to_numpy(ops.solve(ops.convert_to_tensor(a), ops.convert_to_tensor(np.ones(1, "float32"))))
    np.testing.assert_allclose(x, [[0.5]])
