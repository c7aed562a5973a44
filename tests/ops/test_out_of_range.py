"""Python numbers that the dtype of the tensor beside them can not hold: compared as they are, and refused elsewhere."""

from __future__ import annotations

import re

import kcore_ops as ops
import numpy as np
import pytest
from kcore_ops.backends import registry
from kcore_ops.dtypes.promotion import COMPARING, boolean, floating, index, real_floating
from kcore_ops.engine.op import all_ops
from kcore_ops.foundation.errors import KcoreError, RangeError

COMPARISONS = {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}
BEYOND = [("uint8", 300), ("uint8", 456), ("uint8", -1), ("int8", -129), ("int32", 2**31), ("int32", -(2**70))]


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons_are_exact_for_numbers_that_the_dtype_can_not_hold(backend, name):
    compare = getattr(ops, name)
    for dtype, number in BEYOND:
        least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
        x = ops.convert_to_tensor(np.array([least, 1, 100, most], dtype))
        exact = np.array([least, 1, 100, most], object)
        for _ in range(2):  # the first call makes the plan
            np.testing.assert_array_equal(ops.convert_to_numpy(compare(x, number)), COMPARISONS[name](exact, number))
            np.testing.assert_array_equal(ops.convert_to_numpy(compare(number, x)), COMPARISONS[name](number, exact))
            np.testing.assert_array_equal(ops.convert_to_numpy(compare(x, 100)), COMPARISONS[name](exact, 100))


def test_searches_are_exact_for_numbers_that_the_dtype_can_not_hold(backend):
    x = ops.convert_to_tensor(np.array([0, 44, 255], "uint8"))
    assert ops.convert_to_numpy(ops.isin(x, 300)).tolist() == [False, False, False]
    assert [int(ops.searchsorted(x, number)) for number in (300, -212)] == [3, 0]
    assert int(ops.digitize(300, x)) == 3


def test_arithmetic_with_a_number_that_the_dtype_can_not_hold_is_an_error_that_says_so(backend):
    x = ops.convert_to_tensor(np.array([1, 2], "uint8"))
    assert ops.convert_to_numpy(ops.add(x, 3)).tolist() == [4, 5]  # a plan from here on
    message = (
        "RangeError in add\n"
        "  300 is outside uint8, which goes from 0 to 255\n"
        "  received: x1 uint8 (2,); x2 300\n"
        "  fix: use a dtype that holds it: int16"
    )
    for _ in range(2):
        with pytest.raises(RangeError, match="300 is outside uint8") as caught:
            ops.add(x, 300)
        assert str(caught.value) == message
    assert isinstance(caught.value, OverflowError)
    with pytest.raises(RangeError, match="300 is outside uint8") as caught:
        ops.add(ops.KerasTensor((2,), "uint8"), 300)
    assert str(caught.value) == message
    with pytest.raises(RangeError, match=r"in clip\n  -5 is outside uint8"):
        ops.clip(x, -5, 300)


def _several() -> list[tuple[str, str, bool]]:
    """Give the public ops that cast several of their tensors to one dtype, each parameter, and whether they compare."""
    found = []
    for op in all_ops().values():
        kinds = op.parameters
        for names, rule in op.rules:
            if len(names) > 1 and {kinds[name] for name in names} <= {"tensor", "optional"} and hasattr(ops, op.name):
                found += [(op.name, name, rule in COMPARING) for name in names if rule not in _NOT_KEPT]
    return found


_NOT_KEPT = (boolean, floating, real_floating, index)  # integers become floats, booleans or indices


def test_every_op_that_casts_several_tensors_to_one_dtype_looks_at_numbers(backend):
    x = ops.convert_to_tensor(np.array([1, 2], "uint8"))
    passed = []
    for op_name, name, compares in _several():
        op = all_ops()[op_name]
        group = next(names for names, _ in op.rules if name in names)
        others = {n: x for n, kind in op.parameters.items() if (kind == "tensor" or n in group) and n != name}
        defaults = dict(zip(reversed(op.parameters), reversed(op.body.__defaults__ or ()), strict=False))
        statics = {n: 0 for n in op.parameters if n not in defaults and n not in others}
        args = {**defaults, **statics, **others, name: 300}
        try:
            op.function(*(args[n] for n in op.parameters))
        except RangeError:
            assert not compares, op_name
        except KcoreError:
            pass  # something else is wrong as well, and was said first
        else:
            passed += [] if compares else [f"{op_name}({name}=300)"]
    assert passed == []


