"""`Job`, what a process is asked to time, and `Outcome`, what it found: both go between processes as JSON."""

from __future__ import annotations

import dataclasses
from typing import Literal

from kcore_ops.foundation.errors import KcoreError, one_line

__all__ = ["Job", "Outcome", "TargetError", "reason_of"]


@dataclasses.dataclass(frozen=True)
class Job:
    """What a process is to time.

    Attributes:
        target: a script, or `package.module:function`.
        backend: the name of the backend.
        steps: how many steps are timed.
        warm_up: how many steps come before.
        batch_size: the number of samples in a batch, or None for what the target says.
    """

    target: str
    backend: str
    steps: int = 50
    warm_up: int = 5
    batch_size: int | None = None


@dataclasses.dataclass
class Outcome:
    """What was found on one backend.

    Attributes:
        backend: its name.
        rank: its place among those that train, 1 for the fastest, or None.
        measured: "fit", "predict" where the backend has no gradients, or None where nothing could be measured.
        step_ms: milliseconds a step takes, the median.
        samples_per_second: how many samples go through in a second, at that rate.
        first_step_s: seconds from the call of `fit` to the end of its first step, compilation included.
        peak_memory_mb: the most memory the process has held, in MiB, or None where the system does not tell; what
            lies on an accelerator is not in it.
        batch_size: the number of samples in a batch.
        steps: how many steps were timed.
        reason: why it could not be measured, or only in part.
        is_about_target: whether the reason is a fault of what was asked for, and so the same on every backend.
    """

    backend: str
    rank: int | None = None
    measured: Literal["fit", "predict"] | None = None
    step_ms: float | None = None
    samples_per_second: float | None = None
    first_step_s: float | None = None
    peak_memory_mb: float | None = None
    batch_size: int | None = None
    steps: int | None = None
    reason: str | None = None
    is_about_target: bool = False


class TargetError(KcoreError, ValueError):
    """What was asked to be timed is not there, or is no model; so it is on every backend."""


def reason_of(error: BaseException) -> str:
    """Return what an error says in a line.

    Args:
        error: the error.

    >>> reason_of(ValueError("no such shape\\n  in layer 3"))
    'ValueError: no such shape'
    >>> reason_of(TargetError("there is no file a.py", fix="check the path"))
    'there is no file a.py; check the path'
    """
    if isinstance(error, TargetError):
        return one_line("; ".join(filter(None, (error.problem, error.fix))))
    text = error.problem if isinstance(error, KcoreError) else str(error)
    first = next(iter(text.strip().splitlines()), "")
    return one_line(f"{type(error).__name__}: {first}" if first else type(error).__name__)
