"""What calls leave behind: plans are bounded by the kinds of tensors there are, and hold no class that may go."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import kcore_ops as ops
import numpy as np


def leaves(table):
    return sum(leaves(value) if isinstance(value, dict) else 1 for value in table.values())


def plans_of(*functions):
    found = [function.op for function in functions]
    return sum(leaves(op.plans) + leaves(op.number_plans) + leaves(dict(op.temporary_plans)) for op in found)


def memory_of_kcore():
    """Give the bytes that kcore's own lines hold; frameworks remember what they have compiled."""
    gc.collect()
    ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*kcore_*")])
    return sum(each.size for each in ours.statistics("filename"))


def test_one_plan_serves_lists_of_every_length(backend):
    ones = [ops.convert_to_tensor(np.ones(2, "float32")) for _ in range(20)]
    ops.stack(ones[:3])
    before = plans_of(ops.stack, ops.concatenate)
    ops.concatenate(ones)
    for length in range(1, 20):
        assert ops.stack(ones[:length]).shape[0] == length
    assert plans_of(ops.stack, ops.concatenate) <= before + 1


def test_the_plan_of_a_list_casts_each_item_by_its_own_dtype(backend):
    small, whole = ops.convert_to_tensor(np.ones(2, "float32")), ops.convert_to_tensor(np.arange(2, dtype="int32"))
    array = np.full(2, 3, "float32")
    for items in ([small, whole, array], [array, array, whole, small], [whole, small, array, whole]):
        found = ops.convert_to_numpy(ops.stack(items))
        assert found.dtype == "float32"
        np.testing.assert_array_equal(found, [ops.convert_to_numpy(x) for x in items])


def test_memory_is_flat_over_calls_with_new_lengths_shapes_and_numbers(backend):
    # Where a new shape costs milliseconds, a hundred calls have to do: plans are made alike on all backends.
    is_slow = "jit" in backend.capabilities and {"mutable_state", "dynamic_shapes"} & backend.capabilities != {
        "mutable_state"
    }
    rounds = 4 if is_slow else 350
    one, matrix = ops.convert_to_tensor(np.ones(1, "float32")), ops.convert_to_tensor(np.ones((2, 3), "float32"))

    def calls(start):
        for i in range(start, start + rounds):
            ops.stack([one] * (i % 150 + 1))
            ops.reshape(ops.zeros((i + 1,)), (-1, 1))
            ops.add(one, i)
            ops.multiply(one, i + 0.5)
            ops.sum(matrix, axis=i % 2)
            ops.clip(matrix, -float(i), float(i))
            ops.argsort(ops.cast(matrix, "bfloat16"), axis=-(i % 2))
            ops.pad(one, (i % 7, 1), constant_values=i)
            ops.one_hot(np.zeros(1, "int32"), i + 2)
            ops.full((2,), i)

    calls(0)
    gc.collect()
    tracemalloc.start()
    try:
        calls(rounds)
        before = memory_of_kcore()
        calls(2 * rounds)
        after = memory_of_kcore()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000


def test_a_class_made_in_a_function_is_collected(backend):
    def use():
        class Local(ops.Variable):
            pass

        class Array:
            dtype, shape = np.dtype("float32"), (2,)

            def __array__(self, dtype=None, copy=None):
                return np.ones(2, "float32")

        variable = object.__new__(type("Local", (type(ops.Variable(1.0)),), {}))
        variable.__init__([1.0, 2.0])
        for x in (variable, Array()):
            for _ in range(2):  # the second call has a plan
                ops.exp(x)
                ops.add(x, x)
                ops.add(x, 1.0)
                ops.add(ops.zeros(2), x)
                ops.where(x, x, x)
                ops.stack([x, x])
        assert ops.convert_to_numpy(ops.add(variable, 1.0)).tolist() == [2.0, 3.0]
        return weakref.ref(type(variable)), weakref.ref(Array), weakref.ref(Local)

    references = use()
    gc.collect()
    assert [reference() for reference in references] == [None, None, None]


def test_calls_with_none_or_of_a_class_that_may_go_follow_the_current_backend(backend):
    class Array(np.ndarray):
        pass

    heads = np.ones((1, 2, 1, 2), "float32")
    for function in (lambda: ops.dot_product_attention(heads, heads, heads), lambda: ops.exp(heads.view(Array))):
        expected = ops.convert_to_numpy(function())
        for name in ("numpy", backend.name, "numpy"):
            with ops.use_backend(name) as current:
                found = function()
                assert isinstance(found, current.tensor_types)
            np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-6)
        assert isinstance(function(), backend.tensor_types)
    assert not ops.dot_product_attention.op.temporary_plans
