"""Every op on every dtype: specs and backend both refuse a call, in the same words, or both accept it, with one result.

Specs are of no backend, so that backends which agree with them agree with one another.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
import pytest
from dtype_calls import OPS, DtypeCall, as_dtype, calls, takes_functions
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance import checks, faults
from kcore_ops.dtypes import ALLOWED_DTYPES, result_type
from kcore_ops.engine.inference import inferring
from kcore_ops.engine.op import Op, op_of

# What a user's function makes of another dtype is its own affair; the branches of `cond` are given nothing.
CHOSEN = [name for name in OPS if name == "cond" or not takes_functions(name)]

ARITHMETIC = ("add", "divide", "floor_divide", "maximum", "mod", "multiply", "power", "subtract")

# JAX compiles each op anew for each dtype, and TensorFlow's calls take long. There, the arrays of a call get one dtype,
# of few; ops that are defined by others get those that frameworks compute the fewest things in. Pairs are tried where
# promotion is plainest.
FEW = ("bool", "uint8", "int64", "bfloat16", "complex64")
FEWER = {"jax": FEW, "tensorflow": FEW}
FEWEST = {"bool", "bfloat16"}


def tried(backend: Backend, name: str) -> Iterator[DtypeCall]:
    """Give the calls of an op that are tried on a backend."""
    is_defined = op_of(name).implementation(backend)[0] == "definition"
    fewer = set(FEWER.get(backend.name, ()))
    for call in calls(name):
        words = set(call.dtypes.split())
        if not fewer or (words <= fewer and name in ARITHMETIC):
            yield call
        elif len(words) == 1 and words <= (FEWEST if is_defined else fewer):
            yield call


@pytest.mark.parametrize("name", CHOSEN)
def test_a_backend_accepts_what_specs_accept_and_gives_the_dtypes_they_give(backend, name):
    op = op_of(name)
    with np.errstate(all="ignore"):
        found = [difference(backend, op, call.args, call.dtypes) for call in tried(backend, name)]
    different = [line for line in found if line]
    assert not different, f"{len(different)} calls of {name} on {backend.name}:\n" + "\n".join(different)


@pytest.mark.parametrize("source", ALLOWED_DTYPES)
def test_each_dtype_can_be_cast_to_each(backend, source):
    x = as_dtype(np.array([0.0, 1.0, 2.0]), source)
    for target in ALLOWED_DTYPES:
        assert not difference(backend, op_of("cast"), (x, target), f"{source} to {target}")
        with np.errstate(all="ignore"):
            result = checks.call(op_of("cast"), backend, checks.tensors(backend, (x, target)))
        expected = as_dtype(x.astype(float if x.dtype.kind != "c" else complex), target)
        np.testing.assert_array_equal(backend.to_numpy(result).astype("complex128"), expected.astype("complex128"))


@pytest.mark.needs("jit")
@pytest.mark.parametrize("dtype", ["bool", "uint8", "bfloat16", "complex64"])
def test_a_predicate_may_have_any_dtype_when_compiled(backend, dtype):
    def chosen(predicate):
        return ops.cond(predicate, lambda: ops.ones(1), lambda: ops.zeros(1))

    for number in (0.0, 2.0):
        predicate = backend.to_tensor(as_dtype(np.array(number), dtype), None)
        assert backend.to_numpy(ops.jit(chosen)(predicate)) == (number != 0)


@pytest.mark.parametrize("name", ARITHMETIC)
def test_two_backends_in_one_process_agree_on_all_pairs(backend, other_backend, name):
    for pair in itertools.product(FEW, repeat=2):
        args = [as_dtype(np.ones(2, "float32"), dtype) for dtype in pair]
        one, two = (result_of(found, op_of(name), args) for found in (backend, other_backend))
        assert one == two, f"{name} of {pair}: {one} on {backend.name} and {two} on {other_backend.name}"


def test_frameworks_dtypes_and_python_types_promote_as_names_do(backend):
    x = backend.to_tensor(np.ones(1), "float16")
    assert result_type(x.dtype, float) == result_type(float, "float16") == "float16"
    assert result_type(x.dtype, "int32") == "float16"
    assert result_type(x.dtype, complex) == "complex64"


def result_of(backend: Backend, op: Op, args: Sequence[Any]) -> str:
    """Give the dtype of the result, or what is wrong, less the line on where it happened."""
    try:
        return backend.dtype(checks.call(op, backend, checks.tensors(backend, args)))
    except Exception as error:
        return str(error).partition("\n")[2]


def difference(backend: Backend, op: Op, args: Sequence[Any], dtypes: str) -> str | None:
    """Say how backend and specs differ about a call, or None."""
    with inferring():
        inferred = faults.outcome(op, checks.specs(backend, args))
    actual = faults.outcome(op, checks.tensors(backend, args))
    if isinstance(inferred, Exception) and isinstance(actual, Exception):
        return None if str(actual) == str(inferred) else f"{dtypes}: {actual}\nand specs say {inferred}"
    if isinstance(inferred, Exception):
        return f"{dtypes}: accepted, and specs say {inferred}"
    if isinstance(actual, Exception):
        return None if is_limit(actual) else f"{dtypes}: {actual!r}\nand specs accept it"
    try:
        checks.assert_spec(backend, op.name, inferred, actual)
    except AssertionError as error:
        return f"{dtypes}: {error}"
    return None


def is_limit(error: Exception) -> bool:
    """Say whether a framework has no kernel for uint64, and says so; no wider integer could do its work."""
    return isinstance(error, NotImplementedError) and bool(re.search("not implemented for 'UInt64'", str(error)))
