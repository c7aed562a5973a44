"""Dtypes of results against those that Keras's backends agree on; see make_keras_dtypes.py for where they come from.

Where ours are others, or the call is refused, `differences.py` says why; what is listed there and no longer differs
fails as well. Ours are those of specs, which tests/ops/test_dtypes.py holds backends to.
"""

from __future__ import annotations

import numpy as np
import pytest
from differences import AGREED, REFUSED
from dtype_calls import OPS, calls, takes_functions
from kcore_ops import tree
from kcore_ops.conformance import faults
from kcore_ops.dtypes import standardize_dtype
from kcore_ops.engine.inference import inferring
from kcore_ops.engine.op import op_of
from kcore_ops.specs.spec import TensorSpec
from make_keras_dtypes import read_table

KERAS = read_table()
COMPARED = [name for name in OPS if name in KERAS and not takes_functions(name)]

# Keras's rules end at 32 bits, on all backends or on most: there, what should be 64 bits wide is 32. In uint32 and an
# int of 32 bits, too, there is more than fits 32.
NARROWER = {"float64": "float32", "int64": "int32", "uint64": "uint32", "complex128": "complex64"}
WIDE = {*NARROWER, "uint32"}


@pytest.mark.parametrize("name", COMPARED)
def test_dtypes_are_those_that_the_backends_of_keras_agree_on(name):
    unexplained, met = [], set()
    for call in calls(name):
        theirs = KERAS[name].get(call.dtypes)
        if theirs is None:
            continue
        with inferring():
            result = faults.outcome(op_of(name), tree.map_structure(spec, list(call.args)))
        if isinstance(result, Exception):
            reasons = {entry.reason for entry in REFUSED if name in entry.ops.split() and entry.words in str(result)}
            ours = str(result)
        else:
            ours = " ".join(x.dtype for x in result if hasattr(x, "dtype"))
            if ours == theirs or (WIDE & set(call.dtypes.split()) and narrowed(ours) == theirs):
                continue
            words = set(call.dtypes.split())
            reasons = {e.reason for e in AGREED if name in e.ops.split() and words & set(e.dtypes.split())}
        met |= reasons
        if not reasons:
            unexplained.append(f"{call.dtypes}: {theirs} in Keras, and ours is {ours}")
    assert not unexplained, f"{len(unexplained)} calls of {name} differ:\n" + "\n".join(unexplained)
    closed = {entry.reason for entry in (*AGREED, *REFUSED) if name in entry.ops.split()} - met
    assert not closed, f"{name} no longer differs from Keras as differences.py says: {closed}"


def spec(x):
    return TensorSpec(x.shape, standardize_dtype(x.dtype)) if isinstance(x, np.ndarray) else x


def narrowed(dtypes: str) -> str:
    return " ".join(NARROWER.get(dtype, dtype) for dtype in dtypes.split())
