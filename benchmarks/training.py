"""What a step of `fit` and of `predict` takes beside a hand-written native loop, and beside Keras.

All train with Adam and report loss and accuracy. `fit+bar` shows the progress bar as on a terminal, beside the native
loop that shows nothing; `call` is the model called eagerly on a tensor, on torch. Each framework gets a process of its
own, with Keras on that backend. In it the contenders take turns, an epoch each; what is reported is the median over the
rounds, per step, and its ratio to the native loop's. On a busy machine `--processor` times the processor rather than
the clock, with one thread.

    python benchmarks/training.py --frameworks torch --cases tiny mlp
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import importlib
import io
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

WHATS = ("fit", "fit+bar", "predict", "call")
LIMIT_OF_BAR = 1.03  # of the time that `fit` takes without one
LIMIT_OF_CALL = 1.2
FRAMEWORKS = ("torch", "jax", "tensorflow")
NUM_THREADS = "2"
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": NUM_THREADS, "TF_CPP_MIN_LOG_LEVEL": "3"}


def contenders(case: Case, framework: str) -> dict[str, Any]:
    """Give the objects that fit and predict the case, by name."""
    native = importlib.import_module(f"native_{framework}").Loop(case)
    found: dict[str, Any] = {"native": native}
    for name in ("kcore", "keras"):
        keras = importlib.import_module(name)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model = case.build(keras)
        model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
        found[name] = model
    return found


class Terminal(io.StringIO):
    """Where a progress bar is written to as it is to a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def turn(case: Case, name: str, model: Any, what: str, x: Any, y: Any) -> Callable[[], Any]:
    """Give what a contender does in its turn."""
    if what == "call":
        batch = x[: case.batch_size]
        if name == "native":
            return functools.partial(model.call, model.inputs(batch))
        return functools.partial(model, importlib.import_module("torch").from_numpy(batch))
    if what == "predict":
        options = {} if name == "native" else {"batch_size": case.batch_size, "verbose": 0}
        return functools.partial(model.predict, x, **options)
    if name == "native":
        return functools.partial(model.fit, x, y)

    def fit() -> None:
        with contextlib.redirect_stdout(Terminal()):
            model.fit(x, y, batch_size=case.batch_size, verbose=int(what == "fit+bar"))

    return fit


def measure(case: Case, framework: str, rounds: int, clock: Callable[[], float] = time.perf_counter) -> dict[str, Any]:
    """Time one case; gives microseconds per step by what is done and by contender."""
    x, y = case.data(np.random.default_rng(0), case.batch_size * case.num_batches)
    found = contenders(case, framework)
    figures: dict[str, Any] = {}
    for what in WHATS if framework == "torch" else WHATS[:-1]:
        actions = {name: turn(case, name, each, what, x, y) for name, each in found.items()}
        num_steps = 1 if what == "call" else case.num_batches
        repeats = 20 if what == "call" else 1
        times: dict[str, list[float]] = {name: [] for name in actions}
        for action in actions.values():
            action()
            action()
        for _ in range(rounds):
            for name, action in actions.items():
                gc.collect()
                start = clock()
                for _ in range(repeats):
                    action()
                times[name].append((clock() - start) / num_steps / repeats * 1e6)
        figures[what] = {name: statistics.median(each) for name, each in times.items()}
    return figures


def measure_all(
    frameworks: Sequence[str], cases: Sequence[str], rounds: int, of_processor: bool = False
) -> dict[str, Any]:
    """Time each framework in a process of its own."""
    figures = {}
    for framework in frameworks:
        command = [sys.executable, __file__, "--inside", framework, "--rounds", str(rounds), "--cases", *cases]
        command += ["--processor"] if of_processor else []
        env = {**os.environ, **ENVIRONMENT, "KERAS_BACKEND": framework, "KCORE_BACKEND": framework}
        if of_processor:
            env["OMP_NUM_THREADS"] = "1"
        done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=Path(__file__).parent)
        if done.returncode:
            raise RuntimeError(f"measuring {framework} failed:\n{done.stderr[-3000:]}")
        figures[framework] = json.loads(done.stdout.splitlines()[-1])
    return figures


def verdicts(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Hold the ratios to the native loop's times to the budgets."""
    known = {case.name: case for case in CASES}
    found = []
    for framework, cases in figures.items():
        for name, timed in cases.items():
            case = known[name]
            limits = {
                "fit": case.limit,
                "fit+bar": timed["fit"]["kcore"] / timed["fit"]["native"] * LIMIT_OF_BAR,
                "predict": case.limit_of_predict,
                "call": LIMIT_OF_CALL if name == "transformer" else None,
            }
            for what, limit in limits.items():
                if limit is not None and what in timed:
                    each = timed[what]
                    ratio = each["kcore"] / each["native"]
                    met = ratio <= limit and each["kcore"] < each["keras"]
                    what_is = f"{framework} {what} {name}"
                    found.append({"what": what_is, "figure": ratio, "limit": limit, "unit": "x", "met": met})
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
    parser.add_argument("--processor", action="store_true")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        clock = time.process_time if options.processor else time.perf_counter
        cases = [case for case in CASES if case.name in options.cases]
        print(json.dumps({case.name: measure(case, options.inside, options.rounds, clock) for case in cases}))
        return
    print(table(measure_all(options.frameworks, options.cases, options.rounds, options.processor)))


if __name__ == "__main__":
    main()
