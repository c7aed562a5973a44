"""Variables, stateless scopes and autocasting."""

from __future__ import annotations

import gc
import weakref

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops import StatelessScope, Variable
from kcore_ops.foundation.errors import ArgumentError, DTypeError, KcoreError, MixedBackends, ShapeError
from kcore_ops.state.variable import AutocastScope

numpy = ops.convert_to_numpy


def test_assignments(backend):
    v = Variable([1.0, 2.0], name="w")
    v.assign([3, 4])
    v.assign_add(1.0)
    v.assign_sub([1.0, 0.0])
    np.testing.assert_array_equal(v.numpy(), [3, 5])
    assert (v.dtype, v.shape, v.ndim, v.trainable, v.path) == ("float32", (2,), 1, True, "w")
    assert isinstance(v.value, backend.tensor_types)
    assert repr(v) == "<Variable path=w shape=(2,) dtype=float32 value=[3. 5.]>"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int32", "int64", "int8", "uint8", "bool", "complex64"])
@pytest.mark.parametrize("value", [1, 3.0, 100, True, np.float32(2), [1, 0], "tensor", "another dtype", "variable"])
@pytest.mark.parametrize("change", ["add", "sub"])
def test_sums_and_differences_are_those_of_ops_in_the_variables_dtype(backend, dtype, value, change):
    if backend.canonical_dtype(dtype) != dtype:
        pytest.skip(f"{backend.name} as it is set has no {dtype}")
    first = ops.cast(ops.convert_to_tensor(np.array([1, 0])), dtype)
    v = Variable(first, dtype=dtype)
    if isinstance(value, str):
        one = ops.cast(ops.convert_to_tensor(np.array([1, 1])), "int32" if value == "another dtype" else dtype)
        value = Variable(one) if value == "variable" else one
    compute, assign = (ops.add, v.assign_add) if change == "add" else (ops.subtract, v.assign_sub)
    try:
        computed = compute(first, getattr(value, "value", value))
    except KcoreError as error:  # as of two booleans
        with pytest.raises(type(error)):
            assign(value)
        return
    expected = numpy(ops.cast(ops.cast(computed, dtype), "complex64"))
    returned = assign(value)
    for found in (returned, v.value):
        assert ops.dtype(found) == dtype
        np.testing.assert_array_equal(numpy(ops.cast(found, "complex64")), expected)
    v.assign(first)  # what was returned stays
    np.testing.assert_array_equal(numpy(ops.cast(returned, "complex64")), expected)


@pytest.mark.parametrize("value", [np.ones(3, "float32"), np.ones((2, 2), "float32")])
def test_sums_of_a_wrong_shape_are_refused_and_the_value_stays(backend, value):
    v = Variable([1.0, 2.0], name="w")
    for change in (v.assign_add, v.assign_sub):
        for given in (value, ops.convert_to_tensor(value)):
            with pytest.raises(ShapeError, match="shape"):
                change(given)
    np.testing.assert_array_equal(v.numpy(), [1, 2])


def test_a_wrong_shape_is_refused_and_the_value_stays(backend):
    v = Variable([1.0, 2.0], name="w")
    with pytest.raises(ShapeError, match="can not be assigned to a variable of shape") as caught:
        v.assign([1.0, 2.0, 3.0])
    assert str(caught.value) == (
        'ShapeError in variable "w"\n'
        "  a value of shape (3,) can not be assigned to a variable of shape (2,)\n"
        "  fix: reshape it to (2,)"
    )
    np.testing.assert_array_equal(v.numpy(), [1, 2])


