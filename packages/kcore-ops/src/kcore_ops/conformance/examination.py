"""Trying ops on a backend: which it has, by what means, and whether they are right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

from kcore_ops import registry
from kcore_ops.conformance import checks, faults, places
from kcore_ops.conformance.case import Case, all_cases
from kcore_ops.current import on
from kcore_ops.errors import MissingOp
from kcore_ops.operation import all_ops
from kcore_ops.plugin import Backend

__all__ = ["examine", "examine_op", "other_with_gradients"]


def examine(backend: Backend, examples: int = 10) -> dict[str, tuple[str, str]]:
    """Try every op on a backend.

    Args:
        backend: the backend.
        examples: how many inputs each case draws.

    Returns:
        For each op what `examine_op` says of it.
    """
    cases = all_cases()
    names = sorted(name for name in all_ops() if "." not in name)
    return {name: examine_op(backend, name, cases.get(name, []), examples) for name in names}


def examine_op(backend: Backend, name: str, cases: Sequence[Case], examples: int) -> tuple[str, str]:
    """Try an op on a backend: "native", "override", "derived", "missing" or "wrong", and what is wrong or missing.

    An op whose definition needs an op that is missing is missing too.
    """
    try:
        kind, _ = all_ops()[name].implementation(backend)
        for case in cases:
            _try(backend, case, examples)
    except MissingOp as error:
        return "missing", error.problem.partition(", which")[0]
    except Exception as error:
        if isinstance(error.__cause__, MissingOp):
            return "missing", error.__cause__.problem.partition(", which")[0]
        return "wrong", f"{type(error).__name__}: {error}".splitlines()[0]
    return ("derived" if kind == "definition" else kind), ""


def _try(backend: Backend, case: Case, examples: int) -> None:
    has_gradient = case.gradient and "gradient" in backend.capabilities
    other = other_with_gradients(backend)
    device = places.other_device(backend)

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case.inputs())
    def run(drawn: tuple[str, tuple[Any, ...]]) -> None:
        checks.check_value(backend, case, *drawn)
        checks.check_definition(backend, case, *drawn)
        checks.check_spec(backend, case, *drawn)
        checks.check_unknown_sizes(backend, case, *drawn)
        faults.check_faults(backend, case, *drawn)
        if device is not None:
            places.check_place(backend, device, case, *drawn)
        if has_gradient and drawn[0] in ("float32", "float64"):
            checks.check_gradient(backend, other, case, *drawn)

    with on(backend), np.errstate(all="ignore"):
        run()


def other_with_gradients(backend: Backend) -> Backend | None:
    """Give an installed backend to compare gradients with, if both have them."""
    if "gradient" not in backend.capabilities:
        return None
    # The last, because the first of ours compiles each shape it meets.
    for name, record in sorted(registry.backends().items(), reverse=True):
        if record.is_usable and name != backend.name:
            other = registry.load(name)
            if {"gradient", "float64"} <= other.capabilities:
                return other
    return None
