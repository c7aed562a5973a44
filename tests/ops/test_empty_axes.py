"""Axes without elements: reading from them is what it is in NumPy, by specs and on every backend."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.specs.spec import TensorSpec

# Shapes of x and of the indices, the axis.
TAKES = [
    (shape, indices, axis)
    for shape, axis in [((0,), 0), ((0,), None), ((2, 0), 1), ((2, 0), -1), ((2, 0), 0), ((0, 0), 1), ((0, 3), 1)]
    for indices in [(0,), (2, 0), (1,), (), (2, 2), "integer"]
]
TAKES_ALONG = [
    ((0,), (0,), 0),
    ((0,), (1,), 0),
    ((2, 0), (2, 1), 1),
    ((2, 0), (2, 0), 1),
    ((0, 2), (0, 1), -1),
    ((0, 2), (1, 2), 0),
    ((2, 0), (0,), None),
    ((2, 0), (1,), None),
    ((0, 0), (1, 1), 1),
    ((0, 3), (1, 1), 1),
]


def _outcome(function):
    try:
        return tuple(function().shape)
    except (ShapeError, IndexError) as error:
        return "no elements" if "no elements to take" in str(error) or isinstance(error, IndexError) else error


@pytest.mark.parametrize(
    ("name", "shape", "indices", "axis"),
    [("take", *case) for case in TAKES] + [("take_along_axis", *case) for case in TAKES_ALONG],
)
def test_reading_of_an_empty_axis_is_an_error_unless_nothing_is_read(backend, name, shape, indices, axis):
    x = np.zeros(shape, "float32")
    places = 0 if indices == "integer" else np.zeros(indices, "int32")
    expected = _outcome(lambda: getattr(np, name)(x, places, axis))
    if indices == "integer":
        there, by_spec = 0, 0
    else:
        there, by_spec = backend.to_tensor(places, None), TensorSpec(indices, "int32")
    op = getattr(ops, name)
    assert _outcome(lambda: op(TensorSpec(shape), by_spec, axis)) == expected
    assert _outcome(lambda: op(backend.to_tensor(x, None), there, axis)) == expected


@pytest.mark.parametrize("shape", [(0, 2), (2, 0), (0, 0), (3, 0, 2), (0, 2, 2), (3, 2, 2)])
@pytest.mark.parametrize("offset", [0, 1, -1, 5])
def test_diagonals_without_elements_are_numpys(backend, shape, offset):
    x = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    for axes in [(0, 1), (-2, -1)]:
        expected = np.diagonal(x, offset, *axes)
        for function in (ops.diagonal, ops.diagonal.op.definition):
            found = ops.convert_to_numpy(function(backend.to_tensor(x, None), offset, *axes))
            np.testing.assert_array_equal(found, expected)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize(("shape", "axis"), [((0, 0), 1), ((0, 3), 1), ((2, 3, 0), 1), ((0, 2, 3), 2), ((2, 0), 1)])
def test_repeating_and_taking_nothing_have_a_gradient_of_nothing(backend, shape, axis):
    x = ops.convert_to_tensor(np.ones(shape, "float32"))
    for function in (
        lambda x: ops.sum(ops.repeat(x, [2] * shape[axis] or [2], axis=axis)),
        lambda x: ops.sum(ops.take(x, ops.convert_to_tensor(np.zeros(0, "int32")), axis=axis)),
    ):
        assert tuple(ops.grad(function)(x).shape) == shape
