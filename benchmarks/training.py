"""What a step of `fit` and of `predict` takes beside a hand-written native loop, and beside Keras.

Each framework gets a process of its own, with Keras on that backend. In it the contenders take turns, an epoch each;
what is reported is the median over the rounds, per step, and its ratio to the native loop's.

    python benchmarks/training.py --frameworks torch --cases tiny mlp
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from training_models import CASES, Case

FRAMEWORKS = ("torch", "jax", "tensorflow")
NUM_THREADS = "2"
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": NUM_THREADS, "TF_CPP_MIN_LOG_LEVEL": "3"}


def contenders(case: Case, framework: str) -> dict[str, Any]:
    """Give the objects that fit and predict the case, by name."""
    native = importlib.import_module(f"native_{framework}").Loop(case)
    found: dict[str, Any] = {"native": native}
    for name in ("kcore", "keras"):
        keras = importlib.import_module(name)
        losses = keras.losses
        loss = losses.MeanSquaredError() if case.loss == "squares" else losses.SparseCategoricalCrossentropy(True)
        model = case.build(keras)
        model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss)
        found[name] = model
    return found


def turns(case: Case, found: dict[str, Any], what: str, x: Any, y: Any) -> dict[str, Callable[[], Any]]:
    """Give what each contender does in its turn."""
    if what == "fit":
        ours = {"batch_size": case.batch_size, "verbose": 0}
        return {
            name: (lambda m=each: m.fit(x, y)) if name == "native" else (lambda m=each: m.fit(x, y, **ours))
            for name, each in found.items()
        }
    ours = {"batch_size": case.batch_size, "verbose": 0}
    return {
        name: (lambda m=each: m.predict(x)) if name == "native" else (lambda m=each: m.predict(x, **ours))
        for name, each in found.items()
    }


def measure(case: Case, framework: str, rounds: int) -> dict[str, Any]:
    """Time one case; gives microseconds per step by what is done and by contender."""
    x, y = case.data(np.random.default_rng(0), case.batch_size * case.num_batches)
    found = contenders(case, framework)
    figures: dict[str, Any] = {}
    for what in ("fit", "predict"):
        actions = turns(case, found, what, x, y)
        times: dict[str, list[float]] = {name: [] for name in actions}
        for action in actions.values():
            action()
            action()
        for _ in range(rounds):
            for name, action in actions.items():
                gc.collect()
                start = time.perf_counter()
                action()
                times[name].append((time.perf_counter() - start) / case.num_batches * 1e6)
        figures[what] = {name: statistics.median(each) for name, each in times.items()}
    return figures


def measure_all(frameworks: Sequence[str], cases: Sequence[str], rounds: int) -> dict[str, Any]:
    """Time each framework in a process of its own."""
    figures = {}
    for framework in frameworks:
        command = [sys.executable, __file__, "--inside", framework, "--rounds", str(rounds), "--cases", *cases]
        env = {**os.environ, **ENVIRONMENT, "KERAS_BACKEND": framework, "KCORE_BACKEND": framework}
        done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=Path(__file__).parent)
        if done.returncode:
            raise RuntimeError(f"measuring {framework} failed:\n{done.stderr[-3000:]}")
        figures[framework] = json.loads(done.stdout.splitlines()[-1])
    return figures


def verdicts(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Hold the ratios of `fit` to the budgets."""
    limits = {case.name: case.limit for case in CASES}
    found = []
    for framework, cases in figures.items():
        for name, timed in cases.items():
            fit = timed["fit"]
            ratio = fit["kcore"] / fit["native"]
            found.append(
                {"what": f"{framework} fit {name}", "figure": ratio, "limit": limits[name], "unit": "x",
                 "met": ratio <= limits[name] and fit["kcore"] < fit["keras"]}
            )  # fmt: skip
    return found


def table(figures: dict[str, Any]) -> str:
    """Lay the figures out."""
    lines = [f"{'us per step':<34}{'native':>10}{'kcore':>10}{'Keras':>10}{'kcore/native':>14}{'Keras/kcore':>13}"]
    for framework, cases in figures.items():
        for name, timed in cases.items():
            for what, each in timed.items():
                native, ours, theirs = each["native"], each["kcore"], each["keras"]
                lines.append(
                    f"{framework + ' ' + what + ' ' + name:<34}{native:>10.0f}{ours:>10.0f}{theirs:>10.0f}"
                    f"{ours / native:>14.2f}{theirs / ours:>13.2f}"
                )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frameworks", nargs="+", default=FRAMEWORKS, choices=FRAMEWORKS)
    parser.add_argument("--cases", nargs="+", default=[case.name for case in CASES])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        cases = [case for case in CASES if case.name in options.cases]
        print(json.dumps({case.name: measure(case, options.inside, options.rounds) for case in cases}))
        return
    print(table(measure_all(options.frameworks, options.cases, options.rounds)))


if __name__ == "__main__":
    main()
