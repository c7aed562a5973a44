"""Trying ops on a backend: which it has, by what means, and whether they are right."""

from __future__ import annotations

import contextvars
import ctypes
import dataclasses
import functools
import threading
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kcore_ops.backends.current import on
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance.case import Case, all_cases
from kcore_ops.conformance.trials import TRIALS, Trial, try_inputs
from kcore_ops.engine.op import all_ops
from kcore_ops.foundation.errors import KcoreError, MissingOp

__all__ = ["Finding", "examine", "examine_op", "first_line", "op_names"]

# Seconds between the steps by which an op that is past its limit is stopped: between two inputs; within the Python of
# one; or not at all, and its thread is left behind.
PATIENCE = 2.0


@dataclasses.dataclass(frozen=True)
class Finding:
    """What was found of one op on a backend.

    Attributes:
        name: the op's name.
        kind: "native", "override", "derived", "missing", "wrong" or "slow".
        note: in one line, what is wrong or missing.
        inputs: how many inputs each trial was made on.
        details: the whole text of the error of a wrong op, with the input that leads to it.
        is_running: whether a call of the op has not returned, and still runs.
    """

    name: str
    kind: str
    note: str = ""
    inputs: Mapping[str, int] = dataclasses.field(default_factory=dict)
    details: str = ""
    is_running: bool = False


class _LimitReached(BaseException):
    """The seconds for one op are over; no fault, so that nothing handles it on the way."""


class _Progress:
    """The inputs tried so far of one op, and whether to stop."""

    def __init__(self) -> None:
        self.inputs: Counter[str] = Counter()
        self.is_over = False

    def count(self, trial: str) -> None:
        if self.is_over:
            raise _LimitReached
        self.inputs[trial] += 1


def op_names() -> list[str]:
    """Return the names of the ops that the suite is about, in order: those of third parties are not."""
    return sorted(name for name in all_ops() if "." not in name)


def examine(
    backend: Backend,
    effort: float = 1.0,
    names: Iterable[str] | None = None,
    trials: Mapping[str, Trial] | None = None,
    limit: float | None = None,
) -> Iterator[Finding]:
    """Try ops on a backend, and yield what is found of each as soon as it is.

    Args:
        backend: the backend.
        effort: how many inputs each case draws, as a multiple of the usual.
        names: the ops to try; all by default.
        trials: what is tried, by name; all of `TRIALS` by default.
        limit: seconds after which an op is given up as slow; none by default.
    """
    cases = all_cases()
    for name in op_names() if names is None else names:
        yield examine_op(backend, name, cases.get(name, []), effort, trials, limit)


def examine_op(
    backend: Backend,
    name: str,
    cases: Sequence[Case],
    effort: float = 1.0,
    trials: Mapping[str, Trial] | None = None,
    limit: float | None = None,
) -> Finding:
    """Try an op on a backend.

    An op whose definition needs an op that is missing is missing too. The arguments are those of `examine`.
    """
    progress = _Progress()
    chosen = TRIALS if trials is None else trials
    if limit is None:
        return _try(backend, name, cases, effort, chosen, progress)
    found: list[Finding] = []
    context = contextvars.copy_context()
    worker = threading.Thread(
        target=lambda: found.append(context.run(_try, backend, name, cases, effort, chosen, progress)),
        name=f"conformance of {name}", daemon=True,
    )  # fmt: skip
    worker.start()
    worker.join(limit)
    if worker.is_alive():
        progress.is_over = True
        worker.join(PATIENCE)
    if worker.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident or 0), ctypes.py_object(_LimitReached))
        worker.join(PATIENCE)
    if found:
        return found[0]
    note = f"stopped after {limit:g} s: a call did not return, of input {sum(progress.inputs.values())}"
    return Finding(name, "slow", note, progress.inputs, is_running=True)


def _try(
    backend: Backend,
    name: str,
    cases: Sequence[Case],
    effort: float,
    trials: Mapping[str, Trial],
    progress: _Progress,
) -> Finding:
    try:
        kind, _ = all_ops()[name].implementation(backend)
        with on(backend):
            for case in cases:
                for trial_name, trial in trials.items():
                    if trial.is_for(backend, case):
                        try_inputs(trial, backend, case, effort, functools.partial(progress.count, trial_name))
    except _LimitReached:
        tried = sum(progress.inputs.values())
        return Finding(name, "slow", f"stopped at the limit, after {tried} inputs, all right", progress.inputs)
    except MissingOp as error:
        return Finding(name, "missing", error.problem.partition(", which")[0], progress.inputs)
    except Exception as error:
        if isinstance(error.__cause__, MissingOp):
            return Finding(name, "missing", error.__cause__.problem.partition(", which")[0], progress.inputs)
        text = "\n".join([str(error), *getattr(error, "__notes__", ())])
        return Finding(name, "wrong", first_line(error)[:200], progress.inputs, text)
    how = "derived" if kind == "definition" else kind
    return Finding(name, how, _untried(backend, cases, progress), progress.inputs)


def _untried(backend: Backend, cases: Sequence[Case], progress: _Progress) -> str:
    """Say why nothing was tried of an op, if nothing was."""
    if progress.inputs:
        return ""
    if not cases:
        return "not tried: the suite has no cases of it"
    dtypes = sorted({dtype for case in cases for dtype in case.dtypes})
    return f"not tried: {backend.name} claims none of the dtypes it is tried in, {', '.join(dtypes)}"


def first_line(error: BaseException) -> str:
    """Return what an error says, in one line: the first of its text that says something, or where it was raised."""
    kind = type(error).__name__
    if isinstance(error, KcoreError):
        return f"{kind}: {error.problem.splitlines()[0]}"
    lines = [line.strip() for line in str(error).splitlines()]
    said = next((line for line in lines if any(character.isalnum() for character in line)), None)
    if said is not None:
        return said if isinstance(error, AssertionError) else f"{kind}: {said}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{kind} in {Path(frames[-1].filename).name}:{frames[-1].lineno}: {frames[-1].line}" if frames else kind
