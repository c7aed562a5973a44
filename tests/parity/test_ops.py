"""Every op that Keras has too: the same inputs give the same values and dtypes, on the same framework."""

from __future__ import annotations

import numpy as np
import pytest
from differences import DTYPES, VALUES
from hypothesis import given, settings
from kcore_ops import tree
from kcore_ops.conformance import checks
from kcore_ops.conformance.case import all_cases, iterate
from kcore_ops.operation import op_of

CASES = [pytest.param(case, id=f"{name}-{number}") for name, number, case in iterate(all_cases())]


def theirs(keras, case, args):
    """Keras's results as arrays with their dtypes, or None where it refuses the call."""
    function = getattr(keras.ops, case.op)
    try:
        result = function(*checks._spread(op_of(case.op), args))
    except Exception:
        return None
    leaves = [x for x in tree.flatten(result) if x is not None]
    return [
        (keras.ops.convert_to_numpy(x), keras.backend.standardize_dtype(x.dtype)) for x in leaves if hasattr(x, "dtype")
    ]


@pytest.mark.parametrize("case", CASES)
def test_values_and_dtypes_are_those_of_keras(keras, backend, case):
    if not hasattr(keras.ops, case.op):
        pytest.skip("Keras has no such op")
    refused = []

    @settings(max_examples=8)
    @given(case.inputs())
    def run(drawn):
        dtype, args = drawn
        with np.errstate(all="ignore"):
            expected = theirs(keras, case, args)
            if expected is None:
                refused.append(dtype)
                return
            result = checks.call(op_of(case.op), backend, checks.tensors(backend, args))
        leaves = [x for x in tree.flatten(result) if isinstance(x, backend.tensor_types)]
        if (case.op, dtype) not in DTYPES and (case.op, "*") not in DTYPES:
            assert [backend.dtype(x) for x in leaves] == [d for _, d in expected], f"dtypes for {dtype}"
        if case.op not in VALUES:
            arrays = [backend.to_numpy(x) for x in leaves]
            wanted = [array for array, _ in expected]
            arrays, wanted = checks.compared(case, args, arrays, wanted)
            checks.assert_close(arrays, wanted, dtype, 4 * case.tolerance, f"{case.op} of {dtype} against Keras")

    run()
