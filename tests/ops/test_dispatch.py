"""The tensors decide: which backend an op runs on, in one process with all of them."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.backends import registry
from kcore_ops.dtypes.promotion import floating
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Axis, Tensor
from kcore_ops.foundation.errors import ArgumentError, DTypeError, MissingOp, MixedBackends

BACKENDS = sorted(name for name, record in registry.backends().items() if record.is_usable)


@op(dtypes=floating)
def spread(x: Tensor, axis: Axis = -1) -> Tensor:
    """A user's own op: largest minus smallest, after softmax."""
    p = ops.softmax(x, axis=axis)
    return ops.max(p, axis=axis) - ops.min(p, axis=axis)


def on(name, array):
    return registry.load(name).to_tensor(np.asarray(array), None)


CALLS = {
    "softmax": lambda x, y: ops.softmax(x),
    "matmul": ops.matmul,
    "einsum": lambda x, y: ops.einsum("ij,jk->ik", x, y),
    "where": lambda x, y: ops.where(ops.less(x, y), x, y),
    "scan": lambda x, y: ops.scan(lambda carry, row: (carry + row, carry * row), y[0], x)[1],
    "a user's own op": lambda x, y: spread(x + y),
}


@pytest.mark.parametrize("call", CALLS)
def test_tensors_of_each_framework_in_one_process_give_their_own_kind(backend, call):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 3)).astype("float32"), rng.normal(size=(3, 3)).astype("float32")
    results = {}
    for name in BACKENDS:
        # NumPy arrays follow the current backend, so that it has to be NumPy's for them to stay arrays.
        with ops.use_backend("numpy") if isinstance(on(name, x), np.ndarray) else ops.use_backend(backend.name):
            result = CALLS[call](on(name, x), on(name, y))
            assert isinstance(result, registry.load(name).tensor_types)
            results[name] = registry.load(name).to_numpy(result)
    for name in BACKENDS[1:]:
        np.testing.assert_allclose(results[name], results[BACKENDS[0]], rtol=2e-5, atol=1e-6)


# Arrays follow the tensors they come with; tensors with gradients are never arrays.
@pytest.mark.needs("gradient")
def test_two_frameworks_in_one_call_are_an_error_naming_both_and_the_conversion(backend, other_backend):
    x, y = backend.to_tensor(np.ones(2, "float32"), None), other_backend.to_tensor(np.ones(2, "float32"), None)
    with pytest.raises(MixedBackends, match="in one call") as caught:
        ops.add(x, y)
    first, second = sorted([backend.name, other_backend.name])
    assert str(caught.value) == (
        "MixedBackends in add\n"
        f"  tensors of {first} and {second} in one call\n"
        "  received: x1 float32 (2,); x2 float32 (2,)\n"
        f"  fix: convert one of them: kcore_ops.to_backend(x, {first!r}) or kcore_ops.to_backend(x, {second!r})"
    )
    assert isinstance(caught.value, TypeError)
    converted = ops.to_backend(y, backend.name)
    assert isinstance(ops.add(x, converted), backend.tensor_types)


def test_arrays_numbers_and_lists_follow_the_tensor_they_come_with(backend, other_backend):
    x = backend.to_tensor(np.ones(2, "float32"), None)
    for other in (np.ones(2, "float32"), 1.0, 1, True, [1.0, 1.0], np.float32(1.0)):
        for args in ((x, other), (other, x)):
            result = ops.add(*args)
            assert isinstance(result, backend.tensor_types)
            assert ops.dtype(result) == "float32"
            np.testing.assert_array_equal(ops.convert_to_numpy(result), [2, 2])


def test_arrays_alone_go_to_the_current_backend_whichever_was_current_before(backend, other_backend):
    x = np.ones(2, "float32")
    for _ in range(2):
        for found in (backend, other_backend):
            with ops.use_backend(found.name):
                assert isinstance(ops.exp(x), found.tensor_types)
                assert isinstance(ops.add(x, x), found.tensor_types)
                assert isinstance(ops.where(np.array([True, False]), x, x), found.tensor_types)


