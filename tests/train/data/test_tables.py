"""Frames of pandas and sparse matrices of SciPy as data."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from kcore_ops.foundation.errors import DTypeError
from kcore_train.data import adapter, train_validation_split

FRACTIONS, NUMBERS, CLAIMS = [1.5, 2.5, 3.5], [1, 2, 3], [True, False, True]


def batch_of(data: Any) -> np.ndarray[Any, Any]:
    ((x,),) = adapter(data, shuffle=False).epoch()
    return x


if importlib.util.find_spec("pandas"):
    import pandas as pd

    MIXED: dict[str, tuple[dict[str, Any], str, list[list[float]]]] = {
        "fractions and booleans": ({"a": FRACTIONS, "b": CLAIMS}, "float32", [[1.5, 1], [2.5, 0], [3.5, 1]]),
        "integers and booleans": ({"a": NUMBERS, "b": CLAIMS}, "int64", [[1, 1], [2, 0], [3, 1]]),
        "all three": ({"a": NUMBERS, "b": CLAIMS, "c": FRACTIONS}, "float32", [[1, 1, 1.5], [2, 0, 2.5], [3, 1, 3.5]]),
        "booleans": ({"a": CLAIMS, "b": CLAIMS}, "bool", [[1, 1], [0, 0], [1, 1]]),
        "integers of two sizes": ({"a": np.array(NUMBERS, "int8"), "b": NUMBERS}, "int64", [[1, 1], [2, 2], [3, 3]]),
        "nullable integers": ({"a": pd.array(NUMBERS, dtype="Int64")}, "int64", [[1], [2], [3]]),
        "nullable and fractions": (
            {"a": pd.array(NUMBERS, dtype="Int32"), "b": FRACTIONS, "c": pd.array(CLAIMS, dtype="boolean")},
            "float32",
            [[1, 1.5, 1], [2, 2.5, 0], [3, 3.5, 1]],
        ),
        "missing fractions": ({"a": [1.5, None, 3.5]}, "float32", [[1.5], [np.nan], [3.5]]),
        "sparse fractions": (
            {"a": pd.arrays.SparseArray([0.0, 1.5, 0.0]), "b": CLAIMS}, "float32", [[0, 1], [1.5, 0], [0, 1]]
        ),
    }  # fmt: skip

    @pytest.mark.parametrize("columns", MIXED)
    def test_columns_of_numbers_of_several_kinds_make_one_array(columns):
        data, dtype, expected = MIXED[columns]
        found = batch_of(pd.DataFrame(data))
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, np.array(expected, dtype))

    @pytest.mark.parametrize(("dtype", "expected"), [("Int16", "int16"), ("Float64", "float32"), ("boolean", "bool")])
    def test_a_nullable_series_is_a_column(dtype, expected):
        found = batch_of(pd.Series([1, 0, 1], dtype=dtype))
        assert (found.dtype, found.shape) == (expected, (3, 1))

    REFUSED = {
        "category": (
            {"a": FRACTIONS, "b": pd.Categorical([1, 2, 1])},
            "x has column 'b' of dtype category, not one of numbers",
        ),
        "texts and dates": (
            {"a": list("xyx"), "b": pd.to_datetime(["2020-01-01"] * 3), "c": NUMBERS},
            "x has columns 'a' of dtype .*, 'b' of dtype datetime64.*, not one of numbers",
        ),
        "objects": ({"a": pd.Series([1, "x", 2], dtype="object")}, "x has column 'a' of dtype object, not one of"),
        "missing": (
            {"a": pd.array([1, None, 3], dtype="Int64"), "b": FRACTIONS},
            "x has column 'a' of dtype Int64 with missing values\n  fix: fill them in",
        ),
        "missing booleans": (
            {"a": pd.array([True, None, False], dtype="boolean")},
            "'a' of dtype boolean with missing",
        ),
    }

    @pytest.mark.parametrize("columns", REFUSED)
    def test_columns_that_are_no_numbers_are_named(columns):
        data, message = REFUSED[columns]
        with pytest.raises(DTypeError, match=message):
            adapter(pd.DataFrame(data))


if importlib.util.find_spec("scipy"):
    import scipy.sparse

    @pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "coo_matrix", "coo_array", "lil_matrix"])
    @pytest.mark.parametrize("shuffle", [False, True])
    def test_a_sparse_matrix_gives_dense_batches(kind, shuffle):
        dense = np.arange(15.0).reshape(5, 3) * (np.arange(15).reshape(5, 3) % 2)
        data = adapter(getattr(scipy.sparse, kind)(dense), np.arange(5), batch_size=2, shuffle=shuffle)
        batches = list(data.epoch())
        assert [(x.dtype, x.shape) for x, _ in batches] == [
            ("float32", (2, 3)),
            ("float32", (2, 3)),
            ("float32", (1, 3)),
        ]
        for x, y in batches:
            np.testing.assert_array_equal(x, dense[y])

    def test_a_sparse_matrix_is_split_for_validation():
        dense = np.eye(4)
        training, validation = train_validation_split((scipy.sparse.coo_matrix(dense), np.arange(4)), 0.25)
        for part, rows in ((training, dense[:3]), (validation, dense[3:])):
            np.testing.assert_array_equal(next(adapter(*part, shuffle=False).epoch())[0], rows)

    @pytest.mark.needs("gradient")
    def test_a_model_trains_on_a_sparse_matrix(backend):
        from kcore_layers import Sequential
        from kcore_layers.layers import Dense

        model = Sequential([Dense(1, kernel_initializer="ones", use_bias=False)])
        model.compile("sgd", "mse")
        history = model.fit(scipy.sparse.coo_matrix(np.eye(4)), np.zeros((4, 1)), batch_size=4, verbose=0).history
        assert history["loss"] == [pytest.approx(1.0)]
