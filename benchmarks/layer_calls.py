"""What calling a layer costs above the bare framework call, what building a deep model takes, and memory in training.

Each framework gets a process of its own, with Keras on that backend; contenders take turns.

    python benchmarks/layer_calls.py --frameworks torch
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

FRAMEWORKS = ("torch", "jax", "tensorflow", "numpy")
BUDGET = 8.0  # microseconds of a call of Dense over the bare call, on torch
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def bare_dense(framework: str) -> Callable[[Any, Any, Any], Any]:
    """Give `x @ kernel + bias` as the framework's users write it."""
    if framework == "numpy":
        return lambda x, w, b: x @ w + b
    if framework == "torch":
        return lambda x, w, b: x @ w + b
    if framework == "jax":
        return lambda x, w, b: x @ w + b
    tf = importlib.import_module("tensorflow")
    return lambda x, w, b: tf.matmul(x, w) + b


def call_overhead(framework: str, rounds: int, turn: int = 300) -> dict[str, float]:
    """Time a call of a built Dense on a tensor, in microseconds, beside the bare call."""
    actions: dict[str, Callable[[], Any]] = {}
    for name in ("kcore", "keras"):
        keras = importlib.import_module(name)
        layer = keras.layers.Dense(8)
        x = keras.ops.convert_to_tensor(np.ones((4, 8), "float32"))
        layer(x)
        actions[name] = lambda layer=layer, x=x: layer(x)
        if name == "kcore":
            arguments = (x, layer.kernel.value, layer.bias.value)
            actions["bare"] = functools.partial(bare_dense(framework), *arguments)
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            times[name].append(timeit.timeit(action, number=turn) / turn * 1e6)
    return {name: statistics.median(each) for name, each in times.items()}


def residual_network(keras: Any, num_blocks: int = 25) -> Any:
    """Build a network of 50 dense layers with a residual around each two."""
    inputs = x = keras.Input((64,))
    for _ in range(num_blocks):
        x = x + keras.layers.Dense(64)(keras.layers.Dense(64, activation="relu")(x))
    return keras.Model(inputs, x)


def build_time(rounds: int) -> dict[str, float]:
    """Time the building of the network, in milliseconds."""
    times: dict[str, list[float]] = {"kcore": [], "keras": []}
    for _ in range(rounds):
        for name, each in times.items():
            keras = importlib.import_module(name)
            start = time.perf_counter()
            residual_network(keras)
            each.append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(each) for name, each in times.items()}


def peak_memory(name: str) -> float:
    """Give the peak memory of this process, in MiB, once a network has been trained in it."""
    keras = importlib.import_module(name)
    layers = [keras.layers.Dense(1024, activation="relu") for _ in range(4)]
    model = keras.Sequential([keras.Input((256,)), *layers, keras.layers.Dense(10)])
    model.compile(optimizer=keras.optimizers.Adam(), loss=keras.losses.MeanSquaredError())
    x, y = np.zeros((4096, 256), "float32"), np.zeros((4096, 10), "float32")
    model.fit(x, y, batch_size=256, epochs=2, verbose=0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_all(frameworks: Sequence[str], rounds: int) -> dict[str, Any]:
    """Measure each framework in processes of its own."""
    figures: dict[str, Any] = {}
    for framework in frameworks:
        figures[framework] = _inside(framework, "calls", rounds)
        if framework != "numpy":
            memory = {name: _inside(framework, f"memory-{name}", rounds) for name in ("kcore", "keras")}
            figures[framework]["memory"] = memory
    return figures


def _inside(framework: str, what: str, rounds: int) -> Any:
    command = [sys.executable, __file__, "--inside", framework, "--what", what, "--rounds", str(rounds)]
    env = {**os.environ, **ENVIRONMENT, "KERAS_BACKEND": framework, "KCORE_BACKEND": framework}
    done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=Path(__file__).parent)
    if done.returncode:
        raise RuntimeError(f"measuring {framework} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def verdicts(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Hold the overhead on torch to the budget."""
    if "torch" not in figures:
        return []
    calls = figures["torch"]["calls"]
    figure = calls["kcore"] - calls["bare"]
    return [{"what": "torch call of Dense", "figure": figure, "limit": BUDGET, "unit": "us", "met": figure <= BUDGET}]


def table(figures: dict[str, Any]) -> str:
    """Lay the figures out."""
    lines = [f"{'':<30}{'bare':>10}{'kcore':>10}{'Keras':>10}"]
    for framework, each in figures.items():
        calls, builds = each["calls"], each["build"]
        lines.append(
            f"{framework + ' Dense call, us':<30}{calls['bare']:>10.1f}{calls['kcore']:>10.1f}{calls['keras']:>10.1f}"
        )
        lines.append(
            f"{framework + ' build 50 layers, ms':<30}{'':>10}{builds['kcore']:>10.0f}{builds['keras']:>10.0f}"
        )
        if "memory" in each:
            memory = each["memory"]
            lines.append(
                f"{framework + ' peak memory, MiB':<30}{'':>10}{memory['kcore']:>10.0f}{memory['keras']:>10.0f}"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frameworks", nargs="+", default=FRAMEWORKS, choices=FRAMEWORKS)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--what", default="calls", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside and options.what.startswith("memory-"):
        print(json.dumps(peak_memory(options.what.partition("-")[2])))
    elif options.inside:
        calls = call_overhead(options.inside, options.rounds)
        print(json.dumps({"calls": calls, "build": build_time(min(5, options.rounds))}))
    else:
        print(table(measure_all(options.frameworks, options.rounds)))


if __name__ == "__main__":
    main()