FILLED = {
    "full": lambda x: ops.full((2,), 300, "uint8"),
    "full_like": lambda x: ops.full_like(x, -1),
    "full_like of floats": lambda x: ops.full_like(x, 300.5),
    "pad": lambda x: ops.pad(x, ((1, 1),), constant_values=300),
    "max": lambda x: ops.max(x, initial=300),
    "min": lambda x: ops.min(x, initial=-1),
    "arange": lambda x: ops.arange(250, 300, 10, dtype="uint8"),
    "arange of floats": lambda x: ops.arange(0, 300.5, 100, dtype="uint8"),
    "arange of NumPy's numbers": lambda x: ops.arange(np.int64(250), np.int64(260), dtype="uint8"),
    "linspace": lambda x: ops.linspace(0, 300, 4, dtype="uint8"),
    "linspace from below": lambda x: ops.linspace([0, -5], 10, 4, dtype="uint8"),
    "logspace": lambda x: ops.logspace(0, 3, 4, dtype="uint8"),
    "geomspace": lambda x: ops.geomspace(1, 1000, num=4, dtype="uint8"),
    "full of a list": lambda x: ops.full((2,), [1, 300], "uint8"),
    "full of NumPy's number": lambda x: ops.full((2,), np.int64(300), "uint8"),
    "full_like of a list": lambda x: ops.full_like(x, [1, -1]),
    "scatter_update": lambda x: ops.scatter_update(x, [[0]], [300]),
    "scatter_update that adds": lambda x: ops.scatter_update(x, [[0]], [300], "add"),
    "slice_update": lambda x: ops.slice_update(x, (0,), [-1]),
    "one_hot": lambda x: ops.one_hot(2**40, 3),
    "one_hot of a list": lambda x: ops.one_hot([2**70], 3),
    "where": lambda x: ops.where(ops.equal(x, 1), x, 300),
    "select": lambda x: ops.select([ops.equal(x, 1)], [x], 300),
    "unique": lambda x: ops.unique(x, size=3, fill_value=-1),
    "take": lambda x: ops.take(x, 2**40),
    "convert_to_tensor": lambda x: ops.convert_to_tensor(300, "uint8"),
    "convert_to_tensor of a list": lambda x: ops.convert_to_tensor([[1, 300]], "uint8"),
    "convert_to_tensor without a dtype": lambda x: ops.convert_to_tensor(2**31),
    "Variable": lambda x: ops.Variable(300, dtype="uint8"),
    "assign": lambda x: ops.Variable(3, dtype="uint8").assign(300),
    "+": lambda x: ops.Variable(x) + 300,
    "r-": lambda x: 300 - ops.Variable(x),
    "**": lambda x: ops.KerasTensor((2,), "uint8") ** 300,
    "symbolic full_like": lambda x: ops.full_like(ops.KerasTensor((2,), "uint8"), 300),
}


@pytest.mark.parametrize("call", FILLED)
def test_a_number_that_is_to_become_an_element_must_fit(backend, call):
    x = ops.convert_to_tensor(np.array([1, 2], "uint8"))
    with pytest.raises(RangeError, match=r"[-\d.]+ is outside u?int\d+, which goes from"):
        FILLED[call](x)


def test_what_fits_is_taken_and_floats_are_not_looked_at(backend):
    x = ops.convert_to_tensor(np.array([1, 2], "uint8"))
    assert ops.convert_to_numpy(ops.full_like(x, 255)).tolist() == [255, 255]
    assert ops.convert_to_numpy(ops.full((1,), -128, "int8")).tolist() == [-128]
    assert ops.convert_to_numpy(ops.arange(250, 256, dtype="uint8")).tolist() == [250, 251, 252, 253, 254, 255]
    assert ops.convert_to_numpy(ops.divide(x, 1000)).tolist() == pytest.approx([0.001, 0.002])
    half = ops.convert_to_tensor([1.0], "float16")
    assert ops.convert_to_numpy(ops.add(half, -1)).tolist() == [0.0]
    assert ops.convert_to_numpy(ops.convert_to_tensor(np.array([300, -1]), "uint8")).tolist() == [44, 255]


