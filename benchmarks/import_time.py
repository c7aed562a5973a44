"""How long a Python process takes that imports numpy, kcore_ops, kcore or Keras, and nothing else.

Processes of all contenders take turns; the first round, which may compile bytecode and fill the disk's cache, does not
count. Keras is imported on its NumPy backend, its lightest.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONTENDERS = {"(nothing)": "pass"} | {
    name: f"import {name}" for name in ("numpy", "kcore_ops", "kcore", "keras") if importlib.util.find_spec(name)
}
BUDGET = 0.25  # seconds
BUDGETED = ("kcore_ops", "kcore")


def measure(runs: int = 10) -> list[dict[str, Any]]:
    """Give the wall times, in seconds, of `runs` whole processes of each contender."""
    environment = {**os.environ, "KERAS_BACKEND": "numpy"}
    times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for round_number in range(runs + 1):
        for name, code in CONTENDERS.items():
            start = time.perf_counter()
            done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
            took = time.perf_counter() - start
            if done.returncode:
                raise RuntimeError(f"{code!r} failed:\n{done.stderr}")
            if round_number:
                times[name].append(took)
    return [summarize(name, own, statistics.median(times["numpy"])) for name, own in times.items()]


def summarize(name: str, times: Sequence[float], numpy: float) -> dict[str, Any]:
    """Give the median and quartiles of a contender's times, and its ratio to numpy's median."""
    low, middle, high = statistics.quantiles(times, n=4)
    return {
        "import": name,
        "seconds": round(middle, 4),
        "quartiles": [round(low, 4), round(high, 4)],
        "ratio": round(middle / numpy, 3),
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Lay the rows out as text."""
    lines = [
        "Whole processes, seconds of wall time: median [quartiles], and ratio to numpy",
        f"{'import':<11}{'median':>8}   {'quartiles':<18}{'ratio':>6}",
    ]
    for row in rows:
        quartiles = f"[{row['quartiles'][0]:.3f}, {row['quartiles'][1]:.3f}]"
        lines.append(f"{row['import']:<11}{row['seconds']:>8.3f}   {quartiles:<18}{row['ratio']:>6.2f}")
    return "\n".join(lines)


def verdicts(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hold kcore_ops and kcore to their budget."""
    return [
        {
            "what": f"import {row['import']}",
            "figure": row["seconds"],
            "limit": BUDGET,
            "unit": "s",
            "met": row["seconds"] <= BUDGET,
        }
        for row in rows
        if row["import"] in BUDGETED
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, help="processes of each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    rows = measure(options.runs)
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
