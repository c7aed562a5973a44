"""What an eager op costs above the bare framework call, beside Keras.

On tensors of 4 x 4 almost all of the time goes into getting to the framework's function, which is what is measured.
Each framework gets a process of its own, with Keras on that backend. In it four contenders take turns: the bare
framework call, the same again (its difference from the first is the noise of the machine), kcore, and Keras. A turn
is a batch of calls, short enough that most are not interrupted on a busy machine; what is reported is the median of
the differences within a round of turns.

    python benchmarks/op_overhead.py --frameworks torch numpy --ops exp add
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

FRAMEWORKS = ("numpy", "torch", "jax", "tensorflow")
BUDGET = 0.5  # microseconds over the bare call
BUDGETED = ("numpy", "torch")  # the others are to be below Keras

# Nothing but the calls is to take part: no accelerator, no pool of threads, no banner.
QUIET = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes:
        name: what the line is called.
        op: the name of the op in kcore and Keras.
        call: the call, where `f` is the function and `x` and `y` are tensors.
    """

    name: str
    op: str
    call: str


CASES = (
    Case("exp", "exp", "f(x)"),
    Case("relu", "relu", "f(x)"),
    Case("softmax", "softmax", "f(x, -1)"),
    Case("sum", "sum", "f(x)"),
    Case("sum of rows", "sum", "f(x, axis=-1)"),
    Case("add", "add", "f(x, y)"),
    Case("add number", "add", "f(x, 2.0)"),
    Case("multiply", "multiply", "f(x, y)"),
    Case("matmul", "matmul", "f(x, y)"),
)

# Where someone who uses the framework alone would call something of another name, or otherwise.
BARE_NAMES = {
    "numpy": {"relu": "maximum"},
    "jax": {"relu": "nn.relu", "softmax": "nn.softmax"},
    "tensorflow": {"relu": "nn.relu", "softmax": "nn.softmax", "sum": "reduce_sum"},
}
BARE_CALLS = {("numpy", "relu"): "f(x, 0)"}


def bare_function(framework: str, op: str) -> Callable[..., Any]:
    """Give the framework's own function."""
    if (framework, op) == ("numpy", "softmax"):
        return numpy_softmax
    name = BARE_NAMES.get(framework, {}).get(op, op)
    if framework == "jax":
        framework = "jax.nn" if name.startswith("nn.") else "jax.numpy"
        name = name.removeprefix("nn.")
    found: Any = importlib.import_module(framework)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def numpy_softmax(x: Any, axis: int) -> Any:
    """Compute softmax as one would by hand: NumPy has none."""
    import numpy as np

    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


# In the process of one framework.


def measure_framework(framework: str, ops: Sequence[str], rounds: int, turn: float) -> list[dict[str, Any]]:
    """Measure the cases of the named ops; Keras must have been told its backend by KERAS_BACKEND."""
    import kcore_ops

    keras_ops = importlib.import_module("keras.ops") if importlib.util.find_spec("keras") else None
    rows = []
    with kcore_ops.use_backend(framework) as backend:  # also decides for NumPy's arrays, which belong to no backend
        x = backend.to_tensor([[(3 * i + j) / 10 for j in range(4)] for i in range(4)], "float32")
        y = backend.to_tensor([[(i - 2 * j) / 10 for j in range(4)] for i in range(4)], "float32")
        for case in (case for case in CASES if not ops or case.op in ops):
            bare = (bare_function(framework, case.op), BARE_CALLS.get((framework, case.op), case.call))
            contenders = {"bare": bare, "bare again": bare, "kcore": (getattr(kcore_ops, case.op), case.call)}
            if keras_ops:
                contenders["keras"] = (getattr(keras_ops, case.op), case.call)
            times = measure(contenders, x, y, rounds, turn)
            kind = kcore_ops.explain(case.op, framework)[framework]
            rows.append({"framework": framework, "case": case.name, "kcore is": kind, **summarize(times)})
    return rows


