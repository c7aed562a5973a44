"""What is tried of each case, and on how many inputs: the same by the command and by pytest."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

from kcore_ops.backends import registry
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance import checks, faults, places
from kcore_ops.conformance.case import Case, few_shapes

__all__ = ["TRIALS", "Trial", "other_with_gradients", "try_inputs"]


@dataclasses.dataclass(frozen=True)
class Trial:
    """One thing that is tried of a case.

    Attributes:
        check: raises if an input shows that a backend is wrong.
        examples: how many inputs are drawn for it, at an effort of 1.
        needs: the capability that a backend must have for it to mean something, or None.
        dtypes: the dtypes that can tell right from wrong, or None for all of the case's.
        is_meant: whether it is for a case.
    """

    check: Callable[[Backend, Case, str, tuple[Any, ...]], None]
    examples: int
    needs: str | None = None
    dtypes: Collection[str] | None = None
    is_meant: Callable[[Case], bool] = lambda case: True

    def is_for(self, backend: Backend, case: Case) -> bool:
        """Say whether it can be tried."""
        return (self.needs is None or self.needs in backend.capabilities) and self.is_meant(case)


def _check_value_dtype_and_spec(backend: Backend, case: Case, dtype: str, args: tuple[Any, ...]) -> None:
    checks.check_value(backend, case, dtype, args)
    checks.check_definition(backend, case, dtype, args)
    checks.check_spec(backend, case, dtype, args)
    checks.check_unknown_sizes(backend, case, dtype, args)


def _check_place(backend: Backend, case: Case, dtype: str, args: tuple[Any, ...]) -> None:
    device = places.other_device(backend)
    if device is not None:
        places.check_place(backend, device, case, dtype, args)


def _check_gradient(backend: Backend, case: Case, dtype: str, args: tuple[Any, ...]) -> None:
    checks.check_gradient(backend, other_with_gradients(backend), case, dtype, args)


def _check_second_gradient(backend: Backend, case: Case, dtype: str, args: tuple[Any, ...]) -> None:
    other = other_with_gradients(backend)
    if other is not None:
        checks.check_second_gradient(backend, other, case, dtype, args)


_DIFFERENTIATED = frozenset({"float32", "float64"})

TRIALS = {
    "value_dtype_and_spec": Trial(_check_value_dtype_and_spec, 20),
    "errors": Trial(faults.check_faults, 3),
    "layout": Trial(checks.check_layout, 6),
    "compiled": Trial(checks.check_compiled, 5, "jit"),
    "place": Trial(_check_place, 3),
    "gradient": Trial(
        _check_gradient,
        10,
        "gradient",
        _DIFFERENTIATED,
        lambda case: case.gradient and not _DIFFERENTIATED.isdisjoint(case.dtypes),
    ),
    "second_gradient": Trial(
        _check_second_gradient,
        2,
        "gradient",
        ("float64",),
        lambda case: case.gradient and case.second_gradient and "float64" in case.dtypes,
    ),
}


def try_inputs(trial: Trial, backend: Backend, case: Case, effort: float = 1.0) -> None:
    """Draw inputs, as many as the effort says, and check each. How fast the machine is has no part in it."""

    @settings(
        max_examples=max(1, round(trial.examples * case.effort * effort)),
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,  # the first is raised as it is, not in a group
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(case.inputs(trial.dtypes))
    def run(drawn: tuple[str, tuple[Any, ...]]) -> None:
        with np.errstate(all="ignore"):  # NumPy's warnings about what the cases do on purpose
            trial.check(backend, case, *drawn)

    try:
        with few_shapes(checks.compiles_each_shape(backend)):
            run()
    except BaseExceptionGroup as found:
        # Once a call has left a plan the same fault comes from another line, which Hypothesis takes for another fault.
        error: BaseException = found
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


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