def test_initializers(backend):
    v = Variable(lambda shape, dtype: np.full(shape, 3, dtype), shape=(2, 2), dtype="float16")
    assert v.dtype == "float16"
    np.testing.assert_array_equal(v.numpy(), np.full((2, 2), 3))
    with pytest.raises(ArgumentError, match="needs shape="):
        Variable(lambda shape, dtype: np.ones(shape))
    with pytest.raises(ShapeError, match=r"has shape \(3,\) and shape=\(2,\) was asked for"):
        Variable(lambda shape, dtype: np.ones(3, dtype), shape=(2,))
    with pytest.raises(ShapeError, match="can not have unknown sizes"):
        Variable(lambda shape, dtype: np.ones(3), shape=(None,))


def test_a_variable_takes_part_in_ops_and_operators(backend):
    v, x = Variable([1.0, 2.0]), ops.convert_to_tensor([3.0, 4.0])
    for _ in range(2):  # the second time by a remembered plan
        for result in (ops.add(v, x), ops.add(x, v), v + x, v + 2.0 + (x - 2.0), ops.add([v, v], x)[0]):
            assert isinstance(result, backend.tensor_types)
            np.testing.assert_array_equal(numpy(result), [4, 6])
    v.assign([0.0, 0.0])
    np.testing.assert_array_equal(numpy(ops.add(v, x)), [3, 4])
    assert float(v[0]) == 0.0 and len(v) == 2


def test_it_belongs_to_the_backend_it_was_made_under(backend, other_backend):
    v = Variable([1.0])
    with ops.use_backend(other_backend.name):
        v.assign_add(1.0)
        assert isinstance(v.value, backend.tensor_types)
        if not isinstance(v.value, np.ndarray):  # arrays follow the current backend
            assert isinstance(v + 1.0, backend.tensor_types)
    if not isinstance(v.value, np.ndarray):
        with pytest.raises(
            MixedBackends, match=f"a tensor of {other_backend.name} where one of {backend.name} is needed"
        ):
            v.assign(other_backend.to_tensor([1.0], "float32"))


@pytest.mark.needs("gradient")
def test_gradients_reach_variables_passed_as_arguments(backend):
    v = Variable([1.0, 2.0])
    np.testing.assert_array_equal(numpy(ops.grad(lambda w: ops.sum(w * w))(v)), [2, 4])


def test_trainable_can_change(backend):
    v = Variable([1.0])
    v.trainable = False
    assert v.trainable is False
    v.trainable = True
    assert v.trainable is True


def test_a_stateless_scope_keeps_changes_to_itself(backend):
    v = Variable([1.0])
    with StatelessScope([(v, ops.convert_to_tensor([5.0]))]) as scope:
        assert float((v + 1.0)[0]) == 6.0
        v.assign_add([1.0])
        assert float(v.value[0]) == 6.0
    assert float(v.value[0]) == 1.0
    assert float(scope.get_current_value(v)[0]) == 6.0
    assert scope.get_current_value(Variable([0.0])) is None
    with pytest.raises(ArgumentError, match="a key that is a str"):
        StatelessScope([("v", 1.0)])
    with pytest.raises(ShapeError, match="can not be assigned"):
        StatelessScope([(v, [1.0, 2.0])])


def test_a_pure_function_of_state_compiles(backend):
    v = Variable([1.0, 2.0])

    def step(state, x):
        with StatelessScope([(v, state)]) as scope:
            v.assign(v + x)
            return scope.get_current_value(v)

    np.testing.assert_array_equal(numpy(ops.jit(step)(v.value, ops.convert_to_tensor([1.0, 1.0]))), [2, 3])
    np.testing.assert_array_equal(v.numpy(), [1, 2])


def test_autocast_changes_the_dtype_variables_are_read_in(backend):
    v, fixed, count = Variable([1.0]), Variable([1.0], autocast=False), Variable([1], dtype="int32")
    with AutocastScope("bfloat16"):
        dtypes = [ops.dtype(x.value) for x in (v, fixed, count)]
        assert (dtypes, v.dtype) == (["bfloat16", "float32", "int32"], "bfloat16")
        v.assign_add([2.0**-12])  # lost, were it added in bfloat16
    assert v.dtype == "float32"
    assert float(v.value[0]) == 1 + 2.0**-12


