"""`kcore bench-backends`: which backend trains a model fastest."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from kcore_ops.backends import registry
from rich import box
from rich.console import Console
from rich.table import Table

from kcore_train.bench.job import Job, Outcome, TargetError, reason_of
from kcore_train.bench.process import in_a_process, is_script

__all__ = ["main", "ranked"]

_DESCRIPTION = """\
Time the training step of a model on each installed backend, each in a process of its own, and rank them.

TARGET is a training script, which is run until enough steps of its first call of fit are timed; or
package.module:function, where the function returns a compiled model, (model, x, y) or (model, data). For a model alone,
data is made by its inputs, outputs and losses. Callbacks and validation are left out. A backend without gradients is
timed on predict. Peak memory is that of the process; what lies on an accelerator is not in it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command, and return the exit status: 0, 1 if nothing could be timed, 2 for what can not be asked.

    Args:
        argv: the arguments; None, the default, for those of the process.
    """
    options = _parser().parse_args(argv)
    try:
        names = _chosen(options.backends)
        _check(options.target)
        outcomes = []
        for name in names:
            _say(f"timing {name} ...", options.json)
            job = Job(options.target, name, options.steps, options.warm_up, options.batch_size)
            outcomes.append(_measured(job, options.timeout))
    except TargetError as error:
        print(f"kcore bench-backends: {reason_of(error)}", file=sys.stderr)
        return 2
    outcomes = ranked(outcomes)
    if options.json:
        print(json.dumps(_as_data(options, outcomes), indent=2))
    else:
        _print_table(options.target, outcomes)
    return 0 if any(outcome.measured for outcome in outcomes) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kcore bench-backends", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", metavar="TARGET", help="script.py, or package.module:function")
    parser.add_argument("--backends", metavar="A,B", help="which, with commas between them; all that can be used")
    parser.add_argument("--steps", type=_count, default=50, help="how many steps are timed; 50")
    parser.add_argument("--warm-up", type=_count, default=5, help="how many steps come before; 5")
    parser.add_argument("--batch-size", type=_count, help="samples in a batch, where the data is arrays; as it is")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds that each backend may take; 600")
    parser.add_argument("--json", action="store_true", help="print JSON, and nothing else")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer")
    return int(text)


def _chosen(given: str | None) -> list[str]:
    """Return the names of the backends to time."""
    usable = sorted(name for name, record in registry.backends().items() if record.is_usable)
    if not usable:
        raise TargetError(
            "no backend that can be used is installed", fix="install one (`kcore backends` says what is there)"
        )
    if given is None:
        return usable
    names = list(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    for name in names or [""]:
        if name not in usable:
            record = registry.backends().get(name)
            problem = f"the backend {name!r} " + (f"can not be used: {record.reason}" if record else "is not installed")
            raise TargetError(problem, fix=f"choose from {', '.join(usable)}")
    return names


def _check(target: str) -> None:
    """Say what is wrong with a target, as far as can be told without running it."""
    if is_script(target):
        if not Path(target).is_file():
            raise TargetError(f"there is no file {target}", fix="check the path")
        return
    module, colon, function = target.partition(":")
    if not colon or not function.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise TargetError(f"{target!r} is no target", fix="name a script.py, or package.module:function")


def _measured(job: Job, timeout: float) -> Outcome:
    outcome = in_a_process(job, timeout)
    if outcome.is_about_target:
        raise TargetError(str(outcome.reason))
    return outcome


def ranked(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return what was found with the fastest that trains first, then what only predicts, then what failed.

    Args:
        outcomes: what was found on each backend, in any order.

    >>> found = [Outcome("a", measured="predict", step_ms=1.0), Outcome("b", measured="fit", step_ms=3.0),
    ...          Outcome("c", reason="broke"), Outcome("d", measured="fit", step_ms=2.0)]
    >>> [(outcome.backend, outcome.rank) for outcome in ranked(found)]
    [('d', 1), ('b', 2), ('a', None), ('c', None)]
    """
    kinds = ("fit", "predict", None)
    placed = sorted(outcomes, key=lambda each: (kinds.index(each.measured), each.step_ms or 0.0, each.backend))
    trained = sum(outcome.measured == "fit" for outcome in placed)
    return [dataclasses.replace(o, rank=i + 1 if i < trained else None) for i, o in enumerate(placed)]


def _as_data(options: argparse.Namespace, outcomes: Sequence[Outcome]) -> dict[str, object]:
    results = [dataclasses.asdict(outcome) for outcome in outcomes]
    for result in results:
        del result["is_about_target"]  # it is false for all that come this far
    fastest = next((outcome.backend for outcome in outcomes if outcome.rank == 1), None)
    return {"target": options.target, "fastest": fastest, "results": results}


def _print_table(target: str, outcomes: Sequence[Outcome]) -> None:
    table = Table(title=target, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("", justify="right")
    table.add_column("backend", no_wrap=True)
    for column in ("step (ms)", "samples/s", "first step (s)", "peak memory (MB)"):
        table.add_column(column, justify="right")
    for outcome in outcomes:
        figures = (
            _figure(outcome.step_ms, 2), _figure(outcome.samples_per_second, 0), _figure(outcome.first_step_s, 2),
            _figure(outcome.peak_memory_mb, 0),
        )  # fmt: skip
        table.add_row(str(outcome.rank or ""), outcome.backend, *figures)
    console = Console(highlight=False, markup=False)
    console.print(table)
    for outcome in outcomes:
        if outcome.reason:
            console.print(f"{outcome.backend}: {outcome.reason}", soft_wrap=True)


def _figure(number: float | None, places: int) -> str:
    return "-" if number is None else f"{number:,.{places}f}"


def _say(text: str, is_quiet: bool) -> None:
    """Tell a person who waits what is going on."""
    if not is_quiet and sys.stderr.isatty():
        print(text, file=sys.stderr)
