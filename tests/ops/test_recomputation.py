"""Functions that are computed again when gradients are taken, and the variables they read and assign."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest

pytestmark = pytest.mark.needs("gradient")


def numpy(x):
    return ops.convert_to_numpy(x)


@pytest.fixture
def cell(backend):
    """A function of a variable that trains, a counter and a draw, and how often it ran."""
    with ops.use_backend(backend.name):
        weight, count = ops.Variable([1.0, 2.0]), ops.Variable(0, dtype="int32", trainable=False)
        seeds = ops.random.SeedGenerator(3)
        runs = []

        def fun(x, scale=1, extra=None):
            runs.append(1)
            count.assign_add(1)
            y = ops.tanh(x * weight) * ops.random.uniform((2,), seed=seeds) * scale
            return {"y": y, "count": count.value, "extra": extra}

        yield fun, weight, count, seeds, runs


def pure(fun, weight, others):
    """The loss as a function of the weight and the input, with what it makes of the rest."""

    def loss(value, x, rest):
        with ops.StatelessScope([(weight, value), *zip(others, rest, strict=True)]) as scope:
            total = ops.sum(ops.square(fun(x, scale=2)["y"]))
        return total, [scope.get_current_value(v) for v in others]

    return loss


def test_gradients_reach_variables_and_state_is_assigned_once(cell, backend):
    fun, weight, count, seeds, runs = cell
    others = [count, seeds.state]
    rest = [v.value for v in others]
    x = ops.convert_to_tensor([0.5, -1.0])
    found = {}
    for name, each in (
        ("plain", fun),
        ("again", ops.checkpoint(fun)),
        ("told", ops.checkpoint(fun, [weight, *others])),
    ):
        take = ops.value_and_grad(pure(each, weight, others), argnums=(0, 1), has_aux=True)
        runs.clear()
        (value, after), grads = take(weight.value, x, rest)
        found[name] = [numpy(leaf) for leaf in (value, *after, *grads)], len(runs)
    for name in ("again", "told"):
        for own, other in zip(found[name][0], found["plain"][0], strict=True):
            np.testing.assert_allclose(own, other, rtol=1e-6)
    assert int(found["again"][0][1]) == 1
    # JAX computes again from what it has traced.
    assert found["told"][1] == (2 if "mutable_state" in backend.capabilities else 1)
    assert int(numpy(count.value)) == 0


def test_calls_outside_of_gradients_assign_too(cell):
    fun, _, count, seeds, _ = cell
    before = numpy(seeds.state.value).copy()
    result = ops.checkpoint(fun)(ops.convert_to_tensor([0.5, -1.0]), extra="kept")
    assert result["extra"] == "kept"
    assert int(numpy(result["count"])) == int(numpy(count.value)) == 1
    assert (numpy(seeds.state.value) != before).any()


def test_gradients_of_gradients_and_maps_go_through(backend):
    with ops.use_backend(backend.name):
        cube = ops.checkpoint(lambda x: x**3)
        assert float(ops.grad(ops.grad(cube))(2.0)) == 12.0
        x = ops.convert_to_tensor([1.0, 2.0])
        np.testing.assert_allclose(numpy(ops.vmap(ops.grad(cube))(x)), [3, 12])
        np.testing.assert_allclose(numpy(ops.jit(ops.vmap(ops.grad(cube)))(x)), [3, 12])


def test_specs_have_specs_for_results(backend):
    spec = ops.checkpoint(lambda x: ops.exp(x) + 1)(ops.KerasTensor((None, 3)))
    assert spec.shape == (None, 3)
