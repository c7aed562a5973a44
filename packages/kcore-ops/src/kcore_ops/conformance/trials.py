"""What is tried of each case, and on how many inputs: the same by the command and by pytest."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import warnings
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, assume, configuration, given, settings

from kcore_ops.backends import registry
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance import checks, differences, faults, places
from kcore_ops.conformance.case import Case, few_shapes
from kcore_ops.engine.op import all_ops

__all__ = ["TRIALS", "Trial", "other_with_gradients", "try_inputs"]

# Dtypes that a backend may be without, and the capability by which it says that it has them.
CLAIMED = {"complex64": "complex", "float64": "float64"}


@dataclasses.dataclass(frozen=True)
class Trial:
    """One thing that is tried of a case.

    Attributes:
        check: raises if an input shows that a backend is wrong.
        examples: how many inputs are drawn for it, at an effort of 1.
        needs: the capability that a backend must have for it to mean something, or None.
        dtypes: the dtypes that can tell right from wrong, or None for all of the case's.
        is_meant: whether it is for a case.
        obstacle: what keeps it from being tried on a backend that has the capability, or None.
    """

    check: Callable[[Backend, Case, str, tuple[Any, ...]], None]
    examples: int
    needs: str | None = None
    dtypes: Collection[str] | None = None
    is_meant: Callable[[Case], bool] = lambda case: True
    obstacle: Callable[[Backend], str | None] = lambda backend: None

    def reason_against(self, backend: Backend) -> str | None:
        """Return why it can not be tried on a backend, or None if it can."""
        if self.needs is not None and self.needs not in backend.capabilities:
            return f"{backend.name} has not the capability {self.needs!r}"
        return self.obstacle(backend)

    def dtypes_of(self, backend: Backend, case: Case) -> list[str]:
        """Return the dtypes of a case to try: those that tell right from wrong, and that the backend claims to have."""
        return [
            dtype for dtype in case.dtypes
            if (self.dtypes is None or dtype in self.dtypes)
            and (dtype not in CLAIMED or CLAIMED[dtype] in backend.capabilities)
            and backend.canonical_dtype(dtype) == dtype  # or it would be tried as another
        ]  # fmt: skip

    def is_for(self, backend: Backend, case: Case) -> bool:
        """Return whether it can be tried."""
        return self.reason_against(backend) is None and self.is_meant(case) and bool(self.dtypes_of(backend, case))


def _check_value_dtype_and_spec(backend: Backend, case: Case, dtype: str, args: tuple[Any, ...]) -> None:
    checks.check_value(backend, case, dtype, args)
    checks.check_definition(backend, case, dtype, args)
    checks.check_spec(backend, case, dtype, args)
    checks.check_unknown_sizes(backend, case, dtype, args)


def _check_place(backend: Backend, case: Case, dtype: str, args: tuple[Any, ...]) -> None:
    device = places.other_device(backend)
    assert device is not None, f"{backend.name} has one device"
    places.check_place(backend, device, case, dtype, args)


def _check_gradient(backend: Backend, case: Case, dtype: str, args: tuple[Any, ...]) -> None:
    other = other_with_gradients(backend)
    if other is None:
        differences.check_gradient_by_differences(backend, case, dtype, args)
    else:
        checks.check_gradient(backend, other, case, dtype, args)


def _check_second_gradient(backend: Backend, case: Case, dtype: str, args: tuple[Any, ...]) -> None:
    other = other_with_gradients(backend)
    if other is None:
        differences.check_second_gradient_by_differences(backend, case, dtype, args)
    else:
        checks.check_second_gradient(backend, other, case, dtype, args)


def _lacks_a_device(backend: Backend) -> str | None:
    return f"{backend.name} has one device" if places.other_device(backend) is None else None


def _lacks_precision(backend: Backend) -> str | None:
    """Second derivatives are compared in float64 alone."""
    return None if "float64" in backend.capabilities else f"{backend.name} has not the capability 'float64'"


_DIFFERENTIATED = frozenset({"float32", "float64"})

TRIALS = {
    "value_dtype_and_spec": Trial(_check_value_dtype_and_spec, 20),
    "errors": Trial(faults.check_faults, 3),
    "layout": Trial(checks.check_layout, 6),
    "compiled": Trial(checks.check_compiled, 5, "jit"),
    "place": Trial(_check_place, 3, obstacle=_lacks_a_device),
    "gradient": Trial(
        _check_gradient,
        10,
        "gradient",
        _DIFFERENTIATED,
        lambda case: case.gradient,
    ),
    "second_gradient": Trial(
        _check_second_gradient,
        2,
        "gradient",
        ("float64",),
        lambda case: case.gradient and case.second_gradient,
        _lacks_precision,
    ),
}


def try_inputs(
    trial: Trial, backend: Backend, case: Case, effort: float = 1.0, before_each: Callable[[], None] = lambda: None
) -> None:
    """Draw inputs, as many as the effort says, and check each. How fast the machine is has no part in it.

    Args:
        trial: what is tried.
        backend: the backend that it is tried on.
        case: the way of calling an op.
        effort: how many inputs are drawn, as a multiple of the usual.
        before_each: called before each input; what it raises ends the trial.
    """

    unclaimed = {dtype for dtype, capability in CLAIMED.items() if capability not in backend.capabilities}

    @settings(
        max_examples=max(1, round(trial.examples * case.effort * effort)),
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,  # the first is raised as it is, not in a group
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(case.inputs(trial.dtypes_of(backend, case)))
    def run(drawn: tuple[str, tuple[Any, ...]]) -> None:
        before_each()
        assume(not any(isinstance(arg, str) and arg in unclaimed for arg in drawn[1]))  # a dtype to cast to
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's about what the cases do on purpose
            trial.check(backend, case, *drawn)

    try:
        with few_shapes(checks.compiles_each_shape(backend)), _no_directory():
            run()
    except BaseExceptionGroup as found:
        # Once a call has left a plan the same fault comes from another line, which Hypothesis takes for another fault.
        error: BaseException = found
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


@contextlib.contextmanager
def _no_directory() -> Iterator[None]:
    """Keep Hypothesis from leaving `.hypothesis`, where it writes what it read in modules, whatever its settings say.

    It goes on without where it can not write, as below a file.
    """
    configuration.set_hypothesis_home_dir(os.devnull)
    try:
        yield
    finally:
        configuration.set_hypothesis_home_dir(None)  # what the environment or the working directory says


def other_with_gradients(backend: Backend) -> Backend | None:
    """Return an installed backend to compare gradients with, if both have them."""
    if "gradient" not in backend.capabilities:
        return None
    # The last, because the first of ours compiles each shape it meets.
    for name, record in sorted(registry.backends().items(), reverse=True):
        if record.is_usable and name != backend.name:
            other = registry.load(name)
            if {"gradient", "float64"} <= other.capabilities and _has_every_op(other):
                return other
    return None


def _has_every_op(backend: Backend) -> bool:
    return all(op.definition is not None or name in backend.ops for name, op in all_ops().items() if "." not in name)
