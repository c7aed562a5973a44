"""Constraints: what holds of the weights they give."""

from __future__ import annotations

import json

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.options import constraints
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError

# The same whatever computes; where each op is compiled anew it takes minutes.
pytestmark = pytest.mark.only("numpy", "torch")

W = np.array([[1.0, -2.0, 0.01], [3.0, 4.0, 0.0], [0.0, 0.5, 0.02]], "float32")
MADE = [
    constraints.MaxNorm(1.5, axis=1),
    constraints.NonNeg(),
    constraints.UnitNorm(axis=1),
    constraints.MinMaxNorm(0.5, 1.5, rate=0.5, axis=1),
]


def constrained(constraint, w=W):
    return ops.convert_to_numpy(constraint(ops.convert_to_tensor(w)))


def norms(w, axis):
    return np.sqrt(np.square(w).sum(axis=axis, keepdims=True))


@pytest.mark.parametrize("axis", [0, 1, -1, [0, 1], (0, 1)])
def test_long_vectors_are_shortened_and_short_ones_kept(backend, axis):
    axes = tuple(axis) if isinstance(axis, list) else axis
    before = norms(W, axes)
    expected = W * np.minimum(before, 1.5) / before
    np.testing.assert_allclose(constrained(constraints.MaxNorm(1.5, axis)), expected, rtol=2e-5)


@pytest.mark.parametrize("axis", [0, 1, [0, 1]])
def test_vectors_get_a_norm_of_one(backend, axis):
    axes = tuple(axis) if isinstance(axis, list) else axis
    np.testing.assert_allclose(constrained(constraints.UnitNorm(axis)), W / norms(W, axes), rtol=2e-5)


@pytest.mark.parametrize("rate", [0.0, 0.25, 1.0])
def test_norms_go_a_fraction_of_the_way_into_their_bounds(backend, rate):
    before = norms(W, 0)
    wanted = before + rate * (np.clip(before, 0.5, 2.0) - before)
    result = constrained(constraints.MinMaxNorm(0.5, 2.0, rate))
    np.testing.assert_allclose(norms(result, 0), wanted, rtol=2e-5)
    np.testing.assert_allclose(result * before, W * wanted, rtol=2e-5)


def test_negative_elements_become_zero_and_nothing_else_changes(backend):
    assert (constrained(constraints.NonNeg()) == np.maximum(W, 0)).all()
    assert np.isnan(constrained(constraints.NonNeg(), np.array([np.nan], "float32"))).all()


@pytest.mark.parametrize("constraint", MADE, ids=lambda made: type(made).__name__)
def test_vectors_of_zeros_stay_and_dtypes_too(backend, constraint):
    for dtype in ("float16", "float32"):
        result = constraint(ops.zeros((2, 2), dtype=dtype))
        assert ops.dtype(result) == dtype
        assert (ops.convert_to_numpy(result) == 0).all()


@pytest.mark.parametrize("constraint", MADE, ids=lambda made: type(made).__name__)
def test_constrained_weights_stay_as_they_are(backend, constraint):
    once = constrained(constraint)
    if getattr(constraint, "rate", 1.0) == 1.0:
        np.testing.assert_allclose(constrained(constraint, once), once, rtol=1e-6)


def test_a_weight_within_its_bound_does_not_change_by_a_bit(backend):
    assert (constrained(constraints.MaxNorm(100.0)) == W).all()


@pytest.mark.parametrize("constraint", MADE, ids=lambda made: type(made).__name__)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_arrays_and_lists_are_constrained_as_tensors_are(backend, constraint, dtype):
    w = np.array([[3.0, -0.5], [0.25, 1.0]], dtype)
    expected = constraint(ops.convert_to_tensor(w))
    result = constraint(w)
    assert ops.is_tensor(result)
    assert ops.dtype(result) == ops.dtype(expected) == dtype
    np.testing.assert_array_equal(ops.convert_to_numpy(result), ops.convert_to_numpy(expected))
    listed = constraint(w.tolist())
    assert ops.dtype(listed) == "float32"
    np.testing.assert_allclose(ops.convert_to_numpy(listed), ops.convert_to_numpy(expected), rtol=2e-3)


