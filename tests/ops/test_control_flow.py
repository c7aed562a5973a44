"""Branches and loops, run at once and compiled."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import TensorSpec
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError

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


def compose(first, second):
    """Compose two maps x -> a x + b, each a pair: associative, and not commutative."""
    return {"a": first["a"] * second["a"], "b": second["a"] * first["b"] + second["b"]}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", [1, 2, 5, 8, 11])
def test_associative_scan_is_a_scan(run, size, reverse):
    rng = np.random.default_rng(size)
    a, b = (rng.uniform(-1, 1, (size, 2)).astype("float32") for _ in range(2))

    def both(a, b):
        together = ops.associative_scan(compose, {"a": a, "b": b}, reverse=reverse)
        step = lambda x, ab: (ab[0] * x + ab[1],) * 2  # noqa: E731
        one_by_one = ops.scan(step, ops.zeros((2,)), (a, b), reverse=reverse)[1]
        return together["b"], one_by_one

    together, one_by_one = run(both, ops.convert_to_tensor(a), ops.convert_to_tensor(b))
    np.testing.assert_allclose(numpy(together), numpy(one_by_one), rtol=1e-5, atol=1e-6)


def test_associative_scan_takes_a_logarithmic_number_of_steps(backend):
    calls = []
    ops.associative_scan(lambda a, b: calls.append(1) or a + b, ops.ones((64, 2)))
    assert len(calls) == 2 * 6 - 1


@pytest.mark.parametrize("axis", [0, -1])
def test_associative_scan_of_sizes_that_are_not_known(backend, axis):
    f = lambda x: ops.associative_scan(lambda a, b: a + b, x, axis=axis)  # noqa: E731
    specs = [TensorSpec((None, None))] if "dynamic_shapes" in backend.capabilities else None
    compiled = backend.jit(f, specs=specs)
    for shape in ((1, 1), (6, 3), (0, 2)):
        x = np.arange(np.prod(shape), dtype="float32").reshape(shape)
        np.testing.assert_allclose(numpy(compiled(ops.convert_to_tensor(x))), np.cumsum(x, axis))
    assert f(TensorSpec((None, 3))).shape == (None, 3)


@pytest.mark.parametrize(("index", "expected"), [(-5, 3), (0, 3), (1, -1), (2, 2), (7, 2)])
def test_switch_counts_to_a_branch_and_no_further(run, index, expected):
    branches = [lambda t: t["x"] + t["y"], lambda t: t["x"] - t["y"], lambda t: t["x"] * t["y"]]
    f = lambda i, x, y: ops.switch(i, branches, {"x": x, "y": y})  # noqa: E731
    x, y = tensor(1.0), tensor(2.0)
    np.testing.assert_array_equal(numpy(run(f, ops.convert_to_tensor(np.int32(index)), x, y)), [expected])


def test_switch_needs_no_operands(backend):
    assert ops.switch(1, [lambda: "a", lambda: "b"]) == "b"


@pytest.mark.needs("gradient")
def test_gradients_flow_through_switch_and_associative_scan(backend):
    f = lambda x: ops.switch(1, [lambda x: x, lambda x: ops.sum(x * x)], x)  # noqa: E731
    np.testing.assert_allclose(numpy(ops.grad(f)(tensor(1, 2))), [2, 4])
    g = lambda x: ops.associative_scan(lambda a, b: a * b, x)[-1]  # noqa: E731
    np.testing.assert_allclose(numpy(ops.grad(g)(tensor(2, 3, 4))), [12, 8, 6])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.switch(0, [], 1.0), ArgumentError, "in switch\n  switch has no branches"),
        (
            lambda: ops.switch(np.array([0, 1]), [abs, abs], 1.0),
            ShapeError,
            r"index must be a scalar and has shape \(2,\)",
        ),
        (lambda: ops.switch(1.0, [abs, abs], 1.0), DTypeError, "must be integers and are float"),
        (
            lambda: ops.switch(TensorSpec((), "int32"), [lambda: TensorSpec((2,)), lambda: TensorSpec((3,))]),
            ShapeError,
            r"what branches 0 and 1 return differ: float32 \(2,\) and float32 \(3,\)",
        ),
        (
            lambda: ops.associative_scan(lambda a, b: a, (np.ones(2), np.ones(3))),
            ShapeError,
            "in associative_scan\n  the sizes of elems along axis 0 differ: 2 and 3",
        ),
        (
            lambda: ops.associative_scan(lambda a, b: (a, b), np.ones(3)),
            ShapeError,
            "what f got and what it returned differ in form: 1 and 2 tensors",
        ),
        (lambda: ops.associative_scan(lambda a, b: a, ()), ArgumentError, "elems holds no tensors"),
        (
            lambda: ops.associative_scan(lambda a, b: a, np.ones(2), axis=1),
            ShapeError,
            "axis=1 is out of range",
        ),
    ],
)
def test_wrong_arguments(backend, call, error, message):
    with pytest.raises(error, match=message):
        call()
