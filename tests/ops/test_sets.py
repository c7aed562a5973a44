"""Sets, positions and counts, whose results have sizes that depend on values."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.ops.numpy.histograms import bincount, histogram
from kcore_ops.ops.numpy.positions import nonzero, unravel_index
from kcore_ops.ops.numpy.sets import isin, unique
from kcore_ops.ops.numpy.window_functions import hanning, kaiser
from kcore_ops.specs.spec import TensorSpec
from kcore_ops.specs.symbolic import KerasTensor

X = np.array([[3, 0, 1], [0, 3, 3]], "int32")


def array(x):
    return ops.convert_to_numpy(x)


def test_a_condition_alone_gives_the_positions_where_it_holds(backend):
    for result in (ops.where(X > 0), ops.where(X > 0, None, None), nonzero(X)):
        assert isinstance(result, tuple)
        np.testing.assert_array_equal([array(x) for x in result], np.nonzero(X))
        assert {ops.dtype(x) for x in result} == {"int32"}


def test_where_with_one_choice_says_which_is_missing(backend):
    with pytest.raises(ops.ArgumentError, match="x2 is None, and a tensor is needed"):
        ops.where(X > 0, 1)
    with pytest.raises(ops.ArgumentError, match="x1 is None, and a tensor is needed"):
        ops.where(X > 0, None, 1)


def test_sizes_that_depend_on_values_are_unknown_in_specs():
    rows, columns = ops.where(KerasTensor((None, 3), "bool"))
    assert rows.shape == columns.shape == (None,)
    assert unique(KerasTensor((4, 3)), axis=1).shape == (4, None)
    assert bincount(KerasTensor((4, 3), "int32")).shape == (4, None)
    assert unique(TensorSpec((None,)), size=3).shape == (3,)


def test_a_graph_with_unknown_sizes_gives_the_positions_of_what_it_is_called_on(backend):
    dynamic = "dynamic_shapes" in backend.capabilities
    if "jit" not in backend.capabilities or not dynamic:
        function = lambda x: nonzero(x)[0] * 2  # noqa: E731
    else:
        function = backend.jit(lambda x: nonzero(x)[0] * 2, specs=[TensorSpec((None,), "int32")])
    for values in ([0, 5, 6], [7], [0, 0]):
        x = ops.convert_to_tensor(np.array(values, "int32"))
        np.testing.assert_array_equal(array(function(x)), np.nonzero(values)[0] * 2)


@pytest.mark.needs("jit")
def test_compiled_for_fixed_sizes_the_error_says_what_to_do_and_else_the_result_is_right(backend):
    x = ops.convert_to_tensor(np.array([1, 0, 2, 2], "int32"))
    for function, fix, wanted in (
        (lambda x: nonzero(x)[0], "size=", [0, 2, 3]),
        (unique, "size=", [0, 1, 2]),
        (bincount, "segment_sum", [1, 1, 2]),
    ):
        try:
            result = backend.jit(function)(x)
        except ops.ShapeError as error:
            assert "the size of the result depends on values" in str(error)
            assert fix in str(error)
            assert "dynamic_shapes" not in backend.capabilities
        else:
            np.testing.assert_array_equal(array(result), wanted)


@pytest.mark.needs("jit")
def test_unique_of_a_given_size_compiles(backend):
    x = ops.convert_to_tensor(X)
    function = backend.jit(lambda x: unique(x, return_inverse=True, return_counts=True, size=4, fill_value=-1))
    values, inverse, counts = (array(x) for x in function(x))
    np.testing.assert_array_equal(values, [0, 1, 3, -1])
    np.testing.assert_array_equal(values[inverse], X)
    np.testing.assert_array_equal(counts, [2, 1, 3, 0])


def test_what_unique_gives_reconstructs_its_input(backend):
    x = np.random.default_rng(0).integers(0, 3, (20, 2)).astype("float32")
    values, index, inverse, counts = (array(y) for y in unique(x, True, True, True, True, axis=0))
    np.testing.assert_array_equal(values[inverse], x)
    np.testing.assert_array_equal(x[index], values)
    np.testing.assert_array_equal(counts, np.bincount(inverse))
    assert (np.lexsort(values.T[::-1]) == np.arange(len(values))).all()


def test_nan_is_unlike_any_other(backend):
    x = np.array([np.nan, 1.0, np.nan], "float32")
    np.testing.assert_array_equal(array(unique(x)), [1, np.nan, np.nan])
    np.testing.assert_array_equal(array(isin(x, x)), [False, True, False])
    np.testing.assert_array_equal(array(isin(np.array([np.inf], "float32"), x)), [False])


def test_indices_out_of_range_are_at_the_nearest_end(backend):
    rows, columns = unravel_index(np.array([-1, -99, 99], "int32"), (2, 3))
    np.testing.assert_array_equal([array(rows), array(columns)], [[1, 0, 1], [2, 0, 2]])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: nonzero(ops.ones(())), "x is a scalar"),
        (lambda: unravel_index([1], (0, 2)), r"a tensor of shape \(0, 2\) has no elements"),
        (lambda: unique([1], size=-1), "size=-1 is not a number of elements"),
        (lambda: bincount([1], minlength=-1), "minlength=-1"),
        (lambda: bincount([1], sparse=True), "there are no sparse tensors"),
        (lambda: bincount([1, 2], weights=[1.0]), r"weights has shape \(1,\) and x \(2,\)"),
        (lambda: histogram([1.0], bins=0), "bins=0 is not a number of bins"),
        (lambda: histogram([1.0], bins=[2, 1]), "do not ascend"),
        (lambda: histogram([1.0], range=(2, 0)), r"range=\(2, 0\) is not a range"),
        (lambda: hanning(2.5), "x=2.5 is not a number of points"),
        (lambda: kaiser(3, [1.0, 2.0]), r"beta has shape \(2,\)"),
    ],
)
def test_wrong_arguments_are_named(backend, call, message):
    with pytest.raises(ops.KcoreError, match=message):
        call()


def test_numbers_below_zero_are_not_counted(backend):
    np.testing.assert_array_equal(array(bincount([-1, 1, 1, -3])), [0, 2])


def test_a_histogram_leaves_out_what_lies_outside(backend):
    counts, edges = histogram(np.array([0.5, 1.0, 2.0, 2.5, np.nan], "float32"), bins=2, range=(0, 2))
    np.testing.assert_array_equal(array(counts), [1, 2])
    np.testing.assert_array_equal(array(edges), [0, 1, 2])


@pytest.mark.parametrize("points", [0, 1, 2, 7])
def test_a_taper_is_symmetric_and_one_in_its_middle(backend, points):
    window = array(hanning(ops.convert_to_tensor(np.array(points, "int32"))))
    assert window.shape == (points,)
    np.testing.assert_allclose(window, window[::-1], atol=1e-6)
    assert points % 2 == 0 or window[points // 2] == 1


@pytest.mark.needs("vmap")
def test_sets_of_known_size_map_over_a_batch(backend):
    x = ops.convert_to_tensor(X)
    values = ops.vmap(lambda row: unique(row, size=4, fill_value=-1))(x)
    np.testing.assert_array_equal(array(values), [[0, 1, 3, -1], [0, 3, -1, -1]])


@pytest.mark.needs("vmap")
def test_padding_maps_over_a_batch(backend):
    padded = ops.vmap(lambda row: ops.pad(row, (0, 1), constant_values=7))(ops.convert_to_tensor(X))
    np.testing.assert_array_equal(array(padded), np.pad(X, ((0, 0), (0, 1)), constant_values=7))
