"""Every op that Keras has too: the same inputs give the same values and dtypes, on the same framework.

Where they do not, `differences.py` says why; what is listed there and no longer differs fails as well.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from differences import ARBITRARY, DTYPES, ENDS_THE_PROCESS, NOT_COMPARED, NOT_IN_KERAS, VALUES, Difference, listed
from drawing import drawn
from kcore_ops import tree
from kcore_ops.conformance import checks
from kcore_ops.conformance.case import Case, all_cases
from kcore_ops.operation import op_of
from keras_calls import keras_function, keras_tensors

Found = dict[str, str]  # dtype of the inputs: what differs
Call = tuple[str, tuple[Any, ...]]  # dtype of the inputs, arguments

CASES = {name: cases for name, cases in sorted(all_cases().items()) if name not in NOT_IN_KERAS}

# How many calls are drawn with each dtype; JAX compiles each shape anew. While a difference that is listed has not been
# met, more are drawn, up to the most.
TURNS = {"numpy": 5, "torch": 5, "tensorflow": 5, "jax": 1}
MOST_TURNS = 100


@pytest.mark.parametrize("name", CASES)
def test_values_and_dtypes_are_those_of_keras(keras, backend, count_refused, name):
    if name in ENDS_THE_PROCESS.get(backend.name, ()):
        pytest.skip("Keras would end the process")
    found: tuple[Found, Found] = ({}, {})  # dtypes, and values where dtypes agree
    known = [listed(table, name, backend.name) for table in (DTYPES, VALUES)]
    for turn in range(MOST_TURNS):
        if turn >= TURNS[backend.name] and not any(map(unmet, known, found)):
            break
        for number, case in enumerate(CASES[name]):
            observe(keras, backend, case, examples(case, (number, turn), backend.name), found, count_refused)
    for what, entries, different in zip(("dtypes", "values"), known, found, strict=True):
        explained = {dtype for entry in entries for dtype in entry.dtypes.split()}
        unexplained = [different[dtype] for dtype in sorted(set(different) - explained)]
        assert not unexplained, f"{what} of {name} differ from Keras's:\n" + "\n".join(unexplained)
        closed = unmet(entries, different)
        assert not closed, f"{what} of {name} no longer differ from Keras's as differences.py says: {closed}"


def unmet(entries: list[Difference], found: Found) -> list[str]:
    """Give the reasons of those listed differences that none of the dtypes has."""
    return [entry.reason for entry in entries if not set(entry.dtypes.split()) & set(found)]


def observe(
    keras: Any, backend: Any, case: Case, calls: Iterable[Call], found: tuple[Found, Found], refused: Any
) -> None:
    """Note where dtypes differ, and where dtypes agree and values differ."""
    dtypes, values = found
    for dtype, args in calls:
        with np.errstate(all="ignore"):
            wanted = theirs(keras, case, args)
            result = checks.call(op_of(case.op), backend, checks.tensors(backend, args))
        if wanted is None:
            refused(case.op)
            continue
        leaves = [x for x in tree.flatten(result) if isinstance(x, backend.tensor_types)]
        kinds = ([backend.dtype(x) for x in leaves], [kind for _, kind in wanted])
        if kinds[0] != kinds[1]:
            dtypes.setdefault(dtype, f"{dtype}: {kinds[0]} where Keras has {kinds[1]}, of {args}")
        elif case.op not in ARBITRARY:
            arrays = [backend.to_numpy(x) for x in leaves]
            difference = differing(case, dtype, args, arrays, [array for array, _ in wanted])
            if difference:
                values.setdefault(dtype, difference)


def examples(case: Case, turn: tuple[int, int], backend: str) -> Iterator[Call]:
    """Draw a call with inputs of each dtype, less those that have to do with a dtype that is not compared."""
    excluded = NOT_COMPARED.get(backend, ())
    for dtype in case.dtypes:
        if dtype in excluded:
            continue
        rng = np.random.default_rng(zlib.crc32(f"{case.op} {dtype} {turn}".encode()))
        args = drawn(case, dtype, rng.bytes(4096))
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
        return f"{dtype}: of {args}\n{difference}"
    return None
