"""Every op on the backend under test, by the conformance suite's cases."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from kcore_ops.conformance import checks
from kcore_ops.conformance.case import all_cases, iterate
from kcore_ops.operation import all_ops

CASES = [pytest.param(case, id=f"{name}-{number}") for name, number, case in iterate(all_cases())]


def drawing(check, case, examples, least, dtypes=None):
    """Check up to `examples` inputs; where every shape is compiled anew, as many as fit a second, `least` at least."""
    started, tried = time.perf_counter(), 0

    @settings(max_examples=examples)
    @given(case.inputs())
    def run(drawn):
        nonlocal tried
        if (dtypes is None or drawn[0] in dtypes) and (tried < least or time.perf_counter() - started < 1.0):
            tried += 1
            with np.errstate(all="ignore"):  # NumPy's warnings about what the cases do on purpose
                check(case, *drawn)

    run()


@pytest.mark.parametrize("case", CASES)
def test_value_dtype_and_spec(backend, case):
    def check(case, dtype, args):
        checks.check_value(backend, case, dtype, args)
        checks.check_definition(backend, case, dtype, args)
        checks.check_spec(backend, case, dtype, args)
        checks.check_unknown_sizes(backend, case, dtype, args)

    drawing(check, case, 20, least=5)


@pytest.mark.needs("jit")
@pytest.mark.parametrize("case", CASES)
def test_compiled(backend, case):
    drawing(lambda *drawn: checks.check_compiled(backend, *drawn), case, 5, least=2)


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("case", [param for param in CASES if param.values[0].gradient])
def test_gradient(backend, other_backend, case):
    run = lambda *drawn: checks.check_gradient(backend, other_backend, *drawn)  # noqa: E731
    drawing(run, case, 8, least=2, dtypes=("float32", "float64"))


def test_every_op_has_cases():
    missing = sorted(name for name in all_ops() if "." not in name and name not in all_cases())
    assert not missing, f"add cases in kcore_ops/conformance/cases for: {', '.join(missing)}"


def test_every_op_is_implemented_or_its_gap_is_known(backend):
    missing = [op.name for op in all_ops().values() if op.name not in backend.ops and op.definition is None]
    assert not missing, f"{backend.name} lacks: {', '.join(missing)}"