def test_nothing_keeps_a_dropped_variable_alive(backend):
    v = Variable([1.0])
    ops.add(v, v)
    dropped = weakref.ref(v)
    del v
    gc.collect()
    assert dropped() is None


def test_a_scope_inside_another_sees_its_values_and_keeps_its_own(backend):
    v, w = ops.Variable(1.0), ops.Variable(2.0)
    with StatelessScope([(v, 10.0), (w, 20.0)]) as outer:
        with StatelessScope([(w, 200.0)]) as inner:
            assert float(v.numpy()) == 10.0 and float(w.numpy()) == 200.0
            v.assign(11.0)
            assert float(v.numpy()) == 11.0
        assert float(v.numpy()) == 10.0
        [(assigned, value)] = inner.updates()
        assert assigned is v and float(ops.convert_to_numpy(value)) == 11.0
        assert outer.updates() == []
    assert float(v.numpy()) == 1.0


def test_a_variable_compares_by_value_and_stands_for_itself_as_a_key(backend):
    v, w = Variable([1.0, 2.0]), Variable([1.0, 3.0])
    assert numpy(v == w).tolist() == [True, False]
    assert numpy(v != w).tolist() == [False, True]
    assert numpy(v == [1.0, 2.0]).tolist() == [True, True]
    assert (v == None, v != None, v == "v") == (False, True, False)  # noqa: E711
    assert {v: 1, w: 2}[v] == 1
    assert len({v, w, v}) == 2
    assert bool(Variable(3, dtype="int32") == 3)


def test_a_scalar_variable_is_a_number(backend):
    v = Variable(1.25)
    assert (int(Variable(3, dtype="int32")), float(v), complex(v)) == (3, 1.25, 1.25 + 0j)
    assert float(round(v)) == 1.0
    assert float(round(v, 1)) == pytest.approx(1.2)
    assert float(+v) == 1.25
    with pytest.raises(TypeError, match=r"a variable of shape \(2,\) is no number; only a scalar one is"):
        float(Variable([1.0, 2.0]))


def test_an_assignment_returns_the_new_value(backend):
    v = Variable([1.0, 2.0])
    assert numpy(v.assign([3.0, 4.0])).tolist() == [3.0, 4.0]
    assert numpy(v.assign_add([1.0, 1.0])).tolist() == [4.0, 5.0]
    assert numpy(v.assign_sub([1.0, 1.0])).tolist() == [3.0, 4.0]
    with StatelessScope():
        assert numpy(v.assign([0.0, 0.0])).tolist() == [0.0, 0.0]
    assert v.numpy().tolist() == [3.0, 4.0]


def test_a_string_names_an_initializer(backend):
    assert Variable("ones", shape=(2,)).numpy().tolist() == [1.0, 1.0]
    assert Variable("zeros", shape=(2,), dtype="int32").dtype == "int32"
    with pytest.raises(ArgumentError, match="an initializer that is a function needs shape="):
        Variable("ones")
    with pytest.raises(KcoreError, match="nonsense"):
        Variable("nonsense", shape=(2,))


def test_overwrite_with_gradient_is_a_boolean(backend):
    v = Variable([1.0])
    v.overwrite_with_gradient = True
    assert v.overwrite_with_gradient is True
    with pytest.raises(TypeError, match="overwrite_with_gradient is True or False, and not 'yes'"):
        v.overwrite_with_gradient = "yes"


def test_the_operators_of_bits_are_those_of_tensors(backend):
    v, w = Variable([6, 1], dtype="int32"), Variable([3, 0], dtype="int32")
    assert [numpy(x).tolist() for x in (v & w, v | w, v ^ w, ~v)] == [[2, 0], [7, 1], [5, 1], [-7, -2]]
    with pytest.raises(DTypeError, match="the op takes integers or booleans"):
        Variable([1.0]) & 1.0
