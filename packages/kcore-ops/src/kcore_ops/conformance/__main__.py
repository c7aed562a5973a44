"""`python -m kcore_ops.conformance BACKEND`: which ops a backend has, by what means, and whether they are right."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

from kcore_ops.backends import registry
from kcore_ops.conformance.examination import examine
from kcore_ops.conformance.trials import other_with_gradients

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the exit status is 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m kcore_ops.conformance", description=__doc__)
    parser.add_argument("backend", help="the name of an installed backend")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument(
        "--effort", type=float, default=1.0, metavar="FACTOR",
        help="how many inputs ops are tried on, as a multiple of the usual, which is what pytest tries (default: 1)",
    )  # fmt: skip
    options = parser.parse_args(argv)
    backend = registry.load(options.backend)
    results = examine(backend, options.effort)
    row, rule = ("| {:<28} | {:<8} | {} |", "|---|---|---|") if options.markdown else ("{:<28} {:<8} {}", "")
    lines = [row.format("op", "how", "note"), *([rule] if rule else [])]
    lines += [row.format(name, kind, note) for name, (kind, note) in results.items()]
    counts = Counter(kind for kind, _ in results.values())
    lines.append("")
    lines.append(
        f"{backend.name}: {len(results)} ops: " + ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items()))
    )
    if other_with_gradients(backend) is None:
        lines.append("gradients were compared with finite differences: no other backend with gradients is installed"
                     if "gradient" in backend.capabilities else "this backend has no gradients")  # fmt: skip
    print("\n".join(lines))
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
