"""Segments: how many there are where nobody says."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.engine.op import op_of
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError

DATA, IDS = np.array([1.0, 2.0, 4.0], "float32"), np.array([0, 0, 2], "int32")
SEGMENTS = {
    ops.segment_sum: [3.0, 0.0, 4.0],
    ops.segment_prod: [2.0, 1.0, 4.0],
    ops.segment_max: [2.0, -np.inf, 4.0],
    ops.segment_min: [1.0, np.inf, 4.0],
}
each = pytest.mark.parametrize("reduce", SEGMENTS, ids=lambda reduce: reduce.__name__)


@each
def test_there_are_as_many_segments_as_the_largest_number_asks_for(backend, reduce):
    data = ops.convert_to_tensor(DATA)
    for ids in (IDS, ops.convert_to_tensor(IDS), IDS.tolist(), ops.Variable(IDS, dtype="int32")):
        assert ops.convert_to_numpy(reduce(data, ids)).tolist() == SEGMENTS[reduce]
    assert ops.convert_to_numpy(reduce(data, IDS, sorted=True)).tolist() == SEGMENTS[reduce]
    assert ops.convert_to_numpy(reduce(data, IDS, np.int64(3))).tolist() == SEGMENTS[reduce]


@each
def test_rows_of_no_segment_make_none(backend, reduce):
    data = ops.convert_to_tensor(np.ones((2, 3), "float32"))
    assert reduce(data, ops.convert_to_tensor([-1, -2])).shape == (0, 3)
    assert reduce(data[:0], ops.convert_to_tensor(np.zeros(0, "uint8"))).shape == (0, 3)
    assert reduce(data, ops.convert_to_tensor(np.array([0, 255], "uint8"))).shape == (256, 3)


@each
def test_specs_of_segments_have_an_unknown_number_of_rows(reduce):
    assert reduce(ops.KerasTensor((None, 4)), ops.KerasTensor((10,), "int32")).shape == (None, 4)
    assert reduce(ops.KerasTensor((10,)), ops.KerasTensor((10,), "int32")).shape == (None,)
    assert reduce(ops.KerasTensor((None, 4)), ops.KerasTensor((10,), "int32"), 5).shape == (5, 4)


def test_a_graph_counts_the_segments_when_it_runs(backend):
    reduced = ops.segment_sum(ops.KerasTensor((None,)), ops.KerasTensor((None,), "int32"))
    op, (*_, count, is_sorted) = reduced.node.op, reduced.node.args
    assert (op, count) == (op_of(ops.segment_sum), None)
    assert ops.convert_to_numpy(op.function(DATA, IDS, count, is_sorted)).tolist() == [3.0, 0.0, 4.0]


@each
@pytest.mark.needs("jit")
def test_segments_are_counted_in_a_compiled_function_where_sizes_may_depend_on_values(backend, reduce):
    args = ops.convert_to_tensor(DATA), ops.convert_to_tensor(IDS)
    if "dynamic_shapes" in backend.capabilities or not _is_traced(backend, args):
        assert ops.convert_to_numpy(ops.jit(reduce)(*args)).tolist() == SEGMENTS[reduce]
        return
    with pytest.raises(ShapeError, match="the size of the result depends on values") as caught:
        ops.jit(reduce)(*args)
    assert "num_segments=" in str(caught.value)


def _is_traced(backend, args) -> bool:
    seen = []
    ops.jit(lambda *args: (seen.append(backend.is_traced(args[1])), args[0])[1])(*args)
    return seen[0]


@pytest.mark.parametrize("count", [-1, 2.5, "3"])
def test_what_is_no_number_of_segments_is_refused(backend, count):
    with pytest.raises(ArgumentError, match="does not say how many rows the result has"):
        ops.segment_max(DATA, IDS, count)
    with pytest.raises(ArgumentError, match="does not say how many rows the result has"):
        ops.segment_max(ops.KerasTensor((3,)), ops.KerasTensor((3,), "int32"), count)


def test_numbers_of_segments_must_be_integers(backend):
    with pytest.raises(DTypeError, match=r"segment_sum\n  indices must be integers and are float32"):
        ops.segment_sum(DATA, np.array([0.0, 0.0, 1.0], "float32"))
