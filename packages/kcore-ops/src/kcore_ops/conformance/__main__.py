"""`python -m kcore_ops.conformance BACKEND`: which ops a backend has, by what means, and whether they are right."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from kcore_ops.backends import registry
from kcore_ops.backends.interface import Backend
from kcore_ops.conformance.examination import Finding, examine, op_names
from kcore_ops.conformance.signatures import page, signatures
from kcore_ops.conformance.trials import TRIALS, other_with_gradients
from kcore_ops.foundation.errors import BackendNotFound

__all__ = ["main"]

SLOW_TRIALS = ("compiled", "second_gradient")  # what --quick leaves out
UNPROVEN = ("wrong", "slow")
DETAILS = 16  # lines of each error at the end


def main(argv: Sequence[str] | None = None) -> int:
    """Print one line for each op as soon as it was tried, then what was checked and what was not right.

    Returns:
        The exit status: 1 if an op is wrong or too slow, 2 if there is no such backend or op.
    """
    options = _parser().parse_args(argv)
    if options.signatures:
        print(page() if options.markdown else signatures(), end="")
        return 0
    try:
        backend = registry.load(options.backend)
        names = _chosen(options.ops)
    except (BackendNotFound, LookupError) as error:
        print(error, file=sys.stderr)
        return 2
    trials = {name: trial for name, trial in TRIALS.items() if not options.quick or name not in SLOW_TRIALS}
    findings = []
    row, rule = ("| {:<32} | {:<8} | {} |", "|---|---|---|") if options.markdown else ("{:<32} {:<8} {}", None)
    _say(row.format("op", "how", "note"), *([rule] if rule else []))
    for finding in examine(backend, options.effort, names, trials, options.limit or None):
        _say(row.format(finding.name, finding.kind, finding.note))
        findings.append(finding)
    _say("", *_checks(backend, findings, trials, options.markdown))
    if not options.markdown:
        _say(*_faults(findings))
    kinds = sorted({finding.kind for finding in findings})
    counts = ", ".join(f"{sum(finding.kind == kind for finding in findings)} {kind}" for kind in kinds)
    _say("", f"{backend.name}: {len(findings)} ops: {counts}")
    status = 1 if any(finding.kind in UNPROVEN for finding in findings) else 0
    if any(finding.is_running for finding in findings):
        os._exit(status)  # the interpreter's end would wait for what does not return
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kcore_ops.conformance", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("backend", nargs="?", help="the name of an installed backend")
    what.add_argument(
        "--signatures", action="store_true",
        help="print, instead, what each op's function in a backend's table is called with, and what it does",
    )  # fmt: skip
    parser.add_argument("--markdown", action="store_true", help="print in Markdown")
    parser.add_argument("--ops", metavar="REGEX", default="", help="try only ops in whose name this is found")
    parser.add_argument(
        "--effort", type=float, default=1.0, metavar="FACTOR",
        help="how many inputs ops are tried on, as a multiple of the usual, which is what pytest tries (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--limit", type=float, default=300.0, metavar="SECONDS",
        help="give an op up as slow after so long; 0 for never (default: 300)",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="leave out compiled calls and second gradients")
    return parser


def _chosen(pattern: str) -> list[str]:
    """Return the ops that a pattern is found in.

    Raises:
        LookupError: if there are none, or it is no pattern.
    """
    try:
        names = [name for name in op_names() if re.search(pattern, name)]
    except re.error as error:
        raise LookupError(f"--ops {pattern!r} is not a regular expression: {error}") from error
    if not names:
        close = difflib.get_close_matches(pattern, op_names(), n=3)
        meant = f"; close to it are {', '.join(close)}" if close else ""
        raise LookupError(f"--ops {pattern!r} is found in the name of no op{meant}")
    return names


def _say(*lines: str) -> None:
    for line in lines:
        print(line.rstrip(), flush=True)


def _checks(backend: Backend, findings: Sequence[Finding], trials: Iterable[str], is_markdown: bool) -> Iterator[str]:
    """Say which checks were made, on how much, and why the others were not."""
    for name, trial in TRIALS.items():
        against = trial.reason_against(backend)
        if name not in trials:
            what = "not run: --quick leaves it out"
        elif against is not None:
            what = f"not run: {against}"
        else:
            counts = [finding.inputs[name] for finding in findings if finding.inputs.get(name)]
            what = f"{len(counts)} ops, {sum(counts)} inputs"
            if name in ("gradient", "second_gradient"):
                other = other_with_gradients(backend)
                what += f", against {'finite differences' if other is None else other.name}"
        yield f"{'- ' if is_markdown else ''}checked {name.replace('_', ' ')}: {what}"


def _faults(findings: Sequence[Finding]) -> Iterator[str]:
    """Repeat what is not right, with the errors in full as far as they are short."""
    for finding in findings:
        if finding.kind in UNPROVEN:
            yield ""
            yield f"{finding.name} is {finding.kind}: {finding.note}"
            lines = [line for line in finding.details.splitlines() if line.strip()]
            yield from (f"    {line}" for line in lines[:DETAILS])
            if len(lines) > DETAILS:
                yield f"    ... and {len(lines) - DETAILS} lines more, by pytest -k {finding.name}-"


if __name__ == "__main__":
    sys.exit(main())