def measure(
    contenders: dict[str, tuple[Callable[..., Any], str]], x: Any, y: Any, rounds: int, turn: float
) -> dict[str, list[float]]:
    """Give the microseconds a call takes each contender, in each round."""
    import numpy as np

    finish = {name: eval(f"lambda f, x, y: {call}") for name, (_, call) in contenders.items()}
    results = {name: np.asarray(finish[name](f, x, y)) for name, (f, _) in contenders.items()}
    for name, result in results.items():
        np.testing.assert_allclose(result, results["bare"], rtol=1e-5, err_msg=f"{name} computes something else")

    # timeit's loop runs with the garbage collector off and reads time.perf_counter.
    timers = {
        name: timeit.Timer(call, "f, x, y = values", globals={"values": (f, x, y)})
        for name, (f, call) in contenders.items()
    }
    calls = {}
    for name, timer in timers.items():
        timer.timeit(200)  # by then caches are filled, and the interpreter has specialised what it runs
        calls[name] = max(10, round(turn / 1000 / (min(timer.repeat(5, 20)) / 20)))

    times: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(rounds):
        start = number % len(names)  # no contender always comes first
        for name in names[start:] + names[:start]:
            times[name].append(timers[name].timeit(calls[name]) / calls[name] * 1e6)
            # JAX returns before it has computed: what is left must not fall into the next contender's time.
            np.asarray(finish[name](contenders[name][0], x, y))
    return times


def summarize(times: dict[str, list[float]]) -> dict[str, Any]:
    """Give the median time of the bare call and what each other contender adds to it, in microseconds, and a ratio."""
    bare = times["bare"]
    row: dict[str, Any] = {"bare": round(statistics.median(bare), 4)}
    for name, own in times.items():
        if name != "bare":
            differences = [a - b for a, b in zip(own, bare, strict=True)]
            low, middle, high = statistics.quantiles(differences, n=4)
            row[name] = {
                "overhead": round(middle, 4),
                "quartiles": [round(low, 4), round(high, 4)],
                "ratio": round(statistics.median(own) / statistics.median(bare), 3),
            }
    return row


# Over all frameworks.


def measure_all(
    frameworks: Sequence[str] = (), ops: Sequence[str] = (), rounds: int = 200, turn: float = 1.0
) -> list[dict[str, Any]]:
    """Measure the named frameworks, or all that are installed, each in a process of its own."""
    rows = []
    for framework in frameworks or [name for name in FRAMEWORKS if importlib.util.find_spec(name)]:
        command = [sys.executable, __file__, "--worker", framework, "--rounds", str(rounds), "--turn", str(turn)]
        environment = {**os.environ, **QUIET, "KERAS_BACKEND": framework}
        done = subprocess.run([*command, "--ops", *ops], env=environment, capture_output=True, text=True)
        if done.returncode:
            print(f"{done.stderr}\nop_overhead: {framework} failed, see above", file=sys.stderr)
        else:
            rows += json.loads(done.stdout.splitlines()[-1])
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Lay the rows out as text."""
    lines = [
        "Eager ops on 4 x 4 float32, microseconds over the bare call: median [quartiles], and ratio to the bare call",
        f"{'framework':<11}{'call':<12}{'kcore is':<11}{'bare':>9}{'noise':>8}"
        f"   {'kcore':<25}{'ratio':>7}   {'Keras':<25}{'ratio':>7}",
    ]
    for row in rows:
        line = f"{row['framework']:<11}{row['case']:<12}{row['kcore is']:<11}{row['bare']:>9.3f}"
        line += f"{row['bare again']['overhead']:>+8.3f}"
        for name in ("kcore", "keras"):
            if found := row.get(name):
                low, high = found["quartiles"]
                line += f"   {found['overhead']:>+7.3f} {f'[{low:+.3f}, {high:+.3f}]':<17}{found['ratio']:>7.2f}"
        lines.append(line)
    return "\n".join(lines)


def verdicts(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hold each row to its budget: `BUDGET` on NumPy and torch, what Keras adds elsewhere.

    Where the bare call differs from itself by half of that, nothing can be said: `met` is None.
    """
    found = []
    for row in rows:
        added = row["kcore"]["overhead"]
        limit = BUDGET if row["framework"] in BUDGETED else row.get("keras", {}).get("overhead")
        if limit is not None:
            what = f"{row['framework']}: {row['case']}"
            met = added <= limit if abs(row["bare again"]["overhead"]) < limit / 2 else None
            found.append({"what": what, "figure": added, "limit": limit, "unit": "us", "met": met})
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options shared with run.py."""
    ops = sorted({case.op for case in CASES})
    parser.add_argument("--frameworks", nargs="*", default=[], choices=FRAMEWORKS, help="default: all installed")
    parser.add_argument("--ops", nargs="*", default=[], choices=ops, metavar="OP", help=f"of {', '.join(ops)}")
    parser.add_argument("--rounds", type=int, default=200, help="how often each contender has its turn")
    parser.add_argument("--turn", type=float, default=1.0, metavar="MS", help="milliseconds that a turn lasts")


def main() -> None:
    """Measure and print; with `--worker`, measure one framework in this process and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(measure_framework(options.worker, options.ops, options.rounds, options.turn)))
        return
    rows = measure_all(options.frameworks, options.ops, options.rounds, options.turn)
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
