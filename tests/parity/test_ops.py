"""Every op that Keras has too: the same inputs give the same values and dtypes, on the same framework.

Where they do not, `op_differences.py` says why; what is listed there and no longer differs fails as well.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from arguments import Arguments
from difference import Difference, listed
from differences import ARBITRARY, ENDS_THE_PROCESS, NOT_COMPARED, NOT_IN_KERAS
from drawing import drawn
from kcore_ops import tree
from kcore_ops.conformance import checks
from kcore_ops.conformance.case import Case, all_cases
from kcore_ops.dtypes import INTEGERS
from kcore_ops.engine.op import op_of
from keras_calls import keras_function, keras_tensors
from op_differences import DTYPES, VALUES

Call = tuple[str, tuple[Any, ...]]  # dtype of the inputs, arguments

CASES = {name: cases for name, cases in sorted(all_cases().items()) if name not in NOT_IN_KERAS}

# How many calls are drawn with each dtype; JAX, which compiles each shape anew, gets few of them. While a difference
# that is listed has not been met, more are drawn, up to the most.
TURNS = {"numpy": 5, "torch": 5, "tensorflow": 5, "jax": 1}
MOST_TURNS = 100


class Comparison:
    """What differs in the calls of one op, and which of the differences that are listed are among it.

    Attributes:
        unexplained: a difference that no entry explains, for each dtype of the inputs that has one.
        unmet: the entries that have explained none.
    """

    def __init__(self, entries: list[Difference]) -> None:
        self.entries = entries
        self.unexplained: dict[str, str] = {}
        self.unmet = list(entries)

    def note(self, op: str, call: Call, difference: str) -> None:
        dtype, args = call
        explaining = [entry for entry in self.entries if entry.explains(dtype, Arguments(op, args))]
        self.unmet = [entry for entry in self.unmet if entry not in explaining]
        if not explaining:
            self.unexplained.setdefault(dtype, f"{dtype}: {difference}, of {args}")


@pytest.mark.parametrize("name", CASES)
def test_values_and_dtypes_are_those_of_keras(keras, backend, count_refused, name):
    if name in ENDS_THE_PROCESS.get(backend.name, ()):
        pytest.skip("Keras would end the process")
    dtypes, values = (Comparison(listed(table, name, backend.name)) for table in (DTYPES, VALUES))
    for turn in range(MOST_TURNS):
        if turn >= TURNS[backend.name] and not dtypes.unmet and not values.unmet:
            break
        for number, case in enumerate(CASES[name]):
            for call in examples(case, (number, turn), backend):
                observe(keras, backend, case, call, (dtypes, values), count_refused)
    for what, comparison in (("dtypes", dtypes), ("values", values)):
        unexplained = [comparison.unexplained[dtype] for dtype in sorted(comparison.unexplained)]
        assert not unexplained, f"{what} of {name} differ from Keras's:\n" + "\n".join(unexplained)
        closed = [entry.reason for entry in comparison.unmet]
        assert not closed, f"{what} of {name} no longer differ from Keras's as op_differences.py says: {closed}"


def test_an_entry_explains_the_calls_it_describes_and_no_others():
    entry = Difference("sum", "float32", "numpy", "", lambda call: call.axis is None)
    comparison = Comparison([entry])
    x = np.ones((2, 2), "float32")
    comparison.note("sum", ("float32", (x, 0)), "0 in place of 1")
    assert list(comparison.unexplained) == ["float32"] and comparison.unmet == [entry]
    comparison.note("sum", ("float32", (x,)), "0 in place of 1")
    comparison.note("sum", ("float16", (x,)), "0 in place of 1")
    assert list(comparison.unexplained) == ["float32", "float16"] and comparison.unmet == []


def observe(
    keras: Any, backend: Any, case: Case, call: Call, comparisons: tuple[Comparison, Comparison], refused: Any
) -> None:
    """Note whether dtypes differ, and whether values do, where those are the same kind of numbers."""
    dtypes, values = comparisons
    dtype, args = call
    with np.errstate(all="ignore"):
        wanted = theirs(keras, case, args)
        result = checks.call(op_of(case.op), backend, checks.tensors(backend, args))
    if wanted is None:
        refused(case.op)
        return
    leaves = [x for x in tree.flatten(result) if isinstance(x, backend.tensor_types)]
    ours, keras_dtypes = [backend.dtype(x) for x in leaves], [kind for _, kind in wanted]
    if ours != keras_dtypes:
        dtypes.note(case.op, call, f"{ours} where Keras has {keras_dtypes}")
    if case.op not in ARBITRARY and [kind_of(x) for x in ours] == [kind_of(x) for x in keras_dtypes]:
        coarsest = max((dtype, *ours, *keras_dtypes), key=lambda x: checks.TOLERANCES.get(x, 0.0))
        arrays = [backend.to_numpy(x) for x in leaves]
        difference = differing(case, coarsest, args, arrays, [array for array, _ in wanted])
        if difference:
            values.note(case.op, call, difference)


def kind_of(dtype: str) -> str:
    """Give what numbers of a dtype are compared as."""
    kinds = {"integer": dtype in INTEGERS, "float": "float" in dtype, "complex": "complex" in dtype}
    return next((kind for kind, is_one in kinds.items() if is_one), dtype)


def examples(case: Case, turn: tuple[int, int], backend: Any) -> Iterator[Call]:
    """Draw a call with inputs of each dtype, less those that have to do with a dtype that is not compared."""
    excluded = NOT_COMPARED.get(backend.name, ())
    for dtype in case.dtypes:
        if dtype in excluded:
            continue
        rng = np.random.default_rng(zlib.crc32(f"{case.op} {dtype} {turn}".encode()))
        args = drawn(case, dtype, rng.bytes(4096), checks.compiles_each_shape(backend))
        if not {x for x in args if isinstance(x, str)}.intersection(excluded):
            yield dtype, narrowed(args, excluded)


def narrowed(args: Any, excluded: tuple[str, ...]) -> tuple[Any, ...]:
    """Give the arguments with indices and the like in int32, if int64 is excluded."""

    def narrow(x: Any) -> Any:
        is_wide = isinstance(x, np.ndarray) and x.dtype == "int64" and "int64" in excluded
        return x.astype("int32") if is_wide else x

    return tuple(tree.map_structure(narrow, list(args)))


def theirs(keras: Any, case: Case, args: tuple[Any, ...]) -> list[tuple[Any, str]] | None:
    """Keras's results as arrays with their dtypes, or None where it refuses the call."""
    function = keras_function(keras, case.op)
    try:
        leaves = function(*keras_tensors(keras, args))
        return [(array(keras, x), keras.backend.standardize_dtype(x.dtype)) for x in leaves]
    except Exception:  # or a result of a dtype that Keras has no name for
        return None


def array(keras: Any, x: Any) -> Any:
    """Give one of Keras's tensors as an array."""
    is_bfloat16 = keras.backend.standardize_dtype(x.dtype) == "bfloat16"
    return keras.ops.convert_to_numpy(keras.ops.cast(x, "float32") if is_bfloat16 else x)


def differing(case: Case, dtype: str, args: Any, ours: list[Any], keras: list[Any]) -> str | None:
    """Say how two lists of arrays differ, or None."""
    try:
        ours, keras = checks.compared(case, args, ours, keras)
        checks.assert_close(ours, keras, dtype, 4 * case.tolerance, "in place of Keras's")
    except (AssertionError, ValueError) as difference:
        return str(difference)
    return None
