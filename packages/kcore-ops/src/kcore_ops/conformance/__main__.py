"""`python -m kcore_ops.conformance BACKEND`: which ops a backend has, by what means, and whether they are right."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

from kcore_ops import registry
from kcore_ops.conformance import checks
from kcore_ops.conformance.case import Case, all_cases
from kcore_ops.current import on
from kcore_ops.errors import MissingOp
from kcore_ops.operation import all_ops
from kcore_ops.plugin import Backend

__all__ = ["examine", "main"]


def examine(backend: Backend, examples: int = 10) -> dict[str, tuple[str, str]]:
    """Try every op on a backend.

    Args:
        backend: the backend.
        examples: how many inputs each case draws.

    Returns:
        For each op "native", "override", "derived", "missing" or "wrong", and what is wrong or missing. An op whose
        definition needs an op that is missing is missing too.
    """
    cases = all_cases()
    return {
        name: _examined(backend, name, cases.get(name, []), examples) for name in sorted(all_ops()) if "." not in name
    }


def _examined(backend: Backend, name: str, cases: list[Case], examples: int) -> tuple[str, str]:
    try:
        kind, _ = all_ops()[name].implementation(backend)
        for case in cases:
            _try(backend, case, examples)
    except MissingOp as error:
        return "missing", error.problem.partition(", which")[0]
    except Exception as error:
        if isinstance(error.__cause__, MissingOp):
            return "missing", error.__cause__.problem
        return "wrong", f"{type(error).__name__}: {error}".splitlines()[0]
    return ("derived" if kind == "definition" else kind), ""


def _try(backend: Backend, case: Case, examples: int) -> None:
    other = _other_with_gradients(backend)

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
        if other is not None and case.gradient and drawn[0] in ("float32", "float64"):
            checks.check_gradient(backend, other, case, *drawn)

    with on(backend), np.errstate(all="ignore"):
        run()


def _other_with_gradients(backend: Backend) -> Backend | None:
    """Give an installed backend to compare gradients with, if both have them."""
    if "gradient" not in backend.capabilities:
        return None
    for name, record in sorted(registry.backends().items()):
        if record.is_usable and name != backend.name:
            other = registry.load(name)
            if {"gradient", "float64"} <= other.capabilities:
                return other
    return None


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the exit status is 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m kcore_ops.conformance", description=__doc__)
    parser.add_argument("backend", help="the name of an installed backend")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--examples", type=int, default=10, help="inputs drawn for each case (default: 10)")
    options = parser.parse_args(argv)
    backend = registry.load(options.backend)
    results = examine(backend, options.examples)
    row, rule = ("| {:<28} | {:<8} | {} |", "|---|---|---|") if options.markdown else ("{:<28} {:<8} {}", "")
    lines = [row.format("op", "how", "note"), *([rule] if rule else [])]
    lines += [row.format(name, kind, note) for name, (kind, note) in results.items()]
    counts = Counter(kind for kind, _ in results.values())
    lines.append("")
    lines.append(
        f"{backend.name}: {len(results)} ops: " + ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items()))
    )
    if _other_with_gradients(backend) is None:
        lines.append("gradients were not compared: " + ("no other backend with gradients is installed"
                     if "gradient" in backend.capabilities else "this backend has none"))  # fmt: skip
    print("\n".join(lines))
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