@pytest.mark.parametrize("w", [[[3, -4]], np.array([[3, -4]])], ids=["list", "array"])
def test_integers_are_constrained_as_floats(backend, w):
    for constraint, expected in ((constraints.MinMaxNorm(1, 2, 0.5), [[2.5, -3]]), (constraints.MaxNorm(2), [[2, -2]])):
        result = constraint(w)
        assert ops.dtype(result) == "float32"
        np.testing.assert_allclose(ops.convert_to_numpy(result), expected)
    np.testing.assert_array_equal(ops.convert_to_numpy(constraints.NonNeg()(w)), [[3, 0]])


@pytest.mark.parametrize("cls", [constraints.MaxNorm, constraints.UnitNorm, constraints.MinMaxNorm])
def test_axes_may_be_all_or_numpys_integers_and_nothing_else(backend, cls):
    w = np.array([[6.0, 8.0]], "float32")
    for axis in (None, (np.int64(0), 1)):
        made = cls(axis=axis)
        assert constraints.deserialize(json.loads(json.dumps(constraints.serialize(made)))).axis == made.axis
        length = np.linalg.norm(ops.convert_to_numpy(made(w)))
        np.testing.assert_allclose(length, 2 if cls is constraints.MaxNorm else 1, rtol=1e-5)
    for axis in ("a", 1.5, {"axis": 0}, True, [1.0]):
        with pytest.raises(ArgumentTypeError, match="axis can not be .*\n  fix: pass an integer"):
            cls(axis=axis)


def test_norms_beyond_the_range_of_half_precision_are_bounded(backend):
    w = ops.convert_to_tensor(np.full((4, 1), 300.0), dtype="float16")
    assert ops.convert_to_numpy(constraints.MaxNorm(2.0)(w)).tolist() == [[1.0]] * 4


@pytest.mark.parametrize("constraint", MADE, ids=lambda made: type(made).__name__)
def test_a_variable_can_be_constrained(backend, constraint):
    result = ops.convert_to_numpy(constraint(ops.Variable(W)))
    np.testing.assert_allclose(result, constrained(constraint), rtol=1e-6)


@pytest.mark.parametrize("constraint", MADE, ids=lambda made: type(made).__name__)
def test_every_constraint_comes_back_from_json(constraint):
    data = json.loads(json.dumps(constraints.serialize(constraint)))
    assert (data["module"], data["class_name"]) == ("keras.constraints", type(constraint).__name__)
    loaded = constraints.deserialize(data)
    assert type(loaded) is type(constraint)
    assert loaded.get_config() == constraint.get_config()


@pytest.mark.parametrize(
    "name, cls",
    [
        ("max_norm", constraints.MaxNorm),
        ("non_neg", constraints.NonNeg),
        ("unit_norm", constraints.UnitNorm),
        ("min_max_norm", constraints.MinMaxNorm),
        ("MaxNorm", constraints.MaxNorm),
    ],
)
def test_each_spelling_of_a_name_is_taken(name, cls):
    assert type(constraints.get(name)) is cls


def test_a_function_is_a_constraint():
    assert constraints.get(ops.abs) is ops.abs
    assert constraints.get(None) is None
    assert constraints.Constraint()(W) is W


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: constraints.MaxNorm(-1), "max_value can not be -1\n  fix: use a number from 0"),
        (lambda: constraints.MaxNorm("a"), "max_value can not be 'a'"),
        (lambda: constraints.MinMaxNorm(2, 1), "min_value=2 is above max_value=1\n  fix: swap them"),
        (lambda: constraints.MinMaxNorm(rate=3), "rate can not be 3\n  fix: use a fraction, from 0 to 1"),
        (lambda: constraints.get("max_nrom"), "no constraint named 'max_nrom'\n  fix: did you mean 'max_norm'?"),
    ],
)
def test_bad_arguments_are_answered_with_good_ones(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
