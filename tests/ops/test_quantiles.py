"""Quantiles: their properties, levels out of range, and what is said of wrong arguments."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.ops.numpy.nan_reductions import nanargmax, nanargmin
from kcore_ops.ops.numpy.quantiles import nanmedian, nanquantile, percentile, quantile

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::UserWarning")

X = np.array([[3.0, 1.0, 2.0], [9.0, 7.0, 8.0]], "float32")


def array(x):
    return ops.convert_to_numpy(x)


def test_levels_out_of_range_count_as_the_nearer_end(backend):
    np.testing.assert_array_equal(array(quantile(X, [-0.5, 1.5], axis=1)), [[1, 7], [3, 9]])


def test_the_extremes_and_the_median_are_quantiles(backend):
    levels = array(percentile(X, [0, 50, 100]))
    np.testing.assert_array_equal(levels, [array(ops.min(X)), array(ops.median(X)), array(ops.max(X))])


@pytest.mark.needs("float64")
def test_a_level_finds_the_element_it_means_in_float64_too(backend):
    x = ops.convert_to_tensor(np.arange(11.0))
    assert array(quantile(x, 0.3, method="higher")) == 3
    assert array(quantile(x, 0.7, method="lower")) == 7


def test_infinities_beside_one_another_stay_infinite(backend):
    x = np.array([-np.inf, 1.0, np.inf, np.inf], "float32")
    np.testing.assert_array_equal(array(quantile(x, [0.0, 0.9])), [-np.inf, np.inf])


def test_the_quantile_of_nothing_is_nan(backend):
    result = array(quantile(ops.zeros((2, 0)), [0.1, 0.5], axis=1))
    assert result.shape == (2, 2)
    assert np.isnan(result).all()


def test_nan_spoils_its_own_row_only_and_is_passed_over_by_nanquantile(backend):
    x = np.array([[np.nan, 1.0, 3.0], [4.0, 5.0, 6.0], [np.nan] * 3], "float32")
    np.testing.assert_array_equal(array(quantile(x, 0.5, axis=1)), [np.nan, 5, np.nan])
    np.testing.assert_array_equal(array(nanquantile(x, 0.5, axis=1)), [2, 5, np.nan])
    np.testing.assert_array_equal(array(nanmedian(x, axis=0)), [4, 3, 4.5])


def test_an_unknown_method_is_refused_with_those_there_are(backend):
    with pytest.raises(ops.ArgumentError, match="method can not be 'cubic'") as error:
        quantile(X, 0.5, method="cubic")
    assert "'linear', 'lower', 'higher', 'midpoint', 'nearest'" in str(error.value)


def test_the_extreme_that_is_known_is_found_among_nan_even_if_infinite(backend):
    x = np.array([[np.nan, -np.inf], [np.nan, np.nan]], "float32")
    np.testing.assert_array_equal(array(nanargmax(x, axis=1)), [1, -1])
    np.testing.assert_array_equal(array(nanargmin(-x, axis=1)), [1, -1])


@pytest.mark.needs("vmap")
def test_quantiles_map_over_a_batch(backend):
    x = ops.convert_to_tensor(X)
    mapped = ops.vmap(lambda row: quantile(row, [0.25, 0.5]))(x)
    np.testing.assert_allclose(array(mapped), np.quantile(X, [0.25, 0.5], axis=1).T)