def test_integers_that_int64_can_not_hold_are_floats_beside_floats(backend):
    x = ops.convert_to_tensor([1.0, 2.0])
    large = 2.0**70
    for _ in range(2):  # the first call makes the plan
        np.testing.assert_allclose(ops.convert_to_numpy(ops.divide(x, 2**70)), [1 / large, 2 / large])
        np.testing.assert_allclose(ops.convert_to_numpy(ops.add(-(2**70), x)), [-large, -large])
        np.testing.assert_array_equal(ops.convert_to_numpy(ops.less(x, 2**70)), [True, True])
        np.testing.assert_array_equal(ops.convert_to_numpy(ops.clip(x, -(2**70), 2**70)), [1.0, 2.0])
    np.testing.assert_allclose(ops.convert_to_numpy(ops.divide(ops.cast(x, "int32"), 2**70)), [1 / large, 2 / large])
    np.testing.assert_allclose(ops.convert_to_numpy(ops.full((1,), 2**70)), [large])


BEYOND_FLOATS = {
    "multiply": lambda x: ops.multiply(x, 2**2000),
    "full": lambda x: ops.full((2,), -(2**2000)),
    "full_like": lambda x: ops.full_like(x, 2**2000),
    "convert_to_tensor": lambda x: ops.convert_to_tensor(2**2000, "float32"),
}


@pytest.mark.parametrize("call", BEYOND_FLOATS)
def test_integers_that_no_float_can_hold_are_refused(backend, call):
    x = ops.convert_to_tensor([1.0, 2.0])
    ops.multiply(x, 2)  # a plan from here on
    with pytest.raises(RangeError, match="an integer of 2001 bits is outside float"):
        BEYOND_FLOATS[call](x)
    assert ops.convert_to_numpy(ops.less(x, 2**2000)).tolist() == [True, True]
    assert ops.convert_to_numpy(ops.less(x, -(2**2000))).tolist() == [False, False]


def test_numbers_up_to_the_last_one_may_be_counted(backend):
    numbers = ops.convert_to_numpy(ops.linspace(0, 256, 256, endpoint=False, dtype="uint8"))
    assert numbers.tolist() == list(range(256))
    assert ops.convert_to_numpy(ops.linspace(0, 255.9, 2, dtype="uint8")).tolist() == [0, 255]
    assert ops.convert_to_numpy(ops.arange(250.0, 255.5, dtype="uint8")).tolist() == [250, 251, 252, 253, 254, 255]


@pytest.mark.parametrize("k", [2**40, -(2**40)])
def test_diagonals_far_from_the_matrix_are_empty(backend, k):
    assert ops.convert_to_numpy(ops.eye(2, k=k)).tolist() == [[0, 0], [0, 0]]
    assert ops.convert_to_numpy(ops.tri(2, k=k)).tolist() == [[float(k > 0)] * 2] * 2
    x = np.arange(1.0, 7.0).reshape(2, 3).astype("float32")
    assert ops.convert_to_numpy(ops.tril(ops.convert_to_tensor(x), k)).tolist() == (x * (k > 0)).tolist()
    assert ops.convert_to_numpy(ops.triu(ops.convert_to_tensor(x), k)).tolist() == (x * (k < 0)).tolist()


@pytest.mark.parametrize("shift", [2**40, -(2**40) - 1, (2**33 + 1, -1)])
def test_an_axis_is_rolled_by_any_number(backend, shift):
    x = np.arange(15).reshape(3, 5)
    for axis in [None, 1, -2, (0, 1)] if isinstance(shift, int) else [(0, 1), (-1, 0)]:
        found = ops.roll(ops.convert_to_tensor(x, "int32"), shift, axis)
        assert ops.convert_to_numpy(found).tolist() == np.roll(x, shift, axis).tolist()


@pytest.mark.needs("float64")
def test_lists_of_integers_that_int32_can_not_hold_become_int64(backend):
    x = ops.convert_to_tensor([1, 2**40])
    assert ops.dtype(x) == "int64"
    assert ops.convert_to_numpy(x).tolist() == [1, 2**40]
    assert int(ops.convert_to_tensor(2**40, "int64")) == 2**40
    with pytest.raises(RangeError, match=re.escape(f"{2**70} is outside int64")):
        ops.convert_to_tensor([2**70])


def test_a_symbolic_size_is_no_number_that_could_be_too_large(backend):
    x = ops.KerasTensor((None, 3), "uint8")
    assert (x + ops.shape(x)[0]).dtype == "int32"
    assert registry.load(backend.name) is backend
