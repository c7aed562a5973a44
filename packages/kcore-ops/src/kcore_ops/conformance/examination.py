"""Trying ops on a backend: which it has, by what means, and whether they are right."""

from __future__ import annotations

from collections.abc import Sequence

from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance.case import Case, all_cases
from kcore_ops.conformance.trials import TRIALS, try_inputs
from kcore_ops.engine.op import all_ops
from kcore_ops.foundation.errors import MissingOp

__all__ = ["examine", "examine_op"]


def examine(backend: Backend, effort: float = 1.0) -> dict[str, tuple[str, str]]:
    """Try every op on a backend.

    Args:
        backend: the backend.
        effort: how many inputs each case draws, as a multiple of the usual.

    Returns:
        For each op what `examine_op` says of it.
    """
    cases = all_cases()
    names = sorted(name for name in all_ops() if "." not in name)
    return {name: examine_op(backend, name, cases.get(name, []), effort) for name in names}


def examine_op(backend: Backend, name: str, cases: Sequence[Case], effort: float = 1.0) -> tuple[str, str]:
    """Try an op on a backend: "native", "override", "derived", "missing" or "wrong", and what is wrong or missing.

    An op whose definition needs an op that is missing is missing too.
    """
    try:
        kind, _ = all_ops()[name].implementation(backend)
        with on(backend):
            for case in cases:
                for trial in TRIALS.values():
                    if trial.is_for(backend, case):
                        try_inputs(trial, backend, case, effort)
    except MissingOp as error:
        return "missing", error.problem.partition(", which")[0]
    except Exception as error:
        if isinstance(error.__cause__, MissingOp):
            return "missing", error.__cause__.problem.partition(", which")[0]
        said = " ".join(str(error).split())
        return "wrong", f"{type(error).__name__}: {said}"[:200]
    return ("derived" if kind == "definition" else kind), ""