@pytest.mark.parametrize(
    ("number", "dtype", "result"),
    [(1, "float16", "float16"), (1.5, "int8", "float32"), (1.5, "bfloat16", "bfloat16"), (2, "uint8", "uint8")],
)
def test_python_numbers_are_weak(backend, number, dtype, result):
    x = ops.convert_to_tensor([1, 2], dtype)
    assert ops.dtype(ops.add(x, number)) == result
    assert ops.dtype(ops.add(number, x)) == result


def test_floatx_decides_what_integers_become(backend):
    x = ops.convert_to_tensor([1, 2])
    assert ops.dtype(ops.exp(x)) == "float32"
    try:
        ops.config.set_floatx("float16")
        assert ops.dtype(ops.exp(x)) == "float16"
    finally:
        ops.config.set_floatx("float32")
    assert ops.dtype(ops.exp(x)) == "float32"


def test_a_list_of_tensors_is_stacked(backend):
    x = ops.convert_to_tensor([1.0, 2.0])
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.add([x, x], 1.0)), [[2, 3], [2, 3]])


def test_explain_says_who_runs_an_op(backend):
    assert ops.explain("add", backend.name) == {backend.name: "native"}
    assert ops.explain(spread, backend.name) == {backend.name: "definition"}
    assert set(ops.explain("add")) == set(BACKENDS)


def test_an_override_from_outside_comes_first_and_may_be_loaded_late(backend):
    @op(name=f"test.twice_{backend.name}")
    def twice(x: Tensor) -> Tensor:
        return x + x

    x = ops.convert_to_tensor([1.0])
    assert float(twice(x)[0]) == 2.0
    twice.override(backend.name)(lambda x: x * 20)
    assert float(twice(x)[0]) == 20.0
    assert ops.explain(twice, backend.name) == {backend.name: "override"}
    twice.override(backend.name, "operator:neg")
    assert float(twice(x)[0]) == -1.0


def test_an_op_with_neither_entry_nor_definition_says_what_is_missing(backend):
    from kcore_ops.engine.define import primitive

    @primitive(name=f"test.nowhere_{backend.name}")
    def nowhere(x: Tensor) -> Tensor:
        return x

    with pytest.raises(MissingOp, match=f"backend '{backend.name}' has no test.nowhere.*\n.*received: x.*\n.*override"):
        nowhere(ops.convert_to_tensor([1.0]))
    with pytest.raises(NotImplementedError, match="has no definition"):
        nowhere(ops.convert_to_tensor([1.0]))


def test_native_hands_out_the_frameworks_tensor(backend):
    x = ops.convert_to_tensor([1.0])
    assert ops.native(x) is x
    assert isinstance(ops.native(ops.Variable([1.0])), backend.tensor_types)
    with pytest.raises(DTypeError, match="a list has no native tensor"):
        ops.native([1.0])


def test_what_no_backend_knows_is_refused(backend):
    with pytest.raises(DTypeError, match=r"in exp\n  x is a builtins\.object, which no installed backend knows"):
        ops.exp(object())


def test_a_ragged_list_is_refused(backend):
    with pytest.raises(ValueError, match="x is a list whose parts differ in shape"):
        ops.exp([[1.0], [1.0, 2.0]])


def test_names_of_ops_are_checked():
    with pytest.raises(ArgumentError, match="'no_such_op' is not an op"):
        ops.explain("no_such_op")


def test_dlpack_conversion_keeps_the_numbers(backend, other_backend):
    for dtype in ("float32", "int32", "bool", "bfloat16"):
        x = ops.convert_to_tensor([0, 1, 1], dtype)
        moved = ops.to_backend(x, other_backend.name)
        assert isinstance(moved, other_backend.tensor_types)
        assert other_backend.dtype(moved) == dtype
        np.testing.assert_array_equal(other_backend.to_numpy(moved), ops.convert_to_numpy(x))
