"""Every op that Keras has too: the same inputs give the same values and dtypes, on the same framework.

Where they do not, `differences.py` says why; what is listed there and no longer differs fails as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from differences import ARBITRARY, DTYPES, ENDS_THE_PROCESS, NOT_COMPARED, NOT_IN_KERAS, VALUES, listed
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from kcore_ops import tree
from kcore_ops.conformance import checks
from kcore_ops.conformance.case import Case, all_cases
from kcore_ops.operation import op_of

Found = dict[str, str]  # dtype of the inputs: what differs

CASES = {name: cases for name, cases in sorted(all_cases().items()) if name not in NOT_IN_KERAS}

# How Keras is called where it takes its operands one by one and other arguments by name.
CALLS: dict[str, Callable[..., Any]] = {
    "meshgrid": lambda function, x, indexing: function(*x, indexing=indexing),
    "einsum": lambda function, subscripts, operands: function(subscripts, *operands),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_dtypes_are_those_of_keras(keras, backend, count_refused, name):
    if name in ENDS_THE_PROCESS.get(backend.name, ()):
        pytest.skip("Keras would end the process")
    dtypes, values = observe(keras, backend, CASES[name], count_refused)
    for what, found, table in (("dtypes", dtypes, DTYPES), ("values", values, VALUES)):
        known = {entry: set(entry.dtypes.split()) for entry in listed(table, name, backend.name)}
        unexplained = [found[dtype] for dtype in sorted(set(found).difference(*known.values()))]
        assert not unexplained, f"{what} of {name} differ from Keras's:\n" + "\n".join(unexplained)
        closed = [entry.reason for entry in known if not known[entry] & set(found)]
        assert not closed, f"{what} of {name} no longer differ from Keras's as differences.py says: {closed}"


def observe(
    keras: Any, backend: Any, cases: list[Case], refused: Callable[[str], None], calls: int = 1
) -> tuple[Found, Found]:
    """Give where dtypes differ, and where dtypes agree and values differ, in so many calls with each dtype."""
    dtypes: Found = {}
    values: Found = {}
    for case in cases:
        for dtype, args in examples(case, NOT_COMPARED.get(backend.name, ()), calls):
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
                continue
            if case.op in ARBITRARY:
                continue
            arrays = [backend.to_numpy(x) for x in leaves]
            difference = differing(case, dtype, args, arrays, [array for array, _ in wanted])
            if difference:
                values.setdefault(dtype, difference)
    return dtypes, values


def examples(case: Case, excluded: tuple[str, ...], calls: int) -> list[tuple[str, tuple[Any, ...]]]:
    """Draw calls with inputs of each dtype, less those that have to do with a dtype that is excluded."""
    drawn: list[tuple[str, tuple[Any, ...]]] = []

    @settings(max_examples=1 + calls, phases=[Phase.generate])
    @given(st.data())
    def draw(data):
        drawn.extend((dtype, tuple(case.arguments(data.draw, dtype))) for dtype in case.dtypes)

    draw()
    del drawn[: len(case.dtypes)]  # the first that hypothesis draws are the smallest, often empty
    kept = [(dtype, args) for dtype, args in drawn if dtype not in excluded]
    named = [(dtype, args, [x for x in args if isinstance(x, str)]) for dtype, args in kept]
    return [(dtype, narrowed(args, excluded)) for dtype, args, names in named if not set(names) & set(excluded)]


def narrowed(args: Any, excluded: tuple[str, ...]) -> tuple[Any, ...]:
    """Give the arguments with indices and the like in int32, if int64 is excluded."""

    def narrow(x: Any) -> Any:
        is_wide = isinstance(x, np.ndarray) and x.dtype == "int64" and "int64" in excluded
        return x.astype("int32") if is_wide else x

    return tuple(tree.map_structure(narrow, list(args)))


def theirs(keras: Any, case: Case, args: tuple[Any, ...]) -> list[tuple[Any, str]] | None:
    """Keras's results as arrays with their dtypes, or None where it refuses the call."""
    function = getattr(keras.ops, case.op)

    def tensor(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        dtype = keras.backend.standardize_dtype(x.dtype)  # named, or 64 bits may become 32
        # Keras on TensorFlow makes no tensor of a bfloat16 scalar, and no array either.
        return keras.ops.convert_to_tensor(x.astype("float32") if x.dtype == ml_dtypes.bfloat16 else x, dtype=dtype)

    call = CALLS.get(case.op, lambda function, *args: function(*args))
    try:
        result = call(function, *tree.map_structure(tensor, list(args)))
    except Exception:
        return None
    leaves = [x for x in tree.flatten(result) if hasattr(x, "dtype")]
    return [(array(keras, x), keras.backend.standardize_dtype(x.dtype)) for x in leaves]


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
