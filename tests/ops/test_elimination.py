"""Definitions of linear algebra: what a backend does without functions of its own for it."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.conformance.case import all_cases
from kcore_ops.conformance.trials import TRIALS, try_inputs
from kcore_ops.engine.op import all_ops, op_of

NAMES = ["cholesky", "det", "inv", "lu_factor", "solve", "solve_triangular"]


@pytest.fixture
def without_natives(backend, monkeypatch):
    """Take the functions of its own away from the backend for the length of a test."""
    for name in NAMES:
        monkeypatch.delitem(backend.ops, name, raising=False)
        all_ops()[name].forget_plans()
    yield backend
    for name in NAMES:
        all_ops()[name].forget_plans()


@pytest.mark.parametrize("trial", ["value_dtype_and_spec", "errors", "compiled", "gradient"])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "lu_factor"])
def test_definitions_do_what_the_suite_asks_of_natives(without_natives, request, name, trial):
    backend, effort = without_natives, 0.1 * request.config.getoption("--kcore-effort")
    for case in all_cases()[name]:
        if TRIALS[trial].is_for(backend, case):
            try_inputs(TRIALS[trial], backend, case, effort)


@pytest.mark.needs("float64")
def test_pivots_are_the_largest_of_their_columns(without_natives):
    backend = without_natives
    x = np.array([[1e-20, 1.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0]])
    b = np.array([1.0, 2.0, 3.0])
    solution = ops.convert_to_numpy(ops.solve(backend.to_tensor(x, None), backend.to_tensor(b, None)))
    np.testing.assert_allclose(solution, np.linalg.solve(x, b), 1e-12, 1e-12)
    np.testing.assert_allclose(ops.convert_to_numpy(ops.det(backend.to_tensor(x, None))), np.linalg.det(x), 1e-12)
    np.testing.assert_allclose(ops.convert_to_numpy(ops.inv(backend.to_tensor(x, None))), np.linalg.inv(x), 1e-12)


@pytest.mark.parametrize("name", ["inv", "cholesky", "det"])
def test_matrices_without_elements_have_results(without_natives, name):
    x = without_natives.to_tensor(np.zeros((2, 0, 0), "float32"), None)
    result = ops.convert_to_numpy(getattr(ops, name)(x))
    np.testing.assert_array_equal(result, np.ones(2, "float32") if name == "det" else np.zeros((2, 0, 0), "float32"))


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
def test_a_singular_matrix_gives_numbers_that_are_not_finite_and_leaves_the_batch_alone(without_natives, function):
    singular, good = [[1.0, 2.0], [2.0, 4.0]], [[5.0, 2.5], [2.5, 7.0]]
    batch = without_natives.to_tensor(np.array([singular, good], "float32"), None)
    with np.errstate(all="ignore"):
        result = ops.convert_to_numpy(function(batch))
    (alone,) = ops.convert_to_numpy(function(without_natives.to_tensor(np.array([good], "float32"), None)))
    assert not np.isfinite(result[0]).all()
    np.testing.assert_allclose(result[1], alone, 1e-5)
    assert np.isfinite(alone).all()


def test_a_singular_matrix_has_determinant_zero(without_natives):
    x = without_natives.to_tensor(np.array([[1.0, 2.0], [2.0, 4.0]], "float32"), None)
    assert ops.convert_to_numpy(ops.det(x)) == 0


def test_the_definitions_are_found_wherever_the_primitives_are():
    assert all(op_of(name).definition is not None for name in NAMES)
