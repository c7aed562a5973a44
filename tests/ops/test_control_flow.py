"""Branches and loops, run at once and compiled."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import TensorSpec
from kcore_ops.errors import ShapeError

numpy = ops.convert_to_numpy


def tensor(*numbers, dtype="float32"):
    return ops.convert_to_tensor(np.array(numbers, dtype))


@pytest.fixture(params=["at once", "compiled"])
def run(request, backend):
    """Call a function on tensors, as it is or compiled."""
    return (lambda f, *args: f(*args)) if request.param == "at once" else (lambda f, *args: ops.jit(f)(*args))


def test_cond_takes_the_branch(run):
    f = lambda x: ops.cond(x[0] > 0.0, lambda: x * 2.0, lambda: x - 1.0)  # noqa: E731
    np.testing.assert_array_equal(numpy(run(f, tensor(1, 2))), [2, 4])
    np.testing.assert_array_equal(numpy(run(f, tensor(-1, 2))), [-2, 1])


def test_while_loop_with_a_limit(run):
    def f(x):
        first = (ops.cast(x[0], "int32"), x)
        return ops.while_loop(lambda i, x: i < 10, lambda i, x: (i + 1, x * 2.0), first, maximum_iterations=3)

    i, x = run(f, tensor(0, 1))
    assert int(i) == 3
    np.testing.assert_array_equal(numpy(x), [0, 8])


def test_fori_loop_adds_up(run):
    total = run(lambda x: ops.fori_loop(0, 4, lambda i, v: v + ops.cast(i, "float32"), x), tensor(1, 2))
    np.testing.assert_array_equal(numpy(total), [7, 8])


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_is_a_loop_over_slices(run, reverse):
    xs = {"a": tensor(1, 2, 3), "b": tensor(10, 20, 30)}

    def f(carry, x):
        carry = carry + x["a"]
        return carry, (carry, x["b"] * 2.0)

    last, (sums, doubled) = run(
        lambda a, b: ops.scan(f, ops.sum(a) * 0.0, {"a": a, "b": b}, reverse=reverse), *xs.values()
    )
    a = np.array([1, 2, 3])
    expected = np.cumsum(a[::-1])[::-1] if reverse else np.cumsum(a)
    assert float(last) == 6.0
    np.testing.assert_array_equal(numpy(sums), expected)
    np.testing.assert_array_equal(numpy(doubled), [20, 40, 60])


def test_scan_of_nothing_and_by_length(backend):
    last, ys = ops.scan(lambda c, x: (c + x, c), tensor(1.0)[0], ops.zeros((0,)))
    assert float(last) == 1.0
    assert tuple(ys.shape) == (0,)
    last, ys = ops.scan(lambda c, _: (c * 2.0, c), tensor(1.0)[0], length=3)
    assert float(last) == 8.0
    np.testing.assert_array_equal(numpy(ys), [1, 2, 4])


@pytest.mark.needs("gradient")
def test_gradients_flow_through_scan(backend):

    def f(x):
        return ops.scan(lambda c, row: (c * row, c), ops.sum(x) * 0.0 + 1.0, x)[0]

    np.testing.assert_allclose(numpy(ops.grad(f)(tensor(2, 3, 4))), [12, 8, 6])
    np.testing.assert_allclose(numpy(ops.jit(ops.grad(f))(tensor(2, 3, 4))), [12, 8, 6])


def test_map_maps(run):
    np.testing.assert_array_equal(numpy(run(lambda x: ops.map(lambda v: v * v, x), tensor(1, 2, 3))), [1, 4, 9])


def test_specs_of_loops():
    carry, ys = ops.scan(lambda c, x: (c, x[0] + c), TensorSpec(()), TensorSpec((None, 3)))
    assert (carry.shape, ys.shape) == ((), (None,))
    assert ops.cond(TensorSpec((), "bool"), lambda: TensorSpec((2,)), lambda: TensorSpec((2,))).shape == (2,)


def test_branches_that_differ_are_refused():
    with pytest.raises(
        ShapeError, match=r"in cond\n  what the branches return differ: float32 \(2,\) and float32 \(3,\)"
    ):
        ops.cond(TensorSpec((), "bool"), lambda: TensorSpec((2,)), lambda: TensorSpec((3,)))


def test_a_carry_that_changes_is_refused():
    with pytest.raises(ShapeError, match=r"init and the carry that f returns differ"):
        ops.scan(lambda c, x: (TensorSpec((4,)), x), TensorSpec((3,)), TensorSpec((2, 3)))


def test_scan_names_sizes_that_differ(backend):
    with pytest.raises(ShapeError, match="the leading sizes of xs, or length, differ: 2 and 3"):
        ops.scan(lambda c, x: (c, c), tensor(1.0), (tensor(1, 2), tensor(1, 2, 3)))
