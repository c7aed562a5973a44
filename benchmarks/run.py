"""Run the benchmarks and hold their figures to the budgets of the design.

    python benchmarks/run.py                              everything, about a quarter of an hour
    python benchmarks/run.py import                       one of them
    python benchmarks/run.py ops --frameworks torch --ops add exp
    python benchmarks/run.py --quick --json figures.json

The budgets: an op adds at most 0.5 microseconds to the bare call on NumPy and torch, and less than Keras's adds on JAX
and TensorFlow; a common op on a thousand and a million elements takes at most three times as long as Keras's; a call of
Dense adds at most 8 on torch; a step of `fit` with accuracy takes at most 1.05 times as long as that of a native loop
(1.10 for an MLP, 1.25 for a tiny model, 3 % more with the progress bar), a prediction of a tiny model 1.3 times, an
eager call of a transformer on torch 1.2 times, all less than Keras's; the first step on torch takes at most 0.15
seconds; 32 steps a call make a tiny model on JAX 3 times as fast; `import kcore` takes at most 0.25 seconds. A budget
missed is reported and is no failure: the exit status is 0, since a figure taken on a busy machine proves nothing.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import first_steps
import import_time
import layer_calls
import op_overhead
import op_sizes
import training

BENCHMARKS = ("import", "ops", "sizes", "layers", "training", "first")


def environment() -> dict[str, Any]:
    """Say what is measured, and on what."""
    versions = {}
    for name in ("kcore-ops", "numpy", "torch", "jax", "tensorflow", "keras"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    machine = {"system": platform.system(), "machine": platform.machine(), "processors": os.cpu_count(), "load": load}
    return {"python": platform.python_version(), "versions": versions, **machine}


def summary(verdicts: Sequence[dict[str, Any]]) -> str:
    """Say of each budget whether it is met, or that the machine is too noisy to tell."""
    words = {True: "met", False: "MISSED", None: "unclear"}
    lines = ["Budgets"]
    for verdict in verdicts:
        figures = f"{verdict['figure']:>8.3f} of {verdict['limit']:.3f} {verdict['unit']}"
        lines.append(f"  {words[verdict['met']]:<9}{verdict['what']:<26}{figures}")
    count = [verdict["met"] for verdict in verdicts].count
    lines.append(f"{count(True)} of {len(verdicts)} met, {count(False)} missed, {count(None)} unclear")
    return "\n".join(lines)


def main() -> None:
    """Run, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", nargs="*", metavar="BENCHMARK", help=f"of {', '.join(BENCHMARKS)}; default: all")
    op_overhead.add_arguments(parser)
    parser.add_argument("--runs", type=int, default=10, help="processes of each import")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds and three runs: does it work?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    if unknown := set(options.benchmarks) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    chosen = options.benchmarks or BENCHMARKS
    if options.quick:
        options.rounds, options.runs = max(2, options.rounds // 10), 3

    figures: dict[str, Any] = {"environment": environment()}
    print(", ".join(f"{name} {value}" for name, value in figures["environment"]["versions"].items()))
    print(", ".join(f"{name} {value}" for name, value in figures["environment"].items() if name != "versions"))
    verdicts: list[dict[str, Any]] = []
    if "import" in chosen:
        figures["import"] = import_time.measure(options.runs)
        verdicts += import_time.verdicts(figures["import"])
        print("", import_time.table(figures["import"]), sep="\n", flush=True)
    if "ops" in chosen:
        figures["ops"] = op_overhead.measure_all(options.frameworks, options.ops, options.rounds, options.turn)
        verdicts += op_overhead.verdicts(figures["ops"])
        print("", op_overhead.table(figures["ops"]), sep="\n", flush=True)
    if "sizes" in chosen:
        figures["sizes"] = op_sizes.measure_all(options.frameworks, rounds=3 if options.quick else 15)
        verdicts += op_sizes.verdicts(figures["sizes"])
        print("", op_sizes.table(figures["sizes"]), sep="\n", flush=True)
    frameworks = options.frameworks or op_overhead.FRAMEWORKS
    with_gradients = [name for name in frameworks if name in training.FRAMEWORKS]
    if "layers" in chosen:
        figures["layers"] = layer_calls.measure_all(frameworks, 3 if options.quick else 15)
        verdicts += layer_calls.verdicts(figures["layers"])
        print("", layer_calls.table(figures["layers"]), sep="\n", flush=True)
    if "training" in chosen:
        cases = [case.name for case in training.CASES]
        figures["training"] = training.measure_all(with_gradients, cases, 2 if options.quick else 7)
        verdicts += training.verdicts(figures["training"])
        print("", training.table(figures["training"]), sep="\n", flush=True)
    if "first" in chosen:
        figures["first"] = first_steps.measure_all(with_gradients, 1 if options.quick else 3)
        verdicts += first_steps.verdicts(figures["first"])
        print("", first_steps.table(figures["first"]), sep="\n")
    print("", summary(verdicts), sep="\n")
    if options.json:
        options.json.write_text(json.dumps({**figures, "budgets": verdicts}, indent=1) + "\n")


if __name__ == "__main__":
    main()
