"""One job in a process of its own: what is asked, `python -m kcore_train.bench.process`, and what comes back."""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kcore_layers import Model
from kcore_ops import tree
from kcore_ops.foundation.errors import one_line

from kcore_train.bench.job import Job, Outcome, TargetError, reason_of
from kcore_train.bench.made_data import made_data
from kcore_train.bench.stopwatch import Measured, observed_fit

__all__ = ["in_a_process", "is_script", "outcome_of"]

# Bytes of made data.
_MOST_DATA = 2**26


def is_script(target: str) -> bool:
    """Return whether what is to be timed is a file, not a function.

    Args:
        target: as on the command line.

    >>> is_script("train.py"), is_script("package.module:make_model")
    (True, False)
    """
    return target.endswith(".py")


def in_a_process(job: Job, timeout: float) -> Outcome:
    """Time a job in a process that has nothing loaded; what it prints is not shown.

    Args:
        job: what to time.
        timeout: seconds after which it is ended.
    """
    with tempfile.TemporaryDirectory(prefix="kcore-bench-") as directory, tempfile.TemporaryFile() as printed:
        found = Path(directory) / "outcome.json"
        command = [sys.executable, "-m", "kcore_train.bench.process", json.dumps(dataclasses.asdict(job)), str(found)]
        process = subprocess.Popen(
            command, env={**os.environ, "KCORE_BACKEND": job.backend}, stdin=subprocess.DEVNULL, stdout=printed,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            return Outcome(job.backend, reason=f"was not done after {timeout:g} s; a larger --timeout gives it longer")
        finally:
            _end(process)
        if found.exists():
            return Outcome(**json.loads(found.read_text(encoding="utf-8")))
        printed.seek(0)
        lines = printed.read().decode(errors="replace").split("\n")
        last = next((one_line(line.strip()) for line in reversed(lines) if line.strip()), "it printed nothing")
        return Outcome(job.backend, reason=f"its process ended with status {status}: {last}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it has started, where that is not done."""
    if process.poll() is None:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()


def outcome_of(job: Job) -> Outcome:
    """Time a job in this process, whose arguments are the script's from then on.

    Args:
        job: what to time, on the backend that is current.
    """
    try:
        with observed_fit(job):
            (_run_script if is_script(job.target) else _run_function)(job)
        raise TargetError(f"{job.target} ended without a call of fit", fix="train the model with model.fit")
    except Measured as done:
        return dataclasses.replace(done.outcome, peak_memory_mb=_peak_memory())
    except TargetError as error:
        return Outcome(job.backend, reason=reason_of(error), is_about_target=True)
    except (Exception, SystemExit) as error:
        return Outcome(job.backend, reason=reason_of(error))


def _run_script(job: Job) -> None:
    path = Path(job.target)
    sys.argv = [job.target]
    sys.path[0] = str(path.resolve().parent)  # as `python script.py` sets it
    runpy.run_path(job.target, run_name="__main__")


def _run_function(job: Job) -> None:
    sys.argv = [job.target]
    made = _function(job.target)()
    model, *data = made if isinstance(made, tuple) else (made,)
    if not isinstance(model, Model) or len(data) > 2:
        returned = "nothing" if made is None else f"an object of type {type(made).__name__}"
        raise TargetError(
            f"{job.target} returned {returned}",
            fix="let it return a compiled model, (model, x, y) or (model, data)",
        )
    if not model.compiled:
        raise TargetError(f"the model that {job.target} returned is not compiled", fix="call model.compile first")
    if not data:
        data = list(_made_data(model, job))
    x, y = data if len(data) == 2 else (data[0], None)
    model.fit(x, y)


def _made_data(model: Model, job: Job) -> tuple[Any, Any]:
    """Draw data for some batches, as many as the steps are, or as memory has a place for."""
    batch_size = job.batch_size or 32
    x, y = made_data(model, batch_size)
    size = sum(array.nbytes for array in _arrays(x) + _arrays(y))
    return made_data(model, batch_size * max(1, min(job.steps + job.warm_up, math.floor(_MOST_DATA / max(size, 1)))))


def _arrays(data: Any) -> list[Any]:
    return [leaf for leaf in tree.flatten(data) if leaf is not None]


def _function(target: str) -> Callable[[], Any]:
    """Find a function by `package.module:function`."""
    module_name, _, name = target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise TargetError(f"there is no module {error.name!r}", fix="check the name, and where you are") from error
        raise
    found = getattr(module, name, None)
    if not callable(found):
        raise TargetError(f"the module {module_name!r} has no function {name!r}", fix="check the name")
    function: Callable[[], Any] = found
    return function


def _peak_memory() -> float | None:
    """Return the most memory that this process has held, in MiB, or None where nothing tells."""
    try:  # which, unlike getrusage, does not count the process that this one was started from
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return float(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def _main(job: str, found: str) -> None:
    outcome = outcome_of(Job(**json.loads(job)))
    partial = Path(f"{found}.partial")
    partial.write_text(json.dumps(dataclasses.asdict(outcome)), encoding="utf-8")
    partial.replace(found)


if __name__ == "__main__":
    _main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # threads that the script has started do not keep the next backend waiting
