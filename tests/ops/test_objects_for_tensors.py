"""Objects in place of tensors: `__kcore_value__` gives what one stands for, `__kcore_op__` answers an op itself."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import TensorSpec
from kcore_ops.engine.op import op_of
from kcore_ops.specs.operators import install_operators


class Scaled:
    """A tensor times a number, multiplied out when an op wants its value."""

    def __init__(self, tensor, factor):
        self.tensor, self.factor = tensor, factor
        self.shape, self.dtype = tensor.shape, tensor.dtype
        self.num_reads = 0

    def __kcore_value__(self):
        self.num_reads += 1
        return self.tensor * self.factor


class Int8Matrix(Scaled):
    """Integers and a scale, which a product from the right is taken of before it is scaled."""

    def __kcore_op__(self, op, args):
        if op is ops.matmul and args[1] is self:
            return ops.matmul(args[0], ops.cast(self.tensor, "float32")) * self.factor
        if op is ops.einsum and args[1][-1] is self:
            return ops.einsum(args[0], args[1][0], ops.cast(self.tensor, "float32")) * self.factor
        return NotImplemented

    def __kcore_value__(self):
        self.num_reads += 1
        return ops.cast(self.tensor, "float32") * self.factor


@pytest.fixture
def x(backend):
    return ops.convert_to_tensor(np.arange(6, dtype="float32").reshape(2, 3))


def test_an_object_with_a_value_is_taken_for_it_by_every_kind_of_op(backend, x):
    twice = Scaled(x, 2.0)
    for found, expected in (
        (ops.exp(twice), np.exp(2 * np.arange(6.0).reshape(2, 3))),
        (ops.add(x, twice), 3 * np.arange(6.0).reshape(2, 3)),
        (ops.sum(twice, axis=0), [6, 10, 14]),
        (ops.logsumexp(ops.multiply(twice, 0.0)), np.log(6)),
        (ops.stack([x, twice])[1], 2 * np.arange(6.0).reshape(2, 3)),
        (ops.einsum("ij,ij->i", twice, x), [10, 100]),
        (ops.where(ops.greater(twice, 5.0), twice, 0.0), [[0, 0, 0], [6, 8, 10]]),
    ):
        assert isinstance(found, backend.tensor_types)
        np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-5)
    assert ops.dtype(twice) == "float32" and ops.shape(twice) == (2, 3)
    np.testing.assert_array_equal(ops.convert_to_numpy(twice), 2 * np.arange(6.0).reshape(2, 3))


def test_the_value_is_asked_for_in_each_call_and_is_that_of_the_object_passed(backend, x):
    first, second = Scaled(x, 2.0), Scaled(x, 3.0)
    assert [float(ops.sum(each)) for each in (first, second, first)] == [30.0, 45.0, 30.0]
    assert (first.num_reads, second.num_reads) == (2, 1)
    first.factor = 0.0
    assert float(ops.sum(first)) == 0.0


def test_an_object_may_answer_an_op_itself_and_leave_others_to_its_value(backend, x):
    weight = Int8Matrix(ops.convert_to_tensor(np.arange(6, dtype="int8").reshape(3, 2)), 0.5)
    expected = np.arange(6.0).reshape(2, 3) @ np.arange(6.0).reshape(3, 2) / 2
    for _ in range(2):  # the second time by a plan
        np.testing.assert_allclose(ops.convert_to_numpy(ops.matmul(x, weight)), expected)
        np.testing.assert_allclose(ops.convert_to_numpy(ops.einsum("ij,jk->ik", x, weight)), expected)
        assert weight.num_reads == 0
    np.testing.assert_allclose(ops.convert_to_numpy(ops.transpose(weight))[1], [0.5, 1.5, 2.5])
    assert weight.num_reads == 1


def test_an_object_answers_for_specs_too(backend):
    weight = Int8Matrix(ops.convert_to_tensor(np.zeros((3, 2), "int8")), 0.5)
    assert ops.matmul(TensorSpec((None, 3)), weight).shape == (None, 2)
    assert weight.num_reads == 0


def test_a_call_of_tensors_alone_asks_no_object(backend, x):
    plans = op_of(ops.exp).plans
    ops.exp(Scaled(x, 2.0))
    ops.exp(x)
    assert Scaled in plans or op_of(ops.exp).temporary_plans
    assert type(x) in plans


def test_a_class_gets_the_operators_and_numbers_that_it_lacks(backend, x):
    class Plain:
        def __init__(self, tensor):
            self.tensor = tensor

        def __kcore_value__(self):
            return self.tensor

        def __sub__(self, other):
            return "its own"

    install_operators(Plain, item=lambda each: backend.item(each.tensor))
    for found, expected in (
        (Plain(x) + 1.0, np.arange(1.0, 7.0).reshape(2, 3)),
        (2.0 * Plain(x), 2 * np.arange(6.0).reshape(2, 3)),
        (abs(-Plain(x)), np.arange(6.0).reshape(2, 3)),
        (Plain(x)[1], [3, 4, 5]),
        (Plain(x) @ ops.transpose(x), [[5, 14], [14, 50]]),
    ):
        np.testing.assert_allclose(ops.convert_to_numpy(found), expected)
    assert Plain(x) - 1 == "its own"
    three = Plain(ops.convert_to_tensor(np.int32(3)))
    assert (int(three), float(three), bool(three), "abcd"[three]) == (3, 3.0, True, "d")
    assert type(backend.item(three.tensor)) is int


def test_without_item_a_class_is_no_number():
    class Plain:
        pass

    install_operators(Plain)
    with pytest.raises(TypeError, match="int"):
        int(Plain())
