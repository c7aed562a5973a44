"""What the first step of training takes in a fresh process that has the framework loaded, and several in one call.

python benchmarks/first_steps.py --frameworks torch jax
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from training_models import tiny

FRAMEWORKS = ("torch", "jax", "tensorflow")
MODULES = {"torch": "torch", "jax": "jax", "tensorflow": "tensorflow"}
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "2", "TF_CPP_MIN_LOG_LEVEL": "3"}
DEPTH = 150
SEVERAL = 32
LIMIT_OF_FIRST = 0.15  # seconds, on torch
LEAST_GAIN = 3.0  # of several steps in one call, on JAX
LIMIT_OF_FIRST_EPOCH = 1.5  # with several steps in one call, on JAX


def deep(keras: Any) -> Any:
    """Build a network of many dense layers, with a residual around each two."""
    inputs = x = keras.Input((64,))
    for _ in range(DEPTH // 2):
        x = x + keras.layers.Dense(64)(keras.layers.Dense(64, activation="relu")(x))
    return keras.Model(inputs, keras.layers.Dense(10)(x))


def compiled(keras: Any, model: Any, **options: Any) -> Any:
    """Compile a model for classification."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"], **options)
    return model


def seconds(action: Any) -> float:
    """Time an action once."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def inside(framework: str, name: str, what: str) -> Any:
    """Measure one thing in this process."""
    import_framework = importlib.import_module(MODULES[framework])
    assert import_framework is not None
    keras = importlib.import_module(name)
    rng = np.random.default_rng(0)
    if what.startswith("first step"):
        is_deep = what.endswith("deep")
        x = rng.normal(size=(32, 64 if is_deep else 32)).astype("float32")
        y = rng.integers(0, 10, 32).astype("int32")
        model = compiled(keras, deep(keras) if is_deep else tiny(keras))
        return seconds(lambda: model.train_on_batch(x, y))
    x = rng.normal(size=(32 * 256, 32)).astype("float32")
    y = rng.integers(0, 10, len(x)).astype("int32")
    models = {n: compiled(keras, tiny(keras), steps_per_execution=n) for n in (1, SEVERAL)}
    fits = {n: (lambda m=model: m.fit(x, y, batch_size=32, verbose=0)) for n, model in models.items()}
    first = {n: seconds(fit) for n, fit in fits.items()}
    later: dict[int, list[float]] = {n: [] for n in fits}
    for _ in range(5):
        for n, fit in fits.items():
            later[n].append(seconds(fit))
    return {"first": [first[1], first[SEVERAL]], "later": [statistics.median(later[n]) for n in (1, SEVERAL)]}


def measured(framework: str, name: str, what: str) -> Any:
    """Measure one thing in a fresh process."""
    command = [sys.executable, __file__, "--inside", framework, name, what]
    env = {**os.environ, **ENVIRONMENT, "KERAS_BACKEND": framework, "KCORE_BACKEND": framework}
    done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=Path(__file__).parent)
    if done.returncode:
        raise RuntimeError(f"measuring {framework} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measure_all(frameworks: Sequence[str], rounds: int) -> dict[str, Any]:
    """Measure all, contenders taking turns."""
    figures: dict[str, Any] = {}
    for framework in frameworks:
        own: dict[str, Any] = {}
        for what in ("first step", "first step, deep"):
            taken: dict[str, list[float]] = {"kcore": [], "keras": []}
            for _ in range(rounds):
                for name, each in taken.items():
                    each.append(measured(framework, name, what))
            own[what] = {name: statistics.median(each) for name, each in taken.items()}
        if framework != "torch":  # where Keras takes one step a call, and a call saves nothing
            own["several steps"] = {name: measured(framework, name, "several steps") for name in ("kcore", "keras")}
        figures[framework] = own
    return figures


def verdicts(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Hold the figures to the budgets."""
    found: list[dict[str, Any]] = []

    def say(what: str, figure: float, limit: float, unit: str, met: bool) -> None:
        found.append({"what": what, "figure": figure, "limit": limit, "unit": unit, "met": met})

    if "torch" in figures:
        first = figures["torch"]["first step"]["kcore"]
        say("torch first step", first, LIMIT_OF_FIRST, "s", first <= LIMIT_OF_FIRST)
    if "jax" in figures:
        several = figures["jax"]["several steps"]["kcore"]
        gain, cost = several["later"][0] / several["later"][1], several["first"][1] / several["first"][0]
        say(f"jax {SEVERAL} steps a call", gain, LEAST_GAIN, "x, least", gain >= LEAST_GAIN)
        say("jax first epoch of these", cost, LIMIT_OF_FIRST_EPOCH, "x", cost <= LIMIT_OF_FIRST_EPOCH)
    return found


def table(figures: dict[str, Any]) -> str:
    """Lay the figures out."""
    lines = [f"{'seconds':<44}{'kcore':>10}{'Keras':>10}"]
    for framework, own in figures.items():
        for what in ("first step", "first step, deep"):
            each = own[what]
            lines.append(f"{framework + ' ' + what:<44}{each['kcore']:>10.3f}{each['keras']:>10.3f}")
        for when in ("first", "later") if "several steps" in own else ():
            for i, number in enumerate((1, SEVERAL)):
                label = f"{framework} {when} epoch, steps_per_execution={number}"
                ours, theirs = (own["several steps"][name][when][i] for name in ("kcore", "keras"))
                lines.append(f"{label:<44}{ours:>10.3f}{theirs:>10.3f}")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frameworks", nargs="+", default=FRAMEWORKS, choices=FRAMEWORKS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--inside", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(inside(*options.inside)))
        return
    print(table(measure_all(options.frameworks, options.rounds)))


if __name__ == "__main__":
    main()
