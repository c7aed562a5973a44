"""Regularizers, against the same sums in NumPy."""

from __future__ import annotations

import json

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.options import regularizers
from kcore_ops.foundation.errors import ArgumentError, ShapeError

W = np.array([[1.0, -2.0], [3.0, 4.0], [0.0, 0.5]], "float32")


def penalty(regularizer, w=W):
    return float(ops.convert_to_numpy(regularizer(ops.convert_to_tensor(w))))


def mean_cosine(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = np.abs(unit @ unit.T)[np.triu_indices(len(unit), 1)]
    return pairs.mean()


def test_l1_and_l2_are_sums_of_absolute_values_and_squares(backend):
    absolute, squares = np.abs(W).sum(), np.square(W).sum()
    assert penalty(regularizers.L1(0.1)) == pytest.approx(0.1 * absolute, rel=1e-6)
    assert penalty(regularizers.L2(0.1)) == pytest.approx(0.1 * squares, rel=1e-6)
    assert penalty(regularizers.L1L2(0.1, 0.2)) == pytest.approx(0.1 * absolute + 0.2 * squares, rel=1e-6)


def test_the_orthogonal_penalty_is_the_mean_cosine_of_pairs(backend):
    assert penalty(regularizers.OrthogonalRegularizer(0.1)) == pytest.approx(0.1 * mean_cosine(W), rel=1e-5)
    columns = regularizers.OrthogonalRegularizer(0.1, mode="columns")
    assert penalty(columns) == pytest.approx(0.1 * mean_cosine(W.T), rel=1e-5)
    assert penalty(columns, np.eye(3, dtype="float32")) == pytest.approx(0.0, abs=1e-6)
    assert penalty(columns, np.ones((3, 1), "float32")) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("name", ["l1", "l2", "l1_l2", "orthogonal_regularizer"])
def test_a_penalty_is_a_scalar_of_the_weights_dtype(backend, name):
    for dtype in ("float16", "float32"):
        result = regularizers.get(name)(ops.convert_to_tensor(W, dtype=dtype))
        assert ops.dtype(result) == dtype
        assert ops.shape(result) == ()


def test_a_variable_can_be_penalized(backend):
    assert float(ops.convert_to_numpy(regularizers.L2(0.5)(ops.Variable(W)))) == pytest.approx(15.125)


@pytest.mark.needs("gradient")
def test_the_gradient_of_l2_is_twice_the_weight(backend):
    gradient = ops.grad(regularizers.L2(0.5))(ops.convert_to_tensor(W))
    np.testing.assert_allclose(ops.convert_to_numpy(gradient), W, rtol=1e-6)


def test_none_is_the_default_factor():
    assert regularizers.L1(None).l1 == 0.01
    assert regularizers.L2(None).l2 == 0.01
    assert regularizers.L1L2(None, None).get_config() == {"l1": 0.0, "l2": 0.0}


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), "a"])
def test_a_factor_that_is_no_number_from_zero_is_refused(value):
    with pytest.raises(ArgumentError, match=f"l2 can not be {value!r}\n  fix: use a finite number from 0"):
        regularizers.L2(value)


def test_a_mode_or_a_weight_that_has_no_rows_and_columns_is_refused(backend):
    with pytest.raises(ArgumentError, match="mode can not be 'x'\n  fix: use 'rows' or 'columns'"):
        regularizers.OrthogonalRegularizer(mode="x")
    with pytest.raises(ShapeError, match=r"in OrthogonalRegularizer\n  the weight has shape \(2,\)"):
        regularizers.OrthogonalRegularizer()(ops.ones((2,)))


@pytest.mark.parametrize(
    "made",
    [
        regularizers.L1(0.3),
        regularizers.L2(0.3),
        regularizers.L1L2(0.3, 0.4),
        regularizers.OrthogonalRegularizer(0.3, "columns"),
    ],
    ids=lambda made: type(made).__name__,
)
def test_every_regularizer_comes_back_from_json(made):
    data = json.loads(json.dumps(regularizers.serialize(made)))
    assert (data["module"], data["class_name"]) == ("keras.regularizers", type(made).__name__)
    loaded = regularizers.deserialize(data)
    assert type(loaded) is type(made)
    assert loaded.get_config() == made.get_config()


@pytest.mark.parametrize("name", ["l1l2", "l1_l2", "L1L2"])
def test_each_spelling_of_a_name_is_taken(name):
    assert type(regularizers.get(name)) is regularizers.L1L2


def test_a_function_is_a_regularizer():
    assert regularizers.get(ops.sum) is ops.sum
    assert regularizers.get(None) is None


def test_a_subclass_without_a_config_says_what_to_define():
    with pytest.raises(NotImplementedError, match=r"Regularizer has no get_config\(\): define it"):
        regularizers.Regularizer().get_config()
